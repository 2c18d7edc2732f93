"""DNS over HTTPS (RFC 8484): the message as the content of a POST, or in the query of a GET; HTTP/2 or 1.1, as the server chooses."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large, truncated
from rrcli.base.url import host_port
from rrcli.codec.dns import message as codec
from rrcli.codec.http.h1 import Data, End, Head, ResponseDecoder, encode_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.codec.http.h1 import Event
    from rrcli.codec.http.h2 import Http2Client
    from rrcli.engine.context import Context
    from rrcli.model.values import Fields
    from rrcli.wire.stream import Stream

MEDIA_TYPE = "application/dns-message"
LARGEST = 65535  # bytes of a DNS message
HINTS = {
    400: "the server could not read the message, or takes no GET: try it with or without --get",
    404: "is /dns-query the server's path? its own is given as @https://HOST/PATH",
    405: "the server takes no such method: try it with or without --get",
    415: "the server does not take application/dns-message: it is no DNS server, or speaks a JSON of its own",
    429: "the server limits its clients: wait before asking again",
}


def ask(query: Query, context: Context) -> codec.Message:
    """The answer. Raises `ExchangeError`, also for an HTTP status that is no success."""
    question = query.question
    stream = context.connect(question.host, question.port, tls=True, alpn=("h2", "http/1.1"))
    try:
        exchange = _Http(query, context)
        if context.recorder.tls and context.recorder.tls.alpn == "h2":
            exchange.over_http2(stream)
        else:
            exchange.over_http1(stream)
    finally:
        stream.close()
    return exchange.message()


class _Http:
    """One HTTP request and its answer, whichever version carries them."""

    def __init__(self, query: Query, context: Context) -> None:
        self.query = query
        self.context = context
        self.head: Head | None = None
        self.content = bytearray()
        self.ended = False
        question = query.question
        self.authority = host_port(question.host, None if question.port == 443 else question.port)
        self.body = b"" if query.request.get else query.wire
        self.method, self.path = ("GET", _with_query(question.path, query.wire)) if query.request.get else ("POST", question.path)

    def fields(self) -> Fields:
        content = () if not self.body else (("content-type", MEDIA_TYPE), ("content-length", str(len(self.body))))
        return (("accept", MEDIA_TYPE), *content)

    def over_http1(self, stream: Stream) -> None:
        codec = ResponseDecoder(self.method)
        fields = (("host", self.authority), *self.fields())
        stream.write(encode_request(self.method, self.path, "HTTP/1.1", fields) + self.body, f"{self.method} {self.path}")
        while not self.ended:
            data = stream.receive()
            self._take(codec.feed(data) if data else codec.eof())
        self.query.framing = codec.framing or "close"

    def over_http2(self, stream: Stream) -> None:
        from rrcli.codec.http.h2 import Http2Client

        client = Http2Client()
        client.request(self.method, "https", self.authority, self.path, self.fields(), end=not self.body)
        if self.body:
            client.send(self.body, end=True)
        self._flush(client, stream)
        while not self.ended:
            data = stream.receive()
            self._take(client.feed(data) if data else client.eof())
            if not self.ended:
                self._flush(client, stream)
        self.query.framing = client.framing or "end-stream"

    def _flush(self, client: Http2Client, stream: Stream) -> None:
        if data := client.to_send():
            stream.write(data)

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Head):
                self.head = event
            elif isinstance(event, Data):
                self.content += event.data
                if len(self.content) > LARGEST:
                    raise too_large(f"the answer is larger than a DNS message can be ({LARGEST} bytes)")
            elif isinstance(event, End):
                self.ended = True

    def message(self) -> codec.Message:
        """The message within the answer. Raises what is wrong with it."""
        head = self.head
        if head is None:
            raise truncated("the answer ended before its status")
        if not 200 <= head.code < 300:
            raise _refusal(head)
        kind = _field(head, "content-type").partition(";")[0].strip().lower()
        if kind != MEDIA_TYPE:
            got = f"its content is {kind}" if kind else "it has no media type"
            raise malformed(f"the answer is no DNS message: {got}, not {MEDIA_TYPE}", "the server speaks HTTP, but not DNS at this path")
        data = bytes(self.content)
        answer = codec.read(data)
        if not codec.is_answer(data) or codec.ident_of(data) != self.query.asked.id or not codec.answers(answer, self.query.asked):
            raise malformed("the answer is to another question")
        return answer


def _with_query(path: str, wire: bytes) -> str:
    """The path with the message as its `dns` parameter, in base64url without padding (RFC 8484 §6)."""
    from base64 import urlsafe_b64encode

    return f"{path}{'&' if '?' in path else '?'}dns={urlsafe_b64encode(wire).decode().rstrip('=')}"


def _refusal(head: Head) -> ExchangeError:
    """The failure that an HTTP status means."""
    from rrcli.explain import explain

    known = explain("http", str(head.code))
    said = f"the server answers HTTP {head.code} {head.reason or (known.title if known else '')}".rstrip()
    if location := _field(head, "location"):
        return ExchangeError("application", "bad_status", f"{said}, and leads to {location}", hint=f"ask there: @{location}")
    return ExchangeError("application", "bad_status", said, hint=HINTS.get(head.code, f"rrcli explain {head.code} says what it means"))


def _field(head: Head, name: str) -> str:
    return next((value for key, value in head.fields if key.lower() == name), "")
