"""Who sees the answer while it comes: printing it, saving it, or drawing how far it got."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from rrcli.model.values import Response

    class Hop(Protocol):
        """What an observer may ask while a hop is under way."""

        @property
        def at_ns(self) -> int: ...  # when the latest bytes came, from the exchange's beginning
        def secrets(self) -> tuple[str, ...]: ...  # the values to mask, as far as they are known


class NoMoreWanted(Exception):
    """Thrown into a stepwise exchange by a caller who wants no more of the answer: it is over, and no failure."""


class Observer:
    """Sees the answer while it comes. The base sees nothing; printing is one kind of it."""

    keeps_content = True  # False: the observer takes the content itself, and nothing of it is kept in memory
    shows_events = False  # True: the observer prints each event of a stream

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

    def retry_in(self, seconds: float, number: int) -> None:
        """Retry `number` follows in so many seconds."""

    def poll_in(self, seconds: float, number: int, found: str) -> None:
        """What `--until` waits for does not hold after `number` exchanges, as `found` tells; the next is in so many seconds."""
