"""NATS exchanges that fail: other protocols on the port, operations cut, broken or too large, and silence."""

from __future__ import annotations

from typing import Any

import pytest
from peers.base import Peer
from peers.script import Handler, Responder, hear, hear_end, pause, reset, responder, say, script

from rrcli.adapters.nats.request import NatsRequest
from rrcli.adapters.nats.words import ALL
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Failure

INFO = b'INFO {"server_id":"S","version":"9.9.9","headers":true,"max_payload":1024}\r\n'
ADMITTED = hear(b"PING\r\n"), say(b"PONG\r\n"), hear(b"hi\r\n")  # CONNECT, then the message
REPLY = b"MSG _INBOX.x 1 2\r\nho\r\n"


@pytest.fixture(autouse=True)
def no_server_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NATS_URL", raising=False)


def ask(peer: Peer | Responder, *words: str, **options: Any) -> Exchange:
    return send(NatsRequest(f"nats://{peer.host}:{peer.port}", *(words or ("a.b", "hi")), **options))


def met(*steps: Handler, **options: Any) -> Exchange:
    """The exchange with a peer that does this from the start."""
    with responder(script(*steps)) as peer:
        return ask(peer, **options)


def replied(data: bytes, *steps: Handler, **options: Any) -> Exchange:
    """The exchange with a server that lets us in and then sends this."""
    return met(say(INFO), *ADMITTED, say(data), *(steps or (hear_end,)), **options)


def failure(exchange: Exchange) -> Failure:
    assert exchange.error
    return exchange.error


def named(exchange: Exchange) -> tuple[str, str, str | None, str]:
    """Layer, kind, phase and delivery."""
    error = failure(exchange)
    return error.layer, error.kind, error.phase, error.delivery


def replies(exchange: Exchange) -> list[str]:
    assert exchange.response, exchange.error
    return [reply["payload"] for reply in exchange.response.data["replies"]]


# --- another protocol, or none -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("greeting", "message", "hint"),
    [
        (b"220 mail.example ESMTP Postfix\r\n", "expected NATS, got an SMTP reply: '220 mail.example ESMTP Postfix'", "rrcli smtp://"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "expected NATS, got an SSH banner: 'SSH-2.0-OpenSSH_9.2p1'", "rrcli tcp"),
        (b"+OK POP3 ready\r\n", "expected NATS, got a POP3 greeting: '+OK POP3 ready'", "rrcli tcp"),
        (b"* OK IMAP ready\r\n", "expected NATS, got an IMAP greeting: '* OK IMAP ready'", "rrcli tcp"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "expected NATS, got HTTP/1.1 400 Bad Request", "rrcli http://"),
        (b"MSG a 1 0\r\n\r\n", "expected NATS, got b'MSG a 1 0\\r\\n\\r\\n'", "rrcli tcp"),
        (b"PONG\r\n", "expected NATS, got b'PONG\\r\\n'", "rrcli tcp"),
    ],
)
def test_another_protocol_is_named(greeting: bytes, message: str, hint: str) -> None:
    exchange = met(say(greeting), hear_end)
    assert named(exchange) == ("protocol", "wrong_protocol", "handshake", "not_sent")
    assert failure(exchange).message == message
    assert hint in str(failure(exchange).hint)
    assert failure(exchange).retry == "useless"


def test_a_peer_that_waits_for_us_is_told_from_a_nats_server() -> None:
    exchange = met(hear_end, connect_timeout=0.3)
    assert named(exchange) == ("transport", "timeout", "handshake", "not_sent")
    assert failure(exchange).message == "setting up the session: the time limit passed (--connect-timeout 300ms)"
    assert failure(exchange).hint == (
        "the peer waits for us to speak, and a NATS server speaks first: the port may be that of HTTP or Redis,"
        " or want TLS before INFO (--tls-first)"
    )


def test_real_servers_of_other_protocols(redis: Peer, nginx: Any, smtp: Any) -> None:
    for peer in (redis, nginx):
        assert named(ask(peer, connect_timeout=0.3)) == ("transport", "timeout", "handshake", "not_sent")
    exchange = ask(smtp)
    assert named(exchange) == ("protocol", "wrong_protocol", "handshake", "not_sent")
    assert "an SMTP reply" in failure(exchange).message


