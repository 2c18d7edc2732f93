"""WebSocket (RFC 6455, with permessage-deflate of RFC 7692): the opening handshake, and bytes to messages.

The framing is websockets' sans-I/O protocol; what is added is what a reader of an exchange needs and a program does not:
messages with the number of their frames, limits against a peer that never ends one, failures as values. Nothing here
touches a socket: `feed` takes bytes, `out` gives those to be sent, pongs and the answer to a close among them.
"""

from __future__ import annotations

from binascii import b2a_base64
from os import urandom

from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Fields

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
VERSION = "13"
LARGEST = 16 << 20  # bytes of one message, however much may be kept of all
MOST_FRAMES = 65_536  # of one message
MOST_CONTROLS = 10_000  # pings and pongs in a row, without a message between them
NO_STATUS, ABNORMAL = 1005, 1006  # closed without a code; closed without a close frame (section 7.4.1)
REASON_SIZE = 123  # bytes of a reason at most (section 5.5)


class WsMessage(Record):
    """A whole message. `frames` is how many it came in."""

    opcode: str  # text | binary
    data: bytes
    frames: int = 1


class Control(Record):
    """A ping, which is answered already, or a pong."""

    opcode: str  # ping | pong
    data: bytes


class Closed(Record):
    """The peer says goodbye; `code` is `NO_STATUS` where it gave none."""

    code: int
    reason: str


Event = WsMessage | Control | Closed


class Handshake:
    """The client's half of the opening handshake (RFC 6455 section 4.1)."""

    def __init__(self, subprotocols: tuple[str, ...] = (), *, compress: bool = True) -> None:
        self.key = b2a_base64(urandom(16), newline=False).decode()
        self._subprotocols = subprotocols
        factory = _library()[2]  # loaded here, before a clock runs, whether it is used or not
        self._factory = factory() if compress else None

    def fields(self) -> Fields:
        """The fields that ask for the change of protocol."""
        fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", self.key), ("Sec-WebSocket-Version", VERSION)]
        if self._subprotocols:
            fields.append(("Sec-WebSocket-Protocol", ", ".join(self._subprotocols)))
        if self._factory:
            from websockets.headers import build_extension

            fields.append(("Sec-WebSocket-Extensions", build_extension([(self._factory.name, list(self._factory.get_request_params()))])))
        return tuple(fields)

    def agree(self, fields: Fields, *, max_size: int) -> WebSocket:
        """The connection that a 101 with these fields opens. Raises `malformed` where they do not answer the request."""
        if "websocket" not in _words(fields, "upgrade") or "upgrade" not in _words(fields, "connection"):
            raise malformed("the 101 changes to something else than WebSocket", "its Upgrade and Connection fields tell")
        accept = [value.strip() for name, value in fields if name.lower() == "sec-websocket-accept"]
        if accept != [accept_of(self.key)]:
            raise malformed(
                "Sec-WebSocket-Accept does not answer our key", "a proxy answers from its cache, or the server is no WebSocket server"
            )
        chosen = [value.strip() for name, value in fields if name.lower() == "sec-websocket-protocol"]
        if len(chosen) > 1 or any(value not in self._subprotocols for value in chosen):
            raise malformed(f"the server chose the subprotocol {', '.join(chosen)[:60]!r}, which was not offered")
        return WebSocket(subprotocol=chosen[0] if chosen else None, extensions=self._extensions(fields), max_size=max_size)

    def _extensions(self, fields: Fields) -> list[Any]:
        """The extensions that are in use from now on."""
        from websockets.exceptions import InvalidHandshake
        from websockets.headers import parse_extension

        found: list[Any] = []
        try:
            for name, value in fields:
                for extension, parameters in parse_extension(value) if name.lower() == "sec-websocket-extensions" else ():
                    if self._factory is None or extension != self._factory.name:
                        raise malformed(f"the server uses the extension {extension[:60]!r}, which was not offered")
                    found.append(self._factory.process_response_params(parameters, found))
        except InvalidHandshake as error:
            raise malformed(f"the server's extensions cannot be agreed to: {error}") from error
        return found


def accept_of(key: str) -> str:
    """What a server answers a key with (RFC 6455 section 4.2.2)."""
    from hashlib import sha1

    return b2a_base64(sha1(key.encode() + GUID, usedforsecurity=False).digest(), newline=False).decode()


def _words(fields: Fields, wanted: str) -> list[str]:
    return [word.strip().lower() for name, value in fields if name.lower() == wanted for word in value.split(",")]


