"""A curl command line in our words: `rrcli curl ARGS…` is `rrcli http` with what `translate` makes of them, and nothing else.

What becomes of each option is data (`table.py`); here are the few that take more than another name. Options that are
ours and not curl's stay as they are, so that `rrcli curl … --expect 'status == 200'` works.
"""

from __future__ import annotations

from rrcli.adapters.http.curl.table import RULES, SHORT, Rule
from rrcli.adapters.http.request import MOST_REDIRECTS, HttpRequest
from rrcli.base.errors import usage
from rrcli.base.pasted import BLANKS, DASHES, DOUBLE, INVISIBLE, SINGLE, refused
from rrcli.base.url import quote, split_url
from rrcli.options.option import Option
from rrcli.options.parse import certificate, count, suggestion
from rrcli.options.request import BESIDE_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


HELP = ("--help", "-h")
HTTP = frozenset(("http", "https"))
PATTERNS = "[]{}"  # curl makes several URLs of these (globbing)
JSON_FIELDS = ("Content-Type", "Accept")  # of --json, where none of that name is given


def translate(words: list[str], *, cut: bool = True) -> list[str] | None:
    """The words behind `rrcli curl` as those of `rrcli http`; `None` when they ask for help. Raises `usage`.

    `cut` says that a shell has cut them, which takes no typographic quote for one; `read_command` does.
    """
    command = _Command(list(_with_pasted(words, cut=cut)))
    return None if command.wants_help else command.words()


def options() -> dict[str, Option]:
    """The options that are understood, as they are listed in the help."""
    found: dict[str, Option] = {}
    for rule in RULES.values():
        ours = OURS.get(f"--{rule.text}") if rule.how == "same" else None
        if ours is None and rule.how != "made":
            continue
        flags = (f"-{rule.short}", rule.flag) if rule.short else (rule.flag,)
        name = f"curl_{ours.name if ours else rule.name}".replace("-", "_").replace(".", "_")
        earlier = found[name].flags if name in found else ()
        kind = "value" if rule.takes else "flag"
        found[name] = Option(
            earlier + flags, None, ours.help if ours else rule.text, kind, str, ours.metavar if ours else "VALUE", (), "", ""
        )
    return found


def advice(flag: str) -> str | None:
    """What to write on `rrcli http` for an option that only curl has."""
    rule = RULES.get(flag[2:]) if flag[:2] == "--" else SHORT.get(flag[1:])
    if rule is None or not rule.text:
        return None
    if rule.how == "same":
        return f"curl's {flag} is --{rule.text} here; rrcli curl takes its own names"
    return "rrcli curl takes it as curl does" if rule.how == "made" else f"instead of curl's {flag}: {rule.text}"


OURS = {flag: declared for declared in {**BESIDE_REQUEST, **HttpRequest.options_}.values() for flag in declared.flags}


