"""Documents of one kind compared: exchanges, sets, runs step by step, series by rate and percentiles.

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
    return all_differences([one, other], rules, before)


def all_differences(documents: list[Document], rules: Rules, before: Steps = ()) -> Differences:
    """Where documents of the same schema differ."""
    compare: Callable[[list[Document], Rules, Steps], Differences] = {
        EXCHANGE: exchange_differences,
        SET: _sets,
        RUN: _runs,
        SERIES: _series,
    }[documents[0]["schema"]]
    return compare(documents, rules, before)


def _sets(documents: list[Document], rules: Rules, before: Steps) -> Differences:
    """What each holds in turn: exchanges, or documents of runs or series."""
    name = "documents" if all(document.get("documents") for document in documents) else "exchanges"
    lists = [document[name] for document in documents]
    found: Differences = []
    for number in range(max(map(len, lists))):
        items = [each[number] if number < len(each) else None for each in lists]
        found += _together(items, rules, (*before, name, number))
    return found


def _together(documents: list[Document | None], rules: Rules, place: Steps) -> Differences:
    """The differences of what stands in one place; that there is nothing, or another kind of document, is one and all there is to say."""
    there = [document for document in documents if document]
    if len(there) < len(documents) or len({document["schema"] for document in there}) > 1:
        return _absent(documents, place, "schema", rules)
    return all_differences(there, rules, place)


def _runs(documents: list[Document], rules: Rules, before: Steps) -> Differences:
    """Step by step: the outcome, and what it holds."""
    runs = [_by_name(document["steps"]) for document in documents]
    found: Differences = []
    for name in dict.fromkeys(name for run in runs for name in run):
        place, steps = (*before, "steps", name), [run.get(name) for run in runs]
        there = [step for step in steps if step is not None]
        if len(there) < len(steps):
            found += _absent(steps, place, "outcome", rules)
            continue
        found += _plain(there, "outcome", rules, place)
        for key in HELD:
            held = [step.get(key) for step in there]
            if any(held):
                found += _together(held, rules, (*place, key))
    return found or _plain(documents, "exit_code", rules, before)


def _by_name(steps: list[Document]) -> dict[str, Document]:
    """The steps by their names; of several with one name, as an older document may have, the later are numbered."""
    found: dict[str, Document] = {}
    for step in steps:
        name, number = str(step["name"]), 2
        while name in found:
            name, number = f"{step['name']} ({number})", number + 1
        found[name] = step
    return found


def _series(documents: list[Document], rules: Rules, before: Steps) -> Differences:
    """The figures that are worse than those of the first by more than is tolerated."""
    figures = [("rate_per_s",), ("failed_ratio",), *(("timing", "total_ms", name) for name in PERCENTILES)]
    found = _found(rules, before)
    for steps in figures:
        first, *others = values = [value_at(document, steps) for document in documents]
        if rules.whole or any(is_worse(steps, [first, other], rules.tolerance) for other in others):
            found.compare(steps, values)
    if rules.whole:
        for name in ("count", "status", "errors", "timing", "connections"):
            found.compare((name,), [document.get(name) for document in documents])
    return list({each["path"]: each for each in found.differences}.values())


def value_at(document: Document, steps: Steps) -> Any:
    """The value in a place; `None` where there is none."""
    value: Any = document
    for step in steps:
        value = value.get(str(step)) if isinstance(value, dict) else None
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


def _plain(documents: list[Document], name: str, rules: Rules, before: Steps) -> Differences:
    found = _found(rules, before)
    found.compare((name,), [document.get(name) for document in documents])
    return found.differences


def _absent(documents: list[Document | None], before: Steps, name: str, rules: Rules) -> Differences:
    """That some have nothing in a place: with the values that the others have there under this name."""
    found = _found(rules, before)
    found.compare((name,), [document.get(name) if document else MISSING for document in documents], is_strict=True)
    return found.differences
