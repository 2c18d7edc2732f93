"""HTTP/1.0 and 1.1 over a stream: head and content out, the answer in, each as early as it comes (RFC 9112)."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h1 import LAST_CHUNK, encode_chunk, encode_request
from rrcli.policy.secrets import head_spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.adapters.http.exchange.response import ResponseReader
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream

CONTINUE_WAIT = 1.0  # seconds for a 100, as curl has it
ONE_WRITE = 65536  # bytes of content that go out together with the head


def head_of(prepared: PreparedRequest) -> bytes:
    """The bytes before the content. Raises `usage` for what would break them apart."""
    return encode_request(prepared.method, prepared.target, prepared.version, prepared.fields)


class Talk:
    """The two directions of one connection."""

    def __init__(self, stream: Stream, reception: ResponseReader) -> None:
        self._stream = stream
        self._reception = reception

    def send(self, prepared: PreparedRequest) -> Iterator[Event]:
        """Send the request. What comes meanwhile is read at once; a final answer from 300 on ends the sending."""
        head = head_of(prepared)
        if self._stream.recorder.records:
            for start, end in head_spans(head):
                self._stream.recorder.secret_span(start, end)
        if prepared.content and len(prepared.content) <= ONE_WRITE and not prepared.awaits_continue:
            yield from self._write(head + b"".join(self._pieces(prepared)), "head and content")
            return
        yield from self._write(head, "head")
        if prepared.awaits_continue:
            yield from self._await_continue()
        try:
            for piece in self._pieces(prepared):
                if not (yield from self._write(piece, "content")):
                    self._reception.upload_stopped()
                    return
        except ExchangeError as error:
            if error.kind != "reset" or self._reception.answer is None:
                raise
            self._reception.upload_stopped()

    def read(self) -> Iterator[Event]:
        """Wait for bytes of the answer, or for its end."""
        data = self._stream.receive()
        yield from self._reception.feed(data) if data else self._reception.end_of_stream()

    def _pieces(self, prepared: PreparedRequest) -> Iterator[bytes]:
        """The content as it goes on the wire."""
        if prepared.upload:
            return prepared.upload.pieces(chunked=prepared.chunked, deadline=self._stream.deadline)
        if prepared.content is None:
            return iter(())
        return iter((encode_chunk(prepared.content) + LAST_CHUNK if prepared.chunked else prepared.content,))

    def _write(self, data: bytes, note: str) -> Generator[Event, None, bool]:
        """Send `data`, `note` being for the transcript; false when an answer that refuses it came before its end."""
        rest = memoryview(data)
        while rest and not self._reception.refused:
            if self._reception.answer is None:
                self._stream.recorder.timeline.resume_sending()
            rest = rest[self._stream.write_until_input(rest, note) :]
            while self._stream.buffered:
                yield from self._reception.feed(self._stream.receive())
        return not rest

    def _await_continue(self) -> Iterator[Event]:
        """Hold the content back until a 100 or a final answer, but not for longer than a second (RFC 9110 section 10.1.1)."""
        until = Deadline.after(CONTINUE_WAIT, "")
        while self._reception.answer is None and not self._reception.may_continue and not until.passed():
            if self._stream.wait_readable((until.remaining_ms() or 1) / 1000):
                yield from self.read()
        if self._reception.answer is not None:  # the wait for it was part of the sending (contract, section 3)
            self._stream.recorder.timeline.count_wait_as_send()
