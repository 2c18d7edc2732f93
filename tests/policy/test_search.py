"""One search for many values: it finds what looking for each of them finds, and its time does not grow with their number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.policy.mask import FEW, Mask
from rrcli.policy.search import pattern_of

LETTERS = st.text("ab1&%\n", min_size=1, max_size=12)


def test_the_longest_value_is_found_where_several_begin() -> None:
    found = pattern_of(["longvalue", "longvalue2", "longvalue23"]).findall("longvalue longvalue23 longvalue2")
    assert found == ["longvalue", "longvalue23", "longvalue2"]


def test_a_short_value_is_found_only_where_it_stands_alone() -> None:
    assert [found.start() for found in pattern_of(["abc"]).finditer("abc xabc abcx é.abc,\nabc éabc")] == [0, 16, 21]


def test_nothing_is_found_of_no_values() -> None:
    assert pattern_of([]).findall("anything") == []


@given(st.lists(LETTERS, min_size=1, max_size=30), LETTERS)
def test_every_value_is_found_in_itself(values: list[str], more: str) -> None:
    pattern = pattern_of(values)
    for value in values:
        assert pattern.fullmatch(value)
        assert pattern.search(f"{more}.{value}.") is not None


def test_values_that_share_a_long_beginning_are_found() -> None:
    values = ["a" * size for size in range(3, 120)]
    assert pattern_of(values).fullmatch("a" * 119)


@pytest.mark.parametrize("count", [1, FEW, 500])
def test_many_values_are_masked_as_one_is(count: int) -> None:
    mask = Mask(tuple(f"s3cret-{number}-value" for number in range(count)))
    assert mask.text("a s3cret-0-value b ‹secret› c") == "a ‹secret› b ‹secret› c"
    assert mask.blank(b"\xff s3cret-0-value b") == b"\xff " + b"*" * 14 + b" b"
