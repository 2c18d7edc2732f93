"""What is written down of one exchange: bytes both ways with their times, up to a limit, and the first of the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.model.values import Attempt, Connection, TlsInfo, TranscriptEntry
from rrcli.wire.recorder import FIRST_BYTES, Recorder


def begun(limit: int | None = None) -> Recorder:
    """A trace whose exchange began at 1000."""
    recorder = Recorder(limit)
    recorder.timeline.enter("connect", 1000)
    recorder.timeline.leave(1000)
    return recorder


def test_without_a_limit_there_is_no_transcript() -> None:
    recorder = begun()
    recorder.sent(b"ask", 1010)
    recorder.received(b"answer", 1020)
    recorder.remark("nothing to explain")
    assert recorder.transcript() is None
    assert recorder.first == b"answer"


def test_entries_have_their_time_since_the_beginning() -> None:
    recorder = begun(100)
    recorder.sent(b"ask", 1010, "a question")
    recorder.received(b"answer", 1020)
    assert recorder.transcript() == (
        TranscriptEntry(at_ns=10, direction="sent", data=b"ask", note="a question"),
        TranscriptEntry(at_ns=20, direction="received", data=b"answer"),
    )


def test_remarks_explain_the_latest_entry() -> None:
    recorder = begun(100)
    recorder.remark("before anything")
    recorder.sent(b"ask", 1010)
    recorder.remark("one")
    recorder.remark("two")
    assert [entry.note for entry in recorder.transcript() or ()] == ["one; two"]


def test_what_is_over_the_limit_is_counted() -> None:
    recorder = begun(8)
    recorder.sent(b"12345", 1010)
    recorder.received(b"67890", 1020)
    recorder.received(b"more", 1030)
    recorder.remark("of an entry that is not there")
    recorder.timeline.read(1040)
    left_out = "left out: 6 more bytes in 2 pieces (limit 8; --wire=SIZE keeps more)"
    assert recorder.transcript() == (
        TranscriptEntry(at_ns=10, direction="sent", data=b"12345"),
        TranscriptEntry(at_ns=20, direction="received", data=b"678"),
        TranscriptEntry(at_ns=40, direction="received", data=b"", note=left_out),
    )


def test_a_limit_that_is_just_reached_leaves_nothing_out() -> None:
    recorder = begun(5)
    recorder.sent(b"12345", 1010)
    assert recorder.transcript() == (TranscriptEntry(at_ns=10, direction="sent", data=b"12345"),)


def test_a_limit_of_nothing_counts_all() -> None:
    recorder = begun(0)
    recorder.sent(b"12345", 1010)
    notes = [entry.note for entry in recorder.transcript() or ()]
    assert notes == ["left out: 5 more bytes in 1 pieces (limit 0; --wire=SIZE keeps more)"]


@given(st.integers(0, 50), st.lists(st.binary(max_size=20), max_size=10))
def test_kept_and_left_out_are_all(limit: int, pieces: list[bytes]) -> None:
    recorder = begun(limit)
    for piece in pieces:
        recorder.received(piece, 1001)
    whole = b"".join(pieces)
    entries = recorder.transcript() or ()
    assert b"".join(entry.data for entry in entries) == whole[:limit]
    assert (f"left out: {len(whole) - limit} more" in (entries[-1].note or "")) if len(whole) > limit else all(not e.note for e in entries)


def test_the_first_bytes_of_the_answer_are_kept_over_pieces() -> None:
    recorder = begun()
    recorder.received(b"a" * (FIRST_BYTES - 1), 1010)
    recorder.received(b"bc", 1020)
    recorder.received(b"d", 1030)
    assert recorder.first == b"a" * (FIRST_BYTES - 1) + b"b"


def test_what_is_no_part_of_the_answer_is_recorded_and_not_more() -> None:
    recorder = begun(100)
    recorder.ignored(b"spoofed", 1010)
    assert recorder.transcript() == (TranscriptEntry(at_ns=10, direction="received", data=b"spoofed", note="ignored"),)
    assert (recorder.first, recorder.answered) == (b"", False)
    silent = begun()
    silent.ignored(b"spoofed", 1010)
    assert silent.transcript() is None


def test_a_buffer_that_changes_later_is_recorded_as_it_was() -> None:
    recorder = begun(100)
    buffer = bytearray(b"before")
    recorder.sent(memoryview(buffer), 1010)
    buffer[:] = b"after!"
    assert [entry.data for entry in recorder.transcript() or ()] == [b"before"]


@pytest.mark.parametrize(("phase", "expected"), [("handshake", (False, False)), ("send", (True, True))])
def test_the_protocols_own_handshake_is_not_the_request(phase: str, expected: tuple[bool, bool]) -> None:
    recorder = begun()
    recorder.timeline.enter(phase)
    recorder.sent(b"ask", 1010)
    recorder.received(b"answer", 1020)
    assert (recorder.wrote, recorder.answered) == expected


def test_the_connection() -> None:
    recorder = begun()
    assert recorder.connection() == Connection()
    recorder.local, recorder.peer, recorder.tls = "127.0.0.1:1", "127.0.0.1:2", TlsInfo(version="TLSv1.3")
    recorder.attempts.append(Attempt(address="::1", error="refused"))
    recorder.bytes_sent, recorder.bytes_received = 3, 4
    assert recorder.connection() == Connection(
        local="127.0.0.1:1",
        peer="127.0.0.1:2",
        tls=TlsInfo(version="TLSv1.3"),
        attempts=(Attempt(address="::1", error="refused"),),
        bytes_sent=3,
        bytes_received=4,
    )


# --- secrets, marked by who writes them


def spans(recorder: Recorder) -> list[tuple[bytes, tuple[tuple[int, int], ...]]]:
    return [(entry.data, entry.secrets) for entry in recorder.transcript() or ()]


def test_a_secret_is_marked_in_the_entry_that_has_it() -> None:
    recorder = begun(100)
    recorder.sent(b"hello\n", 1010)
    recorder.secret_span(5, 7)
    recorder.sent(b"PASS ab\n", 1020)
    recorder.received(b"ab is right\n", 1030)
    recorder.sent(b"PASS ab\n", 1040)
    assert spans(recorder) == [(b"hello\n", ()), (b"PASS ab\n", ((5, 7),)), (b"ab is right\n", ()), (b"PASS ab\n", ())]


def test_a_secret_that_goes_out_in_pieces_is_marked_in_each_of_them() -> None:
    recorder = begun(100)
    recorder.secret_span(1, 2)
    recorder.secret_span(3, 8)
    for piece in (b"0123", b"45", b"6789", b"0123"):
        recorder.sent(piece, 1010)
    assert spans(recorder) == [(b"0123", ((1, 2), (3, 4))), (b"45", ((0, 2),)), (b"6789", ((0, 2),)), (b"0123", ())]


def test_what_is_shown_instead_of_bytes_keeps_their_marks() -> None:
    recorder = begun(100)
    recorder.secret_span(2, 4)
    recorder.sent(b"\x8f\x03\x11\x12", 1010)
    recorder.show_instead(0, b"a:xy")
    assert spans(recorder) == [(b"a:xy", ((2, 4),))]


def test_without_a_transcript_nothing_is_marked() -> None:
    recorder = begun()
    assert not recorder.keeps_transcript
    recorder.secret_span(0, 3)
    recorder.sent(b"abc", 1010)
    assert recorder.transcript() is None


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4)


@given(SPANS, st.lists(st.integers(1, 12), max_size=8), st.integers(1, 40))
def test_marks_cover_the_same_bytes_however_they_are_cut(marks: list[tuple[int, int]], sizes: list[int], limit: int) -> None:
    recorder, data = begun(limit), bytes(range(100))
    for start, end in marks:
        recorder.secret_span(start, end)
    at, covered = 0, set()
    for size in sizes:
        recorder.sent(data[at : at + size], 1010)
        at += size
    for entry in recorder.transcript() or ():
        covered |= {byte for start, end in entry.secrets for byte in entry.data[start:end]}
    wanted = {byte for start, end in marks for byte in range(start, end)}
    assert covered == wanted & set(range(min(at, limit)))
