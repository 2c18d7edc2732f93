"""The WebSocket codec: websockets' own server side is the oracle, and bytes by the letter of RFC 6455 what it would not send."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from peers.mangled import outcome, split
from websockets.client import ClientProtocol
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import CloseCode, Frame, Opcode
from websockets.headers import parse_extension
from websockets.http11 import Request, Response
from websockets.protocol import CLIENT, SERVER, Protocol, Side
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from rrcli.base.errors import ExchangeError
from rrcli.codec import ws
from rrcli.codec.ws import Closed, Control, Event, Handshake, WebSocket, WsMessage
from rrcli.codec.wsdeflate import Deflate, accepted, agreed
from rrcli.codec.wsframes import FrameNotes, frame, mask

DEFLATED = [("Sec-WebSocket-Extensions", "permessage-deflate")]


def switched(handshake: Handshake, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", ws.accept_of(handshake.key)), *more)


def announced(opcode: int, size: int) -> bytes:
    """The head of a server's frame, whose payload does not come."""
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 65536 else b"\x7f" + size.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + length


def read(codec: WebSocket, data: bytes, step: int = 1 << 20) -> list[Event]:
    return [event for at in range(0, len(data), step) for event in codec.feed(data[at : at + step])]


def goodbye(codec: WebSocket) -> tuple[int, str]:
    """The code and the reason of the close frame that waits to be sent."""
    peer = WebSocket(server=True)
    peer.feed(codec.out())
    assert peer.closed
    return peer.closed.code, peer.closed.reason


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


OFFERS = st.builds(
    Deflate,
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
    server_max_window_bits=st.integers(8, 15),
    client_max_window_bits=st.integers(9, 15),
)
ANSWERS = st.lists(
    st.one_of(
        st.sampled_from(
            ["server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits", "x", "server_max_window_bits"]
        ),
        st.builds("{}={}".format, st.sampled_from(["server_max_window_bits", "client_max_window_bits"]), st.integers(7, 16)),
        st.just('server_max_window_bits="10"'),
    ),
    max_size=4,
).map(lambda words: "; ".join(["permessage-deflate", *words]))


def parameters(agreed: PerMessageDeflate) -> Deflate:
    """What a client of websockets has agreed on."""
    return Deflate(
        server_no_context_takeover=agreed.remote_no_context_takeover,
        client_no_context_takeover=agreed.local_no_context_takeover,
        server_max_window_bits=agreed.remote_max_window_bits,
        client_max_window_bits=agreed.local_max_window_bits,
    )


@given(OFFERS, ANSWERS)
def test_an_answer_to_an_offer_is_judged_as_websockets_does(offer: Deflate, answer: str) -> None:
    """But for a window of eight bits for our messages, in which websockets cannot squeeze them and we send them as they are."""
    assume("client_max_window_bits=8" not in answer)
    factory = ClientPerMessageDeflateFactory(
        offer.server_no_context_takeover,
        offer.client_no_context_takeover,
        offer.server_max_window_bits if offer.server_max_window_bits != 15 else None,
        offer.client_max_window_bits if offer.client_max_window_bits != 15 else True,
    )
    wanted: Deflate | None = None
    with contextlib.suppress(NegotiationError):
        wanted = parameters(factory.process_response_params(parse_extension(answer)[0][1], []))
    found = outcome(lambda: agreed(offer, (("Sec-WebSocket-Extensions", answer),)))
    assert found == (wanted or ("protocol", "malformed"))


@given(ANSWERS, ANSWERS)
def test_a_server_takes_the_first_offer_that_it_can(first: str, second: str) -> None:
    assume("server_max_window_bits=8" not in first + second)  # which websockets does not offer
    wanted = None
    for offer in (first, second):
        with contextlib.suppress(NegotiationError):
            _, extension = ServerPerMessageDeflateFactory().process_request_params(parse_extension(offer)[0][1], [])
            wanted = wanted or extension
    found = accepted((("sec-websocket-extensions", f"x-own; a=b, {first}, {second}"),))
    assert (found is None) == (wanted is None)
    if found and wanted:
        assert found.server_no_context_takeover == wanted.local_no_context_takeover
        assert found.server_max_window_bits == wanted.local_max_window_bits


