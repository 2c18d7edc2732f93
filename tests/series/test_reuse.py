"""Connections over a series: kept where the protocol allows, opened again where the server closed them, never elsewhere."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

import rrcli
from rrcli.series.run import send_series
from rrcli.series.tally import Series

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ASKED = b"\r\n\r\n"


def connection_of(exchange: rrcli.Exchange | None) -> str:
    assert exchange
    assert exchange.response
    assert exchange.response.body
    return exchange.response.body.data.decode()


def repeat(url: str, times: int = 4, **more: object) -> Series:
    return send_series(rrcli.HttpRequest(url, repeat=times, **more))


def test_exchanges_go_over_one_connection(series_web: Any) -> None:
    series = repeat(series_web.url(), 20)
    assert (series.count, series.failed, series.statuses, series.connections) == (20, 0, {"200": 20}, 1)
    assert series.times["total"].count == 20
    assert series.times["connect"].count == 1
    assert series.first
    assert not series.first.connection.reused
    assert set(series.first.timing.phases) == {"connect", "send", "wait", "receive"}


def test_a_reused_connection_has_no_connecting_phases(series_web: Any) -> None:
    first = repeat(series_web.url(), 2, warmup=1).first
    assert first
    assert first.connection.reused
    assert set(first.timing.phases) == {"send", "wait", "receive"}
    assert first.connection.peer == f"127.0.0.1:{series_web.clear}"
    assert first.connection.attempts == ()


def test_every_thread_has_its_own(series_web: Any) -> None:
    series = repeat(series_web.url(), 40, concurrency=4)
    assert (series.count, series.failed, series.multiplexed) == (40, 0, False)
    assert series.connections <= 4


def test_the_server_may_close_it(series_web: Any) -> None:
    series = repeat(f"http://127.0.0.1:{series_web.three}/", 9)
    assert (series.count, series.failed, series.connections) == (9, 0, 3)


def test_close_is_heeded(series_web: Any) -> None:
    assert repeat(series_web.url("/closed"), 3).connections == 3
    assert repeat(series_web.url(), 3, headers=("Connection: close",)).connections == 3
    assert repeat(series_web.url(), 3, http10=True).connections == 3


def test_a_redirect_to_the_same_server_goes_over_the_same_connection(series_web: Any) -> None:
    series = repeat(series_web.url("/redirect"), 3, location=True)
    assert (series.count, series.failed, series.connections) == (3, 0, 1)


def test_failures_are_counted_by_kind_and_the_worst_is_kept(series_web: Any) -> None:
    series = repeat(series_web.url("/bad"), 3, ok="2xx")
    assert (series.failed, series.statuses, series.errors, series.exit_code) == (3, {"503": 3}, {"bad_status": 3}, 1)
    assert series.worst
    assert series.worst.outcome == "application_error"


def leaving_after_one(connection: socket.socket) -> None:
    """Answers one request, and hangs up on the second without a word."""
    script(hear(ASKED), say(OK), hear(ASKED))(connection)


@pytest.mark.parametrize(("method", "failed"), [("GET", 0), ("POST", 1)])
def test_what_may_have_been_done_is_sent_again_only_if_that_is_safe(method: str, failed: int) -> None:
    with responder(leaving_after_one) as peer:
        series = send_series(rrcli.HttpRequest(method, f"http://{peer.host}:{peer.port}/", repeat=2))
    assert (series.count, series.failed) == (2, failed)
    if failed:
        assert series.errors == {"closed": 1}
    else:
        assert series.connections == 2
        assert series.notes == ("once a connection that was kept open was over: sent again on another one",)


def test_a_connection_that_has_more_to_say_is_not_kept() -> None:
    with responder(script(hear(ASKED), say(OK + b"HTTP/1.1 500 Smuggled\r\n\r\n"))) as peer:
        series = repeat(f"http://{peer.host}:{peer.port}/", 3)
    assert (series.statuses, series.connections) == ({"200": 3}, 3)


def test_a_raw_connection_is_never_kept() -> None:
    with responder(script(hear(b"hi"), say(b"ho\n"))) as peer:
        series = send_series(rrcli.TcpRequest(f"{peer.host}:{peer.port}", steps=(("--send", b"hi"),), read_lines=1, repeat=3))
    assert (series.count, series.failed, series.connections) == (3, 0, 3)


def test_redis_shakes_hands_once(redis: Redis) -> None:
    series = send_series(rrcli.RedisRequest(redis.url(), "PING", resp3=True, repeat=50))
    assert (series.count, series.failed, series.connections) == (50, 0, 1)
    assert (series.times["handshake"].count, series.times["wait"].count) == (1, 50)


def test_a_single_exchange_says_nothing_of_it(series_web: Any) -> None:
    numbers = {connection_of(rrcli.send(rrcli.HttpRequest(series_web.url()))) for _ in range(3)}
    assert len(numbers) == 3
