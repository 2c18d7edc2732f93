"""The table of Thrift's TApplicationException: every type by name and by number, and sentences fit to be shown."""

from __future__ import annotations

import pytest

from rrcli.codec.thrift.reply import APPLICATION_ERRORS
from rrcli.explain import RETRIES
from rrcli.explain.thrift import ALIASES, TABLE


def test_every_type_is_there_by_name_and_by_number() -> None:
    assert tuple(TABLE) == APPLICATION_ERRORS
    assert {str(number): (name,) for number, name in enumerate(APPLICATION_ERRORS)} == ALIASES


def test_the_names_are_those_of_apaches_library() -> None:
    thrift = pytest.importorskip("thrift.Thrift")
    exception = thrift.TApplicationException
    assert (
        tuple(sorted((name for name in vars(exception) if name.isupper()), key=lambda name: getattr(exception, name))) == APPLICATION_ERRORS
    )


@pytest.mark.parametrize("code", TABLE)
def test_texts_are_short_plain_sentences(code: str) -> None:
    title, retry, spec, meaning, action = TABLE[code]
    assert retry in RETRIES
    assert len(title) <= 40
    assert len(meaning) <= 110
    assert len(action) <= 140
    assert title[-1] != "."
    assert spec != ""
    for sentence in (meaning, action):
        assert sentence[0].isupper()
        assert sentence[-1] == "."
    for text in (title, spec, meaning, action):
        assert text.isprintable()
        assert text == " ".join(text.split())
