"""HTTP/2 over a stream: a request on its own stream out, the answer in, with windows, pings and settings kept (RFC 9113).

The server's SETTINGS come before it has looked at the request; they do not end the `wait` for its answer.
"""

from __future__ import annotations

from rrcli.adapters.http.exchange.http1 import CONTINUE_WAIT
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h2 import VERSION, Http2Client
from rrcli.codec.http.h2fields import fields_of, lost_fields
from rrcli.codec.http.h2frames import FrameNotes
from rrcli.policy.secrets import mask_field
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.http.exchange.response import ResponseReader
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream


class FrameTrace(Recorder):
    """The trace of an exchange, its transcript cut into frames and without the bytes of field blocks.

    It is the other trace, seen differently: what is written down in one stands in both.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.__dict__ = recorder.__dict__
        self._sent = FrameNotes(mask_field, preface=True)
        self._received = FrameNotes(mask_field, preface=False)

    def sent(self, data: bytes | memoryview, at_ns: int, note: str | None = None) -> None:
        for piece, said in self._sent.cut(bytes(data)):
            super().sent(piece, at_ns, note or said)

    def received(self, data: bytes, at_ns: int, note: str | None = None) -> None:
        for piece, said in self._received.cut(data):
            super().received(piece, at_ns, note or said)


def annotate_frames(stream: Stream, context: Context) -> None:
    """Have the transcript, if there is to be one, show this stream's frames."""
    if context.request.wire is not None:
        stream.recorder = FrameTrace(context.recorder)


def as_sent(prepared: PreparedRequest) -> PreparedRequest:
    """The request with the version and the fields that go out."""
    return prepared.replace(version=VERSION, fields=fields_of(prepared.fields))


def note_dropped(prepared: PreparedRequest, context: Context) -> None:
    """Note the user's own fields that HTTP/2 has no place for."""
    lost = lost_fields(prepared.fields)
    if lost:
        context.note("field-dropped", f"HTTP/2 has no place for {', '.join(lost)} (RFC 9113 section 8.2.2): not sent")


class Talk:
    """The two directions of one request on a connection of its own."""

    def __init__(self, stream: Stream, reception: ResponseReader, client: Http2Client) -> None:
        self._stream = stream
        self._reception = reception
        self._client = client
        self._sends = True  # the request is not whole yet

    def send(self, prepared: PreparedRequest) -> Iterator[Event]:
        """Send the request, its content as the windows allow."""
        authority = next((value for name, value in prepared.fields if name.lower() == "host"), "")
        empty = not (prepared.content or prepared.upload)
        self._client.request(prepared.method, prepared.scheme, authority, prepared.target, prepared.fields, end=empty)
        if empty:
            yield from self.flush()
            self._sends = False
        else:
            if prepared.awaits_continue:
                yield from self.flush()
                yield from self.await_continue()
            yield from self.send_content(prepared)

    def flush(self) -> Iterator[Event]:
        """Send what has to go out, reading what comes meanwhile."""
        while data := memoryview(self._client.to_send()):
            while data and not self._stream.reset:
                if self._reception.answer is None and self._sends:
                    self._stream.recorder.timeline.resume_sending()
                data = data[self._stream.write_until_input(data) :]
                while self._stream.buffered and not self._reception.ended:
                    yield from self._take(self._stream.receive())
            if self._stream.reset:
                return

    def read(self) -> Iterator[Event]:
        """Wait for bytes and answer what they ask for."""
        yield from self._take(self._stream.receive())
        if not self._reception.ended:
            yield from self.flush()

    def _take(self, data: bytes) -> Iterator[Event]:
        yield from self._reception.feed(data) if data else self._reception.end_of_stream()
        timeline = self._stream.recorder.timeline
        if self._reception.answer is None and timeline.current == "receive":  # frames came, but none of the answer
            timeline.enter("wait")
            timeline.phases["wait"] = timeline.phases.get("wait", 0) + timeline.phases.pop("receive")

    def await_continue(self) -> Iterator[Event]:
        """Hold the content back until a 100 or a final answer, but not for longer than a second (RFC 9110 section 10.1.1)."""
        until = Deadline.after(CONTINUE_WAIT, "")
        while self._reception.answer is None and not self._reception.may_continue and not until.passed():
            if self._stream.wait_readable((until.remaining_ms() or 1) / 1000):
                yield from self.read()
        if self._reception.answer is not None:  # the wait for it was part of the sending (contract, section 3)
            self._stream.recorder.timeline.count_wait_as_send()

    def send_content(self, prepared: PreparedRequest) -> Iterator[Event]:
        """Send the content. An answer from 300 on, or a reset after a whole one, ends the sending (RFC 9113 section 8.1)."""
        if prepared.content is not None:
            whole = yield from self._send_piece(prepared.content, end=True)
        else:
            assert prepared.upload
            for piece in prepared.upload.pieces(chunked=False, deadline=self._stream.deadline):
                if not (whole := (yield from self._send_piece(piece))):
                    break
            else:
                whole = yield from self._send_piece(b"", end=True)
        self._sends = False
        if not whole and self._reception.answer is not None:
            self._reception.upload_stopped()
            self._client.cancel()

    def _send_piece(self, data: bytes, *, end: bool = False) -> Generator[Event, None, bool]:
        """Send a piece of content; false when an answer made it pointless before all of it had left."""
        client, reception = self._client, self._reception
        if client.stopped or reception.refused:
            return False
        client.send(data, end=end)
        yield from self.flush()
        while client.unsent and not (client.stopped or reception.refused):
            yield from self.read()
        return not (client.unsent or client.stopped)


def choose_failure(chosen: str | None) -> ExchangeError:
    """The failure of a server that was to speak HTTP/2 and chose otherwise; nothing has been sent."""
    what = f"chose {chosen}" if chosen else "chose no protocol by ALPN"
    hint = "leave --http2 out to take what it speaks; --http2-prior-knowledge speaks HTTP/2 without asking"
    return ExchangeError("protocol", "unsupported", f"the server does not offer HTTP/2: it {what}", hint=hint, phase="tls")
