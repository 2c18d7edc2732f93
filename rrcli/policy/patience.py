"""A user's regular expression may backtrack for hours. Python looks for signals while it matches, so a timer can end that.

Signals reach the main thread alone: in another one (the library's `submit`) nothing ends a match.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Match, Pattern
    from typing import AnyStr, NoReturn

PATIENCE = 5.0  # seconds


class Impatient(Exception):
    """The pattern was still trying when its time was over."""


def search(pattern: Pattern[AnyStr], text: AnyStr, seconds: float = PATIENCE) -> Match[AnyStr] | None:
    """The first match. Raises `Impatient` when it takes longer than so many seconds."""
    import _signal  # type: ignore[import-not-found]  # `signal` loads enum

    def give_up(_signal: int, _frame: object) -> NoReturn:
        raise Impatient

    try:
        before = _signal.signal(_signal.SIGALRM, give_up)
    except ValueError:  # not the main thread
        return pattern.search(text)
    try:
        _signal.setitimer(_signal.ITIMER_REAL, max(seconds, 0.001))
        return pattern.search(text)
    finally:
        _signal.setitimer(_signal.ITIMER_REAL, 0)
        _signal.signal(_signal.SIGALRM, before)
