"""An open WebSocket connection (RFC 6455 sections 5 to 8): bytes to messages, and messages to bytes.

What a frame carries is looked at as it comes, not when it is whole: text that is no UTF-8, a message that is too large and one
that inflates too far end the connection at the byte that shows it, with the close frame that the RFC asks for waiting in `out`.
"""

from __future__ import annotations

from _codecs import utf_8_decode
from os import urandom

from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.base.record import Record
from rrcli.codec.wsframes import BINARY, CLOSE, CONTINUATION, CONTROL_SIZE, NAMES, PING, PONG, RSV1, TEXT, frame, mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.codec.wsdeflate import Deflate

MOST_FRAMES = 65_536  # of one message
MOST_CONTROLS = 10_000  # pings and pongs in a row, with nothing of a message between them
NORMAL, PROTOCOL_ERROR, NOT_UTF8, TOO_LARGE = 1000, 1002, 1007, 1009  # what a close frame says (section 7.4.1)
NO_STATUS, ABNORMAL = 1005, 1006  # closed without a code; closed without a close frame: never on the wire
REASON_SIZE = CONTROL_SIZE - 2  # bytes of a reason at most (section 5.5)


class WsMessage(Record):
    """A whole message. `frames` is how many it came in, `wire_size` the bytes of their payloads, `deflated` how they came."""

    opcode: str  # text | binary
    data: bytes
    frames: int = 1
    wire_size: int = 0
    deflated: bool = False


class Control(Record):
    """A ping, which is answered already, or a pong."""

    opcode: str  # ping | pong
    data: bytes


class Closed(Record):
    """The peer says goodbye; `code` is `NO_STATUS` where it gave none."""

    code: int
    reason: str


Event = WsMessage | Control | Closed


