"""JSON text: what is read agrees with the `json` package, what is written is valid and harmless on a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rrcli.base.jsontext import DEEPEST, Verbatim, dumps, fault, loads, pieces

ROOT = Path(__file__).parents[2]
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
OTHERS = "\u2028\u2029\ufeff"
DANGEROUS = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *BIDI, *OTHERS, *map(chr, range(0xD800, 0xE000))}

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())) | st.text(st.sampled_from(sorted(DANGEROUS)))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=20,
)


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


# --- reading


@pytest.mark.parametrize(
    "text",
    [
        "{}", "[]", " [1 , 2.5e3,-0, true , null]\n", '{"a":{"b":[{}]},"a":2}', '"\\ud83d\\ude00\\ud800"', "1e999", "-0.0",
        "12345678901234567890",        '"\u2028"', '"\x7f"', nested(DEEPEST), nested(DEEPEST // 2, '[{"a":', "}]").replace(":}", ":1}"),
    ],
)  # fmt: skip
def test_json_is_read_as_the_json_package_reads_it(text: str) -> None:
    assert loads(text) == json.loads(text)


REFUSED = [
    "", " ", "nul", "[1,]", "{'a':1}", '{"a"}', '"\n"', '"\\x"', "[1] [2]", "01", "+1", ".5", "1.", "NaN", "[Infinity]", "-Infinity",
    "\ufeff{}", "\xa01", "\x0c1", '"abc', "[", nested(DEEPEST + 1), nested(100_000), nested(5000, '{"a":', "}"), "[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:12]))
def test_all_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="JSON|nested deeper than 200|Expecting|Invalid|Unterminated|Illegal|double quotes|Extra"):
        loads(text)


def test_it_does_without_the_json_package() -> None:
    code = f"""
import sys
from rrcli.base.jsontext import loads
for text in {[text for text in REFUSED if len(text) < 100]!r}:
    try:
        loads(text)
    except ValueError:
        continue
    raise SystemExit(f"read {{text[:20]!r}}")
