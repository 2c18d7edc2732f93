"""DNS over HTTPS (RFC 8484): the message as the content of a POST, or in the query of a GET; HTTP/2 or 1.1, as the server chooses."""

from __future__ import annotations

from rrcli.adapters.dns.query import HttpFailure
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.versions.http1 import Http1Stream
from rrcli.adapters.http.versions.response import ResponseReader
from rrcli.adapters.http.versions.stream import send_request
from rrcli.base.errors import ExchangeError, malformed, too_large
from rrcli.base.fields import first
from rrcli.base.url import host_port
from rrcli.codec.dns import message as codec
from rrcli.engine.events import Content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.adapters.http.versions.stream import ClientStream
    from rrcli.engine.context import Context
    from rrcli.model.values import Response, Status
    from rrcli.wire.stream import Stream

MEDIA_TYPE = "application/dns-message"
LARGEST = 65535  # bytes of a DNS message
HINTS = {
    400: "the server could not read the message, or takes no GET: try it with or without --get",
    404: "is {path} the server's path? its own is given as @https://HOST/PATH",
    405: "the server takes no such method: try it with or without --get",
    415: "the server does not take application/dns-message: it is no DNS server, or speaks a JSON of its own",
    429: "the server limits its clients: wait before asking again",
}


def ask(query: Query, context: Context) -> codec.Message:
    """The answer. Raises `HttpFailure` for an HTTP status that is no success, `ExchangeError` for all else."""
    prepared = _prepare(query)
    connection = context.connect(prepared.host, prepared.port, tls=True, alpn=("h2", "http/1.1"))
    content = bytearray()
    try:
        stream = _stream(connection, prepared, context)
        reader = ResponseReader(prepared, context, stream, lambda _: None)
        for event in send_request(stream, prepared, reader, context):
            if isinstance(event, Content):
                content += event.data
                if len(content) > LARGEST:
                    raise too_large(f"the answer is larger than a DNS message can be ({LARGEST} bytes)")
    finally:
        connection.close()
    assert reader.answer
    query.framing = reader.answer.framing or ""
    return _message(reader.answer, bytes(content), prepared, query)


def _prepare(query: Query) -> PreparedRequest:
    """The HTTP request that carries the question."""
    question, content = query.question, None if query.request.get else query.wire
    authority = host_port(question.host, None if question.port == 443 else question.port)
    path = question.path if content else _with_query(question.path, query.wire)
    described = (("content-type", MEDIA_TYPE), ("content-length", str(len(content)))) if content else ()
    return PreparedRequest(
        method="POST" if content else "GET",
        url=question.url,
        scheme="https",
        host=question.host,
        port=question.port,
        target=path,
        version="HTTP/1.1",
        fields=(("host", authority), ("accept", MEDIA_TYPE), *described),
        content=content,
        coded=True,
    )


def _stream(connection: Stream, prepared: PreparedRequest, context: Context) -> ClientStream:
    """The stream of the version that ALPN has chosen."""
    if context.recorder.tls and context.recorder.tls.alpn == "h2":
        from rrcli.adapters.http.versions.h2session import H2Session

        return H2Session(connection).open(context)
    return Http1Stream(connection, prepared.method, f"{prepared.method} {prepared.target}")


def _message(response: Response, content: bytes, prepared: PreparedRequest, query: Query) -> codec.Message:
    """The message within the answer. Raises what is wrong with it."""
    if not 200 <= (response.status.code or 0) < 300:
        raise HttpFailure(query.without_message(response.replace(status=_failed(response, prepared))))
    kind = (first(response.fields, "content-type") or "").partition(";")[0].strip().lower()
    if kind != MEDIA_TYPE:
        got = f"its content is {kind}" if kind else "it has no media type"
        raise malformed(f"the answer is no DNS message: {got}, not {MEDIA_TYPE}", "the server speaks HTTP, but not DNS at this path")
    answer = codec.read(content)
    if not codec.is_answer(content) or codec.ident_of(content) != query.asked.id or not codec.answers(answer, query.asked):
        raise malformed("the answer is to another question")
    return answer


def _with_query(path: str, wire: bytes) -> str:
    """The path with the message as its `dns` parameter, in base64url without padding (RFC 8484 §6)."""
    from base64 import urlsafe_b64encode

    return f"{path}{'&' if '?' in path else '?'}dns={urlsafe_b64encode(wire).decode().rstrip('=')}"


def _failed(response: Response, prepared: PreparedRequest) -> Status:
    """What an HTTP status that is no success means to somebody who asks for a name."""
    from rrcli.adapters.http.protocol import MANIFEST as HTTP
    from rrcli.explain import explain

    code = response.status.code or 0
    known = explain("http", str(code), HTTP.families)
    text = response.status.text or (known.title if known else "")
    said = f"the server answers HTTP {code} {text}".rstrip()
    action = HINTS.get(code, "").format(path=prepared.target.partition("?")[0]) or f"rrcli explain {code} says what it means"
    if 300 <= code < 400 and (location := first(response.fields, "location")):
        said += f", and leads to {location}"
        action = _followed(prepared, location)
    return response.status.replace(text=text, ok=False, reason=said, hint=action, explain_as=("http", str(code)))


def _followed(prepared: PreparedRequest, location: str) -> str:
    """How to ask where a redirect leads to; not done here, because it would choose another resolver (RFC 8484 §3)."""
    from rrcli.adapters.dns.questions import server_of
    from rrcli.adapters.http.redirect import resolve
    from rrcli.base.shellquote import quoted

    try:
        url = resolve(prepared, location)
        word = f"https://{host_port(url.host, url.port)}{url.path}"
        server_of(word)
    except ExchangeError as error:
        return f"it cannot be followed: {error.message}"
    if url.scheme != "https" or url.user is not None:
        return "DNS is asked over https:// alone, and without a user: is it the server you meant?"
    return f"ask there: {quoted(f'@{word}' if url.query is None or prepared.method == 'GET' else f'@{word}?{url.query}')}"