@given(OFFERS)
def test_an_offer_is_read_by_the_other_side(offer: Deflate) -> None:
    found = accepted((("Sec-WebSocket-Extensions", offer.text(offered=True)),))
    assert found == offer
    assert agreed(offer, (("Sec-WebSocket-Extensions", offer.text()),)) == offer


def test_a_server_of_websockets_agrees_with_our_handshake() -> None:
    handshake = Handshake(("chat", "other"))
    server = ServerProtocol(subprotocols=["chat"], extensions=[ServerPerMessageDeflateFactory()])  # type: ignore[list-item]
    fields = "".join(f"{name}: {value}\r\n" for name, value in handshake.fields())
    server.receive_data(f"GET / HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n".encode())
    request = server.events_received()[0]
    assert isinstance(request, Request)
    answer = server.accept(request)
    codec = handshake.agree(tuple(answer.headers.raw_items()), max_size=100)
    assert (answer.status_code, codec.subprotocol) == (101, "chat")
    assert codec.extensions == ("permessage-deflate",)


def test_a_client_of_websockets_agrees_with_our_answer() -> None:
    client = ClientProtocol(parse_uri("ws://a.test/"), subprotocols=["x", "chat"], extensions=[ClientPerMessageDeflateFactory()])  # type: ignore[list-item]
    request = client.connect()
    fields, codec = ws.accept(tuple(request.headers.raw_items()), subprotocols=("chat",), max_size=100)
    client.send_request(request)
    client.data_to_send()
    client.receive_data(b"HTTP/1.1 101 Go\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields).encode() + b"\r\n")
    answer = client.events_received()[0]
    assert isinstance(answer, Response)
    assert client.handshake_exc is None
    assert client.subprotocol == codec.subprotocol == "chat"
    assert codec.extensions == ("permessage-deflate",)
    client.send_text(b"hello")
    assert plain(codec.feed(b"".join(client.data_to_send()))) == [WsMessage(opcode="text", data=b"hello")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Upgrade": "h2c"}, "the request does not ask for WebSocket in Upgrade and Connection"),
        ({"Sec-WebSocket-Key": "short"}, "the request has no Sec-WebSocket-Key of 16 bytes"),
        ({"Sec-WebSocket-Version": "8"}, "the request is not for version 13 of WebSocket"),
    ],
)
def test_a_request_that_asks_for_no_websocket(change: dict[str, str], message: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        ws.accept(tuple({**dict(Handshake().fields()), **change}.items()), max_size=10)
    assert (caught.value.kind, caught.value.message) == ("malformed", message)


# --- what comes in


MESSAGES = st.lists(
    st.one_of(
        st.text(max_size=40).map(lambda text: ("text", text.encode("utf-8", "replace"))),
        st.binary(max_size=300).map(lambda data: ("binary", data)),
    ),
    max_size=5,
)


def plain(events: list[Event]) -> list[Event]:
    """The events without what only the wire knows of them."""
    return [WsMessage(opcode=event.opcode, data=event.data) if isinstance(event, WsMessage) else event for event in events]


PARAMETERS = st.builds(
    Deflate,
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
    server_max_window_bits=st.integers(9, 15),
    client_max_window_bits=st.integers(9, 15),
)


def oracle(side: Side, deflate: Deflate | None) -> Protocol:
    """websockets' protocol with what was agreed on."""
    protocol = Protocol(side)
    if deflate:
        server = (deflate.server_no_context_takeover, deflate.server_max_window_bits)
        client = (deflate.client_no_context_takeover, deflate.client_max_window_bits)
        (remote, remote_bits), (local, local_bits) = (client, server) if side is SERVER else (server, client)
        protocol.extensions = [PerMessageDeflate(remote, local, remote_bits, local_bits)]
    return protocol


@given(MESSAGES, st.integers(1, 9), st.none() | PARAMETERS, st.booleans())
def test_what_websockets_says_is_read_wherever_it_is_split(
    messages: list[tuple[str, bytes]], step: int, deflate: Deflate | None, server: bool
) -> None:
    codec = WebSocket(deflate=deflate, max_size=1000, server=server)
    peer = oracle(CLIENT if server else SERVER, deflate)
    for kind, data in messages:
        half = len(data) // 2
        (peer.send_text if kind == "text" else peer.send_binary)(data[:half], fin=False)
        peer.send_ping(b"p")
        peer.send_continuation(data[half:], fin=True)
    peer.send_close(1000, "bye")
    events = read(codec, b"".join(peer.data_to_send()), step)
    wanted: list[Event] = [
        event for kind, data in messages for event in (Control(opcode="ping", data=b"p"), WsMessage(opcode=kind, data=data))
    ]
    assert plain(events) == [*wanted, Closed(code=1000, reason="bye")]
    assert {event.frames for event in events if isinstance(event, WsMessage)} <= {2}
    assert all(event.deflated is (deflate is not None) for event in events if isinstance(event, WsMessage))
    peer.receive_data(codec.out())
    assert [event.opcode.name for event in peer.events_received()] == ["PONG"] * len(messages) + ["CLOSE"]


@given(MESSAGES, st.integers(0, 9), st.none() | PARAMETERS, st.booleans())
def test_websockets_reads_what_is_said(messages: list[tuple[str, bytes]], fragment: int, deflate: Deflate | None, server: bool) -> None:
    codec = WebSocket(deflate=deflate, max_size=10, server=server)
    peer = oracle(CLIENT if server else SERVER, deflate)
    for kind, data in messages:
        if kind == "text":
            codec.text(data.decode(), fragment=fragment)
        else:
            codec.binary(data, fragment=fragment)
    codec.ping(b"?")
    codec.close(4000, "enough")
    codec.close(1000)  # said already
    codec.text("behind it")
    peer.receive_data(codec.out())
    heard: list[tuple[str, bytes]] = []
    for event in peer.events_received():
        assert isinstance(event, Frame)
        if event.opcode is Opcode.CONT:
            heard[-1] = heard[-1][0], heard[-1][1] + bytes(event.data)
        else:
            heard.append((event.opcode.name.lower(), bytes(event.data)))
    assert heard == [*messages, ("ping", b"?"), ("close", (4000).to_bytes(2, "big") + b"enough")]


@given(
    st.lists(st.tuples(st.sampled_from(["text", "binary"]), st.text(st.characters(exclude_categories=["Cs"]), max_size=80)), max_size=4),
    st.integers(0, 7), st.integers(1, 9), PARAMETERS | st.just(Deflate(server_max_window_bits=8, client_max_window_bits=8)),
)  # fmt: skip
def test_both_sides_of_the_codec_understand_each_other(messages: list[tuple[str, str]], fragment: int, step: int, deflate: Deflate) -> None:
    client, server = WebSocket(deflate=deflate, max_size=1000), WebSocket(deflate=deflate, max_size=1000, server=True)
    for one, other in ((client, server), (server, client)):
        for kind, text in messages:
            if kind == "text":
                one.text(text, fragment=fragment)
            else:
                one.binary(text.encode(), fragment=fragment)
        assert plain(read(other, one.out(), step)) == [WsMessage(opcode=kind, data=text.encode()) for kind, text in messages]


def test_a_message_in_frames_of_a_size() -> None:
    codec = WebSocket(server=True)
    codec.text("hello", fragment=2)
    codec.binary(b"", fragment=2)
    assert codec.out() == frame(1, b"he", fin=False) + frame(0, b"ll", fin=False) + frame(0, b"o") + frame(2)


def test_a_message_tells_its_size_on_the_wire() -> None:
    sender, codec = WebSocket(deflate=Deflate(), server=True), WebSocket(deflate=Deflate())
    sender.text("A" * 1000)
    data = sender.out()
    assert codec.feed(data) == [WsMessage(opcode="text", data=b"A" * 1000, wire_size=len(data) - 2, deflated=True)]
    assert len(data) < 60


def test_a_text_without_utf8_is_the_users_mistake() -> None:
    codec = WebSocket()
    with pytest.raises(ExchangeError) as caught:
        codec.text("ab\ud800")
    assert (caught.value.kind, caught.value.message) == ("usage", "letter 3 of the text has no UTF-8")
    assert codec.out() == b""


def test_a_ping_too_long_for_a_frame() -> None:
    with pytest.raises(ExchangeError, match="a ping of 126 bytes, where 125 are allowed"):
        WebSocket().ping(bytes(126))


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4), st.integers(0, 9))
def test_a_mask_is_the_key_over_and_over(data: bytes, key: bytes, offset: int) -> None:
    assert mask(data, key, offset) == bytes(byte ^ key[(at + offset) % 4] for at, byte in enumerate(data))
    assert mask(mask(data, key, offset), key, offset) == data


