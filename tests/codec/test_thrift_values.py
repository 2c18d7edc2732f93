"""JSON to the fields of a Thrift call and back, by the IDL: what fits, what does not and where, and what the IDL does not know."""

from __future__ import annotations

from typing import Any

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.codec.thrift import idl, reply
from rrcli.codec.thrift.model import Method, Program, Struct
from rrcli.codec.thrift.parser import parse
from rrcli.codec.thrift.readvalue import ValueReader
from rrcli.codec.thrift.tree import (
    BINARY,
    BOOL,
    CALL,
    DOUBLE,
    EXCEPTION,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    REPLY,
    STRING,
    STRUCT,
    Items,
    Pairs,
    ThriftMessage,
)
from rrcli.codec.thrift.writevalue import fields

SHOP = """
enum Color { RED = 1, GREEN, GREY = 7 }
union Money { 1: i64 cents, 2: string text }
struct User { 1: required string name, 3: i32 age = 18, 2: optional Color color, 4: Money money, 5: list<User> friends }
exception Gone { 1: string why }
service Shop {
  User save(1: User user) throws (1: Gone gone)
  void many(1: bool b, 2: i8 small, 3: i16 short, 4: i32 int, 5: i64 long, 6: double d, 7: string s, 8: binary raw, 9: uuid id,
            10: map<i32, string> names, 11: map<User, i32> users, 12: set<Color> colors, 13: map<binary, bool> keys)
  i32 far(70000: i32 a)
}
"""


def linked() -> Program:
    program = parse("shop.thrift", SHOP)
    idl.link(program)
    return program


PROGRAM = linked()


def method(name: str) -> Method:
    return idl.find_method(PROGRAM, name)[1]


def many(**given: Any) -> Any:
    """What the arguments of `many` become, of those that are given."""
    arguments = method("many").arguments
    only = Struct(PROGRAM, "many_args", 0, "arguments")
    only.fields = [field for field in arguments.fields if field.name in given]
    return fields(only, given)[0]


