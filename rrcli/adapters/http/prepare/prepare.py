"""From the words and options of an HTTP request to what goes out: method, URL, fields and content (RFC 9110, RFC 3986).

`prepare` sends nothing; it reads the files that the words name, and asks for a password that is missing.
"""

from __future__ import annotations

from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.target import (
    PORTS,
    _ascii,
    _path,
    _query,
    authority_of,
    host_field,
    host_of,
    read_url,
    split_words,
    userinfo_of,
)
from rrcli.base import __version__
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.http.prepare.content import Upload
    from rrcli.adapters.http.prepare.items import Item
    from rrcli.adapters.http.prepare.message import GivenFields
    from rrcli.adapters.http.prepare.multipart import Part
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.base.url import Url
    from rrcli.model.values import Fields

CONTENT_EXPECTED = ("POST", "PUT", "PATCH")  # they say so when there is none (RFC 9110 section 8.6)
JSON = "application/json"
LARGEST_FIELDS = 1 << 20  # bytes of a file of fields: no server takes more
VERSION_FLAGS = {
    "--http1.0": "http10", "--http1.1": "http11", "--http2": "http2", "--http2-prior-knowledge": "http2_prior_knowledge",
    "--http3": "http3", "--http3-only": "http3_only",
}  # fmt: skip


