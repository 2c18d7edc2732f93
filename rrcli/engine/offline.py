"""`--offline`: the request is built by its own adapter and written to nobody; no name is looked up, no socket opened.

The adapter gets a stream that takes every byte and on which nothing ever comes. What it writes before it waits for an answer
is the request, and goes to the observer as it is made: the exact bytes, of an upload piece by piece.
"""

from __future__ import annotations

from time import time_ns

from rrcli.base.deadline import Deadline
from rrcli.engine import registry
from rrcli.engine.builder import ExchangeBuilder
from rrcli.engine.context import Context, Shared
from rrcli.engine.events import Blocked, Observer
from rrcli.model.values import Exchange, Timing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

    from rrcli.engine.hooks import Hooks
    from rrcli.options.request import Request
    from rrcli.wire.resolve import Address
    from rrcli.wire.stream import Stream


class _NothingComes(Exception):
    """The adapter waits for an answer: all that it sends by itself has been written."""


class OfflineStream:
    """Stands where a `Stream` stands: takes what is written, and has at most one thing to read."""

    buffered = reset = eof = is_ahead = False
    idle = pace = None

    def __init__(self, context: Offline) -> None:
        self.recorder = context.recorder
        self.deadline = context.deadline
        self._context = context
        self._start = b""
        self._heard = False

    def write(self, data: bytes, note: str | None = None, *, secrets: Iterable[tuple[int, int]] = ()) -> None:
        for start, end in secrets:
            self.recorder.secret_span(start, end)
        self.write_until_input(data, note)

    def write_until_input(self, data: bytes | memoryview, note: str | None = None) -> int:
        if len(self._start) < 64:
            self._start += bytes(data[:64])
        self.recorder.sent(data, 0, note)
        self._context.observer.content(bytes(data))
        return len(data)

    def finish_writing(self) -> None:
        """Nobody reads it anyway."""

    def has_arrived(self) -> bool:
        return False

    def wait_readable(self, seconds: float) -> bool:  # noqa: ARG002  # however long
        return False

    def receive(self, limit: int = 0) -> bytes:  # noqa: ARG002  # there is never so much
        said = b"" if self._heard else self._context.hooks.offline_reply(self._context.request, self._start)
        self._heard = True
        if not said:
            raise _NothingComes
        return said

    def read_exact(self, size: int) -> NoReturn:  # noqa: ARG002
        raise _NothingComes

    def read_line(self, limit: int = 0) -> NoReturn:  # noqa: ARG002
        raise _NothingComes

    def close(self) -> None:
        """Nothing is open."""


class Offline(Context):
    """A context that leads nowhere."""

    observer: Observer
    hooks: Hooks

    def connect(self, host: str, port: int, *, tls: bool = False, alpn: tuple[str, ...] = ()) -> Stream:  # noqa: ARG002
        if proxy := self.connection_options.proxy:
            from rrcli.options.proxyurl import parse

            self.secret(*parse(proxy).secrets)
        return OfflineStream(self)  # type: ignore[return-value]  # as much of one as an adapter needs to write

    def datagram_places(self, host: str, port: int, deadline: Deadline | None = None) -> list[Address]:  # noqa: ARG002
        self.note("no-bytes", "only what is sent over a stream can be shown as bytes without sending it")
        raise _NothingComes


def build(request: Request, observer: Observer, exchange_id: str, state: Any = None) -> Exchange:
    """The exchange that the request would begin: no answer, no times. `observer.content` gets the bytes that would go out.

    Raises `ExchangeError` of layer `usage` or `local` for a request that is wrong in itself.
    """
    entry = registry.protocol_of(request)
    context = Offline(request, Shared(), Deadline.after(request.deadline, "--deadline"), exchange_id, state)
    context.observer, context.hooks = observer, entry.load_hooks()
    builder = ExchangeBuilder(context, Observer())
    events = entry.load()[1](request, context)
    try:
        for event in events:
            if not isinstance(event, Blocked):
                builder.apply(event)
    except _NothingComes:
        pass
    finally:
        events.close()
    return Exchange(
        id=context.id,
        protocol=entry.name,
        target=builder.target,
        request=builder.message,
        timing=Timing(started_at_ns=time_ns()),
        notes=tuple(context.notes),
        transcript=context.recorder.transcript(),
        secrets=builder.secrets(),
        content_spans=None if request.wire is None else entry.load_manifest().content_spans,
    )
