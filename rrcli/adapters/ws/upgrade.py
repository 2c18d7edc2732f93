"""A WebSocket: an HTTP/1.1 exchange that asks for the change of protocol, and messages both ways over the connection it leaves."""

from __future__ import annotations

from rrcli.adapters.http.versions.http1 import Http1Stream
from rrcli.adapters.http.versions.response import ResponseReader
from rrcli.adapters.http.versions.stream import send_request
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import first
from rrcli.engine.events import Finished, Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.state.cookies import StateJar
    from rrcli.codec.ws import Event as WsEvent
    from rrcli.codec.ws import Handshake, WebSocket
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response
    from rrcli.wire.stream import Stream

GOODBYE = 1.0  # seconds for the peer's close frame to answer ours


class Socket:
    """An open WebSocket: messages over a stream. Pings are answered while it is read."""

    def __init__(self, stream: Stream, codec: WebSocket, answer: Response) -> None:
        self.answer = answer  # the 101
        self.codec = codec
        self._stream = stream

    def say(self, text: str, note: str) -> None:
        """Send a text message."""
        self.codec.text(text)
        self._flush(note)

    def receive(self) -> list[WsEvent]:
        """The events that come next, perhaps none yet. Raises `closed` when the peer is gone without a word, and as the codec."""
        data = self._stream.receive()
        if not data:
            self.codec.eof()
        try:
            return self.codec.feed(data) if data else []
        finally:
            self._flush("pong or close")

    def close(self, code: int = 1000, *, wait: bool = True) -> None:
        """Say goodbye and, with `wait`, hear the peer's for up to a second; whatever else it says is not read any more."""
        try:
            self.codec.close(code)
            self._flush("close")
            until = Deadline.after(GOODBYE, "")
            while wait and self.codec.closed is None and self._stream.wait_readable((until.remaining_ms() or 1) / 1000):
                if until.passed() or not (data := self._stream.receive()):  # a peer that talks on moves no limit
                    return
                self.codec.feed(data)
        except ExchangeError:
            return  # it was over already

    def _flush(self, note: str) -> None:
        """Send what is to be sent. The transcript shows it under a key of zeros: the same frames, legible, so that secrets are found."""
        data = self.codec.out()
        if data:
            recorder = self._stream.recorder
            since = recorder.entries
            self._stream.write(data, note)
            recorder.show_instead(since, unmasked(data))


def upgrade(
    stream: Stream, prepared: PreparedRequest, handshake: Handshake, kept: StateJar | None, context: Context
) -> Generator[Event, None, Socket | None]:
    """Ask for the change of protocol, in the phase `handshake`; `None` when the answer is another than 101, and was told as such.

    The cookies of the answer are `kept`. Raises `malformed` for a 101 that does not answer the request.
    """
    context.recorder.timeline.enter("handshake")

    def leads(answer: Response) -> None:
        if first(answer.fields, "set-cookie") is not None:
            from rrcli.adapters.http.state.cookies import receive

            receive(kept, prepared, answer, context)

    exchange = Http1Stream(stream, prepared.method, "upgrade")
    reader = ResponseReader(prepared, context, exchange, leads)
    for event in send_request(exchange, prepared, reader, context):
        if reader.answer and reader.answer.status.code != 101:
            yield event.replace(answer=not_switched(event.answer)) if isinstance(event, Finished) and event.answer else event
    answer = reader.answer
    assert answer
    if answer.status.code != 101:
        return None
    yield Received(answer=answer)
    return Socket(exchange.take_over(), handshake.agree(answer.fields, max_size=context.request.max_size), answer)


def not_switched(answer: Response) -> Response:
    """An answer that left the protocol as it was, which is a failure whatever its status."""
    reason = f"the server did not change to WebSocket: it answered {answer.summary}"
    known = None if (answer.status.code or 0) >= 400 else ("graphql", "NO_WEBSOCKET")
    return answer.replace(status=answer.status.replace(ok=False, reason=reason, explain_as=known))


def unmasked(data: bytes) -> bytes:
    """Whole frames of a client as they are under a masking key of zeros (RFC 6455 section 5.3)."""
    shown = bytearray(data)
    at = 0
    while at + 2 <= len(shown):
        size = shown[at + 1] & 0x7F
        begin = at + 2 + {126: 2, 127: 8}.get(size, 0)
        if begin > at + 2:
            size = int.from_bytes(shown[at + 2 : begin], "big")
        key = bytes(shown[begin : begin + 4])
        end = begin + 4 + size
        payload = shown[begin + 4 : end]
        whole = int.from_bytes(payload, "big") ^ int.from_bytes((key * (size // 4 + 1))[: len(payload)], "big")
        shown[begin:end] = bytes(4) + whole.to_bytes(len(payload), "big")
        at = end
    return bytes(shown)
