"""HTTP/2 as a client writes and reads it: requests to frames, frames to the events of `codec/h1.py` (RFC 9113).

    client = Http2Client()
    client.request("GET", "https", "example.com", "/", fields, end=True)
    ... send client.to_send() ...
    for event in client.feed(received): ...    # then send client.to_send() again: acknowledgements, windows
    for event in client.eof(): ...             # when the peer closes before `End` came

The `h2` library keeps the state of the connection and compresses the fields. Frame by frame goes through it, so that
what came before a broken one is not lost. Four things are done here: content, because there is much of it; GOAWAY, after
which `h2` would read no more although the peer still answers what it has begun (section 6.8); the length that
`content-length` promises, which an answer to HEAD and a 304 do not keep; and bounds on frames that bring nothing.

One client is one connection. Several requests may be under way on it: `take` tells each event's stream, `feed` is for one alone.
"""

from __future__ import annotations

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import DenialOfServiceError, ProtocolError, RFC1122Error, TooManyStreamsError
from h2.settings import SettingCodes, Settings

from rrcli.base.errors import ExchangeError, malformed, too_large, truncated, usage
from rrcli.codec.http.h1 import Data, End, Head, Informational, Trailers
from rrcli.codec.http.h1head import quote
from rrcli.codec.http.h2fields import fields_of, octets, promised_length
from rrcli.codec.http.h2frames import (
    CONTINUATION,
    DATA,
    END_STREAM,
    GOAWAY,
    HEADER,
    HEADERS,
    PADDED,
    SETTINGS,
    Frame,
    Frames,
    end_of_stream,
    error_name,
    goaway_of,
    window_update,
)
from rrcli.codec.http.h2library import Trimming, ordinary, sentence, skip, status_of
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rrcli.codec.http.h1 import Event
    from rrcli.model.values import Fields

VERSION = "HTTP/2"
UNKNOWN = b"\0\0\0\xff\0\0\0\0\0"  # a frame of a type that nobody knows, without payload