def shape(value: Any) -> Any:
    """Containers as what `==` compares."""
    if isinstance(value, Items):
        return (value.type, [shape(item) for item in value.values])
    if isinstance(value, Pairs):
        return (value.key_type, value.type, [(shape(key), shape(item)) for key, item in value.pairs])
    return value


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"b": True}, True),
        ({"b": "false"}, False),
        ({"b": "1"}, True),
        ({"small": -128}, -128),
        ({"int": "42"}, 42),
        ({"int": "-0x10"}, -16),
        ({"long": 9223372036854775807}, 9223372036854775807),
        ({"d": 3}, 3.0),
        ({"d": "1e3"}, 1000.0),
        ({"d": "-Infinity"}, float("-inf")),
        ({"s": "é"}, "é".encode()),
        ({"s": {"base64": "/w=="}}, b"\xff"),
        ({"raw": {"base64": "_w"}}, b"\xff"),
        ({"raw": '{"base64": "/w=="}'}, b"\xff"),
        ({"raw": "text"}, b"text"),
        ({"id": "00112233-4455-6677-8899-AABBCCDDEEFF"}, bytes.fromhex("00112233445566778899aabbccddeeff")),
        ({"names": {"1": "a", "-2": "b"}}, (I32, STRING, [(1, b"a"), (-2, b"b")])),
        ({"names": [[1, "a"], ["0x2", "b"]]}, (I32, STRING, [(1, b"a"), (2, b"b")])),
        ({"names": '{"1": "a"}'}, (I32, STRING, [(1, b"a")])),
        ({"names": {}}, (I32, STRING, [])),
        ({"users": {'{"name": "a"}': 1}}, (STRUCT, I32, [([(1, STRING, b"a"), (3, I32, 18)], 1)])),
        ({"colors": ["RED", "Color.GREEN", 7, "1"]}, (I32, [1, 2, 7, 1])),
        ({"keys": {'{"base64": "/w=="}': True, "a": False}}, (BINARY, BOOL, [(b"\xff", True), (b"a", False)])),
    ],
)
def test_json_becomes_what_is_sent(given: dict[str, Any], sent: object) -> None:
    assert shape(many(**given)[0][2]) == sent


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"b": 1}, "args.b: true or false (bool) is expected, not 1"),
        ({"small": 128}, "args.small: 128 is outside i8, which goes from -128 to 127"),
        ({"short": -32769}, "args.short: -32769 is outside i16, which goes from -32768 to 32767"),
        ({"int": 99999999999}, "args.int: 99999999999 is outside i32, which goes from -2147483648 to 2147483647"),
        ({"int": 1.5}, "args.int: a whole number (i32) is expected, not 1.5"),
        ({"int": True}, "args.int: a whole number (i32) is expected, not true"),
        ({"int": "two"}, 'args.int: a whole number (i32) is expected, not "two"'),
        ({"long": 1 << 63}, "args.long: 9223372036854775808 is outside i64, which goes from -9223372036854775808 to 9223372036854775807"),
        ({"d": []}, "args.d: a number (double) is expected, not []"),
        ({"s": 5}, "args.s: text (string) is expected, not 5"),
        ({"s": "\ud800"}, "args.s: the text has half a surrogate pair, which UTF-8 cannot hold"),
        ({"raw": 5}, 'args.raw: text or {"base64": "…"} (binary) is expected, not 5'),
        ({"raw": {"base64": "é"}}, 'args.raw: {"base64": "…"} is expected, and {"base64": "é"} is no base64'),
        ({"id": "12"}, 'args.id: a UUID is expected, not "12"'),
        ({"names": 5}, "args.names: a map<i32, string> is a JSON object, or a list of [key, value] pairs, not 5"),
        ({"names": [[1]]}, "args.names: a map<i32, string> is a JSON object, or a list of [key, value] pairs, not [[1]]"),
        ({"names": {"x": "a"}}, 'args.names key "x": a whole number (i32) is expected, not "x"'),
        ({"names": {"1": 2}}, 'args.names["1"]: text (string) is expected, not 2'),
        ({"names": "{"}, 'args.names: JSON is expected for map<i32, string>, and "{" is none'),
        ({"colors": ["BLUE"]}, 'args.colors[0]: enum Color has no "BLUE"'),
        ({"colors": ["GRENE"]}, "args.colors[0]: enum Color has no \"GRENE\"; did you mean 'GREEN'?"),
        ({"colors": {}}, "args.colors: a set<Color> is a JSON array, not {}"),
    ],
)
def test_what_does_not_fit_is_named_with_its_path(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        many(**given)
    assert (caught.value.layer, caught.value.message) == ("usage", said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "args.user is missing: the method takes user (User)"),
        ({"user": {}}, "args.user.name is missing: struct User requires it, a string"),
        (
            {"user": {"name": "a", "friends": [{"name": "b"}, {"age": 1}]}},
            "args.user.friends[1].name is missing: struct User requires it, a string",
        ),
        ({"user": 5}, "args.user: struct User is a JSON object, not 5"),
        ({"user": {"nmae": "a"}}, "args.user.nmae: struct User has no field of that name; did you mean 'name'?"),
        ({"usr": {}}, "args.usr: the method has no argument of that name; did you mean 'user'?"),
        ({"user": {"name": "a", "money": {}}}, "args.user.money: union Money takes exactly one field, not none"),
        (
            {"user": {"name": "a", "money": {"cents": 1, "text": "b"}}},
            "args.user.money: union Money takes exactly one field, not 'cents', 'text'",
        ),
    ],
)
def test_structs_are_checked_before_anything_is_sent(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        fields(method("save").arguments, given)
    assert caught.value.message == said


def test_an_id_that_no_message_can_hold_is_refused() -> None:
    with pytest.raises(ExchangeError, match="its id 70000 does not fit in the 16 bits"):
        fields(method("far").arguments, {"a": 1})


def test_nesting_without_end_is_refused() -> None:
    user: dict[str, Any] = {"name": "a"}
    for _ in range(40):
        user = {"name": "a", "friends": [user]}
    with pytest.raises(ExchangeError, match="nested deeper than 64"):
        fields(method("save").arguments, {"user": user})


def test_defaults_are_sent_in_the_order_of_ids_and_null_is_not_sent() -> None:
    sent, notes = fields(method("save").arguments, {"user": {"color": 9, "name": "a", "money": None}})
    assert sent == [(1, STRUCT, [(1, STRING, b"a"), (2, I32, 9), (3, I32, 18)])]
    assert notes == ["args.user.color: enum Color has no name for 9"]


# --- answers


def answered(*result: tuple[int, int, Any], name: str = "save", type: int = REPLY, seqid: int = 1, protocol: str = "binary") -> reply.Reply:
    return reply.read_reply(ThriftMessage(name, type, seqid, list(result)), method("save"), 1, protocol)


def test_a_result_is_read_and_what_the_idl_does_not_know_stays() -> None:
    user = [
        (1, STRING, b"a"),
        (2, I32, 9),
        (3, STRING, b"old"),
        (4, STRUCT, [(1, I64, 9007199254740993)]),
        (9, MAP, Pairs(I16, LIST, [(1, Items(DOUBLE, [float("nan"), 0.5]))])),
        (10, STRING, b"\xff"),
    ]
    found = answered((0, STRUCT, user))
    assert found.result == {
        "name": "a",
        "color": 9,
        "3": "old",
        "money": {"cents": 9007199254740993},
        "9": {"1": ["NaN", 0.5]},
        "10": {"base64": "/w=="},
    }
    assert found.unknown_fields == ("result.3", "result.9", "result.10")
    assert found.notes == ("result.color: enum Color has no name for 9", "result.age: came as string, and the IDL says i32")


def test_what_the_idl_requires_and_what_a_union_has_too_much_is_noted() -> None:
    found = answered((0, STRUCT, [(4, STRUCT, [(1, I64, 1), (2, STRING, b"b")])]))
    assert found.notes == (
        "result.money: union Money has exactly one field, and 2 came",
        "result.name: is required by the IDL, and did not come",
    )


def test_exceptions_are_told_apart() -> None:
    found = answered((1, STRUCT, [(1, STRING, b"sold")]))
    assert (found.message_type, found.exception, found.text, found.code) == (
        "reply",
        {"name": "Gone", "fields": {"why": "sold"}},
        "Gone",
        None,
    )
    found = answered((1, STRING, b"Unknown function save"), (2, I32, 1), type=EXCEPTION)
    assert (found.message_type, found.code, found.text, found.message) == ("exception", 1, "UNKNOWN_METHOD", "Unknown function save")
    assert answered((2, I32, 99), type=EXCEPTION).text == "99"
    assert answered(type=EXCEPTION).text == "UNKNOWN"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seqid": 2}, "the answer has sequence number 2, and the call 1"),
        ({"name": "other"}, "the answer is one of method 'other', and 'save' was called"),
        ({"type": CALL}, "the answer is a CALL of 'save', and an answer is a REPLY or an EXCEPTION"),
        ({}, "the answer of 'save' holds no result (MISSING_RESULT)"),
    ],
)
def test_what_cannot_be_the_answer_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        answered(**given)
    assert (caught.value.kind, caught.value.message) == ("malformed", said)


