"""The faults of `rrcli serve`, as other people's clients see them: curl, dig, redis-cli, ncat, openssl."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import dns.message
import httpx
import httpx_sse
import pytest
from peers import child
from peers.base import need

from rrcli.base.errors import ExchangeError
from rrcli.engine.catalogue import responders
from rrcli.responders import faults
from rrcli.responders.base import Responder
from rrcli.responders.serve import faults_of, start, stop

PARTIAL, NOTHING, TIMED_OUT, RESET, BAD_CONTENT, BAD_CERT, TLS_FAILED, WEIRD = 18, 52, 28, 56, 61, 60, 35, 8  # curl's exit codes


@contextmanager
def faulty(protocol: str, *texts: str) -> Iterator[tuple[Responder, str]]:
    """A responder with these faults, and the file of the root that its certificate is of."""
    with faults_of(responders(), [protocol], [faults.parse(text) for text in texts]) as (plan, names):
        assert plan
        running = start(responders(), names, faulty=plan)
        try:
            yield running[0], str(plan.tls.root) if plan.tls else ""
        finally:
            stop(running)


Serve = Callable[..., tuple[Responder, str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda protocol, *texts: stack.enter_context(faulty(protocol, *texts))


def run(program: str, *words: object, given: bytes = b"") -> tuple[int, str]:
    """Exit code, and both outputs together."""
    done = subprocess.run([need(program), *map(str, words)], input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    return done.returncode, done.stdout.decode("utf-8", "replace")


# --- curl


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("silence", TIMED_OUT),
        ("reset", RESET),
        ("reset=answer", RESET),
        ("close", NOTHING),
        ("close=connect", NOTHING),
        ("half-close", NOTHING),
        ("truncate", PARTIAL),
        ("bad-length", PARTIAL),
        ("garbage", 1),
        ("wrong-protocol", 1),
        ("wrong-protocol=redis", 1),
        ("flood", RESET),  # "Too large response headers"
        ("flood=line", 27),
        ("flood=interim", RESET),
        ("flood=chunks", TIMED_OUT),
        ("drip", TIMED_OUT),
        ("slow", TIMED_OUT),
        ("delay-accept", TIMED_OUT),
        ("redirect-loop", 47),
    ],
)
def test_what_curl_says(serve: Serve, fault: str, code: int) -> None:
    responder, _ = serve("http", fault)
    assert run("curl", "-sSL", "-m", "1", "-o", "/dev/null", f"{responder.url}/json")[0] == code


def test_a_reset_at_once(serve: Serve) -> None:
    responder, _ = serve("http", "reset=connect")
    assert run("curl", "-sS", "-m", "1", responder.url)[0] in (7, RESET)  # it may overtake the connect


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("bad-cert=expired", BAD_CERT, "certificate has expired"),
        ("bad-cert=not-yet-valid", BAD_CERT, "certificate is not yet valid"),
        ("bad-cert=wrong-host", BAD_CERT, "no alternative certificate subject name matches target"),
        ("bad-cert=self-signed", BAD_CERT, "self-signed certificate"),
        ("bad-cert=untrusted", BAD_CERT, "unable to get local issuer certificate"),
        ("slow-tls", TIMED_OUT, "timed out"),
        ("old-tls", TLS_FAILED, "legacy sigalg disallowed"),
        ("client-cert", RESET, "certificate required"),
        ("slow-tls=0", 0, ""),
    ],
)
def test_what_curl_says_of_tls(serve: Serve, fault: str, code: int, words: str) -> None:
    responder, root = serve("http", fault)
    assert responder.url.startswith("https://127.0.0.1:")
    got, said = run("curl", "-sS", "-m", "1", "-o", "/dev/null", "--cacert", root, f"{responder.url}/json")
    assert (got, words in said) == (code, True), said


def test_503_twice_then_ok(serve: Serve) -> None:
    responder, _ = serve("http", "503-then-ok")
    codes = [run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %header{retry-after}", responder.url)[1] for _ in range(3)]
    assert codes == ["503 1", "503 1", "200 "]


def test_json_that_is_none(serve: Serve) -> None:
    responder, _ = serve("http", "bad-json")
    code, text = run("curl", "-s", "-w", " %{content_type}", responder.url)
    assert (code, text) == (0, '{"ok": true, "items": [1, 2, application/json')


def test_a_date_a_day_ahead(serve: Serve) -> None:
    responder, _ = serve("http", "wrong-date")
    _, text = run("curl", "-s", "-o", "/dev/null", "-w", "%header{date}", responder.url)
    ahead = time.mktime(time.strptime(text, "%a, %d %b %Y %H:%M:%S GMT")) - time.mktime(time.gmtime())
    assert 86390 < ahead < 86410


def test_a_bomb_is_small_until_it_is_unfolded(serve: Serve) -> None:
    responder, _ = serve("http", "gzip-bomb=8")
    assert int(run("curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", responder.url)[1]) < 16384
    assert run("curl", "-s", "--compressed", responder.url)[1] == "\0" * (8 << 20)


def test_a_length_that_is_too_short_leaves_a_part(serve: Serve) -> None:
    responder, _ = serve("http", "bad-length=short")
    with_all = run("curl", "-s", "-o", "/dev/null", "-w", "%{size_download} %header{content-length}", f"{responder.url}/json")[1]
    taken, announced = map(int, with_all.split())
    assert taken == announced


def test_faults_combine(serve: Serve) -> None:
    responder, _ = serve("http", "503-then-ok=1", "slow=0.3")
    began = time.monotonic()
    assert run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", responder.url) == (0, "503")
    assert time.monotonic() - began > 0.3


# --- Server-Sent Events, as httpx-sse and curl read them

TWO = [("tick", "1", {"number": 1}), ("tick", "2", {"number": 2})]


def read_events(url: str) -> tuple[list[tuple[str, str, object]], str]:
    """The events that httpx-sse gives, and the kind of failure that ended them, if one did."""
    found: list[tuple[str, str, object]] = []
    try:
        with httpx.Client(timeout=0.5) as client, httpx_sse.connect_sse(client, "GET", url) as source:
            for each in source.iter_sse():
                found.append((each.event, each.id, json.loads(each.data) if each.data.startswith("{") else each.data))
    except (httpx.HTTPError, httpx_sse.SSEError) as error:
        return found, type(error).__name__
    return found, ""


@pytest.mark.parametrize(
    ("value", "events", "failure"),
    [
        ("cut", TWO, "RemoteProtocolError"),
        ("stall", TWO, "ReadTimeout"),
        ("media-type", [], "SSEError"),
        ("utf-8", [*TWO, ("tick", "3", "caf\ufffd \ufffd\ufffd \ufffd(")], ""),
        ("no-end", TWO, ""),
    ],
)
def test_what_httpx_sse_makes_of_bad_events(serve: Serve, value: str, events: list[object], failure: str) -> None:
    responder, _ = serve("sse", f"bad-events={value}")
    assert read_events(f"{responder.url}/events") == (events, failure)


@pytest.mark.parametrize("value", ["comments", "endless"])
def test_events_without_end(serve: Serve, value: str) -> None:
    responder, _ = serve("sse", f"bad-events={value}")
    assert run("curl", "-sS", "-m", "0.3", "-o", "/dev/null", f"{responder.url}/events")[0] == TIMED_OUT


def test_what_http_can_have_its_guests_have(serve: Serve) -> None:
    responder, _ = serve("graphql", "503-then-ok=1")
    query = ("-d", '{"query": "{ hello }"}', "-H", "Content-Type: application/json", f"{responder.url}/graphql")
    assert [run("curl", "-s", "-w", "%{http_code}", "-o", "/dev/null", *query)[1] for _ in range(2)] == ["503", "200"]


# --- dig


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("silence", "timed out"),
        ("garbage", "no servers could be reached"),
        ("wrong-protocol=http", "no servers could be reached"),
        ("truncate", "malformed message"),
        ("bad-length", "malformed message"),
        ("bad-length=short", "malformed message"),
        ("flood", "ID mismatch"),
        ("503-then-ok=1", "SERVFAIL"),
        ("slow", "timed out"),
    ],
)
def test_what_dig_says(serve: Serve, fault: str, words: str) -> None:
    responder, _ = serve("dns", fault)
    _, said = run("timeout", "3", need("dig"), f"@{responder.host}", "-p", responder.port, "www.rrcli.test", "+tries=1", "+time=1")
    assert words in said, said


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("reset", "connection reset"),
        ("close", "end of file"),
        ("truncate", "end of file"),
        ("bad-length", "malformed message"),
        ("silence", "timed out"),
        ("drip", "timed out"),
    ],
)
def test_what_dig_says_over_tcp(serve: Serve, fault: str, words: str) -> None:
    responder, _ = serve("dns", fault)
    _, said = run("dig", f"@{responder.host}", "-p", responder.port, "www.rrcli.test", "+tcp", "+tries=1", "+time=1")
    assert words in said, said


def test_forged_datagrams_before_the_true_one(serve: Serve) -> None:
    responder, _ = serve("dns", "spoof")
    code, said = run("dig", f"@{responder.host}", "-p", responder.port, "www.rrcli.test", "+tries=1", "+time=2")
    assert code == 0
    assert "ID mismatch: expected ID" in said
    assert "Question section mismatch" in said
    assert "192.0.2.1" in said


def test_one_forged_datagram_comes_from_another_port(serve: Serve) -> None:
    responder, _ = serve("dns", "spoof")
    query = dns.message.make_query("www.rrcli.test", "A").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:  # not connected, so that it hears strangers: dig's is
        sock.settimeout(5)
        sock.sendto(query, (responder.host, responder.port))
        heard = [sock.recvfrom(4096) for _ in range(4)]
    assert [source[1] == responder.port for _, source in heard] == [True, True, False, True]
    assert [data[:2] == query[:2] for data, _ in heard] == [False, True, True, True]


def test_servfail_twice_then_ok(serve: Serve) -> None:
    responder, _ = serve("dns", "503-then-ok")
    said = [run("dig", f"@{responder.host}", "-p", responder.port, "www.rrcli.test", "+tries=1")[1] for _ in range(3)]
    assert [("SERVFAIL" in each, "192.0.2.1" in each) for each in said] == [(True, False), (True, False), (False, True)]


# --- redis-cli


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("reset", "Connection reset by peer"),
        ("close", "Server closed the connection"),
        ("truncate", "Server closed the connection"),
        ("garbage", "Protocol error"),
        ("wrong-protocol", "Protocol error"),
        ("wrong-protocol=http", "Protocol error"),
        ("bad-length", "Server closed the connection"),
        ("503-then-ok", "LOADING"),
    ],
)
def test_what_redis_cli_says(serve: Serve, fault: str, words: str) -> None:
    responder, _ = serve("redis", fault)
    _, said = run("timeout", "3", need("redis-cli"), "-p", responder.port, "PING")
    assert words in said, said


@pytest.mark.parametrize("fault", ["silence", "drip=1", "slow=9", "delay-accept=9", "flood=array", "flood=nested", "flood=line"])
def test_redis_cli_waits(serve: Serve, fault: str) -> None:
    responder, _ = serve("redis", fault)
    assert run("timeout", "0.5", need("redis-cli"), "-p", responder.port, "PING")[0] == 124


def test_redis_cli_over_tls(serve: Serve) -> None:
    responder, root = serve("redis", "bad-cert=expired")
    assert "certificate verify failed" in run("redis-cli", "--tls", "--cacert", root, "-p", responder.port, "PING")[1]
    assert run("redis-cli", "--tls", "--insecure", "-p", responder.port, "PING") == (0, "PONG\n")


# --- ncat and openssl


@pytest.mark.parametrize(
    ("fault", "words"),
    [("wrong-protocol=smtp", "220 mail.rrcli.test ESMTP"), ("reset", "reset"), ("truncate", "hel"), ("close", ""), ("half-close", "")],
)
def test_what_ncat_says(serve: Serve, fault: str, words: str) -> None:
    responder, _ = serve("tcp", fault)
    _, said = run("timeout", "2", need("ncat"), responder.host, responder.port, given=b"hello\n")
    assert words in said
    assert "hello" not in said


def test_openssl_sees_the_dates(serve: Serve) -> None:
    responder, root = serve("tcp", "bad-cert=not-yet-valid")
    _, said = run("openssl", "s_client", "-connect", responder.address, "-CAfile", root)
    assert "Verify return code: 9 (certificate is not yet valid)" in said


def test_openssl_sees_a_request_for_a_certificate(serve: Serve) -> None:
    responder, root = serve("tcp", "client-cert")
    _, said = run("openssl", "s_client", "-connect", responder.address, "-CAfile", root)
    assert "Requested Signature Algorithms: ECDSA" in said
    assert "Verify return code: 0 (ok)" in said


# --- the options


def test_the_list() -> None:
    done = child.run("serve", "--faults", check=True, text=True)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["503-then-ok     http grpc dns redis nats pg smtp refused at first, then well", " " * 16 + "=TIMES  [2]"]
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(faults.BY_NAME)
    assert max(map(len, lines)) <= 80


def test_the_list_as_json() -> None:
    done = child.run("serve", "--faults", "--json", check=True, text=True)
    listed = {one.pop("name"): one for one in json.loads(done.stdout)}
    assert list(listed) == list(faults.BY_NAME)
    assert listed["slow"] == {
        "protocols": list(responders().responders),
        "values": ["SECONDS"],
        "default": "2",
        "help": "each answer comes late",
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fault", "trunkate"], "there is no fault 'trunkate'; did you mean truncate?; rrcli serve --faults lists them"),
        (["--fault", "slow=much"], "'much' is no number; it is slow[=SECONDS]"),
        (["--fault", "reset=now"], "'now' is no value of reset; it is reset[=request|connect|answer]"),
        (["--fault", "garbage=1"], "garbage takes no value"),
        (["http", "--fault", "spoof"], "http cannot have the fault spoof"),
        (["http", "--fault", "flood=array"], "http cannot have the fault flood=array"),
        (["http", "--fault", "bad-events"], "http cannot have the fault bad-events"),
        (["poll", "--fault", "spoof"], "poll cannot have the fault spoof"),
        (["--fault", "spoof", "--fault", "gzip-bomb"], "no protocol can have all of spoof, gzip-bomb"),
        (["--fault", "slow", "--fault", "slow=1"], "--fault slow is given twice"),
    ],
)
def test_what_is_refused(words: list[str], message: str) -> None:
    done = child.run("serve", *words, text=True)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_without_names_those_serve_that_can() -> None:
    with faults_of(responders(), [], [faults.parse("bad-cert")]) as (_, names):
        catalogue = responders()
        assert list(names) == [name for name in catalogue.names if catalogue.responder_of(name) in faults.SECURE]


def test_every_fault_is_of_a_known_protocol_and_ends_with_its_client() -> None:
    """Each one, with each value, for each protocol: a client that leaves at once leaves nothing running."""
    for fault in faults.FAULTS:
        assert set(fault.protocols) <= set(responders().names)
        if fault.name in faults.TLS:
            continue
        for protocol in fault.protocols:
            with (
                faulty(protocol, fault.name) as (responder, _),
                contextlib.suppress(ConnectionError),
                socket.create_connection((responder.host, responder.port), 5) as client,
            ):
                client.sendall(b"PING\r\n")


def test_a_missing_extra_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ExchangeError) as caught, faults_of(responders(), ["http"], [faults.parse("bad-cert")]):
        pass
    assert (caught.value.message, caught.value.hint) == ("TLS faults need the module cryptography", "pip install 'rrcli[serve]'")


def test_the_line_of_json_names_the_root() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "rrcli", "serve", "--json", "http", "tcp", "--fault", "client-cert"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        listening = json.loads(process.stdout.readline())
        process.terminate()
    assert list(listening) == ["http", "tcp", "cacert"]
    assert (listening["http"][:8], process.returncode) == ("https://", 0)
