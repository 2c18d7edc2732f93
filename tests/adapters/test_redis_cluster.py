"""A cluster's redirections and a sentinel's master, each a hop of its own, against real ones."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from peers.base import free_port, need
from peers.ca import Authority
from peers.redis_server import Redis, Watched
from peers.script import hear, hear_end, responder, say, script

from rrcli.adapters.redis.rediscli import as_command
from rrcli.adapters.redis.request import RedisRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import MASK
from rrcli.engine.runner import MAX_HOPS
from rrcli.engine.send import send
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

pytestmark = pytest.mark.peer
Cluster = tuple[Redis, ...]


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)


def value(exchange: Exchange) -> Any:
    assert exchange.error is None
    assert exchange.response
    return exchange.response.data["value"]


def hops(exchange: Exchange) -> list[tuple[str, str, str | None]]:
    """Of each hop before the last: whom it asked, what it was told, and why it led on."""
    return [(hop.target.url, hop.response.summary if hop.response else "", hop.why) for hop in exchange.history]


def sentinel_url(watched: Watched, userinfo: str = ":watchful@") -> str:
    return f"redis://{userinfo}{watched.sentinel.address}"


# --- cluster -----------------------------------------------------------------------------------------------


def test_moved_is_followed(redis_cluster: Cluster) -> None:
    first, _, last = redis_cluster
    exchange = send(RedisRequest(first.url(), "SET", "foo", "bar", cluster=True))
    assert value(exchange) == "OK"
    assert exchange.target.url == last.url()
    assert hops(exchange) == [(first.url(), f"MOVED 12182 {last.address}", "redirect")]
    hop = exchange.history[0]
    assert (hop.outcome, hop.response and hop.response.status.text) == ("application_error", "MOVED")
    assert "wait" in hop.timing.phases
    assert value(send(RedisRequest(last.url(), "GET", "foo", cluster=True))) == "bar"


def test_without_cluster_moved_is_an_error_with_a_note(redis_cluster: Cluster) -> None:
    exchange = send(RedisRequest(redis_cluster[0].url(), "GET", "foo"))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.message) == ("application", f"MOVED 12182 {redis_cluster[2].address}")
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("redirection", "the key lives on another node of the cluster: -c (--cluster) follows")
    ]


def test_ask_is_followed_with_asking(redis_cluster: Cluster) -> None:
    """A slot on the move: what the old node has no more is asked of the new one, for this once."""
    first, second, _ = redis_cluster
    slot = "5061"  # of `bar`

    def cli(server: Redis, *words: str) -> str:
        command = [need("redis-cli"), "-p", str(server.port), *words]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()

    cli(second, "CLUSTER", "SETSLOT", slot, "IMPORTING", cli(first, "CLUSTER", "MYID"))
    cli(first, "CLUSTER", "SETSLOT", slot, "MIGRATING", cli(second, "CLUSTER", "MYID"))
    try:
        exchange = send(RedisRequest(first.url(), "SET", "bar", "x\0y", cluster=True, wire=1 << 20))
        assert value(exchange) == "OK"
        assert hops(exchange) == [(first.url(), f"ASK {slot} {second.address}", "redirect")]
        sent = [entry.data for entry in exchange.transcript or () if entry.direction == "sent"]
        assert sent == [b"*1\r\n$6\r\nASKING\r\n", b"*3\r\n$3\r\nSET\r\n$3\r\nbar\r\n$3\r\nx\0y\r\n"]
        assert len(send(RedisRequest(first.url(), "GET", "bar", cluster=True)).history) == 1
    finally:
        send(RedisRequest(first.url(), "DEL", "bar", cluster=True))
        for server in (first, second):
            cli(server, "CLUSTER", "SETSLOT", slot, "STABLE")


def test_a_shard_channel_is_followed_too(redis_cluster: Cluster) -> None:
    exchange = send(RedisRequest(redis_cluster[0].url(), "SSUBSCRIBE", "foo", cluster=True, max_events=1))
    assert value(exchange) == ["ssubscribe", "foo", 1]
    assert len(exchange.history) == 1


def test_redirections_without_end_are_cut() -> None:
    error = b"-MOVED 1 127.0.0.1:%d\r\n"
    with responder(lambda connection: script(hear(b"GET\r\n$1\r\nk\r\n"), say(error % connection.getsockname()[1]))(connection)) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "GET", "k", cluster=True))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind, len(exchange.history)) == ("protocol", "too_many_redirects", MAX_HOPS)


@pytest.mark.parametrize("host", ["", "?"])
def test_moved_without_a_host_means_the_same_one(host: str) -> None:
    with responder(script(hear(b"GET\r\n$1\r\nk\r\n"), say(b"$1\r\nv\r\n"))) as node:
        moved = f"-MOVED 1 {host}:{node.port}\r\n".encode()
        with responder(script(hear(b"GET\r\n$1\r\nk\r\n"), say(moved))) as peer:
            assert value(send(RedisRequest(f"127.0.0.1:{peer.port}", "GET", "k", cluster=True))) == "v"


@pytest.mark.parametrize("place", [b"nowhere", b"host:99999", b"a/b:1", b"user@host:1"])
def test_moved_to_nonsense_is_malformed(place: bytes) -> None:
    with responder(script(hear(b"GET\r\n$1\r\nk\r\n"), say(b"-MOVED 1 " + place + b"\r\n"), hear_end)) as peer:
        exchange = send(RedisRequest(f":{peer.port}", "GET", "k", cluster=True))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "malformed")
    assert exchange.error.message == f"expected HOST:PORT after MOVED, got (error) MOVED 1 {place.decode()}"


# --- sentinel ----------------------------------------------------------------------------------------------


def test_the_master_is_found_and_asked(redis_sentinel: Watched) -> None:
    exchange = send(RedisRequest(sentinel_url(redis_sentinel), "SET", "key", "1", sentinel="mymaster", password="hunter2"))
    assert value(exchange) == "OK"
    assert exchange.target.url == redis_sentinel.master.url()
    assert exchange.notes == ()
    (hop,) = exchange.history
    assert hops(exchange) == [(sentinel_url(redis_sentinel), f"mymaster is {redis_sentinel.master.address}", "redirect")]
    assert hop.timing.phases.keys() == {"resolve"}
    assert hop.timing.phases["resolve"] == hop.timing.total_ns > 0
    assert hop.response
    assert hop.response.data["value"] == {
        "name": "mymaster", "ip": "127.0.0.1", "port": redis_sentinel.master.port, "flags": "master", "quorum": 1,
        "num-slaves": 0, "num-other-sentinels": 0,
    }  # fmt: skip
    assert masked(exchange).history[0].target.url == f"redis://:{MASK}@{redis_sentinel.sentinel.address}"


def test_the_next_sentinel_is_asked_and_the_first_is_noted(redis_sentinel: Watched) -> None:
    gone = free_port()
    words = (f"127.0.0.1:{gone}", sentinel_url(redis_sentinel), "PING")
    exchange = send(RedisRequest(*words, sentinel="mymaster", password="hunter2"))
    assert value(exchange) == "PONG"
    assert [(note.code, note.message) for note in exchange.notes] == [("sentinel", f"sentinel 127.0.0.1:{gone}: connection refused")]
    tried = [(attempt.address, attempt.error) for attempt in exchange.history[0].connection.attempts]
    assert tried == [(f"127.0.0.1:{gone}", "refused"), (redis_sentinel.sentinel.address, None)]


def test_a_master_that_nobody_knows(redis_sentinel: Watched) -> None:
    exchange = send(RedisRequest(sentinel_url(redis_sentinel), "PING", sentinel="other"))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind, exchange.error.delivery) == ("application", "bad_status", "not_sent")
    assert exchange.error.message == f"sentinel {redis_sentinel.sentinel.address} knows no master other"
    assert exchange.error.hint == "masters that it knows: mymaster"


def test_a_sentinel_that_wants_a_password(redis_sentinel: Watched) -> None:
    exchange = send(RedisRequest(sentinel_url(redis_sentinel, ""), "PING", sentinel="mymaster"))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.hint) == ("application", "a sentinel's own password stands in its URL")


def test_no_sentinel_at_all() -> None:
    gone, other = free_port(), free_port()
    exchange = send(RedisRequest(f"127.0.0.1:{gone}", f"127.0.0.1:{other}", "PING", sentinel="mymaster"))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind, exchange.error.phase) == ("transport", "refused", "resolve")
    assert (
        exchange.error.message == f"sentinel 127.0.0.1:{other}: connection refused; before: sentinel 127.0.0.1:{gone}: connection refused"
    )


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_is_no_sentinel(answer: bytes) -> None:
    with responder(script(say(answer), hear_end)) as peer:
        exchange = send(RedisRequest(f"127.0.0.1:{peer.port}", "PING", sentinel="mymaster", timeout=0.3))
    assert exchange.error
    assert exchange.error.kind == ("wrong_protocol" if answer else "timeout")
    assert exchange.timing.total_ns < 1e9


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["PING"], "--sentinel needs the URL of a sentinel"),
        (["redis://h:1"], "there is no command to send"),
        (["unix:///s", "PING"], "unix:///s is no sentinel"),
    ],
)
def test_a_wrong_request_for_a_sentinel(words: list[str], message: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        send(RedisRequest(*words, sentinel="mymaster"))
    assert (raised.value.layer, raised.value.message) == ("usage", message)


# --- client certificates, and the same with redis-cli ------------------------------------------------------


def test_client_certificates(redis_tls_clients: Redis, ca: Authority) -> None:
    files = {"cacert": str(ca.root), "cert": str(ca.client.chain), "key": str(ca.client.key)}
    exchange = send(RedisRequest(redis_tls_clients.url(), "SET", "key", "a b", **files))
    assert value(exchange) == "OK"
    command = as_command(exchange)
    assert command == (
        f"redis-cli -h 127.0.0.1 -p {redis_tls_clients.port} --tls --cacert {ca.root} --cert {ca.client.chain}"
        f" --key {ca.client.key} SET key 'a b'"
    )
    assert subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout == b"OK\n"
    without = send(RedisRequest(redis_tls_clients.url(), "PING", cacert=str(ca.root)))
    assert without.error
    assert (without.error.layer, without.error.kind) == ("tls", "client_certificate_required")
