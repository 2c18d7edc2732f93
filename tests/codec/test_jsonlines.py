"""Lines of JSON: whole, byte by byte, in sequences, too long, and never more than the data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.fields import is_json_lines
from rrcli.codec import jsonlines
from rrcli.codec.jsonlines import JsonLinesDecoder

LINES = "application/x-ndjson"
SEQUENCE = "application/json-seq"


def decoded(media_type: str, *pieces: bytes) -> list[str]:
    """The lines of the content, which the pieces that come out make up again."""
    decoder, found, passed = JsonLinesDecoder(media_type), [], []
    for piece in pieces:
        for content, line in decoder.feed(piece):
            passed.append(content)
            found.append(line)
    assert b"".join(passed) == b"".join(pieces)
    return [line for line in (*found, decoder.finish()) if line is not None]


@pytest.mark.parametrize(
    ("media_type", "is_one"),
    [
        ("application/x-ndjson", True), ("application/ndjson", True), ("application/jsonl", True), ("application/json-seq", True),
        ("application/json", False), ("text/plain", False), (None, False),
    ],
)  # fmt: skip
def test_media_types(media_type: str | None, is_one: bool) -> None:
    assert is_json_lines(media_type) is is_one


@pytest.mark.parametrize(
    ("media_type", "data", "lines"),
    [
        (LINES, b'{"n":1}\n{"n":2}\n', ['{"n":1}', '{"n":2}']),
        (LINES, b'{"n":1}\r\n\r\n  \n{"n":2}', ['{"n":1}', '{"n":2}']),
        (LINES, b"no json\n\xff\n", ["no json", "\ufffd"]),
        (LINES, b"", []),
        (SEQUENCE, b'\x1e{"n":1}\n\x1e{"n":2}\n', ['{"n":1}', '{"n":2}']),
        (SEQUENCE, b'\x1e{\n "n": 1\n}\n\x1e2\n', ['{\n "n": 1\n}', "2"]),
        (SEQUENCE, b'\x1e{"cut\x1e{"n":2}\n', ['{"cut', '{"n":2}']),
        (SEQUENCE, b"\x1e\x1e1\n\x1e", ["1"]),
        (SEQUENCE, b'\x1e{"n"', ['{"n"']),
    ],
)
def test_lines(media_type: str, data: bytes, lines: list[str]) -> None:
    assert decoded(media_type, data) == lines
    assert decoded(media_type, *(bytes([byte]) for byte in data)) == lines


def test_a_line_that_is_too_long_is_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonlines, "LONGEST", 10)
    for data in (b'"' + b"x" * 30 + b'"\n1\n', b"x" * 11 + b"\n1\n"):
        assert decoded(LINES, data) == ["1"]
        assert decoded(LINES, *(bytes([byte]) for byte in data)) == ["1"]
        decoder = JsonLinesDecoder(LINES)
        assert len(list(decoder.feed(data))) == 2
        assert decoder.too_long == 1


@given(
    st.lists(st.binary(max_size=8) | st.sampled_from([b"\n", b"\x1e", b"1", b'{"a":1}', b"[\n]"]), max_size=12),
    st.sampled_from([LINES, SEQUENCE]),
)
def test_any_bytes_in_any_pieces_are_passed_on_whole(pieces: list[bytes], media_type: str) -> None:
    lines = decoded(media_type, *pieces)
    assert all(line == line.strip() or "\ufffd" in line or media_type == SEQUENCE or line for line in lines)
    if media_type == LINES:
        assert lines == decoded(media_type, b"".join(pieces))
