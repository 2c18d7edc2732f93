"""A series over time, a column for each part of it: how many ended there, how many of them failed, and the longest total."""

from __future__ import annotations

from rrcli.base.units import duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.report.terminal.paint import Line

HEIGHTS = "▁▂▃▄▅▆▇█"
FEWEST = 5  # parts that make a picture
WIDEST = 60  # columns: what is longer parts the picture from its numbers
REMARK = 24  # columns kept for what the highest column stands for


def draw_timeline(points: Sequence[dict[str, Any]], elapsed_ns: int, width: int) -> list[Line]:
    """One row for each of them, with what its highest column stands for, and the times below; nothing of what was over at once."""
    if len(points) < FEWEST:
        return []
    label = len("failed")
    parts = _parts(points, max(FEWEST, min(width - 2 - label - 2 - REMARK, WIDEST)))
    stretch_s = points[1]["at_s"] - points[0]["at_s"]
    counts = [sum(point["count"] for point in part) / (len(part) * stretch_s) for part in parts]
    whole_s = len(parts[0]) * stretch_s
    lasted_s = elapsed_ns / 1e9 - parts[-1][0]["at_s"]  # the last one was cut short; of too little of it no rate can be told
    counts[-1] = sum(point["count"] for point in parts[-1]) / min(max(lasted_s, whole_s / 2), whole_s)
    slowest = [max((point["max_ms"] or 0.0) for point in part) for part in parts]
    failed = [sum(point["failed"] for point in part) for part in parts]
    rows: list[Line] = [_row("rate", label, counts, "bar", f"up to {rate(max(counts))}")]
    if any(slowest):
        rows.append(_row("max", label, slowest, "slow-bar", f"up to {duration(round(max(slowest) * 1e6))}"))
    if any(failed):
        rows.append(_row("failed", label, failed, "bad-bar", f"up to {max(failed):,} at a time"))
    end = duration(elapsed_ns)
    rows.append([(f"{'':<{label}} 0{end:>{max(len(parts) - 1, len(end) + 1)}}", "dim")])
    return rows


def _parts(points: Sequence[dict[str, Any]], most: int) -> list[Sequence[dict[str, Any]]]:
    """The points in as many parts as there is room for, all of the same length but the last."""
    each = -(-len(points) // most)
    return [points[at : at + each] for at in range(0, len(points), each)]


def _row(name: str, label: int, values: Sequence[float], role: str, remark: str) -> Line:
    highest = max(values)
    columns = "".join(HEIGHTS[min(int(value / highest * len(HEIGHTS)), len(HEIGHTS) - 1)] if value else " " for value in values)
    return [(f"{name:<{label}} ", ""), (columns, role), (f"  {remark}", "dim")]


def rate(per_second: float) -> str:
    """`2,310/s`, `4.7/s`, `0.25/s`."""
    return f"{per_second:,.{0 if per_second >= 100 else 1 if per_second >= 1 else 2}f}/s"
