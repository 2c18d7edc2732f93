"""HTTP/1.0 and 1.1 over a connection: head and content out, the answer in, each as early as it comes (RFC 9112)."""

from __future__ import annotations

from rrcli.adapters.http.versions.stream import ClientStream
from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h1 import LAST_CHUNK, End, ResponseDecoder, encode_chunk, encode_request
from rrcli.policy.secrets import head_spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.base.deadline import Deadline
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream

ONE_WRITE = 65536  # bytes of content that go out together with the head


def head_of(prepared: PreparedRequest) -> bytes:
    """The bytes before the content. Raises `usage` for what would break them apart."""
    return encode_request(prepared.method, prepared.target, prepared.version, prepared.fields)


class Http1Stream(ClientStream):
    """A request and its answer on a connection that has no other meanwhile. `note` is the transcript's word for the head."""

    def __init__(self, connection: Stream, method: str, note: str = "head") -> None:
        self.decoder = ResponseDecoder(method)
        self.notes = self.decoder.notes
        self.cancelled = False  # a part of the request was never sent: no other can follow on this connection
        self._connection = connection
        self._note = note
        self._chunked = False
        self._queue: list[tuple[bytes | memoryview, str]] = []  # what is to be written, with its note for the transcript
        self._arrived: list[bytes] = []
        self._reset = False
        self._ended = False
        self._leftover = b""

    @property
    def framing(self) -> str | None:
        return self.decoder.framing

    @property
    def transfer_codings(self) -> tuple[str, ...]:
        return self.decoder.transfer_codings

    @property
    def unread(self) -> bytes:
        return self.decoder.unread

    @property
    def unsent(self) -> int:
        return sum([len(data) for data, _ in self._queue])

    @property
    def stopped(self) -> bool:
        return self._reset

    def send_head(self, prepared: PreparedRequest, *, end: bool) -> None:
        self._chunked = prepared.chunked
        head = head_of(prepared)
        if self._connection.recorder.keeps_transcript:
            for start, stop in head_spans(head):
                self._connection.recorder.secret_span(start, stop)
        self._queue.append((head, self._note))
        if end and self._chunked and prepared.content is not None:
            self._queue.append((LAST_CHUNK, "content"))

    def send_data(self, data: bytes, *, end: bool) -> None:
        framed = encode_chunk(data) + (LAST_CHUNK if end else b"") if self._chunked else data
        if self._queue and self._queue[-1][1] == self._note and len(data) <= ONE_WRITE:
            head, _ = self._queue.pop()
            self._queue.append((b"".join((head, framed)), f"{self._note} and content"))
        elif framed:
            self._queue.append((framed, "content"))

    def cancel(self) -> None:
        self.cancelled = True
        self._queue.clear()

    def wait(self, until: Deadline | None = None) -> Iterable[Event]:
        connection = self._connection
        if self._queue:
            self._write()
            while connection.buffered:
                self._arrived.append(connection.receive())
        elif until is None or connection.wait_readable((until.remaining_ms() or 1) / 1000):
            self._arrived.append(connection.receive())
        return ()

    def _write(self) -> None:
        """Write what comes next, until something arrives. A reset that comes behind an answer only ends the sending."""
        data, note = self._queue[0]
        if self.framing is None and not self._connection.is_ahead:
            self._connection.recorder.timeline.resume_sending()
        try:
            rest = memoryview(data)[self._connection.write_until_input(data, note) :]
        except ExchangeError as error:
            if error.kind != "reset" or self.framing is None:
                raise
            self._reset = True
            return
        self._queue[:1] = [(rest, note)] if rest else []

    def events(self) -> Iterator[list[CodecEvent]]:
        arrived, self._arrived = self._arrived, []
        for data in arrived:
            if self._ended:
                self._leftover += data
            try:
                found = self.decoder.feed(data) if data else self.decoder.eof()
            except ExchangeError:
                yield self.decoder.salvaged
                raise
            if found and isinstance(found[-1], End):
                self._ended, self._leftover = True, found[-1].leftover
            yield found

    def take_over(self) -> Stream:
        self._connection.unread(self._leftover)
        return self._connection
