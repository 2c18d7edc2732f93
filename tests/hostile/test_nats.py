"""`rrcli nats` against servers that never end, lie about lengths, break off at every byte, or try to steer the terminal."""

from __future__ import annotations

import pytest
from peers.bounds import as_json
from peers.flood import STEER, STEER_TEXT
from peers.made import Made
from peers.script import Handler, drip, hear, hear_end, pause, responder, say, script

from rrcli.adapters.nats.request import NatsRequest
from rrcli.engine.send import send

INFO = b'INFO {"server_id":"S","version":"9.9.9","headers":true,"max_payload":1024}\r\n'
ADMITTED = say(INFO), hear(b"PING\r\n"), say(b"PONG\r\n")
REPLY = b"MSG _INBOX.x 1 2\r\nho\r\n"


def over(connection) -> None:
    """Read on: closing with unread input would reset."""
    hear_end(connection)


def flood(block: bytes) -> Handler:
    """The same again and again, for as long as the client stays."""

    def step(connection) -> None:
        data = block * max(1, 65536 // len(block))
        while True:
            connection.sendall(data)

    return step


def greeting(*steps: Handler) -> Handler:
    return script(*steps, over)


def reply(*steps: Handler) -> Handler:
    return script(*ADMITTED, hear(b"hi\r\n"), *steps, over)


ODD = b'INFO {"max_payload":-1,"headers":7,"tls_required":"x","nonce":[],"version":{}}\r\n'
STEERING_INFO = b'INFO {"version":"' + STEER_TEXT.replace(b"\x1b", b"\\u001b") + b'"}\r\n'
DEEP = b"[" * 100_000
WRONG = Made(
    {
        "silence": lambda: (greeting(pause(20)), 6),
        "slow drip of INFO": lambda: (greeting(drip(INFO * 100, 0.05)), 6),
        "endless INFO": lambda: (greeting(say(b'INFO {"a":"'), flood(b"x")), 7),
        "endless INFOs": lambda: (greeting(flood(INFO)), 7),
        "INFO of 5 MiB": lambda: (greeting(say(b'INFO {"a":"' + b"x" * (5 << 20) + b'"}\r\n')), 7),
        "INFO that is no JSON": lambda: (greeting(say(b"INFO {nonsense\r\n")), 7),
        "INFO that is a list": lambda: (greeting(say(b"INFO []\r\n")), 7),
        "INFO that is deep": lambda: (greeting(say(b"INFO " + DEEP + b"\r\n")), 7),
        "INFO with odd values": lambda: (greeting(say(ODD), hear(b"PING\r\n"), say(b"PONG\r\n")), 6),
        "INFO with an endless number": lambda: (greeting(say(b'INFO {"max_payload":' + b"9" * 100_000 + b"}\r\n")), 6),
        "random bytes": lambda: (greeting(say(bytes(range(256)) * 100)), 7),
        "pings before INFO": lambda: (greeting(flood(b"PING\r\n")), 7),
        "endless OK before INFO": lambda: (greeting(flood(b"+OK\r\n")), 7),
        "endless line": lambda: (greeting(say(b"-ERR '"), flood(b"x")), 7),
        "pings before PONG": lambda: (script(say(INFO), hear(b"PING\r\n"), flood(b"PING\r\n")), 7),
        "INFOs before PONG": lambda: (script(say(INFO), hear(b"PING\r\n"), flood(INFO)), 7),
        "a message before PONG": lambda: (script(say(INFO), hear(b"PING\r\n"), say(REPLY), over), 7),
        "TLS that never begins": lambda: (greeting(say(INFO.replace(b'"headers"', b'"tls_required":true,"headers"')), pause(20)), 6),
        "clear text behind the switch to TLS": lambda: (
            greeting(say(INFO.replace(b'"headers"', b'"tls_required":true,"headers"') + b"PONG\r\n")),
            7,
        ),
        "pings in place of a reply": lambda: (reply(flood(b"PING\r\n")), 7),
        "pongs in place of a reply": lambda: (reply(flood(b"PONG\r\n")), 7),
        "OKs in place of a reply": lambda: (reply(flood(b"+OK\r\n")), 7),
        "a negative length": lambda: (reply(say(b"MSG a 1 -5\r\n")), 7),
        "a huge length": lambda: (reply(say(b"MSG a 1 9223372036854775807\r\nx")), 7),
        "a large length": lambda: (reply(say(b"MSG a 1 4294967296\r\nx")), 7),
        "an endless length": lambda: (reply(say(b"MSG a 1 "), flood(b"9")), 7),
        "an endless subject": lambda: (reply(say(b"MSG "), flood(b"a")), 7),
        "a subscription that nobody has": lambda: (reply(say(b"MSG a 77 2\r\nho\r\n")), 7),
        "headers longer than the whole": lambda: (reply(say(b"HMSG a 1 50 20\r\n")), 7),
        "endless headers": lambda: (reply(say(b"HMSG a 1 9999999 9999999\r\n"), flood(b"x")), 7),
        "headers without a name": lambda: (reply(say(b"HMSG a 1 16 16\r\nNATS/1.0\r\n:b\r\n\r\n\r\n")), 7),
        "a dripping payload": lambda: (reply(say(b"MSG a 1 1000\r\n"), drip(b"x" * 1000, 0.05)), 6),
        "a large reply": lambda: (reply(say(b"MSG a 1 5000000\r\n" + b"\x1b" * 5_000_000 + b"\r\n")), 0),
        "a large binary reply": lambda: (reply(say(b"MSG a 1 20000000\r\n" + b"\0" * 20_000_000 + b"\r\n")), 0),
        "a million headers' letters": lambda: (
            reply(say(b"HMSG a 1 60012 60012\r\nNATS/1.0\r\n" + b"a:\r\n" * 15_000 + b"\r\n\r\n")),
            None,
        ),
        "JSON that is deep": lambda: (reply(say(b"MSG a 1 100000\r\n" + DEEP + b"\r\n")), 0),
    }
)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, serve, document_or_drawing) -> None:
    handler, code = WRONG[name]
    peer = serve(handler)
    ended = document_or_drawing("nats", f"nats://{peer.host}:{peer.port}", "a.b", "hi", code=code)
    assert ended.code in (0, 6, 7)


