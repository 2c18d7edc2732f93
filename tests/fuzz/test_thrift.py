"""Whatever bytes come as an answer or stand in an IDL file: a value, or a clean failure; the same whole, split and mutated."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split
from peers.thrift import IDL

from rrcli.codec.thrift import framing, idl, reply, text, writevalue
from rrcli.codec.thrift.answer import AnswerDecoder, Shape, encode_message, opening, wrap
from rrcli.codec.thrift.parser import parse
from rrcli.codec.thrift.tree import I32, REPLY, ThriftMessage

PROGRAM = idl.load(str(IDL / "demo.thrift"))
ECHO = idl.find_method(PROGRAM, "echo")[1]
ITEM = {
    "name": "x", "big": 1 << 40, "color": "RED", "raw": "é", "counts": {"a": 1}, "tags": [1], "parts": [{"name": "y"}], "price": 0.5,
    "sold": True, "by_number": {"1": ["a"]}, "money": {"cents": 1}, "colors": {"RED": True}, "flags": [True, False],
}  # fmt: skip
FIELDS = writevalue.fields(ECHO.arguments, {"item": ITEM})[0]
ANSWERS = (
    ThriftMessage("echo", REPLY, 1, [(0, FIELDS[0][1], FIELDS[0][2])]),
    ThriftMessage("echo", 3, 1, [(1, 11, b"no"), (2, I32, 6)]),
    ThriftMessage("echo", REPLY, 1, []),
)
PROTOCOLS = ("binary", "compact", "json")
SHAPES = [Shape(transport=transport, protocol=protocol) for transport in ("buffered", "framed", "header") for protocol in PROTOCOLS]
SHAPES += [Shape(transport="auto", protocol="auto"), Shape(transport="framed", protocol="auto")]
SEEDS = (
    *(wrap(encode_message(message, shape.protocol), shape, 1) for message in ANSWERS for shape in SHAPES[:9]),
    framing.header_frame(encode_message(ANSWERS[0], "binary"), "binary", 1, transforms=["zlib"], headers={"a": "b"}),
    encode_message(ANSWERS[1], "binary", strict=False),
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
)
received = st.one_of(st.binary(max_size=100), mutated(*SEEDS))


def read(pieces: list[bytes], shape: Shape) -> object:
    decoder = AnswerDecoder(shape, 4096)
    message = None
    for piece in pieces:
        message = decoder.feed(piece) or message
    if message is None or decoder.shape is None:
        raise decoder.close()
    found = reply.read_reply(message, ECHO, 1, decoder.shape.protocol)
    return repr((found.message_type, found.result, found.exception, found.notes, found.unknown_fields, decoder.rest))


@given(received, cuts, st.sampled_from(SHAPES))
def test_answers(data: bytes, sizes: list[int], shape: Shape) -> None:
    whole = outcome(lambda: read([data], shape))
    pieces = [bytes([byte]) for byte in data[:60]] + [data[60:]]
    # What comes as another protocol is told from what has come of it by then.
    split_up = outcome(lambda: read(list(split(data, sizes)), shape)), outcome(lambda: read(pieces, shape))
    if not isinstance(whole, tuple):
        assert split_up == (whole, whole)


@given(received)
def test_openings(data: bytes) -> None:
    found = opening(data)
    assert found.shape is None or found.error is None


WORDS = [
    "struct", "union", "exception", "enum", "service", "const", "typedef", "include", "namespace", "required", "optional", "oneway", "void",
    "throws", "extends", "senum", "string", "i32", "map", "list", "set", "uuid", "A", "B", "x.y", "a.b", "1", "-1", "0x1F", "1.5", "true",
    "'", '"', "{", "}", "(", ")", "<", ">", "[", "]", ":", ";", ",", "=", "&", "*", "/*", "*/", "//", "#", "\n", "\\n", "E10", "e10", ".",
    "-", "$", "ä",
]  # fmt: skip
SOURCES = [
    (IDL / "demo.thrift").read_text().replace('include "base.thrift"', "").replace("base.Base", "Base"),
    (IDL / "base.thrift").read_text(),
]


def known(source: str) -> object:
    program = parse("fuzz.thrift", source)
    idl.link(program)
    text.list_services(program)
    for name in [*program.types, *program.services, *program.constants]:
        text.describe(program, name)
    for service in program.services.values():
        for method in service.methods.values():
            text.template(method)
    return None


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_words_of_the_language_in_any_order(source: str) -> None:
    outcome(lambda: known(source))


@given(st.data())
def test_files_with_something_changed(data: st.DataObject) -> None:
    source = SOURCES[1] + SOURCES[0]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(source)))
        end = min(len(source), at + data.draw(st.integers(0, 15)))
        source = source[:at] + data.draw(st.one_of(st.sampled_from(WORDS), st.text(max_size=3))) + source[end:]
    outcome(lambda: known(source))


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=10),
        st.binary(max_size=3).map(lambda data: {"base64": data.hex()}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(list(ITEM)), st.text(max_size=5)), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(values, st.sampled_from(PROTOCOLS))
def test_whatever_is_given_as_arguments(value: object, protocol: str) -> None:
    def send() -> object:
        fields, _ = writevalue.fields(ECHO.arguments, value)
        return encode_message(ThriftMessage("echo", 1, 1, fields), protocol)

    outcome(send)
    if isinstance(value, dict):
        outcome(lambda: writevalue.fields(ECHO.arguments, {"item": {"name": "x", **value}}))