class WebSocket:
    """An open connection, the client's side of it or, with `server`, the server's. A message is at most `max_size` bytes, inflated.

    A failure leaves it useless: every `feed` raises it again; `salvaged` holds the events that the failed `feed` had read before.
    """

    def __init__(
        self, *, subprotocol: str | None = None, deflate: Deflate | None = None, max_size: int = 1 << 20, server: bool = False
    ) -> None:
        self.subprotocol = subprotocol
        self.extensions: tuple[str, ...] = (deflate.text(),) if deflate else ()
        self.salvaged: list[Event] = []
        self.closed: Closed | None = None  # what the peer said
        self._is_server = server
        self._largest = max_size
        self._failure: ExchangeError | None = None
        self._said_goodbye = False
        self._out: list[bytes] = []
        self._deflater = self._inflater = None
        if deflate:
            from rrcli.codec.wsdeflate import Deflater, Inflater

            self._deflater = Deflater(deflate, server=server)
            self._inflater = Inflater(deflate, server=not server)
        self._buffer = bytearray()  # a frame's head, or a control frame, that is not whole
        self._controls = 0
        # The frame whose payload is coming: `_left` bytes of it are to come, `_at` have come; none while `_left` is negative.
        self._left, self._at, self._fin, self._key = -1, 0, False, b""
        # The message that it belongs to: none while `_opcode` is 0.
        self._opcode = self._frames = self._wire_size = 0
        self._is_deflated = False
        self._message = bytearray()
        self._half_letter = b""  # the beginning of a letter at the end of what came

    # --- what comes in

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. What comes behind a close is not read. Raises `ExchangeError`: malformed, too_large."""
        self.salvaged = []
        found: list[Event] = []
        try:
            for event in self.events(data):
                found.append(event)  # those before a failure are wanted
        except ExchangeError:
            self.salvaged = found
            raise
        return found

    def events(self, data: bytes) -> Iterator[Event]:
        """The same one by one: the next frame is read when the next event is asked for, which has to go on to the end.

        So a message can be answered before a broken frame or a close behind it ends the connection.
        """
        if self._failure:
            raise self._failure
        if self._buffer:
            self._buffer += data
            data = bytes(self._buffer)
            self._buffer.clear()
        at = 0
        while self.closed is None:
            if self._left >= 0:
                end = min(at + self._left, len(data))
                message = self._take_payload(data[at:end])
                at = end
                if message:
                    yield message
                if self._left >= 0:
                    return
            taken, event = self._take_frame(data, at)
            if not taken:
                self._buffer += data[at:]
                return
            at += taken
            if event:
                yield event

    def eof(self) -> None:
        """The peer's stream ended. Raises `closed` when it did so without a word."""
        if self.closed is None:
            raise ExchangeError("transport", "closed", "the connection ended without a close frame (1006)")

    def _take_frame(self, data: bytes, at: int) -> tuple[int, Event | None]:
        """Read the head of the frame at `at`, or a whole control frame: how many bytes that was, none when they have not all come."""
        here = len(data) - at
        if here < 2:
            return 0, None
        first, second = data[at], data[at + 1]
        opcode, length = first & 0x0F, second & 0x7F
        self._check_head(first, second)
        begin = 2
        if length > CONTROL_SIZE:
            begin = 4 if length == 126 else 10
            if here < begin:
                return 0, None
            coded, length = length, int.from_bytes(data[at + 2 : at + begin], "big")
            if length < (126 if coded == 126 else 65536) or length >> 63:
                raise self._refuse(PROTOCOL_ERROR, f"broken WebSocket frames: the length {length} in {begin - 2} bytes")
        key = b""
        if second & 0x80:
            begin += 4
            if here < begin:
                return 0, None
            key = data[at + begin - 4 : at + begin]
        if opcode & 8:
            if here < begin + length:
                return 0, None
            payload = data[at + begin : at + begin + length]
            return begin + length, self._take_control(opcode, mask(payload, key) if key and payload else payload)
        self._open(opcode, bool(first & RSV1), length)
        self._left, self._at, self._fin, self._key = length, 0, bool(first & 0x80), key
        return begin, None

    def _check_head(self, first: int, second: int) -> None:
        """Refuse what the first two bytes of a frame already show to be wrong (section 5.2)."""
        opcode, in_message = first & 0x0F, self._opcode != 0
        wrong = ""
        if opcode not in NAMES:
            wrong = f"the opcode {opcode}, which means nothing"
        elif first & (0x30 if self._inflater and opcode in (TEXT, BINARY) else 0x70):
            wrong = f"a reserved bit of the frame ({NAMES[opcode]}) is set"
        elif bool(second & 0x80) is not self._is_server:
            wrong = "a client's frame without a mask" if self._is_server else "a server's frame with a mask"
        elif opcode & 8 and (not first & 0x80 or second & 0x7F > CONTROL_SIZE):
            wrong = f"a {NAMES[opcode]} in fragments or of more than {CONTROL_SIZE} bytes"
        elif opcode == CONTINUATION and not in_message:
            wrong = "a continuation of no message"
        elif opcode in (TEXT, BINARY) and in_message:
            wrong = "a message within another"
        if wrong:
            raise self._refuse(PROTOCOL_ERROR, f"broken WebSocket frames: {wrong}")

    def _take_control(self, opcode: int, data: bytes) -> Event:
        if opcode == CLOSE:
            return self._take_close(data)
        self._controls += 1
        if self._controls > MOST_CONTROLS:
            raise self._refuse(TOO_LARGE, f"more than {MOST_CONTROLS} pings and pongs in a row, and no message")
        if opcode == PING and self.is_open:
            self._send(PONG, data)
        return Control(opcode=NAMES[opcode], data=data)

    def _take_close(self, data: bytes) -> Closed:
        """The peer's goodbye, which is answered with its own code unless we said ours before (section 5.5.1)."""
        code, reason = NO_STATUS, ""
        if data:
            code = int.from_bytes(data[:2], "big")
            if len(data) == 1 or not is_close_code(code):
                what = "a close frame of one byte" if len(data) == 1 else f"a close frame says {code}, which nobody may say"
                raise self._refuse(PROTOCOL_ERROR, f"broken WebSocket frames: {what}")
            try:
                reason = data[2:].decode()
            except UnicodeDecodeError:
                raise self._refuse(NOT_UTF8, "broken WebSocket frames: the reason of a close frame is no UTF-8") from None
        if self.is_open:
            self._send(CLOSE, data[:2])
            self._said_goodbye = True
        self.closed = Closed(code=code, reason=reason)
        return self.closed

    def _open(self, opcode: int, is_deflated: bool, length: int) -> None:
        """A frame of a message begins."""
        if opcode != CONTINUATION:
            self._opcode, self._is_deflated = opcode, is_deflated
        self._frames += 1
        self._wire_size += length
        if length:
            self._controls = 0
        if self._frames > MOST_FRAMES:
            raise self._refuse(TOO_LARGE, f"a message of more than {MOST_FRAMES} frames")
        # Deflated, a message can be a little longer than it is; one that is twice as long is no message.
        if self._wire_size > (2 * self._largest + 1024 if self._is_deflated else self._largest):
            raise self._too_large(f"of at least {self._wire_size} bytes")

    def _take_payload(self, piece: bytes) -> WsMessage | None:
        """What has come of a frame's payload; the message, when it is whole."""
        size = len(piece)
        self._left -= size
        if size:
            if self._key:
                piece = mask(piece, self._key, self._at)
                self._at += size
            self._take_data(piece)
        if self._left:
            return None
        self._left = -1
        return self._whole() if self._fin else None

    def _take_data(self, data: bytes, *, last: bool = False) -> None:
        """Add to the message, inflated, and look at its letters."""
        if self._is_deflated:
            assert self._inflater
            room = self._largest - len(self._message)
            try:
                data = self._inflater.end(room) if last else self._inflater.feed(data, room)
            except ExchangeError as error:
                if error.kind == "too_large":
                    raise self._too_large("when it is inflated") from None
                raise self._refuse(PROTOCOL_ERROR, f"broken WebSocket frames: {error.message}") from error
        if self._opcode == TEXT:
            self._check_text(data, last=last)
        self._message += data

    def _check_text(self, data: bytes, *, last: bool) -> None:
        """Refuse what can be no UTF-8 at the first byte that shows it (section 8.1)."""
        begin = len(self._message) - len(self._half_letter)
        data = self._half_letter + data if self._half_letter else data
        try:
            _, used = utf_8_decode(data, "strict", last)
        except UnicodeDecodeError as error:
            raise self._refuse(NOT_UTF8, f"a text message is no UTF-8 at its byte {begin + error.start}") from None
        self._half_letter = data[used:]

    def _whole(self) -> WsMessage:
        if self._is_deflated or self._half_letter:
            self._take_data(b"", last=True)
        message = WsMessage(
            opcode=NAMES[self._opcode],
            data=bytes(self._message),
            frames=self._frames,
            wire_size=self._wire_size,
            deflated=self._is_deflated,
        )
        self._message.clear()
        self._opcode = self._frames = self._wire_size = 0
        return message

    def _too_large(self, how: str) -> ExchangeError:
        return self._refuse(TOO_LARGE, f"a WebSocket message is larger than --max-size: {how}", "--max-size takes more")

    def _refuse(self, code: int, message: str, hint: str | None = None) -> ExchangeError:
        """The failure that a peer's mistake is, with the close frame that tells the peer of it (section 7.1.7)."""
        if self.is_open:
            self._send(CLOSE, code.to_bytes(2, "big") + message.encode()[:REASON_SIZE])
            self._said_goodbye = True
        self._failure = too_large(message, hint) if code == TOO_LARGE else malformed(message, hint)
        return self._failure

    # --- what goes out

    @property
    def is_open(self) -> bool:
        """Whether anything may still be said: neither side has said goodbye, nor broken the rules."""
        return not self._said_goodbye and self.closed is None and self._failure is None

    def text(self, data: str, *, fragment: int = 0) -> None:
        """Say a text message, in frames of at most `fragment` bytes if given. To a peer that has left nothing is said.

        Raises `usage` for a text that has no UTF-8.
        """
        try:
            content = data.encode()
        except UnicodeEncodeError as error:
            raise usage(f"letter {error.start + 1} of the text has no UTF-8", "bytes go in a binary message") from None
        self._say(TEXT, content, fragment)

    def binary(self, data: bytes, *, fragment: int = 0) -> None:
        """Say a binary message, as `text` does."""
        self._say(BINARY, data, fragment)

    def _say(self, opcode: int, data: bytes, fragment: int) -> None:
        if not self.is_open:
            return
        rsv = 0
        if self._deflater and self._deflater.can:
            data, rsv = self._deflater.message(data), RSV1
        step = fragment if fragment > 0 else len(data) or 1
        for at in range(0, len(data) or 1, step):
            self._send(opcode, data[at : at + step], fin=at + step >= len(data), rsv=rsv)
            opcode, rsv = CONTINUATION, 0

    def ping(self, data: bytes = b"") -> None:
        """Ask for a pong with the same data. Raises `usage` for more than fits a control frame."""
        if len(data) > CONTROL_SIZE:
            raise usage(f"a ping of {len(data)} bytes, where {CONTROL_SIZE} are allowed")
        if self.is_open:
            self._send(PING, data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye, unless that was said. Raises `usage` for a code or reason that has no place in a frame."""
        said = reason.encode("utf-8", "replace")
        if not is_close_code(code) or len(said) > REASON_SIZE:
            raise usage(f"{code} {reason[:40]!r} is no close", f"1000 to 1003, 1007 to 1014 or 3000 to 4999; at most {REASON_SIZE} bytes")
        if self.is_open:
            self._send(CLOSE, code.to_bytes(2, "big") + said)
            self._said_goodbye = True

    def out(self) -> bytes:
        """The bytes that are to be sent now."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def _send(self, opcode: int, data: bytes, *, fin: bool = True, rsv: int = 0) -> None:
        self._out.append(frame(opcode, data, fin=fin, rsv=rsv, key=None if self._is_server else urandom(4)))


def is_close_code(code: int) -> bool:
    """Whether an endpoint may say this code (RFC 6455 section 7.4, and the registry's 1012 to 1014)."""
    return code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code < 5000
