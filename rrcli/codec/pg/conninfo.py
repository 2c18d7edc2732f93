"""What names a database, in the forms that libpq takes: `postgresql://…` URLs, and `key=value` strings.

Both give the keywords that were written, with their values; `settings.py` adds what was not.

Specification: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.url import HEX
from rrcli.codec.pg.keywords import check_keyword

SCHEMES = ("postgresql://", "postgres://")
_SPACES = " \t\n\v\f\r"


def is_conninfo(text: str) -> bool:
    """Whether libpq would read it as a URL or a `key=value` string, not as the name of a database."""
    return text.startswith(SCHEMES) or "=" in text


def parse_conninfo(text: str) -> dict[str, str]:
    """The keywords of a URL or of a `key=value` string. Raises `usage`, whose message never quotes a value."""
    if "\0" in text:
        raise usage("the DSN contains a zero byte")
    for scheme in SCHEMES:
        if text.startswith(scheme):
            return _parse_url(text[len(scheme) :])
    return _parse_pairs(text)


# --- key=value


def _parse_pairs(text: str) -> dict[str, str]:
    r"""`host=a password='it''s'`: quotes for what has spaces or is empty, a backslash before a quote or a backslash."""
    found: dict[str, str] = {}
    at = _skip(text, 0)
    while at < len(text):
        begin = at
        while at < len(text) and text[at] != "=" and text[at] not in _SPACES:
            at += 1
        name = text[begin:at]
        at = _skip(text, at)
        if text[at : at + 1] != "=":
            raise usage(f"the DSN has no = behind {name!r}", "write key=value, or postgresql://USER@HOST/DATABASE")
        at = _skip(text, at + 1)
        read = _quoted if text[at : at + 1] == "'" else _bare
        value, at = read(text, at)
        check_keyword(name, "the DSN")
        found[name] = value
        at = _skip(text, at)
    return found


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


def _parse_url(text: str) -> dict[str, str]:
    """`[user[:password]@][host[:port],…][/dbname][?key=value&…]`, taken apart in the order in which libpq does it."""
    found: dict[str, str] = {}
    at = next((place for place, letter in enumerate(text) if letter in "@/"), len(text))
    rest = text
    if text[at : at + 1] == "@":
        user, colon, password = text[:at].partition(":")
        rest = text[at + 1 :]
        if user:
            found["user"] = _decoded(user, "the user")
        if colon and password:
            found["password"] = _decoded(password, "the password")
    rest = _hosts(rest, found)
    if rest.startswith("/"):
        name, question, after = rest[1:].partition("?")
        if name:
            found["dbname"] = _decoded(name, "the database")
        rest = question + after
    if rest:
        found |= _parameters(rest[1:])
    return found


def _hosts(text: str, found: dict[str, str]) -> str:
    """Take hosts and ports off the beginning, and give what is left: nothing, or from `/` or `?` on."""
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
            break
        text = text[1:]
    for name, parts in (("host", hosts), ("port", ports)):
        joined = ",".join(parts)
        if joined:
            found[name] = _decoded(joined, f"the {name}")
    return text


def _until(text: str, marks: str) -> tuple[str, str]:
    """The text divided before the first of the marks."""
    at = next((place for place, letter in enumerate(text) if letter in marks), len(text))
    return text[:at], text[at:]


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    pairs = query.split("&")
    if pairs[-1] == "":
        pairs.pop()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise usage(f"the URL has a parameter without a value: {name[:40]!r}", "write ?key=value&key=value")
        if "=" in value:
            raise usage(f"the URL has a second = in its parameter {name[:40]!r}", "write it percent-encoded, as %3D")
        name, value = _decoded(name, "a parameter"), _decoded(value, f"the parameter {name}")
        if (name, value) == ("ssl", "true"):  # as JDBC has it
            name, value = "sslmode", "require"
        check_keyword(name, "the URL")
        found[name] = value
    return found


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
