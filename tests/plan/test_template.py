"""Templates: what is alone keeps its type, what is inserted is text, and what has no value is told."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.plan.novalue import NoValue, Scope
from rrcli.plan.template import Template
from rrcli.plan.words import split

SCOPE = Scope({"n": 3, "text": "a b", "flag": False, "list": [1, {"a": None}], "env": {"X": "y"}, "none": None})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{n}}", 3),
        ("{{ n }}", 3),
        ("n={{n}}", "n=3"),
        ("{{flag}}", False),
        ("{{list}}", [1, {"a": None}]),
        ("{{list}}!", '[1, {"a": null}]!'),
        ("{{list[0]}}{{text}}", "1a b"),
        ("{{env.X}}", "y"),
        ("{{none || 'd'}}", "d"),
        ("{{missing || `4`}}", 4),
        ("{{`null`}}", None),
        ("{{'{{'}}", "{{"),
        ("{{'a}}b'}}", "a}}b"),
        ("{{{a: n, b: {c: text}}}}", {"a": 3, "b": {"c": "a b"}}),
        ("{{base64('ab')}}", "YWI="),
        ("{{urlencode('a/b c')}}", "a%2Fb%20c"),
        ("{{sha256('')}}", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("{{hmac_sha256('key', 'text')}}", "6afa9046a9579cad143a384c1b564b9a250d27d6f6a63f9f20bf3a7594c9e2c6"),
        ("{{join('-', ['a', 'b'])}}", "a-b"),
        ("no template }} here", "no template }} here"),
    ],
)
def test_the_value_of_a_text(text: str, value: Any) -> None:
    assert Template(text).value(SCOPE) == value


@pytest.mark.parametrize("text", ["{{missing}}", "{{none}}", "{{env.Y}}x", "{{list[1].a}}", "{{length(n)}}"])
def test_no_value_is_told(text: str) -> None:
    with pytest.raises(NoValue):
        Template(text).value(SCOPE)


@pytest.mark.parametrize("text", ["{{", "{{n", "{{'a}}", "{{}}", "{{n ||}}", "{{unknown()}}"])
def test_what_is_no_template_is_told(text: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        Template(text)
    assert caught.value.layer == "usage"


def test_a_name_that_the_request_fills_in_is_left() -> None:
    assert Template("since={{cursor}}&n={{n}}", ("cursor",)).value(SCOPE) == "since={{cursor}}&n=3"


@given(st.text("ab '\"\\\n\t$*~{}", max_size=20).filter(lambda text: "{{" not in text))
@settings(max_examples=300)
def test_words_are_split_as_a_shell_splits_them(text: str) -> None:
    try:
        wanted = shlex.split(text)
    except ValueError:
        with pytest.raises(ExchangeError):
            split(text)
    else:
        assert split(text) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [("GET {{a || 'b c'}}/x", ["GET", "{{a || 'b c'}}/x"]), ('"{{ a }} b" c', ["{{ a }} b", "c"]), ("a{{'}}'}}b", ["a{{'}}'}}b"])],
)
def test_a_template_is_one_piece(text: str, words: list[str]) -> None:
    assert split(text) == words
