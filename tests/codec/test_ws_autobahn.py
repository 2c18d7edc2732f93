"""Autobahn's cases for a WebSocket client, as tables: its groups 1 to 7, 9, 10, 12 and 13, what comes in and what has to go out.

The suite itself runs under Python 2 only; where its `wstest` is installed, the codec meets it too (`test_ws_peers.py`).
"""

from __future__ import annotations

import contextlib

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.codec.ws import Closed, WebSocket, WsMessage
from rrcli.codec.wsdeflate import Deflate
from rrcli.codec.wsframes import frame

NOTHING = -1  # no close frame has gone out
EMPTY = 1005  # one without a code has
SIZES = (0, 125, 126, 127, 128, 65535, 65536)
STEPS = (1 << 24, 997, 1)  # how the bytes come


def play(data: bytes, step: int = 1 << 24, **options: object) -> tuple[list[tuple[str, bytes]], int]:
    """An echoing client: what the server hears from it, and the code it closed with."""
    codec, server = WebSocket(max_size=1 << 24, **options), WebSocket(server=True, max_size=1 << 24, **options)  # type: ignore[arg-type]
    heard: list[tuple[str, bytes]] = []
    for at in range(0, len(data), step):
        with contextlib.suppress(ExchangeError):
            for event in codec.events(data[at : at + step]):
                if isinstance(event, WsMessage):
                    codec.text(event.data.decode()) if event.opcode == "text" else codec.binary(event.data)
        for event in server.feed(codec.out()):
            if not isinstance(event, Closed):
                heard.append((event.opcode, event.data))
        if server.closed:
            break
    return heard, server.closed.code if server.closed else NOTHING


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(8, code.to_bytes(2, "big") + reason)


# --- 1: messages of every size


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_1_a_message_comes_back(size: int, opcode: int, step: int) -> None:
    echoed = [("text" if opcode == 1 else "binary", b"*" * size)]
    assert play(frame(opcode, b"*" * size), step) == (echoed, NOTHING)
    assert play(frame(opcode, b"*" * size) + closing(1000), step) == (echoed, 1000)


# --- 2: pings and pongs

PINGS = {
    "2.1": (frame(9), [("pong", b"")], NOTHING),
    "2.2": (frame(9, b"Hello, world!"), [("pong", b"Hello, world!")], NOTHING),
    "2.3": (frame(9, b"\0\xff\xfe\xfd\xfc\xfb\0\xff"), [("pong", b"\0\xff\xfe\xfd\xfc\xfb\0\xff")], NOTHING),
    "2.4": (frame(9, b"\xfe" * 125), [("pong", b"\xfe" * 125)], NOTHING),
    "2.5": (frame(9, b"\xfe" * 126), [], 1002),
    "2.7": (frame(10), [], NOTHING),
    "2.8": (frame(10, b"unsolicited pong payload"), [], NOTHING),
    "2.9": (frame(10, b"unsolicited") + frame(9, b"ping payload"), [("pong", b"ping payload")], NOTHING),
    "2.10": (b"".join(frame(9, b"payload-%d" % n) for n in range(10)), [("pong", b"payload-%d" % n) for n in range(10)], NOTHING),
}

# --- 3 and 4: reserved bits and opcodes

