"""From the words and options of an HTTP request to what goes out: method, URL, fields and content (RFC 9110, RFC 3986).

`understand` sends nothing; it reads the files that the words name, and asks for a password that is missing.
"""

from __future__ import annotations

from rrcli import __version__
from rrcli.errors import usage
from rrcli.record import Record
from rrcli.url import host_port, split_url, unquote, without_userinfo
from rrcli.wire.resolve import to_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.content import Part, Upload
    from rrcli.adapters.http.items import Item
    from rrcli.adapters.http.request import HttpRequest
    from rrcli.model import Fields
    from rrcli.url import Url

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY")
CONTENT_EXPECTED = ("POST", "PUT", "PATCH")  # they say so when there is none (RFC 9110 section 8.6)
PORTS = {"http": 80, "https": 443}
JSON = "application/json"
VERSION_FLAGS = {
    "--http1.0": "http10", "--http1.1": "http11", "--http2": "http2", "--http2-prior-knowledge": "http2_prior_knowledge",
    "--http3": "http3", "--http3-only": "http3_only",
}  # fmt: skip

GivenFields = list[tuple[str, str | None]]  # `None` takes away the default of that name


class Asked(Record):
    """A request as it will go out; it has `content` or an `upload` or neither. `url` is the whole of it, `target` what is sent."""

    method: str
    url: str
    scheme: str
    host: str
    port: int
    target: str
    version: str
    fields: Fields
    content: bytes | None = None
    upload: Upload | None = None
    plain: bytes | None = None  # the content before it was compressed
    bare: Asked | None = None  # the same without what only this hop has: cookies that are kept, what a proxy is told
    start: int | None = None  # the byte that a download goes on from
    coded: bool = False  # the answer's content is wanted as it comes, its codings not undone
    credentials: tuple[str, str] | None = None  # user and password that a later step needs: a challenge, a signature

    def field(self, name: str) -> str:
        """The values of a field joined by commas, in lower case; empty where there is none."""
        return ",".join([value for key, value in self.fields if key.lower() == name]).lower()

    @property
    def chunked(self) -> bool:
        return "chunked" in self.field("transfer-encoding")

    @property
    def awaits_continue(self) -> bool:
        """Whether the content waits for a 100 (RFC 9110 section 10.1.1)."""
        return "100-continue" in self.field("expect") and bool(self.content or self.upload)


def understand(request: HttpRequest, exchange_id: str) -> Asked:
    """What the request amounts to. Raises `usage`, or `local` for a file."""
    word, address, item_words = split_words(request.words)
    items: list[Item] = []
    if item_words:
        from rrcli.adapters.http.items import read_items

        items = read_items(item_words)
    _refuse_contradictions(request, word, items)
    url = read_url(address)
    host = host_of(url)
    given = _given_fields(request, items)
    if request.kept:
        given = request.kept.headers(given)
    content, media_type, upload = _content(request, items)
    query = [url.query] if url.query is not None else []
    if request.get and content is not None:
        query, content, media_type = [*query, content.decode("utf-8", "surrogateescape")], None, None
    target = _path(url, request) + _query(query, items)
    if request.https_only and url.scheme != "https":
        raise usage(f"--https-only, and the URL begins with {url.scheme}://", "write https://")
    method = request.method or word or _method(request, content, upload)
    plain = None
    if request.compress:
        plain, content = content, _compressed(request.compress, content, upload)
    defaults = [
        ("Host", host_field(url)),
        *_default_fields(request, url, exchange_id, accept=f"{JSON}, */*;q=0.5" if media_type == JSON else "*/*"),
        *_content_fields(method, content, media_type, upload, given),
        *([("Content-Encoding", request.compress)] if request.compress else []),
    ]
    if request.defaults:
        defaults = [*_merged(defaults, list(request.defaults))]
    asked = Asked(
        method=method,
        url=f"{url.scheme}://{userinfo_of(url.text)}{host_port(url.host, url.port)}{target}",
        scheme=url.scheme,
        host=host,
        port=PORTS[url.scheme] if url.port is None else url.port,
        target=target if request.request_target is None else _ascii(request.request_target),
        version="HTTP/1.0" if request.http10 else "HTTP/1.1",
        fields=_merged(defaults, given),
        content=content,
        upload=upload,
        plain=plain,
        start=request.continue_at or None,
    )
    if not (request.digest or request.aws_sigv4):
        return asked
    from rrcli.adapters.http.auth import credentials, need_httpx

    if request.digest:
        need_httpx()
    asked = asked.replace(credentials=credentials(request, url))
    if not request.aws_sigv4:
        return asked
    from rrcli.adapters.http.sign import sign

    return sign(asked, request.aws_sigv4)


