"""What a series amounts to: counts, distributions, and the two exchanges that are kept whole."""

from __future__ import annotations

from rrcli.base.deadline import now
from rrcli.base.record import Record
from rrcli.model.document import iso, ms
from rrcli.model.values import PHASES
from rrcli.policy.paths import percent_of
from rrcli.series.distribution import BITS, PERCENTILES, Distribution
from rrcli.series.timeline import Timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.engine.repeat import Outcome
    from rrcli.model.values import Check, Exchange
    from rrcli.series.samples import Samples

SCHEMA = "rrcli.series/1"
PRECISION = round(0.5**BITS, 4)  # the width of a bucket, as a part of its values


class Series(Record):
    """A series that is over. `times` has a distribution of the total, of each phase that happened, and of `BESIDE`."""

    count: int
    failed: int
    statuses: dict[str, int]
    errors: dict[str, int]
    times: dict[str, Distribution]
    elapsed_ns: int
    connections: int
    first: Exchange | None
    worst: Exchange | None
    at_once: int = 1
    multiplexed: bool = False
    exit_code: int = 0
    notes: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    started_at_ns: int = 0  # since the epoch
    target_rate_per_s: float | None = None
    unsent: int = 0  # were due and never begun
    bytes_sent: int = 0
    bytes_received: int = 0
    timeline: tuple[dict[str, Any], ...] = ()
    samples: Samples | None = None  # every exchange, where that was asked for
    origin_ns: int = 0  # when it began, by their clock

    @property
    def rate_per_s(self) -> float | None:
        return self.count * 1e9 / self.elapsed_ns if self.elapsed_ns and self.count else None


class Tally:
    """Counts exchanges as they end; called by all threads of a series."""

    def __init__(self, samples: Samples | None = None) -> None:
        from _thread import allocate_lock

        self._lock = allocate_lock()
        self.samples = samples
        self.count = 0
        self.failed = 0
        self.statuses: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self.times = {"total": Distribution()}
        self.timeline = Timeline()
        self.bytes_sent = 0
        self.bytes_received = 0
        self.exit_code = 0
        self.late = 0  # began after they were due
        self.latest_ns = 0
        self.began_ns = 0  # when the series was to begin
        self.ended_ns = 0
        self.first: Exchange | None = None
        self.worst: Exchange | None = None
        self.first_number = 0
        self.worst_rank = (-1, -1)  # its exit code and its total

    def add(self, number: int, outcome: Outcome, began_ns: int, due_ns: int | None = None) -> None:
        """Count the exchange that began as this one. With a time at which it was due its total counts from then."""
        verdict = outcome.verdict
        with self._lock:
            late_ns = self._over(began_ns, due_ns)
            total_ns = outcome.total_ns + late_ns
            if verdict.status is not None:
                self.statuses[verdict.status] = self.statuses.get(verdict.status, 0) + 1
            if verdict.failure is not None:
                self._failed(verdict.failure, verdict.exit_code)
            self.bytes_sent += outcome.bytes_sent
            self.bytes_received += outcome.bytes_received
            if verdict.is_timed:
                self._time(total_ns, None if due_ns is None else late_ns)
                self._duration("warm" if outcome.reused else "cold", total_ns)
                for phase, ns in outcome.phases.items():
                    self._duration(phase, ns)
            if self.samples is not None:
                self.samples.add(number, began_ns, began_ns if due_ns is None else due_ns, total_ns, verdict, reused=outcome.reused)
            self._place(began_ns, total_ns if verdict.is_timed else None, failed=verdict.failure is not None)
            if self.first is None or number < self.first_number:
                self.first, self.first_number = outcome.exchange(), number
            if total_ns > self.worst_rank[1] or verdict.exit_code > self.worst_rank[0]:
                self._is_worst(outcome, (verdict.exit_code, total_ns))

    def add_other(self, began_ns: int, due_ns: int | None, failure: tuple[str, int] | None, *, is_timed: bool = False) -> None:
        """Count something that is no exchange and is over now, with the kind of its failure and the exit code, if it has failed.

        How long it took is counted only where it `is_timed`.
        """
        with self._lock:
            late_ns = self._over(began_ns, due_ns)
            if failure:
                self._failed(*failure)
            total_ns = self.ended_ns - began_ns + late_ns
            if is_timed:
                self._time(total_ns, None if due_ns is None else late_ns)
            self._place(began_ns, total_ns if is_timed else None, failed=bool(failure))

    def successor(self) -> Tally:
        """An empty tally that goes on where this one ends: it begins at the same time, and keeps no exchange that this one has."""
        found = Tally()
        found.began_ns = self.began_ns
        found.first, found.first_number, found.worst, found.worst_rank = self.first, self.first_number, self.worst, self.worst_rank
        return found

    def merge(self, other: Tally) -> None:
        """Count all that the other has counted, which began at the same time."""
        with self._lock:
            self.count += other.count
            self.failed += other.failed
            for counts, more in ((self.statuses, other.statuses), (self.errors, other.errors)):
                for name, number in more.items():
                    counts[name] = counts.get(name, 0) + number
            for name, times in other.times.items():
                self.times.setdefault(name, Distribution()).merge(times)
            self.timeline.merge(other.timeline)
            self.bytes_sent += other.bytes_sent
            self.bytes_received += other.bytes_received
            self.exit_code = max(self.exit_code, other.exit_code)
            self.late += other.late
            self.latest_ns = max(self.latest_ns, other.latest_ns)
            self.began_ns = self.began_ns or other.began_ns
            self.ended_ns = max(self.ended_ns, other.ended_ns)
            if other.first and (self.first is None or other.first_number < self.first_number):
                self.first, self.first_number = other.first, other.first_number
            if other.worst and other.worst_rank > self.worst_rank:
                self.worst, self.worst_rank = other.worst, other.worst_rank

    def _over(self, began_ns: int, due_ns: int | None) -> int:
        """Count something that is over now; how late it began."""
        self.ended_ns = now()
        self.began_ns = self.began_ns or (began_ns if due_ns is None else due_ns)
        self.count += 1
        late_ns = 0 if due_ns is None else max(0, began_ns - due_ns)
        if late_ns > LATE_NS:
            self.late += 1
            self.latest_ns = max(self.latest_ns, late_ns)
        return late_ns

    def _failed(self, kind: str, code: int) -> None:
        self.failed += 1
        self.errors[kind] = self.errors.get(kind, 0) + 1
        self.exit_code = max(self.exit_code, code)

    def _time(self, total_ns: int, late_ns: int | None) -> None:
        self._duration("total", total_ns)
        if late_ns is not None:
            self._duration("late", late_ns)

    def _place(self, began_ns: int, total_ns: int | None, *, failed: bool) -> None:
        """Put what is over now into the timeline."""
        self.timeline.add(max(0, began_ns - self.began_ns), self.ended_ns - self.began_ns, total_ns, failed=failed)

    def _is_worst(self, outcome: Outcome, how_bad: tuple[int, int]) -> None:
        if how_bad > self.worst_rank:
            self.worst, self.worst_rank = outcome.exchange(), how_bad

    def _duration(self, name: str, ns: int) -> None:
        times = self.times.get(name)
        if times is None:
            times = self.times[name] = Distribution()
        times.add(ns)


