"""Reports of a series, read by other people's programs: its figures are worked out again from the lines of its exchanges."""

from __future__ import annotations

import csv
import json
import math
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.script import hear, responder, say, script
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from rrcli.__main__ import main
from rrcli.engine.repeat import outcome_of
from rrcli.model.values import Exchange, Failure, RequestMessage, Response, Status, Target, Timing
from rrcli.report.formats.csvreport import NAMES, csv_report
from rrcli.report.formats.hgrm import hgrm_report
from rrcli.report.formats.openmetrics import openmetrics_report
from rrcli.series.samples import Samples
from rrcli.series.tally import Series, Tally, summary

BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BEGAN = time.monotonic_ns() - 10**9
TOTALS = st.lists(st.integers(1000, 5 * 10**9), min_size=1, max_size=200)


def exchange(total_ns: int, code: int = 200, error: str | None = None) -> Exchange:
    return Exchange(
        id="1",
        protocol="http",
        target=Target(url='http://127.0.0.1/?q="a\\b"'),
        request=RequestMessage(summary="GET / HTTP/1.1"),
        response=None if error else Response(summary="", status=Status(code=code)),
        timing=Timing(total_ns=total_ns, phases={"wait": total_ns}),
        error=Failure(layer="transport", kind=error, message="") if error else None,
    )


def series_of(totals: list[int], **more: Any) -> Series:
    tally = Tally(Samples())
    for number, total in enumerate(totals):
        tally.add(number, outcome_of(exchange(total)), BEGAN + number)
    return Series(
        count=tally.count, failed=0, statuses=tally.statuses, errors=tally.errors, times=tally.times, elapsed_ns=10**9, connections=1,
        first=tally.first, worst=tally.worst, samples=tally.samples, origin_ns=tally.began_ns, started_at_ns=1_796_083_200 * 10**9, **more,
    )  # fmt: skip


def percentile(values: list[float], percent: float) -> float:
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


