"""Redis exchanges that fail: other protocols on the port, replies cut, broken, endless or too large, and silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from peers.base import Peer, free_port
from peers.redis_server import Redis
from peers.script import Handler, Responder, hear, hear_end, reset, responder, say, script

from rrcli.adapters.redis.request import RedisRequest
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Failure

PING = b"*1\r\n$4\r\nPING\r\n"
OK = b"+OK\r\n"


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDISCLI_AUTH", raising=False)


def ask(peer: Peer | Responder, *words: str, path: str = "", userinfo: str = "", **options: Any) -> Exchange:
    return send(RedisRequest(f"redis://{userinfo}{peer.host}:{peer.port}{path}", *(words or ("PING",)), **options))


def answered(*steps: Handler, **options: Any) -> Exchange:
    """The exchange with a peer that hears PING first."""
    with responder(script(hear(PING), *steps)) as peer:
        return ask(peer, **options)


def failure(exchange: Exchange) -> Failure:
    assert exchange.error
    return exchange.error


def named(exchange: Exchange) -> tuple[str, str, str | None, str]:
    """Layer, kind, phase and delivery."""
    error = failure(exchange)
    return error.layer, error.kind, error.phase, error.delivery


# --- another protocol --------------------------------------------------------------------------------------


def test_http_on_the_port(tcp_script: Callable[[str], Peer]) -> None:
    peer = tcp_script(r"printf 'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n'; sleep 1")
    exchange = ask(peer)
    assert named(exchange) == ("protocol", "wrong_protocol", "receive", "unknown")
    assert failure(exchange).message == "expected Redis, got HTTP/1.1 400 Bad Request (nginx)"
    assert failure(exchange).hint == f"rrcli http://{peer.address}/"
    assert failure(exchange).retry == "useless"


def test_an_ssh_banner() -> None:
    exchange = answered(say(b"SSH-2.0-OpenSSH_9.2p1\r\n"), hear_end)
    assert named(exchange) == ("protocol", "wrong_protocol", "receive", "unknown")
    assert failure(exchange).message == "expected Redis, got an SSH banner: 'SSH-2.0-OpenSSH_9.2p1'"


def test_another_protocol_in_the_handshake() -> None:
    with responder(script(hear(b"3\r\n"), say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), hear_end)) as peer:
        exchange = ask(peer, path="/3")
    assert named(exchange) == ("protocol", "wrong_protocol", "handshake", "not_sent")
    assert failure(exchange).message == "expected Redis, got HTTP/1.1 400 Bad Request"


def test_tls_on_the_port(redis_tls: Redis) -> None:
    exchange = ask(redis_tls)
    # Whether the end or the reset is seen first is a race within the kernel.
    assert failure(exchange).kind in ("closed", "reset")
    assert failure(exchange).hint == "the server's log tells why; a port that wants TLS does so too: write rediss://"


def test_no_tls_on_the_port(redis: Redis) -> None:
    exchange = send(RedisRequest(f"rediss://127.0.0.1:{redis.port}", "PING", insecure=True, connect_timeout=0.15))
    assert named(exchange) == ("transport", "timeout", "tls", "not_sent")  # it waits for the end of a line


# --- the end of the connection -----------------------------------------------------------------------------


def test_nobody_listens() -> None:
    exchange = send(RedisRequest(f":{free_port()}", "PING"))
    assert named(exchange) == ("transport", "refused", "connect", "not_sent")
    assert failure(exchange).retry == "safe"


def test_no_socket_there() -> None:
    exchange = send(RedisRequest("unix:///nowhere/redis.sock", "PING"))
    assert named(exchange) == ("transport", "refused", "connect", "not_sent")
    assert exchange.target.url == "unix:///nowhere/redis.sock"


@pytest.mark.parametrize(("words", "retry"), [(["PING"], "safe"), (["SET", "k", "v"], "safe"), (["INCR", "k"], "unsafe")])
def test_closed_without_a_reply(words: list[str], retry: str) -> None:
    with responder(script(hear(b"\r\n" + words[-1].encode() + b"\r\n"))) as peer:
        exchange = ask(peer, *words)
    assert named(exchange) == ("transport", "closed", "wait", "unknown")
    assert failure(exchange).message == "the server closed the connection without a reply"
    assert failure(exchange).retry == retry
    assert exchange.response is None


def test_closed_in_the_handshake() -> None:
    with responder(script(hear(b"3\r\n"))) as peer:
        exchange = ask(peer, "INCR", "k", path="/3")
    assert named(exchange) == ("transport", "closed", "handshake", "not_sent")
    assert failure(exchange).retry == "safe"


def test_reset_in_place_of_a_reply() -> None:
    assert named(answered(reset))[:2] == ("transport", "reset")


def test_shutdown_answers_by_closing(redis: Redis) -> None:
    exchange = ask(redis, "SHUTDOWN", "NOSAVE")
    assert failure(exchange).kind == "closed"
    assert failure(exchange).hint == "SHUTDOWN answers so when it works: the server is down"


@pytest.mark.parametrize("part", [b"$5\r\nhel", b"$5\r", b"*2\r\n:1\r\n", b"+O", b"%1\r\n+key\r\n"])
def test_half_a_reply(part: bytes) -> None:
    exchange = answered(say(part))
    assert named(exchange) == ("protocol", "truncated", "receive", "unknown")
    assert failure(exchange).message == f"the server closed the connection within its reply, after {len(part)} bytes of it"


# --- broken and hostile replies ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        (b"*1\r\n" * 129, "too_large", "the reply is nested more than 128 deep"),
        (b"$536870913\r\n", "too_large", "the bulk has 536870913 bytes, where 536870912 are allowed"),
        (b"*1048577\r\n", "too_large", "the array has 1048577 elements, where 1048576 are allowed"),
        (b"$" + b"9" * 5000 + b"\r\n", "too_large", f"the bulk has {10**20} bytes, where 536870912 are allowed"),
        (b":twelve\r\n", "malformed", "expected a 64-bit integer, got 'twelve'"),
        (b"$2\r\nabc\r\n", "malformed", "expected CRLF after the 2 bytes of the bulk, got 'c\\r'"),
        (b"$-2\r\n", "malformed", "expected the length of the bulk, got '-2'"),
        (b"+OK\n", "malformed", "expected a line that ends with CRLF, got '+OK\\n'"),
    ],
    ids=["nested", "bulk", "array", "digits", "integer", "bulk-end", "negative", "bare-lf"],
)
def test_a_reply_that_breaks_the_protocol(reply: bytes, kind: str, message: str) -> None:
    exchange = answered(say(reply), hear_end)
    assert named(exchange) == ("protocol", kind, "receive", "unknown")
    assert failure(exchange).message == message


def test_a_reply_over_the_size_allowed() -> None:
    exchange = answered(say(b"$200000\r\n" + b"x" * 150_000), hear_end, max_size=100_000)
    assert named(exchange) == ("protocol", "too_large", "receive", "unknown")
    assert failure(exchange).message == "the reply has more than 100000 bytes"
    assert failure(exchange).hint == "ask for less of it, or allow more with --max-size"


def test_more_replies_than_the_handshake_has_commands() -> None:
    with responder(script(hear(b"3\r\n"), say(OK + b"+surplus\r\n"), hear_end)) as peer:
        exchange = ask(peer, path="/3")
    assert named(exchange) == ("protocol", "malformed", "handshake", "not_sent")
    assert failure(exchange).message == "the server sent more replies than the 1 that the handshake asks for"


@pytest.mark.parametrize("surplus", [b"+surplus\r\n", b"+sur", b"garbage"])
def test_bytes_after_the_reply_are_noted(surplus: bytes) -> None:
    exchange = answered(say(b"+PONG\r\n" + surplus), hear_end)
    assert exchange.response
    assert exchange.response.data == {"value": "PONG", "type": "status"}
    assert [(note.code, note.message) for note in exchange.notes] == [("bytes-after-end", "more bytes came after the end of the reply")]


def test_a_refusal_before_the_first_command() -> None:
    """A server that has too many clients says so and closes without hearing a word."""
    with responder(script(say(b"-ERR max number of clients reached\r\n"), hear(PING))) as peer:
        exchange = ask(peer)
    assert (failure(exchange).layer, failure(exchange).message) == ("application", "ERR max number of clients reached")


# --- replies that a small server does not send -------------------------------------------------------------


def test_pushes_before_the_reply_are_noted() -> None:
    push = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n"
    exchange = answered(say(push + push + b"$2\r\nhi\r\n" + push), hear_end)
    assert exchange.response
    assert exchange.response.data == {"value": "hi", "type": "bulk"}
    assert [(note.code, note.message) for note in exchange.notes] == [("push", "a push came before the reply: invalidate key")] * 2


def test_of_many_pushes_the_first_are_told() -> None:
    push = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n"
    exchange = answered(say(push * 15 + b"+OK\r\n"), hear_end)
    messages = ["a push came before the reply: invalidate key"] * 10 + ["5 more pushes came and went unread"]
    assert [note.message for note in exchange.notes] == messages


def test_a_push_within_the_handshake_answers_nothing() -> None:
    push = b">2\r\n$10\r\ninvalidate\r\n_\r\n"
    with responder(script(hear(b"3\r\n"), say(push + OK), hear(PING), say(b"+PONG\r\n"))) as peer:
        exchange = ask(peer, path="/3")
    assert exchange.response
    assert exchange.response.summary == "PONG"


def test_attributes_stand_beside_the_value() -> None:
    exchange = answered(say(b"|1\r\n+ttl\r\n:3600\r\n*1\r\n+x\r\n"))
    assert exchange.response
    assert exchange.response.data == {"value": ["x"], "type": "array", "attributes": {"ttl": 3600}}
    assert exchange.response.display == "1| ttl => (integer) 3600\n1) x"


def test_an_error_of_several_lines_shows_its_first() -> None:
    exchange = answered(say(b"!17\r\nSYNTAX one\r\ntwo\r\n\r\n"))
    assert exchange.response
    assert (exchange.response.summary, exchange.response.status.text) == ("SYNTAX one", "SYNTAX")


@pytest.mark.parametrize(
    ("reply", "prefix", "hint"),
    [
        (
            b"-MOVED 3999 127.0.0.1:6381\r\n",
            "MOVED",
            "Send the command to that node and update the map of slots (CLUSTER SLOTS), or use a cluster client.",
        ),
        (
            b"-ASK 3999 127.0.0.1:6381\r\n",
            "ASK",
            "Send ASKING and then the command to that node, for this once; keep the map of slots.",
        ),
    ],
)
def test_a_redirection_is_explained(reply: bytes, prefix: str, hint: str) -> None:
    exchange = answered(say(reply))
    assert exchange.response
    assert exchange.response.status.text == prefix
    assert (failure(exchange).layer, failure(exchange).message) == ("application", f"{prefix} 3999 127.0.0.1:6381")
    assert failure(exchange).hint == hint


def test_what_the_peer_escapes_to_is_no_prefix() -> None:
    exchange = answered(say(b"-\x1b[31mERR red\r\n"))
    assert exchange.response
    assert exchange.response.status.text == "ERR"


# --- silence -----------------------------------------------------------------------------------------------


def test_silence_after_the_command() -> None:
    exchange = answered(hear_end, timeout=0.15)
    assert named(exchange) == ("transport", "timeout", "wait", "unknown")
    assert failure(exchange).message == "waiting for the answer: the time limit passed (--timeout 150ms)"
    assert 140e6 < exchange.timing.phases["wait"] < 400e6


def test_silence_within_the_reply() -> None:
    exchange = answered(say(b"$5\r\nhe"), hear_end, timeout=0.15)
    assert named(exchange) == ("transport", "timeout", "receive", "unknown")


@pytest.mark.parametrize("options", [{}, {"resp3": True}])
def test_silence_in_the_handshake(options: dict[str, Any]) -> None:
    with responder(hear_end) as peer:
        exchange = ask(peer, "INCR", "k", userinfo="ann:sesame@", timeout=0.15, **options)
    assert named(exchange) == ("transport", "timeout", "handshake", "not_sent")
    assert failure(exchange).retry == "safe"
    assert 140e6 < exchange.timing.phases["handshake"] < 400e6
    assert exchange.timing.phases.keys() == {"connect", "handshake"}


def test_a_blocking_command_is_ended_by_the_time_limit(redis: Redis) -> None:
    exchange = ask(redis, "BLPOP", "nothing", "0", timeout=0.15)
    assert named(exchange) == ("transport", "timeout", "wait", "unknown")
    assert failure(exchange).retry == "unsafe"
