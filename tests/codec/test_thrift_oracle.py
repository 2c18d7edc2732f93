"""Thrift's protocols beside Apache's library: the same bytes for the same values, and the same values from the same bytes."""

from __future__ import annotations

import math
import re
import uuid
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rrcli.codec.thrift.answer import decoder_of, encode_message
from rrcli.codec.thrift.tree import (
    BINARY,
    BOOL,
    CALL,
    DOUBLE,
    I8,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    SET,
    STRING,
    STRUCT,
    UUID,
    Items,
    Pairs,
    ThriftMessage,
)

pytest.importorskip("thrift")

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.transport.THeaderTransport import THeaderClientType, THeaderTransport
from thrift.transport.TTransport import TMemoryBuffer

APACHE = {"binary": TBinaryProtocol, "compact": TCompactProtocol, "json": TJSONProtocol}
BITS = {I8: 8, I16: 16, I32: 32, I64: 64}
WRITERS = {BOOL: "Bool", I8: "Byte", I16: "I16", I32: "I32", I64: "I64", DOUBLE: "Double"}


def write(protocol: Any, type: int, value: Any) -> None:
    """Apache's library writes the value."""
    if type == STRING:
        protocol.writeString(value.decode())
    elif type == BINARY:
        protocol.writeBinary(value)
    elif type == UUID:
        protocol.writeUuid(uuid.UUID(bytes=value))
    elif type == STRUCT:
        protocol.writeStructBegin("")
        for id, inner, item in value:
            protocol.writeFieldBegin("", inner & 0xFF, id)
            write(protocol, inner, item)
            protocol.writeFieldEnd()
        protocol.writeFieldStop()
        protocol.writeStructEnd()
    elif type == MAP:
        protocol.writeMapBegin(value.key_type & 0xFF, value.type & 0xFF, len(value.pairs))
        for key, item in value.pairs:
            write(protocol, value.key_type, key)
            write(protocol, value.type, item)
        protocol.writeMapEnd()
    elif type in (LIST, SET):
        name = "List" if type == LIST else "Set"
        getattr(protocol, f"write{name}Begin")(value.type & 0xFF, len(value.values))
        for item in value.values:
            write(protocol, value.type, item)
        getattr(protocol, f"write{name}End")()
    else:
        getattr(protocol, f"write{WRITERS[type]}")(value)


def apache(protocol: str, message: ThriftMessage) -> bytes:
    buffer = TMemoryBuffer()
    writer = APACHE[protocol](buffer)
    writer.writeMessageBegin(message.name, message.type, message.seqid)
    write(writer, STRUCT, message.fields)
    writer.writeMessageEnd()
    return buffer.getvalue()


def normal(type: int, value: Any, is_json: bool) -> Any:
    """The value as something that `==` compares; what is sent as BINARY is read as STRING, in JSON as its base64."""
    if type == STRUCT:
        return [(id, inner & 0xFF, normal(inner, item, is_json)) for id, inner, item in value]
    if type in (LIST, SET):
        return [normal(value.type, item, is_json) for item in value.values]
    if type == MAP:
        return [(normal(value.key_type, key, is_json), normal(value.type, item, is_json)) for key, item in value.pairs]
    if type == DOUBLE:
        return "nan" if math.isnan(value) else value
    if type == BINARY and is_json:
        from binascii import b2a_base64

        return b2a_base64(value, newline=False)
    return value


doubles = st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20).map(str.encode)


def scalar(type: int) -> st.SearchStrategy[Any]:
    if type in BITS:
        return st.integers(-(1 << BITS[type] - 1), (1 << BITS[type] - 1) - 1)
    return {BOOL: st.booleans(), DOUBLE: doubles, STRING: texts, BINARY: st.binary(max_size=20), UUID: st.binary(min_size=16, max_size=16)}[
        type
    ]


SCALARS = [BOOL, I8, I16, I32, I64, DOUBLE, STRING, BINARY, UUID]


