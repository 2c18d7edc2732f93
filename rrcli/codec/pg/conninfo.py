"""What names a database, in the forms that libpq takes: `postgresql://…` URLs, and `key=value` strings.

Both give the keywords that were written, with their values; `settings.py` adds what was not.

Specification: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.url import HEX
from rrcli.codec.pg.keywords import SECRETS, check_keyword

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Part = tuple[str, str, str]  # a keyword, its value, and the value as it is written

SCHEMES = ("postgresql://", "postgres://")
_SPACES = " \t\n\v\f\r"


def is_conninfo(text: str) -> bool:
    """Whether libpq would read it as a URL or a `key=value` string, not as the name of a database."""
    return text.startswith(SCHEMES) or "=" in text


def parse_conninfo(text: str) -> dict[str, str]:
    """The keywords of a URL or of a `key=value` string. Raises `usage`, whose message never quotes a value."""
    return {name: value for name, value, _ in _parts(text)}


def secrets_in(text: str) -> tuple[str, ...]:
    """The secrets of a DSN as they are spelled there, with escapes and percent signs: what has to be masked where it is shown."""
    return tuple(dict.fromkeys(spelled for name, _, spelled in _parts(text) if name in SECRETS and spelled))


def _parts(text: str) -> Iterator[Part]:
    if "\0" in text:
        raise usage("the DSN contains a zero byte")
    for scheme in SCHEMES:
        if text.startswith(scheme):
            return _parse_url(text[len(scheme) :])
    return _parse_pairs(text)


# --- key=value


def _parse_pairs(text: str) -> Iterator[Part]:
    r"""`host=a password='it\'s'`: quotes for what has spaces or is empty, a backslash before a quote or a backslash."""
    at = _skip(text, 0)
    while at < len(text):
        begin = at
        while at < len(text) and text[at] != "=" and text[at] not in _SPACES:
            at += 1
        name = text[begin:at]
        at = _skip(text, at)
        if text[at : at + 1] != "=":
            raise usage("the DSN has a word without =", "write key=value, and single quotes around a value with spaces")
        at = _skip(text, at + 1)
        read = _quoted if text[at : at + 1] == "'" else _bare
        value, end = read(text, at)
        check_keyword(name, "the DSN")
        yield name, value, text[at:end].strip("'")
        at = _skip(text, end)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACES:
        at += 1
    return at


def _bare(text: str, at: int) -> tuple[str, int]:
    letters: list[str] = []
    while at < len(text) and text[at] not in _SPACES:
        if text[at] == "\\":
            at += 1
            if at == len(text):
                break
        letters.append(text[at])
        at += 1
    return "".join(letters), at


def _quoted(text: str, at: int) -> tuple[str, int]:
    letters: list[str] = []
    at += 1
    while at < len(text):
        if text[at] == "'":
            return "".join(letters), at + 1
        if text[at] == "\\":
            at += 1
        letters.append(text[at : at + 1])
        at += 1
    raise usage("the DSN has a quote without its end")


# --- URLs


def _parse_url(text: str) -> Iterator[Part]:
    """`[user[:password]@][host[:port],…][/dbname][?key=value&…]`, taken apart in the order in which libpq does it."""
    at = next((place for place, letter in enumerate(text) if letter in "@/"), len(text))
    rest = text
    if text[at : at + 1] == "@":
        user, _, password = text[:at].partition(":")
        rest = text[at + 1 :]
        for name, written in (("user", user), ("password", password)):
            if written:
                yield name, _decoded(written, f"the {name}"), written
    hosts, ports, rest = _hosts(rest)
    for name, written in (("host", hosts), ("port", ports)):
        if written:
            yield name, _decoded(written, f"the {name}"), written
    if rest.startswith("/"):
        database, question, after = rest[1:].partition("?")
        if database:
            yield "dbname", _decoded(database, "the database"), database
        rest = question + after
    if rest:
        yield from _parameters(rest[1:])


def _hosts(text: str) -> tuple[str, str, str]:
    """The hosts and the ports, each with commas between them, and what is left: nothing, or from `/` or `?` on."""
    hosts, ports = [], []
    while True:
        if text.startswith("["):
            host, bracket, text = text[1:].partition("]")
            if not bracket or not host:
                raise usage("an IPv6 address in the URL is empty or has no closing bracket", "write it as [::1]:5432")
            if text[:1] not in ("", ":", "/", "?", ","):
                raise usage(f"the URL has {text[:1]!r} behind the bracket of an address, where : / ? or , can stand")
        else:
            host, text = _until(text, ":/?,")
        port = ""
        if text.startswith(":"):
            port, text = _until(text[1:], "/?,")
        hosts.append(host)
        ports.append(port)
        if not text.startswith(","):
            return ",".join(hosts), ",".join(ports), text
        text = text[1:]


def _until(text: str, marks: str) -> tuple[str, str]:
    """The text divided before the first of the marks."""
    at = next((place for place, letter in enumerate(text) if letter in marks), len(text))
    return text[:at], text[at:]


def _parameters(query: str) -> Iterator[Part]:
    pairs = query.split("&")
    if pairs[-1] == "":
        pairs.pop()
    for pair in pairs:
        name, equals, written = pair.partition("=")
        if not equals:
            raise usage(f"the URL has a parameter without a value: {name[:40]!r}", "write ?key=value&key=value")
        if "=" in written:
            raise usage(f"the URL has a second = in its parameter {name[:40]!r}", "write it percent-encoded, as %3D")
        name, value = _decoded(name, "a parameter"), _decoded(written, f"the parameter {name}")
        if (name, value) == ("ssl", "true"):  # as JDBC has it
            name, value = "sslmode", "require"
        check_keyword(name, "the URL")
        yield name, value, written


def _decoded(text: str, what: str) -> str:
    """Percent-decoding. Raises `usage` for a `%` without two digits, and for a zero byte; the text may be a password."""
    data, *parts = text.strip(" ").encode("utf-8", "surrogateescape").split(b"%")
    if b" " in data or any(b" " in part for part in parts):
        raise usage(f"{what} in the URL contains a space", "write it percent-encoded, as %20")
    for part in parts:
        code = part[:2].decode("latin-1")
        if len(code) != 2 or code[0] not in HEX or code[1] not in HEX:
            raise usage(f"{what} in the URL has a % without two hexadecimal digits", "write a percent sign itself as %25")
        if code == "00":
            raise usage(f"{what} in the URL contains %00, which PostgreSQL cannot take")
        data += bytes([int(code, 16)]) + part[2:]
    return data.decode("utf-8", "surrogateescape")
