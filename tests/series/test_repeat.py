"""The short course of a series against the normal one: whatever a peer answers, in whichever pieces, each exchange is the same."""

from __future__ import annotations

import itertools
import socket
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers.recording import Recording
from peers.redis_server import Redis
from peers.script import responder

import rrcli
from rrcli.engine.repeat import Repeater
from rrcli.series.run import send_series
from rrcli.series.tally import Series

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ANSWERS = {
    "ok": OK,
    "longer": OK.replace(b"5", b"7") + b"ab",
    "empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "failing": OK.replace(b"200 OK", b"503 Busy"),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n",
    "informed": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
    "json": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"id": 7}',
    "odd": OK.replace(b"\r\n", b"\n", 1),
    "surplus": OK + b"!",
    "closing": OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    "ended": b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "cut": OK[:-2],
    "silent": b"",
    "foreign": b"-ERR unknown command\r\n",
    "broken": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "moved": b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
}
ENDS = ("closing", "ended", "cut", "silent", "foreign", "broken")  # the server closes behind them
WHOLE = ("surplus", "foreign", "broken")  # how much of it came before it was over would be chance
PLANS = st.lists(st.tuples(st.sampled_from([*ANSWERS, "ok", "ok", "json"]), st.integers(0, 60)), min_size=2, max_size=12)


def repeated(plan: list[tuple[str, int]], **options: Any) -> tuple[Series, Recording, list[bytes]]:
    """A series against a server that gives these answers in turn, each cut into two pieces at that byte, and what it was asked."""
    answers, asked = iter(plan), []

    def serve(connection: socket.socket) -> None:
        while True:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                data = connection.recv(4096)
                if not data:
                    return
                request += data
            asked.append(request)
            name, cut = next(answers, ("ok", 0))
            answer = ANSWERS[name]
            cut = 0 if name in WHOLE else cut
            for piece in (answer[:cut], answer[cut:]):
                if piece:
                    connection.sendall(piece)
                    if cut < len(answer):
                        time.sleep(0.0005)
            if name in ENDS:
                return

    with responder(serve) as peer:
        recording = Recording()
        series = send_series(rrcli.HttpRequest(f"http://{peer.host}:{peer.port}/", headers=("Host: peer",), **options), recording)
        recording.outcomes = {number: text.replace(str(peer.port), "port") for number, text in recording.outcomes.items()}
        return series, recording, asked


OPTIONS = st.sampled_from(
    [
        {},
        {"method": "POST"},
        {"location": True},
        {"expect": ("status == 200", "json.id == 7")},
        {"expect": ("time < 5s", "status in 2xx,503")},
        {"ok": "503,2xx"},
        {"ok": "json.id exists"},
        {"head": True},
        {"timeout": 3.0},
        {"bearer": "secret-token"},
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLANS, OPTIONS)
def test_both_courses_come_to_the_same(monkeypatch: pytest.MonkeyPatch, plan: list[tuple[str, int]], options: dict[str, Any]) -> None:
    quick, one, asked = repeated(plan, repeat=len(plan), **options)
    with monkeypatch.context() as patched:
        patched.setattr(Repeater, "begin", lambda _: None)
        normal, other, asked_normally = repeated(plan, repeat=len(plan), **options)
    for number, text in one.outcomes.items():
        assert text.splitlines() == other.outcomes[number].splitlines()
    assert asked == asked_normally
    for name in ("count", "failed", "statuses", "errors", "connections", "exit_code", "notes", "bytes_sent", "bytes_received"):
        assert getattr(quick, name) == getattr(normal, name), name


def short_courses(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each exchange, as they end, was answered as one before."""
    found: list[bool] = []
    go_on = Repeater.go_on

    def noted(self: Repeater, begun: Any) -> Any:
        outcome = go_on(self, begun)
        if outcome or begun.differs:
            found.append(bool(outcome))
        return outcome

    monkeypatch.setattr(Repeater, "go_on", noted)
    return found


@pytest.mark.parametrize("checks", [(), ("status == 200",)])
def test_the_same_answer_is_read_once(monkeypatch: pytest.MonkeyPatch, checks: tuple[str, ...]) -> None:
    """Without checks another good one is read for its status alone."""
    found = short_courses(monkeypatch)
    plan = [("ok", 9), ("ok", 0), ("ok", 7), ("json", 0), ("ok", 44), ("json", 3), ("surplus", 0), ("ok", 0)]
    series, _, _ = repeated(plan, repeat=8, expect=checks)
    assert found == [True, not checks, True, True, False]
    assert (series.count, series.failed, series.connections) == (8, 0, 2)


def test_what_is_known_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.engine.repeat.KNOWN_NS", 0)
    found = short_courses(monkeypatch)
    repeated([("ok", 0)] * 5, repeat=5)
    assert found == [False] * 3


@pytest.mark.parametrize("options", [{"request_id": "auto"}, {"cookies": ("a=1",), "cookie_jar": "/dev/null"}, {"idle_timeout": 5.0}])
def test_what_is_asked_differently_each_time_is_never_short(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    found = short_courses(monkeypatch)
    repeated([("ok", 0)] * 4, repeat=4, **options)
    assert found == []


@pytest.mark.parametrize("is_short", [True, False])
def test_a_limit_that_passes_is_told_as_ever(monkeypatch: pytest.MonkeyPatch, *, is_short: bool) -> None:
    if not is_short:
        monkeypatch.setattr(Repeater, "begin", lambda _: None)
    answers = iter([OK, OK, OK])

    def serve(connection: socket.socket) -> None:
        while connection.recv(4096):
            if answer := next(answers, None):
                connection.sendall(answer)

    with responder(serve) as peer:
        series = send_series(rrcli.HttpRequest(f"http://{peer.host}:{peer.port}/", repeat=5, timeout=0.1))
    assert (series.errors, series.statuses, series.exit_code) == ({"timeout": 2}, {"200": 3}, 6)
    assert series.worst
    assert series.worst.error
    assert (series.worst.error.phase, series.worst.error.delivery) == ("wait", "unknown")
    assert 90e6 <= series.worst.timing.phases["wait"] < 400e6


def test_lanes_share_one_thread_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = short_courses(monkeypatch)
    plan = [*itertools.islice(itertools.cycle([("ok", 0), ("json", 12), ("failing", 9)]), 90)]
    series, _, _ = repeated(plan, repeat=90, concurrency=6)
    assert (series.count, series.statuses, series.connections) == (90, {"200": 60, "503": 30}, 6)
    assert found.count(True) > 30


def test_redis_replies_are_compared_too(monkeypatch: pytest.MonkeyPatch, redis: Redis) -> None:
    found = short_courses(monkeypatch)
    assert send_series(rrcli.RedisRequest(redis.url(), "PING", repeat=20)).statuses == {"OK": 20}
    assert found == [True] * 18
    found.clear()
    series = send_series(rrcli.RedisRequest(redis.url(), "INCR", "n", repeat=20))
    assert (series.statuses, found) == ({"OK": 20}, [False] * 18)
