"""One HTTP request and its answer over a stream of whichever version, and how they are exchanged: written once for all of them.

    stream = Http1Stream(tcp, "GET")                     # or a stream of HTTP/2 or HTTP/3
    reader = ResponseReader(prepared, context, stream, leads)
    yield from send_request(stream, prepared, reader, context)

A protocol that sends and receives at the same time uses what `send_request` is made of: `send_head`, then `send_data`, `drain` and
`receive` in any order until the reader has ended. What differs between the versions is what a method of the stream does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from rrcli.adapters.http.versions.response import sent
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import Any

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.versions.response import ResponseReader
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Note
    from rrcli.wire.stream import Stream

CONTINUE_WAIT = 1.0  # seconds for a 100, as curl has it


class ClientStream(ABC):
    """A request on its way out and its answer on its way in. Only `wait` waits; what arrived is handed on by `events`.

    `notes` are what was accepted though suspicious.
    """

    notes: list[Note]

    # --- the request

    def as_sent(self, prepared: PreparedRequest) -> PreparedRequest:
        """The request with the version and the fields that go out."""
        return prepared

    @abstractmethod
    def send_head(self, prepared: PreparedRequest, *, end: bool) -> None:
        """Begin the request; with `end` it has no content. Raises `usage` for what this version cannot carry."""

    @abstractmethod
    def send_data(self, data: bytes, *, end: bool) -> None:
        """Add content, which may be empty; `end` says that it was the last. Framing it is the stream's part."""

    @property
    @abstractmethod
    def unsent(self) -> int:
        """Bytes of the request, its end counted as one, that wait for the connection or for room in the peer's windows."""

    @property
    @abstractmethod
    def stopped(self) -> bool:
        """Whether the peer takes no more of the request."""

    @abstractmethod
    def cancel(self) -> None:
        """Send nothing more of a request that is not whole, and tell the peer so where the version can."""

    # --- the answer

    @property
    @abstractmethod
    def framing(self) -> str | None:
        """What tells where the answer ends; `None` before its head has come."""

    @property
    def transfer_codings(self) -> tuple[str, ...]:
        """Those of the answer's content, in the order in which they were applied; HTTP/1 alone has them."""
        return ()

    @property
    def unread(self) -> bytes:
        """What came behind a head that contradicts itself, once `events` has raised for it."""
        return b""

    @abstractmethod
    def wait(self, until: Deadline | None = None) -> Iterable[Event]:
        """Wait until some of the request has left, something arrived, or `until` has passed.

        Yields `Blocked` where other exchanges may go on meanwhile. Raises `ExchangeError` at the deadline, and when the connection fails.
        """

    @abstractmethod
    def events(self) -> Iterator[list[CodecEvent]]:
        """What has arrived since, as the events of `codec/http/h1.py`; then raises what broke the answer off, if anything did."""

    def measured(self) -> dict[str, Any]:
        """What the transport has to tell of a whole answer, for its `data`."""
        return {}

    def take_over(self) -> Stream:
        """The bytes below HTTP, both ways, after a 101 or a CONNECT that succeeded; what came behind the head is its first to read.

        Raises `unsupported` in a version whose connection carries other exchanges too.
        """
        raise ExchangeError("protocol", "unsupported", "a connection that carries streams cannot change to another protocol")


def send_request(stream: ClientStream, prepared: PreparedRequest, reader: ResponseReader, context: Context) -> Iterator[Event]:
    """Send the request and read its answer to the end.

    What comes meanwhile is read at once. A final answer from 300 on ends the sending, as does a peer that wants no more of it.
    """
    try:
        yield from _send(stream, prepared, reader, context)
        if prepared.upload:  # what went out is known only now
            yield sent(stream.as_sent(prepared))
        while not reader.ended:
            yield from receive(stream, reader)
    finally:
        reader.tell_notes()


def receive(stream: ClientStream, reader: ResponseReader, until: Deadline | None = None) -> Iterator[Event]:
    """Wait once, at most until then, and take what arrived of the answer."""
    yield from stream.wait(until)
    yield from reader.read()


def drain(stream: ClientStream, reader: ResponseReader) -> Generator[Event, None, bool]:
    """Wait until what was given to the stream has left; false when it became pointless to send it before."""
    while stream.unsent:
        if _is_pointless(stream, reader):
            return False
        yield from receive(stream, reader)
    return True


def _is_pointless(stream: ClientStream, reader: ResponseReader) -> bool:
    return stream.stopped or reader.refused


def _send(stream: ClientStream, prepared: PreparedRequest, reader: ResponseReader, context: Context) -> Iterator[Event]:
    """Send the request, as much of it as the peer wants."""
    has_content, whole = bool(prepared.content or prepared.upload), True
    stream.send_head(prepared, end=not has_content)
    if not prepared.content or prepared.awaits_continue:  # else the head goes out with the content
        whole = yield from drain(stream, reader)
    if prepared.awaits_continue and whole:
        yield from _await_continue(stream, reader, context)
    if has_content and whole:
        whole = yield from _send_content(stream, prepared, reader, context)
    if not whole:
        if has_content and reader.answer is not None:
            reader.upload_stopped()
        stream.cancel()


def _send_content(
    stream: ClientStream, prepared: PreparedRequest, reader: ResponseReader, context: Context
) -> Generator[Event, None, bool]:
    """Send the content piece by piece; false when it became pointless before all of it had left."""
    pieces = prepared.upload.pieces(context.deadline) if prepared.upload else ((prepared.content or b"", True),)
    for data, end in pieces:
        if data and _is_pointless(stream, reader):  # an end alone may be nothing that has to be sent
            return False
        stream.send_data(data, end=end)
        if not (yield from drain(stream, reader)):
            return False
    return True


def _await_continue(stream: ClientStream, reader: ResponseReader, context: Context) -> Iterator[Event]:
    """Hold the content back until a 100 or a final answer, but not for longer than a second (RFC 9110 section 10.1.1)."""
    until = Deadline.after(CONTINUE_WAIT, "")
    while reader.answer is None and not reader.may_continue and not until.passed():
        yield from receive(stream, reader, until)
    if reader.answer is not None:  # the wait for it was part of the sending (contract, section 3)
        context.recorder.timeline.count_wait_as_send()