def test_others_recognise_a_nats_server(nats: Peer) -> None:
    import rrcli

    exchange = rrcli.send(rrcli.RedisRequest(f"redis://{nats.address}", "PING"))
    assert exchange.error
    assert exchange.error.kind == "wrong_protocol"
    assert "a NATS greeting" in exchange.error.message
    assert exchange.error.hint == f"rrcli nats://{nats.address}/"
    assert send(NatsRequest(f"nats://{nats.address}/")).outcome == "ok"


@pytest.mark.parametrize("ending", [hear(b""), reset])
def test_a_peer_that_closes_before_info(ending: Handler) -> None:
    exchange = met(ending)
    assert named(exchange)[1:] in (("closed", "handshake", "not_sent"), ("reset", "handshake", "not_sent"))
    assert failure(exchange).message == "the peer closed the connection before INFO"
    assert "--tls-first" in str(failure(exchange).hint)


# --- the handshake -----------------------------------------------------------------------------------------


def test_a_server_that_closes_in_place_of_pong() -> None:
    exchange = met(say(INFO), hear(b"PING\r\n"))
    assert named(exchange) == ("transport", "closed", "handshake", "not_sent")
    assert failure(exchange).message == "the server closed the connection in place of PONG"


def test_an_error_in_place_of_info_is_the_answer() -> None:
    exchange = met(say(b"-ERR 'maximum connections exceeded'\r\n"))
    assert exchange.response
    assert exchange.response.status.text == "maximum connections exceeded"
    assert (failure(exchange).delivery, failure(exchange).retry) == ("not_sent", "safe")


def test_operations_between_connect_and_pong_are_read_over() -> None:
    steps = say(INFO), hear(b"PING\r\n"), say(b'+OK\r\nPING\r\nINFO {"max_payload":2}\r\nPONG\r\n'), hear(b"hi\r\n"), say(REPLY), hear_end
    exchange = met(*steps)
    assert replies(exchange) == ["ho"]
    assert exchange.response
    assert exchange.response.data["info"] == {"server_id": "S", "version": "9.9.9", "headers": True, "max_payload": 2}


def test_one_limit_holds_for_all_of_the_handshake() -> None:
    exchange = met(pause(0.2), say(INFO), pause(5), connect_timeout=0.5)
    assert named(exchange) == ("transport", "timeout", "handshake", "not_sent")
    assert exchange.timing.total_ns < 1e9
    exchange = met(pause(5), timeout=0.3)
    assert "--timeout 300ms" in failure(exchange).message


def test_headers_for_a_server_without_them_are_refused() -> None:
    exchange = met(say(b'INFO {"version":"1.4"}\r\n'), hear(b"PING\r\n"), say(b"PONG\r\n"), hear_end, headers=("X-A: b",))
    assert named(exchange) == ("usage", "usage", None, "not_sent")


# --- replies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"MSG a 1 -5\r\n", "malformed", "expected MSG with subject, number and length"),
        (b"MSG a 1\r\n", "malformed", "expected MSG with subject, number and length"),
        (b"MSG a 7 2\r\nho\r\n", "malformed", "a message came for the subscription 7, and there is none of that number"),
        (b"MSG a 0 2\r\nho\r\n", "malformed", "a message came for the subscription 0, and there is none of that number"),
        (b"MSG a 1 2\r\nhoo\r\n", "malformed", "expected CRLF after the 2 bytes of a message"),
        (b"MSG a 1 99999999999\r\n", "malformed", "expected MSG with subject, number and length"),
        (b"MSG a 1 999999999\r\n", "too_large", "a message of 999999999 bytes is larger than --max-size"),
        (b"HMSG a 1 20 10\r\n", "malformed", "the headers of a message have 20 bytes, the whole of it 10"),
        (b"HMSG a 1 99999 99999\r\n", "too_large", "the headers of a message have 99999 bytes"),
        (b"HMSG a 1 4 4\r\nabcd\r\n", "malformed", "the headers of a message do not begin with NATS/1.0"),
        (b"INFO nonsense\r\n", "malformed", "the server's INFO is no JSON"),
        (b"NONSENSE\r\n", "malformed", "expected an operation of NATS"),
        (b"PONG\x00\r\n", "malformed", "expected an operation of NATS"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, kind: str, said: str) -> None:
    exchange = replied(data)
    assert named(exchange) == ("protocol", kind, "receive", "unknown")
    assert failure(exchange).message.startswith(said)