# --- words


def split_words(words: tuple[str, ...]) -> tuple[str | None, str, tuple[str, ...]]:
    """Method, URL and items. A first word is a method when it is written as one and what follows may be a URL."""
    if not words:
        raise usage("the URL is missing", "write [METHOD] URL [ITEM...] behind the command")
    first = words[0]
    for word in words:
        if (word.startswith("{") and word.endswith("}")) or word.startswith(('{"', "[{", '["', "@")):
            from rrcli.adapters.http.curl.read import instead_of_json

            raise instead_of_json(word)
    if len(words) == 1:
        if first in METHODS:
            raise usage(f"{first} is a method, and the URL is missing", f"write rrcli http {first} URL")
        return None, first, ()
    named = first in METHODS or (_like_method(first) and _like_url(words[1]))
    method, (address, *items) = (first, words[1:]) if named else (None, words)
    for word in items:
        if word.partition("://")[0].lower() in PORTS:  # as an item it would be a field named http
            hint = f"a method is written {first.upper()}" if first.upper() in METHODS else "write rrcli http [METHOD] URL [ITEM...]"
            raise usage(f"{without_userinfo(word)!r} is a URL behind another: {without_userinfo(address)!r}", hint)
    return method, address, tuple(items)


def _like_method(word: str) -> bool:
    return word.isascii() and word.isupper() and word.replace("-", "").replace("_", "").isalnum()


def _like_url(word: str) -> bool:
    """Whether a word is more likely a URL than an item: no separator of items but a colon stands before its path."""
    start = word.partition("/")[0].partition("?")[0]
    return "://" in word or not ("=" in start or ";" in start or ("@" in start and ":" not in start.partition("@")[0]))


def _refuse_contradictions(request: HttpRequest, word: str | None, items: list[Item]) -> None:
    """Raise `usage` for options of which one would have no effect."""
    sources = {
        "-d": bool(request.data),
        "-F": bool(request.parts),
        "-T": request.upload is not None,
        "an item with content": any(item.separator in ("=", ":=", "@") for item in items),
    }
    used = [name for name, is_used in sources.items() if is_used]
    if len(used) > 1:
        raise usage(f"{' and '.join(used)} exclude each other", "the content has one source")
    if request.get and used not in ([], ["-d"]):
        raise usage(f"-G and {used[0]} exclude each other", "-G moves what -d names into the query; an item for the query is name==value")
    if request.head and used and not request.get:
        raise usage(f"-I and {used[0]} exclude each other", "-I asks for the fields alone: HEAD carries no content")
    method = request.method or word
    if request.head and method not in (None, "HEAD"):
        raise usage(f"-I means HEAD, and {method} is asked for")
    _refuse_versions(request)
    if request.user is not None and request.bearer is not None:
        raise usage("-u and --bearer exclude each other", "a request has one Authorization")
    named = {"--bearer": request.bearer, "--digest": request.digest, "--aws-sigv4": request.aws_sigv4}
    if len(schemes := [flag for flag, given in named.items() if given]) > 1:
        raise usage(f"{' and '.join(schemes)} exclude each other", "a request has one Authorization")


def _refuse_versions(request: HttpRequest) -> None:
    """Raise `usage` for more than one version of HTTP; `--http3` chooses by itself what follows it."""
    forced = [flag for flag, name in VERSION_FLAGS.items() if getattr(request, name)]
    if len(forced) > 1:
        raise usage(f"{' and '.join(forced)} exclude each other", "a request is sent in one version of HTTP")
    if not (request.http3 or request.http3_only):
        for flag, does, value in (("--qlog", "writes what QUIC does", request.qlog), ("--early-data", "is QUIC's", request.early_data)):
            if value is not None:
                raise usage(f"{flag} {does}, and nothing asks for QUIC", "add --http3 or --http3-only")