@st.composite
def typed(draw: st.DrawFn, depth: int = 3) -> tuple[int, st.SearchStrategy[Any]]:
    """A type, and the strategy of its values."""
    type = draw(st.sampled_from([*SCALARS, *([STRUCT, LIST, SET, MAP] if depth else [])]))
    if type in SCALARS:
        return type, scalar(type)
    inner, values = draw(typed(depth - 1))
    if type in (LIST, SET):
        return type, st.lists(values, max_size=20).map(lambda items: Items(inner, items))
    if type == MAP:
        key = draw(st.sampled_from([BOOL, I8, I16, I32, I64, STRING]))
        keys = st.lists(scalar(key), max_size=5, unique=True)
        return type, st.tuples(keys, st.lists(values, min_size=5, max_size=5)).map(
            lambda kv: Pairs(key, inner, list(zip(kv[0], kv[1], strict=False)))
        )
    ids = st.lists(st.integers(-0x8000, 0x7FFF), max_size=3, unique=True)
    return type, st.tuples(ids, st.lists(values, min_size=3, max_size=3)).map(
        lambda iv: [(id, inner, value) for id, value in zip(iv[0], iv[1], strict=False)]
    )


@st.composite
def messages(draw: st.DrawFn) -> ThriftMessage:
    fields = []
    for id in draw(st.lists(st.integers(-0x8000, 0x7FFF), max_size=4, unique=True)):
        type, values = draw(typed())
        fields.append((id, type, draw(values)))
    name = draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
    return ThriftMessage(name, draw(st.sampled_from([CALL, 2, 3, 4])), draw(scalar(I32)), fields)


@pytest.mark.parametrize("protocol", ["binary", "compact"])
@given(message=messages())
def test_the_bytes_are_those_of_apaches_library(protocol: str, message: ThriftMessage) -> None:
    assert encode_message(message, protocol) == apache(protocol, message)


@pytest.mark.parametrize("protocol", ["binary", "compact", "json"])
@given(message=messages())
def test_what_either_side_writes_is_read(protocol: str, message: ThriftMessage) -> None:
    wanted = normal(STRUCT, message.fields, protocol == "json")
    theirs = apache(protocol, message)
    assume(protocol != "json" or not re.search(rb'":-?(inf|nan)|[\[,]-?(inf|nan)[,\]]', theirs))  # Python's library alone writes these bare
    for data in (theirs, encode_message(message, protocol)):
        found = decoder_of(protocol, 1 << 20).feed(data)
        assert found is not None
        assert (found.name, found.type, found.seqid) == (message.name, message.type, message.seqid)
        assert normal(STRUCT, found.fields, False) == wanted


@given(message=messages())
def test_apaches_library_reads_our_json(message: ThriftMessage) -> None:
    reader = TJSONProtocol(TMemoryBuffer(encode_message(message, "json")))
    assert reader.readMessageBegin() == (message.name, message.type, message.seqid)
    reader.skip(STRUCT)
    reader.readMessageEnd()


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 0.1, -0.0])
@pytest.mark.parametrize("protocol", ["binary", "compact", "json"])
def test_odd_doubles_are_kept(protocol: str, value: float) -> None:
    message = ThriftMessage("m", CALL, 1, [(1, DOUBLE, value)])
    found = decoder_of(protocol, 1000).feed(encode_message(message, protocol))
    assert found is not None
    assert repr(found.fields[0][2]) == repr(value)


@pytest.mark.parametrize("protocol", ["binary", "compact"])
@given(message=messages())
def test_a_header_is_read_as_apache_writes_it_and_the_other_way_round(protocol: str, message: ThriftMessage) -> None:
    from rrcli.codec.thrift import framing

    payload = encode_message(message, protocol)
    id = framing.PROTOCOL_IDS[protocol]
    buffer = TMemoryBuffer()
    transport = THeaderTransport(buffer, (THeaderClientType.HEADERS,), id)
    transport.sequence_id = message.seqid
    transport.add_transform(1)
    transport.set_header(b"name", b"value")
    transport.write(payload)
    transport.flush()
    ours = framing.header_frame(payload, protocol, message.seqid, transforms=["zlib"], headers={"name": "value"})
    assert ours == buffer.getvalue()
    frame = framing.FrameDecoder(1 << 20).feed(ours)
    assert frame is not None
    header = framing.read_header(frame, 1 << 20)
    assert (header.protocol, header.seqid, header.transforms, header.headers) == (protocol, message.seqid, ["zlib"], {"name": "value"})
    assert header.payload == payload
