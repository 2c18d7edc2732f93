"""What a series amounts to: counts, distributions, and the two exchanges that are kept whole."""

from __future__ import annotations

from rrcli.base.deadline import now
from rrcli.base.errors import exit_code
from rrcli.base.record import Record
from rrcli.model.values import PHASES
from rrcli.series.distribution import PERCENTILES, Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Check, Exchange

SCHEMA = "rrcli.series/1"


class Series(Record):
    """A series that is over. `times` has a distribution of the total and of each phase that happened."""

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

    @property
    def rate_per_s(self) -> float | None:
        return self.count * 1e9 / self.elapsed_ns if self.elapsed_ns and self.count else None


class Tally:
    """Counts exchanges as they end; called by all threads of a series."""

    def __init__(self) -> None:
        from _thread import allocate_lock

        self.count = 0
        self.failed = 0
        self.statuses: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self.times = {"total": Distribution()}
        self.exit_code = 0
        self.late = 0  # began after they were due
        self.latest_ns = 0
        self.ended_ns = 0
        self.first: Exchange | None = None
        self.worst: Exchange | None = None
        self._first_number = 0
        self._worst = (-1, -1)
        self._lock = allocate_lock()

    def add(self, number: int, exchange: Exchange, late_ns: int) -> None:
        """Count the exchange that began as this one, so late. Its total counts from when it was due."""
        with self._lock:
            self.ended_ns = now()
            self.count += 1
            self.late += late_ns > LATE_NS
            self.latest_ns = max(self.latest_ns, late_ns)
            if exchange.response:
                status = exchange.response.status
                _count(self.statuses, str(status.text if status.code is None else status.code))
            code = 0
            if exchange.error:
                self.failed += 1
                _count(self.errors, exchange.error.kind)
                code = exit_code(exchange.error)
                self.exit_code = max(self.exit_code, code)
            total_ns = exchange.timing.total_ns + late_ns
            if exchange.response or (exchange.error and exchange.error.kind == "timeout"):
                self._time(exchange, total_ns)
            if self.first is None or number < self._first_number:
                self.first, self._first_number = exchange, number
            if (code, total_ns) > self._worst:
                self.worst, self._worst = exchange, (code, total_ns)

    def _time(self, exchange: Exchange, total_ns: int) -> None:
        """What was refused or broken off says nothing of how long an answer takes; a time limit that passed does."""
        self.times["total"].add(total_ns)
        for phase, ns in exchange.timing.phases.items():
            self.times.setdefault(phase, Distribution()).add(ns)


LATE_NS = 1_000_000  # of a schedule: less than that is the clock's


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def summary(series: Series) -> dict[str, Any]:
    """The contract's document (section 4) without the two exchanges."""
    rate = series.rate_per_s
    return {
        "schema": SCHEMA,
        "count": series.count,
        "succeeded": series.count - series.failed,
        "failed": series.failed,
        "failed_ratio": round(series.failed / series.count, 6) if series.count else 0.0,
        "status": dict(sorted(series.statuses.items())),
        "errors": dict(sorted(series.errors.items())),
        "timing": {f"{name}_ms": _figures(series.times.get(name)) for name in ("total", *PHASES)},
        "rate_per_s": None if rate is None else round(rate, 3),
        "connections": series.connections,
    }


def series_document(series: Series, *, exact: bool = False) -> dict[str, Any]:
    """The contract's document (section 4)."""
    from rrcli.model.document import document

    kept = {"first": series.first, "worst": series.worst}
    return {**summary(series), **{name: document(one, exact=exact) if one else None for name, one in kept.items()}}


def _figures(times: Distribution | None) -> dict[str, float] | None:
    if times is None or not times.count:
        return None
    figures = {
        "min": times.least,
        "mean": times.mean,
        **{name: times.percentile(p) for name, p in PERCENTILES.items()},
        "max": times.greatest,
    }
    return {name: round(ns / 1e6, 3) for name, ns in figures.items()}
