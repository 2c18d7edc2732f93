"""WebSocket (RFC 6455, with permessage-deflate of RFC 7692): the opening handshake, which gives a connection.

    handshake = Handshake()
    ...                                          # send handshake.fields() in a GET, read the 101
    codec = handshake.agree(fields, max_size=…)
    codec.text("hello"); send(codec.out())
    for event in codec.feed(received): ...       # WsMessage, Control, Closed
    send(codec.out())                            # pongs and the answer to a close among them

Nothing here touches a socket: `feed` takes bytes, `out` gives those to be sent.
"""

from __future__ import annotations

from binascii import b2a_base64
from os import urandom

from rrcli.base.errors import malformed
from rrcli.codec.wsconnection import ABNORMAL, NO_STATUS, Closed, Control, Event, WebSocket, WsMessage, is_close_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha1

    from rrcli.codec.wsdeflate import Deflate
    from rrcli.model.values import Fields
else:
    from _sha1 import sha1  # hashlib loads OpenSSL, at three milliseconds

__all__ = [
    "ABNORMAL",
    "NO_STATUS",
    "Closed",
    "Control",
    "Event",
    "Handshake",
    "WebSocket",
    "WsMessage",
    "accept",
    "accept_of",
    "is_close_code",
]

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
VERSION = "13"


class Handshake:
    """The client's half of the opening handshake (RFC 6455 section 4.1). `deflate` is what of RFC 7692 is offered with `compress`."""

    def __init__(self, subprotocols: tuple[str, ...] = (), *, compress: bool = True, deflate: Deflate | None = None) -> None:
        self.key = b2a_base64(urandom(16), newline=False).decode()
        self._subprotocols = subprotocols
        self._offer: Deflate | None = None
        if compress:
            from rrcli.codec.wsdeflate import Deflate

            self._offer = deflate or Deflate()

    def fields(self) -> Fields:
        """The fields that ask for the change of protocol."""
        fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", self.key), ("Sec-WebSocket-Version", VERSION)]
        if self._subprotocols:
            fields.append(("Sec-WebSocket-Protocol", ", ".join(self._subprotocols)))
        if self._offer:
            fields.append(("Sec-WebSocket-Extensions", self._offer.text(offered=True)))
        return tuple(fields)

    def agree(self, fields: Fields, *, max_size: int) -> WebSocket:
        """The connection that a 101 with these fields opens. Raises `malformed` where they do not answer the request."""
        if "websocket" not in _words(fields, "upgrade") or "upgrade" not in _words(fields, "connection"):
            raise malformed("the 101 changes to something else than WebSocket", "its Upgrade and Connection fields tell")
        if _values(fields, "sec-websocket-accept") != [accept_of(self.key)]:
            raise malformed(
                "Sec-WebSocket-Accept does not answer our key", "a proxy answers from its cache, or the server is no WebSocket server"
            )
        chosen = _values(fields, "sec-websocket-protocol")
        if len(chosen) > 1 or any(value not in self._subprotocols for value in chosen):
            raise malformed(f"the server chose the subprotocol {', '.join(chosen)[:60]!r}, which was not offered")
        return WebSocket(subprotocol=chosen[0] if chosen else None, deflate=self._deflate(fields), max_size=max_size)

    def _deflate(self, fields: Fields) -> Deflate | None:
        """What of permessage-deflate is in use from now on."""
        if self._offer is None and not _values(fields, "sec-websocket-extensions"):
            return None
        from rrcli.codec.wsdeflate import agreed, read_extensions

        if self._offer is None:
            if extensions := read_extensions(fields):
                raise malformed(f"the server uses the extension {extensions[0][0][:60]!r}, which was not offered")
            return None
        return agreed(self._offer, fields)


def accept(fields: Fields, *, subprotocols: tuple[str, ...] = (), compress: bool = True, max_size: int) -> tuple[Fields, WebSocket]:
    """The server's half (RFC 6455 section 4.2): the fields of the 101 that answers a GET with these, and the connection it opens.

    The first of the client's subprotocols that is among ours is chosen. Raises `malformed` where the request asks for no WebSocket.
    """
    if "websocket" not in _words(fields, "upgrade") or "upgrade" not in _words(fields, "connection"):
        raise malformed("the request does not ask for WebSocket in Upgrade and Connection")
    keys = _values(fields, "sec-websocket-key")
    if len(keys) != 1 or len(keys[0]) != 24 or not keys[0].isascii():
        raise malformed("the request has no Sec-WebSocket-Key of 16 bytes")
    if _values(fields, "sec-websocket-version") != [VERSION]:
        raise malformed(f"the request is not for version {VERSION} of WebSocket")
    answer = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept_of(keys[0]))]
    offered = [word.strip() for value in _values(fields, "sec-websocket-protocol") for word in value.split(",")]
    chosen = next((word for word in offered if word in subprotocols), None)
    if chosen is not None:
        answer.append(("Sec-WebSocket-Protocol", chosen))
    deflate = None
    if compress and _values(fields, "sec-websocket-extensions"):
        from rrcli.codec.wsdeflate import accepted

        deflate = accepted(fields)
        if deflate:
            answer.append(("Sec-WebSocket-Extensions", deflate.text()))
    return tuple(answer), WebSocket(subprotocol=chosen, deflate=deflate, max_size=max_size, server=True)


def accept_of(key: str) -> str:
    """What a server answers a key with (RFC 6455 section 4.2.2)."""
    return b2a_base64(sha1(key.encode() + GUID).digest(), newline=False).decode()


def _values(fields: Fields, wanted: str) -> list[str]:
    return [value.strip() for name, value in fields if name.lower() == wanted]


def _words(fields: Fields, wanted: str) -> list[str]:
    return [word.strip().lower() for value in _values(fields, wanted) for word in value.split(",")]
