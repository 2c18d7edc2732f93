"""The HTTP/2 client against h2's server side: whole and byte by byte, within windows and beyond bounds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived
from h2.settings import SettingCodes

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h1 import Data, End, Event, Head, Trailers
from rrcli.codec.http.h2 import Http2Client, fields_of
from rrcli.codec.http.h2frames import FrameNotes
from rrcli.policy.secrets import mask_field

HEAD = Head(version="HTTP/2", code=200, reason="", fields=(("content-length", "5"),))


def frame(kind: int, payload: bytes, *, flags: int, stream: int) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Pair:
    """A client and a server, and the bytes between them."""

    def __init__(self) -> None:
        self.client = Http2Client()
        self.server = H2Connection(H2Configuration(client_side=False, validate_outbound_headers=False))
        self.server.initiate_connection()
        self.heard = b""

    def to_server(self) -> list[object]:
        events = self.server.receive_data(self.client.to_send())
        for event in events:
            if isinstance(event, DataReceived):
                self.heard += event.data
                self.server.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        return list(events)

    def to_client(self) -> list[Event]:
        return self.client.feed(self.server.data_to_send())


@pytest.fixture
def pair() -> Pair:
    return Pair()


def ask(pair: Pair, method: str = "GET") -> int:
    stream = pair.client.request(method, "https", "a.test", "/x", (("X-A", "b"),), end=True)
    pair.to_server()
    return stream


def answer(pair: Pair, *fields: tuple[str, str], body: bytes = b"", stream: int = 1) -> None:
    pair.server.send_headers(stream, [(":status", "200"), *fields])
    pair.server.send_data(stream, body, end_stream=True)


def test_a_request_carries_its_pseudo_fields_first_and_names_in_lower_case(pair: Pair) -> None:
    pair.client.request("GET", "https", "a.test:8", "/x?y", (("Host", "a"), ("X-A", "b"), ("TE", "gzip")), end=True)
    request = next(event for event in pair.to_server() if isinstance(event, RequestReceived))
    expected = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a.test:8"), (b":path", b"/x?y"), (b"x-a", b"b")]
    assert [tuple(field) for field in request.headers] == expected


def test_fields_about_the_connection_stay_behind() -> None:
    given = (("Connection", "close"), ("Upgrade", "h2c"), ("TE", "trailers"), ("Accept", "*/*"))
    assert fields_of(given) == (("te", "trailers"), ("accept", "*/*"))


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_an_answer_comes_whole_however_it_is_cut(pair: Pair, size: int) -> None:
    ask(pair)
    answer(pair, ("content-length", "5"), body=b"hello")
    data = pair.server.data_to_send()
    events = [event for at in range(0, len(data), size) for event in pair.client.feed(data[at : at + size])]
    assert events == [HEAD, Data(data=b"hello"), End(framing="end-stream", leftover=b"")]


def test_trailers_come_before_the_end(pair: Pair) -> None:
    ask(pair)
    pair.server.send_headers(1, [(":status", "200"), ("content-length", "5")])
    pair.server.send_data(1, b"hello")
    pair.server.send_headers(1, [("x-t", "v")], end_stream=True)
    expected = [HEAD, Data(data=b"hello"), Trailers(fields=(("x-t", "v"),)), End(framing="end-stream", leftover=b"")]
    assert pair.to_client() == expected


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200"), ("GET", "304"), ("GET", "204")])
def test_no_content_can_be_despite_a_length(pair: Pair, method: str, status: str) -> None:
    ask(pair, method)
    pair.server.send_headers(1, [(":status", status), ("content-length", "5")], end_stream=True)
    events = pair.to_client()
    assert events[1:] == [End(framing="none", leftover=b"")]


def test_content_waits_for_the_window_and_then_goes_on(pair: Pair) -> None:
    pair.client.request("POST", "https", "a.test", "/", (), end=False)
    assert pair.client.send(b"x" * 200_000, end=True) == 200_000 - 65_535
    while pair.client.unsent:
        pair.to_server()
        pair.to_client()
    pair.to_server()
    assert pair.heard == b"x" * 200_000


def test_a_window_opened_by_settings_counts(pair: Pair) -> None:
    pair.client.request("POST", "https", "a.test", "/", (), end=False)
    pair.to_server()
    pair.to_client()
    pair.server.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1})
    pair.to_client()
    assert pair.client.send(b"abc", end=True) == 2
    pair.server.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 100})
    pair.to_client()
    assert pair.client.unsent == 0


def test_two_requests_are_told_apart(pair: Pair) -> None:
    first, second = ask(pair), ask(pair)
    answer(pair, body=b"two", stream=second)
    answer(pair, body=b"one", stream=first)
    told = [(stream, event.data) for stream, event in pair.client.take(pair.server.data_to_send()) if isinstance(event, Data)]
    assert told == [(3, b"two"), (1, b"one")]


def test_after_a_goaway_no_request_is_taken_but_the_answer_is_read(pair: Pair) -> None:
    ask(pair)
    goaway = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + b"\x00\x00\x00\x01" + b"\x00\x00\x00\x00"
    assert pair.client.feed(pair.server.data_to_send() + goaway) == []
    answer(pair, ("content-length", "5"), body=b"hello")
    assert pair.to_client()[0] == HEAD
    with pytest.raises(ExchangeError, match="takes no more requests on this connection: GOAWAY NO_ERROR"):
        pair.client.request("GET", "https", "a.test", "/", (), end=True)


def _settings_flood(_: Pair) -> bytes:
    return b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * (Http2Client.MAX_IDLE + 1)


def _ping_flood(_: Pair) -> bytes:
    return (b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + b"p" * 8) * (Http2Client.MAX_IDLE + 1)


def _empty_flood(pair: Pair) -> bytes:
    pair.server.send_headers(1, [(":status", "200")])
    return pair.server.data_to_send() + b"\x00\x00\x00\x00\x00\x00\x00\x00\x01" * (Http2Client.MAX_IDLE + 1)


def _huge_frame(_: Pair) -> bytes:
    return b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"


def _huge_fields(pair: Pair) -> bytes:
    pair.server.send_headers(1, [(":status", "200"), *((f"x-{number}", "v" * 4000) for number in range(100))])
    return pair.server.data_to_send()


@pytest.mark.parametrize("flood", [_settings_flood, _ping_flood, _empty_flood, _huge_frame, _huge_fields])
def test_what_is_unsound_is_too_large(pair: Pair, flood: Callable[[Pair], bytes]) -> None:
    ask(pair)
    pair.to_client()
    with pytest.raises(ExchangeError) as caught:
        pair.client.feed(flood(pair))
    assert (caught.value.layer, caught.value.kind) == ("protocol", "too_large")


@pytest.mark.parametrize(
    ("fields", "body", "kind"),
    [
        ([(":status", "200"), ("content-length", "9")], b"hello", "truncated"),
        ([(":status", "200"), ("content-length", "2")], b"hello", "malformed"),
        ([(":status", "200"), ("content-length", "x")], b"hello", "malformed"),
        ([(":status", "200"), ("content-length", "5"), ("content-length", "6")], b"hello", "malformed"),
        ([(":status", "2x0")], b"hello", "malformed"),
    ],
)
def test_a_length_or_status_that_is_wrong(pair: Pair, fields: list[tuple[str, str]], body: bytes, kind: str) -> None:
    ask(pair)
    pair.server.send_headers(1, fields)
    pair.server.send_data(1, body, end_stream=True)
    with pytest.raises(ExchangeError) as caught:
        pair.to_client()
    assert caught.value.kind == kind


def test_what_came_before_an_error_is_kept(pair: Pair) -> None:
    ask(pair)
    pair.server.send_headers(1, [(":status", "200"), ("content-length", "5")])
    pair.server.send_data(1, b"hel")
    with pytest.raises(ExchangeError):
        pair.client.feed(pair.server.data_to_send() + b"\x00\x00\x00\x08\x00\x00\x00\x00\x01")  # a WINDOW_UPDATE without its 4 bytes
    assert pair.client.salvaged == [HEAD, Data(data=b"hel")]


def test_the_end_before_an_answer(pair: Pair) -> None:
    ask(pair)
    with pytest.raises(ExchangeError, match="the peer closed without an answer"):
        pair.client.eof()
    pair.to_client()
    with pytest.raises(ExchangeError, match="the peer closed before its answer"):
        pair.client.eof()


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_notes_follow_the_frames_however_they_are_cut(pair: Pair, size: int) -> None:
    pair.client.request("GET", "https", "a.test", "/", (("cookie", "sid=abcdef"),), end=True)
    data = pair.client.to_send()
    notes = FrameNotes(mask_field, preface=True)
    pieces = [piece for at in range(0, len(data), size) for piece in notes.cut(data[at : at + size])]
    shown = b"".join(piece for piece, _ in pieces)
    block = data.rindex(b"\x01\x05\x00\x00\x00\x01") + 6
    assert shown == data[:block] + b"*" * (len(data) - block)
    assert pieces[-1][1].endswith(": :method: GET; :scheme: https; :authority: a.test; :path: /; cookie: sid=‹secret›")


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_comes_after_the_end_harms_nothing(pair: Pair, size: int) -> None:
    ask(pair)
    answer(pair, ("content-length", "5"), body=b"hello")
    data = pair.server.data_to_send() + frame(1, b"\x88", flags=5, stream=1)
    events = [event for at in range(0, len(data), size) for event in pair.client.feed(data[at : at + size])]
    assert events == [HEAD, Data(data=b"hello"), End(framing="end-stream", leftover=b"")]
    assert [note.code for note in pair.client.notes] == ["bytes-after-end"]
    assert "not open" in pair.client.notes[0].message


def test_an_answer_of_its_length_needs_no_end(pair: Pair) -> None:
    ask(pair)
    pair.server.send_headers(1, [(":status", "200"), ("content-length", "5")])
    pair.server.send_data(1, b"hello")
    assert pair.to_client() == [HEAD, Data(data=b"hello")]
    assert pair.client.eof() == [End(framing="end-stream", leftover=b"")]
    assert [note.code for note in pair.client.notes] == ["no-end-stream"]


def test_notes_are_those_of_each_request(pair: Pair) -> None:
    ask(pair)
    pair.server.config.normalize_outbound_headers = False
    answer(pair, ("x", " y "), ("z", "\tz"))
    assert pair.to_client()[0] == Head(version="HTTP/2", code=200, reason="", fields=(("x", "y"), ("z", "z")))
    first = pair.client.notes
    ask(pair)
    answer(pair, stream=3)
    pair.to_client()
    assert ([note.code for note in first], pair.client.notes) == (["space-around-value"], [])
