"""The call itself: messages out and messages in, both at once where the method has streams."""

from __future__ import annotations

from rrcli.adapters.grpc.connection import done_with, prepared_call
from rrcli.adapters.grpc.metadata import fields_of_call
from rrcli.adapters.grpc.reply import GrpcReader, Reply
from rrcli.adapters.http.versions.stream import drain, receive
from rrcli.codec.grpc.framing import frame
from rrcli.engine.events import Finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any

    from rrcli.adapters.grpc.messages import StandardInput
    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.versions.h2session import H2Session
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields

AT_ONCE = 1e-9  # seconds: 0 would be no limit


class Call:
    """One call on a session. `sent` has the time and the size of each message that went out."""

    def __init__(self, request: GrpcRequest, place: Place, path: str, metadata: Fields, context: Context) -> None:
        self.timeout_ms = context.deadline.remaining_ms()
        self.sent: list[dict[str, Any]] = []
        self._gzip = request.compress == "gzip"
        self._fields = fields_of_call(metadata, timeout_ms=self.timeout_ms, gzip=self._gzip)
        self._prepared = prepared_call(place, path, self._fields, request.authority)
        self._context = context

    @property
    def prepared(self) -> PreparedRequest:
        return self._prepared

    @property
    def fields(self) -> Fields:
        """As they go out."""
        return self._fields

    def run(self, session: H2Session, messages: Iterable[bytes] | None, encode: Callable[[Any], bytes], reply: Reply) -> Iterator[Event]:
        """Send the messages, or with `None` those on standard input, and tell of the answer until it is over."""
        stream = session.open(self._context)
        reader = GrpcReader(self._prepared, self._context, stream, lambda _: None)
        over = False
        try:
            stream.send_head(self._prepared, end=False)
            if messages is None:
                from rrcli.adapters.grpc.messages import StandardInput

                going = self._interleaved(session, stream, reader, StandardInput(), encode, reply)
            else:
                going = self._all(stream, reader, list(messages), reply)
            yield from going
            while not (reader.ended or reply.enough):
                yield from reply.read(receive(stream, reader))
            over = reader.ended
        finally:
            reader.tell_notes()
            done_with(session, stream, over=over)
        if reply.enough and not reply.ended:
            assert reply.answer
            yield Finished(answer=reply.answer.replace(framing="message", data={**reply.answer.data, **reply.data()}))

    def _send(self, stream: Any, message: bytes, *, end: bool) -> None:
        stream.send_data(frame(message, gzip=self._gzip), end=end)

    def _told(self, size: int) -> None:
        timeline = self._context.recorder.timeline
        self.sent.append({"at_ms": round((timeline.last_ns - timeline.origin_ns) / 1e6, 3), "size": size})

    def _all(self, stream: Any, reader: GrpcReader, messages: list[bytes], reply: Reply) -> Iterator[Event]:
        """Send messages that are known, and the end behind the last one."""
        if not messages:
            stream.send_data(b"", end=True)
        for at, message in enumerate(messages):
            self._send(stream, message, end=at == len(messages) - 1)
            whole = yield from self._drained(stream, reader, reply)
            self._told(len(message))
            if not whole or reply.enough:
                stream.cancel()
                return
        yield from self._drained(stream, reader, reply)

    def _drained(self, stream: Any, reader: GrpcReader, reply: Reply) -> Generator[Event, None, bool]:
        """Wait until all has left, and tell of what comes meanwhile; false when it became pointless."""
        whole = True

        def events() -> Iterator[Event]:
            nonlocal whole
            whole = yield from drain(stream, reader)

        yield from reply.read(events())
        return whole

    def _interleaved(
        self, session: H2Session, stream: Any, reader: GrpcReader, source: StandardInput, encode: Callable[[Any], bytes], reply: Reply
    ) -> Iterator[Event]:
        """Send each message of standard input as it is read, and tell of what comes meanwhile."""
        from select import POLLIN, poll

        connection, deadline = session.connection, self._context.deadline
        poller = poll()
        poller.register(source.descriptor, POLLIN)
        poller.register(connection.link.fileno(), POLLIN)
        yield from self._drained(stream, reader, reply)
        while not (source.over or reader.ended or reply.enough or stream.stopped):
            if connection.wait_readable(AT_ONCE):
                yield from reply.read(receive(stream, reader))
                continue
            ready = [number for number, _ in poller.poll(deadline.remaining_ms())]
            if deadline.passed():
                deadline.expire()
            if source.descriptor in ready:
                for value in source.read():
                    message = encode(value)
                    self._send(stream, message, end=False)
                    yield from self._drained(stream, reader, reply)
                    self._told(len(message))
        if not (reader.ended or reply.enough or stream.stopped):
            stream.send_data(b"", end=True)
            yield from self._drained(stream, reader, reply)
