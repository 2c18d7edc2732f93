"""An open WebSocket over a stream: messages out, events in, and a transcript in which both can be read."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.codec.ws import WsMessage
from rrcli.codec.wsframes import FrameNotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.codec.ws import Event as WsEvent
    from rrcli.codec.ws import WebSocket
    from rrcli.model.values import Response
    from rrcli.wire.stream import Stream

GOODBYE = 1.0  # seconds for the peer's close frame to answer ours
LINGER = 0.3  # seconds in which a peer that broke the protocol can read why it is left
SHOWN = 200  # bytes of an inflated message in a note


class Socket:
    """Messages over a stream. Pings are answered while it is read."""

    def __init__(self, stream: Stream, codec: WebSocket, answer: Response) -> None:
        self.answer = answer  # the 101
        self.codec = codec
        self.stream = stream
        self._notes = FrameNotes(deflated=bool(codec.extensions)) if stream.recorder.keeps_transcript else None

    def say(self, text: str, note: str) -> None:
        """Send a text message."""
        self.codec.text(text)
        self.flush(note)

    def send(self, data: bytes, *, is_text: bool, fragment: int = 0) -> None:
        """Send a message, in frames of `fragment` bytes where that is more than 0; text is UTF-8."""
        if is_text:
            self.codec.text(data.decode(), fragment=fragment)
        else:
            self.codec.binary(data, fragment=fragment)
        self.flush(f"{'text' if is_text else 'binary'}, {len(data)} bytes{self._plain(data)}")

    def ping(self, data: bytes) -> None:
        """Send a ping."""
        self.codec.ping(data)
        self.flush("ping")

    def receive(self) -> list[WsEvent]:
        """The events that come next, perhaps none yet. Raises `closed` when the peer is gone without a word, and as the codec."""
        data = self._take()
        try:
            return self.codec.feed(data) if data else []
        finally:
            self.flush("pong or close")

    def events(self) -> Iterator[WsEvent]:
        """The same one by one, of which each is inflated when it is asked for; it has to be gone through to its end."""
        data = self._take()
        try:
            for event in self.codec.events(data) if data else ():
                if self._notes and isinstance(event, WsMessage) and event.deflated and self.stream.recorder.latest == "received":
                    self.stream.recorder.remark(f"inflated: {_beginning(event.data)}")
                yield event
        except ExchangeError:
            self.flush("close")  # which says what is wrong
            raise
        self.flush("pong or close")

    def _take(self) -> bytes:
        """The bytes that come next. Raises `closed` at their end, when there was no close frame before it."""
        data = self.stream.receive()
        if not data:
            self.codec.eof()
        elif self._notes:
            words = [note for _, note in self._notes.cut(data)]
            if self.stream.recorder.latest == "received":  # else it came while we wrote, and other entries are behind it
                self.stream.recorder.remark("; ".join(words[:3]) + (f"; {len(words) - 3} more frames" if len(words) > 3 else ""))
        return data

    def close(self, code: int = 1000, reason: str = "", *, wait: bool = True) -> None:
        """Say goodbye and, with `wait`, hear the peer's for up to a second; whatever else it says is not read any more."""
        try:
            self.codec.close(code, reason)
            self.flush(f"close {code}")
            until = Deadline.after(GOODBYE, "")
            while wait and self.codec.closed is None and self.stream.wait_readable((until.remaining_ms() or 1) / 1000):
                if until.passed() or not (data := self.stream.receive()):  # a peer that talks on moves no limit
                    return
                self.codec.feed(data)
        except ExchangeError:
            return  # it was over already

    def leave(self) -> None:
        """Leave a peer that broke the protocol: it is told why, and given a moment to read that before the connection ends."""
        try:
            self.flush("close")
            self.stream.finish_writing()
            until = Deadline.after(LINGER, "")
            while self.stream.wait_readable((until.remaining_ms() or 1) / 1000):
                if until.passed() or not self.stream.receive():
                    return
        except ExchangeError:
            return

    def flush(self, note: str) -> None:
        """Send what is to be sent. The transcript shows it under a key of zeros: the same frames, legible, so that secrets are found."""
        data = self.codec.out()
        if data:
            recorder = self.stream.recorder
            since = recorder.entries
            self.stream.write(data, note)
            if self._notes:
                recorder.show_instead(since, unmasked(data[: recorder.limit]))

    def _plain(self, data: bytes) -> str:
        """What a message says, where it is deflated and cannot be read in the transcript."""
        return f": {_beginning(data)}" if self._notes and self.codec.extensions else ""


def _beginning(data: bytes) -> str:
    return data[:SHOWN].decode("utf-8", "backslashreplace") + ("…" if len(data) > SHOWN else "")


def unmasked(data: bytes) -> bytes:
    """Whole frames of a client as they are under a masking key of zeros (RFC 6455 section 5.3)."""
    shown = bytearray(data)
    at = 0
    while at + 2 <= len(shown):
        size = shown[at + 1] & 0x7F
        begin = at + 2 + {126: 2, 127: 8}.get(size, 0)
        if begin > at + 2:
            size = int.from_bytes(shown[at + 2 : begin], "big")
        key = bytes(shown[begin : begin + 4])
        end = begin + 4 + size
        payload = shown[begin + 4 : end]
        whole = int.from_bytes(payload, "big") ^ int.from_bytes((key * (size // 4 + 1))[: len(payload)], "big")
        shown[begin:end] = bytes(4) + whole.to_bytes(len(payload), "big")
        at = end
    return bytes(shown)
