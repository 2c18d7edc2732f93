"""HTTP/2 against caddy, nginx, nghttpd and hypercorn, and against frames that no real server sends when asked to."""

from __future__ import annotations

import contextlib
import hashlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded
from peers.ca import Authority
from peers.exchange import content_of, failure_of
from peers.nginx import Nginx
from peers.script import Handler, hear, over_tls, responder, say, script
from peers.web import LARGE_SIZE, Http2Peer

from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

Handle = Callable[[H2Connection, socket.socket], None]


@pytest.fixture
def get(ca: Authority) -> Callable[..., Exchange]:
    return lambda *words, **options: send(HttpRequest(*words, cacert=str(ca.root), **options))


def speaker(answer: Handle, until: type = StreamEnded) -> Handler:
    """What reads a request up to an event and then lets `answer` say what it likes."""

    def handle(connection: socket.socket) -> None:
        server = H2Connection(H2Configuration(client_side=False, validate_outbound_headers=False))
        server.initiate_connection()
        connection.sendall(server.data_to_send())
        while data := connection.recv(65536):
            events = server.receive_data(data)
            for event in events:
                if isinstance(event, DataReceived):
                    server.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            connection.sendall(server.data_to_send())
            if any(isinstance(event, until) for event in events):
                answer(server, connection)
                with contextlib.suppress(OSError):
                    connection.sendall(server.data_to_send())
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                return

    return handle


@contextlib.contextmanager
def speaking(answer: Handle, *, until: type = StreamEnded) -> Iterator[str]:
    """The URL of a responder that does so."""
    with responder(speaker(answer, until)) as peer:
        yield f"http://{peer.host}:{peer.port}/"


def asked(answer: Handle, *words: str, until: type = StreamEnded, **options: Any) -> Exchange:
    with speaking(answer, until=until) as url:
        return send(HttpRequest(*words[:1], url, *words[1:], http2_prior_knowledge=True, **options))


# --- real servers


def test_alpn_chooses_http2_by_default(caddy: Http2Peer, get: Callable[..., Exchange]) -> None:
    exchange = get(caddy.https("/proto"))
    assert content_of(exchange) == b"HTTP/2.0"
    assert exchange.response is not None
    assert exchange.response.summary == "HTTP/2 200"
    assert exchange.response.framing == "end-stream"
    assert exchange.response.data == {"version": "HTTP/2"}
    assert exchange.request.summary == "GET /proto HTTP/2"
    assert [name for name, _ in exchange.request.fields] == ["user-agent", "accept"]
    assert exchange.connection.tls is not None
    assert exchange.connection.tls.alpn == "h2"


def test_http11_can_be_forced(caddy: Http2Peer, get: Callable[..., Exchange]) -> None:
    assert content_of(get(caddy.https("/proto"), http11=True)) == b"HTTP/1.1"


def test_prior_knowledge_needs_no_tls(caddy: Http2Peer) -> None:
    assert content_of(send(HttpRequest(caddy.http("/proto"), http2_prior_knowledge=True))) == b"HTTP/2.0"


def test_http2_is_refused_where_the_server_has_none(nginx: Nginx, get: Callable[..., Exchange]) -> None:
    failure = failure_of(get(nginx.https("/users.json"), http2=True))
    assert (failure.layer, failure.kind, failure.delivery) == ("protocol", "unsupported", "not_sent")
    assert failure.message == "the server does not offer HTTP/2: it chose http/1.1"


def test_http2_without_tls_is_a_usage_error() -> None:
    with pytest.raises(ExchangeError, match="agreed on within TLS"):
        send(HttpRequest("http://127.0.0.1:1/", http2=True))


def test_versions_exclude_each_other() -> None:
    with pytest.raises(ExchangeError, match="--http1.1 and --http2 exclude each other"):
        send(HttpRequest("https://127.0.0.1:1/", http2=True, http11=True))