def test_a_result_of_another_type_is_missing_and_named() -> None:
    with pytest.raises(ExchangeError, match=r"holds no result, but result\.0, which the IDL does not have so"):
        answered((0, I32, 5))


def test_a_multiplexed_answer_may_name_its_service() -> None:
    assert answered((0, STRUCT, []), name="Shop:save").result == {}


def read(field: str, value: Any, protocol: str = "binary") -> tuple[Any, list[str]]:
    reader = ValueReader(protocol)
    found = next(each for each in method("many").arguments.fields if each.name == field)
    return reader.value(found.type, value, field), reader.notes


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("raw", b"text", {"base64": "dGV4dA=="}),
        ("d", float("-inf"), "-Infinity"),
        ("id", bytes(range(16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("names", Pairs(I32, STRING, [(1, b"a")]), {"1": "a"}),
        ("names", Pairs(0, 0, []), {}),
        ("users", Pairs(STRUCT, I32, [([(1, STRING, b"a")], 1)]), {'{"name": "a"}': 1}),
        ("colors", Items(I32, [1, 2]), ["RED", "GREEN"]),
        ("colors", Items(0, []), []),
        ("keys", Pairs(STRING, BOOL, [(b"a", True)]), {'{"base64": "YQ=="}': True}),
    ],
)
def test_values_are_shown_by_their_types(field: str, value: Any, shown: object) -> None:
    assert read(field, value) == (shown, [])


def test_binary_in_the_json_protocol_is_base64() -> None:
    assert read("raw", b"/w", "json") == ({"base64": "/w=="}, [])
    assert read("raw", b"/", "json") == ({"base64": "Lw=="}, ["raw: binary that is no base64"])


def test_containers_of_other_types_and_repeated_keys_are_noted() -> None:
    assert read("colors", Items(STRING, [b"a"])) == (["a"], ["colors: its elements came as string, and the IDL says set<Color>"])
    assert read("names", Pairs(STRING, STRING, [(b"a", b"b")])) == (
        {"a": "b"},
        ["names: it came as map<string, string>, and the IDL says map<i32, string>"],
    )
    assert read("names", Pairs(I32, STRING, [(1, b"a"), (1, b"b")])) == (
        {"1": "b"},
        ["names: the key 1 came twice, and its last value is shown"],
    )
    assert read("s", b"\xff") == ({"base64": "/w=="}, ["s: a string that is no UTF-8"])
