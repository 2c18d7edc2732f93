"""Options as keys of a file: every long spelling is a key, and values have types."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rrcli.engine import registry
from rrcli.options.keys import by_key, value_of
from rrcli.options.option import Optioned, option
from rrcli.options.parse import count, duration


class Sample(Optioned):
    loud: bool = option("-l", "--loud", kind="flag", help="Louder.")
    wait: float = option("-m", "--wait", "--max-wait", default=1.0, parse=duration, metavar="TIME", help="Wait.")
    tags: tuple[str, ...] = option("--tag", kind="many", help="Tags.")
    number: int | None = option("-n", parse=count, help="Has no long spelling.")
    steps: tuple[Any, ...] = option("--send", "--await", kind="steps", parse=lambda flag, text: (flag, text), help="Steps.")


KEYS = by_key(Sample.options_)


def test_every_long_spelling_is_a_key() -> None:
    assert list(KEYS) == ["loud", "wait", "max-wait", "tag", "send", "await"]


@pytest.mark.parametrize(
    ("key", "value", "meant"),
    [
        ("loud", True, True),
        ("wait", "250ms", 0.25),
        ("max-wait", 2, 2.0),
        ("tag", ["a", "b"], ("a", "b")),
        ("tag", "a", ("a",)),
        ("await", "x", (("--await", "x"),)),
        ("send", [{"await": "x"}, {"send": "y"}], (("--await", "x"), ("--send", "y"))),
    ],
)
def test_a_value_is_read_by_its_type(key: str, value: Any, meant: Any) -> None:
    assert value_of(KEYS[key], key, value) == meant


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("loud", "yes", "loud is true or false, not a text"),
        ("wait", True, "wait takes TIME, not true or false"),
        ("max-wait", [], "max-wait: --wait takes TIME, not a list"),
        ("wait", "soon", "wait: 'soon' is no duration; write 250ms, 3s, 1m or bare seconds"),
        ("send", [{"sned": "x"}], "send: sned is not one of send, await; did you mean send?"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(key: str, value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        value_of(KEYS[key], key, value)


@pytest.mark.parametrize("entry", registry.PROTOCOLS, ids=lambda entry: entry.name)
def test_no_two_options_of_a_protocol_have_the_same_key(entry: registry.Protocol) -> None:
    options = entry.load()[0].options_
    spelled = [flag for declared in options.values() for flag in declared.flags if flag[:2] == "--"]
    assert len(by_key(options)) == len(spelled)
