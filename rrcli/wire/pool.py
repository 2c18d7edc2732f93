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
    from collections.abc import Hashable, Iterable
    from typing import Any, Protocol

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

    class Asked(Awaited, Protocol):
        """An exchange that was sent so; it is ready when its answer is whole, or is not what one of those that are known can be."""

        def answer(self) -> Hashable | None: ...  # the whole of it; none where it broke off, or is odd
        def take_up(self) -> None: ...  # its adapter goes on with it
        def leave(self) -> None: ...


class Pool:
    """Streams and sessions by the place that they lead to: host, port, and what was said to be spoken there.

    `opened` counts connections, `reopened_count` exchanges that found theirs closed and were sent again.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.reopened_count = 0
        self._streams: dict[Any, Stream] = {}
        self._sessions: dict[Any, SharedConnection] = {}

    # --- streams

    def take(self, place: Any) -> Stream | None:
        """The stream that was kept for this place, if there is one and its peer has not closed it."""
        stream = self._streams.pop(place, None)
        if stream and not _alive(stream):
            stream.close()
            return None
        return stream

    def keep(self, place: Any, stream: Stream) -> None:
        """Keep the stream for the next exchange with this place."""
        if stream.buffered or stream.eof or stream.reset or place in self._streams:
            stream.close()
        else:
            self._streams[place] = stream

    def close_streams(self) -> None:
        """Close all that are kept: one of them was over, and the others are as old."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()

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

    def pumped_session(self, place: Any) -> SharedConnection | None:
        """The session for this place, which somebody pumps all the time, while it takes more exchanges."""
        session = self._sessions.get(place)
        return session if session and session.takes_more else None

    def share(self, place: Any, session: SharedConnection) -> None:
        """Have other exchanges use this connection too."""
        self._sessions[place] = session

    def close(self) -> None:
        """Close what is still open."""
        self.close_streams()
        for session in self._sessions.values():
            session.close()
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
