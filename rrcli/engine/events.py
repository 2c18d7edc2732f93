"""What is told of an exchange while it happens: by an adapter to the runner, and by the runner to an `Observer`.

A hop is `Sent`, then `Received` as soon as the status is known, the content in pieces, and `Finished`. When a hop
fails the adapter raises; the runner makes the best of what was told before.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol, TypeAlias

    from rrcli.base.deadline import Deadline
    from rrcli.base.errors import ExchangeError
    from rrcli.model.values import RequestMessage, Response, Target
    from rrcli.wire.pool import Awaited

    class Hop(Protocol):
        """What an observer may ask while a hop is under way."""

        @property
        def at_ns(self) -> int: ...  # when the latest bytes came, from the exchange's beginning
        def secrets(self) -> tuple[str, ...]: ...  # the values to mask, as far as they are known


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
    counts: bool = True  # False: `--max-events` leaves it out


class Continue(Record):
    """Another hop of the same exchange follows: the runner files this one in the history and calls the adapter again.

    `why` is the word in the history: redirect, auth, retry, poll or describe. `state` is the adapter's own, and becomes
    `context.state` of the next hop; the request stays as the user gave it. With `resumes` the next hop goes on with the
    same stream: its events are counted and kept together, and it is none of the hops that the runner limits. Where the adapter limits
    them by itself, `limited` is false.
    """

    why: str
    state: Any
    resumes: bool = False
    limited: bool = True


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


# --- who watches: printing the answer, saving it, or drawing how far it got


class NoMoreWanted(Exception):
    """Thrown into a stepwise exchange by a caller who wants no more of the answer: it is over, and no failure."""


class Observer:
    """Sees the answer while it comes. The base sees nothing; printing is one kind of it."""

    keeps_content = True  # False: the observer takes the content itself, and nothing of it is kept in memory
    shows_events = False  # True: the observer prints each event of a stream
    passes_content = False  # True: the content goes out through it, and is not to be printed behind it

    @property
    def is_visible(self) -> bool:
        """True if output reaches the user, so that a retry must not repeat it."""
        return type(self) is not Observer

    def attach(self, hop: Hop) -> None:
        """Called once for each hop, before anything else of it."""

    def request_started(self) -> None:
        """A request is about to go out: the first, that of another hop, or of another attempt."""

    def received(self, answer: Response) -> None:
        """The status is known."""

    def content(self, data: bytes) -> None:
        """The next piece of content."""

    def uploaded(self, done: int, total: int | None) -> None:
        """So many bytes of the request's content are on their way, of so many where that is known."""

    def item(self, value: dict[str, Any], text: bytes, secrets: tuple[str, ...]) -> None:
        """The next event of a stream, as the document will hold it, and as its raw line."""

    def prints(self, value: dict[str, Any], text: bytes) -> bool:  # noqa: ARG002  # some print not all of them
        """Whether it shows this event."""
        return self.is_visible

    def finish(self) -> None:
        """All is over, and what still waits is to be written."""

    def retry_in(self, seconds: float, number: int) -> None:
        """Retry `number` follows in so many seconds."""

    def poll_in(self, seconds: float, number: int, found: str) -> None:
        """What `--until` waits for does not hold after `number` exchanges, as `found` tells; the next is in so many seconds."""
