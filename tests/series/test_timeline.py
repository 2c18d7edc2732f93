"""A series over time: every exchange in one stretch, the time under way summed exactly, however coarse the stretches became."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.report.terminal.timeline import draw_timeline
from rrcli.series.timeline import MOST, Timeline

MS = 10**6
SPANS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 9_000)), min_size=1, max_size=60)


def filled(spans: list[tuple[int, int]]) -> Timeline:
    found = Timeline()
    for began, lasted in spans:
        found.add(began * MS, (began + lasted) * MS, lasted * MS, failed=lasted % 7 == 0)
    return found


@given(SPANS)
def test_each_is_counted_once_and_so_is_the_time_it_was_under_way(spans: list[tuple[int, int]]) -> None:
    timeline = filled(spans)
    points, end_s = timeline.points(), max(began + lasted for began, lasted in spans) / 1e3
    width_s = timeline.width_ns / 1e9
    assert len(points) <= MOST
    assert sum(point["count"] for point in points) == len(spans)
    assert sum(point["failed"] for point in points) == sum(lasted % 7 == 0 for _, lasted in spans)
    assert max(point["max_ms"] or 0 for point in points) == max(lasted for _, lasted in spans)
    busy_s = sum(point["concurrency"] * min(width_s, max(1e-9, end_s - at * width_s)) for at, point in enumerate(points))
    assert busy_s == pytest.approx(sum(lasted for _, lasted in spans) / 1e3, abs=0.005 * end_s + 1e-6)


@given(SPANS, SPANS)
def test_merged_it_is_that_of_all(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    merged = filled(one)
    merged.merge(filled(other))
    assert merged.points() == filled(one + other).points()


def test_a_stall_is_a_gap_and_then_what_waited_for_it() -> None:
    timeline = Timeline()
    for at in range(100):
        ended = at * 50 if not 20 <= at < 50 else 2500
        timeline.add(at * 50 * MS, (ended + 1) * MS, (ended + 1 - at * 50) * MS, failed=False)
    points = timeline.points()
    assert [point["count"] for point in points[101:250]] == [0] * 149
    assert (points[150]["p50_ms"], points[150]["concurrency"]) == (None, 11.0)
    assert (points[250]["count"], points[250]["max_ms"]) == (31, 1501.0)
    rate, longest, times = ["".join(text for text, _ in line) for line in draw_timeline(points, 4951 * MS, 80)]
    assert "▁         " in rate
    assert "█" in rate
    assert rate.endswith("  up to 282/s")
    assert longest.endswith("  up to 1.50 s")
    assert times.startswith("       0  ")
    assert times.endswith("4.95 s")


def test_what_was_refused_has_no_time() -> None:
    timeline = Timeline()
    timeline.add(0, MS, None, failed=True)
    assert timeline.points() == [{"at_s": 0.0, "count": 1, "failed": 1, "p50_ms": None, "p99_ms": None, "max_ms": None, "concurrency": 1.0}]


def test_a_million_exchanges_are_still_few_points() -> None:
    timeline = Timeline()
    for at in range(0, 100_000_000, 1000):
        timeline.add(at * 1000, at * 1000 + 900_000, 900_000, failed=False)
    assert 300 <= len(timeline.points()) <= MOST
    assert {point["count"] for point in timeline.points()[:-1]} == {timeline.width_ns // 10**6}
