"""A user's regular expression or query may go on for hours. Python looks for signals meanwhile, so a timer can end that.

Signals reach the main thread alone: in another one (the library's `submit`) nothing ends it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Pattern
    from typing import AnyStr, TypeVar

    from rrcli.base.deadline import Deadline

    Result = TypeVar("Result")

LIMIT = 5.0  # seconds
LONG = 64 << 10  # letters: a pattern may go over a text 4,096 times before Python looks for a signal
LEAST = 0.25  # seconds, so that a check can be made though the deadline has passed
AGAIN = 0.2  # seconds until the next try to end it: an exception is lost where Python runs a destructor


def left_of(deadline: Deadline | None) -> float:
    """The seconds that something may take which a deadline waits for."""
    left = deadline.remaining_ms() if deadline else None
    return LIMIT if left is None else min(LIMIT, max(LEAST, left / 1000))


class TimeLimitExceeded(Exception):
    """It was still going on when its time was over."""


def run_with_limit(seconds: float, call: Callable[[], Result]) -> Result:
    """What `call` returns. Raises `TimeLimitExceeded` when it takes longer than so many seconds."""
    import _signal  # type: ignore[import-not-found]  # `signal` loads enum

    over = False

    def give_up(_signal: int, _frame: object) -> None:
        if not over:
            raise TimeLimitExceeded

    try:
        before = _signal.signal(_signal.SIGALRM, give_up)
    except ValueError:  # not the main thread
        return call()
    try:
        _signal.setitimer(_signal.ITIMER_REAL, max(seconds, 0.001), AGAIN)
        return call()
    finally:
        over = True
        _signal.setitimer(_signal.ITIMER_REAL, 0)
        _signal.signal(_signal.SIGALRM, before)


def matches_within(seconds: float, pattern: Pattern[AnyStr], text: AnyStr) -> bool:
    """Whether a pattern is found in a text. Raises `TimeLimitExceeded` when finding out takes longer than so many seconds.

    A long text is searched in a process of its own, which can be ended whatever it is doing.
    """
    if len(text) <= LONG:
        return run_with_limit(seconds, lambda: pattern.search(text) is not None)
    reader, writer = os.pipe()
    child = _fork()
    if child == 0:
        try:
            os.write(writer, b"1" if pattern.search(text) else b"0")
        finally:
            os._exit(0)
    os.close(writer)
    try:
        from select import POLLIN, poll

        poller = poll()
        poller.register(reader, POLLIN)
        said = os.read(reader, 1) if poller.poll(max(seconds, 0.001) * 1000) else b""
    finally:
        os.close(reader)
        os.kill(child, 9)
        os.waitpid(child, 0)
    if not said:
        raise TimeLimitExceeded
    return said == b"1"


def _fork() -> int:
    """`os.fork` without the warning about threads: the child does nothing that another one could have locked."""
    from warnings import catch_warnings, simplefilter

    with catch_warnings():
        simplefilter("ignore", DeprecationWarning)
        return os.fork()