@pytest.mark.parametrize("server", ["caddy", "nginx2", "nghttpd"])
def test_a_body_beyond_the_windows_arrives_whole(server: str, request: pytest.FixtureRequest, get: Callable[..., Exchange]) -> None:
    peer: Http2Peer = request.getfixturevalue(server)
    exchange = get(peer.https("/large.bin"))
    data = bytes(range(256)) * (LARGE_SIZE // 256) + b"." * (LARGE_SIZE % 256)
    assert hashlib.sha256(content_of(exchange)).digest() == hashlib.sha256(data).digest()


def test_a_goaway_with_the_answer_harms_nothing(nginx2: Http2Peer, get: Callable[..., Exchange]) -> None:
    exchange = get(nginx2.https("/proto"), wire=1 << 20)
    assert content_of(exchange) == b"HTTP/2.0"
    notes = [entry.note or "" for entry in exchange.transcript or ()]
    assert "GOAWAY length 8: last stream 1, NO_ERROR (0x0)" in notes


def test_trailers_are_shown(nghttpd: Http2Peer, get: Callable[..., Exchange]) -> None:
    exchange = get(nghttpd.https("/small.txt"))
    assert content_of(exchange) == b"small\n"
    assert exchange.response is not None
    assert exchange.response.trailers == (("x-checksum", "42"),)


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 1 << 20])
def test_an_upload_of_any_size_arrives(size: int, hypercorn: Http2Peer, get: Callable[..., Exchange], tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_bytes(b"x" * size)
    assert content_of(get("PUT", hypercorn.https(), upload=str(file))) == b"PUT HTTP/2 %d" % size
    assert content_of(get("POST", hypercorn.https(), data=(("--data-binary", f"@{file}"),))) == b"POST HTTP/2 %d" % size


def test_a_head_and_a_304_have_a_length_and_no_content(nginx2: Http2Peer, get: Callable[..., Exchange]) -> None:
    head = get("HEAD", nginx2.https("/large.bin"))
    assert head.error is None
    assert head.response is not None
    assert (head.response.framing, head.response.body) == ("none", None)
    assert ("content-length", str(LARGE_SIZE)) in head.response.fields


def test_the_phases_make_up_the_total(caddy: Http2Peer, get: Callable[..., Exchange]) -> None:
    timing = get(caddy.https("/proto")).timing
    assert {"connect", "tls", "send", "wait", "receive"} <= timing.phases.keys()
    assert timing.total_ns - sum(timing.phases.values()) < 2_000_000


# --- the transcript


def test_secrets_show_in_no_frame(caddy: Http2Peer) -> None:
    exchange = send(HttpRequest(caddy.http("/proto"), "Authorization:Bearer s3cr3t-s3cr3t", http2_prior_knowledge=True, wire=1 << 20))
    shown = masked(exchange)
    entries = [(entry.direction, entry.note) for entry in shown.transcript or ()]
    assert entries[0] == ("sent", "connection preface")
    agent = dict(exchange.request.fields)["user-agent"]
    assert (
        "sent",
        "HEADERS stream 1 END_STREAM END_HEADERS length "
        + str(len((exchange.transcript or ())[3].data) - 9)
        + f": :method: GET; :scheme: http; :authority: 127.0.0.1:{caddy.clear}; :path: /proto; user-agent: {agent}; "
        "accept: */*; authorization: Bearer ‹secret›",
    ) == entries[3]
    for entry in exchange.transcript or ():
        if (entry.note or "").startswith("HEADERS"):
            assert set(entry.data[9:]) == {ord("*")}
    assert "s3cr3t" not in str(document(shown))


def test_a_redirect_out_of_tls_is_told_as_it_is_sent(ca: Authority) -> None:
    heard: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", heard), say(b"HTTP/1.1 204 No Content\r\n\r\n"))) as plain:

        def answer(server: H2Connection, _: socket.socket) -> None:
            server.send_headers(1, [(":status", "302"), ("location", f"http://{plain.host}:{plain.port}/x")], end_stream=True)

        with responder(over_tls(ca.good, speaker(answer), alpn=("h2",))) as peer:
            exchange = send(HttpRequest(f"https://localhost:{peer.port}/", http2=True, location=True, cacert=str(ca.root)))
    assert [hop.request.summary for hop in exchange.history] == ["GET / HTTP/2"]
    assert exchange.request.summary == "GET /x HTTP/1.1"
    assert heard[0].startswith(b"GET /x HTTP/1.1\r\nHost: ")
    assert exchange.request.fields[0] == ("Host", f"{plain.host}:{plain.port}")


# --- what servers do that break off


def test_informational_answers_come_before_the_final_one() -> None:
    def answer(server: H2Connection, _: socket.socket) -> None:
        server.send_headers(1, [(":status", "103"), ("link", "</style.css>")])
        server.send_headers(1, [(":status", "204")], end_stream=True)

    exchange = asked(answer, "GET")
    assert exchange.response is not None
    assert exchange.response.data["informational"] == [{"status": 103, "reason": "", "fields": [["link", "</style.css>"]]}]
    assert exchange.response.status.code == 204


def test_a_refused_stream_was_not_processed() -> None:
    failure = failure_of(asked(lambda server, _: server.reset_stream(1, ErrorCodes.REFUSED_STREAM), "POST", "a=1"))
    assert (failure.layer, failure.kind, failure.delivery, failure.retry) == ("transport", "refused", "not_sent", "safe")
    assert failure.message == "the server refused the request unprocessed: RST_STREAM REFUSED_STREAM (0x7)"
    assert failure.hint == "it is safe to send it again"


def test_a_reset_tells_its_reason() -> None:
    failure = failure_of(asked(lambda server, _: server.reset_stream(1, ErrorCodes.INTERNAL_ERROR), "POST", "a=1"))
    assert (failure.layer, failure.kind, failure.delivery, failure.retry) == ("transport", "reset", "unknown", "unsafe")
    assert failure.message == "the server reset the stream before its answer: RST_STREAM INTERNAL_ERROR (0x2)"


def test_a_goaway_before_the_stream_means_not_processed() -> None:
    def answer(server: H2Connection, _: socket.socket) -> None:
        server.close_connection(ErrorCodes.ENHANCE_YOUR_CALM, b"too many", last_stream_id=0)

    failure = failure_of(asked(answer, "POST", "a=1"))
    assert (failure.kind, failure.delivery, failure.retry) == ("refused", "not_sent", "safe")
    assert failure.message == "the server did not process the request: GOAWAY ENHANCE_YOUR_CALM (0xb) 'too many'"


def test_a_goaway_that_wants_http1_names_the_option() -> None:
    def answer(server: H2Connection, _: socket.socket) -> None:
        server.close_connection(ErrorCodes.HTTP_1_1_REQUIRED, last_stream_id=0)

    failure = failure_of(asked(answer, "POST", "a=1"))
    assert (failure.kind, failure.delivery, failure.hint) == ("unsupported", "not_sent", "the server wants HTTP/1.1: use --http1.1")
    late = failure_of(asked(lambda server, _: server.close_connection(ErrorCodes.HTTP_1_1_REQUIRED, last_stream_id=1), "GET"))
    assert (late.kind, late.hint) == ("closed", "the server wants HTTP/1.1: use --http1.1")


def test_a_reset_after_a_goaway_tells_both() -> None:
    def answer(server: H2Connection, peer: socket.socket) -> None:
        server.close_connection(ErrorCodes.ENHANCE_YOUR_CALM, b"too many", last_stream_id=1)
        peer.sendall(server.data_to_send())
        peer.sendall(bytes.fromhex("000004 03 00 00000001 0000000b".replace(" ", "")))

    failure = failure_of(asked(answer, "GET"))
    goaway = "GOAWAY ENHANCE_YOUR_CALM (0xb) 'too many'"
    assert failure.message == f"the server reset the stream before its answer: RST_STREAM ENHANCE_YOUR_CALM (0xb); it had said {goaway}"


def test_a_reset_after_the_answer_began_does_not_speak_of_tls() -> None:
    def answer(server: H2Connection, _: socket.socket) -> None:
        server.send_headers(1, [(":status", "200")])
        server.reset_stream(1, ErrorCodes.INTERNAL_ERROR)

    assert "TLS" not in (failure_of(asked(answer, "GET")).hint or "")


def test_a_goaway_after_the_stream_is_told_when_the_answer_fails_to_come() -> None:
    failure = failure_of(asked(lambda server, _: server.close_connection(ErrorCodes.INTERNAL_ERROR, last_stream_id=1), "GET"))
    assert (failure.kind, failure.delivery) == ("closed", "unknown")
    assert failure.message == "the peer closed before its answer; it had said GOAWAY INTERNAL_ERROR (0x2)"


def test_a_body_that_breaks_off_is_truncated() -> None:
    def answer(server: H2Connection, _: socket.socket) -> None:
        server.send_headers(1, [(":status", "200"), ("content-length", "10")])
        server.send_data(1, b"half")

    exchange = asked(answer, "GET")
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind) == ("protocol", "truncated")
    assert failure.message == "the peer closed after 4 of 10 bytes of the body, before END_STREAM"
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b"half"


