"""Sends an exchange again on a new connection, where the one that was kept open turned out to be over."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.context import Context
    from rrcli.model.values import Exchange

MOST_REFUSALS = 100  # of one exchange that the server says it has not looked at
GONE = ("closed", "reset", "refused")  # what the end of a kept connection looks like


def reopened(context: Context, exchange: Exchange) -> Context | None:
    """The context in which to send it again on a new connection; `None` where that would not be sound.

    The kept connection was over before a byte of the answer came: the server had closed it meanwhile, or says that it did not
    process this request (RFC 9113 section 8.7). What may have been done is sent again only if it is idempotent (RFC 9110
    section 9.2.2); the former is tried once.
    """
    error, pool = exchange.error, context.pool
    assert pool
    if error is None or error.kind not in GONE or error.retry != "safe" or not context.recorder.reused or context.recorder.answered:
        return None
    if context.reopened >= (MOST_REFUSALS if error.kind == "refused" else 1) or context.deadline.passed():
        return None
    pool.close_streams()
    pool.reopened_count += 1
    again = context.again(context.deadline)
    again.reopened = context.reopened + 1
    if again.reopened == 1:
        again.note("reopened", f"sent again on another connection: on the one that was kept open {error.message}")
    return again
