"""The lanes of a series: each has its own connection and sends one exchange after the other, and one thread steps them all.

What is repeated over a kept connection never waits, and neither do exchanges that share one (HTTP/2). Whatever else may wait, as
for a new connection, goes on in a helper thread and comes back from there, unless there is only one lane.
"""

from __future__ import annotations

from select import POLLIN, poll, select
from time import sleep

from rrcli.base.deadline import now
from rrcli.engine.context import Shared
from rrcli.engine.events import Blocked
from rrcli.engine.repeat import Repeater
from rrcli.wire.pool import Pool, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rrcli.engine.begun import Begun
    from rrcli.engine.events import Event
    from rrcli.engine.repeat import Outcome
    from rrcli.model.values import Exchange
    from rrcli.options.request import Request
    from rrcli.series.helpers import Helpers
    from rrcli.series.schedule import Schedule, Ticket

    Course = Generator[Event, None, Exchange]
    Count = Callable[[int, "Outcome", int, int | None], None]  # number, what became of it, when it began and was due

NAP_S = 0.2  # between two looks at whether a series was stopped
PROMPT_NS = 2_000_000  # `poll` counts in milliseconds: what is due sooner is waited for more exactly
SELECTABLE = 1000  # descriptors that `select` takes


class Lane:
    """A connection, and the exchange that is under way there."""

    __slots__ = ("began_ns", "begun", "blocked", "course", "pool", "repeater", "ticket")

    def __init__(self, request: Request, schedule: Schedule, pool: Pool, known: Shared | None) -> None:
        shared = Shared(pool=pool, cookies=known.cookies if known else None)
        shared.repeats = True
        if known:
            shared.secrets, shared.learned = known.secrets, known.learned
        self.pool = pool
        self.repeater = Repeater(request, shared, schedule.whole)
        self.ticket: Ticket | None = None
        self.began_ns = 0
        self.begun: Begun | None = None
        self.course: Course | None = None
        self.blocked: Blocked | None = None

    @property
    def can_go_on(self) -> bool:
        blocked = self.blocked
        return blocked is None or blocked.on is None or blocked.on.ready or (blocked.until is not None and blocked.until.passed())