def prepare(state: HopState, exchange_id: str) -> PreparedRequest:
    """What the options of the first hop amount to. Raises `usage`, or `local` for a file."""
    request = state.options
    word, address, item_words = split_words(request.arguments)
    items: list[Item] = []
    if item_words:
        from rrcli.adapters.http.prepare.items import read_items

        items = read_items(item_words)
    _refuse_contradictions(request, word, items)
    url = read_url(address)
    host = host_of(url)
    given = _given_fields(request, items)
    if state.jar:
        given = state.jar.headers(given)
    content, media_type, upload = _content(request, items, given)
    if media_type and "boundary=" in media_type:
        given = _with_boundary(given, media_type)
    query = [url.query] if url.query is not None else []
    if request.get and content is not None:
        query, content, media_type = [*query, content.decode("utf-8", "surrogateescape")], None, None
    target = _path(url, request) + _query(query, items)
    if request.https_only and url.scheme != "https":
        raise usage(f"--https-only, and the URL begins with {url.scheme}://", "write https://")
    method = request.method or word or _method(request, content, upload)
    plain = None
    if request.compress:
        _refuse_coding(request.compress, given)
        plain, content = content, _compressed(request.compress, content, upload)
    defaults = [
        ("Host", host_field(url)),
        *_default_fields(state, url, exchange_id, accept=f"{JSON}, */*;q=0.5" if media_type == JSON else "*/*"),
        *_content_fields(method, content, media_type, upload, given),
        *([("Content-Encoding", request.compress)] if request.compress else []),
    ]
    if state.defaults:
        defaults = [*_merged(defaults, list(state.defaults))]
    prepared = PreparedRequest(
        method=method,
        url=f"{url.scheme}://{userinfo_of(url.text)}{authority_of(url)}{target}",
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
        return prepared
    from rrcli.adapters.http.prepare.auth import credentials

    prepared = prepared.replace(credentials=credentials(request, url))
    if not request.aws_sigv4:
        return prepared
    from rrcli.adapters.http.prepare.sign import sign

    return sign(prepared, request.aws_sigv4)


# --- words


def _refuse_contradictions(request: AnyHttpRequest, word: str | None, items: list[Item]) -> None:
    """Raise `usage` for options of which one would have no effect."""
    sources = {
        "-d": bool(request.data),
        "-F": bool(request.parts),
        "-T": request.upload is not None,
        "an item with content": any(item.separator in ("=", ":=", "@") and not _is_whole(item) for item in items),
        "@FILE": any(map(_is_whole, items)),
    }
    used = [name for name, is_used in sources.items() if is_used]
    if len([item for item in items if _is_whole(item)]) > 1:
        raise usage("@FILE is the whole content, and there are two", "a part of a form has a name: name@FILE")
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


def _refuse_versions(request: AnyHttpRequest) -> None:
    """Raise `usage` for more than one version of HTTP; `--http3` chooses by itself what follows it."""
    forced = [flag for flag, name in VERSION_FLAGS.items() if getattr(request, name)]
    if len(forced) > 1:
        raise usage(f"{' and '.join(forced)} exclude each other", "a request is sent in one version of HTTP")
    if not (request.http3 or request.http3_only):
        for flag, does, value in (("--qlog", "writes what QUIC does", request.qlog), ("--early-data", "is QUIC's", request.early_data)):
            if value is not None:
                raise usage(f"{flag} {does}, and nothing asks for QUIC", "add --http3 or --http3-only")


def _method(request: AnyHttpRequest, content: bytes | None, upload: Upload | None) -> str:
    if request.head:
        return "HEAD"
    return "PUT" if request.upload is not None else "POST" if content is not None or upload else "GET"


# --- the URL


# --- content


def _content(request: AnyHttpRequest, items: list[Item], given: GivenFields) -> tuple[bytes | None, str | None, Upload | None]:
    """The content, its media type, or the upload in its place; multipart is of the type that the user gave, with a boundary."""
    data = [item for item in items if item.separator in ("=", ":=", "@")]
    if data and _is_whole(data[0]):
        from rrcli.adapters.http.prepare.content import whole_file

        return whole_file(data[0].value, request.compress)
    if not (data or request.data or request.parts or request.upload is not None):
        return None, None, None
    from rrcli.adapters.http.prepare import content as httpcontent

    if request.upload is not None:
        upload = httpcontent.Upload(request.upload, request.compress)
        if upload.size is None and request.http10:  # there are no chunks to send it in
            return httpcontent.read_local(request.upload), None, None
        return None, None, upload
    if request.data:
        return httpcontent.joined_data(request.data), httpcontent.FORM, None
    if request.parts:
        from rrcli.adapters.http.prepare.multipart import multipart
        from rrcli.adapters.http.prepare.partwords import read_parts

        return multipart(read_parts(request.parts), request.compress, _given_type(given))
    from rrcli.adapters.http.prepare.items import form_value, json_content

    if any(item.separator == "@" for item in data):
        from rrcli.adapters.http.prepare.multipart import multipart

        return multipart([_part(item) for item in data], request.compress, _given_type(given))
    if request.form:
        return httpcontent.form([(item.name, form_value(item)) for item in data]).encode(), httpcontent.FORM, None
    return json_content(data), JSON, None


def _is_whole(item: Item) -> bool:
    """Whether the item is `@FILE`, whose file is the whole content."""
    return item.separator == "@" and not item.name


def _refuse_coding(coding: str, given: GivenFields) -> None:
    """Raise `usage` for a Content-Encoding of the user's that is not what `--compress` makes."""
    named = next((value for name, value in given if name.lower() == "content-encoding" and value), coding)
    if named.lower() != coding:
        raise usage(f"--compress {coding} and the field Content-Encoding: {named} exclude each other", "--compress sends the field itself")


def _compressed(coding: str, content: bytes | None, upload: Upload | None) -> bytes | None:
    """The content as it goes out; an upload is compressed on its way. Raises `usage` where there is neither."""
    from rrcli.adapters.http.prepare.content import compressed

    if content is None and upload is None:
        raise usage("--compress compresses content, and there is none", "--compressed asks for a compressed answer")
    return None if content is None else compressed(content, coding)


def _part(item: Item) -> Part:
    from rrcli.adapters.http.prepare.content import octets
    from rrcli.adapters.http.prepare.items import form_value
    from rrcli.adapters.http.prepare.multipart import Part, item_part

    if item.separator == "@":
        return item_part(item.name, item.value)
    return Part(name=item.name, content=octets(form_value(item)))


def _given_type(given: GivenFields) -> str | None:
    """The Content-Type that the user gave."""
    return next((value for name, value in given if name.lower() == "content-type" and value), None)


def _with_boundary(given: GivenFields, media_type: str) -> GivenFields:
    """The user's fields, a Content-Type among them with the boundary that separates the parts."""
    return [(name, media_type if value and name.lower() == "content-type" else value) for name, value in given]


# --- fields


def _merged(defaults: list[tuple[str, str]], given: GivenFields) -> Fields:
    """The defaults that the user neither gave nor took away, then the user's own, in their order and case."""
    named = {name.lower() for name, _ in given}
    kept = [field for field in defaults if field[0].lower() not in named]
    return (*kept, *((name, value) for name, value in given if value is not None))


def _given_fields(request: AnyHttpRequest, items: list[Item]) -> GivenFields:
    """The fields of `-H`, then those of the items."""
    lines: list[str] = []
    for text in request.headers:
        if text.startswith("@"):
            from rrcli.adapters.http.prepare.items import read_text

            lines += [line.removesuffix("\r") for line in read_text(text[1:], LARGEST_FIELDS).split("\n") if line.strip()]
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


def _default_fields(state: HopState, url: Url, exchange_id: str, *, accept: str) -> list[tuple[str, str]]:
    """What goes out unless the user says otherwise, without Host and what describes the content."""
    request = state.options
    agent = f"rrcli/{__version__}" if request.user_agent is None else request.user_agent
    fields = [("User-Agent", agent), ("Accept", accept)] if agent else [("Accept", accept)]
    if request.compressed:
        from rrcli.codec.http.content import askable

        fields.append(("Accept-Encoding", askable()))
    if request.names_credentials or url.user is not None:
        from rrcli.adapters.http.prepare.auth import authorization

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

        fields += range_fields(request, state.if_range)
    if request.request_id is not None:
        fields.append(("X-Request-ID", exchange_id))
    if request.idempotency_key is not None:
        fields.append(("Idempotency-Key", request.idempotency_key))
    if request.traceparent is not None:
        from rrcli.base.tracecontext import to_send

        fields.append(("traceparent", to_send(request.traceparent)))
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
