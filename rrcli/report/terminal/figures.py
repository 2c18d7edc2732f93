"""The figures of series side by side, and by how much each has changed."""

from __future__ import annotations

from rrcli.base.units import duration
from rrcli.model.diff.documents import PERCENTILES, change, is_worse, value_at
from rrcli.report.terminal.paint import pieces, shorten
from rrcli.report.terminal.tables import aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.model.diff.places import Steps
    from rrcli.report.terminal.paint import Line, Page

TIMES = ("min", "mean", *PERCENTILES, "max")
COMPARED = (("rate_per_s",), ("failed_ratio",), *(("timing", "total_ms", name) for name in PERCENTILES))
LONGEST, SHORTEST = 24, 8  # columns of a label
BESIDE = 26  # columns of the names, the change and the mark


def draw_figures(documents: Sequence[dict[str, Any]], labels: Sequence[str], page: Page, tolerance: float) -> None:
    """A row for each figure: the values, of two the change, and a mark where it is worse by more than is tolerated."""
    names: list[tuple[str, Steps]] = [("exchanges", ("count",)), ("failed", ("failed_ratio",)), ("rate", ("rate_per_s",))]
    names += [(name, ("timing", "total_ms", name)) for name in TIMES]
    room = min(LONGEST, max((page.width - BESIDE) // len(labels) - 2, SHORTEST))
    last: Line = [("change", "dim")] if len(labels) == 2 else []
    rows: list[list[Line]] = [[[], *(pieces(shorten(label, room), "strong") for label in labels), last, []]]
    for name, steps in names:
        values = [value_at(document, steps) for document in documents]
        if all(value is None for value in values):
            continue
        is_figure = steps in COMPARED
        first, *others = values
        worse = is_figure and any(is_worse(steps, [first, other], tolerance) for other in others)
        better = is_figure and any(is_worse(steps, [other, first], tolerance) for other in others)
        role = "bad" if worse else "good" if better else "" if is_figure else "dim"
        changed = change(values) if len(values) == 2 else None
        cell = [] if changed is None or name == "exchanges" else [(f"{changed:+.1%}", role)]
        rows.append([pieces(name), *(pieces(_shown(steps, value)) for value in values), cell, [("✘", "bad")] if worse else []])
    aligned(page, rows, [False, *(True for _ in labels), True, False])
    page.add([(f"✘ is worse by more than {round(tolerance * 100, 4):g}%", "dim")], 2)


def _shown(steps: Steps, value: Any) -> str:
    if not isinstance(value, (int, float)):
        return "-"
    if steps[0] == "timing":
        return duration(int(value * 1e6))
    if steps[0] == "failed_ratio":
        return f"{value:.2%}"
    return f"{value:,.0f}/s" if steps[0] == "rate_per_s" else f"{value:,}"
