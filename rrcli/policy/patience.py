"""A user's regular expression or query may go on for hours. Python looks for signals meanwhile, so a timer can end that.

Signals reach the main thread alone: in another one (the library's `submit`) nothing ends it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from rrcli.wire.clock import Deadline

    Result = TypeVar("Result")

PATIENCE = 5.0  # seconds
LEAST = 0.25  # seconds, so that a check can be made though the deadline has passed
AGAIN = 0.2  # seconds until the next try to end it: an exception is lost where Python runs a destructor


def left_of(deadline: Deadline | None) -> float:
    """The seconds that something may take which a deadline waits for."""
    left = deadline.remaining_ms() if deadline else None
    return PATIENCE if left is None else min(PATIENCE, max(LEAST, left / 1000))


class Impatient(Exception):
    """It was still going on when its time was over."""


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """What `call` returns. Raises `Impatient` when it takes longer than so many seconds."""
    import _signal  # type: ignore[import-not-found]  # `signal` loads enum

    over = False

    def give_up(_signal: int, _frame: object) -> None:
        if not over:
            raise Impatient

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
