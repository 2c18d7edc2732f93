"""The WebSocket codec: websockets' own server side is the oracle, and bytes by the letter of RFC 6455 what it would not send."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("websockets")

from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import CloseCode
from websockets.headers import parse_extension
from websockets.protocol import SERVER, Protocol

from rrcli.base.errors import ExchangeError
from rrcli.codec import ws
from rrcli.codec.ws import Closed, Control, Event, Handshake, WebSocket, WsMessage

DEFLATED = [("Sec-WebSocket-Extensions", "permessage-deflate")]


def switched(handshake: Handshake, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", ws.accept_of(handshake.key)), *more)


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, size: int | None = None) -> bytes:
    """A server's frame, its length perhaps a lie."""
    size = len(data) if size is None else size
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 65536 else b"\x7f" + size.to_bytes(8, "big")
    return bytes([fin << 7 | rsv << 4 | opcode]) + length + data


def read(codec: WebSocket, data: bytes, step: int = 1 << 20) -> list[Event]:
    return [event for at in range(0, len(data), step) for event in codec.feed(data[at : at + step])]


def failure(data: bytes, **options: Any) -> ExchangeError:
    with pytest.raises(ExchangeError) as caught:
        read(WebSocket(**options), data)
    return caught.value


# --- the handshake


def test_the_key_of_the_rfc_has_the_answer_of_the_rfc() -> None:
    assert ws.accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_the_fields_ask_for_websocket() -> None:
    handshake = Handshake(("graphql-transport-ws", "other"))
    assert handshake.fields() == (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", handshake.key),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Protocol", "graphql-transport-ws, other"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
    )
    assert len(handshake.key) == 24
    assert handshake.key != Handshake().key


def test_an_agreement() -> None:
    handshake = Handshake(("a", "b"))
    assert handshake.agree(switched(handshake, ("sec-websocket-protocol", "b")), max_size=10).subprotocol == "b"
    assert handshake.agree(switched(handshake), max_size=10).subprotocol is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Upgrade": "h2c"}, "the 101 changes to something else than WebSocket"),
        ({"Connection": "close"}, "the 101 changes to something else than WebSocket"),
        ({"Sec-WebSocket-Accept": "AAAA"}, "Sec-WebSocket-Accept does not answer our key"),
        ({"Sec-WebSocket-Protocol": "c"}, "the server chose the subprotocol 'c', which was not offered"),
        ({"Sec-WebSocket-Extensions": "x-own"}, "the server uses the extension 'x-own', which was not offered"),
    ],
)
def test_a_101_that_does_not_answer_the_request(change: dict[str, str], message: str) -> None:
    handshake = Handshake(("a",))
    with pytest.raises(ExchangeError) as caught:
        handshake.agree(tuple({**dict(switched(handshake)), **change}.items()), max_size=10)
    assert (caught.value.kind, caught.value.message) == ("malformed", message)


@pytest.mark.parametrize(
    "extensions",
    ["permessage-deflate; unknown=1", "permessage-deflate, permessage-deflate", ";;", "permessage-deflate; server_max_window_bits=99"],
)
def test_extensions_that_cannot_be_agreed_to(extensions: str) -> None:
    handshake = Handshake()
    with pytest.raises(ExchangeError, match="the server's extensions cannot be agreed to"):
        handshake.agree(switched(handshake, ("Sec-WebSocket-Extensions", extensions)), max_size=10)


# --- what comes in


MESSAGES = st.lists(
    st.one_of(
        st.text(max_size=40).map(lambda text: ("text", text.encode("utf-8", "replace"))),
        st.binary(max_size=300).map(lambda data: ("binary", data)),
    ),
    max_size=5,
)


@given(MESSAGES, st.integers(1, 9), st.booleans())
def test_what_a_server_says_is_read_wherever_it_is_split(messages: list[tuple[str, bytes]], step: int, deflated: bool) -> None:
    handshake = Handshake()
    codec = handshake.agree(switched(handshake, *(DEFLATED if deflated else ())), max_size=1000)
    server = Protocol(SERVER)
    server.extensions = [PerMessageDeflate(False, False, 15, 15)] if deflated else []
    for kind, data in messages:
        (server.send_text if kind == "text" else server.send_binary)(data)
        server.send_ping(b"p")
    server.send_close(1000, "bye")
    events = read(codec, b"".join(server.data_to_send()), step)
    wanted: list[Event] = [
        event for kind, data in messages for event in (WsMessage(opcode=kind, data=data), Control(opcode="ping", data=b"p"))
    ]
    assert events == [*wanted, Closed(code=1000, reason="bye")]
    server.receive_data(codec.out())
    assert [event.opcode.name for event in server.events_received()] == ["PONG"] * len(messages) + ["CLOSE"]


