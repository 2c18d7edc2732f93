"""Many streams on a connection of HTTP/2: cancelling, windows of both sides, limits, goodbyes, and what goes out."""

from __future__ import annotations

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived
from hpack import Decoder
from peers.frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    RST_STREAM,
    SETTINGS,
    STATUS_200,
    WINDOW_UPDATE,
    asking,
    failures,
    frame,
    goaway,
    literal,
    parsed,
    refused_with,
    reset,
    sent,
    setting,
    window,
)

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h1 import Data, End, Head
from rrcli.codec.http.h2 import Http2Client

HEAD = Head(version="HTTP/2", code=200, reason="", fields=())
END = End(framing="end-stream", leftover=b"")


# --- cancelling


def test_what_still_comes_for_a_cancelled_stream_harms_nothing() -> None:
    client = asking(1, 3)
    client.take(frame(HEADERS, STATUS_200, END_HEADERS, 1) + frame(DATA, b"x" * 100, 0, 1))
    client.cancel(1)
    client.cancel(1)
    assert sent(client, RST_STREAM) == [(0, 1, b"\0\0\0\x08")]
    late = frame(DATA, b"x" * 100, END_STREAM, 1) + frame(HEADERS, literal("x-late", "1"), 5, 1) + window(5, 1) + reset(0, 1)
    assert client.take(late) == []
    client.forget(1)
    assert client.take(late) == []
    # what was put into the table on the way counts all the same: 62 is x-late
    head = HEAD.replace(fields=(("x-late", "1"),))
    assert client.take(frame(HEADERS, STATUS_200 + b"\xbe", 5, 3)) == [(3, head), (3, END)]


def test_the_room_of_content_nobody_wants_is_given_back_to_the_connection_alone() -> None:
    client = Http2Client(65_535)
    client.request("GET", "https", "a.test", "/", (), end=True)
    client.take(frame(SETTINGS) + frame(HEADERS, STATUS_200, END_HEADERS, 1))
    client.cancel()
    client.to_send()
    client.take(frame(DATA, bytes(16384), 0, 1) * 3)
    assert sent(client, WINDOW_UPDATE) == [(0, 0, (2 * 16384).to_bytes(4, "big"))]


def test_late_content_without_end_is_bounded() -> None:
    client = asking(1)
    client.cancel()
    found = client.take(frame(DATA, b"x", 0, 1) * (Http2Client.MAX_IDLE + 1))
    assert failures(found) == [(0, "protocol", "too_large")]


# --- windows


def test_our_windows_are_opened_in_few_frames_once_half_is_used() -> None:
    client = asking(1)
    client.take(frame(HEADERS, STATUS_200, END_HEADERS, 1))
    payload = frame(DATA, bytes(16384), 0, 1)
    for _ in range(512):
        client.take(payload)
    assert client.to_send() == b""
    client.take(payload)
    size = (513 * 16384).to_bytes(4, "big")
    assert sent(client, WINDOW_UPDATE) == [(0, 0, size), (0, 1, size)]


def test_padding_counts_against_the_windows() -> None:
    client = Http2Client(100)
    client.request("GET", "https", "a.test", "/", (), end=True)
    client.take(frame(SETTINGS) + frame(HEADERS, STATUS_200, END_HEADERS, 1))
    client.to_send()
    assert client.take(frame(DATA, b"\x3cab" + bytes(60), PADDED, 1)) == [(1, Data(data=b"ab"))]
    assert sent(client, WINDOW_UPDATE) == [(0, 0, b"\0\0\0\x3f"), (0, 1, b"\0\0\0\x3f")]


def test_a_setting_can_take_back_what_is_under_way() -> None:
    client = asking(1, end=False)
    assert client.send(b"x" * 60_000) == 0
    client.take(setting(4, 100))  # the window is 59,900 below zero
    assert client.send(b"yz", end=True) == 2
    client.to_send()
    client.take(window(59_900, 1))
    assert sent(client, DATA) == []
    client.take(window(1, 1))
    assert sent(client, DATA) == [(0, 1, b"y")]
    client.take(setting(4, 101))
    assert sent(client, DATA) == [(END_STREAM, 1, b"z")]


