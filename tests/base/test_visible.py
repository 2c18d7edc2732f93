"""Nothing unseen reaches a terminal: it is escaped, in drawn text and in JSON; marks do not pile up without end."""

from __future__ import annotations

from unicodedata import category

import pytest

from rrcli.base.jsontext import dumps, loads
from rrcli.base.visible import MOST_MARKS, visible
from rrcli.report.terminal.paint import pieces

TAG = "\U000e0041"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u200bb", r"a\u200bb"),
        ("soft\u00adhyphen", r"soft\u00adhyphen"),
        ("a\u2060\ufeffb", r"a\u2060\ufeffb"),
        (f"a{TAG}b", r"a\udb40\udc41b"),
        ("\u202eevil", r"\u202eevil"),
        ("\x1b[31m", r"\x1b[31m"),
    ],
)
def test_what_is_not_seen_is_shown_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert "".join(piece for piece, _ in pieces(text)) == shown


@pytest.mark.parametrize("code", [code for code in range(0x110000) if category(chr(code)) == "Cf"])
def test_every_format_character_is_escaped(code: int) -> None:
    letter = chr(code)
    assert letter not in visible(f"a{letter}b")
    assert letter not in dumps([letter])
    assert loads(dumps([letter])) == [letter]


def test_a_joiner_is_left_between_pictures_alone() -> None:
    assert visible("👩\u200d💻 a\u200db\u200d") == "👩\u200d💻 a\\u200db\\u200d"
    assert pieces("👩\u200d💻") == [("👩\u200d💻", "")]


def test_marks_that_pile_up_on_a_letter_are_cut() -> None:
    assert visible("e" + "\u0301" * 65_000 + "f\u0301") == "e" + "\u0301" * MOST_MARKS + "…f\u0301"
    assert pieces("e" + "\u0301" * 9) == [("e" + "\u0301" * MOST_MARKS + "…", "")]
    assert visible("e\u0301\u0323 নমস্কার") == "e\u0301\u0323 নমস্কার"
