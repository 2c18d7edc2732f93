"""HTTP/3 against caddy and hypercorn, and against QUIC servers that do what no real one does when asked to."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("aioquic")

from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import QuicEvent, StreamDataReceived
from aioquic.quic.packet import QuicErrorCode
from peers.base import free_port
from peers.ca import Authority
from peers.exchange import failure_of
from peers.nginx import Nginx
from peers.quicscript import Answer, ending, frame, head, quic_responder, saying
from peers.script import datagram_responder
from peers.verdict import SCHEMA
from peers.web import LARGE_SIZE, Http2Peer

from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange, Response, TlsInfo
from rrcli.policy.redact import masked

Get = Callable[..., Exchange]


def response_of(exchange: Exchange) -> Response:
    assert exchange.error is None, exchange.error
    assert exchange.response is not None
    return exchange.response


def content_of(exchange: Exchange) -> bytes:
    body = response_of(exchange).body
    assert body is not None
    return body.data


def tls_of(exchange: Exchange) -> TlsInfo:
    assert exchange.connection.tls is not None
    return exchange.connection.tls


@pytest.fixture
def get(ca: Authority) -> Get:
    """Send over HTTP/3 alone."""
    return lambda *words, **options: send(HttpRequest(*words, **{"cacert": str(ca.root), "http3_only": True, "timeout": 5.0, **options}))


@pytest.fixture
def asked(ca: Authority, get: Get) -> Get:
    """Send to a server that answers in a given way."""

    def ask(answer: Answer, *words: str, **options: object) -> Exchange:
        with quic_responder(ca.good, answer) as peer:
            return get(*words[:1], peer.url, *words[1:], **options)

    return ask


# --- real servers


@pytest.mark.parametrize("flag", ["http3", "http3_only"])
def test_caddy_answers(flag: str, caddy: Http2Peer, get: Get) -> None:
    exchange = get(caddy.https("/proto"), **{"http3_only": False, flag: True})
    assert content_of(exchange) == b"HTTP/3.0"
    answer = response_of(exchange)
    assert (answer.summary, answer.framing, exchange.notes) == ("HTTP/3 200", "eof", ())
    assert exchange.request.summary == "GET /proto HTTP/3"
    assert [name for name, _ in exchange.request.fields] == ["user-agent", "accept"]
    tls = tls_of(exchange)
    assert (tls.version, tls.alpn, tls.sni, tls.verified, tls.chain[0].sans) == (
        "TLSv1.3", "h3", "localhost", True, ("localhost", "127.0.0.1", "::1", "example.test"),
    )  # fmt: skip
    SCHEMA.validate(document(exchange))


def test_quic_tells_what_it_measured(caddy: Http2Peer, get: Get) -> None:
    exchange = get(caddy.https("/proto"))
    found = response_of(exchange).data["quic"]
    assert list(found) == ["version", "rtt_ms", "packets_sent", "packets_lost", "datagrams_sent", "datagrams_received"]
    assert (found["version"], found["packets_lost"] < found["packets_sent"]) == ("1", True)
    assert 0 < found["rtt_ms"] < 1000
    assert 0 < found["datagrams_sent"] <= found["packets_sent"]


def test_the_phases_make_up_the_total(caddy: Http2Peer, get: Get) -> None:
    timing = get(caddy.https("/proto"), resolve=(("localhost", caddy.port, "127.0.0.1"),)).timing
    assert list(timing.phases) == ["connect", "tls", "send", "wait", "receive"]
    assert 0 <= timing.total_ns - sum(timing.phases.values()) < 20_000_000  # the machine may have others to serve


@pytest.mark.parametrize("options", [{}, {"max_size": 1000}])
def test_a_large_body_arrives_whole(options: dict[str, int], caddy: Http2Peer, get: Get) -> None:
    body = response_of(get(caddy.https("/large.bin"), **options)).body
    data = bytes(range(256)) * (LARGE_SIZE // 256) + b"." * (LARGE_SIZE % 256)
    assert body is not None
    assert (body.size, body.sha256) == (LARGE_SIZE, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 1 << 21])
def test_an_upload_of_any_size_arrives(size: int, hypercorn: Http2Peer, get: Get, tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_bytes(b"x" * size)
    assert content_of(get("PUT", hypercorn.https(), upload=str(file))) == b"PUT HTTP/3 %d" % size
    assert content_of(get("POST", hypercorn.https(), data=(("--data-binary", f"@{file}"),))) == b"POST HTTP/3 %d" % size


def test_a_head_has_a_length_and_no_content(caddy: Http2Peer, get: Get) -> None:
    answer = response_of(get("HEAD", caddy.https("/large.bin")))
    assert (answer.framing, answer.body) == ("none", None)
    assert ("content-length", str(LARGE_SIZE)) in answer.fields


def test_redirects_are_followed(caddy: Http2Peer, get: Get, tmp_path: Path) -> None:
    log = tmp_path / "log.qlog"
    exchange = get(caddy.https("/redirect"), location=True, qlog=str(log))
    assert content_of(exchange) == b"HTTP/3.0"
    assert [earlier.why for earlier in exchange.history] == ["redirect"]
    assert len(json.loads(log.read_text())["traces"]) == 2


def test_the_keys_are_logged_where_asked_for(caddy: Http2Peer, get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    get(caddy.https("/proto"))
    labels = [line.split()[0] for line in (tmp_path / "keys").read_text().splitlines() if not line.startswith("#")]
    assert {"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} <= set(labels)


# --- the transcript and the qlog


def test_secrets_show_in_no_frame(caddy: Http2Peer, get: Get) -> None:
    exchange = get(caddy.https("/proto"), "Authorization:Bearer s3cr3t-s3cr3t", wire=1 << 20)
    shown = masked(exchange).transcript or ()
    agent = dict(exchange.request.fields)["user-agent"]
    ours = [entry for entry in shown if entry.direction == "sent"]
    size = len(ours[2].data) - 2
    fields = (
        f":method: GET; :scheme: https; :authority: localhost:{caddy.port}; :path: /proto; user-agent: {agent}; accept: */*; "
        "authorization: Bearer ‹secret›"
    )
    assert [(entry.direction, entry.note) for entry in ours[:3]] == [
        ("sent", "stream 2: control stream"),
        ("sent", "SETTINGS stream 2 length 5: MAX_FIELD_SECTION_SIZE=262144"),
        ("sent", f"HEADERS stream 0 length {size}: {fields}"),
    ]
    assert set(ours[2].data[2:]) == {ord("*")}
    assert (shown[-1].note, shown[-1].data) == ("DATA stream 0 length 8", b"\0\x08HTTP/3.0")
    assert "s3cr3t" not in str(document(masked(exchange)))


def test_a_qlog_is_valid_private_and_without_secrets(caddy: Http2Peer, get: Get, tmp_path: Path) -> None:
    log = tmp_path / "log.qlog"
    log.write_text("older")
    get(caddy.https("/proto"), "Authorization:Bearer s3cr3t-s3cr3t", qlog=str(log))
    assert log.stat().st_mode & 0o777 == 0o600
    value = json.loads(log.read_text())
    (trace,) = value["traces"]
    names = {event["name"] for event in trace["events"]}
    assert {"transport:packet_sent", "transport:packet_received", "transport:parameters_set", "transport:data_moved"} <= names
    assert "recovery:metrics_updated" in names
    assert "s3cr3t" not in log.read_text()
    parameters = [event["data"] for event in trace["events"] if event["name"] == "transport:parameters_set"]
    assert [each["stateless_reset_token"] for each in parameters if "stateless_reset_token" in each] == ["‹secret›"]


def test_a_qlog_that_cannot_be_written(caddy: Http2Peer, get: Get, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as raised:
        get(caddy.https("/proto"), qlog=str(tmp_path))
    assert (raised.value.layer, raised.value.message) == ("local", f"--qlog: cannot write {tmp_path}: is a directory")


# --- falling back


def test_a_server_without_quic_is_spoken_to_over_tcp(nginx: Nginx, ca: Authority) -> None:
    exchange = send(HttpRequest(nginx.https("/users.json"), cacert=str(ca.root), http3=True, ipv4=True))
    answer = response_of(exchange)
    port = nginx.tls_ports["good"]
    assert (answer.summary, exchange.request.summary) == ("HTTP/1.1 200 OK", "GET /users.json HTTP/1.1")
    ((code, message),) = [(note.code, note.message) for note in exchange.notes]
    refused = f" for 127.0.0.1:{port}: connection refused; TCP is used"  # told with the hello's second datagram, or while it is waited
    assert (code, message.replace("sending to", "waiting for")) == ("http3-fallback", f"HTTP/3 was not to be had: waiting{refused}")
    assert [(tried.address, tried.error) for tried in exchange.connection.attempts] == [
        ("127.0.0.1 (QUIC)", "refused"),
        ("127.0.0.1", None),
    ]
    assert exchange.timing.total_ns - sum(exchange.timing.phases.values()) < 5_000_000


@contextlib.contextmanager
def silent_beside(port: int) -> Iterator[None]:
    """UDP that answers nothing at the port of another server."""
    with datagram_responder(lambda *_: None, port=port):
        yield


def test_silence_costs_no_more_than_half_of_the_deadline(nginx: Nginx, ca: Authority) -> None:
    port = nginx.tls_ports["good"]
    with silent_beside(port):
        exchange = send(HttpRequest(nginx.https("/users.json"), cacert=str(ca.root), http3=True, ipv4=True, timeout=0.8))
    assert response_of(exchange).status.code == 200
    assert [note.message for note in exchange.notes] == [
        f"HTTP/3 was not to be had: nothing answered on UDP 127.0.0.1:{port} within {_limit(exchange)}; TCP is used"
    ]
    assert 350e6 < exchange.timing.phases["connect"] < 600e6
    assert exchange.timing.phases["tls"] < 200e6


def _limit(exchange: Exchange) -> str:
    """The limit that the note names, which is half of what was left."""
    text = exchange.notes[0].message.partition(" within ")[2].partition(";")[0]
    assert 300 < float(text.removesuffix("ms")) <= 400
    return text


def test_a_server_of_another_protocol_over_quic(ca: Authority, get: Get) -> None:
    with quic_responder(ca.good, lambda *_: None, alpn=("doq",)) as peer:
        failure = failure_of(get(peer.url))
    assert (failure.layer, failure.kind, failure.phase, failure.delivery) == ("protocol", "unsupported", "tls", "not_sent")
    assert failure.message == "the server speaks QUIC, but not HTTP/3 over it (ALPN)"


@pytest.mark.parametrize(
    ("name", "kind"), [("expired", "certificate_expired"), ("wrong_host", "certificate_hostname"), ("self_signed", "certificate_untrusted")]
)
def test_a_bad_certificate_is_no_reason_to_fall_back(name: str, kind: str, ca: Authority, get: Get) -> None:
    with quic_responder(getattr(ca, name), saying(head(b"204"))) as peer:
        exchange = get(peer.url, http3_only=False, http3=True)
        looked = get(peer.url, insecure=True)
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind, failure.phase, failure.delivery, failure.retry) == ("tls", kind, "tls", "not_sent", "useless")
    assert (tls_of(exchange).verified, len(tls_of(exchange).chain) > 0, exchange.notes) == (False, True, ())
    assert response_of(looked).status.code == 204
    assert not tls_of(looked).verified


def test_the_failure_says_for_whom_the_certificate_is(ca: Authority, get: Get) -> None:
    with quic_responder(ca.wrong_host, saying(head(b"204"))) as peer:
        assert failure_of(get(peer.url)).message.endswith("does not verify: it is for other.test, not for localhost")
        assert response_of(get(peer.url, sni="other.test")).status.code == 204


# --- HTTP/3 alone


def test_nobody_there(get: Get) -> None:
    failure = failure_of(get(f"https://127.0.0.1:{free_port()}/"))
    assert (failure.layer, failure.kind, failure.delivery, failure.retry) == ("transport", "refused", "not_sent", "safe")


def test_silence(get: Get) -> None:
    with datagram_responder(lambda *_: None) as peer:
        failure = failure_of(get(f"https://127.0.0.1:{peer.port}/", connect_timeout=0.3))
    assert (failure.layer, failure.kind, failure.phase, failure.delivery) == ("transport", "timeout", "tls", "not_sent")
    assert failure.hint == f"nothing answers on UDP 127.0.0.1:{peer.port}: a firewall drops it, or no QUIC is spoken there"


def test_another_version_of_quic(get: Get) -> None:
    def negotiate(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        to, source = data[6 : 6 + data[5]], data[7 + data[5] : 7 + data[5] + data[6 + data[5]]]
        ids = bytes([len(source)]) + source + bytes([len(to)]) + to
        server.sendto(b"\x80\0\0\0\0" + ids + b"\xba\xba\xba\xba", sender)

    with datagram_responder(negotiate) as peer:
        failure = failure_of(get(f"https://127.0.0.1:{peer.port}/"))
    assert (failure.layer, failure.kind, failure.phase, failure.delivery) == ("protocol", "unsupported", "tls", "not_sent")
    assert failure.message == "the server shares no version of QUIC with us"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"http3": True, "http2": True}, "--http2 and --http3 exclude each other"),
        ({"http3": True, "http3_only": True}, "--http3 and --http3-only exclude each other"),
        ({"http3_only": True, "http10": True}, "--http1.0 and --http3-only exclude each other"),
        ({"http3": True, "unix_socket": "/x"}, "--http3 and --unix-socket exclude each other"),
        ({"http3_only": True, "proxy": "http://127.0.0.1:1"}, "--http3-only and --proxy exclude each other"),
        ({"http3": True, "limit_rate": 1000}, "--http3 and --limit-rate exclude each other"),
        ({"http3_only": True, "tls_max": "1.2"}, "QUIC speaks TLS 1.3, and --tls-max is 1.2"),
        ({"qlog": "/x"}, "--qlog writes what QUIC does, and nothing asks for QUIC"),
    ],
)
def test_contradictions(options: dict[str, object], message: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        send(HttpRequest("https://127.0.0.1:1/", **options))
    assert (raised.value.layer, raised.value.message) == ("usage", message)


@pytest.mark.parametrize("flag", ["http3", "http3_only"])
def test_a_url_without_tls(flag: str) -> None:
    with pytest.raises(ExchangeError, match="which always has TLS, and this URL has none") as raised:
        send(HttpRequest("http://127.0.0.1:1/", **{flag: True}))
    assert raised.value.hint == "use https://"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith(("rrcli.wire.quic.library", "rrcli.adapters.http.versions.http3"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "qh3.quic.configuration", None)
    monkeypatch.delattr("rrcli.wire.quic.library", raising=False)
    monkeypatch.delattr("rrcli.adapters.http.versions.http3", raising=False)
    with pytest.raises(ExchangeError, match="needs the module qh3") as raised:
        send(HttpRequest("https://127.0.0.1:1/", http3=True))
    assert (raised.value.layer, raised.value.hint) == ("usage", "pip install 'rrcli[h3]'")


def test_a_release_of_the_library_that_lacks_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.wire.quic.library.PRIVATE", ("_core", "_gone"))
    with pytest.raises(ExchangeError, match="this release of qh3 lacks _gone") as raised:
        send(HttpRequest("https://127.0.0.1:1/", http3=True))
    assert (raised.value.layer, raised.value.hint) == ("usage", "pip install 'rrcli[h3]'")


# --- answers


def test_informational_answers_and_trailers(asked: Get) -> None:
    exchange = asked(
        saying(head(b"103", (b"link", b"</style.css>")), head(b"200"), frame(0, b"hello"), frame(0x21, b"grease"), frame(1, _trailers()))
    )
    answer = response_of(exchange)
    assert answer.data["informational"] == [{"status": 103, "reason": "", "fields": [["link", "</style.css>"]]}]
    assert (content_of(exchange), answer.trailers) == (b"hello", (("x-checksum", "42"),))


def _trailers() -> bytes:
    from peers.quicscript import block

    return block((b"x-checksum", b"42"))


def test_content_waits_for_the_100(asked: Get) -> None:
    def answer(connection: QuicConnection, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == 0:
            connection.send_stream_data(0, head(b"204") if event.end_stream else head(b"100"), event.end_stream)

    exchange = asked(answer, "POST", "a=1", "Expect:100-continue")
    assert response_of(exchange).status.code == 204
    assert exchange.timing.phases["send"] < 900_000_000


def test_an_early_refusal_stops_the_upload(asked: Get, tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_bytes(b"x" * (4 << 20))

    def answer(connection: QuicConnection, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == 0 and event.data[:1] == b"\x01":
            connection.send_stream_data(0, head(b"413"), end_stream=True)
            connection.stop_stream(0, 0x100)

    exchange = asked(answer, "PUT", upload=str(file))
    assert exchange.response is not None
    assert exchange.response.status.code == 413
    assert [note.code for note in exchange.notes] == ["upload-stopped"]


def test_fields_about_the_connection_are_dropped_with_a_note(asked: Get) -> None:
    exchange = asked(saying(head(b"204")), "GET", "Connection:close", "X-Kept:1")
    assert [name for name, _ in exchange.request.fields] == ["user-agent", "accept", "x-kept"]
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("field-dropped", "HTTP/3 has no place for Connection (RFC 9114 section 4.2): not sent")
    ]


# --- how it breaks off


def test_a_rejected_request_was_not_processed(asked: Get) -> None:
    failure = failure_of(asked(ending(lambda connection: connection.reset_stream(0, 0x10B)), "POST", "a=1"))
    assert (failure.layer, failure.kind, failure.delivery, failure.retry) == ("transport", "refused", "not_sent", "safe")
    assert failure.message == "the server refused the request unprocessed: RESET_STREAM H3_REQUEST_REJECTED (0x10b)"


def test_a_reset_tells_its_reason(asked: Get) -> None:
    failure = failure_of(asked(ending(lambda connection: connection.reset_stream(0, 0x102)), "POST", "a=1"))
    assert (failure.layer, failure.kind, failure.delivery, failure.retry) == ("transport", "reset", "unknown", "unsafe")
    assert failure.message == "the server reset the stream before its answer: RESET_STREAM H3_INTERNAL_ERROR (0x102)"


def test_a_goaway_before_the_stream_means_not_processed(asked: Get) -> None:
    def answer(connection: QuicConnection) -> None:
        connection.send_stream_data(3, b"\0" + frame(4) + frame(7, b"\0"))

    failure = failure_of(asked(ending(answer), "POST", "a=1"))
    assert (failure.kind, failure.delivery, failure.retry) == ("refused", "not_sent", "safe")
    assert failure.message == "the server did not process the request: GOAWAY"


def test_a_goaway_after_the_stream_harms_nothing(asked: Get) -> None:
    def answer(connection: QuicConnection) -> None:
        connection.send_stream_data(3, b"\0" + frame(4) + frame(7, b"\4"))
        connection.send_stream_data(0, head(b"204"), end_stream=True)

    assert response_of(asked(ending(answer))).status.code == 204


@pytest.mark.parametrize(
    ("code", "frame_type", "message"),
    [
        (0x102, None, "the peer closed the connection (H3_INTERNAL_ERROR (0x102): out of order)"),
        (QuicErrorCode.INTERNAL_ERROR, 0, "the peer closed the connection (INTERNAL_ERROR (0x1): out of order)"),
    ],
)
def test_a_closed_connection_tells_its_reason(code: int, frame_type: int | None, message: str, asked: Get) -> None:
    def answer(connection: QuicConnection) -> None:
        connection.close(error_code=code, frame_type=frame_type, reason_phrase="out of order")

    failure = failure_of(asked(ending(answer), "POST", "a=1"))
    assert (failure.layer, failure.kind, failure.delivery, failure.message) == ("transport", "closed", "unknown", message)


def test_a_body_that_breaks_off_is_truncated(asked: Get) -> None:
    def answer(connection: QuicConnection, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.stream_id == 0:
            connection.send_stream_data(0, head(b"200", (b"content-length", b"10")) + frame(0, b"half"), end_stream=True)

    exchange = asked(answer)
    failure = failure_of(exchange)
    assert (failure.layer, failure.kind, failure.message) == ("protocol", "truncated", "the answer ended after 4 of 10 bytes of the body")
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b"half"


def test_a_connection_closed_within_the_body_is_truncated(ca: Authority, get: Get) -> None:
    begun: list[float] = []

    def tick(connection: QuicConnection) -> None:
        if begun and time.monotonic() > begun[0] + 0.1:
            connection.close(error_code=0x100)

    def answer(connection: QuicConnection) -> None:
        connection.send_stream_data(0, head(b"200") + frame(0, b"half"))
        begun.append(time.monotonic())

    with quic_responder(ca.good, ending(answer), tick) as peer:
        failure = failure_of(get(peer.url))
    assert (failure.kind, failure.message) == (
        "truncated", "the peer closed the connection (H3_NO_ERROR (0x100)), after 4 bytes of the body",
    )  # fmt: skip


def test_an_answer_that_never_comes(asked: Get) -> None:
    failure = failure_of(asked(lambda *_: None, timeout=0.3))
    assert (failure.kind, failure.phase, failure.delivery) == ("timeout", "wait", "unknown")


def test_a_window_that_never_opens(ca: Authority, get: Get) -> None:
    def close_windows(connection: QuicConnection, _: QuicEvent) -> None:
        connection._write_stream_limits = connection._write_connection_limits = lambda **_: None  # type: ignore[method-assign]

    with quic_responder(ca.good, close_windows, max_stream_data=1000) as peer:
        failure = failure_of(get(peer.url, data=(("-d", "x" * 5000),), timeout=0.3))
    assert (failure.kind, failure.phase, failure.delivery) == ("timeout", "send", "unknown")


def test_a_client_certificate_that_is_trusted(caddy: Http2Peer, ca: Authority, get: Get, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(ca.client.chain.read_bytes() + ca.client.key.read_bytes())
    url = f"https://localhost:{caddy.strict}/proto"
    assert content_of(get(url, cert=str(ca.client.chain), key=str(ca.client.key))) == b"HTTP/3.0"
    assert content_of(get(url, cert=str(both))) == b"HTTP/3.0"


@pytest.mark.parametrize("flag", ["http3", "http3_only"])
def test_a_client_certificate_that_is_missing(flag: str, caddy: Http2Peer, get: Get) -> None:
    failure = failure_of(get(f"https://localhost:{caddy.strict}/proto", **{"http3_only": False, flag: True}))
    assert (failure.layer, failure.kind, failure.phase) == ("tls", "client_certificate_required", "tls")
    assert (failure.delivery, failure.retry) == ("not_sent", "useless")


def test_lost_datagrams_come_again(caddy: Http2Peer, get: Get) -> None:
    with _between(caddy.port, [], loses=9) as port:
        exchange = get(f"https://localhost:{port}/large.bin", f"Host:localhost:{caddy.port}", range="0-99999", method="GET")
    answer = response_of(exchange)
    assert answer.body is not None
    assert (answer.status.code, answer.body.size) == (206, 100_000)


def test_a_stateless_reset(ca: Authority, get: Get) -> None:
    tokens: list[bytes] = []

    def answer(connection: QuicConnection) -> None:
        tokens.append(connection._host_cids[0].stateless_reset_token)

    with quic_responder(ca.good, ending(answer)) as peer, _between(peer.port, tokens) as port:
        failure = failure_of(get(f"https://localhost:{port}/"))
    assert (failure.layer, failure.kind, failure.message) == ("transport", "reset", "the peer reset the connection (stateless reset)")
    assert failure.delivery == "unknown"


@contextlib.contextmanager
def _between(port: int, tokens: list[bytes], loses: int = 0) -> Iterator[int]:
    """A port that hands datagrams on both ways but for each one of so many, and ends a connection with its token once that is known."""
    over = threading.Event()
    numbers = itertools.count(1)

    def is_lost() -> bool:
        return bool(loses) and next(numbers) % loses == 0

    with socket.socket(type=socket.SOCK_DGRAM) as front, socket.socket(type=socket.SOCK_DGRAM) as back:
        front.bind(("127.0.0.1", 0))
        back.connect(("127.0.0.1", port))
        for side in (front, back):
            side.settimeout(0.01)

        def carry() -> None:
            client = None
            while not over.is_set():
                with contextlib.suppress(OSError):
                    data, client = front.recvfrom(65535)
                    if not is_lost():
                        back.send(data)
                with contextlib.suppress(OSError):
                    while client:
                        data = back.recv(65535)
                        if not is_lost():
                            front.sendto(data, client)
                if tokens and client:
                    front.sendto(b"\x40" + os.urandom(30) + tokens.pop(), client)

        thread = threading.Thread(target=carry)
        thread.start()
        try:
            yield front.getsockname()[1]
        finally:
            over.set()
            thread.join()


# --- what people see


def test_the_report_tells_what_quic_measured(caddy: Http2Peer, get: Get) -> None:
    from rrcli.engine.registry import protocol_of
    from rrcli.report.terminal.render import render

    exchange = get(caddy.https("/proto"))
    entry = protocol_of(HttpRequest("https://localhost/"))
    words = " ".join(render(exchange, entry, width=140, color=False, verbose=True, wire=False).split())
    found = response_of(exchange).data["quic"]
    line = f"quic version 1, rtt {found['rtt_ms']} ms, packets sent {found['packets_sent']}, packets lost {found['packets_lost']}, "
    assert f"{line}datagrams sent {found['datagrams_sent']}, datagrams received {found['datagrams_received']} " in words
    assert not any("quic" in line for line in render(exchange, entry, width=140, color=False, verbose=False, wire=False).splitlines())


def test_the_same_with_curl(caddy: Http2Peer, get: Get) -> None:
    from rrcli.adapters.http.curl.exported import as_command

    assert "--http3-only" in as_command(get(caddy.https("/proto"))).split()
