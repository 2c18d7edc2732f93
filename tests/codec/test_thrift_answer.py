"""Answers out of bytes: openings told apart, what does not fit in words, and every length bounded."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from struct import pack

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.codec.thrift import framing
from rrcli.codec.thrift.answer import AnswerDecoder, Shape, call, encode_message, opening, wrap
from rrcli.codec.thrift.tree import I32, MOST, REPLY, STRING, ThriftMessage

LIMIT = 64 << 20
ANSWER = ThriftMessage("add", REPLY, 1, [(0, I32, 5)])
SHAPES = [
    Shape(transport=transport, protocol=protocol)
    for transport in ("buffered", "framed", "header")
    for protocol in ("binary", "compact", "json")
]
AUTO = Shape(transport="auto", protocol="auto")


def sent(shape: Shape) -> bytes:
    return wrap(encode_message(ANSWER, shape.protocol), shape, 1)


def failure(shape: Shape, data: bytes, limit: int = LIMIT) -> ExchangeError:
    decoder = AnswerDecoder(shape, limit)
    try:
        assert decoder.feed(data) is None
    except ExchangeError as error:
        return error
    return decoder.close()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_answer_is_whole_with_its_last_byte_and_not_before(shape: Shape) -> None:
    data = sent(shape)
    for asked in (shape, AUTO):
        decoder = AnswerDecoder(asked, LIMIT)
        assert [decoder.feed(bytes((byte,))) for byte in data[:-1]] == [None] * (len(data) - 1)
        message = decoder.feed(data[-1:] + b"more")
        assert message is not None
        assert (message.name, message.type, message.seqid, message.fields) == ("add", REPLY, 1, [(0, I32, 5)])
        assert (decoder.shape, decoder.rest) == (shape, b"more")


def test_the_bytes_of_a_call_are_those_that_apaches_client_sends() -> None:
    message = call([(1, I32, 2), (2, I32, 3)], "add", 0)
    assert encode_message(message, "binary").hex() == "800100010000000361646400000000080001000000020800020000000300"
    assert encode_message(message, "binary", strict=False).hex() == "000000036164640100000000080001000000020800020000000300"
    assert encode_message(message, "compact").hex() == "822100036164641504150600"
    assert encode_message(message, "json") == b'[1,"add",1,0,{"1":{"i32":2},"2":{"i32":3}}]'
    assert encode_message(call([], "ping", 0, service="Shop"), "json") == b'[1,"Shop:ping",1,0,{}]'
    assert encode_message(call([], "fire", 0, oneway=True), "json") == b'[1,"fire",4,0,{}]'


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_answer_that_is_cut_short_is_told(shape: Shape) -> None:
    data = sent(shape)
    for end in range(1, len(data)):
        error = failure(shape, data[:end])
        assert error.kind in ("truncated", "wrong_protocol")
    assert (
        failure(shape, data[:-1]).message
        == f"the peer closed within its answer ({shape if shape.transport != 'header' else 'header auto'})"
    )


def test_a_peer_that_closes_without_a_byte_is_told_what_to_try() -> None:
    error = failure(Shape(), b"")
    assert (error.layer, error.kind, error.message) == ("transport", "closed", "the peer closed without a byte of an answer")
    assert error.hint
    assert "--transport auto --protocol auto" in error.hint


@pytest.mark.parametrize(
    ("asked", "came", "said", "hint"),
    [
        (SHAPES[0], sent(SHAPES[3]), "expected a buffered binary answer, got a framed binary one", "use --transport framed"),
        (SHAPES[0], sent(SHAPES[4]), "expected a buffered binary answer, got a framed compact one",
         "use --transport framed --protocol compact"),
        (SHAPES[0], sent(SHAPES[6]), "expected a buffered binary answer, got a header one", "use --transport header"),
        (SHAPES[3], sent(SHAPES[0]), "expected a framed binary answer, got a buffered binary one", "use --transport buffered"),
        (SHAPES[0], sent(SHAPES[1]), "expected a buffered binary answer, got a buffered compact one", "use --protocol compact"),
        (SHAPES[4], sent(SHAPES[2]), "expected a framed compact answer, got a buffered json one",
         "use --transport buffered --protocol json"),
        (SHAPES[0], b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n", "expected Thrift, got HTTP/1.1 400 Bad Request (nginx)",
         "for Thrift over HTTP give the URL: http://HOST:PORT/PATH"),
        (SHAPES[3], b"HTTP/1.1 400 Bad Request\r\n\r\n", "expected Thrift, got HTTP/1.1 400 Bad Request",
         "for Thrift over HTTP give the URL: http://HOST:PORT/PATH"),
        (SHAPES[3], b"\x15\x03\x03\x00\x02\x02\x46", "expected Thrift, got a TLS alert (protocol version)",
         "the port speaks TLS: use the TLS form of the URL, or --tls"),
        (AUTO, b"-ERR unknown command\r\n", "expected Thrift, got a Redis error: '-ERR unknown command'", "rrcli tcp shows what it sends"),
        (SHAPES[0], b"SSH-2.0-x\n", "expected Thrift, got an SSH banner: 'SSH-2.0-x'", "rrcli tcp shows what it sends"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_words(asked: Shape, came: bytes, said: str, hint: str) -> None:
    error = failure(asked, came)
    assert (error.layer, error.kind, error.message, error.hint) == ("protocol", "wrong_protocol", said, hint)


def test_an_answer_without_a_version_is_known_by_its_name() -> None:
    old = encode_message(ANSWER, "binary", strict=False)
    assert opening(old).shape == SHAPES[0]
    assert opening(framing.frame(old)).shape == SHAPES[3]
    for shape, data in ((SHAPES[0], old), (SHAPES[3], framing.frame(old)), (AUTO, old)):
        message = AnswerDecoder(shape, LIMIT).feed(data)
        assert message is not None
        assert message.fields == [(0, I32, 5)]


def test_a_framed_answer_to_a_header_call_is_taken_and_noted() -> None:
    decoder = AnswerDecoder(SHAPES[6], LIMIT)
    assert decoder.feed(sent(SHAPES[3]))
    assert decoder.notes == ["the answer came framed, without THeader"]


def binary(body: bytes) -> bytes:
    return bytes.fromhex("80010002000000016100000001") + body


@pytest.mark.parametrize(
    ("shape", "data", "kind", "said"),
    [
        (SHAPES[3], pack(">i", -1) + bytes(20), "malformed", "opens|-1 bytes"),
        (SHAPES[3], pack(">i", 0) + bytes(20), "malformed", "a frame says that it has 0 bytes"),
        (SHAPES[3], pack(">i", (1 << 31) - 1) + bytes(20), "too_large", "a frame says that it has 2147483647 bytes"),
        (SHAPES[0], binary(b"\x0f\0\0\x08" + pack(">i", -1)), "malformed", "a list says that it has -1 elements"),
        (SHAPES[0], binary(b"\x0f\0\0\x08" + pack(">i", (1 << 31) - 1)), "too_large", "a list says that it has 2147483647 elements"),
        (SHAPES[0], binary(b"\x0f\0\0\x02" + pack(">i", MOST + 1)), "too_large", "more than 1000000 fields and elements"),
        (SHAPES[0], binary(b"\x0d\0\0\x08\x08" + pack(">i", 1 << 30)), "too_large", "a map says that it has 1073741824 elements"),
        (SHAPES[0], binary(b"\x0b\0\0" + pack(">i", 1 << 30)), "too_large", "a string says that it has 1073741824 bytes"),
        (SHAPES[0], binary(b"\x0b\0\0" + pack(">i", -5)), "malformed", "a string says that it has -5 bytes"),
        (SHAPES[0], binary(b"\x0c\0\0" * 100_000), "malformed", "nested deeper than 64"),
        (SHAPES[0], binary(b"\x0f\0\0" + b"\x0f\0\0\0\1" * 100), "malformed", "nested deeper than 64"),
        (SHAPES[0], binary(b"\x63\0\0"), "malformed", "a value's type is 99, which Thrift does not have"),
        (SHAPES[0], binary(b"\x0f\0\0\x63\0\0\0\1"), "malformed", "a value's type is 99"),
        (SHAPES[0], bytes.fromhex("80010009000000016100000001"), "malformed", "the message's type is 9"),
        (SHAPES[0], bytes.fromhex("80010002") + pack(">i", 1 << 20) + bytes(9), "malformed", "the method's name says that it has 1048576"),
        (SHAPES[0], bytes.fromhex("80990002000000016100000001"), "malformed", "opens with version 0x8099"),
        (SHAPES[1], bytes.fromhex("8241") + b"\xff" * 20, "malformed", "more than the 10 bytes of the longest varint"),
        (SHAPES[1], bytes.fromhex("8241010161") + b"\x0c" + b"\x1c" * 1000, "malformed", "nested deeper than 64|does not fit"),
        (SHAPES[1], bytes.fromhex("8241010161") + b"\x19\xf1\xff\xff\xff\xff\x0f", "too_large", "elements"),
        (SHAPES[1], bytes.fromhex("8241010161") + b"\x18\xff\xff\xff\xff\x0f", "too_large", "bytes"),
        (SHAPES[1], bytes.fromhex("8241010161") + b"\x1f", "malformed", "a value's type is 15"),
        (SHAPES[1], bytes.fromhex("8241010161") + b"\x15\xff\xff\xff\xff\x7f\0", "malformed", "a number of 32 bits is"),
        (SHAPES[2], b'[1,"a",2,1,' + b'{"1":{"rec":' * 90 + b"{}" + b"}}" * 90 + b"]", "malformed", "nested deeper than 64"),
        (SHAPES[2], b'[1,"a",2,1,' + b"[" * 5000 + b"]" * 5001, "malformed", "is no JSON"),
        (SHAPES[2], b'[1,"a",2,1,{"0":{"lst":["i32",3,1]}}]', "malformed", "a list says that it has 3 elements, and has 1"),
        (SHAPES[2], b'[1,"a",2,1,{"0":{"i8":300}}]', "malformed", "a number of 8 bits is 300"),
        (SHAPES[2], b'[1,"a",2,1,{"0":{"xyz":300}}]', "malformed", "a value's type is \"xyz\""),
        (SHAPES[2], b'[2,"a",2,1,{}]      ', "malformed", "version 2|opens"),
        (SHAPES[2], b"[1," + b"1," * (4 * MOST + 1) + b"1]", "too_large", "more than 1000000"),
        (SHAPES[3], framing.frame(binary(b"\x0c\0\0")), "malformed", "the frame ends within the message"),
    ],
)  # fmt: skip
def test_hostile_answers_end_at_once_and_small(shape: Shape, data: bytes, kind: str, said: str) -> None:
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(ExchangeError, match=said) as caught:
        AnswerDecoder(shape, LIMIT).feed(data)
    seconds, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.kind == kind
    assert seconds < 5
    assert peak < 100 << 20


def test_an_answer_without_end_stops_at_the_limit() -> None:
    decoder = AnswerDecoder(Shape(protocol="json"), 10_000)
    for _ in range(96):
        assert decoder.feed(b'[1,"' + b"a" * 100) is None
    with pytest.raises(ExchangeError, match="larger than 10000 bytes"):
        decoder.feed(b"a" * 100)


def test_a_dripped_answer_is_read_once() -> None:
    """Reading anew at every byte would take minutes."""
    message = ThriftMessage("m", REPLY, 1, [(0, STRING, b"x" * 10), *((id, STRING, b"abc") for id in range(1, 8000))])
    for protocol in ("binary", "compact", "json"):
        data = encode_message(message, protocol)
        decoder = AnswerDecoder(Shape(protocol=protocol), LIMIT)
        began = time.monotonic()
        for at in range(len(data) - 1):
            assert decoder.feed(data[at : at + 1]) is None
        assert decoder.feed(data[-1:])
        assert time.monotonic() - began < 10


# --- THeader


def header(words: bytes, payload: bytes = b"", count: int | None = None) -> bytes:
    words += bytes(-len(words) % 4)
    return pack(">HHiH", 0x0FFF, 0, 1, len(words) // 4 if count is None else count) + words + payload


@pytest.mark.parametrize(
    ("frame", "kind", "said"),
    [
        (header(b"\0\0")[:9], "malformed", "a THeader takes 10 bytes at least, and the frame has 9"),
        (header(b"\0\0", count=100), "malformed", "the THeader says that it has 400 bytes, and the frame ends after 4"),
        (header(b"\7\0"), "malformed", r"the THeader names protocol 7, which is none of 0 \(binary\)"),
        (header(b"\0\1\5"), "unsupported", "the answer went through transform 5 of THeader; known is 1"),
        (header(b"\0\1\1", b"no zlib"), "malformed", "is no zlib stream"),
        (header(b"\0\1\1", zlib.compress(b"x" * 100)[:-5]), "malformed", "does not end"),
        (header(b"\0\1\1", zlib.compress(bytes(2000))), "too_large", "larger than 1000 bytes once inflated"),
        (header(b"\0\xff\xff\xff\xff\xff\xff"), "malformed", "more than 5 bytes"),
        (header(b"\0\0\1\x01\x7fab"), "malformed", "a text of the THeader says that it has 127 bytes, and 2 are left|127"),
        (header(b"\0\0\1\xff\xff\x7f" + b"\1a\1b" * 2000), "malformed|too_large", "info headers|ends within|says"),
        (header(b"\0\x7f\1\1"), "malformed", "ends within a number"),
    ],
)
def test_a_header_that_lies_is_refused(frame: bytes, kind: str, said: str) -> None:
    with pytest.raises(ExchangeError, match=said) as caught:
        framing.read_header(frame, 1000)
    assert caught.value.kind in kind.split("|")


def test_a_header_of_unknown_info_is_read_as_far_as_it_is_known() -> None:
    found = framing.read_header(header(b"\2\0\1\1\1a\1b\x09\xff\xff", b"payload"), 1000)
    assert (found.protocol, found.headers, found.payload) == ("compact", {"a": "b"}, b"payload")


def test_an_unknown_transform_and_too_many_headers_are_refused_before_sending() -> None:
    with pytest.raises(ExchangeError, match="unknown transform 'snappy'; known is zlib"):
        framing.header_frame(b"", "binary", transforms=["snappy"])
    with pytest.raises(ExchangeError, match="THeader has room for 262140"):
        framing.header_frame(b"", "binary", headers={"a": "b" * 300_000})


def test_json_refuses_what_it_cannot_hold() -> None:
    from rrcli.codec.thrift.tree import MAP, STRUCT, Pairs

    with pytest.raises(ExchangeError, match="whose keys are structs or containers"):
        encode_message(call([(1, MAP, Pairs(STRUCT, I32, [([], 1)]))], "m", 1), "json")
    with pytest.raises(ExchangeError, match="a string that is no UTF-8"):
        encode_message(call([(1, STRING, b"\xff")], "m", 1), "json")
