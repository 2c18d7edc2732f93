"""Percentiles against sorting, exact ones and those of buckets."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.series.distribution import BITS, Distribution, width_of

DURATIONS = st.lists(st.integers(0, 10**12), min_size=1, max_size=300)
PERCENTS = st.sampled_from([1, 50, 90, 95, 99, 100])


def filled(values: list[int], exact: int) -> Distribution:
    found = Distribution(exact)
    for value in values:
        found.add(value)
    return found


@given(DURATIONS, PERCENTS)
def test_a_percentile_is_the_value_of_nearest_rank(values: list[int], percent: int) -> None:
    expected = sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]
    assert filled(values, 1000).percentile(percent) == expected


@given(DURATIONS, PERCENTS)
def test_a_percentile_of_buckets_is_off_by_no_more_than_their_width(values: list[int], percent: int) -> None:
    expected = sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]
    assert abs(filled(values, 3).percentile(percent) - expected) <= expected / 2**BITS


@given(DURATIONS, st.sampled_from([3, 1000]))
def test_least_greatest_and_mean_are_exact(values: list[int], exact: int) -> None:
    found = filled(values, exact)
    assert (found.count, found.least, found.greatest) == (len(values), min(values), max(values))
    assert found.mean == pytest.approx(statistics.fmean(values))


@given(DURATIONS, st.integers(0, 10**12))
def test_below_counts_what_is_less(values: list[int], limit: int) -> None:
    assert filled(values, 1000).below(limit) == sum(value < limit for value in values)


@given(DURATIONS, DURATIONS, st.sampled_from([3, 50, 1000]))
def test_merged_they_are_those_of_both(one: list[int], other: list[int], exact: int) -> None:
    merged, both = filled(one, exact), filled(one + other, exact)
    merged.merge(filled(other, exact))
    assert (merged.count, merged.total, merged.least, merged.greatest) == (both.count, both.total, both.least, both.greatest)
    assert merged.buckets() == both.buckets()
    assert [merged.percentile(percent) for percent in (50, 99.99)] == [both.percentile(percent) for percent in (50, 99.99)]


@given(DURATIONS, st.sampled_from([3, 1000]))
def test_each_bucket_holds_what_lies_in_it(values: list[int], exact: int) -> None:
    found = filled(values, exact).buckets()
    assert sum(count for _, count in found) == len(values)
    for start, count in found:
        assert count == sum(start <= ns < start + width_of(start) for ns in values)
        assert width_of(start) <= max(1, start / 2**BITS)


def test_a_million_durations_take_bounded_memory() -> None:
    found = Distribution(exact=100)
    for at in range(200_000):
        found.add(at * 7919 % 10**10)
    assert found.count == 200_000
    assert len(found._buckets) <= (34 - BITS) * 2**BITS
    assert len(found._values) == 0


def test_nothing_counted_has_no_percentile() -> None:
    assert (Distribution().percentile(99), Distribution().mean) == (0, 0.0)
