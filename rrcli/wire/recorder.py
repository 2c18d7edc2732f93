"""What is written down of one exchange while it happens: phases, bytes both ways, addresses tried, TLS.

One `Recorder` belongs to one exchange and is the only mutable record of it; the runner makes the frozen
`Connection`, `Timing` and transcript of it at the end.

Who writes a secret marks it, because only the writer knows where it stands: behind a length, within a frame, or so short that
a search for its value would find it everywhere. Mostly this is `stream.write(data, note, secrets=((start, end), …))`; who sends in
several pieces calls `recorder.secret_span(start, end)` before the first of them. The bytes are recorded as they are, and
`policy/redact.py` overwrites what is marked where the transcript is shown masked.
"""

from __future__ import annotations

from time import monotonic_ns as now
from time import time_ns

from rrcli.model.values import Attempt, Connection, TlsInfo, TranscriptEntry

MOST_COPIED = 1 << 16  # bytes of an answer that is compared with those that follow
FIRST_BYTES = 512  # kept of every answer, so that another protocol on the port can be named


class Recorder:
    """The recorder of one exchange. `limit` is the transcript's size in bytes; `None` records no transcript."""

    def __init__(self, limit: int | None = None) -> None:
        self.timeline = Timeline()
        self.attempts: list[Attempt] = []
        self.local: str | None = None
        self.peer: str | None = None
        self.reused = False  # an earlier exchange had opened the connection
        self.proxy: str | None = None  # its URL without credentials; the peer is then the proxy's address
        self.tls: TlsInfo | None = None
        self.bytes_sent = 0
        self.bytes_received = 0
        self.first = b""
        self.certificate_asked = False  # by the peer, of us
        self.answered = False  # bytes of the protocol's own came after the handshake
        self.wrote = False  # bytes of the request itself may have left
        self.answer: bytearray | None = None  # all that was received, while somebody wants to know and it is not too much
        self.limit = limit  # bytes of the transcript; `None` for none
        self._room = limit or 0
        self._entries: list[TranscriptEntry] = []
        self._left_out = [0, 0]  # entries, bytes
        self._marks: list[tuple[int, int]] = []  # secrets among the bytes sent, in their order; those that are behind us are gone
        self._position = 0  # bytes that the marks are counted in

    @property
    def keeps_transcript(self) -> bool:
        """Whether there will be a transcript; without one nobody needs to look for secrets."""
        return self.limit is not None

    def secret_span(self, start: int, end: int) -> None:
        """Mark the bytes from `start` to before `end` as a secret, counted from the next byte that is sent, in however many pieces."""
        if self.keeps_transcript and start < end:
            self._marks.append((self._position + start, self._position + end))

    def sent(self, data: bytes | memoryview, at_ns: int, note: str | None = None) -> None:
        """Plaintext went out."""
        if self.timeline.current != "handshake":
            self.wrote = True
        if self.limit is not None:
            self._record("sent", data, at_ns, note, self._secrets_in(len(data)) if self._marks else ())
            self._position += len(data)

    def _secrets_in(self, size: int) -> tuple[tuple[int, int], ...]:
        """What is marked of the next `size` bytes that are sent."""
        begin, end = self._position, self._position + size
        found = tuple((max(first, begin) - begin, min(last, end) - begin) for first, last in self._marks if first < end and last > begin)
        self._marks = [mark for mark in self._marks if mark[1] > end]
        return found

    def received(self, data: bytes, at_ns: int, note: str | None = None) -> None:
        """Plaintext came in."""
        if self.timeline.current != "handshake":
            self.answered = True
        if self.answer is not None:
            self._copy(data)
        if len(self.first) < FIRST_BYTES:
            self.first += bytes(data[: FIRST_BYTES - len(self.first)])
        if self.limit is not None:
            self._record("received", data, at_ns, note)

    def _copy(self, data: bytes) -> None:
        assert self.answer is not None
        self.answer += data
        if len(self.answer) > MOST_COPIED:
            self.answer = None

    def ignored(self, data: bytes, at_ns: int) -> None:
        """Something came in that is no part of the answer."""
        if self.limit is not None:
            self._record("received", data, at_ns, "ignored")

    @property
    def entries(self) -> int:
        """How many entries there are by now."""
        return len(self._entries)

    @property
    def latest(self) -> str | None:
        """The direction of the latest entry, which `remark` explains."""
        return self._entries[-1].direction if self._entries else None

    def show_instead(self, since: int, data: bytes) -> None:
        """Show `data` for what was sent from that entry on: of the same length, and with the same meaning."""
        at = 0
        for number in range(since, len(self._entries)):
            entry = self._entries[number]
            if entry.direction == "sent":
                self._entries[number] = entry.replace(data=data[at : at + len(entry.data)])
                at += len(entry.data)

    def remark(self, note: str) -> None:
        """Explain the latest entry of the transcript in the protocol's words."""
        if self._entries and not self._left_out[0]:
            last = self._entries[-1]
            self._entries[-1] = last.replace(note=f"{last.note}; {note}" if last.note else note)

    def _record(
        self, direction: str, data: bytes | memoryview, at_ns: int, note: str | None, secrets: tuple[tuple[int, int], ...] = ()
    ) -> None:
        kept = bytes(data[: self._room])
        self._room -= len(kept)
        if kept:
            at_ns -= self.timeline.origin_ns
            self._entries.append(TranscriptEntry(at_ns=at_ns, direction=direction, data=kept, note=note, secrets=secrets))
        if len(kept) < len(data):
            self._left_out[0] += 1
            self._left_out[1] += len(data) - len(kept)

    def transcript(self) -> tuple[TranscriptEntry, ...] | None:
        """What was recorded, and one last entry that counts what was left out; `None` when nothing was to be."""
        if self.limit is None:
            return None
        if not self._left_out[0]:
            return tuple(self._entries)
        entries, size = self._left_out
        note = f"left out: {size} more bytes in {entries} pieces (limit {self.limit}; --wire=SIZE keeps more)"
        return (*self._entries, TranscriptEntry(at_ns=self.timeline.total_ns, direction="received", data=b"", note=note))

    def connection(self) -> Connection:
        return Connection(
            local=self.local,
            peer=self.peer,
            reused=self.reused,
            proxy=self.proxy,
            attempts=tuple(self.attempts),
            tls=self.tls,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
        )


class Timeline:
    """When each phase of one exchange began and how long it took.

    All times are nanoseconds of the monotonic clock, taken next to the system call. Phases never overlap: entering
    one leaves the other. `send`, `wait` and `receive` are not entered by anybody; they follow from the stamps of
    the first message written, the first byte of the answer and the last system call.
    """

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

    def count_in_vain(self) -> None:
        """Count all since the name was found as connecting: an address came to nothing, and another one, or another way, is tried now."""
        self.leave()
        in_vain = sum(self.phases.pop(phase, 0) for phase in ("tls", "send", "wait"))
        self.phases["connect"] = self.phases.get("connect", 0) + in_vain

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
