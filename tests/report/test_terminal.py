"""The drawn report against golden files, to the character.

After a wanted change `RRCLI_GOLDEN=write pytest tests/report` writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from report import exchanges as case
from rich.cells import cell_len

from rrcli.engine.registry import BY_NAME
from rrcli.model.values import Body, Connection, Exchange, ExchangeSet, Failure, RequestMessage, Status, Target, Timing
from rrcli.report.terminal.paint import STYLES
from rrcli.report.terminal.render import history_words, render, render_set

GOLDEN = Path(__file__).parent / "golden"

LONG_URL = "http://127.0.0.1:8080/" + "/".join(f"segment-{number}" for number in range(20)) + "/end"
TIMEOUT = Failure(
    layer="transport", kind="timeout", phase="wait", message="waiting for the answer: the time limit passed (--timeout 2s)",
    hint="the name server is slow or silent", delivery="unknown", retry="safe",
)  # fmt: skip
EXPIRED = Failure(layer="tls", kind="certificate_expired", phase="tls", message="certificate has expired", hint="have it renewed")

CASES: dict[str, Exchange] = {
    "ok": case.exchange(),
    "over-tls": case.exchange(connection=case.exchange().connection.replace(tls=case.tls(62))),
    "status-404": case.refused_by_status(404, "Not Found", '{"error": "no such user"}'),
    "status-503": case.refused_by_status(503, "Service Unavailable", '{"error": "busy"}'),
    "timeout-wait": case.timed_out(),
    "refused-twice": case.refused(),
    "certificate-expired": case.expired(),
    "handshake": case.handshake("shop.test", 12),
    "dns": case.asked_dns("1.1.1.1", "A", "192.0.2.1", "192.0.2.2"),
    "redis": case.redis_reply(),
    "thrift": case.thrift_exception(),
    "wrong-protocol": case.wrong_protocol(),
    "notes-and-checks": case.remarked(),
    "history": case.with_history(),
    "binary": case.answered(b"\x89PNG\r\n\x1a\n\0\0" * 1300, "image/png"),
    "saved": case.answered(b"").replace(
        response=case.answered(b"", "image/png", body=Body(size=123456, file="out.png", media_type="image/png")).response
    ),
    "hostile": case.hostile(),
    "wide": case.wide(),
    "long-values": case.answered(
        '{"token": "' + "x" * 400 + '"}', fields=(("X-Long", "y" * 200), ("X-Short", "z")), trailers=(("X-Checksum", "abc"),)
    ).replace(target=case.exchange().target.replace(url=LONG_URL)),
    "broken-off": case.failed(
        Failure(
            layer="protocol", kind="truncated", phase="receive", message="the peer closed 7 bytes before the end of the content",
            delivery="unknown", retry="safe",
        ),
        response=case.answered('{"id"', "application/json", body=case.body('{"id"', truncated=True)).response,
        request=case.answered("").request,
    ),
    "early-hints": case.answered(
        "{}", data={"version": "HTTP/1.1", "informational": [{"status": 103, "reason": "Early Hints", "fields": [["Link", "</a.css>"]]}]}
    ),
    "html": case.answered('<!doctype html>\n<html lang="en">\n  <!-- hello -->\n  <p>3 &lt; 4</p>\n</html>\n', "text/html"),
    "exact-json": case.answered(
        '{"big":12345678901234567890123,"float":1.10,"twice":1,"twice":2,"none":null,"empty":[{},[]],'
        '"list":[1,2,true],"escaped":"\\u001b\\/","nested":{"list":[{"a":"é"}]}}'
    ),
}  # fmt: skip

SETS: dict[str, tuple[ExchangeSet, str]] = {
    "set-differs": (case.two_servers(), "dns"),
    "set-agrees": (case.two_servers("192.0.2.2"), "dns"),
    "set-one-failed": (
        ExchangeSet(
            exchanges=(
                case.asked_dns("1.1.1.1", "A", "192.0.2.1"),
                case.asked_dns("8.8.8.8", "A", ms=2000).replace(outcome="error", error=TIMEOUT, response=None),
            )
        ),
        "dns",
    ),
    "set-refused": (
        ExchangeSet(
            exchanges=tuple(
                case.asked_dns("1.1.1.1", kind).replace(
                    response=case.asked_dns("1.1.1.1", kind).response.replace(status=Status(text="REFUSED", ok=False)),  # type: ignore[union-attr]
                    outcome="application_error",
                    error=Failure(layer="application", kind="bad_status", message="REFUSED", delivery="answered"),
                )
                for kind in ("A", "AAAA")
            )
        ),
        "dns",
    ),
    "set-many-servers": (ExchangeSet(exchanges=tuple(case.asked_dns(f"192.0.2.{n}", "A", "198.51.100.7") for n in range(1, 8))), "dns"),
    "set-certificates": (
        ExchangeSet(
            exchanges=(
                case.handshake("shop.test", 62),
                case.handshake("soon.test", 9),
                case.handshake("old.test", -3, EXPIRED),
                case.handshake("gone.test", 1, TIMEOUT.replace(phase="connect")).replace(connection=Connection(peer="192.0.2.9:443")),
            )
        ),
        "tls",
    ),
}


def draw(exchange: Exchange, *, width: int = 80, color: bool = False, verbose: bool = False, wire: bool = False) -> str:
    return render(exchange, BY_NAME[exchange.protocol], width=width, color=color, verbose=verbose, wire=wire)


def compare(name: str, text: str) -> None:
    """Exactly the golden file; the escape character stands there as `␛`."""
    path = GOLDEN / f"{name}.txt"
    shown = text.replace("\x1b", "␛")
    if os.environ.get("RRCLI_GOLDEN") == "write":
        path.write_text(shown)
    assert shown == path.read_text()


def uncoloured(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("name", CASES)
def test_report(name: str) -> None:
    compare(name, draw(CASES[name]))


@pytest.mark.parametrize("name", SETS)
def test_report_of_several(name: str) -> None:
    several, protocol = SETS[name]
    compare(name, render_set(several, BY_NAME[protocol], width=80, color=False, verbose=False, wire=False))


@pytest.mark.parametrize("name", ["ok", "timeout-wait", "refused-twice"])
def test_at_140_columns_the_picture_grows_and_the_text_does_not(name: str) -> None:
    compare(f"{name}-140", draw(CASES[name], width=140))


def test_verbose_adds_the_connection_and_the_request() -> None:
    compare("verbose", draw(CASES["over-tls"], verbose=True))


def test_wire_adds_the_transcript() -> None:
    compare("verbose-wire", draw(case.recorded(), verbose=True, wire=True))


def test_verbose_and_wire_rearrange_nothing() -> None:
    plain, full = draw(case.recorded()).splitlines(), iter(draw(case.recorded(), verbose=True, wire=True).splitlines())
    assert [line for line in plain if line not in full] == []


@pytest.mark.parametrize("name", ["ok", "hostile", "html"])
def test_colour(name: str) -> None:
    compare(f"{name}-colour", draw(CASES[name], color=True))


@pytest.mark.parametrize("name", CASES)
def test_colour_changes_no_character(name: str) -> None:
    coloured = draw(CASES[name], color=True, verbose=True, wire=True)
    assert uncoloured(coloured) == draw(CASES[name], verbose=True, wire=True)


@pytest.mark.parametrize("color", [False, True])
def test_nothing_the_peer_wrote_reaches_the_terminal_as_a_control(color: bool) -> None:
    text = draw(case.hostile(), color=color, verbose=True)
    left = {letter for letter in uncoloured(text) if not letter.isprintable()}
    assert left == {"\n"}


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("name", ["ok", "timeout-wait", "refused-twice", "certificate-expired", "dns", "history", "wide"])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    text = draw(CASES[name], width=width, verbose=True)
    assert [line for line in text.splitlines() if cell_len(line) > width] == []


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_of_several_is_wider_than_the_terminal(name: str, width: int) -> None:
    several, protocol = SETS[name]
    text = render_set(several, BY_NAME[protocol], width=width, color=False, verbose=False, wire=False)
    assert [line for line in text.splitlines() if cell_len(line) > width] == []


def test_an_enormous_width_is_harmless() -> None:
    assert max(map(cell_len, draw(case.recorded(), width=100_000, verbose=True, wire=True).splitlines())) <= 140


@pytest.mark.parametrize("width", [1, 10, 20, 40])
def test_a_tiny_width_is_harmless(width: int) -> None:
    assert draw(CASES["ok"], width=width).startswith("✔ 201 Created")


def test_several_with_verbose_show_each_by_itself() -> None:
    several = case.two_servers()
    text = render_set(several, BY_NAME["dns"], width=80, color=False, verbose=True, wire=False)
    table = render_set(several, BY_NAME["dns"], width=80, color=False, verbose=False, wire=False)
    each = [draw(exchange, verbose=True) for exchange in several.exchanges]
    assert text == "\n".join([table, *each])


def test_a_long_body_is_cut_and_says_how_to_see_it_whole() -> None:
    body = "".join(f"line {number}\n" for number in range(1000))
    lines = draw(case.answered(body, "text/plain")).splitlines()
    assert lines[-2:] == ["  line 399", "  … the first 400 lines of 8.7 KiB: --format raw shows all"]


def test_a_long_json_body_is_cut_between_its_values() -> None:
    body = '["' + "x" * 70_000 + '", ' + ", ".join('{"key": "value"}' for _ in range(9000)) + "]"
    lines = draw(case.answered(body)).splitlines()
    assert lines[-2:] == ["  [", "  … the first 1 line of 226.6 KiB: --format raw shows all"]


def test_content_that_claims_to_be_json_and_is_not_is_shown_as_it_is() -> None:
    assert draw(case.answered("{oops")).splitlines()[-1] == "  {oops"


def test_content_of_an_unknown_charset_is_binary() -> None:
    answer = case.answered("", body=Body(data=b"abc", size=3, charset="klingon", media_type="text/plain")).response
    last = draw(case.exchange(response=answer)).splitlines()[-1]
    assert last == "  3 B of text/plain: -o FILE saves it, --wire shows the bytes"


def test_without_a_picture_of_its_own_the_content_is_drawn() -> None:
    exchange = case.redis_reply()
    assert exchange.response
    text = draw(exchange.replace(response=exchange.response.replace(display=None)))
    assert text.splitlines()[-4:] == ["  name", "  ann", "  age", "  3"]


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("name", ["long-values", "notes-and-checks", "status-503", "dns", "redis", "timeout-wait"])
def test_the_first_line_keeps_its_time_and_shortens_the_target(name: str, width: int) -> None:
    exchange = CASES[name].replace(target=CASES[name].target.replace(url=LONG_URL))
    first = draw(exchange, width=width).splitlines()[0]
    assert cell_len(first) <= width
    assert first.endswith((" ms", " s"))


def test_what_is_higher_than_the_screen_ends_with_its_headline() -> None:
    lines = render(CASES["ok"], BY_NAME["http"], width=80, color=False, verbose=False, wire=False, height=5).splitlines()
    assert lines[-2:] == ["", lines[0]]
    same = render(CASES["ok"], BY_NAME["http"], width=80, color=False, verbose=False, wire=False, height=len(lines))
    assert same == draw(CASES["ok"])


def test_the_phase_that_took_the_time_stands_out() -> None:
    text = draw(
        case.exchange(timing=case.exchange().timing.replace(phases={"connect": 2_000_000, "wait": 90_000_000}, total_ns=92_000_000)),
        color=True,
    )
    bars = [line for line in text.splitlines() if "█" in line or "▏" in line]
    assert ["\x1b[94m" in line for line in bars] == [True, False]
    assert "\x1b[33m" in bars[1]


@pytest.mark.parametrize(
    ("whys", "totals", "elapsed", "words"),
    [
        (["redirect"] * 3, [1, 1, 1, 1], 4.4, ("hops", "3 redirects, 4.4 ms in all")),
        (["auth"], [1, 1], 1, ("hops", "1 challenge, 2.0 ms in all")),
        (["retry"], [2, 3], 1505, ("attempts", "2 attempts, 1.50 s in all, 1.50 s of it waiting")),
        (["poll", "poll"], [1, 1, 1], 3.01, ("attempts", "3 attempts, 3.0 ms in all")),
        (["retry", "redirect"], [1, 1, 1], 3, ("hops and attempts", "1 redirect, 2 attempts, 3.0 ms in all")),
    ],
)
def test_one_line_says_how_many_hops_and_attempts_and_how_long_in_all(
    whys: list[str], totals: list[float], elapsed: float, words: tuple[str, str]
) -> None:
    def took(ms: float, whole: float = 0) -> Timing:
        return Timing(total_ns=int(ms * 10**6), elapsed_ns=int(whole * 10**6))

    history = tuple(case.exchange(timing=took(ms), why=why) for ms, why in zip(totals[:-1], whys, strict=True))
    assert history_words(case.exchange(timing=took(totals[-1], elapsed), history=history)) == words


def test_what_is_read_can_be_read_on_white_too() -> None:
    """Yellow stands for a warning alone, which a mark says besides; nothing is white or bright."""
    warnings = {"warn", "slow-bar"}
    colours = {role: style.split()[-1] for role, style in STYLES.items() if role not in warnings and "bar" not in role}
    assert {role for role, colour in colours.items() if colour in ("yellow", "white") or colour.startswith("bright_")} == set()


@pytest.mark.parametrize(("columns", "target"), [(50, "127.0…999"), (60, "127.0.0.1:6999"), (90, "redis://127.0.0.1:6999")])
def test_a_long_request_leaves_the_first_line_a_target_to_know(columns: int, target: str) -> None:
    failed = case.exchange(
        protocol="redis",
        request=RequestMessage(summary="SET some-key-of-length some-value"),
        target=Target(url="redis://127.0.0.1:6999", host="127.0.0.1", port=6999),
        outcome="error",
        response=None,
        error=Failure(layer="transport", kind="refused", message="refused", phase="connect"),
    )
    line = render(failed, BY_NAME["redis"], width=columns, color=False, verbose=False, wire=False).splitlines()[0]
    assert line.split("  ·  ")[2] == target
    assert len(line) <= columns
