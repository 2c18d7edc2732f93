"""The limit of speed: how much may go by at once, and how long to rest."""

from __future__ import annotations

import time

import pytest

from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.wire.ratelimit import SAVED_NS, SLICE_S, RateLimit


def test_what_goes_by_at_once_is_a_slice_and_never_nothing() -> None:
    assert RateLimit(1000).allows(10**6) == int(1000 * SLICE_S)
    assert RateLimit(1000).allows(7) == 7
    assert RateLimit(1).allows(10**6) == 1


def test_rest_is_what_the_bytes_cost() -> None:
    pace = RateLimit(1000)
    assert pace.rest is None
    begin = time.monotonic()
    for _ in range(10):
        pace.sleep(Deadline.after(None, ""))
        pace.passed(20)
    pace.sleep(Deadline.after(None, ""))
    assert 0.2 <= time.monotonic() - begin < 0.25


def test_unused_time_is_not_saved_up() -> None:
    pace = RateLimit(1000)
    pace.passed(1)
    pace._free_ns -= 60 * 10**9  # a minute of silence
    pace.passed(1000)
    assert pace.rest
    assert pace.rest.remaining_ms() == pytest.approx(1000 - SAVED_NS / 1e6, abs=20)


def test_the_deadline_ends_a_rest() -> None:
    pace = RateLimit(10)
    pace.passed(10)
    begin = time.monotonic()
    with pytest.raises(ExchangeError, match=r"the time limit passed \(--timeout 50ms\)"):
        pace.sleep(Deadline.after(0.05, "--timeout"))
    assert time.monotonic() - begin < 0.2
