"""HTTP/2 as its server reads and writes it (RFC 9113): requests out of frames, answers into frames. No socket here.

For responders: nothing is pushed, priorities are not looked at, and field blocks use no table, so that one that never leaves disturbs
none behind it.
"""

from __future__ import annotations

from collections import deque

from rrcli.base.errors import ExchangeError
from rrcli.base.record import Record
from rrcli.codec.http.h2frames import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME,
    MAX_FRAME_SIZE,
    MAX_WINDOW,
    NO_ERROR,
    PING,
    PREFACE,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    STREAM_CLOSED,
    WINDOW_UPDATE,
    Broken,
    Frames,
    encode_frame,
    field_block,
    read_number,
    rst_stream,
    settings,
    violation,
    window_update,
)
from rrcli.codec.http.hpack import Decoder, Encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.http.h2frames import Frame
    from rrcli.model.values import Fields

STREAMS = 100  # of one client at once
LIST = 64 << 10  # octets of a field list, and of the block that it comes in
WINDOW = 65535  # bytes that may be under way where no setting says otherwise (section 6.9.2)


class RequestHead(Record):
    """The fields of a request, those with a colon first; `end` without content."""

    stream: int
    fields: Fields
    end: bool


class RequestContent(Record):
    """Content of a request, and whether it was the last."""

    stream: int
    data: bytes
    end: bool


class Abandoned(Record):
    """The client wants nothing more of a stream."""

    stream: int


Event = RequestHead | RequestContent | Abandoned


class _Answer:
    """What is still to be sent on a stream: content that waits for the client's window, and fields behind it."""

    __slots__ = ("asked_all", "waiting", "window")

    def __init__(self, window: int, *, asked_all: bool) -> None:
        self.window = window
        self.asked_all = asked_all  # the request is whole
        self.waiting: deque[tuple[bytes, Fields | None, bool]] = deque()  # content or fields, and whether it ends the stream


