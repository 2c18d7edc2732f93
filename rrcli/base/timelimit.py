"""A user's regular expression or query may go on for hours. Python looks for signals meanwhile, so a timer can end that.

Signals reach the main thread alone: in another one (the library's `submit`) nothing ends it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from rrcli.base.deadline import Deadline

    Result = TypeVar("Result")

LIMIT = 5.0  # seconds
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