def test_the_connections_window_holds_all_streams_up() -> None:
    client = asking(1, 3, end=False)
    assert client.send(b"x" * 65_535, end=True, stream=1) == 0
    assert client.send(b"y" * 10, end=True, stream=3) == 10
    assert client.unsent == 10
    client.to_send()
    client.take(window(4))
    assert sent(client, DATA) == [(0, 3, b"yyyy")]
    client.take(window(100))
    assert sent(client, DATA) == [(END_STREAM, 3, b"y" * 6)]


@pytest.mark.parametrize(("size", "code"), [(0, 1), (0x7FFFFFFF, 3)])
def test_a_stream_s_window_that_cannot_be_ends_it_alone(size: int, code: int) -> None:
    client = asking(1, 3, end=False)
    assert failures(client.take(window(size, 1))) == [(1, "protocol", "malformed")]
    assert sent(client, RST_STREAM) == [(0, 1, code.to_bytes(4, "big"))]
    assert client.take(frame(HEADERS, STATUS_200, END_HEADERS, 3)) == [(3, HEAD)]


def test_a_setting_that_opens_a_stream_s_window_too_far_breaks_the_connection() -> None:
    client = asking(1, end=False)
    client.take(window(0x7FFFFFFF - 65_535, 1))
    assert failures(client.take(setting(4, 65_536))) == [(0, "protocol", "malformed")]
    assert refused_with(client) == 3


def test_frames_are_as_long_as_the_peer_takes_them() -> None:
    client = asking(1, end=False)
    client.send(b"x" * 20_000)
    client.take(setting(5, 32_768))
    client.send(b"y" * 20_000)
    assert [len(payload) for _, _, payload in sent(client, DATA)] == [16_384, 3_616, 20_000]


def test_content_goes_both_ways_at_once_and_each_side_ends_for_itself() -> None:
    client = asking(1, end=False, method="POST")
    client.send(b"a")
    found = client.take(frame(HEADERS, STATUS_200, END_HEADERS, 1) + frame(DATA, b"1", 0, 1))
    client.send(b"b")
    found += client.take(frame(DATA, b"2", END_STREAM, 1))
    assert found == [(1, HEAD), (1, Data(data=b"1")), (1, Data(data=b"2")), (1, END)]
    client.send(b"c", end=True)
    assert sent(client, DATA) == [(0, 1, b"a"), (0, 1, b"b"), (END_STREAM, 1, b"c")]
    assert not client.stopped


# --- limits


def test_no_more_streams_than_the_peer_allows() -> None:
    client = asking(1)
    client.take(setting(3, 1))
    assert not client.has_room
    with pytest.raises(ExchangeError, match="allows no further stream now"):
        client.request("GET", "https", "a.test", "/", (), end=True)
    client.take(frame(HEADERS, STATUS_200, END_HEADERS | END_STREAM, 1))
    assert client.has_room
    assert client.request("GET", "https", "a.test", "/", (), end=True) == 3


def test_a_stream_counts_until_both_sides_have_ended_it() -> None:
    client = asking(1, end=False)
    client.take(setting(3, 1) + frame(HEADERS, STATUS_200, END_HEADERS | END_STREAM, 1))
    assert not client.has_room
    client.send(b"", end=True)
    assert client.has_room


def test_numbers_of_streams_are_used_up_some_day() -> None:
    client = asking()
    client._next = 0x7FFFFFFF
    assert client.request("GET", "https", "a.test", "/", (), end=True) == 0x7FFFFFFF
    assert not client.has_room
    with pytest.raises(ExchangeError, match="all numbers of streams are used up") as caught:
        client.request("GET", "https", "a.test", "/", (), end=True)
    assert (caught.value.layer, caught.value.kind) == ("transport", "refused")
    assert client.take(frame(HEADERS, STATUS_200, 5, 0x7FFFFFFF))[0] == (0x7FFFFFFF, HEAD)


@pytest.mark.parametrize("piece", [b"", literal("a", "b" * 99) * 40])
def test_a_field_block_is_bounded_in_frames_and_bytes(piece: bytes) -> None:
    client = asking(1)
    client.take(frame(HEADERS, STATUS_200, 0, 1))
    found = client.take(frame(CONTINUATION, piece, 0, 1) * 150)
    assert failures(found) == [(0, "protocol", "too_large")]
    assert refused_with(client) == 11