class H2Server:
    """One connection. `control` collects what it owes the client beside answers: acknowledgements, windows, its goodbye."""

    def __init__(self) -> None:
        self.control: list[bytes] = []
        self._preface = PREFACE
        self._frames = Frames()
        self._decoder = Decoder(LIST)
        self._encoder = Encoder(lambda _name: True)
        self._answers: dict[int, _Answer] = {}
        self._latest = 0  # the highest stream that was begun
        self._block: list[bytes] = []
        self._head: Frame | None = None  # whose block is under way
        self._window = WINDOW  # of the connection
        self._initial = WINDOW
        self._payload = MAX_FRAME

    def greeting(self) -> bytes:
        """The first frame: how many streams are taken at once."""
        return settings({MAX_CONCURRENT_STREAMS: STREAMS})

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes. Raises `Broken` for what ends the connection, after `goodbye` was made of it."""
        found: list[Event] = []
        try:
            if self._preface:
                data = self._begin(data)
            for frame in self._frames.feed(data):
                self._take(frame, found)
        except Broken as error:
            self.goodbye(error.code)
            raise
        return found

    def _begin(self, data: bytes) -> bytes:
        """Take the preface off. Raises `Broken` as soon as it is none."""
        size = min(len(data), len(self._preface))
        if data[:size] != self._preface[:size]:
            raise violation("it did not begin with the preface")
        self._preface = self._preface[size:]
        return data[size:]

    def _take(self, frame: Frame, found: list[Event]) -> None:
        if self._head is not None and (frame.kind != CONTINUATION or frame.stream != self._head.stream):
            raise violation("another frame came within a field block")
        if frame.kind == DATA:
            self._take_content(frame, found)
        elif frame.kind == HEADERS:
            self._head = frame
            self._take_block(frame, field_block(frame), found)
        elif frame.kind == CONTINUATION:
            self._take_block(frame, frame.payload, found)
        elif frame.kind == RST_STREAM:
            read_number(frame)
            if self._answers.pop(frame.stream, None):
                found.append(Abandoned(stream=frame.stream))
        elif frame.kind == SETTINGS and not frame.flags & ACK:
            self._take_settings(frame)
        elif frame.kind == PING and not frame.flags & ACK:
            self.control.append(encode_frame(PING, ACK, 0, bytes(frame.payload)))
        elif frame.kind == WINDOW_UPDATE:
            self._take_window(frame)

    def _take_content(self, frame: Frame, found: list[Event]) -> None:
        answer = self._answers.get(frame.stream)
        size, content = len(frame.payload), bytes(frame.content())
        if size:
            self.control.append(window_update(0, size))
        if answer is None or answer.asked_all:
            if not 0 < frame.stream <= self._latest:
                raise violation("content came for a stream that was not begun")
            return
        end = answer.asked_all = bool(frame.flags & END_STREAM)
        if size and not end:
            self.control.append(window_update(frame.stream, size))
        found.append(RequestContent(stream=frame.stream, data=content, end=end))

    def _take_block(self, frame: Frame, piece: bytes | memoryview, found: list[Event]) -> None:
        if self._head is None:
            raise violation("a CONTINUATION came where no field block is under way")
        self._block.append(bytes(piece))
        if sum(map(len, self._block)) > LIST or len(self._block) > 64:
            raise Broken(ENHANCE_YOUR_CALM, "a field block is too long", "too_large")
        if not frame.flags & END_HEADERS:
            return
        head, self._head = self._head, None
        try:
            fields = tuple(self._decoder.decode(b"".join(self._block)))
        except ExchangeError as error:
            raise Broken(COMPRESSION_ERROR, error.message) from error
        finally:
            self._block = []
        self._take_fields(head, fields, found)

    def _take_fields(self, head: Frame, fields: Fields, found: list[Event]) -> None:
        number, end = head.stream, bool(head.flags & END_STREAM)
        known = self._answers.get(number)
        if known is not None:  # trailers, which say nothing here
            if not end or known.asked_all:
                raise violation("fields came within content", STREAM_CLOSED)
            known.asked_all = True
            found.append(RequestContent(stream=number, data=b"", end=True))
        elif not number & 1 or number <= self._latest:
            raise violation(f"stream {number} cannot begin")
        else:
            self._latest = number
            if len(self._answers) >= STREAMS:
                self.control.append(rst_stream(number, REFUSED_STREAM))
                return
            self._answers[number] = _Answer(self._initial, asked_all=end)
            found.append(RequestHead(stream=number, fields=fields, end=end))

    def _take_settings(self, frame: Frame) -> None:
        payload = frame.payload
        for at in range(0, len(payload) - 5, 6):
            code, value = int.from_bytes(payload[at : at + 2], "big"), int.from_bytes(payload[at + 2 : at + 6], "big")
            if code == INITIAL_WINDOW_SIZE:
                more, self._initial = min(value, MAX_WINDOW) - self._initial, min(value, MAX_WINDOW)
                for answer in self._answers.values():
                    answer.window += more
            elif code == MAX_FRAME_SIZE:
                self._payload = max(MAX_FRAME, value)
        self.control.append(encode_frame(SETTINGS, ACK, 0))

    def _take_window(self, frame: Frame) -> None:
        more = read_number(frame) & MAX_WINDOW
        if not frame.stream:
            self._window += more
        elif answer := self._answers.get(frame.stream):
            answer.window += more

    # --- answers

    def send_fields(self, stream: int, fields: Fields, *, end: bool = False) -> bytes:
        """The head of an answer, or with `end` its trailers: what can be sent of it now. Nothing for a stream that is over."""
        return self._send(stream, b"", fields, end=end)

    def send_content(self, stream: int, data: bytes) -> bytes:
        """Content of an answer, as far as the client's windows let it through now."""
        return self._send(stream, data, None, end=False)

    def is_blocked(self, stream: int) -> bool:
        """Whether something waits for the client's windows."""
        answer = self._answers.get(stream)
        return bool(answer and answer.waiting)

    def _send(self, stream: int, data: bytes, fields: Fields | None, *, end: bool) -> bytes:
        if stream not in self._answers:
            return b""
        self._answers[stream].waiting.append((data, fields, end))
        return self.resume(stream)

    def resume(self, stream: int) -> bytes:
        """What the windows have let through meanwhile."""
        answer, out = self._answers.get(stream), b""
        while answer is not None and answer.waiting:
            data, fields, end = answer.waiting.popleft()
            if fields is not None:
                out += self._block_of(stream, fields, end=end)
                if end:
                    del self._answers[stream]
                    if not answer.asked_all:  # the request need not come any more (section 8.1)
                        out += rst_stream(stream, NO_ERROR)
                    break
                continue
            size = max(0, min(len(data), answer.window, self._window))
            pieces = [data[at : min(size, at + self._payload)] for at in range(0, size, self._payload)]
            out += b"".join([encode_frame(DATA, 0, stream, piece) for piece in pieces])
            answer.window -= size
            self._window -= size
            if size < len(data):
                answer.waiting.appendleft((data[size:], None, end))
                break
        return out

    def _block_of(self, stream: int, fields: Fields, *, end: bool) -> bytes:
        block, kind, flags, out = self._encoder.encode(fields), HEADERS, END_STREAM if end else 0, b""
        while len(block) > self._payload:
            out += encode_frame(kind, flags, stream, block[: self._payload])
            kind, flags, block = CONTINUATION, 0, block[self._payload :]
        return out + encode_frame(kind, flags | END_HEADERS, stream, block)

    def goodbye(self, code: int = NO_ERROR) -> None:
        """Take no further streams."""
        self.control.append(encode_frame(GOAWAY, 0, 0, self._latest.to_bytes(4, "big") + code.to_bytes(4, "big")))

    def take_control(self) -> bytes:
        """What `control` has collected, which is empty then."""
        found = b"".join(self.control)
        self.control.clear()
        return found
