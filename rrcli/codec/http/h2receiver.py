"""What a client of HTTP/2 is sent: which frame may come when, our windows, and bounds on what brings nothing (RFC 9113).

Content is handed on at once, so its room is given back at once too, in few WINDOW_UPDATEs. All that is kept is bounded: one field block
under way, one unfinished frame, what has to go out for what came, and the streams that were asked for.

Lenient as curl is: unknown frames and settings, a reset of a stream that never was, what still comes for a stream that is reset or
forgotten, a GOAWAY after which the peer still answers what it has begun (section 6.8).
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed
from rrcli.codec.http.h1 import Data
from rrcli.codec.http.h1head import quote
from rrcli.codec.http.h2frames import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADER,
    HEADER_TABLE_SIZE,
    HTTP_1_1_REQUIRED,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE,
    MAX_WINDOW,
    PADDED,
    PING,
    PROTOCOL_ERROR,
    SETTINGS,
    STREAM_CLOSED,
    TYPES,
    Broken,
    Frames,
    as_debug,
    check_priority,
    encode_frame,
    error_name,
    excess,
    field_block,
    read_goaway,
    read_number,
    read_settings,
    violation,
    window_update,
)
from rrcli.codec.http.h2sender import Sender
from rrcli.codec.http.hpack import Decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.http.h1 import Event
    from rrcli.codec.http.h2frames import Frame, Payload
    from rrcli.codec.http.h2stream import Stream

    Told = list[tuple[int, Event | ExchangeError]]

IDLE_BYTES = 128  # of a frame that brings nothing, which make it count as one more


class Connection(Sender):
    """One connection to a server, of which `take` tells what comes for each of its streams."""

    MAX_CONTINUATIONS = 100  # frames of one field block
    MAX_IDLE = 10_000  # frames in a row that bring neither fields nor content, nor leave to send any

    def __init__(self, window: int = Sender.WINDOW) -> None:
        super().__init__(window)
        self._decoder = Decoder(self.MAX_FIELDS)
        self._frames = Frames()
        self._start = b""  # what came before the peer's first frame was whole
        self._window = window
        self._used = 0  # bytes of the connection's window that are not given back yet
        # content that came in a row, of one stream
        self._pieces: list[Payload] = []
        self._owner = 0
        # the field block under way: its stream, 0 for none; whether it ends that; its pieces and all their bytes
        self._block_stream = 0
        self._block_ends = False
        self._block: list[Payload] = []
        self._block_size = 0

    def take(self, data: bytes) -> Told:
        """The events that `data` completes, each with its stream; a failure ends that stream, one of stream 0 the connection.

        Content of one stream that comes in a row is one event.
        """
        found: Told = []
        if self._failed:
            return found
        try:
            if not self._greeted:
                self._refuse_other_protocol(data)
            for frame in self._frames.feed(data):
                self._take_frame(frame, found)
        except ExchangeError as error:
            self._hand_on(found)
            self._fail(error.code if isinstance(error, Broken) else PROTOCOL_ERROR)
            found.append((0, error))
        self._hand_on(found)
        return found

    def _refuse_other_protocol(self, data: bytes) -> None:
        """The first frame is SETTINGS (RFC 9113 section 3.4); as soon as it cannot be, something else speaks there."""
        start = self._start = (self._start + data)[:64]
        if start[:5] == b"HTTP/":
            what = quote(start.partition(b"\r\n")[0])
            raise ExchangeError("protocol", "wrong_protocol", f"expected HTTP/2, got {what}", hint="this port speaks HTTP/1: use --http1.1")
        if len(start) > 3 and start[3] not in (SETTINGS, GOAWAY):
            raise ExchangeError("protocol", "wrong_protocol", f"expected HTTP/2, got {quote(start)}", hint="try --http1.1")

    def _take_frame(self, frame: Frame, found: Told) -> None:
        """Take a frame of any kind. Raises `Broken` for one that may not come."""
        self._greeted = True
        kind, number = frame.kind, frame.stream
        stream = self._streams.get(number)
        if stream is not None:
            stream.octets += HEADER + len(frame.payload)
        if self._block_stream and (kind != CONTINUATION or number != self._block_stream):
            raise violation("another frame came within a field block")
        if kind != DATA:
            self._hand_on(found)
        self._idle += 1 if kind == DATA else 1 + len(frame.payload) // IDLE_BYTES  # until it turns out to bring something
        if kind <= CONTINUATION:
            self._READERS[kind](self, frame, stream, found)
        if self._idle > self.MAX_IDLE:
            raise excess(f"more than {self.MAX_IDLE} frames came that bring nothing, or as many times {IDLE_BYTES} bytes of them")

    def _hand_on(self, found: Told) -> None:
        """Make the content that came in a row an event."""
        if self._pieces:
            found.append((self._owner, Data(data=b"".join(self._pieces))))
            self._pieces.clear()

    def _accept(self, frame: Frame, stream: Stream | None) -> Stream | None:
        """The stream that a frame of an answer is for; `None` for one of which nothing is wanted any more.

        Raises `Broken` for one that was never begun, or that the peer has ended (RFC 9113 section 5.1).
        """
        if stream is None:
            self._refuse_unknown(frame.stream)
            return None
        if stream.ended:
            raise violation(f"a frame came for stream {frame.stream}, which is not open", STREAM_CLOSED)
        return None if stream.over else stream

    def _refuse_unknown(self, number: int) -> None:
        """Raise `Broken` for the number of no stream that we ever began."""
        if number >= self._next or not number & 1:
            raise violation(f"a frame came for stream {number}, which is not open")

    def _reject(self, number: int, stream: Stream, error: ExchangeError, found: Told) -> None:
        """End a stream whose answer is none, and no other."""
        self._give_up(number, stream, ENHANCE_YOUR_CALM if error.kind == "too_large" else PROTOCOL_ERROR)
        found.append((number, error))

    def _take_data(self, frame: Frame, stream: Stream | None, found: Told) -> None:
        number, size = frame.stream, len(frame.payload)
        if stream is None or stream.over:
            stream = self._accept(frame, stream)
        content = frame.content() if frame.flags & PADDED else frame.payload
        self._used += size
        if self._used > self._window // 2:
            self._out.append(window_update(0, self._used))
            self._used = 0
        if stream is None:
            return
        try:
            if stream.framing is None:
                raise malformed("the server broke HTTP/2: content came before the head of the answer")
            if content:
                stream.take_content(len(content))
                self._idle = 0
                if self._owner != number:
                    self._hand_on(found)
                    self._owner = number
                self._pieces.append(content)
            if frame.flags & END_STREAM:
                self._hand_on(found)
                found.append((number, stream.take_end()))
                self._settle(stream)
                return
        except ExchangeError as error:
            self._hand_on(found)
            self._reject(number, stream, error, found)
            return
        stream.used += size
        if stream.used > self._window // 2:
            self._out.append(window_update(number, stream.used))
            stream.used = 0

    def _take_headers(self, frame: Frame, stream: Stream | None, found: Told) -> None:
        self._accept(frame, stream)
        piece = field_block(frame)
        self._block_stream = frame.stream
        self._block_ends = bool(frame.flags & END_STREAM)
        self._block, self._block_size = [piece], len(piece)
        if frame.flags & END_HEADERS:
            self._end_block(stream, found)

    def _take_continuation(self, frame: Frame, stream: Stream | None, found: Told) -> None:
        if not self._block_stream:
            raise violation("a CONTINUATION came where no field block is under way")
        self._block.append(frame.payload)
        self._block_size += len(frame.payload)
        if self._block_size > self.MAX_FIELDS or len(self._block) > self.MAX_CONTINUATIONS:
            raise excess(f"a field block of more than {self.MAX_FIELDS} bytes, or {self.MAX_CONTINUATIONS} frames")
        if frame.flags & END_HEADERS:
            self._end_block(stream, found)

    def _end_block(self, stream: Stream | None, found: Told) -> None:
        """A field block is whole. It is decoded whoever it is for: the next ones build on it (RFC 7541 section 2.2)."""
        number, self._block_stream = self._block_stream, 0
        try:
            fields = self._decoder.decode(b"".join(self._block))
        except ExchangeError as error:
            raise Broken(COMPRESSION_ERROR, f"the server broke HTTP/2: {error.message}", error.kind) from error
        self._block = []
        if stream is None or stream.over:
            return
        self._idle = 0
        try:
            if (event := stream.take_fields(fields, end=self._block_ends)) is not None:
                found.append((number, event))
            if self._block_ends:
                found.append((number, stream.take_end()))
                self._settle(stream)
        except ExchangeError as error:
            self._reject(number, stream, error, found)

    def _take_priority(self, frame: Frame, _stream: Stream | None, _found: Told) -> None:
        _of_stream(frame)
        check_priority(frame.stream, frame.payload)

    def _take_reset(self, frame: Frame, stream: Stream | None, found: Told) -> None:
        """The stream ended: after a whole answer it means only that the peer wants no more content (RFC 9113 section 8.1)."""
        _of_stream(frame)
        code = read_number(frame)
        if stream is None:
            return
        whole, stream.code = stream.over, code
        self._shut(stream)
        if not whole:
            error = stream.why_reset(code)
            if self.goaway:
                error.message += f"; it had said {self.goaway}"
            found.append((frame.stream, error))

    def _take_settings(self, frame: Frame, _stream: Stream | None, _found: Told) -> None:
        _of_connection(frame)
        if frame.flags & ACK:
            if frame.payload:
                raise violation("an acknowledgement of SETTINGS has a payload", FRAME_SIZE_ERROR)
            return
        window = self._initial_window
        for code, value in read_settings(frame.payload):
            if code == HEADER_TABLE_SIZE:
                self._encoder.allow(value)
            elif code == MAX_CONCURRENT_STREAMS:
                self._most_streams = value
            elif code == MAX_FRAME_SIZE:
                self._most_payload = value
            elif code == INITIAL_WINDOW_SIZE:
                window = value
        self._out.append(encode_frame(SETTINGS, ACK, 0))
        if window != self._initial_window:
            more, self._initial_window = window - self._initial_window, window
            for stream in self._streams.values():
                stream.window += more  # below zero, perhaps (section 6.9.2)
                if stream.window > MAX_WINDOW:
                    raise violation("its settings open a window too far", FLOW_CONTROL_ERROR)
            self._pump_all()

    def _take_push(self, _frame: Frame, _stream: Stream | None, _found: Told) -> None:
        raise violation("the server pushes, which was not allowed")

    def _take_ping(self, frame: Frame, _stream: Stream | None, _found: Told) -> None:
        _of_connection(frame)
        if len(frame.payload) != 8:
            raise violation(f"a PING frame has {len(frame.payload)} bytes, not 8", FRAME_SIZE_ERROR)
        if not frame.flags & ACK:
            self._out.append(encode_frame(PING, ACK, 0, bytes(frame.payload)))

    def _take_goaway(self, frame: Frame, _stream: Stream | None, found: Told) -> None:
        """The peer takes no more requests; those after its last stream it has not looked at (RFC 9113 section 6.8)."""
        _of_connection(frame)
        last, self.goaway_code, self.goaway_debug = read_goaway(frame.payload)
        said = as_debug(self.goaway_debug)
        self.goaway = f"GOAWAY {error_name(self.goaway_code)}" + (f" {said!r}" if said else "")
        message = f"the server did not process the request: {self.goaway}"
        for number, stream in self._streams.items():
            if number > last and not stream.over:
                self._shut(stream)
                found.append((number, self._unprocessed(message)))

    @property
    def wants_http1(self) -> str | None:
        """The hint, where the peer has said goodbye because it wants HTTP/1.1 (RFC 9113 section 7)."""
        return "the server wants HTTP/1.1: use --http1.1" if self.goaway_code == HTTP_1_1_REQUIRED else None

    def _unprocessed(self, message: str) -> ExchangeError:
        """The failure of a request that the peer has not looked at."""
        if self.wants_http1:
            error = ExchangeError("protocol", "unsupported", message, hint=self.wants_http1)
            error.delivery = "not_sent"
            return error
        return ExchangeError("transport", "refused", message, hint="it is safe to send it again")

    def _take_window(self, frame: Frame, stream: Stream | None, found: Told) -> None:
        more = read_number(frame) & MAX_WINDOW
        if not frame.stream:
            if not more:
                raise violation("it opened the connection's window by nothing")
            self._peer_window += more
            if self._peer_window > MAX_WINDOW:
                raise violation("it opened the connection's window too far", FLOW_CONTROL_ERROR)
            self._pump_all()
        elif stream is None:
            self._refuse_unknown(frame.stream)
        elif not stream.closed:
            stream.window += more
            if more and stream.window <= MAX_WINDOW:
                self._pump(frame.stream, stream)
            else:
                code = FLOW_CONTROL_ERROR if more else PROTOCOL_ERROR
                whole = stream.over
                self._give_up(frame.stream, stream, code)
                if not whole:
                    found.append((frame.stream, malformed(f"the server broke HTTP/2 on this stream: {error_name(code)}")))

    _READERS = (
        _take_data,
        _take_headers,
        _take_priority,
        _take_reset,
        _take_settings,
        _take_push,
        _take_ping,
        _take_goaway,
        _take_window,
        _take_continuation,
    )  # by type


def _of_connection(frame: Frame) -> None:
    """Raise `Broken` for a frame about the connection that names a stream."""
    if frame.stream:
        raise violation(f"a {TYPES[frame.kind]} frame came for stream {frame.stream}; it is about the connection")


def _of_stream(frame: Frame) -> None:
    """Raise `Broken` for a frame about a stream that names none."""
    if not frame.stream:
        raise violation(f"a {TYPES[frame.kind]} frame came for no stream")
