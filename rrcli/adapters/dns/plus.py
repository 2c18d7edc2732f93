"""The options of dig that begin with a plus sign, for those whose fingers know them: `+short +tcp +dnssec`.

What has a counterpart is translated before the command line is read; of the others it is said what to write in their place.
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.options.parse import suggestion

SAME = {
    "short": ("--format", "raw"), "tcp": ("--tcp",), "vc": ("--tcp",), "dnssec": ("--dnssec",), "do": ("--dnssec",), "cdflag": ("--cd",),
    "cd": ("--cd",), "adflag": ("--ad",), "ad": ("--ad",), "norecurse": ("--no-recurse",), "norec": ("--no-recurse",),
    "nordflag": ("--no-recurse",), "trace": ("--trace",), "nsid": ("--nsid",), "cookie": ("--cookie",), "noedns": ("--no-edns",),
    "padding": ("--padding",), "nopadding": ("--no-padding",), "ignore": ("--no-fallback",), "search": ("--search",),
    "defname": ("--search",),
}  # fmt: skip
VALUED = {"cookie": "--cookie=", "bufsize": "--bufsize=", "subnet": "--subnet=", "tries": "--tries="}
# What is so without being asked for.
ANYWAY = (
    "notcp", "novc", "nodnssec", "nodo", "nocdflag", "nocd", "noadflag", "noad", "recurse", "rec", "rdflag", "notrace", "nonsid",
    "nocookie", "edns", "noignore", "nosearch", "nodefname", "noshort", "nosubnet", "all", "badcookie",
)  # fmt: skip
LAYOUT = (
    "noall", "answer", "noanswer", "comments", "nocomments", "question", "noquestion", "authority", "noauthority", "additional",
    "noadditional", "stats", "nostats", "cmd", "nocmd", "multiline", "nomultiline", "ttlid", "nottlid", "class", "nocl",
)  # fmt: skip
ADVICE = {
    **dict.fromkeys(LAYOUT, "-i prints the answer as dig does; --query 'response.data.answer' its records"),
    "tls": "write @tls://SERVER", "https": "write @https://SERVER/dns-query", "https-get": "write --get @https://SERVER/dns-query",
    "quic": "write @quic://SERVER", "yaml": "write --json", "json": "write --json", "qr": "-v shows the query, --wire its bytes",
    "time": "--timeout is for all tries together", "timeout": "--timeout is for all tries together",
    "nssearch": "ask for the zone's NS records, then each of them: ZONE SOA @NS1 @NS2",
}  # fmt: skip
OPTIONS = {
    "-t": "the type is a word of its own: rrcli dns NAME TYPE",
    "-c": "--class CLASS",
    "-b": "--interface ADDRESS",
    "-f": "one name is asked for at a time: a loop of the shell asks for many",
    "-y": "queries are not signed (TSIG)",
}


def translate(words: list[str]) -> list[str]:
    """The words of a command line with ours in the place of dig's. Raises `usage` for those without a counterpart."""
    found: list[str] = []
    for word in words:
        found += _translated(word) if is_option(word) else [word]
    return found


def is_option(word: str) -> bool:
    """Whether a word is an option of dig's: names that begin so have a dot."""
    return word[:1] == "+" and word[1:2].isalpha() and "." not in word.partition("=")[0]


def _translated(word: str) -> list[str]:
    name, equals, value = word[1:].lower().partition("=")
    if equals and name in VALUED:
        return [f"{VALUED[name]}{value}"]
    if equals and name == "retry" and value.isdecimal():
        return [f"--tries={int(value) + 1}"]
    if name in ANYWAY:
        return []
    if name in SAME:
        return list(SAME[name])
    raise unknown(word)


def unknown(word: str) -> Exception:
    """The error for an option of dig that this command has not."""
    name = word[1:].lower().partition("=")[0]
    known = [*SAME, *VALUED, *ANYWAY, *ADVICE, "retry"]
    hint = ADVICE.get(name) or f"rrcli dns --help lists what there is{suggestion(name, known)}"
    return usage(f"{word} is an option of dig", hint)


def advice(flag: str) -> str | None:
    """What to write for an option of dig that begins with a dash; `None` where it has none of that name."""
    return f"instead of dig's {flag}: {OPTIONS[flag]}" if flag in OPTIONS else None