def test_an_early_refusal_stops_the_upload(tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_bytes(b"x" * (1 << 20))

    def answer(server: H2Connection, _: socket.socket) -> None:
        server.send_headers(1, [(":status", "413")], end_stream=True)
        server.reset_stream(1, ErrorCodes.NO_ERROR)

    exchange = asked(answer, "PUT", until=RequestReceived, upload=str(file))
    assert exchange.response is not None
    assert exchange.response.status.code == 413
    assert [note.code for note in exchange.notes] == ["upload-stopped"]


def test_http1_on_the_port_is_named() -> None:
    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with responder(handle) as peer:
        failure = failure_of(send(HttpRequest(f"http://{peer.host}:{peer.port}/", http2_prior_knowledge=True)))
    assert (failure.layer, failure.kind) == ("protocol", "wrong_protocol")


def test_fields_about_the_connection_are_dropped_with_a_note() -> None:
    def answer(server: H2Connection, _: socket.socket) -> None:
        server.send_headers(1, [(":status", "204")], end_stream=True)

    exchange = asked(answer, "GET", "Connection:close", "X-Kept:1")
    assert [name for name, _ in exchange.request.fields] == ["user-agent", "accept", "x-kept"]
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("field-dropped", "HTTP/2 has no place for Connection (RFC 9113 section 8.2.2): not sent")
    ]


def test_a_limit_of_speed_holds(nginx2: Http2Peer, get: Callable[..., Exchange]) -> None:
    exchange = get(nginx2.https("/large.bin"), http2=True, limit_rate=200_000, timeout=0.4)
    assert failure_of(exchange).kind == "timeout"
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert 32_000 < exchange.response.body.size < 96_000
