"""Whatever bytes come: an event, a clean failure, or more data wanted; the same whole, split and mutated.

`pytest tests/fuzz --hypothesis-profile=long` is the longer run.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split

from rrcli.base.errors import KINDS, ExchangeError
from rrcli.base.jsontext import dumps, loads
from rrcli.base.url import split_host, split_url
from rrcli.base.visible import visible
from rrcli.codec.boundary import AfterFrame, AfterLines, AfterText
from rrcli.codec.dns import message as codec
from rrcli.codec.http.content import ContentDecoder
from rrcli.codec.http.h1 import End, ResponseDecoder
from rrcli.codec.recognise import recognise
from rrcli.codec.redis.resp import Decoder
from rrcli.codec.sse import SseDecoder
from rrcli.policy.judge import Judge

SEEDS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.0 404\nSet-Cookie: a\n folded\n\nbody",
    b"*3\r\n$3\r\nfoo\r\n:1\r\n%1\r\n+a\r\n,1.5\r\n",
    b"|1\r\n+a\r\n:1\r\n=7\r\ntxt:abc\r\n>1\r\n_\r\n$?\r\n;2\r\nab\r\n;0\r\n",
    b"\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3www\7example\4test\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1",
    b"\xef\xbb\xbfid: 1\nevent: a\ndata: x\r\ndata\r\r: comment\nretry: 10\n\n",
    gzip.compress(b"hello" * 10, mtime=0),
    zlib.compress(b"hello" * 10),
    b'{"a": [1, 2.5e3, "\\u00e9", null]}',
)


received = st.one_of(st.binary(max_size=200), mutated(*SEEDS))


def http(pieces: list[bytes], method: str) -> object:
    decoder = ResponseDecoder(method)
    events = [event for piece in pieces if piece for event in decoder.feed(piece)]
    events += decoder.eof()
    content = b"".join(event.data for event in events if type(event).__name__ == "Data")
    # What comes behind the end is told with it only if it came together with it.
    others = [event.replace(leftover=b"") if isinstance(event, End) else event for event in events if type(event).__name__ != "Data"]
    return others, content


@given(received, cuts, st.sampled_from(["GET", "HEAD"]))
def test_http(data: bytes, sizes: list[int], method: str) -> None:
    whole = outcome(lambda: http([data], method))
    assert outcome(lambda: http(list(split(data, sizes)), method)) == whole
    assert outcome(lambda: http([bytes([byte]) for byte in data], method)) == whole


@given(received, cuts)
def test_redis(data: bytes, sizes: list[int]) -> None:
    def run(pieces: list[bytes]) -> object:
        decoder, replies = Decoder(), []
        for piece in (*pieces, b""):  # what broke behind a reply is told at the next feeding
            try:
                replies += decoder.feed(piece)
            except ExchangeError as error:
                assert error.kind in KINDS  # noqa: PT017
                return replies, error.kind
        return replies, None

    whole = outcome(lambda: run([data]))
    assert outcome(lambda: run(list(split(data, sizes)))) == whole
    assert outcome(lambda: run([bytes([byte]) for byte in data])) == whole


@given(received, cuts)
def test_events(data: bytes, sizes: list[int]) -> None:
    def run(pieces: list[bytes]) -> object:
        decoder, events = SseDecoder(largest=100), []
        for piece in pieces:
            try:
                events += decoder.feed(piece)
            except ExchangeError as error:
                return events + decoder.salvaged, error.kind
        return events, decoder.last_event_id, decoder.retry_ms, decoder.incomplete

    whole = outcome(lambda: run([data]))
    assert outcome(lambda: run(list(split(data, sizes)))) == whole
    assert outcome(lambda: run([bytes([byte]) for byte in data])) == whole


@given(received)
def test_dns(data: bytes) -> None:
    outcome(lambda: codec.read(data))


@given(received, cuts, st.lists(st.sampled_from(["gzip", "deflate", "x-gzip", "utf-8"]), min_size=1, max_size=3))
def test_content(data: bytes, sizes: list[int], codings: list[str]) -> None:
    def run(pieces: list[bytes]) -> object:
        decoder = ContentDecoder(codings, lambda _code, _message: None)
        found = b"".join(part for piece in pieces for part in decoder.feed(piece))
        decoder.finish()
        return found

    whole = outcome(lambda: run([data]))
    assert outcome(lambda: run(list(split(data, sizes)))) == whole


@given(received, cuts, st.integers(0, 3), st.binary(min_size=1, max_size=3))
def test_boundaries(data: bytes, sizes: list[int], number: int, text: bytes) -> None:
    """Where an answer ends does not depend on how it arrives."""

    def end(make: Callable[[], AfterLines | AfterText | AfterFrame], pieces: list[bytes]) -> object:
        boundary, before = make(), 0
        for piece in pieces:
            found = boundary.feed(piece)
            if found is not None:
                return before + found
            before += len(piece)
        return None

    for make in (
        lambda: AfterLines(number),
        lambda: AfterText(text),
        lambda: AfterFrame("u16be", 1000),
        lambda: AfterFrame("varint", 1000),
    ):
        whole = outcome(lambda make=make: end(make, [data] if data else []))
        parts = [piece for piece in split(data, sizes) if piece]
        assert outcome(lambda make=make, parts=parts: end(make, parts)) == whole


@given(st.one_of(st.text(max_size=100), received.map(lambda data: data.decode("latin-1"))))
def test_json(text: str) -> None:
    try:
        value = loads(text)
    except ValueError:
        return
    assert dumps(loads(dumps(value))) == dumps(value)


@given(st.text(max_size=80))
def test_what_users_type(text: str) -> None:
    for run in (split_url, lambda word: split_host(word, 80), lambda word: split_url(f"http://{word}"), lambda word: Judge((word,), None)):
        found = outcome(lambda run=run: run(text))
        assert found is not None


@given(received)
def test_what_else_it_may_be(data: bytes) -> None:
    found = recognise(data)
    assert found.what
    assert visible(found.what) == found.what or not found.what.isprintable()


@given(st.text(max_size=100))
def test_visible_is_harmless(text: str) -> None:
    shown = visible(text)
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 or 0xD800 <= ord(letter) <= 0xDFFF for letter in shown)
    assert visible(shown) == shown
