"""Where users are run under Locust: in this process alone, or in each of its workers. It knows nothing of Locust itself."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from time import monotonic_ns as now

from rrcli.load.counts import Counts
from rrcli.load.parcel import unpack
from rrcli.load.user import User
from rrcli.series.packed import packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.load.counts import Listener
    from rrcli.plan.choice import Choice
    from rrcli.plan.model import Plan
    from rrcli.plan.scope import PlanScope

SLOW_LOOP_NS = 50_000_000  # that greenlets wait for their turn, from which on it is told


class Order:
    """What those who run users are told beside the plan: `place` is this site's number of `sites`, `users` how many there are in all.

    `warmup` are the iterations of this site that are not counted.
    """

    def __init__(
        self, *, users: int, rate: float | None, think: tuple[float, float], place: int = 0, sites: int = 1, warmup: int = 0
    ) -> None:
        self.warmup = warmup
        self.users = max(1, users)
        self.rate = rate
        self.think = think
        self.place = place
        self.sites = sites

    def document(self) -> dict[str, Any]:
        return {
            "users": self.users,
            "rate": self.rate,
            "think": list(self.think),
            "place": self.place,
            "sites": self.sites,
            "warmup": self.warmup,
        }

    @classmethod
    def of(cls, found: dict[str, Any]) -> Order:
        least, most = found["think"]
        return cls(
            users=found["users"],
            rate=found["rate"],
            think=(least, most),
            place=found["place"],
            sites=found["sites"],
            warmup=found["warmup"],
        )


class Site:
    """The users of one process, and what they have counted since it was told the last time."""

    def __init__(self, plan: Plan, scope: PlanScope, choice: Choice, order: Order, listener: Listener) -> None:
        self.order = order
        self.counts = Counts(plan, listener)
        self.unsent = 0
        self._warmups = order.warmup
        self.lag_ns = 0  # the longest that a greenlet has waited for its turn
        self.ended_ns = 0  # when no more was to begin
        self._scope = scope
        self._choice = choice
        self._began_ns = now()
        self._indexes: set[int] = set()
        self._before: dict[Any, Any] = {}
        self.counts.begin_users(self._began_ns)

    def user(self) -> tuple[User, Turns]:
        """Another user, with the lowest index that is free, and when its turns are. Raises `usage`."""
        number = next(number for number in range(len(self._indexes) + 1) if number not in self._indexes)
        self._indexes.add(number)
        index = self.order.place + number * self.order.sites
        return User(self._scope, self._choice, self.counts, index), Turns(self, index)

    def counts_next(self) -> bool:
        """Whether the iteration that begins is counted."""
        self._warmups -= 1
        return self._warmups < 0

    def leave(self, user: User) -> None:
        """The user is over."""
        self._indexes.discard((user.index - self.order.place) // self.order.sites)

    def report(self) -> dict[str, Any]:
        """What was counted since the last time, as plain values."""
        found: list[list[Any]] = []
        for path, count in self.counts.steps.items():
            tally, before = count.tally, self._before.get(path)
            if tally.count or count.skipped:
                skips = [count.kind, count.line, list(count.tags), count.skipped, count.is_wanted, count.reason, count.connections]
                found.append([list(path), packed(tally, before), skips])
                self._before[path], count.tally = tally, tally.successor()
                count.skipped = count.connections = 0
        iterations = self.counts.iterations
        self.counts.iterations = iterations.successor()
        lag_ns, unsent, self.lag_ns, self.unsent = self.lag_ns, self.unsent, 0, 0
        return {"steps": found, "iterations": packed(iterations), "lag_ns": lag_ns, "unsent": unsent}


class Turns:
    """When a user's iterations are due: its share of one schedule, offset by its index; without a rate whenever it has thought."""

    def __init__(self, site: Site, index: int) -> None:
        self._site = site
        self._index = index
        self._due_ns: int | None = None

    @property
    def due_ns(self) -> int | None:
        """When the next one is due; `None` without a rate."""
        order = self._site.order
        if order.rate is None:
            return None
        if self._due_ns is None:  # the next of its own
            every_ns, at_ns = self._every_ns, now()
            begin_ns = self._site._began_ns + int(self._index % order.users * 1e9 / order.rate)
            missed = max(0, -(-(at_ns - begin_ns) // every_ns))
            self._due_ns = begin_ns + missed * every_ns
        return self._due_ns

    @property
    def _every_ns(self) -> int:
        order = self._site.order
        assert order.rate
        return max(1, int(order.users * 1e9 / order.rate))

    def took(self) -> None:
        """The one that was due has begun."""
        if self._due_ns is not None:
            self._due_ns += self._every_ns

    def over(self) -> None:
        """There is no other: those that were due meanwhile and had not begun are counted."""
        ended_ns = self._site.ended_ns or now()
        if self._due_ns is not None and self._due_ns < ended_ns:
            self._site.unsent += 1 + (ended_ns - self._due_ns) // self._every_ns


class Parcels:
    """Where the files of plans lie that were sent here; they are gone with it."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None

    def open(self, parcel: dict[str, Any]) -> tuple[Plan, PlanScope, Choice]:
        """The plan of a parcel. Raises what `unpack` raises."""
        self.close()
        self._folder = TemporaryDirectory(prefix="rrcli-")
        return unpack(parcel, self._folder.name)

    def close(self) -> None:
        if self._folder:
            self._folder.cleanup()
            self._folder = None