print(loads('{{"a": [1, 2.5, "\\\\u00e9"]}}'), "json" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "{'a': [1, 2.5, 'é']} False\n"


def test_brackets_within_strings_do_not_nest() -> None:
    sad = ":[" * (DEEPEST + 1)
    assert loads(json.dumps([sad, sad])) == [sad, sad]


def test_many_shallow_values_are_not_deep() -> None:
    assert loads(json.dumps([[{}]] * 1000)) == [[{}]] * 1000


@pytest.mark.parametrize(("digits", "kind"), [(3999, int), (4000, float)])
def test_longer_integers_than_python_reads_are_floats(digits: int, kind: type) -> None:
    assert type(loads("9" * digits)) is kind


@given(st.text() | st.text('{}[]",:\\u0123456789truefalsn.eE+- \n\t') | VALUES.map(json.dumps))
@example("[1}")
@example('{"a":1,}')
def test_it_agrees_with_the_json_package_on_any_text(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011  # whichever: it is no JSON
            loads(text)
        return
    if "NaN" in text or "Infinity" in text:
        return  # no JSON, though the package takes them
    assert loads(text) == expected


# --- writing


@pytest.mark.parametrize(
    ("value", "indent", "text"),
    [
        ({"a": 1, "b": [1, 2.5, None, True]}, 0, '{"a": 1, "b": [1, 2.5, null, true]}'),
        ({"a": {"b": {"c": 1}}, "d": [1]}, 1, '{\n  "a": {"b": {"c": 1}},\n  "d": [1]\n}'),
        ({"a": {"b": {"c": 1}}, "d": ()}, 2, '{\n  "a": {\n    "b": {"c": 1}\n  },\n  "d": []\n}'),
        ({"a": [{"b": 1}, {}]}, 3, '{\n  "a": [\n    {\n      "b": 1\n    },\n    {}\n  ]\n}'),
        ({}, 2, "{}"),
        ([], 2, "[]"),
        ("é😀", 0, '"é😀"'),
        ('"\\/\b\f\n\r\t\0\x1b', 0, '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001b"'),
        ("a\x7f\x9bé\u202e\u2066\ufeff\ud800z", 0, '"a\\u007f\\u009bé\\u202e\\u2066\\ufeff\\ud800z"'),
        ([float("inf"), float("-inf"), {"a": float("nan")}, 1e308], 0, '[null, null, {"a": null}, 1e+308]'),
    ],
)
def test_json_is_written(value: Any, indent: int, text: str) -> None:
    assert dumps(value, indent) == text


@pytest.mark.parametrize("value", [b"bytes", {"a": {1, 2}}, object()])
def test_what_is_no_json_value_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match=" is no JSON value$"):
        dumps(value)


SENT = '{"b": 1.50,\r\n\t"a": [1E2, 12345678901234567890123],\n"a": "\u202e\x9b"}'
SHOWN = '{"b": 1.50, "a": [1E2, 12345678901234567890123],"a": "\\u202e\\u009b"}'


@pytest.mark.parametrize(
    ("wrap", "before", "after"),
    [
        (lambda held: held, "", ""),
        (lambda held: {"json": held}, '{"json": ', "}"),
        (lambda held: {"list": [{"a": {"n": 1, "json": held}}], "b": True}, '{"list": [{"a": {"n": 1, "json": ', '}}], "b": true}'),
        (lambda held: [[held], []], "[[", "], []]"),
    ],
)  # fmt: skip
def test_verbatim_keeps_numbers_order_and_repeats(wrap: Any, before: str, after: str) -> None:
    assert dumps(wrap(Verbatim(SENT))) == before + SHOWN + after


def test_verbatim_beside_a_number_that_json_has_not() -> None:
    assert dumps({"x": float("nan"), "json": Verbatim("[1]")}) == '{"x": null, "json": [1]}'


@pytest.mark.parametrize("indent", [0, 2])
def test_what_is_read_can_be_written(indent: int) -> None:
    for text in (nested(DEEPEST), '{"a": ' * DEEPEST + "1e999" + "}" * DEEPEST):
        assert json.loads(dumps(loads(text), indent)) == json.loads(text.replace("1e999", "null"))


@given(VALUES, st.integers(0, 3))
def test_written_json_is_valid_and_harmless(value: Any, indent: int) -> None:
    written = dumps(value, indent)
    assert set(written) & (DANGEROUS - {"\n"} if indent else DANGEROUS) == set()
    assert json.loads(written) == json.loads(json.dumps(value))
    written.encode()  # no lone surrogate is left


@given(VALUES)
def test_verbatim_text_is_valid_and_harmless(value: Any) -> None:
    written = dumps({"json": Verbatim(json.dumps(value, ensure_ascii=False, indent="\t"))})
    assert set(written) & DANGEROUS == set()
    assert json.loads(written) == {"json": json.loads(json.dumps(value))}


def test_a_long_text_within_a_list_is_written_piece_by_piece() -> None:
    value = {"replies": [{"payload": "\x1b" * 3_000_000}, {"payload": "x"}]}
    written = list(pieces(value))
    assert max(map(len, written)) < 6 * 3_000_000 / 2
    assert "".join(written) == dumps(value)
    assert loads("".join(written)) == value


# --- what is wrong with what is none


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a":1,\n"b":', "it breaks at line 2, column 5: expecting value"),
        (')]}\',\n{"a":1}', "it breaks at line 1, column 1: expecting value"),
        ('{"a":"NaN",\n "b": NaN}', "it breaks at line 2, column 7: NaN is not JSON"),
        ("[1,-Infinity]", "it breaks at line 1, column 4: -Infinity is not JSON"),
        ('{"a":1}\n{"a":2}', "it breaks at line 2, column 1: extra data"),
        ('{"a":1,}', "it breaks at line 1, column 8: expecting property name enclosed in double quotes"),
        ('["a\nb"]', "it breaks at line 1, column 4: invalid control character"),
        ('{"a":1}', None),
        ('\ufeff{"a":1}', None),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), None),
    ],
)
def test_where_a_text_breaks(text: str, why: str | None) -> None:
    assert fault(text) == why


def test_numbers_of_more_digits_than_python_converts_are_no_fault() -> None:
    assert [fault(text) for text in ("9" * 5000, "[1, -" + "8" * 5000 + "]", '{"a": ' + "7" * 5000 + ', "b": "NaN"}')] == [None, None, None]
    assert fault("[" + "9" * 5000 + ",\nNaN]") is not None