def test_a_good_reply_counts_whatever_comes_behind_it() -> None:
    exchange = replied(REPLY + b"NONSENSE\r\n")
    assert (exchange.outcome, replies(exchange)) == ("ok", ["ho"])


def test_several_replies_and_then_nonsense_keep_what_came() -> None:
    exchange = replied(REPLY + b"NONSENSE\r\n", replies=ALL)
    assert named(exchange)[:2] == ("protocol", "malformed")
    assert replies(exchange) == ["ho"]
    assert failure(exchange).delivery == "answered"


def test_a_server_that_closes_without_a_reply() -> None:
    exchange = met(say(INFO), *ADMITTED)
    assert named(exchange) == ("transport", "closed", "wait", "unknown")
    assert failure(exchange).message == "the server closed the connection without a reply"


def test_a_reply_that_breaks_off() -> None:
    exchange = met(say(INFO), *ADMITTED, say(REPLY[:-3]))
    assert named(exchange) == ("protocol", "truncated", "receive", "unknown")


def test_pings_are_answered_while_a_reply_is_waited_for() -> None:
    exchange = met(say(INFO), *ADMITTED, say(b"PING\r\nPING\r\n"), hear(b"PONG\r\nPONG\r\n"), say(REPLY), hear_end)
    assert replies(exchange) == ["ho"]


def test_an_error_that_ends_the_connection_is_the_answer() -> None:
    exchange = replied(b"-ERR 'Maximum Payload Violation'\r\n", reset)
    assert exchange.response
    assert exchange.response.status.text == "Maximum Payload Violation"
    assert (exchange.response.framing, failure(exchange).delivery) == ("crlf", "answered")


@pytest.mark.parametrize(
    ("head", "code", "text"),
    [
        (b"NATS/1.0 404 No Messages", 404, "No Messages"),
        (b"NATS/1.0 408", 408, "Request Timeout"),
        (b"NATS/1.0 409 Consumer Deleted", 409, "Consumer Deleted"),
    ],
)
def test_a_status_of_jetstream_is_the_status(head: bytes, code: int, text: str) -> None:
    size = len(head) + 4
    exchange = replied(b"HMSG a 1 %d %d\r\n%s\r\n\r\n\r\n" % (size, size, head))
    assert exchange.response
    assert (exchange.response.status.code, exchange.response.status.text, exchange.outcome) == (code, text, "application_error")


def test_an_error_of_jetstreams_interface_is_noted() -> None:
    payload = b'{"error":{"code":404,"err_code":10059,"description":"stream not found"}}'
    answer = say(b"MSG a 1 %d\r\n%s\r\n" % (len(payload), payload))
    with responder(script(say(INFO), hear(b"PING\r\n"), say(b"PONG\r\n"), hear(b" 0\r\n\r\n"), answer, hear_end)) as peer:
        exchange = ask(peer, "$JS.API.STREAM.INFO.x")
    (note,) = exchange.notes
    assert (exchange.outcome, note.code) == ("ok", "jetstream")
    assert note.message == "the reply is an error of JetStream (code 404, err_code 10059): stream not found"


def test_more_replies_than_are_kept_are_counted() -> None:
    exchange = replied(b"MSG a 1 1\r\nx\r\n" * 12_000, hear(b"UNSUB 1\r\n"), replies=ALL, reply_timeout=0.5)
    assert exchange.outcome == "ok"
    assert len(replies(exchange)) == 10_000
    assert [note.message for note in exchange.notes] == ["12000 replies came, and the document keeps the first 10000"]