LATE_NS = 1_000_000  # of a schedule: less than that is the clock's
BESIDE = ("late", "cold", "warm")  # how late they began, and the totals over a new and over a kept connection


def summary(series: Series) -> dict[str, Any]:
    """The contract's document (sections 4 and 5) without the two exchanges."""
    rate, times = series.rate_per_s, series.times
    return {
        "schema": SCHEMA,
        "started_at": iso(series.started_at_ns) if series.started_at_ns else None,
        "elapsed_ms": ms(series.elapsed_ns),
        "count": series.count,
        "succeeded": series.count - series.failed,
        "failed": series.failed,
        "failed_ratio": round(series.failed / series.count, 6) if series.count else 0.0,
        "unsent": series.unsent,
        "status": dict(sorted(series.statuses.items())),
        "errors": dict(sorted(series.errors.items())),
        "timing": {f"{name}_ms": _figures(times.get(name)) for name in ("total", "late", *PHASES)},
        "rate_per_s": None if rate is None else round(rate, 3),
        "target_rate_per_s": series.target_rate_per_s,
        "connections": series.connections,
        "bytes_sent": series.bytes_sent,
        "bytes_received": series.bytes_received,
        "cold": _part(times.get("cold")),
        "warm": _part(times.get("warm")),
        "histogram": {"unit": "ns", "precision": PRECISION, "buckets": [list(bucket) for bucket in times["total"].buckets()]},
        "timeline": list(series.timeline),
    }


def series_document(series: Series, *, exact: bool = False) -> dict[str, Any]:
    """The contract's document (section 4)."""
    from rrcli.model.document import document

    kept = {"first": series.first, "worst": series.worst}
    return {**summary(series), **{name: document(one, exact=exact) if one else None for name, one in kept.items()}}


def _part(times: Distribution | None) -> dict[str, Any]:
    return {"count": times.count if times else 0, "total_ms": _figures(times)}


class Figures(dict[str, float]):
    """The figures of a distribution in milliseconds. An expression finds any percentile of it, as `p99.99`."""

    def __init__(self, times: Distribution) -> None:
        self._times = times
        figures = {
            "min": times.least,
            "mean": times.mean,
            **{name: times.percentile(percent) for name, percent in PERCENTILES.items()},
            "max": times.greatest,
        }
        super().__init__({name: round(ns / 1e6, 3) for name, ns in figures.items()})

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self and (percent := percent_of(name)) is not None:
            return round(self._times.percentile(percent) / 1e6, 3)
        return super().get(name, default)


def _figures(times: Distribution | None) -> Figures | None:
    return Figures(times) if times and times.count else None
