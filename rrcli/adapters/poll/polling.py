"""What came of a poll so far, from request to request: how often it was asked, where it goes on, how long the wire takes."""

from __future__ import annotations

from rrcli.adapters.poll import cursor as cursors
from rrcli.base.record import Record
from rrcli.policy.retry import LONGEST_WAIT, Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.poll.callback import Listener
    from rrcli.engine.context import Context
    from rrcli.wire.pool import Pool
    from rrcli.wire.recorder import Recorder

HELD_NS = 10**9  # an answer that took so long was held back by the server


class PollState(Record):
    """What a hop of a poll takes over from the one before it."""

    polling: Polling
    http: HopState


class Polling:
    """The one mutable thing of a poll; it goes from request to request."""

    def __init__(self) -> None:
        self.made = 0  # requests that were answered or failed
        self.empty = 0  # answers that brought nothing
        self.failed = 0
        self.in_a_row = 0  # failures since the last answer
        self.is_job = False  # a 202 led to a resource that tells when it is done
        self.state = ""  # the last answer in a few words
        self.cursor: str | None = None
        self.mark = ""  # stands for the cursor in `template`
        self.template: PreparedRequest | None = None
        self.prepared: PreparedRequest | None = None  # the request under way, or the next one
        self.path: Any = None  # of the cursor in an answer
        self.path_text = ""
        self.status_path: Any = None  # of the URL of a job's status
        self.base: HopState | None = None  # what all requests have in common
        self.pool: Pool | None = None  # of our own: the connection goes from request to request
        self.numbers = cursors.Sequence()
        self.listener: Listener | None = None
        self.rtt_ns: int | None = None  # of the latest connection that was opened
        self._ceiling = 0.0
        self._clock = Clock()

    # --- where it goes on

    def take_cursor(self, found: Any) -> str:
        """Take the cursor of an answer: `new`, `same`, `back` for a number below the last one, `none`. Raises `malformed`."""
        text = cursors.checked(found)
        if text is None:
            return "none"
        before, self.cursor = self.cursor, text
        if before == text:
            return "same"
        smaller = before is not None and before.isdecimal() and text.isdecimal() and int(text) < int(before)
        return "back" if smaller else "new"

    def next_asked(self) -> PreparedRequest | None:
        """The request of the next poll; `None` where the words say it."""
        if self.template is not None and self.cursor is not None:
            return cursors.filled(self.template, self.mark, self.cursor)
        if self.prepared is not None and self.cursor is not None and self.path_text in cursors.CONDITIONS and not self.mark:
            return cursors.conditional(self.prepared, self.path_text, self.cursor)
        return self.prepared

    # --- time

    def held_ns(self, recorder: Recorder) -> int:
        """How long the server held the request: the wait for the first byte without one round trip of the connection.

        A round trip is what opening this connection took, or the one that was kept: the best that is known without asking the kernel.
        What a proxy between has added counts as the server's.
        """
        phases = recorder.timeline.phases
        self.rtt_ns = phases.get("connect", self.rtt_ns)
        return max(0, phases.get("wait", 0) - (self.rtt_ns or 0))

    def back_off(self, first: float) -> float:
        """Seconds until the next request after a failure: by chance within a ceiling that doubles."""
        self.in_a_row += 1
        self.failed += 1
        self._ceiling = min(self._ceiling * 2 or first, LONGEST_WAIT)
        return self._clock.jitter(self._ceiling)

    def recover(self) -> None:
        """There was an answer again."""
        self.in_a_row, self._ceiling = 0, 0.0

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    # --- in the end

    def close(self, context: Context) -> None:
        """No other request follows."""
        if self.pool:
            self.pool.close()
        if self.listener:
            self.listener.stop()
            if strays := self.listener.strays:
                context.note("callback-strays", f"{strays} other request{'s' * (strays != 1)} came to the listener and were refused")
            if checks := self.listener.challenges:
                context.note(
                    "callback-verified", f"the URL was verified {'once' if checks == 1 else f'{checks} times'}, and the listener proved it"
                )
            self.listener = None

    def told(self) -> dict[str, Any]:
        """What the document says of it."""
        return {"made": self.made, "empty": self.empty, "failed": self.failed, "cursor": self.cursor}
