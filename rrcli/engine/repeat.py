"""One request sent again and again over connections that are kept: what every exchange would do anew is done once.

    repeater = Repeater(request, shared, limit)
    begun = repeater.begin()                   # the request went out; `None`: there is no connection, or nothing is known yet
    begun.arrive()
    outcome = repeater.go_on(begun)            # when its descriptor is ready; `None`: not whole yet. Of a shared connection: come_back
    ... once `begun.differs`, and where nothing was begun: `exchange = yield from repeater.course(begun)`
    outcome = repeater.conclude(exchange)

An exchange whose adapter says `context.repeats(…)` is these bytes and their answer, and nothing else. So an answer of the same bytes
as one before it means the same: it was read, judged and explained then, and only its times are new. Of another one that is a success, and
where there are no checks, the status alone is read; the whole of it only when somebody asks for that exchange. Every other answer takes the
normal course, with what went out and came in until then, so that it is told as if it had taken that from the start. What is known
is forgotten after a second, as some of it depends on the clock.
"""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, exit_code
from rrcli.engine.begun import Begun
from rrcli.engine.runner import judge_of, new_id
from rrcli.engine.send import finish, steps
from rrcli.model.values import Timing
from rrcli.options.request import timeout_of
from rrcli.wire.recorder import Recorder
from rrcli.wire.stream import Silent, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable
    from typing import Any

    from rrcli.engine.context import Repeated, Shared
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange, Failure, Status
    from rrcli.options.request import Request

MOST_KNOWN = 32  # answers
KNOWN_NS = 10**9
OF_THE_ANSWER = ("status", "body", "json", "header", "request", "response", "protocol", "target")  # what the same bytes have in common


class Verdict:
    """What an exchange counts as, whatever its times."""

    __slots__ = ("exit_code", "failure", "is_timed", "status")

    def __init__(self, status: Status | None, error: Failure | None) -> None:
        self.status = None if status is None else str(status.text if status.code is None else status.code)
        self.failure = error.kind if error else None
        self.exit_code = exit_code(error) if error else 0
        # What was refused or broken off says nothing of how long an answer takes; a time limit that passed does.
        self.is_timed = status is not None or self.failure == "timeout"


def _verdict(exchange: Exchange) -> Verdict:
    return Verdict(exchange.response.status if exchange.response else None, exchange.error)


class Outcome:
    """What one exchange of many amounts to. `exchange` builds the whole of it, which few are asked for."""

    __slots__ = ("bytes_received", "bytes_sent", "exchange", "phases", "reused", "total_ns", "verdict")

    verdict: Verdict
    phases: dict[str, int]
    total_ns: int
    bytes_sent: int
    bytes_received: int
    reused: bool
    exchange: Callable[[], Exchange]


def outcome_of(exchange: Exchange) -> Outcome:
    """What an exchange that took the normal course amounts to."""
    found = Outcome()
    found.verdict = _verdict(exchange)
    found.phases = exchange.timing.phases  # type: ignore[assignment]  # nobody writes there
    found.total_ns = exchange.timing.total_ns
    found.bytes_sent = sum(one.connection.bytes_sent for one in (*exchange.history, exchange))
    found.bytes_received = sum(one.connection.bytes_received for one in (*exchange.history, exchange))
    found.reused = exchange.connection.reused
    found.exchange = lambda: exchange
    return found


class _Known:
    """An answer that was read: the exchange without its checks, and with them where these ask for nothing but the answer."""

    __slots__ = ("exchange", "until_ns", "verdict")

    def __init__(self, exchange: Exchange, verdict: Verdict | None) -> None:
        self.exchange = exchange
        self.verdict = verdict
        self.until_ns = now() + KNOWN_NS


