"""URLs and host names taken apart (RFC 3986 §3), without `urllib.parse` and as strictly as sending one needs.

Internationalised names are written in ASCII as browsers and curl ask for them (UTS 46, non-transitional, over IDNA 2008). Python's own
codec is of IDNA 2003, which turns `straße` into `strasse`: another domain, that would get the request and its credentials.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton

from rrcli.base.errors import usage
from rrcli.base.record import Record

HEX = "0123456789abcdefABCDEF"
LONGEST_LABEL = 63  # of a host name (RFC 1035 section 2.3.4)
SCHEME_MARKS = dict.fromkeys(map(ord, "+-."))  # allowed in a scheme beside letters and digits


class Url(Record):
    """The parts as they were written; `path` starts with a slash or is empty, `query` is `None` without a `?`."""

    text: str
    scheme: str
    user: str | None
    password: str | None
    host: str
    port: int | None
    path: str
    query: str | None


def split_url(text: str) -> Url:
    """Take a URL apart. Raises `usage` with what is wrong in it; nothing that may be a password is quoted."""
    if not text.isascii():
        refuse_pasted(text)
    for letter in text:
        if letter <= " " or letter == "\x7f":
            raise usage(f"the URL {without_userinfo(text)!r} contains {letter!r}", _instead_of(letter, text))
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme[:1].isalpha() or not (scheme.isascii() and scheme.translate(SCHEME_MARKS).isalnum()):
        raise usage(f"{without_userinfo(text)!r} is no URL", "write SCHEME://HOST[:PORT]/…")
    _refuse_open_password(rest)
    rest = rest.partition("#")[0]
    rest, question, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    userinfo, at, hostport = authority.rpartition("@")
    if "@" in userinfo:
        raise usage(f"the URL {without_userinfo(text)!r} has two @ before its host", "write an @ of the user or the password as %40")
    user, colon, password = userinfo.partition(":")
    if hostport.startswith(":") and not hostport.startswith("::"):
        from rrcli.base.shellquote import quoted

        raise usage(f"the URL {without_userinfo(text)!r} names no host", f"write {quoted(f'{scheme}://localhost{hostport}{slash}')}")
    host, port = split_host(hostport, None)
    return Url(
        text=text,
        scheme=scheme.lower(),
        user=unquote(user) if at else None,
        password=unquote(password) if colon else None,
        host=host,
        port=port,
        path=slash + path,
        query=query if question else None,
    )


def refuse_pasted(text: str) -> None:
    """Raise `usage` for a URL or host that begins with what only a text that was copied has."""
    from rrcli.base.pasted import refused

    if odd := refused(without_userinfo(text)):
        raise odd


def _instead_of(letter: str, text: str) -> str:
    """What to write for a letter that no URL has."""
    if letter in "\r\n" and text.endswith(letter):
        return "it ends in a line end, which was copied along: leave that out"
    return f"write it percent-encoded, as %{ord(letter):02X}" + (" for a space" if letter == " " else "")


def _refuse_open_password(rest: str) -> None:
    """Raise `usage` where #, / or ? ends the authority within what must be a password, since an @ follows.

    Read on, another host would be asked, and the password shown as a part of the path (RFC 3986 section 3.2.1 wants it encoded).
    """
    end = next((at for at, letter in enumerate(rest) if letter in "/?#"), len(rest))
    authority, behind = rest[:end], rest[end:]
    if "@" in authority or "@" not in behind:
        return
    _, colon, port = authority.rpartition(":")
    if colon and (behind[0] == "#" or (port and not authority.startswith("[") and not is_port(port))):
        encoded = {"#": "%23", "/": "%2F", "?": "%3F"}[behind[0]]
        raise usage(f"the URL has an @ behind a {behind[0]}: is that a part of its password?", f"write {behind[0]} as {encoded}")


def without_userinfo(text: str) -> str:
    """A URL to be quoted in a message, which may be broken just where its password stands."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return f"…@{text.rpartition('@')[2]}" if "@" in text else text
    return f"{scheme}{separator}…@{rest.rpartition('@')[2]}" if "@" in rest else text


