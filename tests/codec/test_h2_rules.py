"""The rules of HTTP/2, frame by frame: what breaks a connection, what says nothing, what ends one stream alone."""

from __future__ import annotations

import pytest
from peers.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    STATUS_200,
    WINDOW_UPDATE,
    asking,
    failures,
    fields,
    frame,
    parsed,
    refused_with,
    reset,
    sent,
    setting,
    window,
)

from rrcli.codec.http.h1 import Data, End, Head, Informational

HEAD = Head(version="HTTP/2", code=200, reason="", fields=())
END = End(framing="end-stream", leftover=b"")
NAMES = {0: "NO_ERROR", 1: "PROTOCOL_ERROR", 3: "FLOW_CONTROL_ERROR", 5: "STREAM_CLOSED", 6: "FRAME_SIZE_ERROR", 9: "COMPRESSION_ERROR"}


# --- what breaks a connection, and what the peer is told


BROKEN: dict[str, tuple[bytes, str]] = {
    "PING of 7 bytes": (frame(PING, bytes(7)), "FRAME_SIZE_ERROR"),
    "PING of a stream": (frame(PING, bytes(8), stream=1), "PROTOCOL_ERROR"),
    "SETTINGS of 5 bytes": (frame(SETTINGS, bytes(5)), "FRAME_SIZE_ERROR"),
    "SETTINGS of a stream": (frame(SETTINGS, stream=1), "PROTOCOL_ERROR"),
    "SETTINGS that acknowledge and set": (frame(SETTINGS, bytes(6), ACK), "FRAME_SIZE_ERROR"),
    "ENABLE_PUSH": (setting(2, 1), "PROTOCOL_ERROR"),
    "INITIAL_WINDOW_SIZE of 2^31": (setting(4, 1 << 31), "FLOW_CONTROL_ERROR"),
    "MAX_FRAME_SIZE too small": (setting(5, 16383), "PROTOCOL_ERROR"),
    "MAX_FRAME_SIZE too large": (setting(5, 1 << 24), "PROTOCOL_ERROR"),
    "ENABLE_CONNECT_PROTOCOL of 2": (setting(8, 2), "PROTOCOL_ERROR"),
    "PRIORITY of 4 bytes": (frame(PRIORITY, bytes(4), stream=1), "FRAME_SIZE_ERROR"),
    "PRIORITY of no stream": (frame(PRIORITY, bytes(5)), "PROTOCOL_ERROR"),
    "RST_STREAM of 3 bytes": (frame(RST_STREAM, bytes(3), stream=1), "FRAME_SIZE_ERROR"),
    "RST_STREAM of no stream": (frame(RST_STREAM, bytes(4)), "PROTOCOL_ERROR"),
    "WINDOW_UPDATE of 3 bytes": (frame(WINDOW_UPDATE, bytes(3)), "FRAME_SIZE_ERROR"),
    "WINDOW_UPDATE by nothing": (window(0), "PROTOCOL_ERROR"),
    "WINDOW_UPDATE of a stream that never was": (window(1, 9), "PROTOCOL_ERROR"),
    "windows beyond the most": (window(0x7FFFFFFF), "FLOW_CONTROL_ERROR"),
    "PUSH_PROMISE": (frame(PUSH_PROMISE, b"\0\0\0\2\x82", END_HEADERS, 1), "PROTOCOL_ERROR"),
    "GOAWAY of 7 bytes": (frame(GOAWAY, bytes(7)), "FRAME_SIZE_ERROR"),
    "GOAWAY of a stream": (frame(GOAWAY, bytes(8), stream=1), "PROTOCOL_ERROR"),
    "DATA of no stream": (frame(DATA, b"x"), "PROTOCOL_ERROR"),
    "DATA of a stream that never was": (frame(DATA, b"x", stream=3), "PROTOCOL_ERROR"),
    "DATA of a stream of the server's": (frame(DATA, b"x", stream=2), "PROTOCOL_ERROR"),
    "DATA with too much padding": (frame(DATA, b"\5abcd", PADDED, 1), "PROTOCOL_ERROR"),
    "DATA that pads without a length": (frame(DATA, b"", PADDED, 1), "PROTOCOL_ERROR"),
    "HEADERS of no stream": (frame(HEADERS, STATUS_200, END_HEADERS), "PROTOCOL_ERROR"),
    "HEADERS of a stream that never was": (frame(HEADERS, STATUS_200, END_HEADERS, 3), "PROTOCOL_ERROR"),
    "HEADERS with too much padding": (frame(HEADERS, b"\2\x88", END_HEADERS | PADDED, 1), "PROTOCOL_ERROR"),
    "HEADERS with half a priority": (frame(HEADERS, b"\0\0\0", END_HEADERS | 0x20, 1), "FRAME_SIZE_ERROR"),
    "HEADERS after the end": (frame(HEADERS, STATUS_200, END_HEADERS | END_STREAM, 1) * 2, "STREAM_CLOSED"),
    "CONTINUATION alone": (frame(CONTINUATION, b"", END_HEADERS, 1), "PROTOCOL_ERROR"),
    "CONTINUATION of another stream": (frame(HEADERS, STATUS_200, 0, 1) + frame(CONTINUATION, b"", 4, 3), "PROTOCOL_ERROR"),
    "a frame between": (frame(HEADERS, STATUS_200, 0, 1) + frame(0xBA), "PROTOCOL_ERROR"),
    "a field block that is none": (frame(HEADERS, b"\xff" * 9, END_HEADERS, 1), "COMPRESSION_ERROR"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_connection_is_told_to_the_peer(name: str) -> None:
    data, code = BROKEN[name]
    client = asking(1)
    assert failures(client.take(data))[-1] == (0, "protocol", "malformed")
    assert NAMES[refused_with(client) or 0] == code
    assert client.take(frame(PING, bytes(8))) == []
    assert client.to_send() == b""


def test_a_frame_longer_than_we_take_is_too_large() -> None:
    client = asking(1)
    assert failures(client.take(frame(DATA, bytes(16_385), stream=1)[:9])) == [(0, "protocol", "too_large")]
    assert refused_with(client) == 6


IGNORED: dict[str, bytes] = {
    "an unknown frame": frame(0xBA, b"x" * 100, 0xFF, 7),
    "an unknown setting": setting(0x1234, 5),
    "an acknowledged PING": frame(PING, bytes(8), ACK),
    "an acknowledgement of our settings": frame(SETTINGS, b"", ACK),
    "a reset of a stream that never was": reset(2, 9),
    "a priority of a stream that never was": frame(PRIORITY, b"\0\0\0\1\x10", stream=99),
    "flags that nobody knows": frame(PING, bytes(8), 0xFE | ACK),
    "the reserved bit": (8).to_bytes(3, "big") + bytes([PING, ACK]) + b"\x80\0\0\0" + bytes(8),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_says_nothing_is_ignored(name: str) -> None:
    client = asking(1)
    found = client.take(IGNORED[name] + frame(HEADERS, STATUS_200, END_HEADERS | END_STREAM, 1))
    assert found == [(1, HEAD), (1, END)]


def test_pings_and_settings_are_answered() -> None:
    client = asking(1)
    client.take(frame(PING, b"12345678") + setting(3, 100))
    assert parsed(client.to_send()) == [(PING, ACK, 0, b"12345678"), (SETTINGS, ACK, 0, b"")]


# --- what ends one stream alone


REJECTED: dict[str, bytes] = {
    "a name in upper case": fields(("X", "y")),
    "a name of nothing": fields(("", "y")),
    "a name with a space": fields(("x y", "z")),
    "a name with a colon": fields(("x:y", "z")),
    "a name beyond ASCII": fields(("é", "z")),
    "a line end in a value": fields(("x", "a\r\nb: c")),
    "NUL in a value": fields(("x", "a\0b")),
    "connection": fields(("connection", "close")),
    "keep-alive": fields(("keep-alive", "1")),
    "proxy-connection": fields(("proxy-connection", "close")),
    "transfer-encoding": fields(("transfer-encoding", "chunked")),
    "upgrade": fields(("upgrade", "h3")),
    "te: gzip": fields(("te", "gzip")),
    "a second status": fields((":status", "200")),
    "a pseudo-field of requests": fields((":path", "/")),
    "a late pseudo-field": fields(("x", "y"), (":status", "200")),
    "content-length of nonsense": fields(("content-length", "+5")),
}


@pytest.mark.parametrize("name", REJECTED)
def test_an_answer_that_is_none_ends_its_stream_and_no_other(name: str) -> None:
    client = asking(1, 3)
    found = client.take(frame(HEADERS, STATUS_200 + REJECTED[name], END_HEADERS, 1) + frame(HEADERS, STATUS_200, 5, 3))
    assert failures(found) == [(1, "protocol", "malformed")]
    assert found[1:] == [(3, HEAD), (3, END)]
    assert sent(client, RST_STREAM) == [(0, 1, b"\0\0\0\1")]


@pytest.mark.parametrize("status", ["101", "20", "2000", "x00", "²00", "200 ", ""])
def test_a_status_that_is_none_is_malformed(status: str) -> None:
    assert failures(asking(1).take(frame(HEADERS, fields((":status", status)), END_HEADERS, 1))) == [(1, "protocol", "malformed")]


@pytest.mark.parametrize(("more", "flags"), [(STATUS_200, END_STREAM), (fields(("x", "y")), 0), (STATUS_200, 0)])
def test_fields_after_the_head_are_trailers_at_the_end_or_malformed(more: bytes, flags: int) -> None:
    found = asking(1).take(frame(HEADERS, STATUS_200, END_HEADERS, 1) + frame(HEADERS, more, END_HEADERS | flags, 1))
    assert failures(found) == [(1, "protocol", "malformed")]


def test_content_before_the_head_is_malformed() -> None:
    client = asking(1, 3)
    assert failures(client.take(frame(DATA, b"x", END_STREAM, 1))) == [(1, "protocol", "malformed")]
    assert client.take(frame(HEADERS, STATUS_200, 5, 3)) == [(3, HEAD), (3, END)]


def test_more_content_than_promised_ends_its_stream_alone() -> None:
    client = asking(1, 3)
    head = frame(HEADERS, STATUS_200 + fields(("content-length", "2")), END_HEADERS, 1)
    found = client.take(head + frame(DATA, b"ab", 0, 1) + frame(DATA, b"c", 0, 1) + frame(DATA, b"d", 0, 1))
    assert failures(found) == [(1, "protocol", "malformed")]
    assert found[1] == (1, Data(data=b"ab"))
    assert client.take(frame(HEADERS, STATUS_200, 5, 3)) == [(3, HEAD), (3, END)]


def test_informational_answers_are_bounded() -> None:
    client = asking(1)
    found = client.take(frame(HEADERS, fields((":status", "103")), END_HEADERS, 1) * 101)
    assert found[99] == (1, Informational(version="HTTP/2", code=103, reason="", fields=()))
    assert failures(found) == [(1, "protocol", "too_large")]
    assert sent(client, RST_STREAM) == [(0, 1, b"\0\0\0\x0b")]


def test_the_code_of_a_reset_is_kept_as_a_number() -> None:
    client = asking(1, 3)
    found = client.take(reset(8, 1) + reset(0xFACE, 3))
    assert [str(event) for _, event in found] == [
        "the server reset the stream before its answer: RST_STREAM CANCEL (0x8)",
        "the server reset the stream before its answer: RST_STREAM unknown error (0xface)",
    ]
    assert (client.reset_code(1), client.reset_code(3)) == (8, 0xFACE)


def test_resets_of_every_stream_leave_room_for_others() -> None:
    client = asking(1)
    client.take(setting(3, 1))
    for number in range(1, 2001, 2):
        assert failures(client.take(reset(7, number))) == [(number, "transport", "refused")]
        client.forget(number)
        assert client.request("GET", "https", "a.test", "/", (), end=True) == number + 2
    assert len(client._streams) == 1
