"""`rrcli poll --callback`: called back by httpx within an application of hypercorn, by curl, and by peers that mean no good."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from peers.asgi import Asgi, AsgiProxy
from peers.base import LOOPBACK, free_port, need
from peers.ca import Authority
from peers.child import piped
from peers.exchange import failure_of
from peers.script import responder, say
from peers.verdict import SCHEMA

from rrcli.adapters.poll import callback
from rrcli.adapters.poll.callback import Listener
from rrcli.adapters.poll.request import PollRequest
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"


def events_of(exchange: Exchange) -> list[dict[str, Any]]:
    assert exchange.response is not None
    return list(exchange.response.data["events"])


def asked_of(call: Callable[[str], None], **options: Any) -> Exchange:
    """Post the callback's URL to a server that answers 202 and then has `call` do something with it."""

    def handle(connection: socket.socket) -> None:
        heard = b""
        while b"}" not in heard:
            heard += connection.recv(4096)
        say(ACCEPTED)(connection)
        call(json.loads(heard.partition(b"\r\n\r\n")[2])["callback"])

    with responder(handle) as peer:
        words = ("POST", f"http://{peer.host}:{peer.port}/", "callback={{callback}}")
        return send(PollRequest(*words, callback=True, **{"deadline": 5.0, **options}))


