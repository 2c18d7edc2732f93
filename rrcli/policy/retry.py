"""Whether another attempt follows a failed one, and after which wait.

What can help and does no harm is decided where the failure is explained (`policy/advise.py`: `error.retry`); here come
the count, the wait and the limits. The waits grow exponentially with full jitter, so that many clients that failed
together do not come back together; a peer's own Retry-After takes their place (RFC 9110 §10.2.3).
"""

from __future__ import annotations

from os import urandom
from time import sleep

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import CONNECTION_LOST
from rrcli.base.record import Record
from rrcli.options.commandline import reads_stdin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.model.values import Exchange, Failure, Response
    from rrcli.options.request import Request

LONGEST_WAIT = 30.0  # seconds that the ceiling of the waits grows to
LONGEST_ASKED = 120.0  # seconds that a peer may ask for while no limit of the user's bounds it
# Failures that may be gone a moment later; a bad status says by its explanation whether it may.
PASSING = (*CONNECTION_LOST, "timeout")


class Clock:
    """The time, the waiting and the chance: one place in which a test can put its own."""

    def now(self) -> int:
        """Nanoseconds of the monotonic clock."""
        return now()

    def sleep(self, seconds: float) -> None:
        sleep(seconds)

    def jitter(self, ceiling: float) -> float:
        """A chance number of seconds up to `ceiling`."""
        return ceiling * int.from_bytes(urandom(4), "big") / 0xFFFFFFFF


class Decision(Record):
    """`wait` is the seconds before the next attempt, `None` for no other; `reason` says why so, empty where nobody would ask."""

    wait: float | None = None
    reason: str = ""


class Retries:
    """The retries of one exchange, counted down. All of it, attempts and waits, ends before `limit`."""

    def __init__(
        self, request: Request, limit: Deadline, clock: Clock, asked_wait: Callable[[Response], tuple[float, str] | None] = lambda _: None
    ) -> None:
        """`asked_wait` gives the seconds that an answer asks to wait, and how it says so."""
        self.left = request.retry
        self._request = request
        self._limit = limit
        self._clock = clock
        self._asked_wait = asked_wait
        self._ceiling = min(request.retry_delay, LONGEST_WAIT)

    def after(self, exchange: Exchange, *, shown: bool) -> Decision:
        """What follows an attempt; `shown` when content of its answer went to the user already, who must not get it twice."""
        failure = exchange.error
        if failure is None or not self.left or not _may_pass(failure):
            return Decision()
        if reason := self._forbidden(exchange, failure, shown=shown):
            return Decision(reason=reason)
        asked = self._asked_wait(exchange.response) if exchange.response else None
        wait = self._clock.jitter(self._ceiling) if asked is None else asked[0]
        if reason := self._too_long(wait, asked is not None):
            return Decision(reason=reason)
        self.left -= 1
        self._ceiling = min(self._ceiling * 2, LONGEST_WAIT)
        return Decision(wait=wait, reason=_in_words(exchange, failure, asked[1] if asked else None))

    def _forbidden(self, exchange: Exchange, failure: Failure, *, shown: bool) -> str:
        """Why the request must not be repeated, if it must not."""
        if reads_stdin(self._request):
            return "standard input was read, and cannot be read again"
        if shown:
            return "a part of the answer is out already, and would come twice"
        if failure.retry == "safe" or self._request.retry_unsafe:
            return ""
        return f"{exchange.request.name} is not idempotent and may have been carried out; an idempotency key, or --retry-unsafe, allows it"

    def _too_long(self, wait: float, asked: bool) -> str:
        """Why there is no time for the wait and an attempt after it, if there is none."""
        if self._limit.at_ns is None:
            if not asked or wait <= LONGEST_ASKED:
                return ""
            return f"the server asks for a wait of {_seconds(wait)}; --retry-max-time {wait:.0f}s or more allows it"
        if self._clock.now() + int(wait * 1e9) < self._limit.at_ns:
            return ""
        return f"a wait of {_seconds(wait)} would pass the limit ({self._limit.limit})"


def _may_pass(failure: Failure) -> bool:
    return failure.kind in PASSING or (failure.kind == "bad_status" and failure.retry != "useless")


def _in_words(exchange: Exchange, failure: Failure, asked: str | None) -> str:
    """Why there is another attempt: the status, or the failure's own sentence."""
    if failure.kind != "bad_status" or exchange.response is None:
        return failure.message
    status = exchange.response.status
    words = " ".join(str(part) for part in (status.code, status.text) if part not in (None, ""))
    return words if asked is None else f"{words}, {asked}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"