@given(st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace").decode()), st.booleans())
def test_a_server_reads_what_is_said(text: str, deflated: bool) -> None:
    handshake = Handshake()
    offered = next(value for name, value in handshake.fields() if name == "Sec-WebSocket-Extensions")
    parameters, extension = ServerPerMessageDeflateFactory().process_request_params(parse_extension(offered)[0][1], [])
    server = Protocol(SERVER)
    answer = (
        []
        if not deflated
        else [
            (
                "Sec-WebSocket-Extensions",
                "permessage-deflate" + "".join(f"; {name}={value}" if value else f"; {name}" for name, value in parameters),
            )
        ]
    )
    server.extensions = [extension] if deflated else []
    codec = handshake.agree(switched(handshake, *answer), max_size=10)
    codec.text(text)
    codec.binary(b"\0")
    codec.ping(b"?")
    codec.close(4000, "enough")
    codec.close(1000)  # said already
    server.receive_data(codec.out())
    assert [(event.opcode.name, bytes(event.data)) for event in server.events_received()] == [
        ("TEXT", text.encode()),
        ("BINARY", b"\0"),
        ("PING", b"?"),
        ("CLOSE", (4000).to_bytes(2, "big") + b"enough"),
    ]


def test_fragments_are_one_message_with_controls_between_them() -> None:
    data = frame(1, b"a\xc3", fin=False) + frame(9, b"?") + frame(0, b"\xa4", fin=False) + frame(0, b"b")
    assert read(WebSocket(), data, 1) == [Control(opcode="ping", data=b"?"), WsMessage(opcode="text", data="aäb".encode(), frames=3)]


def test_a_close_without_a_code() -> None:
    codec = WebSocket()
    assert codec.feed(frame(8)) == [Closed(code=1005, reason="")]
    codec.eof()
    assert codec.out()[:1] == b"\x88"


def test_an_end_without_a_close() -> None:
    codec = WebSocket()
    codec.feed(frame(1, b"half", size=10))
    with pytest.raises(ExchangeError) as caught:
        codec.eof()
    assert (caught.value.layer, caught.value.kind) == ("transport", "closed")


@pytest.mark.parametrize("code", [999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_a_code_that_nobody_may_say(code: int) -> None:
    with pytest.raises(ExchangeError) as caught:
        WebSocket().close(code)
    assert caught.value.kind == "usage"
    assert not ws.is_close_code(code)
    assert all(ws.is_close_code(int(good)) for good in CloseCode if int(good) not in (1005, 1006, 1015))


def test_a_reason_too_long_for_a_frame() -> None:
    with pytest.raises(ExchangeError, match="a reason has|is no close"):
        WebSocket().close(1000, "x" * 124)


# --- what no server should send


def test_what_came_before_an_error_is_kept() -> None:
    codec = WebSocket()
    with pytest.raises(ExchangeError):
        codec.feed(frame(1, b"good") + frame(3, b"bad"))
    assert codec.salvaged == [WsMessage(opcode="text", data=b"good")]
    assert codec.out()[:2] == b"\x88" + bytes([0x80 | len(codec._protocol.close_sent.serialize())])  # 1002, and why


BROKEN = {
    "an unknown opcode": frame(3),
    "a reserved bit": frame(1, b"x", rsv=2),
    "compression that was not agreed on": frame(1, b"x", rsv=4),
    "a masked frame": b"\x81\x81\0\0\0\0x",
    "a continuation of nothing": frame(0, b"x"),
    "a message within a message": frame(1, b"x", fin=False) + frame(1, b"y"),
    "a fragmented ping": frame(9, b"x", fin=False),
    "a ping of 126 bytes": frame(9, bytes(126)),
    "a close of one byte": frame(8, b"\x03"),
    "a close with a code that nobody may say": frame(8, (1005).to_bytes(2, "big")),
    "a close within a message": frame(1, b"x", fin=False) + frame(8, (1000).to_bytes(2, "big")),
    "a reason that is no UTF-8": frame(8, (1000).to_bytes(2, "big") + b"\xff"),
    "a text that is no UTF-8": frame(1, b"\xff\xfe"),
    "half a character at the end": frame(1, b"\xc3", fin=False) + frame(0),
    "HTTP": b"HTTP/1.1 200 OK\r\n\r\n" + bytes(84),
}


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize("name", BROKEN)
def test_broken_frames_are_malformed(name: str, step: int) -> None:
    with pytest.raises(ExchangeError) as caught:
        read(WebSocket(), BROKEN[name], step)
    assert (caught.value.layer, caught.value.kind) == ("protocol", "malformed")


def deflated(data: bytes) -> bytes:
    squeezer = zlib.compressobj(9, wbits=-15)
    return (squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def floods() -> Iterator[Any]:
    yield pytest.param(frame(2, size=1 << 62), "larger than --max-size", id="a length of 4 EiB")
    yield pytest.param(frame(2, size=1001), "larger than --max-size", id="one byte over the limit")
    yield pytest.param(frame(2, bytes(600), fin=False) + frame(0, bytes(600)), "larger than --max-size", id="over it in two frames")
    yield pytest.param(frame(2, deflated(bytes(10**7)), rsv=4), "larger than --max-size", id="a bomb")
    yield pytest.param(frame(1, fin=False) + frame(0, fin=False) * 70_000, "more than 65536 frames", id="empty frames for ever")
    yield pytest.param(frame(9) * 10_001, "more than 10000 pings and pongs", id="pings for ever")
    yield pytest.param(frame(10) * 10_001, "more than 10000 pings and pongs", id="pongs for ever")


@pytest.mark.parametrize(("data", "message"), list(floods()))
def test_every_flood_meets_a_limit(data: bytes, message: str) -> None:
    error = failure(data, max_size=1000, extensions=[PerMessageDeflate(False, False, 15, 15)])
    assert (error.layer, error.kind) == ("protocol", "too_large")
    assert message in error.message


@given(st.binary(max_size=60))
def test_whatever_comes_is_an_event_an_error_or_nothing_yet(data: bytes) -> None:
    kind = None
    try:
        found = read(WebSocket(max_size=100), data, 7)
    except ExchangeError as error:
        found, kind = [], error.kind
    assert kind in (None, "malformed", "too_large")
    assert all(isinstance(event, (WsMessage, Control, Closed)) for event in found)
