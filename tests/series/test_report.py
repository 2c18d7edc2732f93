"""The picture of a series, drawn from values alone."""

from __future__ import annotations

import pytest

from rrcli.engine.registry import BY_NAME
from rrcli.model.values import Check, Exchange, RequestMessage, Target, Timing
from rrcli.report.terminal.series import nice, rate, render_series
from rrcli.series.distribution import Distribution
from rrcli.series.tally import Series

WANTED = [
    "✔ 100 succeeded  ·  GET http://127.0.0.1/  ·  200/s",
    "  in 500.0 ms · 4 at once · 4 connections",
    "",
    "           min   mean    p50    p90    p95    p99    max",
    "  total    1.0   50.5   50.0   90.0   95.0   99.0  100.0 ms",
]


def series(**changes: object) -> Series:
    times = Distribution()
    for ms in range(1, 101):
        times.add(ms * 10**6)
    asked = RequestMessage(summary="GET / HTTP/1.1", data={"method": "GET"})
    first = Exchange(id="1", protocol="http", target=Target(url="http://127.0.0.1/"), request=asked, timing=Timing(total_ns=10**8))
    found = Series(
        count=100, failed=0, statuses={"200": 100}, errors={}, times={"total": times}, elapsed_ns=5 * 10**8, connections=4,
        first=first, worst=first, at_once=4,
    )  # fmt: skip
    return found.replace(**changes)


def drawn(one: Series, width: int = 80, *, color: bool = False) -> list[str]:
    return render_series(one, BY_NAME["http"], width=width, color=color, verbose=False).splitlines()


def test_the_first_lines_tell_how_it_went() -> None:
    assert drawn(series())[:5] == WANTED


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_is_wider_than_the_terminal_and_all_are_counted(width: int) -> None:
    lines = drawn(series(), width)
    assert max(map(len, lines)) <= width
    assert sum(int(line.split()[-1]) for line in lines if " – " in line) == 100


def test_colour_changes_no_letter() -> None:
    import re

    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in drawn(series(), color=True)] == drawn(series())


def times(*ms: float) -> Distribution:
    found = Distribution()
    for each in ms:
        found.add(int(each * 10**6))
    return found


def table(**phases: Distribution) -> list[str]:
    """The lines of the table, from its head on."""
    lines = drawn(series(times=phases))
    return lines[3 : lines.index("", 3)]


def test_what_happened_once_has_no_percentiles() -> None:
    assert table(total=times(4), wait=times(3)) == ["         time", "  total  4.00 ms", "  wait   3.00 ms"]
    assert table(total=times(2, 4), connect=times(1)) == [
        "            min  mean   p50   p90   p95   p99   max",
        "  total    2.00  3.00  2.00  4.00  4.00  4.00  4.00 ms",
        "  connect        1.00                               ms",
    ]


def test_a_phase_that_took_nothing_is_left_out() -> None:
    assert [line.split()[0] for line in table(total=times(2, 4), send=times(0.001, 0.004), wait=times(0.004, 3))[1:]] == ["total", "wait"]


def test_a_row_of_seconds_is_in_seconds_as_everywhere_on_the_page() -> None:
    lines = drawn(series(times={"total": times(*range(1000, 2000, 100)), "wait": times(1, 20)}, elapsed_ns=2 * 10**9))
    assert lines[1].startswith("  in 2.00 s")
    assert [line.split()[-1] for line in lines[4:6]] == ["s", "ms"]
    assert lines[4].split()[1:3] == ["1.000", "1.450"]
    assert all(" s " in line for line in lines if " – " in line)


def test_failures_and_checks_are_told() -> None:
    check = Check(expr="series.failed == 0", ok=False, actual=3)
    lines = drawn(series(failed=3, statuses={"200": 97, "503": 3}, errors={"bad_status": 3}, checks=(check,)))
    assert lines[0] == "✘ 3 of 100 failed, 1 of 1 check failed  ·  GET http://127.0.0.1/  ·  200/s"
    assert "  status    97 × 200 · 3 × 503" in lines
    assert "  failures  3 × bad_status" in lines
    assert lines[-1] == "  ✘ series.failed == 0 does not hold: it is 3"


def test_numbers_are_round() -> None:
    assert [nice(ns) for ns in (1, 1500, 4_900_000, 10**9)] == [1000, 2000, 5_000_000, 10**9]
    assert [rate(number) for number in (2310.4, 4.66, 0.25)] == ["2,310/s", "4.7/s", "0.25/s"]


def test_at_60_columns_the_rate_stays_in_the_first_line_and_the_unit_in_the_table() -> None:
    check = Check(expr="p99 < 1ms", ok=False, actual=99.0, unit="ms")
    lines = drawn(series(checks=(check,)), 60)
    assert lines[0].startswith("✘ 100 succeeded, 1 of 1 check failed  ·  GET ")
    assert len(lines[0]) <= 60
    assert lines[0].endswith("1/  ·  200/s")
    assert next(line for line in lines if line.endswith(" ms")).startswith("  total")
    assert lines[-1] == "  ✘ p99 < 1ms does not hold: it is 99.0 ms"