def split_host(text: str, default_port: int | None) -> tuple[str, int | None]:
    """Host and port of `host`, `host:port`, `[::1]:port`, `:port` (localhost) or, with a default port, a bare IPv6 address.

    Raises `usage` for anything else, so that no malformed place is looked up.
    """
    if not text.isascii():
        refuse_pasted(text)
    if "@" in text:
        raise usage("a host has no @ in it", "user and password go into a URL: SCHEME://USER:PASSWORD@HOST:PORT")
    if odd := next((letter for letter in text if letter in "/?#\\"), None):
        raise usage(f"{text!r} is no host and port: it contains {odd}", "write HOST:PORT, or a URL with its scheme")
    if any(letter <= " " or letter == "\x7f" for letter in text):
        raise usage(f"{text!r} is no host and port: it contains a space or a control character")
    host, separator, port = text.rpartition(":")
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise usage(f"{text!r} is no host and port", "write an IPv6 address as [::1]:8080")
        separator, port = port[:1], port[1:]
        if ":" not in host and not (host[:1] in ("v", "V") and "." in host):  # RFC 3986 section 3.2.2
            raise usage(f"{text!r} has brackets around what is no IPv6 address", "write a name or an IPv4 address without them")
        host = _with_scope(host)
    elif not separator:
        host, port = text, ""
    elif ":" in host:
        host, port = _bare_address(text, has_default=default_port is not None), ""
    if not host and separator:
        host = "localhost"
    if port and not is_port(port):
        raise usage(f"{port!r} is no port (in {text!r})", "a port is a number up to 65535")
    return host, int(port) if port else default_port


def _bare_address(text: str, *, has_default: bool) -> str:
    """An IPv6 address without brackets, where it cannot be taken for address and port. Raises `usage`."""
    before, _, last = text.rpartition(":")
    may_be_port = last.isdecimal() and len(last) > 3 and literal_family(before.removesuffix(":") or before) is not None
    if has_default and literal_family(text) is not None and not may_be_port:
        return text
    hint = f"write [{before}]:{last}" if last.isdecimal() and literal_family(before) is not None else "write an IPv6 address as [::1]:8080"
    raise usage(f"{text!r} is no host and port: it has several colons", hint)


def _with_scope(address: str) -> str:
    """An IPv6 address whose scope stands behind `%25`, as in a URL, with the plain `%` of all other places (RFC 6874 §2)."""
    bare, found, scope = address.partition("%25")
    return f"{bare}%{scope}" if found and scope else address


def is_port(text: str) -> bool:
    """Whether a text is the number of a port."""
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < 65536


def unquote(text: str) -> str:
    """Percent-decoding; a `%` that starts no escape stays."""
    if "%" not in text:
        return text
    parts = text.encode("utf-8", "surrogateescape").split(b"%")
    found = parts[0]
    for part in parts[1:]:
        code = part[:2].decode("latin-1")
        if len(code) == 2 and code[0] in HEX and code[1] in HEX:
            found += bytes([int(code, 16)]) + part[2:]
        else:
            found += b"%" + part
    return found.decode("utf-8", "surrogateescape")


def quote(text: str, safe: str = "") -> str:
    """Percent-encoding of all but letters, digits, `-._~` and what is `safe` (RFC 3986 §2.3)."""
    kept = f"-._~{safe}".encode()
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(code) if code in kept or (code < 128 and chr(code).isalnum()) else f"%{code:02X}" for code in data)


def host_port(host: str, port: int | None) -> str:
    """`host:port` as a URL writes it."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def is_place(word: str) -> bool:
    """Whether a word says where to connect: a URL or `host:port`. For commands whose other words are data."""
    host, separator, port = word.rpartition(":")
    return "://" in word or bool(separator and port.isascii() and port.isdecimal() and " " not in host)


def begins_data(word: str, number: int, *, place_first: bool) -> bool:
    """Whether the argument of this number, from 0, is the first of those that are data: one that does not say where to connect.

    With `place_first` the first one does, in whatever form, and no other; see `is_place`.
    """
    return number > 0 if place_first else not is_place(word)


def literal_family(host: str) -> int | None:
    """The family of an address literal; `None` for a name."""
    for family in (AF_INET, AF_INET6):
        try:
            inet_pton(family, host.split("%")[0])
            return int(family)
        except (OSError, ValueError):
            continue
    return None


def ascii_name(host: str) -> str:
    """The name with each label that is not ASCII as `xn--…`. Raises `UnicodeError` for what is no name."""
    if host.isascii():
        return host
    from idna.core import uts46_remap

    name = uts46_remap(host, std3_rules=False, transitional=False)
    if ".." in name or name[:1] == ".":
        raise UnicodeError("a label is empty")
    return ".".join(label if label.isascii() else _ascii_label(label) for label in name.split("."))


def _ascii_label(label: str) -> str:
    from idna.core import InvalidCodepoint, InvalidCodepointContext, alabel

    try:
        return alabel(label).decode()
    except InvalidCodepointContext:
        raise
    except InvalidCodepoint:  # emoji and `_`, which registries do not give out, and resolvers know all the same
        found = f"xn--{label.encode('punycode').decode()}"
        if len(found) > LONGEST_LABEL:
            raise UnicodeError("label too long") from None
        return found
