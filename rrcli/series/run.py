"""Sends a series: lanes that step exchanges, each with its own connections.

A lane is one thread. Where exchanges can share a connection (HTTP/2) one lane steps as many at once as were asked for; elsewhere
there is a lane for each. Which of the two it is shows once the first connection is open, and then the others begin.
"""

from __future__ import annotations

from time import sleep

from rrcli.base.deadline import Deadline, now
from rrcli.engine.context import Shared
from rrcli.engine.events import Blocked
from rrcli.engine.send import steps
from rrcli.model.values import Check
from rrcli.series.schedule import Schedule, Ticket
from rrcli.series.tally import Series, Tally
from rrcli.wire.pool import Pool, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange
    from rrcli.options.request import Request

    Steps = Generator[Event, None, Exchange]

MOST_THREADS = 8  # past about so many they distort their own measurements
NAP_S = 0.2  # between two looks at whether a series was stopped


def send_series(request: Request, tally: Tally | None = None, shared: Shared | None = None) -> Series:
    """Send the request as often as it says and return what that amounts to; Ctrl-C and TERM end it early.

    `shared` has cookies and secrets for all of it, and connections that its first lane uses and leaves open.
    Checks under `series.` are made on the whole. Raises what `send` raises: a request that is wrong in itself.
    """
    checks = [text for text in request.expect if _is_whole(text)]
    each = request.replace(expect=tuple(text for text in request.expect if text not in checks))
    running = _Running(each, tally or Tally(), shared)
    running.run()
    series = running.series()
    if not checks:
        return series
    return _checked(series, checks)


def _is_whole(text: str) -> bool:
    """Whether an expectation is about the series."""
    from rrcli.policy.expect import Expectation

    return Expectation(text).reads_series


def _checked(series: Series, texts: list[str]) -> Series:
    """The series with its own checks, which alone decide the exit code (contract, section 4)."""
    from rrcli.base.errors import EXIT_CODES
    from rrcli.policy.expect import Expectation
    from rrcli.policy.paths import series_names
    from rrcli.series.tally import series_document

    value = series_names(series_document(series))
    found: tuple[Check, ...] = tuple(Expectation(text).check(value) for text in texts)
    return series.replace(checks=found, exit_code=0 if all(check.ok for check in found) else EXIT_CODES["check"])


class _Running:
    """A series under way: its lanes, and what they have in common."""

    def __init__(self, request: Request, tally: Tally, shared: Shared | None = None) -> None:
        self.request = request
        self.tally = tally
        self._shared = shared
        self._opened_before = shared.pool.opened if shared and shared.pool else 0
        self._reopened_before = shared.pool.reopened_count if shared and shared.pool else 0
        self.schedule = Schedule(request, Deadline.after(request.deadline, "--deadline"))
        self.at_once = request.concurrency or 1
        self.multiplexed = False
        self.failure: BaseException | None = None
        self.interrupted = False
        self._pools: list[Pool] = []
        self._others: list[object] = []  # threads

    def run(self) -> None:
        """Send all of it. Raises the usage error of the first request that has one."""
        first = self._lane(self._shared)
        shares = self.request.multiplexes
        if not shares:
            self.spread()
        try:
            first.run(self.decided if shares else None)
            self._join()
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self.schedule.stopped = True
            if self._shared is None or first.pool is not self._shared.pool:
                first.pool.close()
        if self.failure:
            raise self.failure

    def decided(self, lane: _Lane, shared: bool) -> None:
        """The first connection is open, or there was none."""
        if shared:
            self.multiplexed, lane.slots = True, self.at_once
        else:
            self.spread()

    def spread(self) -> None:
        """Begin the other lanes, each in a thread that nobody waits for when the program is told to end."""
        if self.at_once == 1:
            return
        from threading import Thread

        for _ in range(self.at_once - 1):
            thread = Thread(target=self._work, args=(self._lane(),), daemon=True)
            thread.start()
            self._others.append(thread)

    def _lane(self, shared: Shared | None = None) -> _Lane:
        pool = (shared.pool if shared else None) or Pool()
        self._pools.append(pool)
        return _Lane(self, pool, self._shared)

    def _work(self, lane: _Lane) -> None:
        try:
            lane.run(None)
        except BaseException as error:  # noqa: BLE001  # raised again where somebody can catch it
            self.failure = self.failure or error
            self.schedule.stopped = True
        finally:
            lane.pool.close()

    def _join(self) -> None:
        for thread in self._others:
            thread.join()  # type: ignore[attr-defined]

    def series(self) -> Series:
        """What it amounts to so far."""
        tally, schedule = self.tally, self.schedule
        code = tally.exit_code
        if schedule.unfinished:
            from rrcli.base.errors import EXIT_TIMEOUT

            code = max(code, EXIT_TIMEOUT)
        return Series(
            count=tally.count,
            failed=tally.failed,
            statuses=dict(tally.statuses),
            errors=dict(tally.errors),
            times=dict(tally.times),
            elapsed_ns=max(0, tally.ended_ns - schedule.began_ns) if schedule.began_ns else 0,
            started_at_ns=schedule.started_at_ns,
            target_rate_per_s=self.request.rate,
            unsent=schedule.unsent,
            bytes_sent=tally.bytes_sent,
            bytes_received=tally.bytes_received,
            timeline=tuple(tally.timeline.points()),
            connections=sum(pool.opened for pool in self._pools) - self._opened_before,
            first=tally.first,
            worst=tally.worst,
            at_once=self.at_once,
            multiplexed=self.multiplexed,
            exit_code=code,
            notes=tuple(self._notes()),
        )

    def _notes(self) -> list[str]:
        notes = []
        tally = self.tally
        if self.interrupted:
            notes.append(f"interrupted: these are the {tally.count} exchanges that had ended")
        elif self.schedule.unfinished:
            notes.append(f"the time limit passed ({self.schedule.whole.limit}) after {tally.count} exchanges")
        if self.at_once > MOST_THREADS and not self.multiplexed:
            notes.append(f"{self.at_once} threads: past about {MOST_THREADS} they wait for each other, and their times are longer for it")
        if tally.late:
            worst = f"by up to {max(1, tally.latest_ns // 10**6)} ms"
            notes.append(
                f"{tally.late} began later than --rate asks for, {worst}, as those before were not over: "
                "their total counts from when they were due; more --concurrency keeps the rate"
            )
        if reopened := sum(pool.reopened_count for pool in self._pools) - self._reopened_before:
            times = "once" if reopened == 1 else f"{reopened} times"
            notes.append(f"{times} a connection that was kept open was over: sent again on another one")
        return notes