class Repeater:
    """Sends one request many times, one after the other, with what is shared by them. `limit` ends all of it."""

    def __init__(self, request: Request, shared: Shared, limit: Deadline) -> None:
        assert shared.pool
        self.request = request
        self._shared = shared
        self._pool = shared.pool
        self._limit = limit
        self._timeout = Deadline.after(timeout_of(request), "--timeout").limit
        self._timeout_ns = int((timeout_of(request) or 0) * 1e9)
        self._judge = judge_of(request)
        self._depends_on_time = self._judge is not None and not self._judge.reads_only(OF_THE_ANSWER)
        self._known: dict[Hashable, _Known] = {}
        self._asked: Any = b""  # what goes out, once there is something known: bytes, or what a shared connection takes
        self._place: Any = None
        self._reads: Callable[[bytes], Status | None] | None = None
        self._verdicts: dict[int | str, Verdict] = {}  # of successes

    # --- the short course

    def begin(self) -> Begun | None:
        """Send the request over a kept connection; `None` where the normal course has to be taken from the start."""
        if not self._known:
            return None
        return self._begin_alone() if isinstance(self._asked, bytes) else self._begin_shared()

    def _begun(self) -> Begun:
        began_ns = now()
        deadline = self._limit
        if self._timeout_ns:
            deadline = Deadline(began_ns + self._timeout_ns, self._timeout).sooner(deadline)
        return Begun(Recorder(), deadline, began_ns)

    def _begin_alone(self) -> Begun | None:
        stream = self._pool.take(self._place)
        if stream is None:
            return None
        begun = self._begun()
        recorder = begun.recorder
        recorder.answer = bytearray()
        begun.stream = stream
        stream.hand_over(recorder, begun.deadline)
        try:
            stream.write(self._asked)
            begun.sent = len(self._asked)
        except ExchangeError as error:
            begun.failure, begun.differs = error, True
        recorder.timeline.reading(now())
        if stream.buffered:  # it answered before it had all of the request
            begun.differs = True
        return begun

    def _begin_shared(self) -> Begun | None:
        session: Any = self._pool.pumped_session(self._place)
        if session is None or not session.has_room:
            return None
        begun = self._begun()
        begun.shared = session.ask(self._asked, begun)
        return begun

    def go_on(self, begun: Begun) -> Outcome | None:
        """Look at what has arrived. `None` where the answer is not whole, or differs from those that are known."""
        data, begun.arrived = begun.arrived, None
        if data is None:
            return None
        received = begun.received = begun.received + data
        known = self._known.get(received)
        if known is not None and known.until_ns > begun.began_ns:
            self._pool.keep(self._place, begun.stream)
            return self._ended(begun, known)
        if known is None and self._reads and self._judge is None and (status := self._reads(received)):
            self._pool.keep(self._place, begun.stream)
            return self._read(begun, status)
        begun.differs = known is not None or not data or not any(answer.startswith(received) for answer in self._known)  # type: ignore[attr-defined]
        return None

    def come_back(self, begun: Begun) -> Outcome | None:
        """What has come for an exchange on a shared connection, which is ready; `None` where the normal course has to go on."""
        assert begun.shared
        answer = begun.shared.answer() if begun.shared.ready else None
        known = None if answer is None else self._known.get(answer)
        if known is None or known.until_ns <= begun.began_ns:
            begun.differs = True
            return None
        begun.shared.leave()
        return self._ended(begun, known)

    def _ended(self, begun: Begun, known: _Known) -> Outcome:
        """What an exchange amounts to that was answered as one before."""
        found = self._measured(begun, lambda: known.exchange)
        if known.verdict is None:
            judged = found.exchange()
            found.exchange, found.verdict = lambda: judged, _verdict(judged)
        else:
            found.verdict = known.verdict
        return found

    def _read(self, begun: Begun, status: Status) -> Outcome:
        """What an exchange amounts to whose answer is a success, and was read for its status alone."""
        found = self._measured(begun, lambda: self._replayed(begun.received))
        code = status.text if status.code is None else status.code
        found.verdict = self._verdicts.get(code) or self._verdicts.setdefault(code, Verdict(status, None))
        return found

    def _measured(self, begun: Begun, like: Callable[[], Exchange]) -> Outcome:
        """The times and bytes of an exchange that is over, and is `like` another but for them."""
        recorder, timeline = begun.recorder, begun.recorder.timeline
        timeline.finish()
        found = Outcome()
        found.phases, found.total_ns, found.reused = timeline.phases, timeline.total_ns, True
        found.bytes_sent, found.bytes_received = recorder.bytes_sent, recorder.bytes_received
        elapsed_ns = now() - begun.began_ns

        def whole() -> Exchange:
            timing = Timing(
                started_at_ns=timeline.started_at_ns, phases=dict(timeline.phases), total_ns=timeline.total_ns, elapsed_ns=elapsed_ns
            )
            other = like()
            exchange_id = other.id if self.request.request_id not in (None, "auto") else new_id()
            return self._judged(other.replace(id=exchange_id, timing=timing, connection=recorder.connection()))

        found.exchange = whole
        return found

    def _replayed(self, received: bytes) -> Exchange:
        """The exchange that was answered so: its bytes take the normal course once more, over no connection."""
        again = Begun(Recorder(), Deadline(None, ""), now())
        again.stream = Stream(Silent(), again.recorder, again.deadline)
        again.recorder.reused = True
        again.sent, again.received = len(self._asked), received
        exchange = finish(steps(self.request, until=again.deadline, shared=self._shared, begun=again, judges=False))
        self._shared.repeated = None
        return exchange

    def _judged(self, exchange: Exchange) -> Exchange:
        return self._judge.judge(exchange, self._limit) if self._judge else exchange

    # --- the normal course

    def course(self, begun: Begun | None = None) -> Generator[Event, None, Exchange]:
        """The exchange from the start, or on from where it has come to, unjudged; it comes back with `Blocked` as `steps` does."""
        self._shared.repeated = None
        try:
            return (yield from steps(self.request, until=self._limit, shared=self._shared, begun=begun, judges=False))
        finally:
            if begun and not begun.is_taken:
                begun.close()

    def conclude(self, exchange: Exchange) -> Outcome:
        """What an exchange that has taken the normal course amounts to; its answer is known from now on, where it can be."""
        repeated, self._shared.repeated = self._shared.repeated, None
        found = outcome_of(self._judged(exchange))
        if repeated is not None and not exchange.history:
            self._learn(repeated, _Known(exchange, None if self._depends_on_time else found.verdict))
        return found

    def _learn(self, repeated: Repeated, known: _Known) -> None:
        """Know this answer from now on, for a while."""
        if (repeated.place, repeated.asked) != (self._place, self._asked) or len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._place, self._asked, self._reads = repeated.place, repeated.asked, repeated.reads
        self._known[repeated.answer] = known
