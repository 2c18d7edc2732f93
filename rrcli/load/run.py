"""Runs a plan as a load on this machine: users in threads, each of which takes the next iteration as soon as it is free and that is due.

Without a rate a user begins its next iteration when it has thought. With one the iterations are due at times of their own, whether those
before them are over or not, and as many users as that takes are begun, up to `MOST_GROWN`, unless it is said how many there are.
"""

from __future__ import annotations

from _thread import allocate_lock
from random import uniform
from threading import Event, Thread
from time import sleep

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import EXIT_INTERRUPTED, EXIT_TERMINATED
from rrcli.engine.interrupt import Interrupted
from rrcli.load.counts import Counts
from rrcli.load.result import Facts, result_of
from rrcli.load.user import User
from rrcli.options.request import SeriesOptions
from rrcli.plan.run import AFTER_SIGNAL_S
from rrcli.series.schedule import Schedule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rrcli.plan.choice import Choice
    from rrcli.plan.pace import Pace, Threshold
    from rrcli.plan.result import RunResult
    from rrcli.plan.scope import PlanScope

MOST_GROWN = 64
MANY_THREADS = 8  # past about so many they distort their own measurements
LOOK_S = 0.01  # between two looks at whether anything is due that nobody is free for
NAP_S = 0.2  # between two looks of a user that waits at whether it is to stop


class Load:
    """A load under way. `counts` may be read while it runs."""

    def __init__(self, scope: PlanScope, choice: Choice, counts: Counts, pace: Pace) -> None:
        """`scope` is one in which secrets are known."""
        self.counts = counts
        self.began_ns = 0
        self._scope = scope
        self._choice = choice
        self._pace = pace
        self._facts = Facts()
        self._facts.run_id = str(scope.values["run"]["id"])
        self._facts.rate = pace.rate
        options = SeriesOptions(repeat=pace.repeat, repeat_for=pace.duration, rate=pace.rate, warmup=pace.warmup)
        self._schedule = Schedule(options, Deadline(None, ""))
        self._free = 0  # users that wait for something to be due
        self._stop = Event()
        self._users: dict[int, User] = {}  # by the number of the thread
        self._lock = allocate_lock()  # of `_free`
        self._over: list[Event] = []  # of each user; a signal within `Thread.join` would have its thread taken for dead
        self._failure: BaseException | None = None

    @property
    def users(self) -> int:
        """How many were begun."""
        return len(self._over)

    def run(self, thresholds: Sequence[Threshold], look: Callable[[], None] = lambda: None) -> RunResult:
        """Run it to its end; `look` is called now and then. Ctrl-C and TERM end it early, and what is under way is waited for."""
        self.began_ns = self._facts.began_ns = now()
        self.counts.begin_users(self.began_ns)
        first = self._pace.users or 1
        try:
            self._ramp_up(first, look)
            self._attend(grows=self._pace.rate is not None and self._pace.users is None, look=look)
        except KeyboardInterrupt as signal:
            self._facts.code = EXIT_TERMINATED if isinstance(signal, Interrupted) else EXIT_INTERRUPTED
            self._end_early(look)
        if self._failure:
            raise self._failure
        self._say()
        return result_of(self.counts, self._facts, thresholds)

    # --- the users

    def _ramp_up(self, count: int, look: Callable[[], None]) -> None:
        """Begin the users, so many a second."""
        for number in range(count):
            if self._pace.spawn_rate:
                due_ns = self.began_ns + int(number * 1e9 / self._pace.spawn_rate)
                while now() < due_ns and not self._failure:
                    sleep(min(LOOK_S, max(0, due_ns - now()) / 1e9))
                    look()
            self._begin_user()

    def _begin_user(self) -> None:
        index = len(self._over)
        self._over.append(Event())
        Thread(target=self._live, args=(index,), daemon=True).start()

    def _attend(self, *, grows: bool, look: Callable[[], None]) -> None:
        """Wait until all users are over, and begin another where something is due and nobody is free."""
        while left := [over for over in self._over if not over.is_set()]:
            left[0].wait(LOOK_S)
            look()
            if grows and self._free == 0 and len(self._over) < MOST_GROWN and self._schedule.is_due:
                self._begin_user()

    def _live(self, index: int) -> None:
        """What a user does, in a thread of its own."""
        user: User | None = None
        try:
            user = self._users[index] = User(self._scope, self._choice, self.counts, index)
            if user.set_up():
                self._iterate(user)
        except BaseException as error:  # noqa: BLE001  # raised again where somebody can catch it
            self._failure = self._failure or error
            self._halt()
        finally:
            try:
                if user:
                    user.close()
            finally:
                self._over[index].set()

    def _iterate(self, user: User) -> None:
        least, most = self._pace.think
        while not self._stop.is_set():
            with self._lock:
                self._free += 1
            ticket = self._schedule.next()
            if ticket and ticket.due_ns is not None and not self._wait_until(ticket.due_ns):
                ticket = None
            with self._lock:
                self._free -= 1
            if ticket is None:
                return
            if ticket.number is not None:
                self.counts.begin(self._schedule.began_ns)
            user.iterate(ticket.due_ns, is_counted=ticket.number is not None)
            if most and ticket.due_ns is None:
                self._stop.wait(uniform(least, most))

    def _wait_until(self, due_ns: int) -> bool:
        """Wait until then; false when it is over before."""
        while (left_ns := due_ns - now()) > 0:
            if self._stop.wait(min(left_ns / 1e9, NAP_S)):
                return False
        return True

    # --- the end

    def _halt(self) -> None:
        self._schedule.stop()
        self._stop.set()

    def _end_early(self, look: Callable[[], None]) -> None:
        """Begin nothing more, and wait for what is under way; what takes too long, or is not waited for, is given up."""
        self._halt()
        ends_ns = now() + int(AFTER_SIGNAL_S * 1e9)
        try:
            while now() < ends_ns and (under_way := [over for over in self._over if not over.is_set()]):
                under_way[0].wait(LOOK_S)
                look()
        except KeyboardInterrupt:
            self._facts.notes.append("interrupted again: what was under way was given up, and its teardown was not run")
            return
        left = [user for index, user in list(self._users.items()) if not self._over[index].is_set()]
        for user in left:
            user.leave(self._facts.code)
        if left:
            self._facts.notes.append(f"{len(left)} of the users were at an exchange that did not end: it was given up")

    def _say(self) -> None:
        """What there is to say of how it ran."""
        facts, tally = self._facts, self.counts.iterations
        facts.users = self.users
        facts.unsent = self._schedule.unsent
        if facts.code:
            facts.notes.insert(0, f"interrupted: these are the {tally.count:,} iterations that had ended")
        if self._pace.rate is not None and self._pace.users is None and facts.users > 1:
            facts.notes.append(f"{facts.users} users were begun, as many as --rate took")
        if facts.users > MANY_THREADS:
            facts.notes.append(
                f"{facts.users} users in threads: past about {MANY_THREADS} they wait for each other, and their times are longer for it; "
                "rrcli locust --processes -1 uses every core"
            )
        if tally.late:
            late = f"{tally.late:,} iterations began later than they were due, by up to {max(1, tally.latest_ns // 10**6)} ms"
            facts.notes.append(f"{late}, as no user was free: they count from when they were due")
        if facts.unsent:
            facts.notes.append(f"{facts.unsent:,} iterations were due and never begun")