class WebSocket:
    """An open connection, the client's side of it. A message is at most `max_size` bytes and `LARGEST`, also after inflating.

    A failure leaves it useless; `salvaged` then holds the events that the failed `feed` had read before.
    """

    def __init__(self, *, subprotocol: str | None = None, extensions: list[Any] | None = None, max_size: int = 1 << 20) -> None:
        from logging import getLogger

        protocol, side, _ = _library()
        silent = getLogger("rrcli.ws")
        silent.disabled = True  # what goes wrong is told by an exception
        self.subprotocol = subprotocol
        self.salvaged: list[Event] = []
        self.closed: Closed | None = None
        self._largest = min(max_size, LARGEST)
        self._protocol = protocol(side, max_size=self._largest, logger=silent)
        self._protocol.extensions = extensions or []
        self._opcode = ""
        self._message = bytearray()
        self._frames = 0
        self._controls = 0

    # --- what comes in

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises `ExchangeError`: malformed, too_large."""
        found: list[Event] = []
        try:
            self._protocol.receive_data(data)
            for frame in self._protocol.events_received():
                if event := self._take(frame):
                    found.append(event)
            if (error := self._protocol.parser_exc) is not None:
                raise _failure(error, self._largest)
        except ExchangeError:
            self.salvaged = found
            raise
        return found

    def eof(self) -> None:
        """The peer's stream ended. Raises `closed` when it did so without a word."""
        if self.closed is None:
            raise ExchangeError("transport", "closed", "the connection ended without a close frame (1006)")

    def _take(self, frame: Any) -> Event | None:
        """What a frame completes."""
        name = frame.opcode.name
        if name == "CLOSE":
            close = self._protocol.close_rcvd
            self.closed = Closed(code=int(close.code), reason=close.reason) if close else Closed(code=NO_STATUS, reason="")
            return self.closed
        if name in ("PING", "PONG"):
            self._controls += 1
            if self._controls > MOST_CONTROLS:
                raise too_large(f"more than {MOST_CONTROLS} pings and pongs in a row, and no message")
            return Control(opcode=name.lower(), data=bytes(frame.data))
        return self._part(name, bytes(frame.data), fin=frame.fin)

    def _part(self, name: str, data: bytes, *, fin: bool) -> WsMessage | None:
        """A frame of a message; the message, when it is whole."""
        self._controls = 0
        self._opcode = self._opcode if name == "CONT" else name.lower()
        self._frames += 1
        if self._frames > MOST_FRAMES:
            raise too_large(f"a message of more than {MOST_FRAMES} frames")
        self._message += data
        if not fin:
            return None
        message = WsMessage(opcode=self._opcode, data=bytes(self._message), frames=self._frames)
        self._message.clear()
        self._frames = 0
        if message.opcode == "text":
            _check_text(message.data)
        return message

    # --- what goes out

    def text(self, data: str) -> None:
        """Say a text message. To a peer that has left nothing is said: what it did is what `feed` tells."""
        if self._is_open:
            self._protocol.send_text(data.encode("utf-8", "surrogatepass"))

    def binary(self, data: bytes) -> None:
        """Say a binary message, as `text` does."""
        if self._is_open:
            self._protocol.send_binary(data)

    def ping(self, data: bytes = b"") -> None:
        if self._is_open:
            self._protocol.send_ping(data)

    @property
    def _is_open(self) -> bool:
        return bool(self._protocol.state.name == "OPEN")

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye, unless that was said. Raises `usage` for a code or reason that has no place in a frame."""
        if not is_close_code(code) or len(reason.encode()) > REASON_SIZE:
            raise usage(
                f"{code} {reason[:40]!r} is no close", f"1000, 1001, 1003, 1007 to 1011 or 3000 to 4999; at most {REASON_SIZE} bytes"
            )
        if self._is_open:
            self._protocol.send_close(code, reason)

    def out(self) -> bytes:
        """The bytes that are to be sent now."""
        return b"".join(self._protocol.data_to_send())


def is_close_code(code: int) -> bool:
    """Whether an endpoint may say this code (RFC 6455 section 7.4)."""
    return code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code < 5000


def _check_text(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise malformed(f"a text message is no UTF-8 at its byte {error.start}") from error


def _failure(error: Exception, largest: int) -> ExchangeError:
    """The failure that an error of the protocol is; its own text names no more than what is wrong."""
    from websockets.exceptions import PayloadTooBig

    if isinstance(error, PayloadTooBig):
        if largest == LARGEST:
            return too_large(f"a WebSocket message is larger than {LARGEST >> 20} MiB: {error}")
        return too_large(f"a WebSocket message is larger than --max-size: {error}", "--max-size takes more")
    return malformed(f"broken WebSocket frames: {error}")


def _library() -> tuple[Any, Any, Any]:
    """websockets' protocol, its client's side, and the maker of permessage-deflate. Raises `usage` where it is not installed."""
    try:
        import websockets.headers  # noqa: F401  # what reads the answer to a handshake
        from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
        from websockets.protocol import CLIENT, Protocol
    except ModuleNotFoundError as error:
        raise usage("WebSocket needs the module websockets", "pip install 'rrcli[ws]'") from error
    return Protocol, CLIENT, ClientPerMessageDeflateFactory
