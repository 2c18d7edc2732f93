"""WebSocket against the server of the `websockets` package, in clear and over TLS: messages, ends, closes, and what the document tells."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.base import Peer
from peers.ca import Authority
from peers.exchange import failed_as, failure_of, response_of
from peers.script import hear, responder, say, script
from peers.verdict import SCHEMA

from rrcli.adapters.ws.request import WsRequest, step
from rrcli.adapters.ws.websocat import as_command
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked
from rrcli.responders.http import HttpResponder

Talk = Callable[..., Exchange]


@pytest.fixture
def talk(websocket: Peer) -> Talk:
    """Talk to the server: its path, messages, options."""
    return lambda path, *words, **options: send(WsRequest(f"ws://{websocket.address}{path}", *words, **options))


def data_of(exchange: Exchange) -> dict[str, Any]:
    value = document(exchange)
    SCHEMA.validate(value)
    found: dict[str, Any] = value["response"]["data"]
    return found


def said(exchange: Exchange) -> list[Any]:
    """What the messages of the peer said."""
    return [event["data"] for event in data_of(exchange)["events"] if event["type"] in ("text", "binary")]


def steps(*pairs: tuple[str, str]) -> tuple[Any, ...]:
    return tuple(step(*pair) for pair in pairs)


def cli(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return child.run("ws", *words, input=given)


# --- messages


def test_a_message_and_its_echo(talk: Talk) -> None:
    exchange = talk("/", "hello")
    assert exchange.error is None
    assert (exchange.protocol, response_of(exchange).status.code, response_of(exchange).framing) == ("ws", 101, "message")
    data = data_of(exchange)
    (event,) = data["events"]
    assert {key: event[key] for key in ("type", "data", "size", "frames")} == {"type": "text", "data": "hello", "size": 5, "frames": 1}
    assert (data["close_code"], data["close_reason"], data["subprotocol"]) == (1000, "", None)
    assert set(exchange.timing.phases) == {"connect", "handshake", "send", "wait", "receive"}
    (message,) = document(exchange)["request"]["data"]["messages"]
    assert (message["type"], message["size"], message["at_ms"] < event["at_ms"]) == ("text", 5, True)
    assert document(exchange)["command"][1:] == [exchange.target.url, "hello"]


def test_text_that_is_json_is_told_as_its_value(talk: Talk) -> None:
    assert data_of(talk("/", '{"a": [1]}'))["events"][0]["json"] == {"a": [1]}


def test_messages_go_out_in_order_and_each_answer_is_awaited(talk: Talk) -> None:
    exchange = talk("/", "b", "c", steps=steps(("--send", "a\\x41"), ("--send-hex", "00ff0a"), ("--send-base64", "AQI=")))
    assert said(exchange) == ["aA", {"base64": "AP8K"}, {"base64": "AQI="}, "b", "c"]
    assert [message["type"] for message in exchange.request.data["messages"]] == ["text", "binary", "binary", "text", "text"]


def test_what_is_awaited_is_read_to_and_captured(talk: Talk) -> None:
    dialogue = steps(("--send", "id=42"), ("--await", "/id=(?P<id>[0-9]+)/"), ("--send", "get {{id}}"), ("--await", "get 42"))
    exchange = talk("/", steps=dialogue)
    assert (exchange.error, said(exchange)) == (None, ["id=42", "get 42"])


def test_a_file_is_a_binary_message_and_with_text_a_text(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello\n")
    assert said(talk("/", steps=steps(("--send-file", str(path))))) == [{"base64": "aGVsbG8K"}]
    assert said(talk("/", steps=steps(("--send-file", str(path))), text=True)) == ["hello\n"]
    assert said(talk("/", "hi", binary=True)) == [{"base64": "aGk="}]


def test_a_message_of_twenty_mebibytes(talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(20 << 20))
    exchange = talk("/", steps=steps(("--send-file", str(path))))
    assert data_of(exchange)["events"][0]["size"] == 20971520


def test_compression_shows_in_the_size_on_the_wire_and_can_be_left_out(talk: Talk) -> None:
    data = data_of(talk("/", "A" * 1000))
    assert (data["events"][0]["size"], data["events"][0]["wire_size"] < 60) == (1000, True)
    assert data["extensions"][0].startswith("permessage-deflate")
    data = data_of(talk("/", "A" * 1000, no_compress=True))
    assert (data["events"][0]["wire_size"], data["extensions"]) == (1000, [])


def test_a_message_is_cut_into_frames(talk: Talk) -> None:
    exchange = talk("/", "hello", fragment=2, no_compress=True, wire=1 << 16)
    assert said(exchange) == ["hello"]
    shown = b"".join(entry.data for entry in exchange.transcript or () if entry.direction == "sent")
    assert bytes.fromhex("0182 00000000") + b"he" + bytes.fromhex("0082 00000000") + b"ll" + bytes.fromhex("8081 00000000") + b"o" in shown


def test_the_subprotocol_that_was_chosen(talk: Talk) -> None:
    assert data_of(talk("/", "x", subprotocols=("v9", "chat")))["subprotocol"] == "chat"


# --- pings


def test_a_ping_is_timed_before_any_other_end(talk: Talk) -> None:
    for options in ({"max_events": 0}, {}):
        (event,) = data_of(talk("/", ping="abc", **options))["events"]
        assert (event["type"], event["data"], event["rtt_ms"] > 0) == ("pong", "abc", True)
    exchange = talk("/", "hello", ping="p")
    assert sorted(event["type"] for event in data_of(exchange)["events"]) == ["pong", "text"]


def test_pings_keep_a_quiet_connection(talk: Talk) -> None:
    exchange = talk("/silent", ping_interval=0.1, timeout=0.55)
    events = data_of(exchange)["events"]
    assert [event["data"] for event in events] == ["1", "2", "3", "4", "5"][: len(events)]
    assert (len(events) >= 2, failure_of(exchange).kind) == (True, "timeout")


# --- ends


def test_max_events_counts_messages_alone(talk: Talk) -> None:
    exchange = talk("/push", max_events=2, ping="p")
    assert (exchange.error, said(exchange)) == (None, ['{"n": 1}', '{"n": 2}'])


def test_until_ends_with_the_event_that_satisfies_it(talk: Talk) -> None:
    exchange = talk("/push", until="json.n == 3")
    assert (exchange.error, len(said(exchange)), data_of(exchange)["close_code"]) == (None, 3, 1000)
    assert talk("/", until="type == 'pong'", ping="p").error is None


def test_until_that_never_holds_is_a_stream_closed_too_early(talk: Talk) -> None:
    exchange = talk("/push", until="json.n == 9")
    assert failed_as(exchange) == ("transport", "closed", "receive", "answered")
    assert (len(said(exchange)), data_of(exchange)["close_code"]) == (5, 1000)


@pytest.mark.parametrize(("path", "code"), [("/push", "with 1000"), ("/close", "with 4001 (bye)")])
def test_what_is_awaited_and_never_comes_is_a_close_too_early(talk: Talk, path: str, code: str) -> None:
    failure = failure_of(talk(path, steps=steps(("--await", "never"))))
    assert (failure.kind, failure.message) == ("closed", f"the server closed {code} before step 1, --await 'never', was met")


def test_without_messages_the_peer_ends_it(talk: Talk) -> None:
    exchange = talk("/push")
    assert (exchange.error, len(said(exchange)), response_of(exchange).framing) == (None, 5, "close-frame")
    assert data_of(exchange)["events"][-1]["type"] == "close"


def test_a_code_of_failure_is_the_status(talk: Talk) -> None:
    exchange = talk("/close")
    status = response_of(exchange).status
    assert (exchange.outcome, status.code, status.text, status.ok) == ("application_error", 4001, "bye", False)
    assert data_of(exchange)["close_reason"] == "bye"
    assert failure_of(exchange).message == "the server closed with 4001: bye"


def test_a_server_that_goes_is_no_failure(talk: Talk) -> None:
    exchange = talk("/going")
    assert (exchange.error, response_of(exchange).status.code, data_of(exchange)["close_code"]) == (None, 101, 1001)


def test_a_server_that_is_gone_without_a_close(talk: Talk) -> None:
    exchange = talk("/abort", "x")
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind in ("closed", "reset"), failure.delivery, failure.retry) == ("transport", True, "unknown", "unsafe")
    assert (data_of(exchange)["close_code"], data_of(exchange)["events"]) == (1006, [])


def test_a_silent_server_ends_at_the_limit(talk: Talk) -> None:
    assert failed_as(talk("/silent", idle_timeout=0.2)) == ("transport", "timeout", "wait", "not_sent")
    assert failure_of(talk("/silent", idle_timeout=0.2)).retry == "safe"
    assert failed_as(talk("/silent", "x", idle_timeout=0.2)) == ("transport", "timeout", "wait", "unknown")
    assert failed_as(talk("/silent", "x", timeout=0.4))[1] == "timeout"


def test_our_own_goodbye_is_no_failure(talk: Talk) -> None:
    exchange = talk("/", "x", close=(4000, "done"))
    assert (exchange.error, data_of(exchange)["close_code"], data_of(exchange)["close_reason"]) == (None, 4000, "done")


# --- the upgrade


def test_a_refused_upgrade_is_the_answer_of_http(talk: Talk) -> None:
    exchange = talk("/403", "x")
    value = document(exchange)
    assert (exchange.outcome, value["response"]["status"]["code"], value["response"]["body"]["text"]) == (
        "application_error", 403, "no entry\n",
    )  # fmt: skip
    assert (value["response"]["data"]["events"], failure_of(exchange).delivery) == ([], "not_sent")


def test_over_tls(websocket_tls: Peer, ca: Authority) -> None:
    exchange = send(WsRequest(f"wss://localhost:{websocket_tls.port}/", "hi", cacert=str(ca.root)))
    assert (exchange.error, said(exchange), exchange.connection.tls and exchange.connection.tls.alpn) == (None, ["hi"], "http/1.1")
    assert exchange.timing.phases["tls"] > 0
    assert failure_of(send(WsRequest(f"wss://localhost:{websocket_tls.port}/", "hi"))).kind == "certificate_untrusted"


@pytest.mark.parametrize("url", ["ws://{}/", "http://{}/", "WS://{}/", "{}/"])
def test_a_url_may_be_written_in_several_ways(websocket: Peer, url: str) -> None:
    exchange = send(WsRequest(url.format(websocket.address), "hi"))
    assert (exchange.error, exchange.target.url) == (None, f"ws://{websocket.address}/")


def test_a_redirect_is_followed_where_that_is_asked_for(websocket: Peer) -> None:
    for scheme in ("ws", "http"):
        answer = f"HTTP/1.1 302 Found\r\nLocation: {scheme}://{websocket.address}/\r\nContent-Length: 0\r\n\r\n".encode()
        with responder(script(hear(b"\r\n\r\n"), say(answer))) as peer:
            exchange = send(WsRequest(f"ws://{peer.host}:{peer.port}/", "hi", location=True))
        assert (exchange.error, said(exchange), [hop.why for hop in exchange.history]) == (None, ["hi"], ["redirect"])
    with responder(script(hear(b"\r\n\r\n"), say(answer))) as peer:
        exchange = send(WsRequest(f"ws://{peer.host}:{peer.port}/", "hi"))
    assert failure_of(exchange).message == "the server did not change to WebSocket: it answered HTTP/1.1 302 Found"


def test_a_digest_challenge_is_answered() -> None:
    challenge = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n'
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    answers = iter((challenge, refusal))
    with responder(lambda connection: script(hear(b"\r\n\r\n"), say(next(answers)))(connection)) as peer:
        exchange = send(WsRequest(f"ws://{peer.host}:{peer.port}/", user="bob:secret", digest=True))
    assert ([hop.why for hop in exchange.history], response_of(exchange).status.code) == (["auth"], 403)
    fields = dict(exchange.request.fields)
    assert fields["Authorization"].startswith('Digest username="bob"')
    assert fields["Sec-WebSocket-Key"] != dict(exchange.history[0].request.fields)["Sec-WebSocket-Key"]


def test_fields_credentials_and_cookies_go_with_it() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with responder(script(hear(b"\r\n\r\n"), say(refusal))) as peer:
        exchange = send(WsRequest(f"ws://{peer.host}:{peer.port}/a?b=1", headers=("X-A: b",), user="u:p", cookies=("c=1",)))
    fields = dict(exchange.request.fields)
    assert (exchange.request.summary, fields["X-A"], fields["Authorization"], fields["Cookie"]) == (
        "GET /a?b=1 HTTP/1.1", "b", "Basic dTpw", "c=1",
    )  # fmt: skip


def test_through_a_proxy(websocket: Peer, http_proxy: Callable[..., Peer]) -> None:
    proxy = f"http://{http_proxy().address}"
    exchange = send(WsRequest(f"ws://{websocket.address}/", "hi", proxy=proxy))
    assert (exchange.error, said(exchange), exchange.connection.proxy) == (None, ["hi"], proxy)


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [(b"220 mail.test ESMTP\r\n", "wrong_protocol"), (b"\x15\x03\x01\x00\x02\x02\x46", "wrong_protocol"), (b"", "closed")],
)
def test_another_protocol_is_named(greeting: bytes, kind: str) -> None:
    with responder(script(hear(b"\r\n\r\n"), say(greeting))) as peer:
        failure = failure_of(send(WsRequest(f"ws://{peer.host}:{peer.port}/", "x")))
    assert (failure.kind, failure.delivery) == (kind, "not_sent")
    if kind == "wrong_protocol":
        assert failure.message.startswith("expected WebSocket, got ")


# --- what is shown


def test_secrets_are_nowhere(websocket: Peer) -> None:
    secret = "SEKRET42"
    for compress in (True, False):
        request = WsRequest(
            f"ws://bob:{secret}@{websocket.address}/", f"my {secret} and {secret}", headers=(f"X-Auth-Token: {secret}",),
            wire=1 << 16, no_compress=not compress, fragment=5,
        )  # fmt: skip
        exchange = send(request)
        shown = masked(exchange)
        assert secret not in json.dumps(document(shown))
        sent = b"".join(entry.data for entry in shown.transcript or () if entry.direction == "sent")
        received = b"".join(entry.data for entry in shown.transcript or () if entry.direction == "received")
        assert b"SEKRET" not in re.sub(rb"[^A-Z]", b"", sent)
        assert (b"***" in sent, b"***" in received) == (True, True)
        assert secret not in (as_command(exchange, request) or "")


def test_deflated_messages_can_be_read_beside_their_bytes(talk: Talk) -> None:
    notes = [entry.note for entry in talk("/", "hello", wire=1 << 16).transcript or ()]
    assert "text, 5 bytes: hello" in notes
    assert any(note and note.startswith("text, deflated, ") and note.endswith("inflated: hello") for note in notes)


def test_the_same_by_websocat(talk: Talk, websocket: Peer) -> None:
    where = f"ws://{websocket.address}/"
    assert as_command(talk("/", "a", "it's"), WsRequest(where, "a", "it's")) == (
        f"printf '%s\\n' a 'it'\\''s' | websocat --no-close --max-messages-rev 2 {where}"
    )
    request = WsRequest(where, steps=steps(("--send-hex", "00ff")), subprotocols=("chat",), close=(4000, "bye"))
    assert as_command(send(request), request) == (
        f"printf '\\000\\377' | websocat --protocol chat --close-status-code 4000 --close-reason bye --binary --no-close "
        f"--max-messages-rev 1 {where}"
    )
    waiting = WsRequest(where, steps=steps(("--send", "a"), ("--await", "a")))
    assert as_command(send(waiting), waiting) is None


# --- the command line


def test_raw_is_text_in_lines_and_binary_exact(websocket: Peer) -> None:
    url = f"ws://{websocket.address}/"
    assert (cli(url, "hello").stdout, cli(url, "--send-hex", "00ff0a").stdout) == (b"hello\n", b"\x00\xff\n")
    assert cli(url, "--ping", "a", "").stdout == b"a\n\n"


def test_lines_of_standard_input_are_messages_and_their_answers_come(websocket: Peer) -> None:
    url = f"ws://{websocket.address}/"
    for _ in range(5):
        assert cli(url, "--stdin", given=b"a\nb\n").stdout == b"a\nb\n"
    assert cli(url, "--stdin", "first", given=b"a\r\nlast").stdout == b"first\na\nlast\n"
    done = cli(url, "--stdin", "--json", given=b"\xff\n")
    assert (done.returncode, json.loads(done.stdout)["error"]["kind"], json.loads(done.stdout)["command"]) == (9, "input", None)


def test_both_directions_at_once(websocket: Peer) -> None:
    command = [sys.executable, "-m", "rrcli", "ws", f"ws://{websocket.address}/", "--stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        for line in (b"one\n", b"two\n"):
            child.stdin.write(line)
            child.stdin.flush()
            assert child.stdout.readline() == line  # the answer comes before the next line is written
        child.stdin.close()
        assert child.wait(timeout=20) == 0


def test_doctor_asks_for_the_upgrade_and_leaves(websocket: Peer) -> None:
    done = child.run("doctor", f"ws://{websocket.address}/silent")
    assert (done.returncode, b"all layers work" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"http2": True}, "--http2"),
        ({"method": "POST"}, "-X"),
        ({"text": True, "binary": True}, "--text and --binary"),
        ({"ping_timeout": 1.0}, "--ping-timeout"),
        ({"idempotency_key": "auto"}, "idempotency"),
        ({"steps": steps(("--await", "a"), ("--send", "{{x}}"), ("--await", "/(?P<y>b)/"))}, "{{x}}"),
        ({"steps": steps(("--send", "\\xff"))}, "UTF-8"),
    ],
)
def test_what_cannot_be_asked_for(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        send(WsRequest("ws://127.0.0.1:1/", **options))
    assert (raised.value.layer, words in raised.value.message) == ("usage", True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://a.test/", "ftp:// is no URL of a WebSocket"),
        ("svn+ssh://a.test/", "svn+ssh:// is no URL"),
        ("ws://", "'ws://' names no host"),
    ],
)
def test_what_is_no_url_of_a_websocket_is_told_as_that(url: str, words: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        send(WsRequest(url))
    assert words in raised.value.message
    assert "ws://" in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("flag", "word"),
    [("--close", "1005"), ("--close", "x"), ("--close", "1000:" + "x" * 124), ("--fragment", "0"), ("--subprotocol", "a,b"),
     ("--ping", "x" * 126)],
)  # fmt: skip
def test_words_that_are_refused(flag: str, word: str) -> None:
    with pytest.raises(ValueError, match="is|has"):
        next(each for each in WsRequest.options_.values() if flag in each.flags).parse(word)


def test_what_our_responder_says() -> None:
    with HttpResponder() as web:
        exchange = send(WsRequest(f"{web.url}/ws/binary"))
        assert [(event["type"], event.get("size")) for event in data_of(exchange)["events"]] == [("binary", 256), ("close", None)]
        assert len(said(send(WsRequest(f"{web.url}/ws/push?count=3&every=10ms")))) == 3
        assert response_of(send(WsRequest(f"{web.url}/ws/close?code=4005&reason=so"))).status.text == "so"
        assert said(send(WsRequest(f"{web.url}/ws/echo", "a" * 200))) == ["a" * 200]
        exchange = send(WsRequest(f"{web.url}/json"))
        assert (exchange.outcome, response_of(exchange).status.code) == ("application_error", 200)
