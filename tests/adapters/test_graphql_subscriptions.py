"""Subscriptions: over WebSocket against strawberry, over Server-Sent Events against the letter of graphql-sse's protocol, and
against servers that say what none should."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.base import Peer
from peers.ca import Authority
from peers.exchange import failure_of
from peers.script import hear, over_tls, responder, say, script
from peers.verdict import SCHEMA

from rrcli.adapters.graphql.curl import as_command
from rrcli.adapters.graphql.request import GraphqlRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Observer
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

pytest.importorskip("websockets")

from websockets.protocol import OPEN
from websockets.server import ServerProtocol

Get = Callable[..., Exchange]
COUNT = "subscription Count($to: Int!) { count(to: $to) }"
ACK = {"type": "connection_ack"}


@pytest.fixture
def subscribe(graphql_server: Peer) -> Get:
    return lambda *words, path="/graphql", **options: send(GraphqlRequest(f"http://{graphql_server.address}{path}", *words, **options))


def data_of(exchange: Exchange) -> dict[str, Any]:
    value = document(exchange)
    SCHEMA.validate(value)
    found: dict[str, Any] = value["response"]["data"]
    return found


def counted(exchange: Exchange) -> list[Any]:
    return [event["data"]["data"]["count"] for event in data_of(exchange)["events"]]


class Seen(Observer):
    """What an observer is told, and when."""

    def __init__(self) -> None:
        self.items: list[tuple[float, bytes]] = []

    def item(self, value: dict[str, Any], text: bytes, secrets: tuple[str, ...]) -> None:  # noqa: ARG002  # the base class has them
        self.items.append((time.time(), text))


# --- real servers


@pytest.mark.parametrize("path", ["/graphql", "/sse"])
def test_every_result_is_an_event(subscribe: Get, path: str) -> None:
    seen = Seen()
    exchange = subscribe(COUNT, "to:=3", path=path, transport="ws" if path == "/graphql" else "sse")
    assert exchange.error is None
    assert counted(exchange) == [0, 1, 2]
    found = data_of(exchange)
    assert (found["version"], found["data"], found["errors"]) == ("HTTP/1.1", {"count": 2}, [])
    assert [event["type"] for event in found["events"]] == ["next"] * 3
    assert (exchange.request.data["safe"], exchange.request.data["operation"], exchange.request.data["operation_name"]) == (
        True, "subscription", "Count",
    )  # fmt: skip
    assert exchange.request.body is not None
    assert json.loads(exchange.request.body.data) == {"query": COUNT, "variables": {"to": 3}}
    assert seen.items == []


def test_websocket_is_the_way_unless_another_is_asked_for(subscribe: Get, graphql_server: Peer) -> None:
    exchange = subscribe(COUNT, "to:=1")
    assert exchange.target.url == f"ws://{graphql_server.address}/graphql"
    assert exchange.response is not None
    assert exchange.response.summary == "HTTP/1.1 101"
    assert ("sec-websocket-protocol", "graphql-transport-ws") in exchange.response.fields
    assert set(exchange.timing.phases) == {"connect", "handshake", "send", "wait", "receive"}
    assert as_command(exchange) is None
    by_scheme = send(GraphqlRequest(f"ws://{graphql_server.address}/graphql", "{ users { id } }"))
    assert data_of(by_scheme)["data"] == {"users": [{"id": 1}, {"id": 2}]}


def test_events_are_told_as_they_come_and_raw(graphql_server: Peer) -> None:
    seen = Seen()
    request = GraphqlRequest(f"http://{graphql_server.address}/graphql", "subscription { count(to: 3, pause: 0.2) }")
    exchange = send(request, seen)
    assert [text for _, text in seen.items] == [b'{"data":{"count":0}}', b'{"data":{"count":1}}', b'{"data":{"count":2}}']
    assert all(later - sooner > 0.15 for (sooner, _), (later, _) in zip(seen.items, seen.items[1:], strict=False))
    assert exchange.error is None


@pytest.mark.parametrize("path", ["/graphql", "/sse"])
def test_enough_is_enough_and_the_server_hears_of_it(subscribe: Get, path: str) -> None:
    transport = "ws" if path == "/graphql" else "sse"
    before = len(data_of(subscribe("{ left }"))["data"]["left"])
    exchange = subscribe("subscription { count(to: 1000, pause: 0.02) }", path=path, transport=transport, max_events=2)
    assert (exchange.error, counted(exchange)) == (None, [0, 1])
    until = subscribe("subscription { count(to: 1000, pause: 0.02) }", path=path, transport=transport, until="data.data.count == 3")
    assert (until.error, counted(until)) == (None, [0, 1, 2, 3])
    if path == "/graphql":
        wait_until(lambda: len(data_of(subscribe("{ left }"))["data"]["left"]) == before + 2)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/graphql", "/sse"])
def test_an_error_after_the_first_result(subscribe: Get, path: str) -> None:
    exchange = subscribe("subscription { failing }", path=path, transport="ws" if path == "/graphql" else "sse")
    assert (exchange.outcome, failure_of(exchange).message) == ("application_error", "it broke")
    found = data_of(exchange)
    assert found["errors"][0]["message"] == "it broke"
    assert found["events"][0]["data"] == {"data": {"failing": 1}}


@pytest.mark.parametrize("path", ["/graphql", "/sse"])
def test_a_query_that_does_not_fit(subscribe: Get, path: str) -> None:
    exchange = subscribe("subscription { cnt }", path=path, transport="ws" if path == "/graphql" else "sse")
    failure = failure_of(exchange)
    assert failure.message.startswith("Cannot query field 'cnt' on type 'Subscription'.")
    assert failure.hint is not None
    assert failure.hint.startswith("See what can be asked for with rrcli graphql URL --fields")


def test_a_refused_init_and_its_secrets(subscribe: Get) -> None:
    assert subscribe(COUNT, "to:=1", init='{"token": "right"}').error is None
    exchange = subscribe(COUNT, "to:=1", init='{"token": "wrong"}', wire=1 << 20)
    failure = failure_of(exchange)
    assert (failure.layer, failure.message) == ("application", "the server closed with 4403: Forbidden")
    assert failure.hint == "Check the payload that --init gives, and its token."
    assert exchange.response is not None
    assert (exchange.response.status.code, exchange.response.status.text) == (4403, "Forbidden")
    sent = b"".join(entry.data for entry in exchange.transcript or () if entry.direction == "sent")
    assert b'{"type": "connection_init", "payload": {"token": "wrong"}}' in sent  # legible
    hidden = b"".join(entry.data for entry in masked(exchange).transcript or () if entry.direction == "sent")
    assert b"connection_init" in hidden
    assert b"wrong" not in hidden


def test_ctrl_c_says_complete_first(subscribe: Get, graphql_server: Peer) -> None:
    before = len(data_of(subscribe("{ left }"))["data"]["left"])
    url = f"http://{graphql_server.address}/graphql"
    words = [sys.executable, "-m", "rrcli", "graphql", url, "subscription { count(to: 1000, pause: 0.05) }"]
    environ = {**os.environ, "RRCLI_NO_CONFIG": "1"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=10)
    assert (first, process.returncode, b"interrupted" in told) == (b'{"data":{"count":0}}\n', 130, True)
    wait_until(lambda: len(data_of(subscribe("{ left }"))["data"]["left"]) == before + 1)


# --- servers that say what none should


Talk = Callable[["Server"], None]


class Server:
    """One connection of a server whose every word is the test's."""

    def __init__(self, connection: socket.socket, subprotocol: str | None = "graphql-transport-ws") -> None:
        self.connection = connection
        self.protocol = ServerProtocol(subprotocols=[subprotocol] if subprotocol else None)  # type: ignore[list-item]
        self.heard: list[Any] = []

    def accept(self) -> None:
        while not (events := self._read()):
            pass
        self.protocol.send_response(self.protocol.accept(events[0]))
        self.flush()
        assert self.protocol.state is OPEN

    def _read(self) -> list[Any]:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionResetError
        self.protocol.receive_data(data)
        events = self.protocol.events_received()
        self.flush()
        return events

    def hear(self) -> Any:
        """The next message of the client; of a close its code."""
        while not self.heard:
            self.heard += self._read()
        frame = self.heard.pop(0)
        return json.loads(bytes(frame.data)) if frame.opcode.name == "TEXT" else (frame.opcode.name, bytes(frame.data))

    def say(self, *messages: Any) -> None:
        for message in messages:
            self.protocol.send_text(message if isinstance(message, bytes) else json.dumps(message).encode())
        self.flush()

    def flush(self) -> None:
        self.connection.sendall(b"".join(self.protocol.data_to_send()))

    def begin(self) -> Any:
        """As far as the subscription, which is returned."""
        self.accept()
        assert self.hear() == {"type": "connection_init"}
        self.say(ACK)
        return self.hear()

    def close(self, code: int, reason: str = "") -> None:
        self.protocol.send_close(code, reason)
        self.flush()


