"""Files of TOML and JSON: what they hold, where each of it stands, and how all that is wrong is told at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.base.places import Places
from rrcli.base.sourcefile import Problems, SourceFile, parse

TOML = """\
name = "shop"  # of the plan
"quoted key".'x y' = 1
a.b.c = [ 1, "two]", # three
          { d = 4,
            e.f = 'five', }, ]

[vars]
base = "{{env.URL || 'http://h'}}"
long = \"\"\"
[not] = a "heading" \\"\"\"
""\"""
when = 1979-05-27 07:32:00

[[step]]
http = "GET /"
[step.json]
item = "book"
[[step]]
  redis = 'x'
  [[step.inner]]
  n = 1
"""


def source(text: str, name: str = "p.toml") -> SourceFile:
    return parse(text.encode(), name)


def told(text: str, name: str = "p.toml") -> tuple[str, ...]:
    with pytest.raises(ExchangeError) as raised:
        source(text, name)
    assert (raised.value.layer, raised.value.kind) == ("usage", "usage")
    return raised.value.problems


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("name",), (1, 1), (1, 8)),
        (("quoted key", "x y"), (2, 14), (2, 22)),
        (("a",), (3, 1), (3, 9)),
        (("a", "b", "c"), (3, 5), (3, 9)),
        (("a", "b", "c", 1), (3, 5), (3, 14)),
        (("a", "b", "c", 2), (3, 5), (4, 11)),
        (("a", "b", "c", 2, "d"), (4, 13), (4, 17)),
        (("a", "b", "c", 2, "e", "f"), (5, 15), (5, 19)),
        (("vars",), (7, 2), (7, 1)),
        (("vars", "long"), (9, 1), (9, 8)),
        (("vars", "when"), (12, 1), (12, 8)),
        (("step", 0), (14, 3), (14, 1)),
        (("step", 0, "json", "item"), (17, 1), (17, 8)),
        (("step", 1), (18, 3), (18, 1)),
        (("step", 1, "redis"), (19, 3), (19, 11)),
        (("step", 1, "inner", 0, "n"), (21, 3), (21, 7)),
        (("step", 1, "missing"), (18, 3), (18, 1)),
    ],
)
def test_every_key_and_value_of_toml_has_its_line_and_column(path: tuple[Any, ...], key: tuple[int, int], value: tuple[int, int]) -> None:
    read = source(TOML)
    assert (read.where(path, key=True), read.where(path)) == (key, value)


def test_json_has_the_same_shape_and_its_own_places() -> None:
    text = '{\n  "a": {"b c": [1, {"d\\"": null}]},\n  "e" : true\n}\n'
    read = source(text, "p.json")
    assert read.values == {"a": {"b c": [1, {'d"': None}]}, "e": True}
    assert read.where(("a", "b c", 1, 'd"'), key=True) == (2, 21)
    assert read.where(("a", "b c", 0)) == (2, 17)
    assert read.where(("e",)) == (3, 9)
    assert source(text, "-").values == read.values  # standard input that begins with a brace


def test_windows_line_ends_and_a_byte_order_mark_change_no_place() -> None:
    read = parse(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n", "p.toml")
    assert read.where(("b",)) == (2, 5)


def test_columns_count_characters() -> None:
    assert source('a = { "grüße→" = 1, b = 2 }').where(("a", "b")) == (1, 25)


def paths(value: Any, path: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path}.union(*(paths(item, (*path, key)) for key, item in inner))


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.sampled_from(["a", "b", "a-b", "0", 'q"', "t\\"])
LEAVES = (
    st.integers(-9, 9)
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8)
TABLES = st.dictionaries(NAMES, VALUES, max_size=4)


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_each_value_that_another_writer_writes_has_a_place_of_its_own(table: dict[str, Any]) -> None:
    for text, is_json in ((tomlkit.dumps(table), False), (json.dumps(table, indent=1), True)):
        read = source(text, "p.json" if is_json else "p.toml")
        assert read.values == table
        places = Places(read.text, is_json=is_json)
        assert not places.repeated
        assert paths(table) - {()} <= set(places.values)
        for path in paths(table):
            value = table
            for part in path:
                value = value[part]
            if isinstance(value, bool):
                assert read.text.startswith(str(value).lower(), places.values[path])
            elif isinstance(value, int):
                assert read.text.startswith(str(value), places.values[path])


@settings(max_examples=50, deadline=None)
@given(st.text("[]{}=.\"'\\\n\t #a1:,", max_size=40))
def test_no_text_breaks_the_search_for_places(text: str) -> None:
    Places(text, is_json=False)
    Places(text, is_json=True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = [1,\n", "p.toml:3:1: invalid value"),
        ("a = yes\n", "p.toml:1:5: invalid value; text stands in quotes"),
        ('x = 1\nre = "\\d+"\n', "p.toml:2:7: unescaped '\\' in a string; in single quotes a backslash is a backslash: 'a\\d'"),
        ("a = 1\nb = 2\n  a = 3\n", "p.toml:3:3: a is given twice"),
        ("[t]\nb.c = 1\n\n[t]\n", "p.toml:4:2: t is given twice"),
        ("t = { a = 1,\n  a = 2 }\n", "p.toml:2:3: a is given twice"),
        ("a: 1\n", "p.toml:1:2: expected '=' after a key in a key/value pair"),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(text: str, line: str) -> None:
    assert told(text) == (line,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1,\n "b": }', "p.json:2:7: expecting value"),
        ('{"a": {"b": 1,\n "b": 2}}', "p.json:2:2: b is given twice"),
        ("[1]", "p.json:1:1: an object is wanted, {…}"),
        ('{"a": NaN}', "p.json:1:1: NaN is not JSON"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(text: str, line: str) -> None:
    assert told(text, "p.json") == (line,)


def test_what_is_no_text_is_told_with_its_place() -> None:
    with pytest.raises(ExchangeError) as raised:
        parse(b"a = 1\nb = '\xff'\n", "p.toml")
    assert raised.value.problems == ("p.toml:2:6: this is no UTF-8",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.toml", "a = " + "[" * 5000),
        ("p.toml", "a = " + "[" * 250 + "]" * 250),
        ("p.json", '{"a":' * 300 + "1" + "}" * 300),
    ],
)
def test_a_file_nested_without_end_is_refused(name: str, text: str) -> None:
    assert told(text, name) == (f"{name}:1:1: nested deeper than 200",)


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_files_and_lines() -> None:
    one, other = source("b = 1\na = 2\n", "one.toml"), source("c = 3\n", "other.toml")
    problems = Problems()
    problems.raise_any()
    problems.add(one, ("a",), "no a")
    problems.add(other, ("c",), "no c")
    problems.add(one, ("b",), "no b", key=True)
    with pytest.raises(ExchangeError) as raised:
        problems.raise_any()
    assert raised.value.problems == ("one.toml:1:1: no b", "one.toml:2:5: no a", "other.toml:1:5: no c")
    assert raised.value.message == "one.toml:1:1: no b (and 2 more)"
