"""W3C Trace Context: what is read as a parent, and what is sent for what `--traceparent` says (section 3.2 and its test suite)."""

from __future__ import annotations

import re

import pytest

from rrcli.base.tracecontext import NO_SPAN, new_trace, read, to_send

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALUE = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("value", [VALUE, f" {VALUE} ", f"auto:{VALUE}", f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"])
def test_a_parent_is_read(value: str) -> None:
    found = read(value)
    assert found
    assert (found.trace, found.span, found.flags) == (TRACE, SPAN, "01")


@pytest.mark.parametrize(
    "value",
    [
        "", "auto", "00", f"00-{TRACE}", f"00-{TRACE}-{SPAN}", f"00-{TRACE}-{SPAN}-1", f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-x", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}x-{SPAN}-01", f"00.{TRACE}.{SPAN}.01",
        f"00-{TRACE[:-1]}é-{SPAN}-01",
    ],
)  # fmt: skip
def test_what_is_no_parent_is_not_read(value: str) -> None:
    assert read(value) is None


def test_auto_is_a_new_trace_each_time() -> None:
    sent = [to_send("auto"), to_send("auto")]
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", value) for value in sent)
    assert len({value[3:35] for value in sent}) == 2


def test_within_a_trace_each_sends_a_span_of_its_own() -> None:
    trace = new_trace()
    begun, first, second = read(trace), read(to_send(trace)), read(to_send(trace))
    assert begun
    assert first
    assert second
    assert begun.span == NO_SPAN != first.span != second.span
    assert begun.trace == first.trace == second.trace


@pytest.mark.parametrize("value", [VALUE, "anything", "auto:anything"])
def test_any_other_value_is_sent_as_it_is(value: str) -> None:
    assert to_send(value) == value
