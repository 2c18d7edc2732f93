"""The clock: which moment limits an exchange, and which phase each moment belongs to."""

from __future__ import annotations

import time
from select import POLLIN, poll
from socket import socketpair

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError
from rrcli.wire.recorder import Timeline

# --- deadlines


@pytest.mark.parametrize("seconds", [None, 0, 0.0, 1e12, float("inf")])
def test_no_limit(seconds: float | None) -> None:
    deadline = Deadline.after(seconds, "--timeout")
    assert deadline.at_ns is None
    assert deadline.remaining_ms() is None
    assert deadline.passed() is False


def test_a_limit_counts_down_to_zero_and_no_further() -> None:
    deadline = Deadline.after(0.02, "--timeout")
    left = deadline.remaining_ms()
    assert left is not None
    assert 0 < left <= 20
    assert deadline.passed() is False
    time.sleep(0.021)
    assert deadline.remaining_ms() == 0
    assert deadline.passed() is True


def test_a_limit_of_weeks_fits_into_a_poll() -> None:
    left = Deadline.after(1000 * 3600, "--timeout").remaining_ms()
    ours, theirs = socketpair()
    with ours, theirs:
        poller = poll()
        poller.register(ours, POLLIN)
        theirs.send(b".")
        assert poller.poll(left) == [(ours.fileno(), POLLIN)]


