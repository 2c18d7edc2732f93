"""Values as text: what JSON they become, whatever a server sends."""

from __future__ import annotations

import json

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import Verbatim, dumps, plain
from rrcli.codec.pg.copytext import Lines, csv_values, text_values
from rrcli.codec.pg.messages import Column, DataRow
from rrcli.codec.pg.oids import type_name
from rrcli.codec.pg.values import Rows, parameter, reader


def column(name: str, oid: int = 25, format: int = 0) -> Column:
    return Column(name=name, oid=oid, size=-1, modifier=-1, format=format)


@pytest.mark.parametrize(
    ("oid", "data", "written"),
    [
        (23, b"-5", "-5"),
        (23, b"0x10", '"0x10"'),
        (23, b"007", '"007"'),
        (23, b"", '""'),
        (23, b"9" * 5000, f'"{"9" * 5000}"'),
        (1700, b"1.10", "1.10"),
        (1700, b"NaN", '"NaN"'),
        (1700, b"1.", '"1."'),
        (1700, b".5", '".5"'),
        (701, b"1e+100", "1e+100"),
        (701, b"Infinity", '"Infinity"'),
        (701, b"1e", '"1e"'),
        (701, b"--1", '"--1"'),
        (16, b"t", "true"),
        (16, b"maybe", '"maybe"'),
        (3802, b'{"a": 1.10}', '{"a": 1.10}'),
        (114, b'{"a":\n 1}', '{"a": 1}'),
        (114, b"{", '"{"'),
        (17, rb"\x00ff", '{"base64": "AP8="}'),
        (17, rb"\x0", '"\\\\x0"'),
        (17, rb"a\\b\377", '{"base64": "YVxi/w=="}'),
        (17, rb"a\9", '"a\\\\9"'),
        (25, b"\xff", '{"base64": "/w=="}'),
        (16402, b"sad", '"sad"'),
        (1007, b"{1,NULL,3}", '[1, null, 3]'),
        (1007, b"[2:3]={1,2}", "[1, 2]"),
        (1007, b"[0:0][5:5]={{7}}", "[[7]]"),
        (1007, b"{}", "[]"),
        (1007, b"{{},{}}", "[[], []]"),
        (1007, b"{1,}", '"{1,}"'),
        (1007, b"{1", '"{1"'),
        (1007, b"{1}}", '"{1}}"'),
        (1007, b"{1}x", '"{1}x"'),
        (1007, b"{,1}", '"{,1}"'),
        (1007, b"{" * 40 + b"}" * 40, json.dumps("{" * 40 + "}" * 40)),
        (1007, b"[x]={1}", '"[x]={1}"'),
        (1007, b"1", '"1"'),
        (1007, b"", '""'),
        (1009, rb'{"a,b","\"q\"","b\\s","NULL",NULL,null,c d}', r'["a,b", "\"q\"", "b\\s", "NULL", null, "null", "c d"]'),
        (1009, b'{"a', '"{\\"a"'),
        (1020, b"{(1,1),(0,0);(2,2),(1,1)}", '["(1,1),(0,0)", "(2,2),(1,1)"]'),
        (199, rb'{"{\"a\":1.0}"}', '[{"a":1.0}]'),
    ],
)  # fmt: skip
def test_a_text_becomes_json(oid: int, data: bytes, written: str) -> None:
    assert dumps(reader(oid)(data)) == written


def test_a_large_array_is_read_in_time() -> None:
    assert len(reader(1007)(b"{" + b",".join([b"123"] * 200_000) + b"}")) == 200_000
    assert len(reader(1009)(b"{" + b",".join([rb'"a\\b"'] * 100_000) + b"}")) == 100_000
    assert reader(1009)(b'{"' + rb"\\" * 500_000 + b'"}') == ["\\" * 500_000]


def test_columns_of_one_name_get_numbers() -> None:
    rows = Rows([column("a"), column("a"), column("a_2"), column("a", 23), column("b", format=1)])
    assert rows.names == ["a", "a_3", "a_2", "a_4", "b"]
    assert rows.renamed == ["a_3", "a_4"]
    assert rows.read(DataRow((b"1", None, b"3", b"4", b"5"))) == {"a": "1", "a_3": None, "a_2": "3", "a_4": 4, "b": {"base64": "NQ=="}}
    with pytest.raises(ExchangeError, match="a row has 1 values, and the result 5 columns"):
        rows.read(DataRow((b"1",)))
    assert len(Rows([column("x")] * 65_535).renamed) == 65_534


def test_a_value_for_comparing_is_a_number() -> None:
    assert plain({"n": Verbatim("1.10"), "l": [Verbatim('{"a": 1}'), "x"]}) == {"n": 1.1, "l": [{"a": 1}, "x"]}


def test_types_have_names() -> None:
    assert [type_name(oid) for oid in (23, 1007, 25, 2249, 16402)] == ["int4", "int4[]", "text", "record", "oid:16402"]


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, None), ("ä", "ä".encode()), ("\udcff", b"\xff"), (True, b"true"), (1, b"1"), (1.5, b"1.5"), (float("nan"), b"NaN"),
        (float("-inf"), b"-Infinity"), (b"\0", rb"\x00"), ([1, None, [2.5]], b"{1,NULL,{2.5}}"), (['a"\\'], rb'{"a\"\\"}'),
        ({"a": 1}, b'{"a": 1}'), (Verbatim("1.10"), b"1.10"), ([{"a": "b"}], rb'{"{\"a\": \"b\"}"}'),
    ],
)  # fmt: skip
def test_a_value_becomes_a_parameter(value: object, data: bytes | None) -> None:
    assert parameter(value) == data


def test_a_parameter_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(ExchangeError, match="zero byte") as failed:
        parameter("a\0b")
    assert failed.value.layer == "usage"


# --- COPY


def test_the_text_format_is_read() -> None:
    assert text_values(rb"a	\N	\\N		\b\f\n\r\t\v	\101\1x\x41\x4\xz	\q	end\ ".rstrip() + b"\\") == [
        b"a", None, b"\\N", b"", b"\b\f\n\r\t\v", b"A\1xA\4xz", b"q", b"end\\",
    ]  # fmt: skip


def test_csv_is_read() -> None:
    assert csv_values(b'a,"b ""q"", c",,"",d') == [b"a", b'b "q", c', None, b"", b"d"]
    assert csv_values(b"") == [None]
    assert csv_values(b"a,") == [b"a", None]
    assert csv_values(b"a;b", b";") == [b"a", b"b"]
    for line in (b'"a', b'"a"b,c'):
        with pytest.raises(ExchangeError):
            csv_values(line)


def test_lines_are_bounded_and_end() -> None:
    lines = Lines(largest=5)
    assert lines.feed(b"12345\nab") == [b"12345"]
    with pytest.raises(ExchangeError, match="longer than 5 bytes"):
        lines.feed(b"cdef")
    csv = Lines(csv=True)
    assert csv.feed(b'a,"b\n') == []
    with pytest.raises(ExchangeError, match="ends within quotes"):
        csv.end()
