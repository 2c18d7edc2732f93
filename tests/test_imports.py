"""What each command may load: start-up is most of a call's cost, so the list is held by a test, not by care."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from peers.ca import Authority
from peers.frames import DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, STATUS_200, fields, frame
from peers.script import hear, hear_end, over_tls, responder, say, script
from peers.websocket import serving_ws

from rrcli.codec.http.h2frames import PREFACE

# Costs of a fresh interpreter's import, in multiples of starting it bare: typer 6, rich 5, dnspython 7, ssl 1.5, the rest 0.3 to 1.
HEAVY = {
    "argparse", "asyncio", "base64", "click", "collections", "concurrent.futures", "contextlib", "dataclasses", "datetime", "dns",
    "email", "enum", "functools", "h11", "hashlib", "hiredis", "html", "http.client", "httpx", "idna", "importlib.metadata", "inspect",
    "ipaddress", "jmespath", "json", "logging", "pathlib", "random", "re", "redis", "rich", "shutil", "signal", "socket", "ssl",
    "string", "subprocess", "tempfile", "threading", "typer", "typing", "urllib.parse", "uuid",
}  # fmt: skip

OF_ENVELOPES = ("answer", "calling", "credentials", "documents", "hooks", "request", "state", "words")
NOTHING_OF_ZEEP = "import sys; from rrcli.__main__ import main; main(['soap', sys.argv[1], '-s', '--json']); print('zeep' in sys.modules)"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SHOW = (
    "import sys; from rrcli.__main__ import main; code = main(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)"
)


def loaded(*words: str) -> set[str]:
    """The modules that a command line loads beyond those of a bare interpreter."""
    measuring = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
    environ = {name: value for name, value in os.environ.items() if name not in measuring}

    def run(*command: str) -> set[str]:
        done = subprocess.run([sys.executable, "-c", *command], env=environ, capture_output=True, check=True, text=True)
        return set(done.stderr.split())

    return run(SHOW, *words) - run("import sys; print(*sorted(sys.modules), file=sys.stderr)")


@pytest.mark.parametrize(
    "show", [["--json"], ["--format", "raw"], ["--query", "response.status.code"], ["--json", "--expect", "status == 200"]]
)
def test_http_loads_nothing_heavy(show: list[str]) -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        assert loaded("http", *show, f"http://{peer.host}:{peer.port}/") & HEAVY == set()


def test_what_curl_knows_loads_nothing_heavy() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        modules = loaded("curl", "-sS", "-H", "A: b", "-w", "%{http_code}", "-o", "/dev/null", f"http://{peer.host}:{peer.port}/")
    assert modules & HEAVY == set()
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        modules = loaded("http", "--json", f"http://{peer.host}:{peer.port}/")
    assert {name for name in modules if "curl" in name or "writeout" in name} == set()


@pytest.mark.parametrize("words", [["-o", "file"], ["-O"], ["-o", "file", "-C", "-"], ["-o", "file", "--limit-rate", "1M"], ["-J"]])
def test_a_download_loads_nothing_heavy(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        modules = loaded("http", "--json", f"http://{peer.host}:{peer.port}/file", *words)
    assert modules & (HEAVY | {"_hashlib", "brotlicffi", "pyexpat"}) == set()
    assert ("rrcli.wire.ratelimit" in modules) is ("--limit-rate" in words)
    assert (tmp_path / "file").read_bytes() == b"{}"


def test_what_was_not_asked_for_is_not_loaded() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        modules = loaded("http", "--json", f"http://{peer.host}:{peer.port}/")
    assert (
        modules & {"rrcli.engine.until", "rrcli.engine.eventlog", "rrcli.engine.history", "rrcli.engine.attempts", "rrcli.codec.sse"}
        == set()
    )


def test_https_loads_no_ssl_module(ca: Authority) -> None:
    with responder(over_tls(ca.good, script(hear(b"\r\n\r\n"), say(ANSWER)))) as peer:
        modules = loaded("http", "--json", "--cacert", str(ca.root), f"https://localhost:{peer.port}/")
    assert modules & (HEAVY | {"qh3", "pylsqpack", "rrcli.wire.quic.connection", "rrcli.wire.datagram"}) == set()
    assert "_ssl" in modules


def speaks_http2(connection: socket.socket) -> None:
    """Answer the first request of a connection with `{}`."""
    frames = frame(SETTINGS) + frame(HEADERS, STATUS_200, END_HEADERS, 1) + frame(DATA, b"{}", END_STREAM, 1)
    script(hear(PREFACE), say(frames), hear_end)(connection)


LIBRARIES = {"h2", "hpack", "hyperframe"}  # of HTTP/2, which the tests alone need
CODEC = {f"rrcli.codec.http.{name}" for name in ("h2", "h2fields", "h2frames", "h2receiver", "h2sender", "h2stream", "hpack")}


@pytest.mark.parametrize("wire", [[], ["--wire"]])
def test_http2_loads_nothing_heavy(wire: list[str]) -> None:
    with responder(speaks_http2) as peer:
        modules = loaded("http", "--json", "--http2-prior-knowledge", *wire, f"http://{peer.host}:{peer.port}/")
    assert modules & (HEAVY | LIBRARIES | {"_ssl", "struct", "rrcli.wire.pool"}) == set()
    assert {name for name in modules if name.startswith("rrcli.codec.http.h") and "h1" not in name} == CODEC


def test_http2_over_tls_loads_no_ssl_module(ca: Authority) -> None:
    with responder(over_tls(ca.good, speaks_http2, alpn=("h2",))) as peer:
        modules = loaded("http", "--json", "--cacert", str(ca.root), f"https://localhost:{peer.port}/")
    assert modules & (HEAVY | LIBRARIES) == set()
    assert {"_ssl", *CODEC} <= modules


def test_http_1_loads_nothing_of_http2() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        assert loaded("http", "--json", f"http://{peer.host}:{peer.port}/") & CODEC == set()


def test_graphql_loads_nothing_heavy() -> None:
    words = ["query A($a: Int) { b }", "a:=1"]
    with responder(script(hear(b"}}"), say(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data": 1}'))) as peer:
        modules = loaded("graphql", "--json", f"http://{peer.host}:{peer.port}/", *words)
    assert modules & (HEAVY | {"_ssl", "graphql", "websockets", "rrcli.adapters.graphql.schema", "rrcli.codec.ws"}) == set()


@pytest.mark.parametrize("show", [["--json"], ["--format", "raw"], ["--json", "--until", "json.a == 1"]])
def test_ws_loads_nothing_heavy(show: list[str]) -> None:
    with responder(serving_ws(b'\x81\x08{"a": 1}')) as peer:
        modules = loaded("ws", *show, f"ws://{peer.host}:{peer.port}/", "hello", "--no-compress")
    assert modules & (HEAVY | {"_ssl", "_hashlib", "websockets", "zlib", "rrcli.adapters.graphql", "rrcli.adapters.tcp"}) == set()


def test_an_envelope_needs_no_library_and_loads_nothing_heavy(tmp_path: Path) -> None:
    said = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a><b>1</b></a></s:Body></s:Envelope>'
    (tmp_path / "call.xml").write_bytes(said)
    with responder(script(hear(b"</s:Envelope>"), say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said)))) as peer:
        modules = loaded(
            "soap", "--json", f"http://{peer.host}:{peer.port}/", "--envelope", str(tmp_path / "call.xml"), "--action", "urn:a"
        )
    assert modules & (HEAVY | {"_ssl", "zeep", "lxml", "requests", "xml"}) == set()
    ours = {name for name in modules if name.startswith("rrcli.adapters.soap.")}
    assert ours == {f"rrcli.adapters.soap.{name}" for name in OF_ENVELOPES}


def test_a_wsdl_that_cannot_be_had_loads_no_library() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER.replace(b"200 OK", b"404 Not Found")))) as peer:
        done = subprocess.run(
            [sys.executable, "-c", NOTHING_OF_ZEEP, f"http://{peer.host}:{peer.port}/?wsdl"], capture_output=True, check=True, text=True
        )
    assert done.stdout.split()[-1] == "False"


def test_ws_loads_what_squeezes_only_to_squeeze() -> None:
    with responder(serving_ws(b"\x81\x02ho")) as peer:
        modules = loaded("ws", "--json", f"ws://{peer.host}:{peer.port}/", "hi")
    assert (modules & HEAVY, "zlib" in modules) == (set(), True)


def test_redis_loads_nothing_heavy() -> None:
    with responder(script(hear(b"PING\r\n"), say(b"+PONG\r\n"))) as peer:
        assert loaded("redis", f"redis://{peer.host}:{peer.port}", "PING") & (HEAVY | {"_ssl"}) == set()


def test_smtp_loads_nothing_heavy() -> None:
    said = (b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n", b"250 x\r\n", b"221 x\r\n")
    heard = (b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\r\n.\r\n", b"\r\n")
    steps = [say(said[0]), *(step for pair in zip(map(hear, heard), map(say, said[1:]), strict=True) for step in pair)]
    with responder(script(*steps)) as peer:
        modules = loaded("smtp", f"{peer.host}:{peer.port}", "--from", "a@x.test", "--to", "b@x.test", "--subject", "x", "--text", "hi")
    assert modules & (HEAVY | {"_ssl", "smtplib", "mimetypes", "rrcli.codec.smtpauth", "rrcli.adapters.smtp.exchangers"}) == set()


def test_thrift_loads_nothing_heavy() -> None:
    idl = str(Path(__file__).parent / "peers" / "thrift_idl" / "demo.thrift")
    answer = b"\x80\1\0\2\0\0\0\4ping\0\0\0\0\x0b\0\0\0\0\0\4pong\0"
    with responder(script(hear(b"ping\0\0\0\0\0"), say(answer))) as peer:
        modules = loaded("thrift", "--json", f"{peer.host}:{peer.port}", idl, "ping")
    assert modules & (HEAVY | {"_ssl", "thrift"}) == set()
    ours = {name for name in modules if name.startswith("rrcli.adapters.")}
    own = ("answer", "conversation", "headers", "hooks", "request", "words")
    assert ours == {"rrcli.adapters.thrift", *(f"rrcli.adapters.thrift.{name}" for name in own)}
    assert {f"rrcli.codec.thrift.{name}" for name in ("compact", "framing")} & modules == set()


def test_pg_loads_nothing_heavy() -> None:
    ready = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
    result = b"T\0\0\0\x1a\0\x01n\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0D\0\0\0\x0b\0\x01\0\0\0\x011C\0\0\0\x0dSELECT 1\0"
    with responder(script(hear(b"rrcli\0"), say(ready), hear(b"select 1"), say(result + ready[9:]))) as peer:
        modules = loaded("pg", "--json", f"postgresql://u@{peer.host}:{peer.port}/x?sslmode=disable", "select 1")
    assert modules & (HEAVY | {"_ssl", "_hashlib", "psycopg", "rrcli.codec.pg.scram", "rrcli.codec.pg.copytext"}) == set()


def test_nats_loads_nothing_heavy() -> None:
    steps = say(b'INFO {"headers":true}\r\n'), hear(b"PING\r\n"), say(b"PONG\r\n"), hear(b"hi\r\n"), say(b"MSG a 1 2\r\nho\r\n"), hear_end
    with responder(script(*steps)) as peer:
        modules = loaded("nats", f"nats://{peer.host}:{peer.port}", "a.b", "hi")
    assert modules & (HEAVY | {"_ssl", "asyncio", "nats", "cryptography", "rrcli.codec.natskeys", "rrcli.adapters.nats.serve"}) == set()


def test_tcp_loads_nothing_heavy() -> None:
    with responder(script(hear(b"hi"), say(b"ho\n"))) as peer:
        assert loaded("tcp", f"{peer.host}:{peer.port}", "--send", "hi", "--read-lines", "1") & (HEAVY | {"_ssl"}) == set()


@pytest.mark.parametrize("name", ["ws", "wsdeflate", "wsframes", "nats", "natskeys", "smtp", "smtpauth", "mail"])
def test_a_codec_loads_nothing_heavy(name: str) -> None:
    found = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; import rrcli.codec.{name}; print(*sys.modules)"],
        env={"PYTHONPATH": str(Path(__file__).parents[1])}, capture_output=True, check=True, text=True,
    )  # fmt: skip
    modules = set(found.stdout.split())
    assert modules & (HEAVY | {"websockets", "nats", "smtplib", "cryptography", "_ssl", "_hashlib"}) == set()
    assert ("zlib" in modules) is (name == "wsdeflate")


def test_what_is_not_asked_for_is_not_loaded() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        modules = loaded("http", "--json", f"http://{peer.host}:{peer.port}/")
    assert {"rrcli.engine.offline", "rrcli.httpxtransport", "rrcli.report.formats.har", "rrcli.report.formats.mermaid"} & modules == set()
    assert {f"rrcli.adapters.http.{name}" for name in ("state.cookies", "cors", "proxyroute", "state.sessions")} & modules == set()
    assert {"rrcli.codec.http.cookies", "rrcli.wire.proxy.environment", "rrcli.base.privatefile"} & modules == set()


def test_settings_load_what_reads_them_only_where_there_are_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    of_settings = {"rrcli.cli.settings", "rrcli.engine.settings", "rrcli.base.sourcefile", "rrcli.base.places", "tomli"}
    for text in (None, "[defaults]\ntimeout = '5s'\n"):
        if text:
            (tmp_path / "rrcli").mkdir()
            (tmp_path / "rrcli" / "rrcli.toml").write_text(text)
        with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
            modules = loaded("http", "--json", f"http://{peer.host}:{peer.port}/")
        assert modules & of_settings == (of_settings - {"rrcli.base.places"} if text else set())
    assert modules & HEAVY <= {"collections", "contextlib", "datetime", "enum", "functools", "re", "string", "typing"}  # of tomli


def test_cookies_a_session_and_a_proxy_load_nothing_heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = b"Set-Cookie: a=1; Domain=localhost; Expires=Fri, 31 Dec 2060 23:59:59 GMT\r\n\r\n"
    options = ["-b", "", "-c", str(tmp_path / "jar"), "--session", str(tmp_path / "s.json")]
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER.replace(b"\r\n\r\n", b"\r\n" + cookie, 1)))) as peer:
        monkeypatch.setenv("http_proxy", f"{peer.host}:{peer.port}")
        monkeypatch.setenv("no_proxy", "example.com")
        modules = loaded("http", "--json", *options, "http://localhost/", "Origin:http://a.test")
    assert modules & (HEAVY | {"_ssl"}) == set()
    assert "\ta\t1" in (tmp_path / "jar").read_text()


@pytest.mark.parametrize("show", ["raw", "json", "mermaid"])
def test_offline_loads_nothing_heavy(show: str) -> None:
    modules = loaded("http", "--offline", "--format", show, "https://nowhere.invalid/", "a=1")
    assert modules & (HEAVY | {"_ssl", "h2"}) == set()


def test_the_version_loads_next_to_nothing() -> None:
    assert loaded("--version") - {"__future__"} == {
        "atexit", "gc", "rrcli", "rrcli.__main__", "rrcli.base", "rrcli.base.errors", "rrcli.base.output",
    }  # fmt: skip


def test_one_exchange_loads_nothing_of_a_series() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        modules = loaded("http", "--json", f"http://{peer.host}:{peer.port}/")
    assert modules & {"rrcli.series", "rrcli.cli.series", "rrcli.wire.pool", "rrcli.adapters.http.versions.pooled"} == set()


def test_a_series_at_a_time_loads_no_threads() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        modules = loaded("http", "--json", "--repeat", "2", f"http://{peer.host}:{peer.port}/")
    assert modules & HEAVY == {"collections"}  # of array, for the times
    assert "rrcli.adapters.http.versions.h2session" not in modules


def test_poll_loads_nothing_heavy_and_no_listener() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        words = ["since=={{cursor}}", "--cursor", "header.x-cursor", "--cursor-start", "1", "--empty", "--max-events", "1"]
        modules = loaded("poll", "--json", f"http://{peer.host}:{peer.port}/", *words)
    assert modules & (HEAVY | {"_ssl", "rrcli.adapters.poll.callback", "rrcli.responders.base", "rrcli.engine.until"}) == set()


def test_the_http_responder_loads_graphql_core_with_the_first_request_to_its_graphql() -> None:
    asking = (
        "import sys, urllib.request\n"
        "from rrcli.responders.http import HttpResponder\n"
        "with HttpResponder() as web:\n"
        "    for path in ('/', '/graphql/schema', '/graphql?query=%7Bhello%7D'):\n"
        "        urllib.request.urlopen(web.url + path).read()\n"
        "        print('graphql' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", asking], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["False", "False", "True"]


def answers_health(connection: socket.socket) -> None:
    """Say `SERVING` to the first call of a connection."""
    frames = frame(SETTINGS) + frame(HEADERS, STATUS_200 + fields(("content-type", "application/grpc")), END_HEADERS, 1)
    frames += frame(DATA, b"\0\0\0\0\2\x08\1", 0, 1) + frame(HEADERS, fields(("grpc-status", "0")), END_HEADERS | END_STREAM, 1)
    script(hear(PREFACE), say(frames), hear_end)(connection)


def test_a_health_check_loads_no_protobuf_and_nothing_heavy() -> None:
    with responder(answers_health) as peer:
        modules = loaded("grpc", "--json", f"{peer.host}:{peer.port}", "--health")
    assert modules & (HEAVY | LIBRARIES | {"_ssl", "google.protobuf", "grpc"}) == set()
    assert modules >= CODEC


def test_a_call_loads_protobuf_and_no_grpc(tmp_path: Path) -> None:
    source = tmp_path / "a.proto"
    source.write_text('syntax = "proto3"; message A { int32 status = 1; } service S { rpc M(A) returns (A); }')
    with responder(answers_health) as peer:
        modules = loaded("grpc", "--json", f"{peer.host}:{peer.port}", "S/M", "--proto", str(source))
    assert modules & {"grpc", "asyncio", "h2", "importlib.metadata", "typer", "rich", "rrcli.adapters.grpc.shared"} == set()
    assert "google.protobuf.json_format" in modules