def _method(request: HttpRequest, content: bytes | None, upload: Upload | None) -> str:
    if request.head:
        return "HEAD"
    return "PUT" if request.upload is not None else "POST" if content is not None or upload else "GET"


# --- the URL


def read_url(text: str) -> Url:
    """A URL as people type it: `:8080/x` is localhost, no scheme is http. Raises `usage`."""
    scheme, separator, _ = text.partition("://")
    before, colon, behind = text.partition(":")
    if colon and not separator and before.lower() in PORTS and not behind.partition("/")[0].isdecimal():  # that would be a port
        raise usage(f"the URL {text!r} lacks the // behind its scheme")
    if not separator or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        text = "http://" + text.removeprefix("://")
    url = split_url(text)
    if url.scheme not in PORTS:
        raise usage(f"{url.scheme}:// is not sent over HTTP", "a URL here begins with http:// or https://")
    if not url.host:
        raise usage(f"the URL {text!r} names no host")
    return url


def host_of(url: Url) -> str:
    """The host as it is looked up and asked for: percent-decoded (the `%25` of an IPv6 scope too), names in ASCII."""
    host = to_ascii(unquote(url.host))
    if any(letter <= " " or letter in '/?#@\\<>"\x7f' for letter in host):
        raise usage(f"{host!r} is no host name")
    return host


def host_field(url: Url) -> str:
    """What Host says: no zone of a scope, no port that the scheme implies (RFC 9110 section 7.2)."""
    return host_port(host_of(url).partition("%")[0], url.port if url.port != PORTS[url.scheme] else None)


def userinfo_of(text: str) -> str:
    """User and password as the URL has them, with their `@`."""
    authority = text.partition("://")[2].partition("#")[0].partition("?")[0].partition("/")[0]
    return "".join(authority.rpartition("@")[:2])


def _path(url: Url, request: HttpRequest) -> str:
    """The path as it is sent; an upload to a folder gets the file's name, as curl has it."""
    path = url.path or "/"
    if request.upload not in (None, "-") and path.endswith("/"):
        from rrcli.adapters.http.content import octets, quote

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
        from rrcli.adapters.http.content import form

        parts = [*parts, form(pairs)]
    return "?" + "&".join([_ascii(part) for part in parts if part] or [""]) if parts else ""


def _ascii(text: str) -> str:
    """Percent-encode what is not ASCII, in UTF-8; all else stays as it was written."""
    if text.isascii():
        return text
    from rrcli.adapters.http.content import octets

    return "".join([chr(octet) if octet < 0x80 else f"%{octet:02X}" for octet in octets(text)])


# --- content


def _content(request: HttpRequest, items: list[Item]) -> tuple[bytes | None, str | None, Upload | None]:
    """The content, its media type, or the upload in its place."""
    data = [item for item in items if item.separator in ("=", ":=", "@")]
    if not (data or request.data or request.parts or request.upload is not None):
        return None, None, None
    from rrcli.adapters.http import content as httpcontent

    if request.upload is not None:
        upload = httpcontent.Upload(request.upload, request.compress)
        if upload.size is None and request.http10:  # there are no chunks to send it in
            return httpcontent.read_local(request.upload), None, None
        return None, None, upload
    if request.data:
        return httpcontent.joined_data(request.data), httpcontent.FORM, None
    if request.parts:
        return httpcontent.multipart([httpcontent.part_of(flag, text) for flag, text in request.parts], request.compress)
    from rrcli.adapters.http.items import form_value, json_content

    if any(item.separator == "@" for item in data):
        return httpcontent.multipart([_part(item) for item in data], request.compress)
    if request.form:
        return httpcontent.form([(item.name, form_value(item)) for item in data]).encode(), httpcontent.FORM, None
    return json_content(data), JSON, None


def _compressed(coding: str, content: bytes | None, upload: Upload | None) -> bytes | None:
    """The content as it goes out; an upload is compressed on its way. Raises `usage` where there is neither."""
    from rrcli.adapters.http.content import compressed

    if content is None and upload is None:
        raise usage("--compress compresses content, and there is none", "--compressed asks for a compressed answer")
    return None if content is None else compressed(content, coding)


