"""The open loop: exchanges begin when they are due, whatever became of those before, and a stall is in the figures of all it held up."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest
from peers.script import hear, pause, responder, say, script

import rrcli
from rrcli.series.run import send_series
from rrcli.series.tally import summary

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@pytest.mark.parametrize("options", [{}, {"concurrency": 1}, {"concurrency": 4}])
def test_a_stall_is_in_the_percentiles(series_web: Any, options: dict[str, Any]) -> None:
    """The server is stopped for 0.6 of 2 s: three in ten are due then, and wait for its end."""

    def stall() -> None:
        time.sleep(0.7)
        os.kill(series_web.pid, signal.SIGSTOP)
        time.sleep(0.6)
        os.kill(series_web.pid, signal.SIGCONT)

    thread = threading.Thread(target=stall)
    thread.start()
    try:
        series = send_series(rrcli.HttpRequest(series_web.url(), rate=100.0, repeat_for=2.0, **options))
    finally:
        thread.join()
    value = summary(series)
    total = value["timing"]["total_ms"]
    assert (series.count + series.unsent, series.failed) == (200, 0)
    assert series.unsent < 20  # a busy machine may be late with the last ones
    assert total["p90"] > 360
    assert total["p99"] > 500
    assert total["p50"] < 200
    means = {name: figures["mean"] * series.times[name.removesuffix("_ms")].count for name, figures in value["timing"].items() if figures}
    assert means.pop("total_ms") == pytest.approx(sum(means.values()), rel=0.02)
    longest = max(value["timeline"], key=lambda point: point["max_ms"] or 0)
    assert longest["max_ms"] == total["max"]
    gaps = "".join("x" if point["count"] else " " for point in value["timeline"]).split("x")
    assert max(map(len, gaps)) >= 45  # of 10 ms each


def test_a_series_ends_when_its_time_is_over_and_counts_what_it_did_not_send() -> None:
    with responder(script(hear(b"\r\n\r\n"), pause(0.05), say(OK))) as peer:
        begin = time.monotonic()
        request = rrcli.HttpRequest(f"http://{peer.host}:{peer.port}/", rate=200.0, repeat_for=0.5, concurrency=2)
        series = send_series(request)
        took = time.monotonic() - begin
    assert series.count + series.unsent == 100
    assert 4 <= series.count <= 22
    assert took < 1.5
    assert series.target_rate_per_s == 200.0
    assert f"{series.unsent} were due and had not begun when time was up" in "\n".join(series.notes)


def test_a_rate_takes_as_many_lanes_as_it_needs_and_says_so() -> None:
    with responder(script(hear(b"\r\n\r\n"), pause(0.05), say(OK))) as peer:
        series = send_series(rrcli.HttpRequest(f"http://{peer.host}:{peer.port}/", rate=100.0, repeat_for=0.6))
    assert (series.count + series.unsent, series.failed) == (60, 0)
    assert series.unsent < 10
    assert 5 <= series.at_once <= 64
    assert f"--rate needed {series.at_once} at once" in "\n".join(series.notes)
    assert series.times["late"].percentile(50) < 50e6


def test_an_invocation_that_runs_out_of_time_counts_what_was_due() -> None:
    with responder(script(hear(b"\r\n\r\n"), pause(5))) as peer:
        request = rrcli.HttpRequest(f"http://{peer.host}:{peer.port}/", rate=100.0, repeat=1000, concurrency=1, deadline=0.3)
        series = send_series(request)
    assert (series.count, series.exit_code) == (1, 6)
    assert 25 <= series.unsent <= 35
