"""The clock of an exchange: its timeline of phases.

All times are nanoseconds of the monotonic clock, taken next to the system call. Phases never overlap: entering
one leaves the other. `send`, `wait` and `receive` are not entered by anybody; they follow from the stamps of
the first message written, the first byte of the answer and the last system call.
"""

from __future__ import annotations

from time import monotonic_ns as now
from time import time_ns


class Timeline:
    """When each phase of one exchange began and how long it took."""

    __slots__ = ("_in_phase", "_last_ns", "_last_out_ns", "_since_ns", "origin_ns", "phases", "started_at_ns")

    def __init__(self) -> None:
        self.started_at_ns = 0
        self.origin_ns = 0
        self.phases: dict[str, int] = {}
        self._in_phase: str | None = None
        self._since_ns = 0
        self._last_ns = 0
        self._last_out_ns = 0

    @property
    def current(self) -> str | None:
        """The phase under way: the one to blame when something fails now."""
        return self._in_phase

    @property
    def last_ns(self) -> int:
        """The stamp of the latest system call."""
        return self._last_ns

    def enter(self, phase: str, at_ns: int = 0) -> None:
        """Begin `phase`; the one under way ends there."""
        at_ns = at_ns or now()
        self.leave(at_ns)
        if not self.origin_ns:
            self.origin_ns = at_ns
            self.started_at_ns = time_ns()
        self._in_phase, self._since_ns = phase, at_ns
        self._last_ns = max(self._last_ns, at_ns)

    def leave(self, at_ns: int = 0) -> None:
        """End the phase under way, if any, at `at_ns` or now. A phase entered twice adds up."""
        if self._in_phase is None:
            return
        at_ns = at_ns or now()
        self.phases[self._in_phase] = self.phases.get(self._in_phase, 0) + max(0, at_ns - self._since_ns)
        self._in_phase = None
        self._last_ns = max(self._last_ns, at_ns)

    def writing(self, at_ns: int) -> None:
        """Bytes are about to be written: the first ones of the exchange begin `send`."""
        if self._in_phase is None and "send" not in self.phases and "wait" not in self.phases:
            self.enter("send", at_ns)

    def wrote(self, at_ns: int) -> None:
        self._last_ns = self._last_out_ns = at_ns

    def reading(self, at_ns: int) -> None:
        """Somebody wants an answer: what was being sent is sent, and `wait` begins at its last byte."""
        if self._in_phase == "send":
            self.enter("wait", max(self._last_out_ns, self._since_ns))  # the last byte out may be the handshake's
        elif self._in_phase is None and "wait" not in self.phases and "receive" not in self.phases:
            self.enter("wait", at_ns)  # the peer speaks first

    def read(self, at_ns: int) -> None:
        """Bytes came in."""
        self.ended(at_ns)
        if self._in_phase == "wait":
            self.enter("receive", at_ns)

    def ended(self, at_ns: int) -> None:
        """The end came in: where no byte came before it, the wait for one is what it ends."""
        if self._in_phase == "send":  # the peer did not wait for the end of the request
            self.enter("wait", at_ns)
        self._last_ns = max(self._last_ns, at_ns)

    def resume_sending(self) -> None:
        """Count what passed since the last byte out as `send`: an informational answer interrupts it and does not end it."""
        if self._in_phase in ("wait", "receive"):
            self.enter("send")
            self.phases["send"] += self.phases.pop("wait", 0) + self.phases.pop("receive", 0)

    def count_wait_as_send(self) -> None:
        """The wait was one for leave to send, which belongs to the sending (contract, section 3)."""
        self.phases["send"] += self.phases["wait"]
        self.phases["wait"] = 0

    def finish(self, *, failed: bool = False) -> None:
        """Close the phase under way: at its last system call, or now when it failed there."""
        if self._in_phase == "wait" and not failed:  # the answer is empty
            self.enter("receive", self._last_ns)
        self.leave(now() if failed else self._last_ns)

    @property
    def total_ns(self) -> int:
        """From the first to the last system call."""
        return self._last_ns - self.origin_ns if self.origin_ns else 0