class _Command:
    """What was read of one command line, and the words that it becomes."""

    def __init__(self, words: list[str]) -> None:
        self.wants_help = False
        self._given: list[tuple[Rule, str]] = []
        self._urls: list[str] = []
        self._ours: list[str] = []
        rest = iter(words)
        for word in rest:
            if word == "--":
                self._urls += rest
            elif word in HELP:
                self.wants_help = True
            elif word[:2] == "--":
                self._long(word, rest)
            elif word[:1] == "-" and word != "-":
                self._short(word, rest)
            else:
                self._urls.append(word)
        self._last = {rule.name: value for rule, value in self._given}

    # --- reading

    def _long(self, word: str, rest: Iterator[str]) -> None:
        name, equals, _ = word[2:].partition("=")
        rule = RULES.get(name)
        if rule is None or (rule.how != "refused" and equals):
            self._odd(word, name, rule, rest)
        else:
            value = _value(rule, rule.flag, rest)
            if name == "json":
                _refuse_option(value)
            self._keep(rule, value)

    def _odd(self, word: str, name: str, rule: Rule | None, rest: Iterator[str]) -> None:
        """A word that names no option of curl's as it stands: ours, a negation, or a mistake."""
        if rule:
            hint = f"write {rule.flag} VALUE" if rule.takes else None
            raise usage(f"{rule.flag} takes {'its value as the next word' if rule.takes else 'no value'}", hint)
        if (undone := RULES.get(name.removeprefix("no-") if name.startswith("no-") else f"no-{name}")) and not undone.takes:
            self._given = [given for given in self._given if given[0] != undone]
        elif declared := OURS.get(f"--{name}"):
            self._ours.append(word)
            if declared.kind in ("value", "many", "steps") and "=" not in word:
                self._ours += [value for value in (next(rest, None),) if value is not None]
        else:
            near = suggestion(f"--{name}", [*(each.flag for each in RULES.values()), *OURS])
            raise usage(f"curl has no option --{name}, and rrcli has none{near}", "rrcli curl --help lists those that are understood")

    def _short(self, word: str, rest: Iterator[str]) -> None:
        for at in range(1, len(word)):
            if word[at] == "h":
                self.wants_help = True
                continue
            rule = SHORT.get(word[at])
            if rule is None:
                raise usage(f"curl has no option -{word[at]}", "rrcli curl --help lists those that are understood")
            if rule.takes:
                self._keep(rule, word[at + 1 :] or _value(rule, f"-{word[at]}", rest))
                return
            self._keep(rule, "")

    def _keep(self, rule: Rule, value: str) -> None:
        if rule.how == "refused":
            flag = f"-{rule.short}/{rule.flag}" if rule.short else rule.flag
            raise usage(f"curl's {flag} is not supported here", f"instead: {rule.text}")
        self._given.append((rule, value))

    # --- writing

    def words(self) -> list[str]:
        """The words for `rrcli http`. Raises `usage`."""
        found: list[str] = []
        for rule, value in self._given:
            if rule.how == "same":
                found.append(f"--{rule.text}={value}" if rule.takes else f"--{rule.text}")
            elif make := MAKERS.get(rule.name):
                found += make(value)
        return [*found, *self._json(), *self._proxy(), *self._schemes(), *self._ours, self._url()]

    def _json(self) -> list[str]:
        """The content of `--json`, whose pieces follow each other without a separator, and its fields."""
        pieces = [value for rule, value in self._given if rule.name == "json"]
        if not pieces:
            return []
        if any(rule.name.startswith("data") for rule, _ in self._given):
            raise usage("--json and -d exclude each other here", "write all of the content in one of them")
        if len(pieces) > 1 and any(piece.startswith("@") for piece in pieces):
            raise usage("several --json, one of them a file, are not joined here", "write them as one file")
        named = [value.partition(":")[0].strip().lower() for rule, value in self._given if rule.name == "header"]
        fields = [f"--header={name}: application/json" for name in JSON_FIELDS if name.lower() not in named]
        return [f"--data-binary={''.join(pieces)}", *fields]

    def _proxy(self) -> list[str]:
        """The proxy once more, with the user and the password of `-U`."""
        if "proxy-user" not in self._last:
            return []
        kinds = ("proxy", "socks5", "socks5-hostname", "socks4", "socks4a")
        given = next((words[0] for name in kinds if name in self._last and (words := _proxy_words(name, self._last[name]))), None)
        if given is None:
            raise usage("-U is for the proxy of -x, and there is none", "add -x HOST:PORT")
        scheme, separator, place = given.removeprefix("--proxy=").rpartition("://")
        user, colon, password = self._last["proxy-user"].partition(":")
        return [f"--proxy={scheme}{separator}{quote(user)}{colon}{quote(password)}@{place.rpartition('@')[2]}"]

    def _schemes(self) -> list[str]:
        """`--https-only` where what is allowed comes to that."""
        first, later = _allowed(self._last.get("proto", "")), _allowed(self._last.get("proto-redir", ""))
        for flag, allowed in (("--proto", first), ("--proto-redir", later)):
            if "https" not in allowed:
                raise usage(f"{flag} {self._last[flag[2:]]} leaves out https", "=https and =http,https are understood")
        if "http" in first & later:
            return []
        if "http" in first and not self._address().lower().startswith("https:"):
            raise usage("--proto-redir =https is for a URL that is https itself", "write the URL with https://")
        return ["--https-only"]

    def _address(self) -> str:
        """The one URL, with its scheme; a path alone is left to the base-url of an environment."""
        urls = self._urls + [value for rule, value in self._given if rule.name == "url"]
        if not urls:
            raise usage("the curl command has no URL", JSON_HINT if "json" in self._last else "write rrcli curl [OPTIONS] URL")
        if len(urls) > 1:
            raise usage(f"rrcli curl takes one URL, and here are {len(urls)}: {urls[1]!r} too", "write a command for each")
        scheme = self._last.get("proto-default", "http")
        return urls[0] if "://" in urls[0] or urls[0].startswith((":", "/")) else f"{scheme}://{urls[0]}"

    def _url(self) -> str:
        """The URL as it goes to `http`, with what `--url-query` adds."""
        url = self._address()
        authority, slash, path = url.partition("://")[2].partition("/")
        pattern = path if authority.rpartition("@")[2].startswith("[") else authority + slash + path
        if "globoff" not in self._last and any(letter in pattern for letter in PATTERNS):
            raise usage(
                f"curl makes several URLs of a pattern as in {url!r}", "write -g when the brackets belong to the URL, or a command for each"
            )
        if "disallow-username-in-url" in self._last and split_url(url).user is not None:
            raise usage("the URL has a user in it, which --disallow-username-in-url forbids")
        if added := [_query(value) for rule, value in self._given if rule.name == "url-query"]:
            url, hash_sign, fragment = url.partition("#")
            url += ("&" if "?" in url else "?") + "&".join(added) + hash_sign + fragment
        return url