@contextlib.contextmanager
def serving(talk: Talk, subprotocol: str | None = "graphql-transport-ws") -> Iterator[str]:
    def handle(connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            talk(Server(connection, subprotocol))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    with responder(handle) as peer:
        yield f"http://{peer.host}:{peer.port}/"


def told(talk: Talk, subprotocol: str | None = "graphql-transport-ws", **options: Any) -> Exchange:
    with serving(talk, subprotocol) as url:
        exchange = send(GraphqlRequest(url, "subscription { a }", timeout=5.0, **options))
    SCHEMA.validate(document(exchange))
    return exchange


def after_subscribe(*messages: Any) -> Talk:
    def talk(server: Server) -> None:
        server.begin()
        server.say(*messages)

    return talk


def next_of(payload: Any) -> dict[str, Any]:
    return {"type": "next", "id": "1", "payload": payload}


def test_what_the_client_says() -> None:
    heard: list[Any] = []

    def talk(server: Server) -> None:
        server.accept()
        heard.append(server.hear())
        server.say({"type": "ping", "payload": {"n": 1}})
        heard.append(server.hear())
        server.say(ACK)
        heard.append(server.hear())
        server.protocol.send_ping(b"?")
        server.say({"type": "ping"}, next_of({"data": 1}))
        heard.extend([server.hear(), server.hear()])
        server.say({"type": "complete", "id": "1"})
        heard.append(server.hear())

    exchange = told(talk, init='{"a": 1}')
    assert exchange.error is None
    assert heard == [
        {"type": "connection_init", "payload": {"a": 1}},
        {"type": "pong", "payload": {"n": 1}},
        {"id": "1", "type": "subscribe", "payload": {"query": "subscription { a }"}},
        ("PONG", b"?"),
        {"type": "pong"},
        ("CLOSE", b"\x03\xe8"),
    ]


def test_numbers_of_a_raw_event_are_exact() -> None:
    seen = Seen()
    talk = after_subscribe(b'{"id":"1","type":"next","payload" : {"data": 1.10} }', {"type": "complete", "id": "1"})
    with serving(talk) as url:
        send(GraphqlRequest(url, "subscription { a }"), seen)
    assert [text for _, text in seen.items] == [b'{"data": 1.10}']


CLOSES = {
    4401: ("application", "bad_status", "the server closed with 4401: why", "Give what it asks for with --init JSON"),
    4400: ("application", "bad_status", "the server closed with 4400: why", "The reason tells which"),
    4999: ("application", "bad_status", "the server closed with 4999: why", ""),
    1011: ("transport", "closed", "the server closed with 1011: why before the operation was complete", "the server closed in place"),
    1000: ("transport", "closed", "the server closed with 1000: why before the operation was complete", "the server closed in place"),
}


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("code", CLOSES)
def test_a_close_is_explained(code: int, early: bool) -> None:
    def talk(server: Server) -> None:
        if early:
            server.accept()
            server.hear()
        else:
            server.begin()
            server.say(next_of({"data": {"a": 1}}))
        server.close(code, "why")

    exchange = told(talk)
    layer, kind, message, hint = CLOSES[code]
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind, failure.message) == (layer, kind, message)
    assert (failure.hint or "").startswith(hint)
    if not early:
        assert data_of(exchange)["data"] == {"a": 1}


