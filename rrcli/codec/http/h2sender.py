"""What a client of HTTP/2 sends: requests, their content as far as the peer's windows let it through, resets, its goodbye (RFC 9113)."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h2fields import fields_of, is_sensitive, octets
from rrcli.codec.http.h2frames import (
    CANCEL,
    CONTINUATION,
    DATA,
    ENABLE_PUSH,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME,
    MAX_HEADER_LIST_SIZE,
    NO_ERROR,
    PREFACE,
    encode_frame,
    encode_header,
    goaway,
    rst_stream,
    settings,
    window_update,
)
from rrcli.codec.http.h2stream import Stream
from rrcli.codec.http.hpack import Encoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Fields

WINDOW = 65535  # bytes of a window where no setting says otherwise (section 6.9.2)
LAST_STREAM = 0x7FFFFFFF  # the highest number that a stream can have


class Sender:
    """The streams of a connection, and what goes out for them; `window` bytes of each answer may be under way.

    `goaway` is why no more requests can go out, as the peer has it, `goaway_code` its error code and `goaway_debug` all that it said
    beside.
    """

    WINDOW = 16 << 20  # bytes; the adapter reads as fast as it can pass on, so that they hold up nothing
    MAX_FIELDS = 256 * 1024  # bytes of a field list as section 6.5.2 counts them, and of the block that it comes in

    def __init__(self, window: int) -> None:
        self.goaway: str | None = None
        self.goaway_code: int | None = None
        self.goaway_debug = b""
        self._encoder = Encoder(is_sensitive)
        self._streams: dict[int, Stream] = {}
        self._next = 1  # the number of the next stream
        self._open = 0  # streams that count against the peer's limit
        self._fields: tuple[Fields, Fields] = ((), ())  # of the latest request, and as they go out
        self._failed = False
        self._idle = 0  # frames in a row that brought nothing, nor leave to send anything
        self._greeted = False  # the peer's first frame has come: its settings are known
        # what the peer takes, as its settings and windows say
        self._most_streams = 1 << 32
        self._most_payload = MAX_FRAME
        self._initial_window = WINDOW
        self._peer_window = WINDOW
        self._out = [PREFACE, settings({ENABLE_PUSH: 0, INITIAL_WINDOW_SIZE: window, MAX_HEADER_LIST_SIZE: self.MAX_FIELDS})]
        if window > WINDOW:  # the connection's own window begins there whatever the settings say (section 6.9.2)
            self._out.append(window_update(0, window - WINDOW))

    def request(self, method: str, scheme: str, authority: str, path: str, fields: Fields, *, end: bool) -> int:
        """Begin a request, its content to follow unless `end`; the number of its stream.

        `fields` go through `fields_of`. Raises `usage` for what cannot be sent, `refused` when the peer takes no more requests.
        """
        if self.goaway:
            raise ExchangeError("transport", "refused", f"the server takes no more requests on this connection: {self.goaway}")
        if self._failed:
            raise ExchangeError("transport", "refused", "the connection is over, and takes no more requests")
        if self._open >= self._most_streams:
            raise ExchangeError("protocol", "unsupported", "the server allows no further stream now")
        pseudo = ((":method", method), (":scheme", scheme), (":authority", authority), (":path", path))
        for _, value in pseudo:
            octets(value)
        number = self._next
        self._write_block(number, self._encoder.encode((*pseudo, *self._outgoing(fields))), end=end)
        self._next += 2
        if self._next > LAST_STREAM:  # as if the peer had said so: another connection takes over (section 5.1.1)
            self.goaway = "all numbers of streams are used up"
        self._streams[number] = Stream(method, self._initial_window, whole=end)
        self._open += 1
        return number

    def _outgoing(self, fields: Fields) -> Fields:
        """The fields as they go out, checked; worked out once for requests that are alike."""
        if fields != self._fields[0]:
            ready = tuple([(name, value.strip(" \t")) for name, value in fields_of(fields)])
            for name, value in ready:
                octets(name)
                octets(value)
            self._fields = (fields, ready)
        return self._fields[1]

    def _write_block(self, number: int, block: bytes, *, end: bool) -> None:
        """HEADERS and as many CONTINUATIONs as it takes (section 4.3)."""
        kind, flags, most = HEADERS, END_STREAM if end else 0, self._most_payload
        while len(block) > most:
            self._out.append(encode_frame(kind, flags, number, block[:most]))
            kind, flags, block = CONTINUATION, 0, block[most:]
        self._out.append(encode_frame(kind, flags | END_HEADERS, number, block))

    def send(self, data: bytes, *, stream: int, end: bool = False) -> int:
        """Send content of a request; how many bytes wait for the peer to open its windows (section 6.9).

        Those leave through `to_send` once `take` has read the peer's leave.
        """
        found = self._streams[stream]
        found.ending = found.ending or end
        if found.unsent:  # what waits goes first
            found.unsent += data
            self._pump(stream, found)
        elif not found.sent_all:
            found.unsent += data[self._put(stream, found, data) :]
        return len(found.unsent)

    def _pump(self, number: int, stream: Stream) -> None:
        """Send as much of what waits as the windows allow by now."""
        if stream.unsent and min(stream.window, self._peer_window) > 0:
            del stream.unsent[: self._put(number, stream, stream.unsent)]

    def _put(self, number: int, stream: Stream, content: bytes | bytearray) -> int:
        """Put as much content into frames as both windows allow, and the end behind the last of it; how much that was."""
        at = 0
        while at < len(content):
            size = min(len(content) - at, stream.window, self._peer_window, self._most_payload)
            if size <= 0:
                return at
            last = stream.ending and at + size == len(content)
            self._out += (encode_header(size, DATA, END_STREAM if last else 0, number), bytes(content[at : at + size]))
            at += size
            stream.window -= size
            self._peer_window -= size
            self._idle = 0
        if stream.ending:
            if not at:
                self._out.append(encode_frame(DATA, END_STREAM, number))
            stream.sent_all = True
            self._settle(stream)
        return at

    def _pump_all(self) -> None:
        for number, stream in self._streams.items():
            if self._peer_window <= 0:
                return
            self._pump(number, stream)

    def cancel(self, stream: int) -> None:
        """Want nothing more of a request (RST_STREAM CANCEL, section 8.1)."""
        found = self._streams.get(stream)
        if found and not (found.over and found.sent_all):
            self._give_up(stream, found, CANCEL)

    def _give_up(self, number: int, stream: Stream, code: int) -> None:
        """Reset a stream from our side, unless both sides have ended it."""
        if not (stream.ended and stream.sent_all):
            self._out.append(rst_stream(number, code))
        self._shut(stream)

    def _shut(self, stream: Stream) -> None:
        """Let nothing go either way any more."""
        stream.close()
        self._settle(stream)

    def _settle(self, stream: Stream) -> None:
        """Count a stream no more once both sides are through with it."""
        if stream.over and stream.sent_all and not stream.closed:
            stream.closed = True
            self._open -= 1

    def to_send(self) -> bytes:
        """What has to go out now: empty when there is nothing."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def close(self) -> None:
        """Say goodbye (GOAWAY NO_ERROR); `to_send` has it."""
        if not self._failed:
            self._fail(NO_ERROR)

    def _fail(self, code: int) -> None:
        self._failed = True
        self._out.append(goaway(code))

    # --- of several requests

    @property
    def has_room(self) -> bool:
        """Whether the peer has said how many streams it allows, and allows another (RFC 9113 section 5.1.2)."""
        return self._greeted and not self.goaway and self._open < self._most_streams

    def framing_of(self, stream: int) -> str | None:
        """What tells where the answer ends, known with its head: end-stream, or none where there can be no content."""
        return self._streams[stream].framing

    def octets(self, stream: int) -> int:
        """How many bytes of frames came for this request."""
        return self._streams[stream].octets

    def reset_code(self, stream: int) -> int | None:
        """The error code of the RST_STREAM by which the peer ended this request, if it did (section 7)."""
        return self._streams[stream].code

    def forget(self, stream: int) -> None:
        """Nobody asks for this request any more: a connection may carry millions of them."""
        self._shut(self._streams.pop(stream))
