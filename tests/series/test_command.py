"""Series on the command line: document, checks, exit codes, contradictions, and an end before the end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from peers.child import let_run
from peers.script import pause, responder
from referencing import Registry, Resource

from rrcli.__main__ import main
from rrcli.base.deadline import Deadline
from rrcli.cli.commands import schema_text
from rrcli.series.schedule import Schedule

SERIES = json.loads(schema_text("series"))
RESOURCES = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in (SERIES, json.loads(schema_text("exchange"))))
SCHEMA = jsonschema.Draft202012Validator(SERIES, registry=RESOURCES)


def run(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["http", *words])
    out, err = capfd.readouterr()
    return code, out, err


def document(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(capfd, "--json", *words)
    value = json.loads(out)
    SCHEMA.validate(value)
    return code, value


def test_the_document_holds_to_its_schema(series_web: Any, capfd: pytest.CaptureFixture[str]) -> None:
    code, value = document(capfd, series_web.url(), "--repeat", "5", "--warmup", "2", "--concurrency", "2")
    assert code == 0
    assert (value["count"], value["succeeded"], value["failed"], value["failed_ratio"]) == (5, 5, 0, 0.0)
    assert (value["status"], value["errors"]) == ({"200": 5}, {})
    figures = list(value["timing"]["total_ms"].values())
    assert figures[0] <= figures[2] <= figures[3] <= figures[4] <= figures[5] <= figures[6]
    assert value["timing"]["tls_ms"] is None
    assert value["cold"]["count"] + value["warm"]["count"] == 5
    assert sum(count for _, count in value["histogram"]["buckets"]) == sum(point["count"] for point in value["timeline"]) == 5
    assert value["bytes_sent"] == 5 * value["first"]["connection"]["bytes_sent"]
    assert value["elapsed_ms"] == pytest.approx(5000 / value["rate_per_s"], rel=0.01)
    assert (value["target_rate_per_s"], value["unsent"], value["timing"]["late_ms"]) == (None, 0, None)


def test_nothing_answered_has_no_times(capfd: pytest.CaptureFixture[str]) -> None:
    code, value = document(capfd, "http://127.0.0.1:1/", "--repeat", "2", "--expect", "status == 200")
    assert (code, value["errors"], value["connections"]) == (4, {"refused": 2}, 0)
    assert set(value["timing"].values()) == {None}


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ([], 1),
        (["series.failed_ratio <= 1"], 0),
        (["series.count == 3", "series.status.503 == 3"], 0),
        (["series.failed == 0"], 8),
        (["failed_ratio <= 0.01"], 8),
        (["p99 < 10s", "series.p999 < 10s", "rate > 0", "p50 <= 10s"], 0),
        (["p75 < 0.001ms"], 8),
        (['series.timing.total_ms."p99.99" < 10s', "p99.99 < 10s", 'series."p42.5" > 0.001ms', "max([p1, p98]) < 10s"], 0),
        (['series.timing.wait_ms."p99.99" < 0.001'], 8),
        (["series.unsent == 0", "series.cold.count == 1", "series.warm.total_ms.p50 < 10s", "series.bytes_received > 100"], 0),
        (["status == 503"], 0),
        (["status == 200"], 8),
        (["status == 200", "series.errors.check_failed == 3"], 0),
    ],
)
def test_a_check_on_the_series_alone_decides(series_web: Any, capfd: pytest.CaptureFixture[str], checks: list[str], code: int) -> None:
    words = [word for check in checks for word in ("--expect", check)]
    assert run(capfd, series_web.url("/bad"), "--repeat", "3", "--format", "raw", *words)[0] == code


def test_raw_is_five_lines_of_figures(series_web: Any, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capfd, series_web.url("/bad"), "--repeat", "3", "--format", "raw")
    lines = out.splitlines()
    assert code == 1
    assert lines[:3] == ["count=3 succeeded=0 failed=3 failed_ratio=1.0", "status 503=3", "errors bad_status=3"]
    assert re.fullmatch(r"rate_per_s=[0-9.]+ connections=[13]", lines[3])
    names = ("min", "mean", "p50", "p75", "p90", "p95", "p99", "p999", "max")
    assert re.fullmatch("total_ms " + " ".join(f"{name}=[0-9.]+" for name in names), lines[4])
    assert len(lines) == 5
    assert err == "rrcli: 3 failed; the worst: HTTP/1.1 503 Service Temporarily Unavailable\n"


def test_a_query_reads_the_series(series_web: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(capfd, series_web.url(), "--repeat", "3", "--query", "status") == (0, '{"200": 3}\n', "")
    assert run(capfd, series_web.url(), "--repeat", "3", "--query", "series.first.response.status.code") == (0, "200\n", "")
    assert run(capfd, series_web.url(), "--repeat", "3", "--query", "timing.tls_ms") == (
        1,
        "",
        "rrcli: --query 'timing.tls_ms' finds nothing\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--concurrency", "2"), "--concurrency is for a series, and this is one exchange"),
        (("--rate", "5"), "--rate is for a series, and this is one exchange"),
        (("--repeat", "2", "-o", "file"), "--output and a series exclude each other: a series prints what all its exchanges amount to"),
        (("--repeat", "2", "--retry", "2"), "--retry and a series exclude each other: it counts every failure, which a retry would hide"),
        (
            ("--repeat", "2", "--wire"),
            "--wire and a series exclude each other: recording every byte would slow what is measured",
        ),
        (("--repeat", "2", "--format", "har"), "--format har is for one exchange, not for a series"),
        (("--repeat", "2", "--expect", "series.cuont == 2"), "'cuont' in 'series.cuont' is no key of a series; did you mean count?"),
        (("--expect", "series.count == 2"), "series. is what many exchanges amount to, and this is one"),
    ],
)
def test_what_contradicts_a_series_is_said_in_a_sentence(capfd: pytest.CaptureFixture[str], words: tuple[str, ...], message: str) -> None:
    code, out, err = run(capfd, "http://127.0.0.1:1/", *words)
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"rrcli: {message}"


def test_quietly_a_series_says_what_failed_and_no_more(series_web: Any, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capfd, series_web.url("/bad"), "--repeat", "3", "-q", "--expect", "series.failed == 0", "--expect", "p99 < 10s")
    assert (code, out) == (8, "")
    assert err.splitlines() == [
        "rrcli: series.failed == 0 does not hold: it is 3",
        "rrcli: 3 failed; the worst: HTTP/1.1 503 Service Temporarily Unavailable",
    ]
    assert run(capfd, series_web.url(), "--repeat", "2", "-q") == (0, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("lanes", ["1", "3"])
def test_what_has_ended_is_reported_when_it_is_interrupted(series_web: Any, number: int, code: int, lanes: str) -> None:
    command = [sys.executable, "-m", "rrcli", "http", "--json", series_web.url(), "--duration", "20s", "--concurrency", lanes]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        let_run(running, 0.7)
        os.kill(running.pid, number)
        out, err = running.communicate(timeout=5)
    assert running.returncode == code, err
    assert json.loads(out)["count"] > 0
    assert err.startswith("rrcli: note: interrupted: these are the ")


def test_the_deadline_ends_all_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    with responder(pause(5)) as peer:
        code, value = document(capfd, f"http://{peer.host}:{peer.port}/", "--repeat", "9", "--concurrency", "2", "--deadline", "0.3")
    assert (code, value["errors"]) == (6, {"timeout": 2})


def test_a_rate_is_kept_and_lateness_counted(series_web: Any, capfd: pytest.CaptureFixture[str]) -> None:
    code, value = document(capfd, series_web.url(), "--duration", "0.3", "--rate", "50")
    assert (code, value["count"]) == (0, 15)
    assert 45 <= value["rate_per_s"] <= 56


def test_a_late_exchange_counts_from_when_it_was_due(capfd: pytest.CaptureFixture[str]) -> None:
    with responder(pause(5)) as peer:
        _, value = document(capfd, f"http://{peer.host}:{peer.port}/", "--repeat", "3", "--rate", "1000", "--concurrency", "1", "-m", "0.1")
    assert [round(value["timing"]["total_ms"][name], -2) for name in ("min", "p50", "max")] == [100, 200, 300]
    means = {name: figures["mean"] for name, figures in value["timing"].items() if figures}
    phases = [mean for name, mean in means.items() if name not in ("total_ms", "late_ms", "connect_ms", "resolve_ms")]
    assert means["total_ms"] == pytest.approx(means["late_ms"] + sum(phases) + means["connect_ms"], rel=0.02)


def test_a_schedule_hands_out_each_ticket_once() -> None:
    from rrcli.options.request import Request

    schedule = Schedule(Request(repeat=2, warmup=1, rate=10.0), Deadline(None, ""))
    tickets = [schedule.next() for _ in range(4)]
    assert [ticket and ticket.number for ticket in tickets] == [None, 0, 1, None]
    assert tickets[2]
    assert tickets[2].due_ns == schedule.began_ns + 100_000_000