BROKEN = {
    "no JSON": (b"hello", "malformed"),
    "no object": ([1], "malformed"),
    "no type": ({"id": "1"}, "malformed"),
    "another type": ({"type": "data", "id": "1"}, "malformed"),
    "another operation": ({"type": "next", "id": "2", "payload": {"data": 1}}, "malformed"),
    "a result without anything": (next_of({}), "malformed"),
    "a result that is a list": (next_of([]), "malformed"),
    "a message too large": (next_of({"data": "x" * 5000}), "too_large"),
    "a nest": (b'{"type":"next","id":"1","payload":' + b"[" * 300 + b"]" * 300 + b"}", "malformed"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_message(name: str) -> None:
    message, kind = BROKEN[name]
    exchange = told(after_subscribe(next_of({"data": {"a": 1}}), message), max_size=2000)
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind) == ("protocol", kind)
    assert [event["data"] for event in data_of(exchange)["events"]] == [{"data": {"a": 1}}]


def test_an_error_message_ends_it() -> None:
    exchange = told(after_subscribe({"type": "error", "id": "1", "payload": [{"message": "no such field"}]}))
    assert failure_of(exchange).message == "no such field"
    assert [event["type"] for event in data_of(exchange)["events"]] == ["error"]


def test_a_server_that_vanishes() -> None:
    exchange = told(after_subscribe(next_of({"data": {"a": 1}})))
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind, failure.phase) == ("transport", "closed", "receive")
    assert failure.message == "the connection ended without a close frame (1006)"
    assert len(data_of(exchange)["events"]) == 1