BLOCKS = REPLY, b"MSG a 1 0\r\n\r\n", b'MSG a 1 13\r\n{"a":[1,2,3]}\r\n', b"MSG a 1 10000\r\n" + b"x" * 10_000 + b"\r\n"


@pytest.mark.parametrize("block", BLOCKS, ids=("small", "empty", "JSON", "large"))
def test_replies_without_end_stop_at_the_deadline(block: bytes, serve, document_or_drawing) -> None:
    peer = serve(script(*ADMITTED, hear(b"hi\r\n"), flood(block)))
    ended = document_or_drawing("nats", "--max-size", "4MiB", "--replies", "all", f"nats://{peer.host}:{peer.port}", "a.b", "hi")
    assert ended.code == 6


def test_requests_without_end_stop_at_the_deadline(serve, document_or_drawing) -> None:
    peer = serve(script(*ADMITTED, flood(b"MSG a.b 1 _INBOX.r 2\r\nhi\r\n")))
    document_or_drawing("nats", "--reply", "x", f"nats://{peer.host}:{peer.port}", "a.b", code=6)


def test_an_inbox_that_is_no_subject_cannot_bring_an_operation_of_its_own(serve) -> None:
    """The subject to reply to is the peer's: it is checked as any other before it is written."""
    peer = serve(script(*ADMITTED, say(b"MSG a.b 1 x..y 2\r\nhi\r\n"), over))
    ended = as_json("nats", "--reply", "x", "--max-events", "1", f"nats://{peer.host}:{peer.port}", "a.b")
    assert ended.code == 7
    assert b"malformed" in ended.out


@pytest.mark.parametrize("at", range(len(INFO + b"PONG\r\n" + REPLY)))
def test_an_end_at_every_byte_is_told(at: int) -> None:
    steps: list[Handler] = [say(INFO[:at])]
    if at >= len(INFO):
        rest = at - len(INFO)
        steps += [hear(b"PING\r\n"), say(b"PONG\r\n"[:rest])]
        if rest >= len(b"PONG\r\n"):
            steps += [hear(b"hi\r\n"), say(REPLY[: rest - len(b"PONG\r\n")])]
    with responder(script(*steps)) as peer:
        exchange = send(NatsRequest(f"nats://{peer.host}:{peer.port}", "a.b", "hi", timeout=3.0))
    assert exchange.error
    assert exchange.error.kind in ("closed", "truncated", "reset")
    assert (exchange.error.delivery == "not_sent") is (at < len(INFO + b"PONG\r\n"))


STEERING = {
    "INFO": greeting(say(STEERING_INFO), hear(b"PING\r\n"), say(b"PONG\r\n")),
    "no operation": greeting(say(STEER + b"\r\n")),
    "error": script(say(INFO), hear(b"PING\r\n"), say(b"-ERR '" + STEER_TEXT + b"'\r\n")),
    "payload": reply(say(b"MSG a 1 %d\r\n%s\r\n" % (len(STEER), STEER))),
    "text": reply(say(b"MSG a 1 %d\r\n%s\r\n" % (len(STEER_TEXT), STEER_TEXT))),
    "subject": reply(say(b"MSG " + STEER_TEXT.replace(b"\x0b", b"").replace(b"\x0c", b"") + b" 1 2\r\nho\r\n")),
    "header": reply(
        say(b"HMSG a 1 %d %d\r\nNATS/1.0\r\nX: %s\r\n\r\n\r\n" % (len(STEER_TEXT) + 17, len(STEER_TEXT) + 17, STEER_TEXT)),
    ),
    "status": reply(
        say(b"HMSG a 1 %d %d\r\nNATS/1.0 409 %s\r\n\r\n\r\n" % (len(STEER_TEXT) + 17, len(STEER_TEXT) + 17, STEER_TEXT)),
    ),
    "service error": reply(
        say(b"HMSG a 1 %d %d\r\nNATS/1.0\r\nNats-Service-Error: %s\r\n\r\n\r\n" % (len(STEER_TEXT) + 34, len(STEER_TEXT) + 34, STEER_TEXT)),
    ),
}


@pytest.mark.parametrize("where", STEERING)
def test_nothing_steers_the_terminal(where: str, serve, way) -> None:
    peer = serve(STEERING[where])
    way("nats", f"nats://{peer.host}:{peer.port}", "a.b", "hi")


def test_no_request_of_others_steers_the_terminal(serve, way) -> None:
    peer = serve(script(*ADMITTED, say(b"MSG a.b 1 %d\r\n%s\r\n" % (len(STEER), STEER)), over))
    way("nats", "--reply", "x", f"nats://{peer.host}:{peer.port}", "a.b")
