"""The connection of gRPC: HTTP/2 to the server, and one call on it as the fields and messages that it brings."""

from __future__ import annotations

from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.versions.h2session import H2Session, H2Stream
from rrcli.adapters.http.versions.http2 import annotate_frames
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import first
from rrcli.codec.grpc.framing import Unframer, frame
from rrcli.codec.grpc.status import OF_HTTP, UNKNOWN, code_of, message_of
from rrcli.codec.http.h1 import Data, End, Head, Trailers
from rrcli.engine.context import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields

MEDIA_TYPE = "application/grpc"
MOST_UNASKED = 100  # messages that may come where one was asked for
CLEAR_HINT = "the port may want TLS (--tls or grpcs://), or does not speak HTTP/2"


class Refused(Exception):
    """A call that was made before the one that is asked for came to this status; `http` where it has none of gRPC."""

    def __init__(self, code: int, message: str, fields: Fields, http: int | None = None, content: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields
        self.http = http
        self.content = content


def open_session(request: GrpcRequest, place: Place, context: Context) -> H2Session:
    """A connection that speaks HTTP/2. Raises what connecting raises, and `unsupported` where the server chose otherwise."""
    if place.socket:
        context.route = Route(proxy=request.proxy, unix_socket=place.socket, sni=request.sni)
    connection = context.connect(place.host, place.port, tls=place.tls, alpn=("h2",))
    chosen = context.recorder.tls.alpn if context.recorder.tls else None
    if chosen not in (None, "h2"):
        connection.close()
        raise ExchangeError("protocol", "unsupported", f"gRPC needs HTTP/2, and the server chose {chosen}", phase="tls")
    annotate_frames(connection, context)
    return H2Session(connection)


def leave(session: H2Session) -> None:
    """The exchange is over: a connection of its own is closed."""
    if type(session) is H2Session:
        session.connection.close()


def done_with(session: H2Session, stream: H2Stream, *, over: bool) -> None:
    """Nothing more is wanted of a call; on a connection that others use too it is forgotten."""
    if type(session) is not H2Session:
        session.leave(stream)  # type: ignore[attr-defined]  # a shared one has it
    elif not over:
        stream.cancel()


def prepared_call(place: Place, path: str, fields: Fields, authority: str | None) -> PreparedRequest:
    """The request of HTTP that a call is."""
    return PreparedRequest(
        method="POST",
        url=place.url(path),
        scheme=place.scheme,
        host=place.host,
        port=place.port,
        target=path,
        version="HTTP/2",
        fields=(("host", authority or place.authority), *fields),
        coded=True,
    )


def is_grpc(fields: Fields) -> bool:
    """Whether an answer's head says that it is gRPC's."""
    return (first(fields, "content-type") or "").strip().lower().startswith(MEDIA_TYPE)


def explained(error: ExchangeError, context: Context, *, tls: bool) -> ExchangeError:
    """The error in words for gRPC, which has no other version of HTTP to fall back on."""
    recorder = context.recorder
    if tls and recorder.certificate_asked and not context.request.cert and not recorder.answered and error.kind in ("closed", "reset"):
        hint = "the server wants a client certificate that it trusts: --cert FILE --key FILE"
        message = "the server asked for a client certificate, got none, and closed"
        return ExchangeError("tls", "client_certificate_required", message, hint=hint, phase="tls")
    if error.kind == "closed" and not tls and error.hint and "--http1.1" in error.hint:
        error.hint = CLEAR_HINT
    elif error.hint and "--http1.1" in error.hint:
        error.hint = "gRPC needs HTTP/2: is this the port of a gRPC server? rrcli http shows what answers"
    return error


def ask(session: H2Session, context: Context, prepared: PreparedRequest, question: bytes, limit: int) -> Generator[Event, None, bytes]:
    """The first message that answers a question, in a call beside the one that is asked for. Raises `Refused` where none comes."""
    stream = session.open(context)
    answer = _Answer(limit)
    stream.send_head(prepared, end=False)
    stream.send_data(frame(question), end=True)
    try:
        while not (answer.messages or answer.ended):
            yield from stream.wait()
            for batch in stream.events():
                for event in batch:
                    answer.take(event)
    finally:
        done_with(session, stream, over=answer.ended)
    if not answer.messages:
        raise answer.refused()
    return answer.messages[0]


class _Answer:
    """What came of such a call."""

    def __init__(self, limit: int) -> None:
        self.messages: list[bytes] = []
        self.ended = False
        self._unframer = Unframer(limit)
        self._head: Head | None = None
        self._trailers: Fields = ()
        self._content = b""

    def take(self, event: CodecEvent) -> None:
        if isinstance(event, Head):
            self._head = event
            self._unframer.encoding = first(event.fields, "grpc-encoding") or "identity"
        elif isinstance(event, Trailers):
            self._trailers = event.fields
        elif isinstance(event, End):
            self.ended = True
        elif isinstance(event, Data) and self._head:
            if is_grpc(self._head.fields):
                self.messages += [each.data for each in self._unframer.feed(event.data)]
                if len(self.messages) > MOST_UNASKED:
                    raise ExchangeError("protocol", "malformed", f"more than {MOST_UNASKED} messages answer one question")
            else:
                self._content += event.data
                if len(self._content) > 1 << 16:
                    self._content, self.ended = self._content[: 1 << 16], True

    def refused(self) -> Refused:
        """The status that came in the place of a message."""
        assert self._head
        fields = self._trailers if first(self._trailers, "grpc-status") is not None else self._head.fields
        said = first(fields, "grpc-status")
        if said is None:
            code = OF_HTTP.get(self._head.code, UNKNOWN)
            return Refused(code, "", self._head.fields, self._head.code, self._content)
        number = code_of(said)
        return Refused(UNKNOWN if number is None else number, message_of(first(fields, "grpc-message") or ""), fields)
