"""The arguments `[METHOD] URL [ITEM...]` told apart, and the URL: scheme, host, port, path, and the Host field (RFC 9110 section 7.2)."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.url import host_port, refuse_pasted, split_url, unquote, without_userinfo
from rrcli.engine import registry
from rrcli.engine.registry import METHODS
from rrcli.wire.resolve import to_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.items import Item
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.base.url import Url

PORTS = {"http": 80, "https": 443}


def split_words(words: tuple[str, ...]) -> tuple[str | None, str, tuple[str, ...]]:
    """Method, URL and items. A first word is a method when it is written as one and what follows may be a URL."""
    if not words:
        raise usage("the URL is missing", "write [METHOD] URL [ITEM...] behind the command")
    first = words[0]
    for word in words:
        if (word.startswith("{") and word.endswith("}")) or word.startswith(('{"', "[{", '["')) or first.startswith("@"):
            from rrcli.adapters.http.prepare.httpie import instead_of_json

            raise instead_of_json(word)
    if len(words) == 1:
        if first.upper() in METHODS:
            raise usage(f"{first} is a method, and the URL is missing", f"write rrcli http {first} URL")
        return None, first, ()
    known = first.upper() in METHODS and (first in METHODS or _like_url(words[1]))
    named = known or (_like_method(first) and _like_url(words[1]))
    method, (address, *items) = (first.upper() if known else first, words[1:]) if named else (None, words)
    for word in items:
        if registry.by_scheme(word):  # as an item it would be a field named http
            hint = f"a method is written {first.upper()}" if first.upper() in METHODS else "write rrcli http [METHOD] URL [ITEM...]"
            raise usage(f"{without_userinfo(word)!r} is a URL behind another: {without_userinfo(address)!r}", hint)
    return method, address, tuple(items)


def _like_method(word: str) -> bool:
    return word.isascii() and word.isupper() and word.replace("-", "").replace("_", "").isalnum()


def _like_url(word: str) -> bool:
    """Whether a word is more likely a URL than an item: no separator of items but a colon stands before its path."""
    start = word.partition("/")[0].partition("?")[0]
    return "://" in word or not ("=" in start or ";" in start or ("@" in start and ":" not in start.partition("@")[0]))


def read_url(text: str) -> Url:
    """A URL as people type it: `:8080/x` is localhost, no scheme is http. Raises `usage`."""
    if not text.isascii():
        refuse_pasted(text)
    scheme, separator, _ = text.partition("://")
    before, colon, behind = text.partition(":")
    if colon and not separator and before.lower() in PORTS and not behind.partition("/")[0].isdecimal():  # that would be a port
        raise usage(f"the URL {without_userinfo(text)!r} lacks the // behind its scheme", f"write {before}://…")
    if not separator or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        text = text.removeprefix("://")
        if text.startswith(":"):
            text = f"localhost{text if text[1:2].isdecimal() else text[1:]}"
        text = f"http://{text}"
    url = split_url(text)
    if url.scheme not in PORTS:
        raise usage(f"{url.scheme}:// is not sent over HTTP", "a URL here begins with http:// or https://")
    if not url.host:
        raise usage(f"the URL {without_userinfo(text)!r} names no host", "write http://HOST[:PORT]/…")
    return url


def host_of(url: Url) -> str:
    """The host as it is looked up and asked for: names percent-decoded and in ASCII, an IPv6 address as it is."""
    host = url.host if ":" in url.host else to_ascii(unquote(url.host))
    if any(letter <= " " or letter in '/?#@\\<>"\x7f' for letter in host):
        raise usage(f"{host!r} is no host name")
    return host


def authority_of(url: Url) -> str:
    """Host and port as they stand in a URL, the scope of an IPv6 address behind `%25` (RFC 6874 section 2)."""
    return host_port(url.host.replace("%", "%25") if ":" in url.host else url.host, url.port)


def host_field(url: Url) -> str:
    """What Host says: no zone of a scope, no port that the scheme implies (RFC 9110 section 7.2)."""
    return host_port(host_of(url).partition("%")[0], url.port if url.port != PORTS[url.scheme] else None)


def userinfo_of(text: str) -> str:
    """User and password as the URL has them, with their `@`."""
    authority = text.partition("://")[2].partition("#")[0].partition("?")[0].partition("/")[0]
    return "".join(authority.rpartition("@")[:2])


def _path(url: Url, request: AnyHttpRequest) -> str:
    """The path as it is sent; an upload to a folder gets the file's name, as curl has it."""
    path = url.path or "/"
    if request.upload not in (None, "-") and path.endswith("/"):
        from rrcli.adapters.http.prepare.content import octets, quote

        path += quote(octets(str(request.upload).rpartition("/")[2])).replace("+", "%20")
    return _ascii(path if request.path_as_is else remove_dots(path))


def remove_dots(path: str) -> str:
    """The path without its `.` and `..` segments (RFC 3986 section 5.2.4)."""
    if "/." not in path:
        return path
    *folders, last = path.split("/")[1:]
    kept: list[str] = []
    for segment in [*folders, last]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join([*kept, ""] if last in (".", "..") else kept)


def _query(parts: list[str], items: list[Item]) -> str:
    """The query: the URL's own, that of `-G`, and the items `name==value`."""
    pairs = [(item.name, item.value) for item in items if item.separator == "=="]
    if pairs:
        from rrcli.adapters.http.prepare.content import form

        parts = [*parts, form(pairs)]
    return "?" + "&".join([_ascii(part) for part in parts if part] or [""]) if parts else ""


def _ascii(text: str) -> str:
    """Percent-encode what is not ASCII, in UTF-8; all else stays as it was written."""
    if text.isascii():
        return text
    from rrcli.adapters.http.prepare.content import octets

    return "".join([chr(octet) if octet < 0x80 else f"%{octet:02X}" for octet in octets(text)])
