"""`--until` and `--every`: the same exchange until its document satisfies an expression, whatever the protocol."""

from __future__ import annotations

import json
import signal
import threading
import time
from typing import Any

import pytest
from peers.asgi import Asgi
from peers.base import free_port
from peers.child import finish, on_terminal, piped, started
from peers.exchange import failure_of
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.redis.request import RedisRequest
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Observer
from rrcli.engine.history import ENDS
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Response


class Watching(Observer):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def received(self, answer: Response) -> None:
        self.seen.append(answer.status.code)

    def content(self, data: bytes) -> None:
        self.seen.append(data)

    def poll_in(self, seconds: float, number: int, found: str) -> None:
        self.seen.append((seconds, number, found))


def job(asgi: Asgi, name: str, after: int) -> str:
    return asgi.url(f"/job?name={name}&after={after}")


def test_until_it_holds(asgi: Asgi) -> None:
    watching = Watching()
    exchange = send(HttpRequest(job(asgi, "holds", 3), until="json.state == done", every=0.01), watching)
    assert exchange.outcome == "ok"
    assert [earlier.why for earlier in exchange.history] == ["poll", "poll"]
    assert [earlier.id for earlier in exchange.history] == [exchange.id] * 2
    assert exchange.timing.elapsed_ns >= 20_000_000
    found = "json.state is busy"
    assert watching.seen == [(0.01, 1, found), (0.01, 2, found), 200, b'{"state": "done", "asked": 3}']


def test_the_first_may_do(asgi: Asgi) -> None:
    assert send(HttpRequest(job(asgi, "at-once", 1), until="json.state == done")).history == ()


def test_the_deadline_passes(asgi: Asgi) -> None:
    watching = Watching()
    exchange = send(HttpRequest(job(asgi, "never", 10**6), until="json.state == done", every=0.1, deadline=0.35), watching)
    failure = failure_of(exchange)
    assert (exchange.outcome, failure.layer, failure.kind, failure.delivery) == ("error", "transport", "timeout", "answered")
    times = len(exchange.history) + 1
    assert failure.message == (
        f"--until 'json.state == done' did not hold within the time limit (--deadline 350ms), asked {times} times: json.state is busy"
    )
    assert watching.seen[-2] == 200
    assert exchange.timing.elapsed_ns < 400_000_000


def test_what_fails_does_not_hold_yet() -> None:
    port = free_port()
    request = TcpRequest(f"127.0.0.1:{port}", read_lines=1, until="body contains hello", every=0.02, deadline=10.0)
    found: list[Exchange] = []
    asking = threading.Thread(target=lambda: found.append(send(request)))
    asking.start()
    time.sleep(0.1)
    import socket

    with socket.create_server(("127.0.0.1", port)) as server:
        connection, _ = server.accept()
        connection.sendall(b"hello\n")
        asking.join()
        connection.close()
    assert found[0].outcome == "ok"
    assert {failure_of(earlier).kind for earlier in found[0].history} == {"refused"}


def test_never_up() -> None:
    exchange = send(HttpRequest(f"http://127.0.0.1:{free_port()}/", until="status == 200", every=0.05, deadline=0.2))
    failure = failure_of(exchange)
    assert (failure.kind, failure.delivery, failure.retry) == ("timeout", "not_sent", "safe")
    assert "connection refused" in failure.message


def test_a_status_that_was_waited_for_is_a_success(asgi: Asgi) -> None:
    exchange = send(HttpRequest(asgi.url("/gone"), until="status == 404"))
    assert (exchange.outcome, exchange.error) == ("ok", None)


def test_checks_are_made_on_the_last(asgi: Asgi) -> None:
    exchange = send(HttpRequest(job(asgi, "checked", 2), until="json.state == done", every=0.01, expect=("json.asked == 2",)))
    assert [check.ok for check in exchange.checks] == [True]
    assert exchange.history[0].checks == ()


