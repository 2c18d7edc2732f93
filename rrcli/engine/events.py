"""What an adapter tells the runner while one hop of an exchange happens.

A hop is `Sent`, then `Received` as soon as the status is known, the content in pieces, and `Finished`. When a hop
fails the adapter raises; the runner makes the best of what was told before.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from rrcli.base.deadline import Deadline
    from rrcli.base.errors import ExchangeError
    from rrcli.engine.continuation import Continue
    from rrcli.model.values import RequestMessage, Response, Target
    from rrcli.wire.pool import Awaited


class Sent(Record):
    """The request and its target. Emitted before the first system call, so that every failure can show it."""

    message: RequestMessage
    target: Target


class Received(Record):
    """The status and the fields are known; the answer's `body`, where it has one, is still without data."""

    answer: Response


class Content(Record):
    """The next piece of the answer's content, after content decoding."""

    data: bytes


class StreamEvent(Record):
    """One event of an answer that is a stream of them: what `data.events` holds of it, and its raw line.

    The line is empty for one with data that only marks an end. The runner adds `at_ms`. After each the adapter asks
    `context.enough()` whether to go on.
    """

    type: str
    data: Any
    text: bytes
    more: Mapping[str, Any] = {}
    counts: bool = True  # for --max-events


class Finished(Record):
    """The whole answer, its content aside.

    With `then` another hop follows; nothing of such a hop should have reached the observer. `failure`: why this hop failed,
    if it did; there may be no answer then.
    """

    answer: Response | None
    then: Continue | None = None
    failure: ExchangeError | None = None


class Blocked(Record):
    """In a series alone: nothing can be done for this exchange before `on` is ready, or `until` has passed.

    The connection that it waits for may carry other exchanges meanwhile. `on` is none where the connection is this exchange's
    alone; that is told once, before the request goes out.
    """

    on: Awaited | None = None
    until: Deadline | None = None


if TYPE_CHECKING:
    HopEvent: TypeAlias = Sent | Received | Content | StreamEvent | Finished
    Event: TypeAlias = HopEvent | Blocked