class _Stream:
    """What is known of one request and its answer."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.framing: str | None = None  # known with the head
        self.expected: int | None = None  # bytes that content-length promises
        self.received = 0
        self.used = 0  # bytes of the window that are not given back yet
        self.informational = 0
        self.unsent = bytearray()  # content that the windows do not let through yet
        self.ending = False  # nothing will be added to it
        self.sent_all = False  # or nothing more of it can be
        self.stopped = False  # before all of it was sent
        self.over = False  # the answer is whole, or will never be
        self.octets = 0  # of its frames that came
        self.notes: list[Note] = []

    def note(self, code: str, message: str) -> None:
        if all(note.code != code for note in self.notes):
            self.notes.append(Note(code=code, message=message))


class Http2Client:
    """One connection to a server, seen from the client; `window` bytes of each answer may be under way.

    Of the latest request `notes` are what was accepted though suspicious, and `framing` is what tells where its answer ends:
    end-stream, or none where there can be no content. `received` counts its bytes.

    An error leaves the client useless, but for what `to_send` still holds for the peer; `salvaged` then holds the events that the failed
    `feed` had read before it.
    """

    WINDOW = 16 << 20  # bytes; the adapter reads as fast as it can pass on, so that they hold up nothing
    MAX_FIELDS = 256 * 1024  # bytes of a field list as RFC 9113 section 6.5.2 counts them
    MAX_INFORMATIONAL = 100
    transfer_codings = ()  # which HTTP/1 alone has
    MAX_IDLE = 10_000  # frames in a row that bring neither fields nor content

    def __init__(self, window: int = WINDOW) -> None:
        self.notes: list[Note] = []
        self.salvaged: list[Event] = []
        self.goaway: str | None = None  # the peer's reason to take no more requests
        self._connection = H2Connection(H2Configuration(client_side=True, header_encoding=None, validate_outbound_headers=False))
        self._decoder = self._connection.decoder = Trimming(self.MAX_FIELDS)
        self._frames = Frames()
        self._streams: dict[int, _Stream] = {}
        self._latest = 0
        self._idle = 0
        self._greeted = False  # the peer's SETTINGS have come
        self._start = b""  # what came until then
        self._window = window
        self._used = 0  # bytes of the connection's window that are not given back yet
        self._updates = b""  # frames that give them back
        self._settings(window)

    def _settings(self, window: int) -> None:
        """Open the connection with our settings (RFC 9113 section 3.4)."""
        values = {
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: window,
            SettingCodes.MAX_HEADER_LIST_SIZE: self.MAX_FIELDS,
        }
        connection = self._connection
        connection.local_settings = Settings(client=True, initial_values=values)
        connection.initiate_connection()
        if window > 65535:  # the connection's own window begins there whatever the settings say (section 6.9.2)
            connection.increment_flow_control_window(window - 65535)

    # --- out

    def request(self, method: str, scheme: str, authority: str, path: str, fields: Fields, *, end: bool) -> int:
        """Begin a request, its content to follow unless `end`; the number of its stream.

        `fields` go through `fields_of`. Raises `usage` for what cannot be sent, `refused` when the peer takes no more requests.
        """
        if self.goaway:
            raise ExchangeError("transport", "refused", f"the server takes no more requests on this connection: {self.goaway}")
        pseudo = ((":method", method), (":scheme", scheme), (":authority", authority), (":path", path))
        sent = [(octets(name), octets(value)) for name, value in (*pseudo, *fields_of(fields))]
        number = int(self._connection.get_next_available_stream_id())
        try:
            self._connection.send_headers(number, sent, end_stream=end)
        except TooManyStreamsError as error:
            raise ExchangeError("protocol", "unsupported", "the server allows no further stream now") from error
        except ProtocolError as error:
            raise usage(f"HTTP/2 cannot carry this request: {error}") from error
        # An answer to HEAD and a 304 have a length and no content, which `h2` takes for a broken one; `_check_length` knows.
        setattr(self._connection.streams[number], "_initialize_content_length", skip)  # noqa: B010
        stream = self._streams[number] = _Stream(method)
        stream.ending = stream.sent_all = end
        self.notes = stream.notes
        self._latest = number
        return number

    def send(self, data: bytes, *, end: bool = False, stream: int = 0) -> int:
        """Send content of a request, the latest unless told; how many bytes wait for the peer to open its windows (section 6.9).

        Those leave through `to_send` once `feed` has read the peer's leave.
        """
        number = stream or self._latest
        found = self._streams[number]
        if not found.sent_all:
            found.unsent += data
        found.ending = found.ending or end
        self._pump(number)
        return len(found.unsent)

    @property
    def unsent(self) -> int:
        """Bytes of content that wait for room in the peer's windows."""
        return sum(len(stream.unsent) for stream in self._streams.values())

    @property
    def stopped(self) -> bool:
        """Whether the latest request ended before all of its content had left: the peer reset it, or we did."""
        return bool(self._latest) and self._streams[self._latest].stopped

    def cancel(self, stream: int = 0) -> None:
        """Want nothing more of a request (RST_STREAM CANCEL, section 8.1)."""
        number = stream or self._latest
        found = self._streams.get(number)
        if found and not (found.over and found.sent_all):
            self._give_up(number, ErrorCodes.CANCEL)

    def to_send(self) -> bytes:
        """What has to go out now: empty when there is nothing."""
        data, self._updates = bytes(self._connection.data_to_send()) + self._updates, b""
        return data

    def close(self) -> None:
        """Say goodbye (GOAWAY NO_ERROR); `to_send` has it."""
        try:
            self._connection.close_connection()
        except ProtocolError:
            pass  # it is closed already

    # --- of several requests

    @property
    def has_room(self) -> bool:
        """Whether the peer has said how many streams it allows, and allows another (RFC 9113 section 5.1.2)."""
        connection = self._connection
        return self._greeted and not self.goaway and connection.open_outbound_streams < connection.remote_settings.max_concurrent_streams

    def framing_of(self, stream: int) -> str | None:
        """As `framing`, of this request."""
        return self._streams[stream].framing

    def octets(self, stream: int) -> int:
        """How many bytes of frames came for this request."""
        return self._streams[stream].octets

    def forget(self, stream: int) -> None:
        """Nobody asks for this request any more: a connection may carry millions of them."""
        del self._streams[stream]

    def _pump(self, number: int) -> None:
        """Put as much content into frames as both windows allow."""
        stream, connection = self._streams[number], self._connection
        if stream.sent_all:
            return
        while stream.unsent:
            size = min(len(stream.unsent), connection.local_flow_control_window(number), connection.max_outbound_frame_size)
            if size <= 0:
                return
            stream.sent_all = stream.ending and size == len(stream.unsent)
            connection.send_data(number, bytes(stream.unsent[:size]), end_stream=stream.sent_all)
            del stream.unsent[:size]
            self._idle = 0
        if stream.ending and not stream.sent_all:
            stream.sent_all = True
            connection.end_stream(number)

    def _give_up(self, number: int, code: ErrorCodes) -> None:
        """Reset a stream from our side."""
        stream = self._streams[number]
        _close(stream)
        try:
            self._connection.reset_stream(number, code)
        except ProtocolError:
            pass  # the stream is closed already

    # --- in

    @property
    def framing(self) -> str | None:
        return self._streams[self._latest].framing if self._latest else None

    @property
    def received(self) -> int:
        return self._streams[self._latest].received if self._latest else 0

    def feed(self, data: bytes) -> list[Event]:
        """The events of the latest request that `data` completes.

        Raises `ExchangeError`: protocol, malformed, too_large, wrong_protocol; transport, reset or refused, with the peer's reason.
        """
        events: list[Event] = []
        for number, event in self.take(data):
            if number not in (0, self._latest):
                continue
            if isinstance(event, ExchangeError):
                latest = self._streams.get(self._latest)
                if number == 0 and latest and latest.over:
                    latest.note("bytes-after-end", f"after the end of the answer came what breaks the connection: {event.message}")
                    break
                self.salvaged = events
                raise event
            events.append(event)
        return events

    def take(self, data: bytes) -> list[tuple[int, Event | ExchangeError]]:
        """The events that `data` completes, each with its stream; a failure ends that stream, one of stream 0 the connection."""
        found: list[tuple[int, Event | ExchangeError]] = []
        try:
            if not self._greeted:
                self._refuse_other_protocol(data)
            for frame in self._frames.feed(data):
                self._count(frame)
                if frame.stream in self._streams:
                    self._streams[frame.stream].octets += len(frame.whole)
                if frame.kind == GOAWAY and frame.stream == 0:
                    found += self._goaway(frame)
                elif self._is_content(frame):
                    found += self._content(frame)
                else:  # what extends HTTP/2 (ALTSVC, ORIGIN) says nothing to us: what is wrong in it breaks nothing
                    for event in self._connection.receive_data(frame.whole if frame.kind <= CONTINUATION else UNKNOWN):
                        found += self._understand(event)
                    self._note_trimmed(frame.stream)
        except DenialOfServiceError as error:
            found.append((0, too_large(f"the server sent more than is sound: {sentence(error)}")))
        except (ProtocolError, RFC1122Error) as error:
            found.append((0, malformed(f"the server broke HTTP/2: {sentence(error)}")))
        except ExchangeError as error:
            found.append((0, error))
        return found

    def _note_trimmed(self, number: int) -> None:
        if self._decoder.trimmed and (stream := self._streams.get(number)):
            name = self._decoder.trimmed[:40]
            stream.note("space-around-value", f"the value of {name} has white space around it (RFC 9113 section 8.2.1); it is left out")
        self._decoder.trimmed = ""

    def eof(self, number: int = 0) -> list[Event]:
        """The peer will send no more; what that is for a request, the latest unless told.

        Raises `closed` without a head, `truncated` without a whole answer; else nothing is missing.
        """
        stream = self._streams.get(number or self._latest)
        if stream is None or stream.over:
            return []
        if stream.framing == "none" or stream.received == stream.expected:
            stream.note("no-end-stream", "the peer closed before it ended the stream; the answer has all the content that there is to be")
            stream.over = True
            return [End(framing=stream.framing or "", leftover=b"")]
        why = f"; it had said {self.goaway}" if self.goaway else ""
        if not self._start:
            raise ExchangeError("transport", "closed", "the peer closed without an answer", hint="it may not speak HTTP/2: try --http1.1")
        if stream.framing is None:
            raise ExchangeError("transport", "closed", f"the peer closed before its answer{why}")
        promised = "" if stream.expected is None else f" of {stream.expected}"
        raise truncated(f"the peer closed after {stream.received}{promised} bytes of the body, before END_STREAM{why}")

    def _refuse_other_protocol(self, data: bytes) -> None:
        """The first frame is SETTINGS (RFC 9113 section 3.4); as soon as it cannot be, something else speaks there."""
        start = self._start = (self._start + data)[:64]
        if start[:5] == b"HTTP/":
            what = quote(start.partition(b"\r\n")[0])
            raise ExchangeError("protocol", "wrong_protocol", f"expected HTTP/2, got {what}", hint="this port speaks HTTP/1: use --http1.1")
        if len(start) > 3 and start[3] not in (SETTINGS, GOAWAY):
            raise ExchangeError("protocol", "wrong_protocol", f"expected HTTP/2, got {quote(start)}", hint="try --http1.1")

    def _count(self, frame: Frame) -> None:
        """Bound what a peer may send without coming further: SETTINGS, PING, empty DATA, frames of unknown types."""
        self._greeted = self._greeted or frame.kind in (SETTINGS, GOAWAY)
        if frame.kind == HEADERS or (frame.kind == DATA and _brings_content(frame)):
            self._idle = 0
            return
        self._idle += 1
        if self._idle > self.MAX_IDLE:
            raise too_large(f"more than {self.MAX_IDLE} frames came that bring nothing (ENHANCE_YOUR_CALM)")

    def _goaway(self, frame: Frame) -> list[tuple[int, ExchangeError]]:
        """The peer takes no more requests; those after its last stream it has not looked at (RFC 9113 section 6.8)."""
        last, code, text = goaway_of(frame.payload)
        self.goaway = f"GOAWAY {error_name(code)}" + (f" {text!r}" if text else "")
        lost = [number for number, stream in self._streams.items() if number > last and not stream.over]
        for number in lost:
            _close(self._streams[number])
        message = f"the server did not process the request: {self.goaway}"
        return [(number, ExchangeError("transport", "refused", message, hint="it is safe to send it again")) for number in lost]

    def _understand(self, event: Any) -> Iterable[tuple[int, Event | ExchangeError]]:
        """What an event of `h2` means for the request that it belongs to."""
        if isinstance(event, WindowUpdated):
            for number in [event.stream_id] if event.stream_id else list(self._streams):
                if number in self._streams:
                    self._pump(number)
            return ()
        number = getattr(event, "stream_id", 0) or 0
        stream = self._streams.get(number)
        if stream is None:
            self._pump_all()  # settings may have opened windows
            return ()
        if isinstance(event, DataReceived):
            return self._data(event, number, stream)
        if isinstance(event, StreamReset):
            return self._reset_by(event, number, stream)
        if stream.over:
            return ()
        if isinstance(event, InformationalResponseReceived):
            return [(number, self._informational(event, stream))]
        if isinstance(event, ResponseReceived):
            return [(number, self._head(event, stream))]
        if isinstance(event, TrailersReceived):
            return [(number, Trailers(fields=ordinary(event.headers)))]
        if isinstance(event, StreamEnded):
            return [(number, self._ended(stream))]
        return ()

    def _reset_by(self, event: StreamReset, number: int, stream: _Stream) -> list[tuple[int, ExchangeError]]:
        """The stream was reset: after a whole answer it means only that the peer wants no more content (RFC 9113 section 8.1)."""
        whole = stream.over
        _close(stream)
        return [] if whole else [(number, _why_reset(event, stream))]

    def _pump_all(self) -> None:
        for number in self._streams:
            self._pump(number)

    def _is_content(self, frame: Frame) -> bool:
        """Whether this is content where content may be: most of all frames, which `h2` would be slow to read."""
        if frame.kind != DATA or frame.flags & PADDED:
            return False
        stream = self._streams.get(frame.stream)
        return stream is not None and stream.framing is not None and not stream.over

    def _content(self, frame: Frame) -> Iterable[tuple[int, Event | ExchangeError]]:
        """Content past `h2`, whose windows stay as they are: what is used up is given back here. It only learns of the end."""
        number, data = frame.stream, frame.payload
        stream = self._streams[number]
        found = self._accept(data, number, stream)
        stream.used += len(data)
        self._used += len(data)
        if stream.used >= self._window // 2:
            self._updates += window_update(number, stream.used)
            stream.used = 0
        if self._used >= self._window // 2:
            self._updates += window_update(0, self._used)
            self._used = 0
        if frame.flags & END_STREAM and not stream.over:
            for event in self._connection.receive_data(end_of_stream(number)):
                found += self._understand(event)
        return found

    def _data(self, event: DataReceived, number: int, stream: _Stream) -> list[tuple[int, Event | ExchangeError]]:
        """Content; its room in the windows is given back at once, since it is passed on at once (section 6.9.1)."""
        data = bytes(event.data or b"")
        self._connection.acknowledge_received_data(event.flow_controlled_length or 0, number)
        return self._accept(data, number, stream)

    def _accept(self, data: bytes, number: int, stream: _Stream) -> list[tuple[int, Event | ExchangeError]]:
        """Content as an event, unless it is more than there may be."""
        if stream.over or not data:
            return []
        stream.received += len(data)
        if stream.framing == "none" or (stream.expected is not None and stream.received > stream.expected):
            self._give_up(number, ErrorCodes.PROTOCOL_ERROR)
            allowed = "no content" if stream.framing == "none" else f"the {stream.expected} bytes that it promised"
            return [(number, malformed(f"the answer has more than {allowed} (RFC 9113 section 8.1.1)"))]
        return [(number, Data(data=data))]

    def _informational(self, event: InformationalResponseReceived, stream: _Stream) -> Informational:
        stream.informational += 1
        if stream.informational > self.MAX_INFORMATIONAL:
            raise too_large(f"more than {self.MAX_INFORMATIONAL} informational responses came")
        code = status_of(event.headers or [])
        if code == 101:
            raise malformed("a 101 came, which HTTP/2 does not have (RFC 9113 section 8.6)")
        return Informational(version=VERSION, code=code, reason="", fields=ordinary(event.headers or []))

    def _head(self, event: ResponseReceived, stream: _Stream) -> Head:
        code, fields = status_of(event.headers), ordinary(event.headers)
        contentless = stream.method == "HEAD" or code in (204, 304)
        stream.framing = "none" if contentless else "end-stream"
        if not contentless:
            stream.expected = promised_length(fields)
        return Head(version=VERSION, code=code, reason="", fields=fields)

    def _ended(self, stream: _Stream) -> Event | ExchangeError:
        stream.over = True
        if stream.expected is not None and stream.received < stream.expected:
            return truncated(f"the answer ended after {stream.received} of {stream.expected} bytes of the body")
        assert stream.framing is not None
        return End(framing=stream.framing, leftover=b"")


