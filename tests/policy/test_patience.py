"""A pattern that backtracks without end is given up, and the timer leaves nothing behind."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from rrcli.policy.expect import Expectation
from rrcli.policy.patience import Impatient, search

ENDLESS = re.compile("(a+)+$")


def test_a_match_is_found() -> None:
    found = search(re.compile("b+"), "abba")
    assert found is not None
    assert found.span() == (1, 3)


def test_a_pattern_without_end_is_given_up() -> None:
    before, began = signal.getsignal(signal.SIGALRM), time.monotonic()
    with pytest.raises(Impatient):
        search(ENDLESS, "a" * 60 + "b", 0.05)
    assert time.monotonic() - began < 5
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))


def test_in_another_thread_it_is_a_plain_search() -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(search(re.compile("b"), "abc")))
    thread.start()
    thread.join(5)
    assert [bool(match) for match in found] == [True]


@pytest.mark.parametrize("expression", ["body matches (a+)+$", "not body matches (a+)+$"])
def test_an_expectation_without_end_does_not_hold_either_way(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.policy.patience.search.__defaults__", (0.05,))
    expectation = Expectation(expression)
    checked = expectation.check({"body": "a" * 60 + "b"})
    assert (checked.ok, expectation.gave_up) == (False, True)