class _Place:
    """One exchange that a lane steps."""

    def __init__(self, ticket: Ticket, steps: Steps, began_ns: int) -> None:
        self.ticket = ticket
        self.steps = steps
        self.began_ns = began_ns
        self.waiting: Blocked | None = None

    @property
    def can_go_on(self) -> bool:
        waiting = self.waiting
        return waiting is None or waiting.on is None or waiting.on.ready or (waiting.until is not None and waiting.until.passed())


class _Lane:
    """One thread's part of a series: up to `slots` exchanges at once."""

    def __init__(self, running: _Running, pool: Pool, shared: Shared | None) -> None:
        self.pool = pool
        self._shared = Shared(pool=pool, cookies=shared.cookies if shared else None)
        if shared:
            self._shared.secrets, self._shared.learned = shared.secrets, shared.learned
        self.slots = 1
        self._running = running
        self._schedule = running.schedule
        self._places: list[_Place] = []
        self._next: Ticket | None = None  # not due yet
        self._more = True

    def run(self, decide: Callable[[_Lane, bool], None] | None) -> None:
        """Step exchanges until there is no other; `decide` is told once whether they can share a connection."""
        try:
            while True:
                self._fill()
                if not self._places and not self._next:
                    return
                for place in [place for place in self._places if place.can_go_on]:
                    done = self._step(place)
                    if decide and (done or place.waiting):
                        told, decide = decide, None
                        told(self, bool(place.waiting and place.waiting.on))
                if not any(place.can_go_on for place in self._places) and not self._can_fill():
                    self._wait()
        finally:
            for place in self._places:
                place.steps.close()

    def _can_fill(self) -> bool:
        if len(self._places) >= self.slots or not self._more:
            return False
        return self._next is None or self._next.due_ns is None or self._next.due_ns <= now()

    def _fill(self) -> None:
        """Begin what is due, as long as there is room."""
        while self._can_fill():
            ticket = self._next or self._schedule.next()
            self._next = None
            if ticket is None:
                self._more = False
            elif ticket.due_ns is not None and ticket.due_ns > now():
                self._next = ticket
            else:
                began_ns = now()
                exchange = steps(self._running.request, until=self._schedule.whole, shared=self._shared)
                self._places.append(_Place(ticket, exchange, began_ns))
        if self._next and self._schedule.stopped:
            self._next, self._more = None, False

    def _step(self, place: _Place) -> bool:
        """Go on with one exchange; true when it is over. Raises Ctrl-C where that ended it."""
        try:
            event = next(place.steps)
            assert isinstance(event, Blocked)  # all else is told step by step only where that is asked for
            place.waiting = event
            return False
        except StopIteration as end:
            exchange: Exchange = end.value
        except BaseException:
            self._places.remove(place)
            raise
        self._places.remove(place)
        if exchange.error and exchange.error.kind == "interrupted":
            raise KeyboardInterrupt
        if place.ticket.number is not None and not self._running.interrupted:
            self._running.tally.add(place.ticket.number, exchange, place.began_ns, place.ticket.due_ns)
        return True

    def _wait(self) -> None:
        """Wait for a connection, for a time limit, or for the next exchange to be due."""
        moments = [self._next.due_ns] if self._next and self._next.due_ns is not None and len(self._places) < self.slots else []
        sessions = {}
        for place in self._places:
            assert place.waiting
            assert place.waiting.on
            if place.waiting.until and place.waiting.until.at_ns is not None:
                moments.append(place.waiting.until.at_ns)
            session = place.waiting.on.session
            sessions[id(session)] = session
        until_ns = min(moments, default=None)
        if sessions:
            wait(sessions.values(), until_ns)
        elif until_ns is not None:
            whole = self._schedule.whole.at_ns
            sleep(min(max(0, min(until_ns, whole or until_ns) - now()) / 1e9, NAP_S))
            if self._schedule.whole.passed():
                self._next, self._more = None, False