def _brings_content(frame: Frame) -> bool:
    """Whether a DATA frame has more than padding, whose length is the first byte (RFC 9113 section 6.1)."""
    padding = 1 + frame.whole[HEADER] if frame.flags & PADDED and len(frame.whole) > HEADER else 0
    return len(frame.whole) > HEADER + padding


def _close(stream: _Stream) -> None:
    """Nothing goes either way any more."""
    stream.stopped = stream.stopped or not stream.sent_all
    stream.over = stream.sent_all = True
    stream.unsent.clear()


def _why_reset(event: StreamReset, stream: _Stream) -> ExchangeError:
    """The failure that RST_STREAM means (RFC 9113 section 8.7)."""
    code = int(event.error_code)
    name = error_name(code)
    if not event.remote_reset:
        return malformed(f"the server broke HTTP/2 on this stream: {name}")
    if code == ErrorCodes.REFUSED_STREAM:
        return ExchangeError("transport", "refused", f"the server refused the request unprocessed: RST_STREAM {name}")
    if code == ErrorCodes.HTTP_1_1_REQUIRED:
        return ExchangeError("protocol", "unsupported", f"the server wants HTTP/1.1 for this: RST_STREAM {name}", hint="use --http1.1")
    where = "before its answer" if stream.framing is None else f"after {stream.received} bytes of the body"
    return ExchangeError("transport", "reset", f"the server reset the stream {where}: RST_STREAM {name}")
