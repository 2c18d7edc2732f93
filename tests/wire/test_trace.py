"""What is written down of one exchange: bytes both ways with their times, up to a limit, and the first of the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.model import Attempt, Connection, Entry, TlsInfo
from rrcli.wire.trace import FIRST_BYTES, Trace


def begun(limit: int | None = None) -> Trace:
    """A trace whose exchange began at 1000."""
    trace = Trace(limit)
    trace.timeline.enter("connect", 1000)
    trace.timeline.leave(1000)
    return trace


def test_without_a_limit_there_is_no_transcript() -> None:
    trace = begun()
    trace.sent(b"ask", 1010)
    trace.received(b"answer", 1020)
    trace.remark("nothing to explain")
    assert trace.transcript() is None
    assert trace.first == b"answer"


def test_entries_have_their_time_since_the_beginning() -> None:
    trace = begun(100)
    trace.sent(b"ask", 1010, "a question")
    trace.received(b"answer", 1020)
    assert trace.transcript() == (
        Entry(at_ns=10, direction="sent", data=b"ask", note="a question"),
        Entry(at_ns=20, direction="received", data=b"answer"),
    )


def test_remarks_explain_the_latest_entry() -> None:
    trace = begun(100)
    trace.remark("before anything")
    trace.sent(b"ask", 1010)
    trace.remark("one")
    trace.remark("two")
    assert [entry.note for entry in trace.transcript() or ()] == ["one; two"]


def test_what_is_over_the_limit_is_counted() -> None:
    trace = begun(8)
    trace.sent(b"12345", 1010)
    trace.received(b"67890", 1020)
    trace.received(b"more", 1030)
    trace.remark("of an entry that is not there")
    trace.timeline.read(1040)
    left_out = "left out: 6 more bytes in 2 pieces (limit 8; --wire=SIZE keeps more)"
    assert trace.transcript() == (
        Entry(at_ns=10, direction="sent", data=b"12345"),
        Entry(at_ns=20, direction="received", data=b"678"),
        Entry(at_ns=40, direction="received", data=b"", note=left_out),
    )


def test_a_limit_that_is_just_reached_leaves_nothing_out() -> None:
    trace = begun(5)
    trace.sent(b"12345", 1010)
    assert trace.transcript() == (Entry(at_ns=10, direction="sent", data=b"12345"),)


def test_a_limit_of_nothing_counts_all() -> None:
    trace = begun(0)
    trace.sent(b"12345", 1010)
    notes = [entry.note for entry in trace.transcript() or ()]
    assert notes == ["left out: 5 more bytes in 1 pieces (limit 0; --wire=SIZE keeps more)"]


@given(st.integers(0, 50), st.lists(st.binary(max_size=20), max_size=10))
def test_kept_and_left_out_are_all(limit: int, pieces: list[bytes]) -> None:
    trace = begun(limit)
    for piece in pieces:
        trace.received(piece, 1001)
    whole = b"".join(pieces)
    entries = trace.transcript() or ()
    assert b"".join(entry.data for entry in entries) == whole[:limit]
    assert (f"left out: {len(whole) - limit} more" in (entries[-1].note or "")) if len(whole) > limit else all(not e.note for e in entries)


def test_the_first_bytes_of_the_answer_are_kept_over_pieces() -> None:
    trace = begun()
    trace.received(b"a" * (FIRST_BYTES - 1), 1010)
    trace.received(b"bc", 1020)
    trace.received(b"d", 1030)
    assert trace.first == b"a" * (FIRST_BYTES - 1) + b"b"


def test_what_is_no_part_of_the_answer_is_recorded_and_not_more() -> None:
    trace = begun(100)
    trace.ignored(b"spoofed", 1010)
    assert trace.transcript() == (Entry(at_ns=10, direction="received", data=b"spoofed", note="ignored"),)
    assert (trace.first, trace.answered) == (b"", False)
    silent = begun()
    silent.ignored(b"spoofed", 1010)
    assert silent.transcript() is None


def test_a_buffer_that_changes_later_is_recorded_as_it_was() -> None:
    trace = begun(100)
    buffer = bytearray(b"before")
    trace.sent(memoryview(buffer), 1010)
    buffer[:] = b"after!"
    assert [entry.data for entry in trace.transcript() or ()] == [b"before"]


@pytest.mark.parametrize(("phase", "expected"), [("handshake", (False, False)), ("send", (True, True))])
def test_the_protocols_own_handshake_is_not_the_request(phase: str, expected: tuple[bool, bool]) -> None:
    trace = begun()
    trace.timeline.enter(phase)
    trace.sent(b"ask", 1010)
    trace.received(b"answer", 1020)
    assert (trace.wrote, trace.answered) == expected


def test_the_connection() -> None:
    trace = begun()
    assert trace.connection() == Connection()
    trace.local, trace.peer, trace.tls = "127.0.0.1:1", "127.0.0.1:2", TlsInfo(version="TLSv1.3")
    trace.attempts.append(Attempt(address="::1", error="refused"))
    trace.bytes_sent, trace.bytes_received = 3, 4
    assert trace.connection() == Connection(
        local="127.0.0.1:1",
        peer="127.0.0.1:2",
        tls=TlsInfo(version="TLSv1.3"),
        attempts=(Attempt(address="::1", error="refused"),),
        bytes_sent=3,
        bytes_received=4,
    )
