"""The connections that a series keeps open: an exchange takes the one that an earlier exchange has left.

A pool belongs to one thread. A stream in it is nobody's at the moment and goes to the next exchange with the same place;
a session is a connection that many exchanges use at the same time, and whoever steps them waits for it here.
"""

from __future__ import annotations

from select import poll

from rrcli.base.deadline import now
from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol

    from rrcli.engine.context import Context
    from rrcli.model.values import Exchange
    from rrcli.wire.stream import Stream

    class SharedConnection(Protocol):
        """A connection that several exchanges share. `pump` moves what can be moved, and never waits or raises."""

        @property
        def takes_more(self) -> bool: ...  # exchanges that have not begun
        def fileno(self) -> int: ...
        def interests(self) -> int: ...  # events for `poll`
        @property
        def has_more(self) -> bool: ...  # to take in, though the descriptor may not say so
        def pump(self) -> None: ...
        def close(self) -> None: ...

    class Awaited(Protocol):
        """What an exchange of a session waits for."""

        @property
        def ready(self) -> bool: ...
        @property
        def session(self) -> SharedConnection: ...


MOST_REFUSALS = 100  # of one exchange that the server says it has not looked at
GONE = ("closed", "reset", "refused")  # what the end of a kept connection looks like


class Pool:
    """Streams and sessions by the place that they lead to: host, port, and what was said to be spoken there.

    `opened` counts connections, `reopened` exchanges that found theirs closed and were sent again.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.reopened_count = 0
        self._streams: dict[Any, Stream] = {}
        self._sessions: dict[Any, SharedConnection] = {}

    # --- streams

    def connect(self, context: Context, host: str, port: int, tls: bool, alpn: tuple[str, ...]) -> Stream:
        """The stream that was kept for this place, or a new one. Raises what opening one raises."""
        context.place = host, port, tls, alpn
        stream = self._streams.pop(context.place, None)
        if stream and not _alive(stream):
            stream.close()
            stream = None
        if stream is None:
            stream = context.open(host, port, tls=tls, alpn=alpn)
            self.opened += 1
            return stream
        before, recorder = stream.recorder, context.recorder
        recorder.local, recorder.peer, recorder.proxy, recorder.tls = before.local, before.peer, before.proxy, before.tls
        recorder.reused = True
        stream.re_record(recorder)
        stream.deadline, stream.idle = context.deadline, context.request.idle_timeout
        return stream

    def keep(self, context: Context, stream: Stream) -> None:
        """Keep the stream for the next exchange of this place."""
        if stream.buffered or stream.eof or stream.reset or context.place in self._streams:
            stream.close()
        else:
            self._streams[context.place] = stream

    def reopened(self, context: Context, exchange: Exchange) -> Context | None:
        """The context in which to send it again on a new connection; `None` where that would not be sound.

        The kept connection was over before a byte of the answer came: the server had closed it meanwhile, or says that it did not
        process this request (RFC 9113 section 8.7). What may have been done is sent again only if it is idempotent (RFC 9110
        section 9.2.2); the former is tried once.
        """
        error = exchange.error
        if error is None or error.kind not in GONE or error.retry != "safe" or not context.recorder.reused or context.recorder.answered:
            return None
        if context.reopened >= (MOST_REFUSALS if error.kind == "refused" else 1) or context.deadline.passed():
            return None
        for stream in self._streams.values():  # as old as this one, or older
            stream.close()
        self._streams.clear()
        self.reopened_count += 1
        again = context.again(context.request, context.deadline)
        again.reopened = context.reopened + 1
        if again.reopened == 1:
            again.note("reopened", f"sent again on another connection: on the one that was kept open {error.message}")
        return again

    # --- sessions

    def session(self, place: Any) -> SharedConnection | None:
        """The session for this place, while it takes more exchanges."""
        session = self._sessions.get(place)
        if session:
            session.pump()  # the peer may have ended it while nobody waited
        if session and not session.takes_more:
            del self._sessions[place]
            return None
        return session

    def share(self, place: Any, session: SharedConnection) -> None:
        """Have other exchanges use this connection too."""
        self._sessions[place] = session

    def close(self) -> None:
        """Close what is still open."""
        for stream in self._streams.values():
            stream.close()
        for session in self._sessions.values():
            session.close()
        self._streams.clear()
        self._sessions.clear()


def wait(sessions: Iterable[SharedConnection], until_ns: int | None) -> None:
    """Wait for any of these connections, at most until then, and move what can be moved."""
    sessions = list(sessions)
    if eager := [session for session in sessions if session.has_more]:
        for session in eager:
            session.pump()
        return
    poller, by_number = poll(), {}
    for session in sessions:
        by_number[session.fileno()] = session
        poller.register(session.fileno(), session.interests())
    left_ms = None if until_ns is None else min(max(0, until_ns - now()) / 1e6, 1e9)
    for number, _ in poller.poll(left_ms):
        by_number[number].pump()


def _alive(stream: Stream) -> bool:
    """Whether the peer has neither closed a kept connection nor said something there that nobody asked for."""
    try:
        return stream.link.recv(1) is None
    except ExchangeError:
        return False
