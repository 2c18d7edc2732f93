"""`--offline`: what is shown is what would be sent, to the byte; and nothing is sent, looked up or opened."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.script import end, hear_end, responder, script

from rrcli.adapters.http.request import HttpRequest
from rrcli.base import __version__
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Observer
from rrcli.engine.send import send
from rrcli.model.values import Exchange

NOWHERE = "http://nowhere.invalid/"


class Written(Observer):
    """Gathers the bytes."""

    def __init__(self) -> None:
        self.data = b""
        self.pieces = 0

    def content(self, data: bytes) -> None:
        self.data += data
        self.pieces += 1


def built(*words: str, **options: Any) -> tuple[Exchange, bytes]:
    written = Written()
    return send(HttpRequest(*words, offline=True, **options), written), written.data


def rrcli(*words: str, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return child.run("http", *words, input=input)


def test_raw_is_the_request_to_the_byte_secrets_too() -> None:
    done = rrcli("POST", f"{NOWHERE}x?a=1", "name=ann", "X-Api-Key:abcdef", "--offline", "--format", "raw")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (
        b"POST /x?a=1 HTTP/1.1\r\nHost: nowhere.invalid\r\nUser-Agent: rrcli/%b\r\nAccept: application/json, */*;q=0.5\r\n"
        b'Content-Type: application/json\r\nContent-Length: 15\r\nX-Api-Key: abcdef\r\n\r\n{"name": "ann"}' % __version__.encode()
    )


@pytest.mark.parametrize(
    "words",
    [
        ["{url}", "--http1.0"],
        ["PUT", "{url}", "a=1", "-u", "ann:secret", "-b", "c=d", "--compressed"],
        ["{url}", "-d", "x" * 100_000, "-H", "Expect: 100-continue"],
        ["{url}", "-T", "{file}", "-H", "Transfer-Encoding: chunked"],
        ["{url}", "--http2-prior-knowledge"],
    ],
)
def test_it_is_what_is_really_sent(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 1000)
    heard: list[bytes] = []

    def keep(connection: Any) -> None:
        while data := connection.recv(65536):
            heard.append(data)

    with responder(keep) as peer:
        named = [word.format(url=f"http://{peer.host}:{peer.port}/", file=tmp_path / "file") for word in words]
        offline = rrcli(*named, "--offline", "--format", "raw").stdout
        assert heard == []
        rrcli(*named, "--timeout", "2" if "Expect" in words[-1] else "0.5", "--format", "raw")  # without a 100 curl waits for 1 s too
    sent = b"".join(heard)
    assert sent
    assert offline.removesuffix(b"\0\0\0\4\1\0\0\0\0") == sent  # HTTP/2 would have said yes to the server's settings


def test_nothing_is_opened_or_looked_up() -> None:
    """Neither a name, which would be the system's to find, nor a socket: the interpreter's own audit would tell."""
    code = (
        "import sys\n"
        "sys.addaudithook(lambda event, args: event.startswith('socket.') and sys.exit(f'{event} {args}'))\n"
        "from rrcli.__main__ import main\n"
        "main(sys.argv[1:])\n"
        "assert 'rrcli.wire.tls' not in sys.modules\n"
    )
    words = ["http", "https://nowhere.invalid/", "a=1", "--offline", "--proxy", "http://proxy.invalid:3128", "--json"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["target"]["host"] == "nowhere.invalid"


def test_the_document_has_no_answer_and_no_time() -> None:
    found = json.loads(rrcli(f"{NOWHERE}?token=abcdef", "--offline", "--json").stdout)
    assert found["target"]["url"] == f"{NOWHERE}?token=‹secret›"
    assert (found["response"], found["outcome"], found["error"], found["history"], found["notes"]) == (None, "ok", None, [], [])
    started = found["timing"].pop("started_at")
    assert started.endswith("Z")
    phases = dict.fromkeys(("resolve_ms", "connect_ms", "tls_ms", "handshake_ms", "send_ms", "wait_ms", "receive_ms"))
    assert found["timing"] == {**phases, "total_ms": 0, "elapsed_ms": 0}
    assert found["connection"] == {
        "local": None, "peer": None, "reused": False, "proxy": None, "attempts": [], "tls": None, "bytes_sent": 0, "bytes_received": 0,
    }  # fmt: skip


def test_pretty_shows_it_part_by_part() -> None:
    done = rrcli(NOWHERE, "a=1", "--offline", "--format", "pretty", "--request-id", "id-1", "-A", "")
    assert done.stdout.decode() == (
        "✔ built, not sent  ·  POST http://nowhere.invalid/\n\n  id  id-1\n\n  → POST / HTTP/1.1\n  Host: nowhere.invalid\n"
        "  Accept: application/json, */*;q=0.5\n  X-Request-ID: id-1\n  Content-Type: application/json\n  Content-Length: 10\n\n"
        '  {\n    "a": "1"\n  }\n'
    )


def test_other_formats_work_on_it() -> None:
    words = ["-X", "PUT", NOWHERE, "-d", "a=1", "--offline", "-A", "x", "--format"]
    assert rrcli(*words, "curl").stdout == b"curl -X PUT -A x --data-raw a=1 http://nowhere.invalid/\n"
    assert rrcli(*words, "mermaid").stdout.splitlines()[-1] == b"  client->>server1: PUT / HTTP/1.1, 3 B"
    assert json.loads(rrcli(*words, "har").stdout)["log"]["entries"][0]["request"]["postData"]["text"] == "a=1"
    assert rrcli(*words, "json", "--query", "request.headers.host").stdout == b"nowhere.invalid\n"


def test_http2_shows_the_fields_as_http2_has_them() -> None:
    exchange, data = built("https://nowhere.invalid/x", "X-One:1", http2=True)
    assert exchange.request.summary == "GET /x HTTP/2"
    assert exchange.request.fields == (("user-agent", f"rrcli/{__version__}"), ("accept", "*/*"), ("x-one", "1"))
    assert data.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")


def test_http3_shows_the_fields_alone() -> None:
    pytest.importorskip("qh3")
    exchange, data = built("https://nowhere.invalid/x", http3=True)
    assert (exchange.request.summary, data) == ("GET /x HTTP/3", b"")
    assert [note.code for note in exchange.notes] == ["no-bytes"]


def test_http2_sends_all_of_a_large_content() -> None:
    import h2.config
    import h2.connection
    import h2.events

    exchange, data = built("https://nowhere.invalid/x", http2=True, data=(("--data-raw", "x" * 300_000),))
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    server.local_settings.initial_window_size = 1 << 30
    server.max_inbound_frame_size = 1 << 20
    server.initiate_connection()
    server.increment_flow_control_window(1 << 30)
    server.local_settings.acknowledge()
    got = sum(len(event.data) for event in server.receive_data(data) if isinstance(event, h2.events.DataReceived))
    assert got == 300_000
    assert exchange.request.body
    assert exchange.request.body.size == 300_000


def test_an_upload_is_read_piece_by_piece(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    written = Written()
    exchange = send(HttpRequest("https://nowhere.invalid/", upload=str(tmp_path / "large"), offline=True), written)
    assert written.data.endswith(b"\r\n\r\n" + b"x" * (1 << 20))
    assert written.pieces > 4
    assert exchange.request.body
    assert (exchange.request.body.size, exchange.request.body.truncated) == (1 << 20, False)


def test_the_transcript_has_it_too() -> None:
    exchange, data = built(NOWHERE, wire=1 << 20)
    assert [(entry.direction, entry.data, entry.at_ns) for entry in exchange.transcript or ()] == [("sent", data, 0)]


def test_checks_may_ask_about_the_request() -> None:
    exchange, _ = built(NOWHERE, expect=("request.headers.host == nowhere.invalid",))
    assert exchange.outcome == "ok"
    assert rrcli(NOWHERE, "--offline", "--expect", "status == 200").returncode == 8


def test_what_is_wrong_is_found_without_sending() -> None:
    with pytest.raises(ExchangeError, match="no such file"):
        built(NOWHERE, upload="/nowhere/file")
    done = rrcli(NOWHERE, "--offline", "-H", "X: a\nb")
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("more", [["-o", "file"], ["--all-addresses"]])
def test_what_needs_an_answer_is_refused(more: list[str]) -> None:
    done = rrcli(NOWHERE, "--offline", *more)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--offline sends nothing" in done.stderr


def test_a_redirect_and_a_digest_are_only_begun() -> None:
    exchange, data = built(NOWHERE, location=True, digest=True, user="ann:secret")
    assert (exchange.history, b"uthorization" in data) == ((), False)


def test_a_peer_hears_nothing() -> None:
    with responder(script(hear_end, end)) as peer:
        exchange, _ = built(f"http://{peer.host}:{peer.port}/")
    assert exchange.connection.attempts == ()
