"""Two documents of one kind compared: exchanges, sets, runs step by step, series by rate and percentiles.

Paths of runs begin with `steps.NAME.`, because the steps of two runs are told by their names and not by their numbers.
"""

from __future__ import annotations

from rrcli.model.diff import exchange_differences
from rrcli.model.diff.rules import Rules
from rrcli.model.diff.values import MISSING, Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.model.diff.places import Steps

    Document = dict[str, Any]
    Differences = list[dict[str, Any]]

EXCHANGE, SET, RUN, SERIES = "rrcli.exchange/1", "rrcli.set/1", "rrcli.run/1", "rrcli.series/1"
KINDS = {EXCHANGE: "exchange", SET: "set", RUN: "run", SERIES: "series"}
PERCENTILES = ("p50", "p75", "p90", "p95", "p99", "p999")
HELD = ("exchange", "set", "series", "run")  # of a step


def document_differences(one: Document, other: Document, rules: Rules, before: Steps = ()) -> Differences:
    """Where two documents of the same schema differ."""
    compare: Callable[[Document, Document, Rules, Steps], Differences] = {
        EXCHANGE: lambda *given: exchange_differences([*given[:2]], *given[2:]),
        SET: _sets,
        RUN: _runs,
        SERIES: _series,
    }[one["schema"]]
    return compare(one, other, rules, before)


def _sets(one: Document, other: Document, rules: Rules, before: Steps) -> Differences:
    """Exchange by exchange, in their order."""
    documents = one.get("documents"), other.get("documents")
    if all(documents):  # of runs or series
        return _in_turn(documents[0] or [], documents[1] or [], "documents", rules, before)
    return _in_turn(one["exchanges"], other["exchanges"], "exchanges", rules, before)


def _in_turn(ones: list[Document], others: list[Document], name: str, rules: Rules, before: Steps) -> Differences:
    found: Differences = []
    for number in range(max(len(ones), len(others))):
        place = (*before, name, number)
        pair = [each[number] if number < len(each) else None for each in (ones, others)]
        if pair[0] and pair[1]:
            found += _pair(pair[0], pair[1], rules, place)
        else:
            found += _absent(pair, (*place, "schema"), rules)
    return found


def _pair(one: Document, other: Document, rules: Rules, place: Steps) -> Differences:
    """The differences of what stands in one place; another kind of document is one, and all there is to say."""
    if one["schema"] != other["schema"]:
        return _plain([one, other], "schema", rules, place)
    return document_differences(one, other, rules, place)


def _runs(one: Document, other: Document, rules: Rules, before: Steps) -> Differences:
    """Step by step: the outcome, and what it holds."""
    ones, others = _by_name(one["steps"]), _by_name(other["steps"])
    found: Differences = []
    for name in dict.fromkeys((*ones, *others)):
        place, pair = (*before, "steps", name), [ones.get(name), others.get(name)]
        if pair[0] is None or pair[1] is None:
            found += _absent(pair, (*place, "outcome"), rules)
            continue
        found += _plain(pair, "outcome", rules, place)
        for key in HELD:
            held = [step[key] for step in pair if step and step.get(key)]
            if len(held) == len(pair):
                found += _pair(held[0], held[1], rules, (*place, key))
            elif held:
                found += _absent([step and step.get(key) for step in pair], (*place, key, "schema"), rules)
    return found or _plain([one, other], "exit_code", rules, before)


def _by_name(steps: list[Document]) -> dict[str, Document]:
    """The steps by their names; of several with one name, as an older document may have, the later are numbered."""
    found: dict[str, Document] = {}
    for step in steps:
        name, number = str(step["name"]), 2
        while name in found:
            name, number = f"{step['name']} ({number})", number + 1
        found[name] = step
    return found


def _series(one: Document, other: Document, rules: Rules, before: Steps) -> Differences:
    """The figures of the second that are worse than those of the first by more than is tolerated."""
    figures = [("rate_per_s",), ("failed_ratio",), *(("timing", "total_ms", name) for name in PERCENTILES)]
    found = _found(rules, before)
    for steps in figures:
        values = [value_at(each, steps) for each in (one, other)]
        if rules.whole or is_worse(steps, values, rules.tolerance):
            found.compare(steps, values)
    if rules.whole:
        for name in ("count", "status", "errors", "timing", "connections"):
            found.compare((name,), [one.get(name), other.get(name)])
    return list({each["path"]: each for each in found.differences}.values())


def value_at(document: Document, steps: Steps) -> Any:
    """The value in a place; `None` where there is none."""
    value: Any = document
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def change(values: list[Any]) -> float | None:
    """By how much the second of two figures is larger, as a part of the first: 0.1 is a tenth. `None` where that is no number."""
    if not all(isinstance(value, (int, float)) for value in values) or not values[0]:
        return None
    return float((values[1] - values[0]) / values[0])


def is_worse(steps: Steps, values: list[Any], tolerance: float) -> bool:
    """Whether a rate sank, or a time or the part that failed grew, by more than is tolerated. What one of them lacks is no figure."""
    if not all(isinstance(value, (int, float)) for value in values):
        return False
    if steps[-1] == "rate_per_s":
        return bool(values[1] < values[0] * (1 - tolerance))
    return bool(values[1] > values[0] * (1 + tolerance))


def _found(rules: Rules, before: Steps) -> Found:
    def skips(steps: Steps) -> bool:
        return any(pattern.matches(steps) or pattern.matches((*before, *steps)) for pattern in rules.ignored)

    return Found(skips, lambda _: False, before)


def _plain(pair: list[Any], name: str, rules: Rules, before: Steps) -> Differences:
    found = _found(rules, before)
    found.compare((name,), [each.get(name) for each in pair])
    return found.differences


def _absent(pair: list[Any], place: Steps, rules: Rules) -> Differences:
    """That one of two has nothing in a place: with the value that the other has there."""
    found = _found(rules, place[:-1])
    found.compare(place[-1:], [each.get(place[-1]) if each else MISSING for each in pair], is_strict=True)
    return found.differences