def _part(item: Item) -> Part:
    from rrcli.adapters.http.content import item_part, octets
    from rrcli.adapters.http.items import form_value

    if item.separator == "@":
        return item_part(item.name, item.value)
    return item.name, octets(form_value(item)), None, None


# --- fields


def _merged(defaults: list[tuple[str, str]], given: GivenFields) -> Fields:
    """The defaults that the user neither gave nor took away, then the user's own, in their order and case."""
    named = {name.lower() for name, _ in given}
    kept = [field for field in defaults if field[0].lower() not in named]
    return (*kept, *((name, value) for name, value in given if value is not None))


def _given_fields(request: HttpRequest, items: list[Item]) -> GivenFields:
    """The fields of `-H`, then those of the items."""
    lines: list[str] = []
    for text in request.headers:
        if text.startswith("@"):
            from rrcli.adapters.http.items import read_text

            lines += [line.removesuffix("\r") for line in read_text(text[1:]).split("\n") if line.strip()]
        else:
            lines.append(text)
    given = [_given(line) for line in lines]
    given += [(item.name, item.value.strip(" \t") or None) for item in items if item.separator == ":"]
    return given + [(item.name, "") for item in items if item.separator == ";"]


def _given(line: str) -> tuple[str, str | None]:
    """curl's `Name: value`; `Name:` takes the default away, `Name;` has no value."""
    name, colon, value = line.partition(":")
    if colon and name.strip():
        return name, value.strip(" \t") or None
    if not colon and line.endswith(";") and line != ";":
        return line[:-1], ""
    raise usage(f"-H {line!r} is no field", "write 'Name: value'; 'Name:' removes a default, 'Name;' sends an empty one")


def _default_fields(request: HttpRequest, url: Url, exchange_id: str, *, accept: str) -> list[tuple[str, str]]:
    """What goes out unless the user says otherwise, without Host and what describes the content."""
    agent = f"rrcli/{__version__}" if request.user_agent is None else request.user_agent
    fields = [("User-Agent", agent), ("Accept", accept)] if agent else [("Accept", accept)]
    if request.compressed:
        from rrcli.codec.content import askable

        fields.append(("Accept-Encoding", askable()))
    if request.names_credentials or url.user is not None:
        from rrcli.adapters.http.auth import authorization

        if value := authorization(request, url):
            fields.append(("Authorization", value))
    if request.referer:
        fields.append(("Referer", request.referer))
    if request.cookies:
        fields.append(("Cookie", "; ".join([_cookie(cookie) for cookie in request.cookies])))
    if request.range:
        fields.append(("Range", f"bytes={request.range}"))
    if request.continue_at is not None:
        from rrcli.adapters.http.download import range_fields

        fields += range_fields(request)
    if request.request_id is not None:
        fields.append(("X-Request-ID", exchange_id))
    if request.idempotency_key is not None:
        fields.append(("Idempotency-Key", request.idempotency_key))
    if request.traceparent is not None:
        fields.append(("traceparent", _traceparent() if request.traceparent == "auto" else request.traceparent))
    return fields


def _content_fields(
    method: str, content: bytes | None, media_type: str | None, upload: Upload | None, given: GivenFields
) -> list[tuple[str, str]]:
    """What the content is and how long; of a length nobody knows it is sent in chunks (RFC 9112 section 6)."""
    framed = any(name.lower() in ("transfer-encoding", "content-length") and value for name, value in given)
    fields = [("Content-Type", media_type)] if media_type else []
    size = upload.size if upload else None if content is None else len(content)
    if framed:
        return fields
    if upload and size is None:
        return [*fields, ("Transfer-Encoding", "chunked")]
    if size is None and method in CONTENT_EXPECTED:
        size = 0
    return fields if size is None else [*fields, ("Content-Length", str(size))]


def _cookie(text: str) -> str:
    if "=" not in text:
        raise usage(f"-b {text!r} is no cookie", "write -b 'name=value; other=value'; a word without = is a file")
    return text.strip("; ")


def _traceparent() -> str:
    """A new trace, sampled (W3C Trace Context section 3.2)."""
    from binascii import hexlify
    from os import urandom

    return f"00-{hexlify(urandom(16)).decode()}-{hexlify(urandom(8)).decode()}-01"