def test_a_long_payload_under_a_mask() -> None:
    data = bytes(range(256)) * 1000
    codec = WebSocket(server=True, max_size=1 << 20)
    assert plain(read(codec, frame(2, data, key=b"abcd"), 70_001)) == [WsMessage(opcode="binary", data=data)]


def test_fragments_are_one_message_with_controls_between_them() -> None:
    data = frame(1, b"a\xc3", fin=False) + frame(9, b"?") + frame(0, b"\xa4", fin=False) + frame(0, b"b")
    assert read(WebSocket(), data, 1) == [
        Control(opcode="ping", data=b"?"),
        WsMessage(opcode="text", data="aäb".encode(), frames=3, wire_size=4),
    ]


def test_a_close_without_a_code() -> None:
    codec = WebSocket()
    assert codec.feed(frame(8)) == [Closed(code=1005, reason="")]
    codec.eof()
    assert codec.out()[:1] == b"\x88"


def test_an_end_without_a_close() -> None:
    codec = WebSocket()
    codec.feed(announced(1, 10) + b"half")
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
    assert codec.salvaged == [WsMessage(opcode="text", data=b"good", wire_size=4)]
    assert goodbye(codec) == (1002, "broken WebSocket frames: the opcode 3, which means nothing")
    with pytest.raises(ExchangeError, match="the opcode 3"):
        codec.feed(frame(1, b"more"))
    assert codec.salvaged == []