def _value(rule: Rule, flag: str, rest: Iterator[str]) -> str:
    """The next word, where the option takes one."""
    if not rule.takes:
        return ""
    value = next(rest, None)
    if value is None:
        raise usage(f"{flag} needs a value", JSON_HINT if rule.name == "json" else None)
    return value


JSON_HINT = "curl's --json takes the content; --format json prints the exchange as JSON"


def _refuse_option(value: str) -> None:
    """Raise `usage` for an option in the place of the content of `--json`; a negative number is JSON."""
    if value.startswith("-") and not value[1:2].isdecimal():
        raise usage(f"--json needs a value, and {value} is an option", JSON_HINT)


# --- words that were copied


def _with_pasted(words: list[str], *, cut: bool) -> Iterator[str]:
    """The words, `-` replaced by those of a command on standard input, and with what pages put into a copied command mended."""
    waits = False  # for the value of an option
    for word in words:
        if word == "-" and not waits:
            from rrcli.adapters.http.curl.split import read_command

            yield from _with_pasted(read_command(word), cut=False)
            continue
        for part in [word] if waits else _mended(word):
            waits = not waits and _takes_next(part)
            if cut:
                _refuse_quotes(part)
            yield part


def _mended(word: str) -> list[str]:
    """A word that is no value: without invisible marks around it, its dash a dash, and cut where a blank was meant."""
    if word.isascii():
        return [word]
    word = word.strip(INVISIBLE)
    if word[:1] in DASHES and word:
        name = word[1:].partition("=")[0].strip(BLANKS)
        word = f"--{word[1:]}" if name in RULES else f"-{word[1:].lstrip(DASHES)}"
    flag, value = word, ""
    if word.startswith("-"):
        at = next((at for at, letter in enumerate(word) if letter in BLANKS), len(word))
        flag, value = word[:at], word[at:].strip(INVISIBLE)
    return [part for part in (flag, value) if part]


def _takes_next(word: str) -> bool:
    """Whether the word is an option whose value is the next word."""
    if word.startswith("--"):
        rule = RULES.get(word[2:])
        return rule is not None and rule.takes
    if not word.startswith("-"):
        return False
    at = next((at for at in range(1, len(word)) if (rule := SHORT.get(word[at])) is None or rule.takes), len(word))
    return at == len(word) - 1 and (rule := SHORT.get(word[at])) is not None and rule.takes