def test_a_series_is_worked_out_again_from_its_lines(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of an open loop with a stall in it: each line, each percentile, the means."""
    again = [step for _ in range(12) for step in (hear(b"\r\n\r\n"), say(OK))]
    with responder(script(*again)) as peer:
        paths = {kind: tmp_path / f"series.{kind}" for kind in ("csv", "hgrm", "openmetrics", "json")}
        words = [word for kind, path in paths.items() for word in ("--report", f"{kind}={path}")]
        url = f"http://{peer.host}:{peer.port}/"
        assert main(["http", url, "--rate", "200", "--duration", "0.5", "--concurrency", "2", "-q", *words]) == 0
    assert capfd.readouterr() == ("", "")
    value = json.loads(paths["json"].read_text())
    with paths["csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (tuple(rows[0]), len(rows)) == (NAMES, value["count"])
    assert sorted(int(row["n"]) for row in rows) == list(range(value["count"]))
    for row in rows:
        due, began, total, late = (float(row[name]) for name in ("due_ms", "began_ms", "total_ms", "late_ms"))
        assert late == pytest.approx(began - due, abs=1e-5)
        assert total >= late >= 0
        assert due == pytest.approx(int(row["n"]) * 5, abs=1e-5)
        assert (row["status"], row["error"]) == ("200", "")
    totals = [float(row["total_ms"]) for row in rows]
    for name, percent in (("p50", 50), ("p90", 90), ("p99", 99)):
        assert value["timing"]["total_ms"][name] == pytest.approx(percentile(totals, percent), abs=0.001)
    assert [row["reused"] for row in rows].count("false") == value["cold"]["count"] == value["connections"]


def test_failures_have_lines_too_and_texts_are_quoted() -> None:
    tally = Tally(Samples())
    for number, one in enumerate((exchange(10**6, 503), exchange(2 * 10**6, error="refused"))):
        tally.add(number, outcome_of(one), BEGAN, BEGAN)
    odd = exchange(10**6).replace(response=Response(summary="", status=Status(text='A "B", \x1b[31m')))
    tally.add(2, outcome_of(odd), BEGAN + 10**6, BEGAN)
    series = series_of([1]).replace(samples=tally.samples, origin_ns=tally.began_ns)
    rows = list(csv.reader(csv_report(series).splitlines()))
    assert rows[1:3] == [
        ["0", "0.000000", "0.000000", "1.000000", "0.000000", "503", "", "false"],
        ["1", "0.000000", "0.000000", "2.000000", "0.000000", "", "refused", "false"],
    ]
    assert rows[3][:5] == ["2", "0.000000", "1.000000", "2.000000", "1.000000"]
    assert rows[3][5].startswith('A "B", ')
    assert "\x1b" not in rows[3][5]


@settings(max_examples=30, deadline=None)
@given(TOTALS)
def test_percentiles_are_those_of_hdrhistogram(totals: list[int]) -> None:
    lines = hgrm_report(series_of(totals)).splitlines()
    histogram = HdrHistogram(1, 10**10, 3)
    for total in totals:
        histogram.record_value(total)
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    points = [line.split() for line in lines[2:] if not line.startswith("#")]
    assert [float(point[1]) for point in points] == sorted(float(point[1]) for point in points)
    assert (points[-1][1], points[-1][2]) == ("1.000000000000", str(len(totals)))
    for value, level, count, *rest in points:
        theirs = histogram.get_value_at_percentile(float(level) * 100)  # of the rank nearest to it, where ours is not below it
        near = sorted(totals)[max(0, math.ceil(len(totals) * float(level)) - 2) :][:3]
        assert any(theirs == pytest.approx(each, rel=0.01) for each in near)
        assert any(float(value) * 1e6 == pytest.approx(each, rel=0.01, abs=501) for each in near)
        assert (
            sum(total < float(value) * 1e6 - 501 for total in totals)
            <= int(count)
            <= sum(total <= float(value) * 1e6 + 501 for total in totals)
        )
        assert not rest or float(rest[0]) == pytest.approx(1 / (1 - float(level)), abs=0.01)
    assert f"Total count    = {len(totals):12d}]" in lines[-2]
    assert float(lines[-3].split()[2].rstrip(",")) == pytest.approx(histogram.get_mean_value() / 1e6, rel=0.01, abs=0.001)


def test_openmetrics_are_what_prometheus_reads() -> None:
    random.seed(7)
    totals = [int(random.lognormvariate(14, 1.5)) for _ in range(3000)]
    series = series_of(totals, unsent=7, bytes_sent=1000, bytes_received=2000).replace(errors={"timeout": 2})
    families = {family.name: family for family in text_string_to_metric_families(openmetrics_report(series))}
    samples = families["rrcli_exchange_duration_seconds"].samples
    buckets = [(sample.labels["le"], sample.value) for sample in samples if sample.name.endswith("_bucket")]
    assert (buckets[-1], len(buckets) > 10) == (("+Inf", 3000.0), True)
    for bound, count in buckets[:-1]:
        assert count == sum(total <= float(bound) * 1e9 for total in totals)
    found = {sample.name: sample.value for sample in samples if not sample.name.endswith("_bucket")}
    assert found["rrcli_exchange_duration_seconds_count"] == 3000
    assert found["rrcli_exchange_duration_seconds_sum"] == pytest.approx(sum(totals) / 1e9, rel=1e-9)
    (target,) = families["rrcli_series"].samples
    assert target.labels["target"] == 'http://127.0.0.1/?q="a\\b"'
    counted = {name: [(sample.labels, sample.value) for sample in family.samples] for name, family in families.items()}
    assert counted["rrcli_exchanges"] == [({"status": "200"}, 3000.0)]
    assert counted["rrcli_failures"] == [({"kind": "timeout"}, 2.0)]
    assert [counted[name][0][1] for name in ("rrcli_unsent", "rrcli_sent_bytes", "rrcli_received_bytes")] == [7, 1000, 2000]
    assert families["rrcli_exchange_duration_seconds"].unit == "seconds"


@pytest.mark.parametrize("report", [csv_report, hgrm_report, openmetrics_report])
def test_a_series_in_which_nothing_ended_has_reports_too(report: Any) -> None:
    series = series_of([]).replace(first=None)
    assert report(series)
    assert summary(series)["count"] == 0


def test_a_report_of_every_exchange_is_made_of_a_series_alone(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["http", "http://127.0.0.1:1/", "--report", f"csv={tmp_path / 'a.csv'}"]) == 2
    assert "--report csv is not made of one exchange" in capfd.readouterr().err
