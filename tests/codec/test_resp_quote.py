"""Words in quotes: what is written is read back, and redis-cli reads it the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.codec.redis.quote import as_quoted, quote, split
from rrcli.codec.redis.resp import Decoder, Reply


@given(st.lists(st.binary()))
def test_any_words_come_back(words: list[bytes]) -> None:
    line = b" ".join(map(quote, words))
    assert line.decode("ascii").isprintable()
    assert split(line) == words


@given(st.lists(st.binary(), min_size=1))
def test_any_list_comes_back_line_by_line(words: list[bytes]) -> None:
    shown = as_quoted(Reply(type="array", value=tuple(Reply(type="bulk", value=word) for word in words)))
    assert [split(line) for line in shown.split(b"\n")] == [[word] for word in words]


@given(st.binary())
def test_any_line_is_read_or_refused(line: bytes) -> None:
    try:
        split(line)
    except ValueError:
        pass


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b" \t\r", []),
        (b"SET key value", [b"SET", b"key", b"value"]),
        (rb'"a b" "\x00\xFf" "\n\r\t\a\b\"\\\q"', [b"a b", b"\x00\xff", b'\n\r\t\a\b"\\q']),
        (rb"'it\'s' '\n\x00' ''", [b"it's", rb"\n\x00", b""]),
        (rb'a"b c" \x00 "\xg0"', [b"ab c", rb"\x00", b"xg0"]),
    ],
)
def test_as_redis_cli_reads_lines(line: bytes, words: list[bytes]) -> None:
    assert split(line) == words


@pytest.mark.parametrize("line", [b'"a', b"'a", b'"a"b', b'"a""b"', b"'a\\'", b'"\\'])
def test_quotes_that_do_not_close(line: bytes) -> None:
    with pytest.raises(ValueError, match="quote"):
        split(line)


@given(st.lists(st.one_of(st.binary(max_size=30).map(lambda word: Reply(type="bulk", value=word)), st.just(Reply(type="null", value=None))),
                min_size=1, max_size=20), st.integers(1, 9))  # fmt: skip
def test_an_array_taken_in_parts_is_the_array(elements: list[Reply], size: int) -> None:
    lines = [b"$-1\r\n" if part.value is None else b"$%d\r\n%b\r\n" % (len(part.value), part.value) for part in elements]
    wire = b"*%d\r\n" % len(elements) + b"".join(lines)
    decoder, taken = Decoder(in_parts=True), []
    for at in range(0, len(wire), size):
        for reply in decoder.feed(wire[at : at + size]):
            taken += reply.value
        if decoder.outermost:
            assert decoder.pending
            taken += decoder.drain()
    assert taken == elements
    assert not decoder.pending


@given(st.binary(min_size=1), st.integers(1, 9))
def test_a_string_taken_in_parts_is_the_string(word: bytes, size: int) -> None:
    wire = b"$%d\r\n%b\r\n" % (len(word), word)
    decoder, taken = Decoder(in_parts=True), b""
    for at in range(0, len(wire), size):
        taken += b"".join(reply.value for reply in decoder.feed(wire[at : at + size]))
        if decoder.outermost:
            assert decoder.pending
            taken += b"".join(reply.value for reply in decoder.drain())
    assert taken == word
    assert not decoder.pending


def test_in_parts_only_the_outermost_has_no_limit() -> None:
    decoder = Decoder(in_parts=True)
    assert decoder.feed(b"$%d\r\n" % (1 << 40)) == []
    assert decoder.outermost == Reply(type="bulk", value=1 << 40)
    with pytest.raises(Exception, match="the bulk has 1099511627776 bytes"):
        Decoder(in_parts=True).feed(b"*1\r\n$%d\r\n" % (1 << 40))