class Stepper:
    """Steps lanes until there is no other exchange. `most` are as many as may be, `grows` if fewer do as long as they keep up.

    `shared` has cookies and secrets for all of them, and the connections of the first, which are left open.
    """

    def __init__(
        self, request: Request, schedule: Schedule, count: Count, most: int, *, grows: bool = False, shared: Shared | None = None
    ) -> None:
        self.lanes: list[Lane] = []
        self.multiplexed = False
        self.most = most
        self.grows = grows
        self._request = request
        self._shared = shared
        self._schedule = schedule
        self._count = count
        self._decided = False  # whether connections are shared
        self._free: list[Lane] = []
        self._watched: dict[int, Lane] = {}  # by descriptor: repeat, in the order in which they began
        self._stepped: list[Lane] = []  # are in the middle of a course of their own
        self._away = 0  # at a helper
        self._next: Ticket | None = None  # not due yet
        self._more = True
        self._poller = poll()
        self._helpers: Helpers | None = None

    # --- which lanes there are

    def run(self) -> None:
        """Send all of it. Raises the usage error of the first request that has one, and Ctrl-C."""
        self._free.append(self._add())
        if not self._request.multiplexes:
            self._decide(shared=False)
        while True:
            self._fill()
            if not (self._watched or self._stepped or self._away or self._next):
                return
            for lane in [lane for lane in self._stepped if lane.can_go_on]:
                self._step(lane)
            if not self._can_fill() and not any(lane.can_go_on for lane in self._stepped):
                self._wait()

    def _add(self) -> Lane:
        kept = self._shared.pool if self._shared and not self.lanes else None
        pool = self.lanes[0].pool if self.multiplexed else kept or Pool()
        lane = Lane(self._request, self._schedule, pool, self._shared)
        self.lanes.append(lane)
        return lane

    def _decide(self, *, shared: bool) -> None:
        """The first connection is open, or there was none: the other lanes may begin."""
        self._decided, self.multiplexed = True, shared
        if not self.grows:
            self._free += [self._add() for _ in range(self.most - len(self.lanes))]

    def pools(self) -> list[Pool]:
        """Those of all lanes."""
        return list({id(lane.pool): lane.pool for lane in self.lanes}.values())

    def close(self) -> None:
        """Give up what is under way, and close what is open; a helper ends once its exchange does."""
        if self._helpers:
            self._helpers.close()
        for lane in (*self._stepped, *self._watched.values()):
            if lane.begun:
                lane.begun.close()
            elif lane.course:
                lane.course.close()
        for pool in self.pools():
            if self._shared is None or pool is not self._shared.pool:
                pool.close()

    # --- beginning

    def _can_fill(self) -> bool:
        if not self._more or not (self._free or self._can_grow):
            return False
        return self._next is None or self._next.due_ns is None or self._next.due_ns <= now()

    @property
    def _can_grow(self) -> bool:
        return self.grows and self._decided and len(self.lanes) < self.most

    def _fill(self) -> None:
        """Begin what is due, as long as there is room."""
        while self._can_fill():
            ticket, self._next = self._next, None
            if ticket is None:
                ticket = self._schedule.next()
            elif self._schedule.take_back():
                ticket = None
            if ticket is None:
                self._more = False
            elif ticket.due_ns is not None and ticket.due_ns > now():
                self._next = ticket
                return
            else:
                self._begin(self._free.pop() if self._free else self._add(), ticket)

    def _begin(self, lane: Lane, ticket: Ticket) -> None:
        lane.ticket, lane.began_ns = ticket, now()
        begun = lane.repeater.begin()
        if begun is None or begun.differs:
            self._take_course(lane, begun)
            return
        lane.begun = begun
        if self.multiplexed:
            lane.blocked = Blocked(on=begun.shared, until=begun.deadline)
            self._stepped.append(lane)
            return
        number = begun.stream.link.fileno()
        self._watched[number] = lane
        self._poller.register(number, POLLIN)

    # --- going on

    def _go_on(self, number: int) -> None:
        """Look at what has come over a connection where the request is repeated, or that its time is up."""
        lane = self._watched[number]
        begun = lane.begun
        assert begun
        outcome = lane.repeater.go_on(begun)
        if outcome is None and not begun.differs:
            return
        del self._watched[number]
        self._poller.unregister(number)
        lane.begun = None
        if outcome is None:
            self._take_course(lane, begun)
        else:
            self._finish(lane, outcome)

    def _take_course(self, lane: Lane, begun: Begun | None) -> None:
        """Let the exchange take the normal course, from where it has come to."""
        lane.course, lane.blocked = lane.repeater.course(begun), None
        if self._decided and not self.multiplexed and (self.most > 1):
            self._send_away(lane)
        else:
            self._stepped.append(lane)

    def _step(self, lane: Lane) -> None:
        """Go on with an exchange that takes its own course. Raises Ctrl-C where that ended it."""
        if lane.begun:
            begun, lane.begun = lane.begun, None
            self._stepped.remove(lane)
            if outcome := lane.repeater.come_back(begun):
                self._finish(lane, outcome)
            else:
                self._take_course(lane, begun)
            return
        assert lane.course
        try:
            event = next(lane.course)
        except StopIteration as end:
            self._stepped.remove(lane)
            self._conclude(lane, end.value)
            return
        except BaseException:
            self._stepped.remove(lane)
            raise
        assert isinstance(event, Blocked)  # all else is told step by step only where that is asked for
        lane.blocked = event
        if not self._decided:
            self._decide(shared=event.on is not None)
            if not self.multiplexed and self.most > 1:
                self._stepped.remove(lane)
                self._send_away(lane)

    def _send_away(self, lane: Lane) -> None:
        if self._helpers is None:
            from rrcli.series.helpers import Helpers

            self._helpers = Helpers()
            self._poller.register(self._helpers.fileno(), POLLIN)
        assert lane.course
        self._away += 1
        self._helpers.take(lane, lane.course)

    def _come_back(self) -> None:
        """Take what the helpers have done. Raises what a request is wrong in."""
        assert self._helpers
        for lane, result in self._helpers.done():
            self._away -= 1
            if isinstance(result, BaseException):
                raise result
            self._conclude(lane, result)

    def _conclude(self, lane: Lane, exchange: Exchange) -> None:
        if not self._decided:
            self._decide(shared=False)
        if exchange.error and exchange.error.kind == "interrupted":
            raise KeyboardInterrupt
        self._finish(lane, lane.repeater.conclude(exchange))

    def _finish(self, lane: Lane, outcome: Outcome) -> None:
        """Count the exchange; its lane is free again."""
        ticket = lane.ticket
        assert ticket
        lane.course = lane.ticket = lane.blocked = None
        self._free.append(lane)
        if ticket.number is not None:
            self._count(ticket.number, outcome, lane.began_ns, ticket.due_ns)

    # --- waiting

    def _wait(self) -> None:
        """Wait for a connection, for a helper, for a time limit, or for the next exchange to be due."""
        until_ns = self._moment()
        if self._stepped and not (self._watched or self._away):
            awaited = [lane.blocked.on for lane in self._stepped if lane.blocked and lane.blocked.on]
            wait({id(on.session): on.session for on in awaited}.values(), until_ns)
            return
        left_ns = None if until_ns is None else max(0, until_ns - now())
        if not (self._watched or self._away):
            sleep(min((left_ns or 0) / 1e9, NAP_S))
            return
        ready = self._ready(left_ns)
        for number in ready:  # all of them first: what is done for one is no time of another
            if lane := self._watched.get(number):
                assert lane.begun
                lane.begun.arrive()
        for number in ready:
            if number in self._watched:
                self._go_on(number)
            else:
                self._come_back()
        if left_ns is not None:
            self._expire()

    def _ready(self, left_ns: int | None) -> list[int]:
        """The descriptors that something has come over, waited for until then."""
        if left_ns is not None and left_ns < PROMPT_NS and len(self._watched) < SELECTABLE and max(self._watched, default=0) < SELECTABLE:
            numbers = [*self._watched, *([self._helpers.fileno()] if self._helpers else [])]
            return select(numbers, (), (), left_ns / 1e9)[0]
        left_ms = None if left_ns is None else min(left_ns // 10**6 - (left_ns >= PROMPT_NS), 10**9)
        return [number for number, _ in self._poller.poll(left_ms)]

    def _moment(self) -> int | None:
        """When something is to be done though nothing has come."""
        moments = []
        if self._next and self._next.due_ns is not None and (self._free or self._can_grow):
            moments.append(self._next.due_ns)
            if self._schedule.whole.at_ns is not None:
                moments.append(self._schedule.whole.at_ns)
        for lane in self._watched.values():  # they began one after the other, and all have the same limit
            if lane.begun and lane.begun.deadline.at_ns is not None:
                moments.append(lane.begun.deadline.at_ns)
            break
        moments += [lane.blocked.until.at_ns for lane in self._stepped if lane.blocked and lane.blocked.until and lane.blocked.until.at_ns]
        return min(moments, default=None)

    def _expire(self) -> None:
        """Take what time is up for."""
        at_ns = now()
        for number, lane in [*self._watched.items()]:
            assert lane.begun
            limit_ns = lane.begun.deadline.at_ns
            if limit_ns is None or limit_ns > at_ns:
                return
            lane.begun.arrive()
            self._go_on(number)
