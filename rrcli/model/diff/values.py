"""JSON values compared by their structure: objects by name, lists by position, a masked secret equal to whatever is in its place."""

from __future__ import annotations

from rrcli.base.fields import MASK
from rrcli.model.diff.places import path_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.model.diff.places import Steps


class _Missing:
    """There is nothing in this place, not even null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


class Found:
    """The differences as they are found.

    `skips` says which places are not compared, `unordered` which lists have no order; `before` is where all of it stands.
    """

    def __init__(self, skips: Callable[[Steps], bool], unordered: Callable[[Steps], bool], before: Steps = ()) -> None:
        self._skips = skips
        self._unordered = unordered
        self._before = before
        self.differences: list[dict[str, Any]] = []

    def compare(self, steps: Steps, values: list[Any], *, is_strict: bool = False) -> None:
        """Compare what stands in one place. `is_strict`: null is not the same as nothing."""
        if not is_strict:
            values = [None if value is MISSING else value for value in values]
        if self._skips(steps) or all(value is values[0] for value in values):
            return
        there = [value for value in values if value is not MISSING]
        if len(there) == len(values) and all(isinstance(value, dict) for value in there):
            for name in dict.fromkeys(name for value in there for name in value):
                self.compare((*steps, name), [value.get(name, MISSING) for value in values], is_strict=is_strict)
        elif len(there) == len(values) and all(isinstance(value, list) for value in there):
            self._lists(steps, values, is_strict=is_strict)
        elif len(there) < len(values) or not alike(values):
            self.add(steps, values)

    def _lists(self, steps: Steps, values: list[list[Any]], *, is_strict: bool) -> None:
        if self._unordered(steps):
            if len({canonical(steps, value, self._skips) for value in values}) > 1:
                self.add(steps, values)
            return
        for number in range(max(map(len, values))):
            items = [value[number] if number < len(value) else MISSING for value in values]
            self.compare((*steps, number), items, is_strict=True if MISSING in items else is_strict)

    def add(self, steps: Steps, values: list[Any]) -> None:
        """A difference. `missing` numbers the documents that have nothing in the place, where any has not."""
        missing = [number for number, value in enumerate(values) if value is MISSING]
        found = {"path": path_text((*self._before, *steps)), "values": [None if value is MISSING else value for value in values]}
        self.differences.append({**found, "missing": missing} if missing else found)


def canonical(steps: Steps, value: Any, skips: Callable[[Steps], bool]) -> str:
    """Equal for values that differ in the order of lists alone, or in what is not compared."""
    if isinstance(value, list):
        return "[" + ",".join(sorted(canonical((*steps, 0), item, skips) for item in value)) + "]"
    if isinstance(value, dict):
        places = [(name, (*steps, name)) for name in sorted(value)]
        return "{" + ",".join(f"{name!r}:{canonical(place, value[name], skips)}" for name, place in places if not skips(place)) + "}"
    return repr(value)


def alike(values: list[Any]) -> bool:
    """Whether values, of which not all are objects and not all lists, are the same."""
    if not any(isinstance(value, str) and MASK in value for value in values):
        return all(_equal(values[0], value) for value in values[1:])
    return all(_equal(one, other) for number, one in enumerate(values) for other in values[number + 1 :])


def _equal(one: Any, other: Any) -> bool:
    if MASK in (one, other):
        return one is not None and other is not None
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other  # to Python true is 1
    if isinstance(one, str) and isinstance(other, str):
        return one == other or _fits(one, other) or _fits(other, one)
    return bool(one == other)


def _fits(pattern: str, text: str) -> bool:
    """Whether a text is this one with something in the place of each secret."""
    first, *parts = pattern.split(MASK)
    if not parts or not text.startswith(first):
        return False
    at, last = len(first), parts.pop()
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return len(text) - len(last) >= at and text.endswith(last)
