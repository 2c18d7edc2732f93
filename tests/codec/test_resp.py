"""Every type of RESP2 and RESP3: exact bytes to the reply, its text, its raw form, its JSON and its framing.

Each row is fed whole, byte by byte and with the next reply behind it. What is broken, and what is over a limit, follows.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.redis.resp import Decoder, Reply, as_json, encode, framing
from rrcli.codec.redis.text import as_raw, as_text


def reply(type: str, value: Any, **more: Any) -> Reply:
    return Reply(type=type, value=value, **more)


def bulk(value: bytes) -> Reply:
    return reply("bulk", value)


def integer(value: int) -> Reply:
    return reply("integer", value)


NULL = reply("null", None)
OK = reply("status", b"OK")

Row = tuple[bytes, Reply, str, bytes, Any, str]  # bytes, reply, text, raw, JSON, framing

ROWS: dict[str, Row] = {
    "status": (b"+OK\r\n", OK, "OK", b"OK", "OK", "crlf"),
    "empty status": (b"+\r\n", reply("status", b""), "", b"", "", "crlf"),
    "status that is not UTF-8": (b"+\xff\r\n", reply("status", b"\xff"), "\\xff", b"\xff", {"base64": "/w=="}, "crlf"),
    "error": (b"-ERR no\r\n", reply("error", b"ERR no"), "(error) ERR no", b"ERR no\n", "ERR no", "crlf"),
    "integer": (b":12\r\n", integer(12), "(integer) 12", b"12", 12, "crlf"),
    "signed integer": (b":+7\r\n", integer(7), "(integer) 7", b"7", 7, "crlf"),
    "least integer": (b":-%d\r\n" % 2**63, integer(-(2**63)), f"(integer) {-(2**63)}", b"-%d" % 2**63, -(2**63), "crlf"),
    "bulk": (b"$5\r\nhello\r\n", bulk(b"hello"), '"hello"', b"hello", "hello", "length-prefix"),
    "empty bulk": (b"$0\r\n\r\n", bulk(b""), '""', b"", "", "length-prefix"),
    "bulk with CRLF": (b"$4\r\na\r\nb\r\n", bulk(b"a\r\nb"), r'"a\r\nb"', b"a\r\nb", "a\r\nb", "length-prefix"),
    "escapes": (
        b'$16\r\n\\"\n\r\t\a\b\x00\x1b\x7f \xc3\xa9~\xff!\r\n',
        bulk(b'\\"\n\r\t\a\b\x00\x1b\x7f \xc3\xa9~\xff!'),
        r'"\\\"\n\r\t\a\b\x00\x1b\x7f \xc3\xa9~\xff!"',
        b'\\"\n\r\t\a\b\x00\x1b\x7f \xc3\xa9~\xff!',
        {"base64": "XCIKDQkHCAAbfyDDqX7/IQ=="},
        "length-prefix",
    ),
    "UTF-8": (b"$5\r\ncaf\xc3\xa9\r\n", bulk(b"caf\xc3\xa9"), r'"caf\xc3\xa9"', b"caf\xc3\xa9", "café", "length-prefix"),
    "null": (b"_\r\n", NULL, "(nil)", b"", None, "crlf"),
    "null bulk": (b"$-1\r\n", NULL, "(nil)", b"", None, "crlf"),
    "null array": (b"*-1\r\n", NULL, "(nil)", b"", None, "crlf"),
    "true": (b"#t\r\n", reply("boolean", True), "(true)", b"(true)", True, "crlf"),
    "false": (b"#f\r\n", reply("boolean", False), "(false)", b"(false)", False, "crlf"),
    "double": (b",1.10\r\n", reply("double", "1.10"), "(double) 1.10", b"1.10", 1.1, "crlf"),
    "double without fraction": (b",10\r\n", reply("double", "10"), "(double) 10", b"10", 10.0, "crlf"),
    "double with exponent": (b",-1.5E+3\r\n", reply("double", "-1.5E+3"), "(double) -1.5E+3", b"-1.5E+3", -1500.0, "crlf"),
    "inf": (b",inf\r\n", reply("double", "inf"), "(double) inf", b"inf", "inf", "crlf"),
    "-inf": (b",-inf\r\n", reply("double", "-inf"), "(double) -inf", b"-inf", "-inf", "crlf"),
    "nan": (b",nan\r\n", reply("double", "nan"), "(double) nan", b"nan", "nan", "crlf"),
    "double over a float": (b",1e999\r\n", reply("double", "1e999"), "(double) 1e999", b"1e999", "inf", "crlf"),
    "big number": (b"(-%d\r\n" % 10**30, reply("big_number", f"-{10**30}"), f"(big number) -{10**30}", b"-%d" % 10**30, -(10**30), "crlf"),
    "endless number": (
        b"(" + b"9" * 5000 + b"\r\n",
        reply("big_number", "9" * 5000),
        "(big number) " + "9" * 5000,
        b"9" * 5000,
        "9" * 5000,
        "crlf",
    ),
    "verbatim": (
        b"=8\r\nmkd:a\n\x01b\r\n",
        reply("verbatim", b"a\n\x01b", format="mkd"),
        "a\n\x01b",
        b"a\n\x01b",
        "a\n\x01b",
        "length-prefix",
    ),
    "empty verbatim": (b"=4\r\ntxt:\r\n", reply("verbatim", b"", format="txt"), "", b"", "", "length-prefix"),
    "blob error": (b"!6\r\nERR\r\nx\r\n", reply("blob_error", b"ERR\r\nx"), "(error) ERR\r\nx", b"ERR\r\nx\n", "ERR\r\nx", "length-prefix"),
    "empty array": (b"*0\r\n", reply("array", ()), "(empty array)", b"", [], "element-count"),
    "empty set": (b"~0\r\n", reply("set", ()), "(empty set)", b"", [], "element-count"),
    "empty push": (b">0\r\n", reply("push", ()), "(empty push)", b"", [], "element-count"),
    "empty map": (b"%0\r\n", reply("map", ()), "(empty hash)", b"", {}, "element-count"),
    "array": (
        b"*5\r\n+OK\r\n$2\r\nOK\r\n-ERR x\r\n_\r\n!1\r\ny\r\n",
        reply("array", (OK, bulk(b"OK"), reply("error", b"ERR x"), NULL, reply("blob_error", b"y"))),
        '1) OK\n2) "OK"\n3) (error) ERR x\n4) (nil)\n5) (error) y',
        b"OK\nOK\nERR x\n\n\ny\n",
        ["OK", "OK", {"error": "ERR x"}, None, {"error": "y"}],
        "element-count",
    ),
    "set": (
        b"~2\r\n:1\r\n:1\r\n",
        reply("set", (integer(1), integer(1))),
        "1~ (integer) 1\n2~ (integer) 1",
        b"1\n1",
        [1, 1],
        "element-count",
    ),
    "push": (
        b">2\r\n+message\r\n:1\r\n",
        reply("push", (reply("status", b"message"), integer(1))),
        "1) message\n2) (integer) 1",
        b"message\n1",
        ["message", 1],
        "element-count",
    ),
    "invalidation": (
        b">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$2\r\nb'\r\n",
        reply("push", (bulk(b"invalidate"), reply("array", (bulk(b"a"), bulk(b"b'"))))),
        "-> invalidate: 'a', 'b''",
        b"invalidate\na\nb'",
        ["invalidate", ["a", "b'"]],
        "element-count",
    ),
    "everything invalidated": (
        b">2\r\n$10\r\ninvalidate\r\n_\r\n",
        reply("push", (bulk(b"invalidate"), NULL)),
        '1) "invalidate"\n2) (nil)',
        b"invalidate\n",
        ["invalidate", None],
        "element-count",
    ),
    "nested": (
        b"*2\r\n*2\r\n:1\r\n*1\r\n:2\r\n*2\r\n*0\r\n:3\r\n",
        reply("array", (reply("array", (integer(1), reply("array", (integer(2),)))), reply("array", (reply("array", ()), integer(3))))),
        "1) 1) (integer) 1\n   2) 1) (integer) 2\n2) 1) (empty array)\n   2) (integer) 3",
        b"1\n2\n\n3",
        [[1, [2]], [[], 3]],
        "element-count",
    ),
    "width of ten": (
        b"*10\r\n*2\r\n:1\r\n:2\r\n" + b":0\r\n" * 9,
        reply("array", (reply("array", (integer(1), integer(2))), *[integer(0)] * 9)),
        " 1) 1) (integer) 1\n    2) (integer) 2\n" + "\n".join(f"{n:2}) (integer) 0" for n in range(2, 11)),
        b"1\n2" + b"\n0" * 9,
        [[1, 2], *[0] * 9],
        "element-count",
    ),
    "map with repeated keys": (
        b"%3\r\n$1\r\nk\r\n:1\r\n$1\r\nj\r\n:2\r\n$1\r\nk\r\n#t\r\n",
        reply("map", ((bulk(b"k"), integer(1)), (bulk(b"j"), integer(2)), (bulk(b"k"), reply("boolean", True)))),
        '1# "k" => (integer) 1\n2# "j" => (integer) 2\n3# "k" => (true)',
        b"k 1\nj 2\nk (true)",
        {"k": True, "j": 2},
        "element-count",
    ),
    "map of aggregates": (
        b"%3\r\n+a\r\n*1\r\n:1\r\n+b\r\n%1\r\n+c\r\n*2\r\n:1\r\n:2\r\n+d\r\n~0\r\n",
        reply(
            "map",
            (
                (reply("status", b"a"), reply("array", (integer(1),))),
                (reply("status", b"b"), reply("map", ((reply("status", b"c"), reply("array", (integer(1), integer(2)))),))),
                (reply("status", b"d"), reply("set", ())),
            ),
        ),
        "1# a => 1) (integer) 1\n2# b => \n   1# c => \n      1) (integer) 1\n      2) (integer) 2\n3# d => (empty set)",
        b"a 1\nb c 1\n2\nd ",
        {"a": [1], "b": {"c": [1, 2]}, "d": []},
        "element-count",
    ),
    "map with keys of every kind": (
        b'%8\r\n*3\r\n:1\r\n$2\r\n"a\r\n#t\r\n:1\r\n:2\r\n:2\r\n_\r\n:3\r\n#f\r\n:4\r\n,1.10\r\n:5\r\n$1\r\n\xff\r\n:6\r\n(12\r\n:7\r\n*2\r\n,1e16\r\n_\r\n:8\r\n',
        reply(
            "map",
            (
                (reply("array", (integer(1), bulk(b'"a'), reply("boolean", True))), integer(1)),
                (integer(2), integer(2)),
                (NULL, integer(3)),
                (reply("boolean", False), integer(4)),
                (reply("double", "1.10"), integer(5)),
                (bulk(b"\xff"), integer(6)),
                (reply("big_number", "12"), integer(7)),
                (reply("array", (reply("double", "1e16"), NULL)), integer(8)),
            ),
        ),
        (
            '1# 1) (integer) 1\n   2) "\\"a"\n   3) (true) => (integer) 1\n2# (integer) 2 => (integer) 2\n3# (nil) => (integer) 3\n'
            '4# (false) => (integer) 4\n5# (double) 1.10 => (integer) 5\n6# "\\xff" => (integer) 6\n7# (big number) 12 => (integer) 7\n'
            "8# 1) (double) 1e16\n   2) (nil) => (integer) 8"
        ),
        b'1\n"a\n(true) 1\n2 2\n 3\n(false) 4\n1.10 5\n\xff 6\n12 7\n1e16\n 8',
        {r'[1,"\"a",true]': 1, "2": 2, "null": 3, "false": 4, "1.10": 5, '{"base64":"/w=="}': 6, "12": 7, "[1e+16,null]": 8},
        "element-count",
    ),
    "attributes": (
        b"|1\r\n+ttl\r\n:9\r\n$1\r\nv\r\n",
        reply("bulk", b"v", attributes=((reply("status", b"ttl"), integer(9)),)),
        '1| ttl => (integer) 9\n"v"',
        b"v",
        "v",
        "length-prefix",
    ),
    "attributes of an element, of an aggregate and twice": (
        b"|1\r\n+a\r\n:1\r\n|0\r\n|1\r\n+b\r\n:2\r\n*2\r\n:1\r\n|1\r\n+c\r\n*2\r\n:3\r\n:4\r\n:2\r\n",
        reply(
            "array",
            (integer(1), reply("integer", 2, attributes=((reply("status", b"c"), reply("array", (integer(3), integer(4)))),))),
            attributes=((reply("status", b"a"), integer(1)), (reply("status", b"b"), integer(2))),
        ),
        "1| a => (integer) 1\n2| b => (integer) 2\n1) (integer) 1\n2) 1| c => \n      1) (integer) 3\n      2) (integer) 4\n   (integer) 2",
        b"1\n2",
        [1, 2],
        "element-count",
    ),
    "attributes of a value in a map": (
        b"%1\r\n+k\r\n|1\r\n+a\r\n:1\r\n:2\r\n",
        reply("map", ((reply("status", b"k"), reply("integer", 2, attributes=((reply("status", b"a"), integer(1)),))),)),
        "1# k => \n   1| a => (integer) 1\n   (integer) 2",
        b"k 2",
        {"k": 2},
        "element-count",
    ),
    "streamed string": (b"$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", bulk(b"Hello"), '"Hello"', b"Hello", "Hello", "length-prefix"),
    "streamed aggregates": (
        b"*?\r\n:1\r\n%?\r\n+k\r\n$?\r\n;1\r\nv\r\n;0\r\n.\r\n~?\r\n.\r\n|?\r\n+a\r\n:1\r\n.\r\n:2\r\n.\r\n",
        reply(
            "array",
            (
                integer(1),
                reply("map", ((reply("status", b"k"), bulk(b"v")),)),
                reply("set", ()),
                reply("integer", 2, attributes=((reply("status", b"a"), integer(1)),)),
            ),
        ),
        '1) (integer) 1\n2) 1# k => "v"\n3) (empty set)\n4) 1| a => (integer) 1\n   (integer) 2',
        b"1\nk v\n\n2",
        [1, {"k": "v"}, [], 2],
        "element-count",
    ),
}


@pytest.fixture(params=ROWS.values(), ids=list(ROWS))
def row(request: pytest.FixtureRequest) -> Row:
    found: Row = request.param
    return found


def failure(data: bytes, decoder: Decoder | None = None) -> tuple[str, str, str]:
    with pytest.raises(ExchangeError) as caught:
        (decoder or Decoder()).feed(data)
    return caught.value.layer, caught.value.kind, caught.value.message


def test_whole(row: Row) -> None:
    data, expected, *_ = row
    decoder = Decoder()
    assert decoder.feed(data) == [expected]
    assert (decoder.pending, decoder.received) == (False, 0)


def test_byte_by_byte(row: Row) -> None:
    data, expected, *_ = row
    decoder = Decoder()
    for number in range(1, len(data)):
        assert decoder.feed(data[number - 1 : number]) == []
        assert (decoder.pending, decoder.received) == (True, number)
    assert decoder.feed(data[-1:]) == [expected]
    assert (decoder.pending, decoder.received) == (False, 0)


def test_with_the_next_reply_behind(row: Row) -> None:
    data, expected, *_ = row
    decoder = Decoder()
    assert decoder.feed(data + b"+OK\r\n" + data + b"$2\r\nO") == [expected, OK, expected]
    assert (decoder.pending, decoder.received) == (True, 5)
    assert decoder.feed(b"K\r\n") == [bulk(b"OK")]


def test_forms(row: Row) -> None:
    _, decoded, text, raw, value, ends = row
    assert (as_text(decoded), as_raw(decoded), framing(decoded)) == (text, raw, ends)
    assert as_json(decoded) == value
    assert type(as_json(decoded)) is type(value)  # 1 == 1.0 == True


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([b"PING"], b"*1\r\n$4\r\nPING\r\n"),
        ([b"SET", b"", b"a\r\n\x00\xff"], b"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\na\r\n\x00\xff\r\n"),
    ],
)
def test_encode(args: list[bytes], expected: bytes) -> None:
    assert encode(args) == expected
    assert Decoder().feed(encode(args)) == [reply("array", tuple(map(bulk, args)))]


MALFORMED = {
    b"+OK\n": r"expected a line that ends with CRLF, got '+OK\n'",
    b"+\n": r"expected a line that ends with CRLF, got '+\n'",
    b"+a\rb\r\n": r"expected a line that ends with CRLF, got '+a\rb\r\n'",
    b"+a\r\r\n": r"expected a line that ends with CRLF, got '+a\r\r\n'",
    b":\r\n": "expected a 64-bit integer, got ''",
    b":-\r\n": "expected a 64-bit integer, got '-'",
    b":1 \r\n": "expected a 64-bit integer, got '1 '",
    b":1_0\r\n": "expected a 64-bit integer, got '1_0'",
    b":9223372036854775808\r\n": "expected a 64-bit integer, got '9223372036854775808'",
    b":" + b"1" * 5000 + b"\r\n": f"expected a 64-bit integer, got '{'1' * 40}'…",
    b",\r\n": "expected a double, got ''",
    b",1_0\r\n": "expected a double, got '1_0'",
    b",1.2.3\r\n": "expected a double, got '1.2.3'",
    b",--inf\r\n": "expected a double, got '--inf'",
    b",infinity\r\n": "expected a double, got 'infinity'",
    b",\xd9\xa1\r\n": r"expected a double, got '\xd9\xa1'",
    b"#x\r\n": "expected a boolean, t or f, got 'x'",
    b"(1.5\r\n": "expected a big number, got '1.5'",
    b"(\r\n": "expected a big number, got ''",
    b"_x\r\n": "expected nothing after the type of a null, got 'x'",
    b"$\r\n": "expected the length of the bulk, got ''",
    b"$-2\r\n": "expected the length of the bulk, got '-2'",
    b"$+1\r\n": "expected the length of the bulk, got '+1'",
    b"=-1\r\n": "expected the length of the verbatim, got '-1'",
    b"=3\r\ntxt\r\n": "expected a verbatim string as FMT:TEXT, got 'txt'",
    b"$2\r\nOKAY": "expected CRLF after the 2 bytes of the bulk, got 'AY'",
    b"* OK IMAP4rev1 ready\r\n": "expected the length of the array, got ' OK IMAP4rev1 ready'",
    b"~-1\r\n": "expected the length of the set, got '-1'",
    b"*1\r\n\x1b]0;x": r"expected the next part of a Redis reply, got '\x1b]0;x'",
    b"*1\r\n.\r\n": r"expected the next part of a Redis reply, got '.\r\n'",
    b"|0\r\n?": "expected the next part of a Redis reply, got '?'",
    b"$?\r\n+OK\r\n": r"expected the next part of a Redis reply, got '+OK\r\n'",
    b"$?\r\n;-1\r\n": "expected the length of the chunk, got '-1'",
    b"%?\r\n+k\r\n.\r\n": "expected another element of the streamed map, got its end",
    b"*?\r\n|1\r\n+a\r\n+b\r\n.\r\n": "expected another element of the streamed array, got its end",
    b"*?\r\n.x\r\n": "expected nothing after the end of the streamed array, got 'x'",
}


@pytest.mark.parametrize(("data", "message"), MALFORMED.items(), ids=[repr(data[:20]) for data in MALFORMED])
def test_malformed(data: bytes, message: str) -> None:
    decoder = Decoder()
    assert failure(data, decoder) == ("protocol", "malformed", message)
    assert decoder.pending


@pytest.mark.parametrize("data", MALFORMED, ids=[repr(data[:20]) for data in MALFORMED])
def test_malformed_byte_by_byte(data: bytes) -> None:
    assert outcome([bytes([code]) for code in data]) == ([], ("protocol", "malformed"), True)


@pytest.mark.parametrize(
    ("data", "quoted"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\n", r"'HTTP/1.1 400 Bad Request\r\nServer: nginx/'…"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", r"'SSH-2.0-OpenSSH_9.2\r\n'"),
        (b"\x15\x03\x03\x00\x02\x02\x28", r"'\x15\x03\x03\x00\x02\x02('"),
        (b"2", "'2'"),
        (b";1\r\n", r"';1\r\n'"),
        (b".\r\n", r"'.\r\n'"),
        (b"\n", r"'\n'"),
    ],
)
def test_another_protocol(data: bytes, quoted: str) -> None:
    assert failure(data) == ("protocol", "wrong_protocol", f"expected a Redis reply, got {quoted}")


def test_replies_before_a_broken_one_are_given_first() -> None:
    decoder = Decoder()
    assert decoder.feed(b"+OK\r\n:1\r\nHTTP") == [OK, integer(1)]
    assert (decoder.pending, decoder.received) == (True, 4)
    for _ in range(2):
        assert failure(b"", decoder) == ("protocol", "malformed", "expected the next part of a Redis reply, got 'HTTP'")


class Narrow(Decoder):
    """Limits small enough to meet."""

    MAX_DEPTH = 3
    MAX_LINE = 8
    MAX_BULK = 4
    MAX_COUNT = 3
    MAX_ELEMENTS = 6


@pytest.mark.parametrize(
    "data",
    [
        b"*1\r\n*1\r\n*1\r\n:1\r\n",
        b"+123456\r\n",
        b"$4\r\nabcd\r\n",
        b"$?\r\n;2\r\nab\r\n;2\r\ncd\r\n;0\r\n",
        b"*3\r\n:1\r\n:2\r\n:3\r\n",
        b"*3\r\n*1\r\n:1\r\n:2\r\n:3\r\n",
    ],
)
def test_just_within_a_limit(data: bytes) -> None:
    decoder = Narrow()
    assert len(decoder.feed(data)) == 1
    assert len(decoder.feed(data)) == 1  # the limits are each reply's


TOO_LARGE = {
    b"*1\r\n" * 4: "the reply is nested more than 3 deep",
    b"|1\r\n" * 4: "the reply is nested more than 3 deep",
    b"+1234567\r\n": "the reply has a line of more than 8 bytes: '+1234567\\r\\n'",
    b"+12345678": "the reply has a line of more than 8 bytes: '+12345678'",
    b"$5\r\n": "the bulk has 5 bytes, where 4 are allowed",
    b"$?\r\n;2\r\nab\r\n;3\r\n": "the chunk has 5 bytes, where 4 are allowed",
    b"*4\r\n": "the array has 4 elements, where 3 are allowed",
    b"%4\r\n": "the map has 4 elements, where 3 are allowed",
    b"*3\r\n*3\r\n" + b":1\r\n" * 5: "the reply has more than 6 elements",
    b"*?\r\n" + b":1\r\n" * 6: "the reply has more than 6 elements",
    b"|0\r\n" * 7: "the reply has more than 6 elements",
}


@pytest.mark.parametrize(("data", "message"), TOO_LARGE.items(), ids=[repr(data[:20]) for data in TOO_LARGE])
def test_over_a_limit(data: bytes, message: str) -> None:
    assert failure(data, Narrow()) == ("protocol", "too_large", message)


@pytest.mark.parametrize(
    "data",
    [
        b"*1\r\n" * 129,
        b"+" + b"x" * 70_000,
        b"$536870913\r\n",
        b"$" + b"9" * 5000 + b"\r\n",
        b"*1048577\r\n",
        b"*" + b"9" * 5000 + b"\r\n",
    ],
)
def test_the_real_limits(data: bytes) -> None:
    assert failure(data)[1] == "too_large"


def test_the_deepest_reply_has_all_forms() -> None:
    depth = Decoder.MAX_DEPTH
    (decoded,) = Decoder().feed(b"%1\r\n:1\r\n" * depth + b":2\r\n")
    assert decoded == Decoder().feed(b"%1\r\n:1\r\n" * depth + b":2\r\n")[0]
    assert as_text(decoded) == "1# (integer) 1 => " * depth + "(integer) 2"
    assert as_raw(decoded) == b"1 " * depth + b"2"
    value = as_json(decoded)
    for _ in range(depth):
        value = value["1"]
    assert value == 2


@pytest.mark.parametrize(
    ("data", "piece"),
    [
        (b"$67108864\r\n" + bytes(64 * 1024 * 1024) + b"\r\n", 64 * 1024),
        (b"*50000\r\n" + b"$3\r\nabc\r\n" * 50_000, 7),
        (b"+" + b"x" * 65_000 + b"\r\n", 1),
    ],
    ids=["64 MiB string", "many elements", "long line"],
)
def test_pieces_cost_no_rescan(data: bytes, piece: int) -> None:
    """Reading from the start again with each piece would take minutes, tens of seconds and seconds."""
    decoder = Decoder()
    started = time.perf_counter()
    replies = [found for at in range(0, len(data), piece) for found in decoder.feed(data[at : at + piece])]
    assert time.perf_counter() - started < 5
    assert len(replies) == 1
    assert not decoder.pending


TOKENS = st.sampled_from(
    [b"\r\n", b"+", b"-", b":", b"$", b"*", b"~", b">", b"%", b"|", b"_", b"#t", b",", b"(", b"=", b"!", b";", b".", b"?", b"1", b"2"]
)


@given(st.one_of(st.binary(max_size=64), st.lists(TOKENS, max_size=40).map(b"".join)), st.lists(st.integers(0, 64), max_size=4))
def test_any_bytes_in_any_pieces_come_to_the_same(data: bytes, cuts: list[int]) -> None:
    """Replies, a failure or a wish for more, whatever came; and the pieces do not matter."""
    whole = outcome([data])
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert outcome(pieces) == whole


def outcome(pieces: list[bytes]) -> tuple[list[Reply], tuple[str, str] | None, bool]:
    decoder, replies = Decoder(), list[Reply]()
    try:
        for piece in [*pieces, b""]:
            replies += decoder.feed(piece)
    except ExchangeError as error:
        return replies, (error.layer, error.kind), decoder.pending
    for found in replies:
        as_text(found).encode()
        as_raw(found)
        as_json(found)
        framing(found)
    return replies, None, decoder.pending