@pytest.mark.parametrize(
    ("seconds", "words"), [(30.0, "--timeout 30s"), (0.25, "--timeout 250ms"), (1.5, "--timeout 1.5s"), (0.0015, "--timeout 1.5ms")]
)
def test_the_message_names_the_option_as_it_was_written(seconds: float, words: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        Deadline.after(seconds, "--timeout").expire()
    error = caught.value
    assert (error.layer, error.kind, error.message) == ("transport", "timeout", f"the time limit passed ({words})")


def test_the_sooner_of_two() -> None:
    early, late, never = Deadline(1, "early"), Deadline(2, "late"), Deadline(None, "never")
    assert early.sooner(late) is early
    assert late.sooner(early) is early
    assert early.sooner(never) is early
    assert never.sooner(late) is late


# --- phases


def test_a_whole_exchange() -> None:
    line = Timeline()
    line.enter("resolve", 100)
    line.leave(110)
    line.enter("connect", 112)
    line.enter("tls", 120)
    line.wrote(125)  # the handshake's own bytes
    line.leave(150)
    line.writing(151)
    line.wrote(160)
    line.writing(161)
    line.wrote(165)
    line.reading(170)
    line.read(200)
    line.read(230)
    line.finish()
    assert line.phases == {"resolve": 10, "connect": 8, "tls": 30, "send": 14, "wait": 35, "receive": 30}
    assert line.total_ns == 130
    assert line.total_ns - sum(line.phases.values()) == 3  # the gaps


def test_nothing_happened() -> None:
    line = Timeline()
    line.finish()
    line.finish(failed=True)
    assert (line.phases, line.total_ns, line.current, line.started_at_ns) == ({}, 0, None, 0)


def test_the_first_phase_sets_the_wall_clock() -> None:
    line = Timeline()
    before = time.time_ns()
    line.enter("connect")
    assert before <= line.started_at_ns <= time.time_ns()
    started = line.started_at_ns
    line.enter("tls")
    assert line.started_at_ns == started


def test_entering_a_phase_leaves_the_other() -> None:
    line = Timeline()
    line.enter("resolve", 10)
    line.enter("connect", 15)
    assert line.current == "connect"
    line.leave(30)
    assert line.current is None
    assert line.phases == {"resolve": 5, "connect": 15}


def test_a_phase_entered_twice_adds_up() -> None:
    line = Timeline()
    line.enter("handshake", 10)
    line.enter("tls", 15)
    line.enter("handshake", 40)
    line.leave(42)
    assert line.phases == {"handshake": 7, "tls": 25}


def test_leaving_no_phase_changes_nothing() -> None:
    line = Timeline()
    line.enter("connect", 10)
    line.leave(20)
    line.leave(90)
    assert (line.phases, line.total_ns) == ({"connect": 10}, 10)


def test_an_answer_that_comes_while_sending_leaves_no_wait() -> None:
    line = Timeline()
    line.writing(10)
    line.wrote(20)
    line.read(30)
    line.wrote(40)
    line.read(55)
    line.finish()
    assert line.phases == {"send": 20, "wait": 0, "receive": 25}
    assert line.total_ns == 45


def test_a_peer_that_speaks_first_is_waited_for_without_send() -> None:
    line = Timeline()
    line.enter("connect", 10)
    line.leave(12)
    line.reading(12)
    line.read(50)
    line.writing(60)  # a message after the first answer belongs to the rest
    line.wrote(70)
    line.reading(70)
    line.read(90)
    line.finish()
    assert line.phases == {"connect": 2, "wait": 38, "receive": 40}


def test_the_wait_begins_at_the_last_byte_out() -> None:
    line = Timeline()
    line.writing(10)
    line.wrote(20)
    line.reading(45)
    assert line.phases == {"send": 10}
    line.read(50)
    assert line.phases == {"send": 10, "wait": 30}


def test_bytes_out_of_an_earlier_phase_do_not_backdate_the_wait() -> None:
    line = Timeline()
    line.enter("handshake", 10)
    line.wrote(11)
    line.leave(20)
    line.writing(30)  # and nothing was taken
    line.reading(40)
    line.read(50)
    line.finish()
    assert line.phases == {"handshake": 10, "send": 0, "wait": 20, "receive": 0}


def test_within_a_handshake_nothing_is_send_or_wait() -> None:
    line = Timeline()
    line.enter("handshake", 10)
    line.writing(11)
    line.wrote(12)
    line.reading(13)
    line.read(14)
    assert line.current == "handshake"
    line.leave(15)
    assert line.phases == {"handshake": 5}


def test_an_informational_answer_does_not_end_the_sending() -> None:
    line = Timeline()
    began = now()
    line.writing(began)
    line.wrote(began + 10)
    line.reading(began + 10)
    line.read(began + 30)
    line.resume_sending()
    assert line.current == "send"
    line.leave()
    assert line.phases == {"send": line.total_ns}
    line.resume_sending()  # nothing is under way: nothing changes
    assert line.phases == {"send": line.total_ns}


def test_waiting_for_leave_to_send_is_sending() -> None:
    line = Timeline()
    line.writing(10)
    line.wrote(20)
    line.reading(20)
    line.read(50)
    line.count_wait_as_send()
    line.read(60)
    line.finish()
    assert line.phases == {"send": 40, "wait": 0, "receive": 10}


def test_success_closes_the_phase_at_its_last_system_call() -> None:
    line = Timeline()
    line.writing(10)
    line.read(20)
    line.read(25)
    line.finish()
    assert (line.phases["receive"], line.total_ns) == (5, 15)


def test_failure_closes_the_phase_now() -> None:
    line = Timeline()
    began = now()
    line.enter("connect", began)
    time.sleep(0.01)
    line.finish(failed=True)
    assert 10_000_000 <= line.phases["connect"] <= now() - began
    assert line.total_ns == line.phases["connect"]
    assert line.current is None


CALLS = ("writing", "wrote", "reading", "read", "leave", "resolve", "connect", "tls", "handshake", "send")


@given(st.lists(st.tuples(st.sampled_from(CALLS), st.integers(0, 50)), max_size=40))
def test_phases_never_overlap(calls: list[tuple[str, int]]) -> None:
    """Whatever is called in whatever order: no phase is negative, and together they are at most the total."""
    line, at_ns = Timeline(), 1000
    for call, step in calls:
        at_ns += step
        if call in ("writing", "wrote", "reading", "read", "leave"):
            getattr(line, call)(at_ns)
        else:
            line.enter(call, at_ns)
        assert sum(line.phases.values()) <= max(line.total_ns, 0)
    line.finish()
    assert all(taken >= 0 for taken in line.phases.values())
    assert 0 <= sum(line.phases.values()) <= line.total_ns <= at_ns - 1000
    assert line.current is None
