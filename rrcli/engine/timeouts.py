"""The time limits that hold when the user gives none."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.request import Request

DEFAULT_TIMEOUT = 30.0


IDLE_TIMEOUT = 30.0  # seconds of silence that end a stream or a download


def without_attempt_timeout(request: Request, idle_limit: float = IDLE_TIMEOUT) -> Request:
    """The request without a limit for a whole attempt, but for silence: for streams and downloads (contract, section 1)."""
    idle = idle_limit if request.idle_timeout is None else request.idle_timeout
    return request.replace(timeout=request.timeout or 0.0, idle_timeout=idle)


def timeout_of(request: Request) -> float | None:
    """The limit of one attempt in seconds."""
    return DEFAULT_TIMEOUT if request.timeout is None else request.timeout