RESERVED = {
    **{f"3, bits {rsv}": (frame(1, b"Hello", rsv=rsv << 4), [], 1002) for rsv in range(1, 8)},
    **{f"3, a control's bits {rsv}": (frame(9, b"Hello", rsv=rsv << 4), [], 1002) for rsv in range(1, 8)},
    "3.2": (frame(1, b"Hello") + frame(1, b"Hello", rsv=0x20) + frame(9), [("text", b"Hello")], 1002),
    **{f"4, opcode {opcode}": (frame(opcode), [], 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"4, opcode {opcode} with a payload": (frame(opcode, b"x"), [], 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
}

# --- 5: fragments

ONE, TWO = frame(1, b"fragment1", fin=False), frame(0, b"fragment2")
BOTH = [("text", b"fragment1fragment2")]
FRAGMENTS = {
    "5.1": (frame(9, b"fragment1", fin=False) + TWO, [], 1002),
    "5.2": (frame(10, b"fragment1", fin=False) + TWO, [], 1002),
    "5.3": (ONE + TWO, BOTH, NOTHING),
    "5.6": (ONE + frame(9, b"ping") + TWO, [("pong", b"ping"), *BOTH], NOTHING),
    "5.9": (frame(0, b"non-continuation") + frame(1, b"Hello"), [], 1002),
    "5.12": (frame(0, b"non-continuation", fin=False) + frame(1, b"Hello"), [], 1002),
    "5.15": (ONE + TWO + frame(0, b"fragment3", fin=False) + frame(1, b"fragment4"), BOTH, 1002),
    "5.16": (frame(0, b"fragment1", fin=False) + ONE + TWO, [], 1002),
    "5.18": (ONE + frame(1, b"fragment2"), [], 1002),
    "5.19": (
        ONE + frame(0, b"fragment2", fin=False) + frame(9, b"1") + frame(0, b"3", fin=False) + frame(0, b"4", fin=False)
        + frame(9, b"2") + frame(0, b"5"),
        [("pong", b"1"), ("pong", b"2"), ("text", b"fragment1fragment2345")],
        NOTHING,
    ),
}  # fmt: skip

# --- 6: UTF-8

KOSME = "κόσμε".encode()
GOOD = [
    "Hello-µ@ßöäüàá-UTF-8!!".encode(), KOSME, b"\0", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80",
    b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf", b"\xef\xbf\xbe",
    b"\xf0\x9f\xbf\xbe", b"\xf4\x8f\xbf\xbe",
]  # fmt: skip
BAD = [
    KOSME[:-1], KOSME + b"\xed\xa0\x80edited", KOSME + b"\xf4\x90\x80\x80edited", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf", b"\xf4\x90\x80\x80", b"\x80", b"\xbf", b"\x80\xbf",
    b"\x80\xbf\x80\xbf\x80\xbf", bytes(range(0x80, 0xC0)), b" ".join(bytes([n]) for n in range(0xC0, 0xE0)),
    b" ".join(bytes([n]) for n in range(0xE0, 0xF0)), b" ".join(bytes([n]) for n in range(0xF0, 0xF8)), b"\xc0", b"\xe0\x80",
    b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80", b"\xdf", b"\xef\xbf",
    b"\xf7\xbf\xbf", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xc0\xaf",
    b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf", b"\xc1\xbf", b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80",
    b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbe\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xaf\xbf\xed\xbf\xbf",
]  # fmt: skip
TEXTS = {
    "6.1.1": (frame(1), [("text", b"")], NOTHING),
    "6.1.2": (frame(1, fin=False) + frame(0, fin=False) + frame(0), [("text", b"")], NOTHING),
    "6.1.3": (frame(1, fin=False) + frame(0, b"middle", fin=False) + frame(0), [("text", b"middle")], NOTHING),
    # The rest never comes: what shows that it is no UTF-8 is enough.
    "6.4.1": (frame(1, KOSME, fin=False) + frame(0, b"\xf4\x90\x80\x80", fin=False), [], 1007),
    "6.4.2": (frame(1, KOSME + b"\xf4", fin=False) + frame(0, b"\x90", fin=False), [], 1007),
    "6.4.3": (frame(1, KOSME + b"\xf4\x90\x80\x80edited")[:-8], [], 1007),
    "6.4.4": (frame(1, KOSME + b"\xf4\x90\x80\x80edited")[:-8], [], 1007),
    "6.4, half a surrogate": (frame(1, b"\xed\xa0\x80edited")[:5], [], 1007),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("text", GOOD, ids=repr)
def test_6_letters_of_utf8_wherever_they_are_cut(text: bytes, step: int) -> None:
    assert play(frame(1, text), step) == ([("text", text)], NOTHING)
    parts = [frame(0 if at else 1, text[at : at + 1], fin=at == len(text) - 1) for at in range(len(text))]
    assert play(b"".join(parts), step) == ([("text", text)], NOTHING)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("text", BAD, ids=repr)
def test_6_what_is_no_utf8_ends_the_connection(text: bytes, step: int) -> None:
    assert play(frame(1, text), step) == ([], 1007)
    parts = [frame(0 if at else 1, text[at : at + 1], fin=at == len(text) - 1) for at in range(len(text))]
    assert play(b"".join(parts), step) == ([], 1007)


# --- 7: closing

CLOSES = {
    "7.1.3": (closing(1000) + frame(9), [], 1000),
    "7.1.4": (closing(1000) + frame(1, b"behind"), [], 1000),
    "7.1.5": (ONE + closing(1000) + TWO, [], 1000),
    "7.3.1": (frame(8), [], EMPTY),
    "7.3.2": (frame(8, b"a"), [], 1002),
    "7.3.3": (closing(1000), [], 1000),
    "7.3.4": (closing(1000, b"Hello World!"), [], 1000),
    "7.3.5": (closing(1000, b"*" * 123), [], 1000),
    "7.3.6": (closing(1000, b"*" * 124), [], 1002),
    "7.5.1": (closing(1000, KOSME + b"\xed\xa0\x80edited"), [], 1007),
    **{f"7.7, {code}": (closing(code), [], code) for code in (*range(1000, 1004), *range(1007, 1012), 3000, 3999, 4000, 4999)},
    **{f"7.9, {code}": (closing(code), [], 1002) for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)},
    **{f"7.13, {code}": (closing(code), [], 1002) for code in (5000, 65535)},
}
CASES = {**PINGS, **RESERVED, **FRAGMENTS, **TEXTS, **CLOSES}


@pytest.mark.parametrize("step", [1 << 24, 1])
@pytest.mark.parametrize("name", CASES)
def test_what_goes_out(name: str, step: int) -> None:
    data, heard, code = CASES[name]
    assert play(data, step) == (heard, code)


# --- 9 and 10: large messages, in fragments, in small pieces


@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize(("fragment", "step"), [(1 << 22, 1 << 24), (64, 1 << 24), (4096, 1 << 16), (1 << 22, 1024), (1 << 18, 1300)])
def test_9_a_large_message(opcode: int, fragment: int, step: int) -> None:
    server = WebSocket(server=True)
    data = b"0123456789abcdef" * (1 << 16)
    server.text(data.decode(), fragment=fragment) if opcode == 1 else server.binary(data, fragment=fragment)
    heard, code = play(server.out(), step)
    assert (heard == [("text" if opcode == 1 else "binary", data)], code) == (True, NOTHING)


# --- 12 and 13: deflated


@pytest.mark.parametrize("size", [16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072])
@pytest.mark.parametrize(
    "deflate",
    [
        Deflate(),
        Deflate(server_no_context_takeover=True),
        Deflate(server_no_context_takeover=True, client_no_context_takeover=True),
        Deflate(server_max_window_bits=9, client_max_window_bits=9),
        Deflate(server_max_window_bits=15, client_max_window_bits=8),
        Deflate(server_no_context_takeover=True, server_max_window_bits=9, client_no_context_takeover=True, client_max_window_bits=9),
    ],
    ids=Deflate.text,
)
def test_12_and_13_deflated_messages_come_back(size: int, deflate: Deflate) -> None:
    server = WebSocket(server=True, deflate=deflate)
    text = (f"{{'a': {size}, 'ключ': 'κόσμε'}}" * (size // 16))[:size]
    for _ in range(5):
        server.text(text)
        server.binary(text.encode(), fragment=100)
    heard, code = play(server.out(), 997, deflate=deflate)
    assert (heard == [("text", text.encode()), ("binary", text.encode())] * 5, code) == (True, NOTHING)
