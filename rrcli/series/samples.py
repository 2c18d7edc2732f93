"""Every exchange of a series by itself, in 42 bytes each: for a report that has a line for each of them."""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.engine.repeat import Verdict

Row = tuple[int, int, int, int, "str | None", "str | None", bool]


class Samples:
    """Exchanges in the order in which they ended, with times in nanoseconds of one clock."""

    def __init__(self) -> None:
        self._numbers = array("q")
        self._due = array("q")
        self._began = array("q")
        self._totals = array("q")
        self._kinds = array("L")
        self._by_kind: dict[tuple[str | None, str | None, bool], int] = {}

    def add(self, number: int, began_ns: int, due_ns: int, total_ns: int, verdict: Verdict, *, reused: bool) -> None:
        """Keep one; where nobody said when it was due that is when it began."""
        self._numbers.append(number)
        self._due.append(due_ns)
        self._began.append(began_ns)
        self._totals.append(total_ns)
        kind = (verdict.status, verdict.failure, reused)
        self._kinds.append(self._by_kind.setdefault(kind, len(self._by_kind)))

    def rows(self, origin_ns: int) -> Iterator[Row]:
        """Number, when it was due and began after the origin, its total, status, kind of failure, whether its connection was kept."""
        kinds = list(self._by_kind)
        for number, due, began, total, kind in zip(self._numbers, self._due, self._began, self._totals, self._kinds, strict=True):
            yield (number, due - origin_ns, began - origin_ns, total, *kinds[kind])
