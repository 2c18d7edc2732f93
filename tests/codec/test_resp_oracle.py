"""Generated replies: what is written is read again, and hiredis reads the same in all that it can represent."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.redis.resp import Decoder, Reply

hiredis = pytest.importorskip("hiredis")

LINES = st.binary(max_size=20).map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))
DOUBLES = st.one_of(st.floats().map(repr), st.sampled_from(["1.10", "10", "-0", "1.5E-7", "inf", "-inf", "nan"]))
FORMATS = st.sampled_from(["txt", "mkd"])


def scalars(type: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Reply]:
    return values.map(lambda value: Reply(type=type, value=value))


KEYS = st.one_of(
    scalars("status", LINES),
    scalars("bulk", st.binary(max_size=40)),
    scalars("null", st.none()),
    scalars("integer", st.integers(-(2**63), 2**63 - 1)),
    scalars("double", DOUBLES),
    scalars("boolean", st.booleans()),
    scalars("big_number", st.integers().map(str)),
    st.builds(lambda value, format: Reply(type="verbatim", value=value, format=format), st.binary(max_size=20), FORMATS),
)


def aggregates(inner: st.SearchStrategy[Reply]) -> st.SearchStrategy[Reply]:
    several = st.lists(inner, max_size=5).map(tuple)
    return st.one_of(scalars("array", several), scalars("set", several), scalars("push", several))


def maps(keys: st.SearchStrategy[Reply], values: st.SearchStrategy[Reply]) -> st.SearchStrategy[Reply]:
    return scalars("map", st.lists(st.tuples(keys, values), max_size=4).map(tuple))


def with_attributes(inner: st.SearchStrategy[Reply]) -> st.SearchStrategy[Reply]:
    attributes = st.lists(st.tuples(inner, inner), max_size=2).map(tuple)
    return st.builds(
        lambda reply, pairs: reply.replace(attributes=pairs), st.one_of(inner, aggregates(inner), maps(inner, inner)), attributes
    )


ERRORS = scalars("error", LINES)
REPLIES = st.recursive(st.one_of(KEYS, ERRORS, scalars("blob_error", st.binary(max_size=20))), with_attributes, max_leaves=20)


def distinct(reply: Reply) -> Reply:
    """The map without repeated keys."""
    return reply.replace(value=tuple({as_hiredis(pair[0]): pair for pair in reply.value}.values()))


# hiredis knows neither attributes nor bulk errors, it mistakes the value of a repeated key, and Python has no dictionary
# keyed by a list.
KNOWN_TO_HIREDIS = st.recursive(
    st.one_of(KEYS, ERRORS),
    lambda inner: st.one_of(aggregates(inner), maps(KEYS, inner).map(distinct)),
    max_leaves=20,
)

MARKS = {
    "status": "+",
    "error": "-",
    "integer": ":",
    "double": ",",
    "big_number": "(",
    "bulk": "$",
    "verbatim": "=",
    "blob_error": "!",
    "array": "*",
    "set": "~",
    "push": ">",
    "map": "%",
}


def write(reply: Reply) -> bytes:
    """The reply as a server would send it, from the specification alone."""
    return (write_pairs("|", reply.attributes) if reply.attributes else b"") + write_value(reply)


def write_value(reply: Reply) -> bytes:
    value: Any = reply.value
    if reply.type == "null":
        return b"_\r\n"
    if reply.type == "boolean":
        return b"#t\r\n" if value else b"#f\r\n"
    mark = MARKS[reply.type]
    if reply.type in ("status", "error"):
        return b"%b%b\r\n" % (mark.encode(), value)
    if reply.type in ("integer", "double", "big_number"):
        return f"{mark}{value}\r\n".encode()
    if reply.type == "map":
        return write_pairs(mark, value)
    if isinstance(value, tuple):
        return f"{mark}{len(value)}\r\n".encode() + b"".join(map(write, value))
    text = f"{reply.format}:".encode() + value if reply.type == "verbatim" else value
    return b"%b%d\r\n%b\r\n" % (mark.encode(), len(text), text)


def write_pairs(mark: str, pairs: tuple[tuple[Reply, Reply], ...]) -> bytes:
    return f"{mark}{len(pairs)}\r\n".encode() + b"".join(write(key) + write(value) for key, value in pairs)


def as_hiredis(reply: Reply) -> Any:
    """What is left of the reply when hiredis has read it."""
    value = reply.value
    if reply.type == "error":
        return ("error", value.decode("utf-8", "replace"))
    if reply.type == "double":
        return comparable(float(value))
    if reply.type == "big_number":
        return value.encode()
    if reply.type == "map":
        return {as_hiredis(key): as_hiredis(item) for key, item in value}
    return [as_hiredis(item) for item in value] if isinstance(value, tuple) else value


def comparable(value: Any) -> Any:
    """What hiredis gave, with errors and NaN, which equal nothing else, made comparable."""
    if isinstance(value, hiredis.ReplyError):
        return ("error", str(value))
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if isinstance(value, dict):
        return {comparable(key): comparable(item) for key, item in value.items()}
    return [comparable(item) for item in value] if isinstance(value, list) else value


@given(REPLIES)
def test_round_trip(reply: Reply) -> None:
    assert Decoder().feed(write(reply)) == [reply]


@given(st.lists(REPLIES, max_size=4), st.integers(1, 9))
def test_round_trip_in_pieces(replies: list[Reply], size: int) -> None:
    data = b"".join(map(write, replies))
    decoder = Decoder()
    assert [found for at in range(0, len(data), size) for found in decoder.feed(data[at : at + size])] == replies
    assert not decoder.pending


@given(st.lists(KNOWN_TO_HIREDIS, min_size=1, max_size=3))
def test_hiredis_reads_the_same(replies: list[Reply]) -> None:
    data = b"".join(map(write, replies))
    reader = hiredis.Reader()
    reader.feed(data)
    assert [comparable(reader.gets()) for _ in replies] == list(map(as_hiredis, Decoder().feed(data)))


@given(KNOWN_TO_HIREDIS, st.integers(1, 40))
def test_hiredis_waits_for_the_same(reply: Reply, cut: int) -> None:
    data = write(reply)[:-cut]
    reader = hiredis.Reader()
    reader.feed(data)
    assert reader.gets() is False
    assert Decoder().feed(data) == []


@pytest.mark.parametrize(
    "data",
    [
        b"+a\nb\r\n",
        b":\r\n",
        b":x\r\n",
        b",x\r\n",
        b",\r\n",
        b"#x\r\n",
        b"_x\r\n",
        b"(1.5\r\n",
        b"=3\r\ntxt\r\n",
        b"$-2\r\n",
        b"*-2\r\n",
        b"?\r\n",
        b"*1\r\n?\r\n",
    ],
)
def test_hiredis_refuses_the_same(data: bytes) -> None:
    reader = hiredis.Reader()
    reader.feed(data)
    with pytest.raises(hiredis.ProtocolError):
        reader.gets()
    with pytest.raises(ExchangeError):
        Decoder().feed(data)
