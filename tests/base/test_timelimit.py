"""What takes too long is given up, and the timer leaves nothing behind."""

from __future__ import annotations

import gc
import re
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from rrcli.base import timelimit
from rrcli.base.timelimit import TimeLimitExceeded, matches_within, run_with_limit
from rrcli.policy.expect import Expectation

ENDLESS = re.compile("(a+)+$")


@pytest.fixture(autouse=True)
def _no_callbacks_of_other_tests() -> Iterator[None]:
    """Some test tools have Python call them at each collection, where an exception is lost, and told of as a warning."""
    gc.disable()
    yield
    gc.enable()


def test_what_is_in_time_is_returned() -> None:
    assert run_with_limit(5, lambda: 7) == 7


def test_a_pattern_without_end_is_given_up() -> None:
    before, began = signal.getsignal(signal.SIGALRM), time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        run_with_limit(0.05, lambda: ENDLESS.search("a" * 60 + "b"))
    assert time.monotonic() - began < 5
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))


def test_in_another_thread_it_is_a_plain_call() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(run_with_limit(5, lambda: 7)))
    thread.start()
    thread.join(5)
    assert found == [7]


@pytest.mark.parametrize(
    "expression",
    [
        "body matches (a+)+$",
        "not body matches (a+)+$",
        "length(json[].[@, @, @][][][] | sort_by(@, &to_string(@))) > 0",
    ],
)
def test_an_expectation_without_end_does_not_hold_either_way(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelimit, "LIMIT", 0.05)
    expectation = Expectation(expression)
    checked = expectation.check({"body": "a" * 60 + "b", "json": list(range(200_000))})
    assert (checked.ok, expectation.gave_up) == (False, True)


NO_SIGNAL = re.compile("a.*c")  # each try goes over the whole text before Python looks for a signal


def test_a_long_text_is_searched_where_the_search_can_be_ended() -> None:
    text = "a" * (4 << 20)
    began = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        matches_within(0.05, NO_SIGNAL, text)
    assert time.monotonic() - began < 5
    assert matches_within(5, NO_SIGNAL, text[:10] + "c" + text)
    assert not matches_within(5, re.compile("b"), text)
    assert matches_within(5, re.compile(b"b"), text.encode() + b"b")


def test_a_long_text_is_given_up_in_another_thread_too() -> None:
    found: list[bool] = []

    def search() -> None:
        try:
            matches_within(0.05, NO_SIGNAL, "a" * (4 << 20))
        except TimeLimitExceeded:
            found.append(True)

    thread = threading.Thread(target=search)
    thread.start()
    thread.join(5)
    assert found == [True]