def test_the_history_keeps_both_ends(asgi: Asgi) -> None:
    exchange = send(HttpRequest(job(asgi, "many", 2 * ENDS + 6), until="json.state == done", every=0.0))
    assert len(exchange.history) == 2 * ENDS
    asked = [json.loads(earlier.response.body.data)["asked"] for earlier in exchange.history if earlier.response and earlier.response.body]
    assert asked == [*range(1, ENDS + 1), *range(ENDS + 6, 2 * ENDS + 6)]
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("history-left-out", "5 earlier exchanges are left out of the history")
    ]


def test_retries_within_a_poll() -> None:
    answers = iter((b"503 x", b"200 busy", b"200 done"))

    def handle(connection: Any) -> None:
        status, _, body = next(answers).partition(b" ")
        script(hear(b"\r\n\r\n"), say(b"HTTP/1.1 %b x\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)))(connection)

    with responder(handle) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", until="body == done", every=0.01, retry=1, retry_delay=0.01))
    assert ([earlier.why for earlier in exchange.history], exchange.outcome) == (["retry", "poll"], "ok")


def test_too_much_to_hold_back() -> None:
    body = b"x" * 5000
    with responder(script(hear(b"\r\n\r\n"), say(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + body))) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", until="status == 201", max_size=1000), watching := Watching())
    assert failure_of(exchange).kind == "too_large"
    assert b"".join(part for part in watching.seen if isinstance(part, bytes)) == body


def test_redis(redis: Redis) -> None:
    exchange = send(RedisRequest(redis.url(), "INCR", "until", until="response.data.value >= 3", every=0.01))
    assert (exchange.response is not None and exchange.response.data["value"], len(exchange.history)) == (3, 2)


def test_a_redis_stream_ends_with_the_event(redis: Redis) -> None:
    with started("redis", "--until", "json.state == done", redis.url(), "SUBSCRIBE", "until") as process:
        assert process.stdout
        assert process.stdout.readline()  # it is subscribed
        for state in ("busy", "done", "late"):
            send(RedisRequest(redis.url(), "PUBLISH", "until", f'{{"state": "{state}"}}'))
        ended = finish(process)
    assert ended.code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until": "nonsense"}, "'nonsense' is no expectation"),
        ({"until": " "}, "' ' is no expectation"),
        ({"until": "stauts == 200"}, "'stauts' is no key of the document; did you mean status?"),
        ({"until": "status == 200", "data": (("-d", "@-"),)}, "standard input can be read only once"),
    ],
)
def test_what_is_wrong_before_anything_is_sent(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExchangeError, match=message) as caught:
        send(HttpRequest("http://127.0.0.1:1/", **options))
    assert caught.value.layer == "usage"


def test_on_the_command_line(asgi: Asgi) -> None:
    ended = piped("http", job(asgi, "command", 3), "--until", "json.state == done", "--every", "10ms")
    assert (ended.code, ended.out, ended.err) == (0, b'{"state": "done", "asked": 3}', b"")
    ended = piped("http", job(asgi, "late", 10**6), "--until", "json.state == done", "--every", "1s", "--deadline", "500ms")
    assert (ended.code, ended.out) == (6, b'{"state": "busy", "asked": 1}')


def test_a_terminal_shows_what_goes_on(asgi: Asgi) -> None:
    """The line appears after half a second, and is gone in the end."""
    ended = on_terminal("http", job(asgi, "shown", 2), "--until", "json.state == done", "--every", "800ms", "--format", "raw")
    assert b"asked 1 time: json.state is busy \xc2\xb7 again in 0." in ended.out
    assert ended.out.rpartition(b"\r\x1b[K")[2].startswith(b'{"state": "done", "asked": 2}')


def test_ctrl_c_while_it_retry_in(asgi: Asgi) -> None:
    with started("http", job(asgi, "interrupted", 10**6), "--until", "json.state == done", "--every", "20s", "--json") as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        ended = finish(process)
    assert ended.code == 130
    assert "while waiting for --until" in json.loads(ended.out)["error"]["message"]
