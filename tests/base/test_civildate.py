"""Days of the calendar are those of Python's own."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.civildate import days_since_epoch


@given(st.dates())
def test_days_since_the_epoch(date: datetime.date) -> None:
    assert days_since_epoch(date.year, date.month, date.day) == date.toordinal() - datetime.date(1970, 1, 1).toordinal()
