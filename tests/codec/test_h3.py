"""HTTP/3 on a stream: whole, byte by byte, and broken in each way that the codec names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("pylsqpack")

import pylsqpack

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h1 import Data, End, Head, Informational, Trailers
from rrcli.codec.http.h3 import Http3Client
from rrcli.codec.http.h3frames import StreamNotes, error_name, frame, read_pairs, read_varint, varint
from rrcli.policy.secrets import mask_field

SAMPLES = [  # RFC 9000 appendix A.1
    (151288809941952652, "c2197c5eff14e88c"),
    (494878333, "9d7f3e7d"),
    (15293, "7bbd"),
    (37, "25"),
]


def block(*fields: tuple[str, str]) -> bytes:
    encoded: bytes = pylsqpack.Encoder().encode(0, [(name.encode(), value.encode()) for name, value in fields])[1]
    return encoded


def head(status: str, *fields: tuple[str, str]) -> bytes:
    return frame(1, block((":status", status), *fields))


@pytest.fixture
def client() -> Http3Client:
    client = Http3Client()
    client.request("GET", "https", "example.test", "/", (("Accept", "*/*"),))
    return client


def failure(client: Http3Client, data: bytes) -> tuple[str, str, str]:
    """What is wrong with a stream that has just this."""
    with pytest.raises(ExchangeError) as raised:
        client.feed(data) + client.eof()
    return raised.value.layer, raised.value.kind, raised.value.message


@pytest.mark.parametrize(("number", "written"), SAMPLES)
def test_numbers(number: int, written: str) -> None:
    data = bytes.fromhex(written)
    assert varint(number) == data
    assert read_varint(b"\0" + data + b"\0", 1) == (number, 1 + len(data))
    assert all(read_varint(data[:size]) is None for size in range(len(data)))


@pytest.mark.parametrize("number", [0, 63, 64, 16383, 16384, (1 << 30) - 1, 1 << 30, (1 << 62) - 1])
def test_numbers_at_the_edges(number: int) -> None:
    assert read_varint(varint(number)) == (number, len(varint(number)))


def test_a_number_may_be_longer_than_it_needs() -> None:
    assert read_varint(bytes.fromhex("4025")) == (37, 2)


def test_settings_in_pairs() -> None:
    assert read_pairs(bytes.fromhex("0680040000" + "0100")) == [(6, 262144), (1, 0)]
    assert read_pairs(b"\x06\x80") is None
    assert read_pairs(b"\x06") is None


def test_errors_have_names() -> None:
    assert [error_name(code) for code in (0x100, 0x10B, 0x110, 0x202, 0x99)] == [
        "H3_NO_ERROR (0x100)", "H3_REQUEST_REJECTED (0x10b)", "H3_VERSION_FALLBACK (0x110)", "QPACK_DECODER_STREAM_ERROR (0x202)",
        "unknown error (0x99)",
    ]  # fmt: skip


def test_a_request_needs_no_table() -> None:
    kind, at = read_varint(data := Http3Client().request("GET", "https", "example.test", "/a", (("Accept", "*/*"), ("Host", "x")))) or (
        0,
        0,
    )
    size, at = read_varint(data, at) or (0, 0)
    assert (kind, size) == (1, len(data) - at)
    assert pylsqpack.Decoder(0, 0).feed_header(0, data[at:])[1] == [
        (b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"example.test"), (b":path", b"/a"), (b"accept", b"*/*"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["a\r\nb", "a\0b", "a\ud800"])
def test_what_no_field_can_carry(value: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        Http3Client().request("GET", "https", "example.test", "/", (("x", value),))
    assert raised.value.layer == "usage"


ANSWER = (
    head("103", ("link", "</a>"))
    + frame(0x21, b"grease")
    + head("200", ("content-length", "5"))
    + frame(0, b"he")
    + frame(0)
    + frame(0, b"llo")
    + frame(1, block(("x-sum", "1")))
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_an_answer_in_pieces(size: int, client: Http3Client) -> None:
    events = [event for piece in pieces(ANSWER, size) for event in client.feed(piece)] + client.eof()
    content = b"".join(event.data for event in events if isinstance(event, Data))
    assert content == b"hello"
    assert [event for event in events if not isinstance(event, Data)] == [
        Informational(version="HTTP/3", code=103, reason="", fields=(("link", "</a>"),)),
        Head(version="HTTP/3", code=200, reason="", fields=(("content-length", "5"),)),
        Trailers(fields=(("x-sum", "1"),)),
        End(framing="eof", leftover=b""),
    ]
    assert (client.framing, client.received, client.eof()) == ("eof", 5, [])


def test_what_came_before_an_error_is_kept(client: Http3Client) -> None:
    assert failure(client, head("200") + frame(0, b"abc") + frame(4))[1] == "malformed"
    assert [type(event) for event in client.salvaged] == [Head, Data]


BROKEN = {
    b"": ("transport", "closed", "the server ended the stream without an answer"),
    frame(0, b"x"): ("protocol", "malformed", "content came before the head of the answer, or after its trailers (H3_FRAME_UNEXPECTED)"),
    frame(4): ("protocol", "malformed", "a SETTINGS frame came on a request's stream (H3_FRAME_UNEXPECTED)"),
    frame(2): ("protocol", "malformed", "a type 0x2 frame came on a request's stream (H3_FRAME_UNEXPECTED)"),
    frame(5, b"\0"): ("protocol", "malformed", "the server promised a push that was not allowed (H3_ID_ERROR)"),
    b"\1\x80\x08\0\0": ("protocol", "too_large", "a HEADERS frame of 524288 bytes came; 262144 are allowed"),
    frame(1, b"\xff" * 9): ("protocol", "malformed", "a field block cannot be decoded (QPACK_DECOMPRESSION_FAILED)"),
    frame(1, b"\1\0\x80"): ("protocol", "malformed", "a field block cannot be decoded (QPACK_DECOMPRESSION_FAILED)"),
    frame(1, block(("a", "b"))): ("protocol", "malformed", "the answer does not begin with its status alone (H3_MESSAGE_ERROR)"),
    head("200", (":status", "200")): ("protocol", "malformed", "the answer does not begin with its status alone (H3_MESSAGE_ERROR)"),
    head("20x"): ("protocol", "malformed", "the status '20x' is none that HTTP/3 has (H3_MESSAGE_ERROR)"),
    head("101"): ("protocol", "malformed", "the status '101' is none that HTTP/3 has (H3_MESSAGE_ERROR)"),
    head("200", ("X", "1")): ("protocol", "malformed", "the field name 'X' is none (H3_MESSAGE_ERROR)"),
    head("200", ("a", "b\nc")): ("protocol", "malformed", "the value of a has a line end or NUL (H3_MESSAGE_ERROR)"),
    head("200", ("connection", "close")): (
        "protocol", "malformed", "the answer has the field connection, which is about a connection of HTTP/1 (H3_MESSAGE_ERROR)",
    ),
    head("200", ("content-length", "1"), ("content-length", "2")): (
        "protocol", "malformed", "the answer has different values of content-length",
    ),
    head("200", ("content-length", "-1")): ("protocol", "malformed", "content-length is '-1', no number"),
    head("200", ("content-length", "3")) + frame(0, b"ab"): (
        "protocol", "truncated", "the answer ended after 2 of 3 bytes of the body",
    ),
    head("200", ("content-length", "1")) + frame(0, b"ab"): (
        "protocol", "malformed", "the answer has more than the 1 bytes that it promised (RFC 9114 section 4.1.2)",
    ),
    head("204") + frame(0, b"ab"): ("protocol", "malformed", "the answer has more than no content (RFC 9114 section 4.1.2)"),
    head("200") + b"\0\4ab": ("protocol", "truncated", "the stream ended within a frame, after 2 bytes of the body"),
    head("200") + frame(1, block((":status", "200"))): ("protocol", "malformed", "the trailers have a pseudo-field (H3_MESSAGE_ERROR)"),
    head("200") + frame(1, block(("a", "b"))) * 2: ("protocol", "malformed", "fields came after the trailers (H3_FRAME_UNEXPECTED)"),
    head("103") * 101: ("protocol", "too_large", "more than 100 informational responses came"),
    frame(0x21) * 10_001: ("protocol", "too_large", "more than 10000 frames came that bring nothing (H3_EXCESSIVE_LOAD)"),
}  # fmt: skip


@pytest.mark.parametrize("data", BROKEN, ids=[f"{number}" for number in range(len(BROKEN))])
def test_broken_answers(data: bytes, client: Http3Client) -> None:
    assert failure(client, data) == BROKEN[data]


OTHERS = {
    (b"\0" + frame(7, b"\0"), False): "a GOAWAY frame came on the control stream, before SETTINGS (H3_FRAME_UNEXPECTED)",
    (b"\0" + frame(4) * 2, False): "a SETTINGS frame came on the control stream (H3_FRAME_UNEXPECTED)",
    (b"\0" + frame(4, b"\6"), False): "the server's SETTINGS are broken (H3_SETTINGS_ERROR)",
    (b"\0" + frame(4, b"\2\0"), False): "the server's SETTINGS are broken (H3_SETTINGS_ERROR)",
    (b"\0" + frame(4, b"\6\0\6\0"), False): "the server's SETTINGS are broken (H3_SETTINGS_ERROR)",
    (b"\0" + frame(4) + frame(7, b"\1"), False): "a GOAWAY frame names no request's stream (H3_ID_ERROR)",
    (b"\0" + frame(4) + frame(7, b"\0"), False): "the server did not process the request: GOAWAY",
    (b"\0" + frame(4), True): "the server closed its control stream (H3_CLOSED_CRITICAL_STREAM)",
    (b"\1", False): "the server pushes, which was not allowed (H3_ID_ERROR)",
    (b"\2\x3f\xe1\x1f", False): "the server fills a field table that has no room (QPACK_ENCODER_STREAM_ERROR)",
    (b"\3\x80", False): "the server acknowledges fields that were never put into a table (QPACK_DECODER_STREAM_ERROR)",
}


@pytest.mark.parametrize(("data", "end"), OTHERS)
def test_broken_streams_of_the_server(data: bytes, end: bool, client: Http3Client) -> None:
    with pytest.raises(ExchangeError) as raised:
        client.feed_other(3, data, end=end)
    assert raised.value.message == OTHERS[data, end]


@pytest.mark.parametrize("size", [1, 100])
def test_what_may_come_on_other_streams(size: int, client: Http3Client) -> None:
    for stream, data in {
        3: b"\0" + frame(4, b"\1\0") + frame(0x21, b"x") + frame(7, b"\4"),
        7: b"\2\x20",
        11: b"\3",
        15: b"\x40\x21grease",
    }.items():
        for piece in pieces(data, size):
            client.feed_other(stream, piece, end=False)
    assert client.goaway
    with pytest.raises(ExchangeError, match="a second control stream"):
        client.feed_other(19, b"\0", end=False)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_notes_of_a_stream(size: int) -> None:
    notes = StreamNotes(0, mask_field)
    data = frame(1, block((":status", "200"), ("set-cookie", "sid=s3cr3t; HttpOnly"))) + frame(0, b"hello")
    found = [piece for part in pieces(data, size) for piece in notes.cut(part)]
    shown = b"".join(piece for piece, _ in found)
    assert len(shown) == len(data)
    assert shown.endswith(b"\0\5hello")
    assert b"s3cr3t" not in shown
    said = [note for _, note in found if "set-cookie" in note]
    assert [note.rpartition(": :status")[2] for note in said] == [": 200; set-cookie: sid=‹secret›; HttpOnly"]


def test_notes_of_other_streams() -> None:
    control, grease = StreamNotes(3, mask_field), StreamNotes(7, mask_field)
    assert control.cut(b"\0" + frame(4, bytes.fromhex("0680040000")) + frame(7, b"\4") + frame(0x21, b"ab")) == [
        (b"\0", "stream 3: control stream"),
        (bytes.fromhex("04050680040000"), "SETTINGS stream 3 length 5: MAX_FIELD_SECTION_SIZE=262144"),
        (b"\7\1\4", "GOAWAY stream 3 length 1: requests from stream 4 on are not processed"),
        (b"\x21\2ab", "frame type 0x21 stream 3 length 2"),
    ]
    assert grease.cut(b"\x21abc") == [(b"\x21", "stream 7: stream type 0x21"), (b"abc", "stream 7: stream type 0x21")]
