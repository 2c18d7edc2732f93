"""The parts of the drawn report that have rules of their own: escapes, numbers, bars, explanations."""

from __future__ import annotations

import pytest

from rrcli.base.units import duration, size
from rrcli.base.visible import visible
from rrcli.engine.catalogue import families
from rrcli.explain import lookup
from rrcli.model.values import PHASES, Timing
from rrcli.report.terminal.explained import render_explanations
from rrcli.report.terminal.paint import shorten, wrap
from rrcli.report.terminal.waterfall import THROUGH_PROXY, bar, waterfall


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, é, 日本 and 🎉", "plain, é, 日本 and 🎉"),
        ("\0\x07\x1b[0m\x7f", "\\x00\\x07\\x1b[0m\\x7f"),
        ("a\tb\r\n", "a\\tb\\r\\n"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("\u202e\u2066\u200f\u061c\u2028\ufeff", "\\u202e\\u2066\\u200f\\u061c\\u2028\\ufeff"),
        ("\udc80\udcff\ud800", "\\x80\\xff\\ud800"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_keep_newlines_and_tabs_only() -> None:
    assert visible("a\tb\r\n\x0b", multiline=True) == "a\tb\\r\n\\x0b"


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (0, "0.00 ms"),
        (420_000, "0.42 ms"),
        (999_994, "1.00 ms"),
        (13_100_000, "13.1 ms"),
        (999_900_000, "999.9 ms"),
        (999_990_000, "1.00 s"),
        (1_959_000_000, "1.96 s"),
        (125 * 10**9, "2 min 5 s"),
    ],
)
def test_duration(ns: int, shown: str) -> None:
    assert duration(ns) == shown


@pytest.mark.parametrize(("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (64 << 20, "64 MiB"), (5 << 40, "5 TiB")])
def test_size(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("begin", "end", "shown"),
    [
        (0, 1, "████"),
        (0, 0, "▏   "),
        (1, 1, "   ▕"),
        (0.5, 0.5, "  ▏ "),
        (0, 0.125, "▌   "),
        (0.125, 0.5, "▐█  "),
        (0.21875, 0.5, "▕█  "),
        (0, 0.28125, "█▏  "),
        (0.25, 0.5, " █  "),
    ],
)
def test_bar(begin: float, end: float, shown: str) -> None:
    assert bar(begin, end, 4) == shown


def test_a_url_is_cut_in_its_middle() -> None:
    assert shorten("http://a.test/some/long/path/to/it", 20) == "http://a.tes…h/to/it"


def test_words_wrap_by_columns() -> None:
    assert wrap("日本 日本 a verylongword b", 8) == ["日本", "日本 a", "verylongword", "b"]


def test_an_explained_code() -> None:
    assert render_explanations(lookup("exit 6"), width=80, color=False) == (
        "6 Time Limit Passed  ·  exit code  ·  rrcli exit codes\n"
        "  Means  A time limit passed, or what was waited for never held; error.phase\n"
        "         tells where.\n"
        "  Retry  The request may have been carried out: repeat it only if twice does no\n"
        "         harm.\n"
        "  Next   Find the slow phase in the report; raise --timeout or --deadline if the\n"
        "         wait is justified.\n"
    )


def test_several_explanations_stand_apart() -> None:
    text = render_explanations([*lookup("exit 6"), *lookup("exit 7")], width=80, color=False)
    assert [line for line in text.splitlines() if line[:1] not in (" ",)] == [
        "6 Time Limit Passed  ·  exit code  ·  rrcli exit codes",
        "",
        "7 Protocol Violated  ·  exit code  ·  rrcli exit codes",
    ]


def test_an_explanation_in_colour_has_the_same_text() -> None:
    coloured = render_explanations(lookup("404", families()), width=80, color=True)
    assert coloured.startswith("\x1b[1m404\x1b[0m \x1b[1mNot Found\x1b[0m\x1b[2m  ·  \x1b[0m\x1b[2mhttp\x1b[0m")


@pytest.mark.parametrize(("order", "rows"), [(PHASES, ["connect", "tls", "handshake"]), (THROUGH_PROXY, ["connect", "handshake", "tls"])])
def test_the_waterfall_goes_down_in_the_order_of_what_happened(order: tuple[str, ...], rows: list[str]) -> None:
    timing = Timing(phases={"connect": 1, "tls": 1, "handshake": 1}, total_ns=3)
    assert [line[0][0].strip() for line in waterfall(timing, None, 80, order)] == rows
    assert sorted(order) == sorted(PHASES)


@pytest.mark.parametrize(
    ("phase", "milliseconds", "sent", "remark"),
    [
        ("wait", 60, 80, "  ← the server"),
        ("wait", 40, 80, ""),
        ("send", 60, 82, ""),
        ("send", 60, 1 << 20, "  ← the upload"),
    ],
)
def test_a_phase_has_its_owner_named_where_there_is_time_to_save(phase: str, milliseconds: int, sent: int, remark: str) -> None:
    timing = Timing(phases={phase: milliseconds * 10**6}, total_ns=milliseconds * 10**6)
    line = "".join(text for text, _ in waterfall(timing, None, 80, sent=sent)[0])
    assert line.partition("ms")[2] == remark


def test_over_a_unix_socket_no_network_is_to_blame() -> None:
    timing = Timing(phases={"connect": 10**9, "wait": 1}, total_ns=10**9 + 1)
    shown = ["".join(text for text, _ in waterfall(timing, None, 80, is_local=is_local)[0]) for is_local in (False, True)]
    assert [line.rpartition("← ")[2] for line in shown] == ["the network", "the socket's queue"]