def test_a_server_that_talks_on_after_enough_is_left() -> None:
    def talk(server: Server) -> None:
        server.begin()
        until = time.monotonic() + 8
        while time.monotonic() < until:
            server.say(*[next_of({"data": {"a": 1}})] * 50)

    begin = time.monotonic()
    exchange = told(talk, max_events=1)
    assert (exchange.error, len(data_of(exchange)["events"])) == (None, 1)
    assert time.monotonic() - begin < 4


def test_a_silent_server_ends_at_the_limit() -> None:
    def talk(server: Server) -> None:
        server.begin()
        server.hear()

    exchange = told(talk, idle_timeout=0.2)
    assert (failure_of(exchange).kind, failure_of(exchange).phase) == ("timeout", "wait")

    def no_ack(server: Server) -> None:
        server.accept()
        server.hear()
        server.hear()

    exchange = told(no_ack, idle_timeout=0.2)
    assert (failure_of(exchange).kind, failure_of(exchange).phase) == ("timeout", "handshake")


def test_pings_for_ever_meet_a_limit() -> None:
    def talk(server: Server) -> None:
        server.begin()
        for _ in range(12):
            for _ in range(1000):
                server.protocol.send_ping(b"")
            server.flush()

    failure = failure_of(told(talk))
    assert (failure.layer, failure.kind) == ("protocol", "too_large")


def test_pings_of_the_subprotocol_meet_a_limit_too() -> None:
    failure = failure_of(told(after_subscribe(*[{"type": "ping"}] * 1001)))
    message = "more than 1000 pings came without a result between them"
    assert (failure.layer, failure.kind, failure.message) == ("protocol", "too_large", message)


def test_the_reason_of_a_connection_error_is_told() -> None:
    def talk(server: Server) -> None:
        server.accept()
        server.hear()
        server.say({"type": "connection_error", "payload": {"message": "no token"}})

    assert failure_of(told(talk)).message == "expected connection_ack, got 'connection_error': no token"


def test_a_server_without_the_subprotocol() -> None:
    def talk(server: Server) -> None:
        server.accept()
        server.hear()

    failure = failure_of(told(talk, subprotocol=None))
    assert (failure.layer, failure.kind) == ("protocol", "unsupported")
    assert failure.hint == "it may speak the older subscriptions-transport-ws alone; try --transport sse"


