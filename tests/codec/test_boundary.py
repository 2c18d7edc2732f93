"""Where an answer of raw bytes ends; cutting the bytes differently never changes it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.codec.boundary import REACH, AfterBytes, AfterLines, AfterMatch, AfterText, Boundary
from rrcli.engine.registry import BY_NAME

Make = Callable[[], Boundary]


def end(boundary: Boundary, pieces: list[bytes]) -> int | None:
    """The position in the whole stream at which the answer ends."""
    seen = 0
    for piece in pieces:
        taken = boundary.feed(piece)
        if taken is not None:
            assert 0 <= taken <= len(piece)
            return seen + taken
        seen += len(piece)
    return None


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def match(pattern: bytes) -> Make:
    return lambda: AfterMatch(re.compile(pattern, re.MULTILINE))


CASES: list[tuple[str, Make, bytes, int | None]] = [
    ("never by itself", Boundary, b"a\r\n\0", None),
    ("bytes", lambda: AfterBytes(3), b"abcd", 3),
    ("too few bytes", lambda: AfterBytes(3), b"ab", None),
    ("no bytes", lambda: AfterBytes(0), b"a", 0),
    ("a line", lambda: AfterLines(1), b"a\r\nb\n", 3),
    ("two lines", lambda: AfterLines(2), b"\n\nb\n", 2),
    ("a line without end", lambda: AfterLines(1), b"abc\r", None),
    ("a text", lambda: AfterText(b"\r\n\r\n"), b"a\r\n\r\r\n\r\nb", 8),
    ("a text that begins again within itself", lambda: AfterText(b"aab"), b"aaab", 4),
    ("the first of two", lambda: AfterText(b"x"), b"axbx", 2),
    ("a text that does not come", lambda: AfterText(b"xyz"), b"xyxyxy", None),
    ("a match", match(rb"\d+ ok"), b"a 12 ok 3 ok", 7),
    ("a match at a line's beginning", match(rb"^25\d "), b"250-a\n250 b\n", 10),
    ("a match that does not come", match(rb"^b"), b"ab", None),
]


@pytest.mark.parametrize(("make", "data", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_where_it_ends(make: Make, data: bytes, expected: int | None) -> None:
    assert end(make(), [data]) == expected
    assert end(make(), bytewise(data)) == expected


@pytest.mark.parametrize("boundary", [Boundary(), AfterBytes(1), AfterLines(1), AfterText(b"a"), AfterMatch(re.compile(b"a"))])
def test_every_framing_has_words(boundary: Boundary) -> None:
    assert boundary.framing in BY_NAME["tcp"].load_manifest().framings


def test_a_match_may_look_ahead_into_the_next_piece() -> None:
    boundary = AfterMatch(re.compile(b"a(?=b)"))
    assert (boundary.feed(b"xa"), boundary.feed(b"b")) == (None, 0)


def test_a_match_begins_within_reach() -> None:
    near, far = AfterMatch(re.compile(b"a.*z", re.DOTALL)), AfterMatch(re.compile(b"a.*z", re.DOTALL))
    assert (near.feed(b"a" + b"-" * (REACH - 1)), near.feed(b"z")) == (None, 1)
    assert (far.feed(b"a" + b"-" * REACH), far.feed(b"z")) == (None, None)


@given(st.data(), st.binary(max_size=40) | st.lists(st.sampled_from([b"a", b"b", b"\n", b"\r"]), max_size=40).map(b"".join))
def test_cutting_never_changes_where_it_ends(draw: st.DataObject, data: bytes) -> None:
    text = draw.draw(st.sampled_from([b"a", b"ab", b"aab", b"\r\n", b"\n\n", b"abab"]))
    count = draw.draw(st.integers(0, 6))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=6)))
    pieces = [data[begin:stop] for begin, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    for make in (lambda: AfterText(text), lambda: AfterBytes(count + 1), lambda: AfterLines(count + 1), match(re.escape(text))):
        assert end(make(), pieces) == end(make(), [data])
    found = data.find(text)
    assert end(AfterText(text), pieces) == (None if found < 0 else found + len(text))
