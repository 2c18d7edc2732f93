"""The table of gRPC's statuses: every code by its number and its name, and sentences fit to be shown."""

from __future__ import annotations

import pytest

from rrcli.codec.grpc.status import CODES
from rrcli.explain import RETRIES
from rrcli.explain.grpc import ALIASES, TABLE


def test_every_code_is_there_by_number_and_by_name() -> None:
    assert [code for code in TABLE if code.isdecimal()] == [str(number) for number in range(17)]
    assert {name: (str(number),) for number, name in enumerate(CODES)} == ALIASES


def test_the_names_are_those_of_grpcio() -> None:
    grpc = pytest.importorskip("grpc")
    assert {status.value[0]: status.name for status in grpc.StatusCode} == dict(enumerate(CODES))


@pytest.mark.parametrize("code", TABLE)
def test_texts_are_short_plain_sentences(code: str) -> None:
    title, retry, spec, meaning, action = TABLE[code]
    assert retry in RETRIES
    assert spec
    assert (len(title) <= 40, len(meaning) <= 110, len(action) <= 140) == (True, True, True)
    assert (meaning[-1], action[-1]) == (".", ".")