BROKEN = {
    "an unknown opcode": frame(3),
    "a reserved bit": frame(1, b"x", rsv=0x20),
    "compression that was not agreed on": frame(1, b"x", rsv=0x40),
    "a masked frame": b"\x81\x81\0\0\0\0x",
    "a continuation of nothing": frame(0, b"x"),
    "a message within a message": frame(1, b"x", fin=False) + frame(1, b"y"),
    "a fragmented ping": frame(9, b"x", fin=False),
    "a ping of 126 bytes": frame(9, bytes(126)),
    "a close of one byte": frame(8, b"\x03"),
    "a close with a code that nobody may say": frame(8, (1005).to_bytes(2, "big")),
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
    yield pytest.param(announced(2, 1 << 62), "larger than --max-size", id="a length of 4 EiB")
    yield pytest.param(announced(2, 1001), "larger than --max-size", id="one byte over the limit")
    yield pytest.param(frame(2, bytes(600), fin=False) + frame(0, bytes(600)), "larger than --max-size", id="over it in two frames")
    yield pytest.param(frame(2, deflated(bytes(10**7)), rsv=0x40), "larger than --max-size", id="a bomb")
    yield pytest.param(frame(1, fin=False) + frame(0, fin=False) * 70_000, "more than 65536 frames", id="empty frames for ever")
    yield pytest.param(frame(9) * 10_001, "more than 10000 pings and pongs", id="pings for ever")
    yield pytest.param(frame(10) * 10_001, "more than 10000 pings and pongs", id="pongs for ever")


@pytest.mark.parametrize(("data", "message"), list(floods()))
def test_every_flood_meets_a_limit(data: bytes, message: str) -> None:
    error = failure(data, max_size=1000, deflate=Deflate())
    assert (error.layer, error.kind) == ("protocol", "too_large")
    assert message in error.message


def test_a_close_within_a_message_is_answered_with_its_own_code() -> None:
    codec = WebSocket()
    assert codec.feed(frame(1, b"x", fin=False) + frame(8, (1001).to_bytes(2, "big") + b"bye") + frame(0, b"y")) == [
        Closed(code=1001, reason="bye")
    ]
    assert goodbye(codec) == (1001, "")
    assert codec.feed(frame(1, b"behind it")) == []


LENGTHS = {
    "125 in two bytes": b"\x82\x7e\0\x7d",
    "65535 in eight": b"\x82\x7f" + (65535).to_bytes(8, "big"),
    "the top bit": b"\x82\x7f\x80" + bytes(7),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_a_length_that_is_not_as_short_as_can_be(name: str) -> None:
    assert failure(LENGTHS[name], max_size=1 << 62).kind == "malformed"


def test_a_client_has_to_mask() -> None:
    codec = WebSocket(server=True)
    with pytest.raises(ExchangeError, match="a client's frame without a mask"):
        codec.feed(frame(1, b"x"))
    peer = WebSocket()
    assert peer.feed(codec.out()) == [Closed(code=1002, reason="broken WebSocket frames: a client's frame without a mask")]


def test_too_many_last_blocks() -> None:
    block = zlib.compressobj(wbits=-15)
    last = block.compress(b"a") + block.flush()
    assert plain(read(WebSocket(deflate=Deflate()), frame(2, last * 5 + b"\0", rsv=0x40), 1)) == [WsMessage(opcode="binary", data=b"a" * 5)]
    error = failure(frame(2, last * 101, rsv=0x40), deflate=Deflate())
    assert (error.kind, error.message) == ("malformed", "broken WebSocket frames: a deflated message has more than 100 last blocks")


@pytest.mark.parametrize("server", [False, True])
@given(st.binary(max_size=80), st.lists(st.integers(1, 40), max_size=20), st.booleans())
def test_frames_in_a_transcript_are_all_of_the_bytes(server: bool, data: bytes, sizes: list[int], deflated: bool) -> None:
    notes = FrameNotes(deflated=deflated)
    shown = b""
    for piece in split(data + frame(1, b"hello", key=b"abcd" if server else None), sizes):
        shown += b"".join(part for part, _ in notes.cut(piece))
    assert shown == data + frame(1, b"hello", key=b"abcd" if server else None)


def test_frames_in_a_transcript_are_named() -> None:
    data = frame(1, b"he", fin=False, rsv=0x40) + frame(9) + frame(0, bytes(126), key=b"abcd") + frame(3, b"x", rsv=0x70)
    assert [note for _, note in FrameNotes(deflated=True).cut(data)] == [
        "text, deflated, 2 bytes, more to come",
        "ping, 0 bytes",
        "continuation, 126 bytes",
        "opcode 3, deflated, RSV2, RSV3, 1 byte",
    ]
    assert FrameNotes().cut(data[:3]) == [(data[:3], "text, RSV1, 2 bytes, more to come")]
    notes = FrameNotes()
    assert [notes.cut(bytes([byte])) for byte in frame(2, b"ab")] == [
        [(b"\x82", "a part of a frame's head")],
        [(b"\x02", "binary, 2 bytes")],
        [(b"a", "binary, 2 bytes, continued")],
        [(b"b", "binary, 2 bytes, continued")],
    ]


@given(st.binary(max_size=60))
def test_whatever_comes_is_an_event_an_error_or_nothing_yet(data: bytes) -> None:
    kind = None
    try:
        found = read(WebSocket(max_size=100), data, 7)
    except ExchangeError as error:
        found, kind = [], error.kind
    assert kind in (None, "malformed", "too_large")
    assert all(isinstance(event, (WsMessage, Control, Closed)) for event in found)
