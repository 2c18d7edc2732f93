"""The note on a clock that is wrong, from the date of an answer."""

from __future__ import annotations

import time

import pytest

from rrcli.adapters.http.notes import clock_notes, seconds_of
from rrcli.model.values import Note
from rrcli.responders.http_message import http_date


def at(offset_s: float, *more: tuple[str, str]) -> list[str]:
    """The messages for an answer whose date is so far from now."""
    notes = clock_notes((("Date", http_date(time.time() + offset_s)), *more), time.time())
    assert all(note == Note(code="clock-skew", message=note.message) for note in notes)
    return [note.message for note in notes]


@pytest.mark.parametrize(
    ("offset_s", "words"),
    [
        (310, "5 min ahead of"),
        (-3000, "50 min behind"),
        (7300, "2 h ahead of"),
        (-47 * 3600 - 9, "47 h behind"),
        (400 * 86400 + 9, "400 days ahead of"),
    ],
)
def test_more_than_five_minutes(offset_s: float, words: str) -> None:
    assert at(offset_s) == [f"the date of the answer is {words} the clock here: one of the two is wrong"]


@pytest.mark.parametrize("offset_s", [0, 290, -290])
def test_less_is_none(offset_s: float) -> None:
    assert at(offset_s) == []


def test_what_a_cache_kept_may_be_old() -> None:
    assert at(-3600, ("Age", "3500")) == []
    assert at(-3600, ("Age", "10")) != []


def test_a_long_exchange_is_judged_by_its_begin() -> None:
    assert clock_notes((("Date", http_date(time.time() - 3600)),), time.time() - 3590) == []


@pytest.mark.parametrize(
    "date", ["", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, x6 Nov 1994 08:49:37 GMT"]
)
def test_other_forms_are_not_read(date: str) -> None:
    assert seconds_of(date) is None
    assert clock_notes((("Date", date),), 0.0) == []


@pytest.mark.parametrize("seconds", [0, 784111777, 951782400, 951868800, 4107542400, 1709164799, 1709251199])
def test_dates_across_leap_days(seconds: int) -> None:
    assert seconds_of(http_date(seconds)) == seconds