REFUSALS = {
    "401 Unauthorized": ("application", "the server did not change to WebSocket: it answered HTTP/1.1 401 Unauthorized"),
    "200 OK": ("application", "the server did not change to WebSocket: it answered HTTP/1.1 200 OK"),
    "302 Found": ("application", "the server did not change to WebSocket: it answered HTTP/1.1 302 Found"),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_an_upgrade_that_is_refused(status: str) -> None:
    with responder(script(hear(b"\r\n\r\n"), say(f"HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nnope".encode()))) as peer:
        exchange = send(GraphqlRequest(f"http://{peer.host}:{peer.port}/", "subscription { a }"))
    failure = failure_of(exchange)
    assert (failure.layer, failure.message) == REFUSALS[status]
    assert failure.hint
    assert failure.delivery == "not_sent"
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b"nope"


def test_credentials_and_fields_go_with_the_upgrade_over_tls(ca: Authority) -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with responder(over_tls(ca.good, script(hear(b"\r\n\r\n"), say(answer)))) as peer:
        request = GraphqlRequest(
            f"wss://localhost:{peer.port}/s?x=1", "subscription { a }", "X-A:b", bearer="tok12345", cookies=("a=1",), cacert=str(ca.root)
        )
        exchange = send(request)
    assert exchange.request.summary == "GET /s?x=1 HTTP/1.1"
    fields = dict(exchange.request.fields)
    assert (fields["Authorization"], fields["Cookie"], fields["X-A"], fields["Upgrade"]) == ("Bearer tok12345", "a=1", "b", "websocket")
    assert exchange.connection.tls is not None
    assert exchange.target.url == f"wss://localhost:{peer.port}/s?x=1"
    assert "tok12345" not in json.dumps(document(masked(exchange)))


@pytest.mark.parametrize("named_by", ["option", "environment"])
def test_a_proxy_is_asked_for_a_tunnel(
    named_by: str, subscribe: Get, http_proxy: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = f"http://{http_proxy().address}"
    if named_by == "environment":
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
    exchange = subscribe(COUNT, "to:=2", proxy=proxy if named_by == "option" else None)
    assert (exchange.error, counted(exchange)) == (None, [0, 1])
    assert exchange.connection.proxy == proxy
    assert [note.code for note in exchange.notes] == (["environment-proxy"] if named_by == "environment" else [])


def test_a_proxy_of_the_environment_is_not_asked_for_what_no_proxy_names(subscribe: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    exchange = subscribe(COUNT, "to:=1")
    assert (exchange.error, counted(exchange), exchange.connection.proxy, exchange.notes) == (None, [0], None, ())


@pytest.mark.parametrize("kept_in", ["a cookie file", "a session"])
def test_cookies_of_the_upgrade_are_kept(kept_in: str, tmp_path: Path) -> None:
    asked: list[str | None] = []

    def talk(server: Server) -> None:
        while not (events := server._read()):
            pass
        asked.append(events[0].headers.get("Cookie"))
        answer = server.protocol.accept(events[0])
        answer.headers["Set-Cookie"] = "a=1"
        server.protocol.send_response(answer)
        server.flush()
        server.hear()
        server.say(ACK)
        server.hear()
        server.say(next_of({"data": {"a": 1}}), {"type": "complete", "id": "1"})

    path = str(tmp_path / "kept.json")
    options: dict[str, Any] = {"session": path} if kept_in == "a session" else {"cookie_jar": path, "cookies": (path,)}
    with serving(talk) as url:
        exchanges = [send(GraphqlRequest(url, "subscription { a }", timeout=5.0, **options)) for _ in range(2)]
    assert [(exchange.error, data_of(exchange)["data"]) for exchange in exchanges] == [(None, {"a": 1})] * 2
    assert asked == [None, "a=1"]
    assert dict(exchanges[1].request.fields)["Cookie"] == "a=1"


@pytest.mark.parametrize("flag", ["offline", "http2", "http2_prior_knowledge", "http10", "http3", "http3_only"])
def test_what_has_no_websocket_is_a_usage_error(flag: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        send(GraphqlRequest("http://127.0.0.1:1/", "subscription { a }", **{flag: True}))
    assert (caught.value.layer, caught.value.message.partition(" exclude each other: ")[2]) == ("usage", "it begins with HTTP/1.1")


# --- Server-Sent Events


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def events(content: bytes, **options: Any) -> Exchange:
    with responder(script(hear(b'subscription { a }"}'), say(HEAD + content))) as peer:
        return send(GraphqlRequest(f"http://{peer.host}:{peer.port}/", "subscription { a }", transport="sse", **options))


def test_the_events_of_a_stream() -> None:
    exchange = events(
        b':\n\nevent: next\ndata: {"data": {"a": 1.0}}\n\nevent: other\ndata: x\n\nevent: complete\n\nevent: complete\ndata:\n\n'
    )
    assert exchange.error is None
    assert [event["data"] for event in data_of(exchange)["events"]] == [{"data": {"a": 1.0}}]
    assert dict(exchange.request.fields)["Accept"] == "text/event-stream, application/json;q=0.5"


def test_a_stream_that_ends_before_it_is_complete() -> None:
    exchange = events(b'event: next\ndata: {"data": 1}\n\n')
    assert failure_of(exchange).message == "the stream ended before the operation was complete"
    assert (failure_of(exchange).layer, failure_of(exchange).kind) == ("transport", "closed")


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"ok": 1}'])
def test_a_result_that_is_none(data: bytes) -> None:
    failure = failure_of(events(b"event: next\ndata: " + data + b"\n\n"))
    assert (failure.layer, failure.kind) == ("protocol", "malformed")


def test_json_in_place_of_events_is_read_as_an_answer() -> None:
    body = b'{"errors": [{"message": "no subscriptions here"}]}'
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with responder(script(hear(b"\r\n\r\n"), say(head + body))) as peer:
        exchange = send(GraphqlRequest(f"http://{peer.host}:{peer.port}/", "subscription { a }", transport="sse"))
    assert failure_of(exchange).message == "no subscriptions here"


def test_contradictions() -> None:
    with pytest.raises(ExchangeError, match="--transport sse and ws:// exclude each other"):
        send(GraphqlRequest("ws://127.0.0.1:1/", "subscription { a }", transport="sse"))