def test_ten_thousand_exchanges_leave_nothing_behind() -> None:
    client = asking()
    answer = frame(HEADERS, STATUS_200, 5, 1)
    for number in range(1, 20_001, 2):
        client.request("GET", "https", "a.test", f"/{number}", (("x-number", str(number)),), end=True)
        assert client.take(answer[:5] + number.to_bytes(4, "big") + answer[9:])[1] == (number, END)
        client.forget(number)
        client.to_send()
    assert (client._streams, client._open, len(client._encoder._numbers) < 100) == ({}, 0, True)


# --- goodbyes


def test_a_goaway_is_kept_with_code_and_all_of_its_words() -> None:
    client = asking(1, 3, 5)
    words = b"too many requests; " * 20
    found = client.take(goaway(3, 11, words))
    assert failures(found) == [(5, "transport", "refused")]
    assert (client.goaway_code, client.goaway_debug) == (11, words)
    assert client.goaway == f"GOAWAY ENHANCE_YOUR_CALM (0xb) {words[:192].decode()!r}"
    found = client.take(frame(HEADERS, STATUS_200, 5, 3) + frame(HEADERS, STATUS_200, 5, 5) + goaway(1))
    assert found[:2] == [(3, HEAD), (3, END)]
    assert failures(found) == []
    assert client.goaway == "GOAWAY NO_ERROR (0x0)"


def test_we_say_goodbye_once() -> None:
    client = asking(1)
    client.close()
    client.close()
    assert sent(client, GOAWAY) == [(0, 0, bytes(8))]
    with pytest.raises(ExchangeError, match="the connection is over"):
        client.request("GET", "https", "a.test", "/", (), end=True)


# --- fields that go out


def test_a_long_list_of_fields_goes_out_in_several_frames() -> None:
    client = Http2Client()
    given = tuple((f"x-{number}", "\\" * 3000) for number in range(20))
    client.request("GET", "https", "a.test", "/", given, end=True)
    server = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    server.initiate_connection()
    data = client.to_send()
    assert [kind for kind, _, stream, _ in parsed(data[24:]) if stream] == [HEADERS, CONTINUATION, CONTINUATION, CONTINUATION]
    asked = next(event for event in server.receive_data(data) if isinstance(event, RequestReceived))
    assert tuple(tuple(field) for field in asked.headers[4:]) == given


def test_the_peers_table_is_kept_to() -> None:
    client = asking()
    client.take(setting(1, 0))
    decoder = Decoder()
    decoder.max_allowed_table_size = 0
    for _ in range(2):
        client.request("GET", "https", "a.test", "/", (("x", "y"),), end=True)
        _, _, block = sent(client, HEADERS)[0]
        assert dict(decoder.decode(block))["x"] == "y"


@pytest.mark.parametrize(("name", "value"), [("x", "a\nb"), ("x", "\ud800"), ("x\0", "a")])
def test_what_no_field_can_carry_is_refused_and_leaves_the_connection_as_it_was(name: str, value: str) -> None:
    client = asking()
    with pytest.raises(ExchangeError) as caught:
        client.request("GET", "https", "a.test", "/", ((name, value),), end=True)
    assert caught.value.kind == "usage"
    assert client.to_send() == b""
    assert client.request("GET", "https", "a.test", "/", (), end=True) == 1


def test_a_server_of_the_library_reads_hundreds_of_streams_at_once() -> None:
    client, server = Http2Client(), H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    server.initiate_connection()
    client.take(server.data_to_send())
    count = 100
    for number in range(count):
        client.request("POST", "https", "a.test", f"/{number}", (("x-n", str(number)),), end=False)
        client.send(b"%d" % number * 50, end=True, stream=2 * number + 1)
    heard: dict[int, bytes] = {}
    for event in server.receive_data(client.to_send()):
        if isinstance(event, DataReceived):
            heard[event.stream_id] = heard.get(event.stream_id, b"") + event.data
    assert heard == {2 * number + 1: b"%d" % number * 50 for number in range(count)}
    for stream in sorted(heard, reverse=True):
        server.send_headers(stream, [(":status", "200")])
        server.send_data(stream, heard[stream], end_stream=True)
    told = {stream: event.data for stream, event in client.take(server.data_to_send()) if isinstance(event, Data)}
    assert told == heard
