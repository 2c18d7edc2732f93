"""A curl command line in our words: `rrcli curl ARGS…` is `rrcli http` with what `translate` makes of them, and nothing else.

What becomes of each option is data (`table.py`); here are the few that take more than another name. Options that are
ours and not curl's stay as they are, so that `rrcli curl … --expect 'status == 200'` works.
"""

from __future__ import annotations

from rrcli.adapters.http.curl.table import RULES, SHORT, Rule
from rrcli.adapters.http.prepare.httpie import instead_of_json
from rrcli.adapters.http.request import MOST_REDIRECTS, HttpRequest
from rrcli.base.errors import usage
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
DATA = ("{", "[", "@")  # how curl's --json DATA begins


def translate(words: list[str]) -> list[str] | None:
    """The words behind `rrcli curl` as those of `rrcli http`; `None` when they ask for help. Raises `usage`."""
    command = _Command(words)
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
        if rule is None or (rule.how != "refused" and equals) or name == "json":
            self._odd(word, name, rule, rest)
        else:
            self._keep(rule, _value(rule, rule.flag, rest))

    def _odd(self, word: str, name: str, rule: Rule | None, rest: Iterator[str]) -> None:
        """A word that names no option of curl's as it stands: ours, a negation, or a mistake."""
        if name == "json":
            self._json(word, rest)
        elif rule:
            hint = f"write {rule.flag} VALUE" if rule.takes else None
            raise usage(f"{rule.flag} takes {'its value as the next word' if rule.takes else 'no value'}", hint)
        elif (undone := RULES.get(name.removeprefix("no-") if name.startswith("no-") else f"no-{name}")) and not undone.takes:
            self._given = [given for given in self._given if given[0] != undone]
        elif declared := OURS.get(f"--{name}"):
            self._ours.append(word)
            if declared.kind in ("value", "many", "steps") and "=" not in word:
                self._ours += [value for value in (next(rest, None),) if value is not None]
        else:
            near = suggestion(f"--{name}", [*(each.flag for each in RULES.values()), *OURS])
            raise usage(f"curl has no option --{name}, and rrcli has none{near}", "rrcli curl --help lists those that are understood")

    def _json(self, word: str, rest: Iterator[str]) -> None:
        """Ours takes no value, curl's does: what follows tells them apart."""
        value = word[len("--json=") :] if "=" in word else next(rest, "")
        if value.startswith(DATA) or "=" in word:
            raise instead_of_json(value)
        self._ours.append("--json")
        if value:
            self._again(value, rest)

    def _again(self, word: str, rest: Iterator[str]) -> None:
        """A word that was looked at too early."""
        if word[:2] == "--":
            self._long(word, rest)
        elif word[:1] == "-":
            self._short(word, rest)
        else:
            self._urls.append(word)

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
        return [*found, *self._proxy(), *self._schemes(), *self._ours, self._url()]

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
        """The one URL, with its scheme."""
        urls = self._urls + [value for rule, value in self._given if rule.name == "url"]
        if not urls:
            raise usage("the curl command has no URL", "write rrcli curl [OPTIONS] URL")
        if len(urls) > 1:
            raise usage(f"rrcli curl takes one URL, and here are {len(urls)}: {urls[1]!r} too", "write a command for each")
        scheme = self._last.get("proto-default", "http")
        return urls[0] if "://" in urls[0] or urls[0].startswith(":") else f"{scheme}://{urls[0]}"

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
        raise usage(f"{flag} needs a value")
    return value


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
