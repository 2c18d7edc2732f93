"""The tables of WebSocket, NATS and SMTP: they have what the protocols' registries have, in sentences fit to be shown."""

from __future__ import annotations

from types import ModuleType

import pytest
from websockets.frames import CLOSE_CODE_EXPLANATIONS

from rrcli.explain import RETRIES, nats, smtp, ws

FAMILIES: dict[str, ModuleType] = {"ws": ws, "nats": nats, "smtp": smtp}
ROWS = [pytest.param(row, id=f"{family} {code}") for family, module in FAMILIES.items() for code, row in module.TABLE.items()]


@pytest.mark.parametrize("row", ROWS)
def test_texts_are_short_plain_sentences(row: tuple[str, str, str, str, str]) -> None:
    title, retry, spec, meaning, action = row
    assert retry in RETRIES
    assert (len(title) <= 40, len(meaning) <= 110, len(action) <= 140) == (True, True, True)
    assert title[-1] != "."
    assert spec
    for sentence in (meaning, action):
        assert sentence[0].isupper()
        assert sentence[-1] == "."
    for text in (title, spec, meaning, action):
        assert text.isprintable()
        assert text == " ".join(text.split())
        assert not {"`", "…", "‘", "’"} & set(text)


def test_sentences_are_written_for_their_code() -> None:
    meanings = [row[3] for module in FAMILIES.values() for row in module.TABLE.values()]
    assert len(set(meanings)) == len(meanings)


def test_every_close_code_that_websockets_knows_is_there() -> None:
    assert {str(code) for code in CLOSE_CODE_EXPLANATIONS} <= set(ws.TABLE)
    assert {str(code) for code in range(1000, 1016)} <= set(ws.TABLE)


@pytest.mark.parametrize(
    ("code", "known_as"),
    [("1016", "1xxx"), ("2999", "1xxx"), ("3500", "3xxx"), ("4001", "4xxx"), ("5000", None), ("999", None), ("٤٠٠١", None), ("", None)],
)
def test_a_range_speaks_for_a_close_code(code: str, known_as: str | None) -> None:
    assert ws.fallback(code) == known_as


@pytest.mark.parametrize(
    ("text", "known_as"),
    [
        ('Permissions Violation for Publish to "nope.x"', "Permissions Violation for Publish"),
        ('Permissions Violation for Subscription to "a"', "Permissions Violation"),
        ("'authorization violation'", "Authorization Violation"),
        ("Unknown Protocol Operation", "Unknown Protocol Operation"),
        ("Something Else", None),
        ("5030", None),
        ("", None),
    ],
)
def test_an_err_of_nats_is_known_by_how_it_begins(text: str, known_as: str | None) -> None:
    assert nats.fallback(text) == known_as


def test_nats_has_the_statuses() -> None:
    assert [code for code in nats.TABLE if code.isdecimal()] == ["100", "404", "408", "409", "503"]
    assert nats.TABLE["503"][1] == "safe"


@pytest.mark.parametrize(
    ("code", "known_as"),
    [
        ("5.1.1", "X.1.1"), ("4.2.2", "X.2.2"), ("2.1.5", "X.1.5"), ("5.1.99", "X.1.x"), ("4.9.9", "4.x.x"), ("5.0.0", "X.0.x"),
        ("3.1.1", None), ("5.1", None), ("5.1.1.1", None), ("5.1.x", None), ("299", "2xx"), ("399", "3xx"), ("499", "4xx"), ("599", "5xx"),
        ("199", None), ("55", None), ("", None), ("٥٥٠", None), ("5.1111.1", None),
    ],
)  # fmt: skip
def test_a_class_speaks_for_a_code_of_smtp(code: str, known_as: str | None) -> None:
    assert smtp.fallback(code) == known_as


def test_what_may_pass_is_for_later_and_the_rest_is_useless() -> None:
    for code, row in smtp.TABLE.items():
        if code[0] == "4":
            assert row[1] == ("useless" if code == "432" else "later")
        elif code[0] == "5":
            assert row[1] == "useless"
        else:
            assert row[1] == "none"
