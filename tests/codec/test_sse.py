"""The WHATWG rules for event streams: the standard's own examples, every rule by itself, and a client library as the oracle."""

from __future__ import annotations

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.sse import SseDecoder, SseEvent


def read(data: bytes, **options: int) -> list[SseEvent]:
    return SseDecoder(**options).feed(data)


def message(data: str, **more: str | int) -> SseEvent:
    return SseEvent(type="message", data=data, **more)


# Section 9.2.6 of the standard: each stream and what it says becomes of it.
EXAMPLES = {
    "stocks": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]),
    "four blocks": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
        [message("first event", id="1"), message("second event", id="")],
    ),
    "empty data": (b"data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]),
    "the space is optional": (b"data:test\n\ndata: test\n\n", [message("test"), message("test")]),
}

RULES = {
    "a byte order mark once": (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [message("a")]),
    "CR": (b"data: a\rdata: b\r\r", [message("a\nb")]),
    "CRLF": (b"data: a\r\ndata: b\r\n\r\n", [message("a\nb")]),
    "mixed line ends": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\r", [message("a"), message("b"), message("c")]),
    "other line ends are none": ("data: a\x0b\x0c\x85\u2028b\n\n".encode(), [message("a\x0b\x0c\x85\u2028b")]),
    "comments": (b": a\n:\ndata: x\n:b\n\n", [message("x")]),
    "a type": (b"event: add\ndata: x\n\ndata: y\n\n", [SseEvent(type="add", data="x"), message("y")]),
    "the last type": (b"event: a\nevent: b\ndata: x\n\n", [SseEvent(type="b", data="x")]),
    "an empty type": (b"event\ndata: x\n\n", [message("x")]),
    "a type without data": (b"event: add\n\ndata: x\n\n", [message("x")]),
    "one space": (b"data:  x \n\n", [message(" x ")]),
    "no colon": (b"data\n\n", [message("")]),
    "unknown fields": (b"Data: x\n data: x\ndata : x\nfoo: x\ndata: y\n\n", [message("y")]),
    "a colon in the value": (b"data: a: b\n\n", [message("a: b")]),
    "an id": (b"id: 7\ndata: x\n\ndata: y\n\n", [message("x", id="7"), message("y")]),
    "an id with NUL": (b"id: 7\nid: 8\x00\ndata: x\n\n", [message("x", id="7")]),
    "a retry": (b"retry: 0250\ndata: x\n\n", [message("x", retry=250)]),
    "no retry": (b"retry: -1\nretry: 1.5\nretry:\nretry: 1e3\nretry:  7\nretry: \xd9\xa1\ndata: x\n\n", [message("x")]),
    "a retry beyond all bounds": (b"retry: %s\ndata: x\n\n" % (b"9" * 5000), [message("x", retry=10**15 - 1)]),
    "broken UTF-8": (b"data: \xff\xe2\x82\ndata: \xc3\xa9\n\n", [message("\ufffd\ufffd\n\u00e9")]),
    "NUL in data": (b"data: a\0b\n\n", [message("a\0b")]),
    "an event without an end": (b"data: x\n", []),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("data", "events"), [*EXAMPLES.values(), *RULES.values()], ids=[*EXAMPLES, *RULES])
def test_rules(data: bytes, events: list[SseEvent]) -> None:
    assert read(data) == events
    for at in range(len(data) if len(data) < 1000 else 0):
        decoder = SseDecoder()
        assert [*decoder.feed(data[:at]), *decoder.feed(b""), *decoder.feed(data[at:])] == events, at
    decoder = SseDecoder()
    assert [event for octet in data for event in decoder.feed(bytes([octet]))] == events


def test_an_event_ends_with_the_first_octet_of_its_line_end() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: x\r\n\r") == [message("x")]
    assert decoder.feed(b"\ndata: y\n\n") == [message("y")]


@pytest.mark.parametrize(
    ("data", "last"),
    [
        (b"id: 7\ndata: x\n\n", "7"),
        (b"id: 7\n\n", "7"),  # an event without data counts here
        (b"id: 7\ndata: x\n", ""),  # one that is not ended does not
        (b"id: 7\n\nid\n\n", ""),
        (b"id: 7\n\ndata: x\n\n", "7"),
        (b"data: x\n\n", ""),
    ],
)
def test_the_last_id(data: bytes, last: str) -> None:
    decoder = SseDecoder()
    decoder.feed(data)
    assert decoder.last_event_id == last


def test_the_next_stream_goes_on_with_id_and_retry() -> None:
    decoder = SseDecoder("7", 250)
    decoder.feed(b"data: x\n\n")
    assert (decoder.last_event_id, decoder.retry_ms) == ("7", 250)


def test_a_retry_counts_without_an_event() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"retry: 50\n") == []
    assert decoder.retry_ms == 50


@pytest.mark.parametrize(
    ("data", "incomplete"),
    [(b"", False), (b"\xef\xbb\xbf", False), (b"data: x\n\n", False), (b": half a comm", False), (b"data: x\n", True), (b"dat", True)],
)
def test_what_is_lost_at_the_end(data: bytes, incomplete: bool) -> None:
    decoder = SseDecoder()
    decoder.feed(data)
    assert decoder.incomplete is incomplete


def test_comments_and_events_without_data_are_no_events() -> None:
    assert SseDecoder().feed(b": a\n: b\n\nevent: x\n\n\n") == []


@pytest.mark.parametrize("data", [b"data: " + b"x" * 100, b"data: 123456\n" * 20, b"data\n" * 101, b":" + b"x" * 101 + b"\n"])
def test_an_event_has_a_limit(data: bytes) -> None:
    decoder = SseDecoder(largest=100)
    with pytest.raises(ExchangeError, match="an event is longer than 100 bytes") as caught:
        decoder.feed(b"data: before\n\n" + data)
    assert (caught.value.layer, caught.value.kind) == ("protocol", "too_large")
    assert decoder.salvaged == [message("before")]


PIECES = [b"data", b"event", b"id", b"retry", b":", b": ", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"12", b"x", b"\xc3\xa9", b"{}"]
streams = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)


@given(streams)
def test_a_client_library_reads_the_same(data: bytes) -> None:
    lines, decoder = SSELineDecoder(), SSEDecoder()
    found = [decoder.decode(line.rstrip("\n")) for line in [*lines.decode(data.decode()), *lines.flush()]]
    # Where it differs from the standard: an event without data is dispatched if it has another field, and ids are always shown.
    theirs = [(event.event, event.data) for event in found if event is not None]
    ours = [(event.type, event.data) for event in read(data)]
    assert [pair for pair in ours if pair[1]] == [pair for pair in theirs if pair[1]]


@given(st.lists(st.one_of(st.sampled_from([*PIECES, b"\xef\xbb\xbf", b"\0", b"\xff"]), st.binary(max_size=3)), max_size=60), st.data())
def test_how_it_arrives_makes_no_difference(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    decoder, once = SseDecoder(), SseDecoder()
    pieces = [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert [event for piece in pieces for event in decoder.feed(piece)] == once.feed(whole)
    assert (decoder.last_event_id, decoder.retry_ms, decoder.incomplete) == (once.last_event_id, once.retry_ms, once.incomplete)