def _refuse_quotes(word: str) -> None:
    """Raise `usage` for a word in quotes that are none to a shell, which then cuts at each blank; one with a blank was quoted well."""
    if word[:1] in SINGLE + DOUBLE and word and " " not in word and (odd := refused(word)):
        raise usage(odd.message, "type '…' in their place, or give the copied text to rrcli curl - on standard input, which reads them")


# --- the options that take more than another name


def _query(text: str) -> str:
    """What `--url-query` adds: as `--data-urlencode` has it, or as it is behind a `+`."""
    if text.startswith("+"):
        return text[1:]
    from rrcli.adapters.http.prepare.content import joined_data

    return joined_data((("--data-urlencode", text),)).decode()


def _allowed(text: str) -> frozenset[str]:
    """The schemes that `--proto` leaves: `=https` sets, `-http` takes away, a bare name adds."""
    allowed = HTTP
    for piece in filter(None, text.lower().split(",")):
        name = piece.strip().lstrip("+-=")
        named = HTTP if name == "all" else HTTP & {name}
        sign = piece.strip()[:1]
        allowed = named if sign == "=" else allowed - named if sign == "-" else allowed | named
    return allowed


def _cert(text: str) -> list[str]:
    file, passphrase = certificate(text)
    return [f"--cert={file}"] if passphrase is None else [f"--cert={file}", f"--pass={passphrase}"]


def _pem(text: str) -> list[str]:
    if text.upper() != "PEM":
        raise usage(f"a {text} file is not read here, only PEM", "openssl x509, pkey or pkcs12 converts it")
    return []


def _tls_max(text: str) -> list[str]:
    return [] if text == "default" else [f"--tls-max={text}"]


def _proxy_words(kind: str, place: str) -> list[str]:
    scheme = {"socks5-hostname": "socks5h", "proxy": "http"}.get(kind, kind)
    return [f"--proxy={place if '://' in place else f'{scheme}://{place}'}"]


def _resolve(text: str) -> list[str]:
    """A rule for each of the addresses."""
    if text.startswith("-"):
        raise usage(f"--resolve {text} takes an entry away, and there is no cache of names here")
    host, _, rest = text.removeprefix("+").partition(":")
    port, _, found = rest.partition(":")
    return [f"--resolve={host}:{port}:{address}" for address in found.split(",")]


def _max_redirs(text: str) -> list[str]:
    """At most what is followed here; -1 is no limit for curl."""
    if text == "-1":
        return [f"--max-redirects={MOST_REDIRECTS}"]
    try:
        return [f"--max-redirects={min(count(text), MOST_REDIRECTS)}"]
    except ValueError as error:
        raise usage(f"invalid value for --max-redirs: {error}") from None


def _referer(text: str) -> list[str]:
    if text.endswith(";auto"):
        raise usage("--referer ;auto is not supported here", "leave ;auto out: redirects keep the Referer that is given")
    return [f"--referer={text}"]


def _at_least(version: str) -> Callable[[str], list[str]]:
    return lambda _: [f"--tls-min={version}"]


def _socks(kind: str) -> Callable[[str], list[str]]:
    return lambda place: _proxy_words(kind, place)


MAKERS: dict[str, Callable[[str], list[str]]] = {
    "form": lambda text: [f"-F{text}"],
    "cert": _cert,
    "cert-type": _pem,
    "key-type": _pem,
    "tlsv1": _at_least("1.0"),
    **{f"tlsv{version}": _at_least(version) for version in ("1.0", "1.1", "1.2", "1.3")},
    "tls-max": _tls_max,
    **{kind: _socks(kind) for kind in ("socks4", "socks4a", "socks5", "socks5-hostname")},
    "interface": lambda text: [f"--interface={text.removeprefix('if!').removeprefix('host!')}"],
    "resolve": _resolve,
    "max-redirs": _max_redirs,
    "referer": _referer,
}
