"""Endpoints of the HTTP responder that change to WebSocket (RFC 6455), with permessage-deflate where the client offers it."""

from __future__ import annotations

import json
import time

from rrcli.base.errors import ExchangeError
from rrcli.codec.ws import WsMessage, accept, is_close_code
from rrcli.responders.http_call import Call, whole
from rrcli.responders.http_message import Refusal, ServerResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.codec.ws import WebSocket
    from rrcli.responders.base import ServerConnection

MESSAGES = 100_000  # of one connection, at most
LARGEST = 64 << 20  # bytes of a message
SUBPROTOCOLS = ("chat",)
BINARY = bytes(range(256))


def echo(call: Call) -> ServerResponse:
    """Every message comes back as it is."""

    def talk(connection: ServerConnection, codec: WebSocket) -> None:
        while _hears(connection, codec, answers=True):
            pass

    return _upgraded(call, talk)


def push(call: Call) -> ServerResponse:
    """`count` messages of a number, `every` so often, then the close."""
    count, every = call.whole("count", 5, MESSAGES), call.seconds("every", "50ms")

    def talk(connection: ServerConnection, codec: WebSocket) -> None:
        for number in range(1, count + 1):
            codec.text(json.dumps({"n": number}))
            connection.send(codec.out())
            until = time.monotonic() + every
            while (left := until - time.monotonic()) > 0:
                if connection.wait_input(left) and not _hears(connection, codec):
                    return
        _goodbye(connection, codec, 1000)

    return _upgraded(call, talk)


def close(call: Call) -> ServerResponse:
    """The close at once, with the `code` and the `reason` of the query."""
    code = whole(call.query.get("code", "1000"), 1000, 4999)
    reason = call.query.get("reason", "")
    if not is_close_code(code) or len(reason.encode()) > 123:
        raise Refusal(400, f"{code} is no code of a close frame, or the reason is longer than 123 bytes")
    return _upgraded(call, lambda connection, codec: _goodbye(connection, codec, code, reason))


def binary(call: Call) -> ServerResponse:
    """One binary message of the 256 bytes, then the close."""

    def talk(connection: ServerConnection, codec: WebSocket) -> None:
        codec.binary(BINARY)
        _goodbye(connection, codec, 1000)

    return _upgraded(call, talk)


def silent(call: Call) -> ServerResponse:
    """Nothing is said; pings are answered."""

    def talk(connection: ServerConnection, codec: WebSocket) -> None:
        while _hears(connection, codec):
            pass

    return _upgraded(call, talk)


def _upgraded(call: Call, talk: Callable[[ServerConnection, WebSocket], None]) -> ServerResponse:
    """The 101, and `talk` behind it. Raises `Refusal` 426 for a request that asks for no WebSocket."""
    try:
        fields, codec = accept(call.request.fields, subprotocols=SUBPROTOCOLS, max_size=LARGEST)
    except ExchangeError as error:
        raise Refusal(426, error.message, ("Upgrade", "websocket"), ("Connection", "Upgrade")) from None

    def converse(connection: ServerConnection) -> None:
        try:
            talk(connection, codec)
        except ExchangeError:
            connection.send(codec.out())  # the client breaks the protocol, and is told so

    return ServerResponse(status=101, fields=fields, switches=converse)


def _hears(connection: ServerConnection, codec: WebSocket, *, answers: bool = False) -> bool:
    """Read what has come, and send it back with `answers`; false once the client has said goodbye, or is gone."""
    data = connection.receive()
    for event in codec.events(data) if data else ():
        if answers and isinstance(event, WsMessage):
            if event.opcode == "text":
                codec.text(event.data.decode())
            else:
                codec.binary(event.data)
    if out := codec.out():
        connection.send(out)
    return bool(data) and codec.closed is None


def _goodbye(connection: ServerConnection, codec: WebSocket, code: int, reason: str = "") -> None:
    """Say goodbye, and read on until the client does."""
    codec.close(code, reason)
    connection.send(codec.out())
    while codec.closed is None and _hears(connection, codec):
        pass
