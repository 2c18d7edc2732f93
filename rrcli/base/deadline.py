"""One time limit of an exchange, passed down to everything that waits."""

from __future__ import annotations

from time import monotonic_ns as now

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["FOREVER_S", "Deadline", "now"]

FOREVER_S = 1e9  # thirty years: what is longer is no limit, and would not fit into nanoseconds in the end
LONGEST_POLL_MS = 1e9  # `poll` takes a C int of milliseconds; whoever waits looks at the clock again afterwards


def _seconds(seconds: float) -> str:
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


class Deadline:
    """The moment at which an exchange must be over; `limit` says which option set it, for the message."""

    __slots__ = ("at_ns", "limit")

    def __init__(self, at_ns: int | None, limit: str) -> None:
        self.at_ns = at_ns
        self.limit = limit

    @classmethod
    def after(cls, seconds: float | None, option: str) -> Deadline:
        """`seconds` from now; `None` and, as in curl, 0 mean no limit."""
        if not seconds or seconds > FOREVER_S:
            return cls(None, option)
        return cls(now() + int(seconds * 1e9), f"{option} {_seconds(seconds)}")

    def sooner(self, other: Deadline) -> Deadline:
        """Whichever of the two passes first."""
        if self.at_ns is None or (other.at_ns is not None and other.at_ns < self.at_ns):
            return other
        return self

    def remaining_ms(self) -> float | None:
        """Milliseconds left, as `poll` wants them: `None` for ever, never below 0, and never more than it can take."""
        return None if self.at_ns is None else min(max(0, self.at_ns - now()) / 1e6, LONGEST_POLL_MS)

    def passed(self) -> bool:
        return self.at_ns is not None and now() >= self.at_ns

    def expire(self) -> NoReturn:
        """Raise the time-out. The runner adds the phase."""
        raise ExchangeError("transport", "timeout", f"the time limit passed ({self.limit})")