def raw(url: str, data: bytes, *, patience: float = 5.0) -> bytes:
    """Send these bytes to the host of a URL; what comes back until it closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), patience) as connection:
        heard = b""
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
            while piece := connection.recv(65536):
                heard += piece
        return heard


def request(url: str, content: bytes = b"", *, method: str = "POST", path: str | None = None) -> bytes:
    target = path or urlsplit(url).path
    return b"%b %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (
        method.encode(), target.encode(), len(content), content,
    )  # fmt: skip


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(LOOPBACK, 0, None, 204) as listening:
        yield listening


# --- called back


def test_the_callback_is_an_event(asgi: Asgi) -> None:
    exchange = send(PollRequest("POST", asgi.url("/notify"), "callback={{callback}}", callback=True, deadline=5.0))
    (event,) = events_of(exchange)
    fields = {name.lower(): value for name, value in event["fields"]}
    assert (event["type"], event["method"], event["number"], event["json"]) == ("callback", "POST", 1, {"number": 1, "done": False})
    assert (fields["x-number"], fields["user-agent"][:12]) == ("1", "python-httpx")
    assert event["target"] in json.loads(exchange.request.body.data)["callback"] if exchange.request.body else False
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert (exchange.response.status.code, exchange.response.body.data) == (202, b'{"accepted": true}')
    assert 50 <= event["at_ms"] <= exchange.timing.total_ns / 1e6 + 0.001
    SCHEMA.validate(document(exchange))


def test_a_secret_of_a_callback_is_masked(asgi: Asgi) -> None:
    words = ["POST", asgi.url("/notify"), "callback={{callback}}", "--callback", "--deadline", "5s"]
    for style in ("json", "ndjson", "pretty"):
        ended = piped("poll", *words, "--format", style, "-v")
        assert (ended.code, b"c4llb4ck-s3cr3t" in ended.out) == (0, False)
    exchange = send(PollRequest(*words[:3], callback=True, deadline=5.0))
    assert "c4llb4ck-s3cr3t" not in str(document(masked(exchange)))


def test_through_a_proxy_and_until(asgi_proxy: AsgiProxy, ca: Authority) -> None:
    words = ("POST", asgi_proxy.https("/notify?n=3"), "callback={{callback}}")
    exchange = send(PollRequest(*words, callback=True, until="json.done == true", deadline=5.0, cacert=str(ca.root)))
    assert [event["number"] for event in events_of(exchange)] == [1, 2]


def test_a_server_that_verifies_the_url_before_it_answers(asgi: Asgi) -> None:
    exchange = send(PollRequest("POST", asgi.url("/notify?verify=1"), "callback={{callback}}", callback=True, deadline=5.0))
    assert (len(events_of(exchange)), [note.code for note in exchange.notes]) == (1, ["callback-verified"])


def test_called_by_curl() -> None:
    """The URL may stand anywhere: here in the query and in a field."""
    curl = need("curl")

    def handle(connection: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += connection.recv(4096)
        say(ACCEPTED)(connection)
        url = heard.split(b"X-Callback: ")[1].split(b"\r\n")[0].decode()
        subprocess.run([curl, "-s", "--noproxy", "*", "-T", "-", url], input=b"done \x1b[2J", check=True)

    with responder(handle) as peer:
        words = (f"http://{peer.host}:{peer.port}/?to={{{{callback}}}}", "X-Callback:{{callback}}")
        exchange = send(PollRequest(*words, callback=True, deadline=5.0))
    (event,) = events_of(exchange)
    assert (event["method"], event["data"]) == ("PUT", "done \x1b[2J")
    assert exchange.request.summary.startswith("GET /?to=http%3A%2F%2F127.0.0.1%3A")


def test_no_callback_in_time() -> None:
    failure = failure_of(asked_of(lambda _: None, deadline=0.3))
    assert (failure.layer, failure.kind) == ("transport", "timeout")
    assert failure.message == "no callback came: the time limit passed (--deadline 300ms); the request itself was answered 202 Accepted: ok"
    failure = failure_of(asked_of(lambda _: None, idle_timeout=0.2))
    assert failure.message.startswith("no callback came within 0.2s (--idle-timeout); the request itself")


def test_a_request_that_fails_waits_for_nothing(asgi: Asgi) -> None:
    began = time.monotonic()
    exchange = send(PollRequest("POST", asgi.url("/nothing"), "callback={{callback}}", callback=True, deadline=9.0))
    assert (failure_of(exchange).kind, time.monotonic() - began < 5) == ("bad_status", True)


def test_where_it_listens_and_what_it_says() -> None:
    port, heard = free_port(), []

    def call(url: str) -> None:
        assert url.startswith("https://tunnel.example/in/")
        heard.append(raw(f"http://{LOOPBACK}:{port}", request(url, b"x")))

    exchange = asked_of(call, callback_bind=(LOOPBACK, port), callback_url="https://tunnel.example/in", callback_status=200)
    assert [event["data"] for event in events_of(exchange)] == ["x"]
    assert heard[0].startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_address_that_cannot_be_had() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = piped("poll", "http://127.0.0.1:1/", "a={{callback}}", "--callback", "--callback-bind", f"{LOOPBACK}:{port}")
    assert (ended.code, ended.err.startswith(b"rrcli: cannot listen on 127.0.0.1:")) == (9, True)


def test_drawn_as_its_own_part(asgi: Asgi) -> None:
    words = ["POST", asgi.url("/notify"), "callback={{callback}}", "--callback", "--format", "pretty"]
    plain, verbose = (piped("poll", *words, *more).out.decode() for more in ([], ["-v"]))
    for text in (plain, verbose):
        assert "\n  ← POST /" in text
        assert '\n  {\n    "number": 1,\n    "done": false\n  }\n' in text
    assert ("X-Number: 1" in plain, "X-Number: 1" in verbose) == (False, True)


def test_raw_is_the_content_of_the_callbacks(asgi: Asgi) -> None:
    ended = piped("poll", "POST", asgi.url("/notify?n=2"), "callback={{callback}}", "--callback", "--max-events", "2")
    assert (ended.code, ended.out) == (0, b'{"number":1,"done":false}\n{"number":2,"done":true}\n')


def test_offline_listens_nowhere() -> None:
    ended = piped("poll", "http://example.invalid/", "callback=={{callback}}", "--callback", "--offline")
    assert ended.out.startswith(b"GET /?callback=http%3A%2F%2F127.0.0.1%3A0%2F")


# --- verifications of the URL


@pytest.mark.parametrize(
    ("method", "query", "content", "echo"),
    [
        ("GET", "?hub.mode=subscribe&hub.challenge=a%20b", b"", b"a b"),
        ("POST", "?validationToken=t%2B1", b"", b"t+1"),
        ("GET", "?challenge=xyz", b"", b"xyz"),
        ("POST", "", b'{"type": "url_verification", "challenge": "s1"}', b"s1"),
    ],
)
def test_a_challenge_is_echoed(method: str, query: str, content: bytes, echo: bytes, listener: Listener) -> None:
    said = raw(listener.url, request(listener.url, content, method=method, path=urlsplit(listener.url).path + query))
    head, _, body = said.partition(b"\r\n\r\n")
    assert (head.startswith(b"HTTP/1.1 200 OK\r\n"), body) == (True, echo)
    assert b"Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff" in head
    assert (listener.challenges, listener.strays) == (1, 0)


def test_head_is_answered_and_is_no_callback(listener: Listener) -> None:
    assert raw(listener.url, request(listener.url, method="HEAD")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert listener._calls.empty()


# --- peers that mean no good


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"POST /guess HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505"),
        (b"GET /" + b"x" * 100_000, b"414"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_callback_is_refused(data: bytes, status: bytes, listener: Listener) -> None:
    assert raw(listener.url, data)[9:12] == status
    assert (listener.strays, listener._calls.empty()) == (1, True)


def test_the_true_one_among_strangers() -> None:
    def call(url: str) -> None:
        raw(url, b"\x00" * 100)
        raw(url, request(url, b"forged", path="/callback"))
        raw(url, request(url, b"true"))

    exchange = asked_of(call)
    assert [event["data"] for event in events_of(exchange)] == ["true"]
    assert [note.message for note in exchange.notes] == ["2 other requests came to the listener and were refused"]


def test_a_peer_that_drips_is_cut_off(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes soon enough; the whole request does not."""
    monkeypatch.setattr(callback, "WHOLE_S", 0.3)
    parts = urlsplit(listener.url)
    began = time.monotonic()
    with socket.create_connection((parts.hostname, parts.port), 5) as connection:
        stop = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not stop.wait(0.05):
                    connection.send(b"G")

        thread = threading.Thread(target=drip)
        thread.start()
        heard = b""
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(4096):
                heard += piece
        stop.set()
        thread.join()
    assert heard[9:12] == b"408"
    assert 0.3 <= time.monotonic() - began < 3


def test_slow_ones_do_not_keep_the_true_one_waiting() -> None:
    def call(url: str) -> None:
        parts = urlsplit(url)
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                stack.enter_context(socket.create_connection((parts.hostname, parts.port), 5)).send(b"POST / HT")
            raw(url, request(url, b"true"))

    began = time.monotonic()
    assert [event["data"] for event in events_of(asked_of(call))] == ["true"]
    assert time.monotonic() - began < 4


def test_more_callbacks_than_are_kept(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback, "MOST_WAITING", 2)
    said = [raw(listener.url, request(listener.url, b"x"))[9:12] for _ in range(3)]
    assert said == [b"204", b"204", b"503"]
