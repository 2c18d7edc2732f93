"""Retries against peers that fail first: what is sent how often, what is shown, and what the report says of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from peers import child
from peers.base import free_port
from peers.ca import Authority
from peers.httpbin import Httpbin
from peers.redis_server import Redis
from peers.script import Handler, Responder, datagram_responder, end, hear, hear_end, pause, reset, responder, say, script

from rrcli.adapters.dns.request import DnsRequest
from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.redis.request import RedisRequest
from rrcli.adapters.tcp.request import TcpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine import registry
from rrcli.engine.attempts import DeferredObserver
from rrcli.engine.context import Context
from rrcli.engine.events import Continue, Finished, Observer, Received, Sent
from rrcli.engine.manifest import Manifest
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Note, RequestMessage, Response, Status, Target
from rrcli.options.option import option
from rrcli.options.request import Request

HEAD = b"\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\ndo"
SOON = 0.01  # seconds of --retry-delay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.events import Event


class Watching(Observer):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def received(self, answer: Response) -> None:
        self.seen.append(answer.status.code)

    def content(self, data: bytes) -> None:
        self.seen.append(data)


def answering(*answers: bytes, into: list[bytes] | None = None) -> contextlib.AbstractContextManager[Responder]:
    """A server that gives each connection the next of these answers, and the last one from then on."""
    return in_turn(*(script(hear(HEAD, into), say(answer)) for answer in answers))


def in_turn(*handlers: Handler) -> contextlib.AbstractContextManager[Responder]:
    turns = itertools.chain(handlers, itertools.repeat(handlers[-1]))
    return responder(lambda connection: next(turns)(connection))


def ask(peer: Responder, *words: str, observer: Observer | None = None, **options: Any) -> Exchange:
    *method, path = words or ("/",)
    options = {"retry": 3, "retry_delay": SOON, **options}
    return send(HttpRequest(*method, f"http://{peer.host}:{peer.port}{path}", **options), observer)


def codes(exchange: Exchange) -> list[object]:
    """The status of every attempt, or the kind of its failure."""
    found: list[object] = []
    for each in (*exchange.history, exchange):
        failure = each.error
        found.append(failure.kind if failure and failure.kind != "bad_status" else each.response and each.response.status.code)
    return found


def left_out(exchange: Exchange) -> list[str]:
    return [note.message for note in exchange.notes if note.code == "not-retried"]


def fields(requests: list[bytes], name: bytes) -> list[bytes]:
    return [line.partition(b": ")[2] for heard in requests for line in heard.split(b"\r\n") if line.lower().startswith(name + b":")]


# --- what is repeated


def test_a_status_that_passes() -> None:
    with answering(BUSY, BUSY, OK) as peer:
        found = ask(peer, request_id="one")
    assert (codes(found), found.outcome, found.notes) == ([503, 503, 200], "ok", ())
    assert [(earlier.why, earlier.id) for earlier in found.history] == [("retry", "one")] * 2
    assert [earlier.response and earlier.response.body and earlier.response.body.data for earlier in found.history] == [b"busy"] * 2
    for earlier in found.history:
        (note,) = earlier.notes
        assert note.code == "retry"
        waited, _, reason = note.message.partition(" ms: ")
        assert waited.removeprefix("waited ").isdecimal()
        assert reason == "503 Service Unavailable"


def test_time_is_that_of_the_last_attempt_and_of_all() -> None:
    slow = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
    with answering(slow, OK) as peer:
        found = ask(peer)
    assert found.timing.total_ns < 500e6 < 1000e6 < found.timing.elapsed_ns < 1500e6
    (note,) = found.history[0].notes
    assert 1000 <= int(note.message.split()[1]) < 1200
    assert note.message.endswith(": 503 Service Unavailable, Retry-After 1")


def test_retries_end() -> None:
    with answering(BUSY) as peer:
        found = ask(peer, retry=2)
    assert (codes(found), found.outcome, left_out(found)) == ([503] * 3, "application_error", [])


def test_without_retry_there_is_one_attempt() -> None:
    with answering(BUSY, OK) as peer:
        assert codes(ask(peer, retry=0)) == [503]


def test_nothing_that_stays_is_repeated() -> None:
    with answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", OK) as peer:
        found = ask(peer)
    assert (codes(found), found.notes) == ([404], ())


@pytest.mark.parametrize("broken", [b"", CUT])
def test_an_answer_that_breaks_off(broken: bytes) -> None:
    with answering(broken, OK) as peer:
        found = ask(peer)
    assert codes(found) == ["truncated" if broken else "closed", 200]


def test_a_reset() -> None:
    with in_turn(script(hear(HEAD), reset), script(hear(HEAD), say(OK))) as peer:
        assert codes(ask(peer)) == ["reset", 200]


def test_the_time_limit_is_one_for_each_attempt() -> None:
    with in_turn(script(hear(HEAD), hear_end), script(hear(HEAD), pause(0.2), say(OK))) as peer:
        found = ask(peer, timeout=0.3)
    assert codes(found) == ["timeout", 200]


def test_a_port_that_opens_late() -> None:
    port = free_port()

    def listen() -> None:
        time.sleep(0.2)
        with socket.create_server(("127.0.0.1", port)) as server:
            connection, _ = server.accept()
            script(hear(HEAD), say(OK))(connection)
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    found = ask(Responder("127.0.0.1", port), "POST", "/", retry=100, retry_delay=0.05)
    thread.join()
    assert {*codes(found)[:-1]} == {"refused"}
    assert (codes(found)[-1], found.error) == (200, None)


# --- what is safe


def test_a_post_is_not_repeated_and_the_report_says_why() -> None:
    heard: list[bytes] = []
    with answering(BUSY, OK, into=heard) as peer:
        found = ask(peer, "POST", "/")
    assert (codes(found), len(heard)) == ([503], 1)
    assert found.error
    assert (found.error.delivery, found.error.retry) == ("answered", "unsafe")
    assert left_out(found) == ["POST is not idempotent and may have been carried out; an idempotency key, or --retry-unsafe, allows it"]


def test_a_post_is_repeated_when_that_is_asked_for() -> None:
    with answering(BUSY, OK) as peer:
        assert codes(ask(peer, "POST", "/", retry_unsafe=True)) == [503, 200]


def test_a_post_is_repeated_when_it_was_not_carried_out() -> None:
    with answering(b"HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n", OK) as peer:
        assert codes(ask(peer, "POST", "/")) == [425, 200]


@pytest.mark.parametrize("key", ["auto", "order-7"])
def test_every_attempt_carries_the_same_key_and_id(key: str) -> None:
    heard: list[bytes] = []
    with answering(BUSY, b"", OK, into=heard) as peer:
        found = ask(peer, "POST", "/", idempotency_key=key, request_id="auto")
    assert codes(found) == [503, "closed", 200]
    keys, ids = fields(heard, b"idempotency-key"), fields(heard, b"x-request-id")
    assert (len(keys), len({*keys}), ids) == (3, 1, [found.id.encode()] * 3)
    assert (keys[0] == b"order-7") is (key != "auto")


@pytest.mark.parametrize("request_", [RedisRequest("redis://127.0.0.1:1", "PING"), DnsRequest("example.test", "@127.0.0.1")])
def test_a_protocol_without_a_place_for_the_key(request_: Request) -> None:
    name = registry.protocol_of(request_).name
    with pytest.raises(ExchangeError, match=f"^{name} has no place for an idempotency key$") as raised:
        send(request_.replace(idempotency_key="auto"))
    assert (raised.value.layer, raised.value.kind) == ("usage", "usage")


def test_standard_input_is_not_read_twice() -> None:
    with in_turn(script(hear(b"once"), say(BUSY)), script(hear(HEAD), say(OK))) as peer:
        done = rrcli("http", "PUT", f"http://{peer.host}:{peer.port}/", "-d", "@-", "--retry", "3", "--json", given=b"once")
    document = json.loads(done.stdout)
    assert (done.returncode, document["request"]["body"]["text"], document["history"]) == (1, "once", [])
    assert document["notes"] == [{"code": "not-retried", "message": "standard input was read, and cannot be read again"}]


# --- limits


@pytest.mark.parametrize("option", ["deadline", "retry_max_time"])
def test_a_wait_that_would_pass_a_limit(option: str) -> None:
    with answering(b"HTTP/1.1 503 \r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n") as peer:
        found = ask(peer, "/", observer=None, **{option: 0.5})
    assert left_out(found) == [f"a wait of 5 s would pass the limit (--{option.replace('_', '-')} 500ms)"]
    assert found.timing.elapsed_ns < 400e6


@pytest.mark.parametrize("option", ["deadline", "retry_max_time"])
def test_a_limit_of_all_attempts_ends_the_last(option: str) -> None:
    with in_turn(script(hear(HEAD), hear_end)) as peer:
        found = ask(peer, "/", observer=None, **{option: 0.4, "retry": 100, "timeout": 0.15})
    assert {*codes(found)} == {"timeout"}
    assert 1 < len(codes(found)) < 6
    assert 350e6 < found.timing.elapsed_ns < 500e6


# --- what is shown


def test_only_the_last_answer_is_shown() -> None:
    watching = Watching()
    with answering(BUSY, BUSY, OK) as peer:
        ask(peer, observer=watching)
    assert watching.seen == [200, b"done"]


@pytest.mark.parametrize("retry", [0, 1, 2])
def test_a_failure_that_stays_is_shown(retry: int) -> None:
    watching = Watching()
    with answering(BUSY) as peer:
        ask(peer, observer=watching, retry=retry)
    assert watching.seen == [503, b"busy"]


def test_an_answer_that_broke_off_after_it_was_shown_is_the_last() -> None:
    watching = Watching()
    with answering(CUT, OK) as peer:
        found = ask(peer, observer=watching)
    assert (codes(found), watching.seen) == (["truncated"], [200, b"do"])
    assert left_out(found) == ["a part of the answer is out already, and would come twice"]


def test_a_held_answer_that_is_too_long_is_let_go() -> None:
    watching = Watching()
    held = DeferredObserver(watching, limit=5)
    held.received(Response(summary="", status=Status(code=503, ok=False)))
    held.content(b"abc")
    assert (watching.seen, held.shown) == ([], False)
    held.content(b"def")
    held.content(b"g")
    assert (watching.seen, held.shown) == ([503, b"abc", b"def", b"g"], True)


def rrcli(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return child.run(*words, input=given)


def test_raw_prints_the_last_answer_alone(tmp_path: os.PathLike[str]) -> None:
    with answering(BUSY, OK) as peer:
        done = rrcli("http", f"http://{peer.host}:{peer.port}/", "--retry", "1", "--retry-delay", "10ms")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"done", b"")
    saved = os.path.join(tmp_path, "saved")
    with answering(BUSY, OK) as peer:
        rrcli("http", f"http://{peer.host}:{peer.port}/", "--retry", "1", "--retry-delay", "10ms", "-o", saved)
    with open(saved, "rb") as file:
        assert file.read() == b"done"


# --- hops, checks, ends


class StepRequest(Request):
    """Leads from hop to hop by `statuses`: 0 leads on, another is the status of an answer; each attempt takes one."""

    statuses: list[int] = option("--statuses", default=(), help="Statuses to come.")


StepRequest.__module__ = "steps_of_a_test"


def exchange(request: StepRequest, context: Context) -> Iterator[Event]:
    yield Sent(message=RequestMessage(summary=f"step {len(request.statuses)}", data={"idempotent": True}), target=Target(url="step://"))
    code = request.statuses.pop(0)
    context.note("step", str(code))
    answer = Response(summary=str(code), status=Status(code=code, ok=code < 400))
    if not code:
        yield Finished(answer=answer, then=Continue(why="redirect", state="next"))
        return
    yield Received(answer=answer)
    yield Finished(answer=answer)


@pytest.fixture
def _stepping(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType(StepRequest.__module__)
    manifest = Manifest(synopsis="", help="", label="Step", explains="http")
    module.__dict__.update(StepRequest=StepRequest, exchange=exchange, MANIFEST=manifest)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entry = registry.Protocol(
        name="step", package=module.__name__, request=f"{module.__name__}:StepRequest", manifest=f"{module.__name__}:MANIFEST"
    )
    monkeypatch.setitem(registry.BY_NAME, "step", entry)


@pytest.mark.usefixtures("_stepping")
def test_a_hop_is_repeated_by_itself() -> None:
    found = send(StepRequest(statuses=[0, 503, 0, 503, 200], retry=3, retry_delay=SOON))
    assert [(each.request.summary, each.why) for each in (*found.history, found)] == [
        ("step 5", "redirect"), ("step 4", "retry"), ("step 3", "redirect"), ("step 2", "retry"), ("step 1", None),
    ]  # fmt: skip
    assert found.notes == tuple(Note(code="step", message=code) for code in ("0", "0", "200"))
    assert [note.message for note in found.history[1].notes][:2] == ["0", "503"]


@pytest.mark.usefixtures("_stepping")
def test_checks_are_made_on_the_last_attempt_and_repeat_nothing() -> None:
    found = send(StepRequest(statuses=[503, 200, 200], retry=3, retry_delay=SOON, expect=("status == 503",)))
    assert (found.outcome, [check.ok for check in found.checks], codes(found)) == ("check_failed", [False], [503, "check_failed"])
    assert found.history[0].checks == ()


def interrupted_in_a_wait(*words: str) -> tuple[int, bytes]:
    """Exit code and output of a command that Ctrl-C reaches while it waits for the second attempt."""
    with answering(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 4\r\n\r\nbusy") as peer:
        command = [sys.executable, "-m", "rrcli", "http", "--retry", "1", f"http://{peer.host}:{peer.port}/", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            time.sleep(0.7)
            process.send_signal(signal.SIGINT)
            return process.wait(timeout=10), process.communicate()[0]


def test_ctrl_c_ends_a_wait() -> None:
    code, out = interrupted_in_a_wait("--json")
    document = json.loads(out)
    assert (code, document["history"], document["response"]["body"]["text"]) == (130, [], "busy")
    error = document["error"]
    assert (error["layer"], error["kind"], error["delivery"]) == ("internal", "interrupted", "answered")
    assert error["message"] == "interrupted (Ctrl-C) while waiting for the next attempt; before: HTTP/1.1 503 Service Unavailable"
    assert document["timing"]["elapsed_ms"] > 300


def test_what_was_held_back_is_shown_on_ctrl_c() -> None:
    assert interrupted_in_a_wait() == (130, b"busy")


@pytest.mark.parametrize("silent", [False, True])
def test_a_terminal_shows_the_wait_and_keeps_nothing_of_it(silent: bool) -> None:
    with answering(b"HTTP/1.1 503 \r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", OK) as peer:
        words = ["http", "--retry", "1", f"http://{peer.host}:{peer.port}/", *(["-s"] if silent else [])]
        ours, theirs = pty.openpty()
        done = subprocess.run([sys.executable, "-m", "rrcli", *words], stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=30)
        os.close(theirs)
        drawn = b""
        with contextlib.suppress(OSError):
            while data := os.read(ours, 4096):
                drawn += data
        os.close(ours)
    assert done.stdout == b"done"
    assert (b"retry 1 of 1 in 0." in drawn) is not silent
    assert drawn.rpartition(b"\r\x1b[K")[2] == b""


# --- real servers, and other protocols


def test_httpbin_that_answers_503_by_chance(httpbin: Httpbin) -> None:
    found = send(HttpRequest(httpbin.url("/status/503,200"), retry=40, retry_delay=0.001))
    assert codes(found) == [503] * len(found.history) + [200]


def test_a_replica_without_its_master(redis: Redis) -> None:
    """MASTERDOWN, until it is made a master itself."""
    place = f"redis://{redis.host}:{redis.port}"
    for words in (("CONFIG", "SET", "replica-serve-stale-data", "no"), ("REPLICAOF", "127.0.0.1", str(free_port()))):
        assert send(RedisRequest(place, *words)).outcome == "ok"
    recovery = threading.Timer(0.3, lambda: send(RedisRequest(place, "REPLICAOF", "NO", "ONE")))
    recovery.start()
    found = send(RedisRequest(place, "GET", "k", retry=100, retry_delay=0.05))
    recovery.join()
    assert {each.response and each.response.status.text for each in found.history} == {"MASTERDOWN"}
    assert found.outcome == "ok"


@pytest.mark.parametrize("word", ["LOADING", "TRYAGAIN", "CLUSTERDOWN", "BUSY", "MASTERDOWN"])
def test_a_redis_that_is_not_ready(word: str) -> None:
    steps = [script(hear(b"PING\r\n"), say(reply)) for reply in (f"-{word} not now\r\n".encode(), b"+PONG\r\n")]
    with in_turn(*steps) as peer:
        found = send(RedisRequest(f"redis://{peer.host}:{peer.port}", "PING", retry=1, retry_delay=SOON))
    assert [each.response and each.response.summary for each in (*found.history, found)] == [f"{word} not now", "PONG"]


def test_a_command_that_its_handshake_kept_back_is_repeated() -> None:
    """INCR is not idempotent; but SELECT was refused, and INCR never sent."""
    loading = script(hear(b"SELECT\r\n$1\r\n3\r\n"), say(b"-LOADING not now\r\n"))
    ready = script(hear(b"SELECT\r\n$1\r\n3\r\n"), say(b"+OK\r\n"), hear(b"INCR\r\n$1\r\nk\r\n"), say(b":1\r\n"))
    with in_turn(loading, ready) as peer:
        found = send(RedisRequest(f"redis://{peer.host}:{peer.port}/3", "INCR", "k", retry=1, retry_delay=SOON))
    assert found.outcome == "ok"
    (earlier,) = found.history
    assert earlier.error
    assert (earlier.error.delivery, earlier.error.retry) == ("not_sent", "safe")


def test_a_name_server_that_fails_once() -> None:
    flags = iter([b"\x81\x82", b"\x81\x80"])  # SERVFAIL, NOERROR

    def answer(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        server.sendto(data[:2] + next(flags) + data[4:], sender)

    with datagram_responder(answer) as peer:
        found = send(DnsRequest("example.test", "A", f"@{peer.host}:{peer.port}", retry=1, retry_delay=SOON))
    assert [each.response and each.response.status.text for each in (*found.history, found)] == ["SERVFAIL", "NOERROR"]


# --- did the server get it?


@pytest.mark.parametrize(
    ("steps", "kind", "delivery"),
    [
        ([hear(HEAD), reset], "reset", "unknown"),
        ([hear(HEAD)], "closed", "unknown"),
        ([hear(HEAD), end, hear_end], "closed", "unknown"),
        ([hear(HEAD), hear_end], "timeout", "unknown"),
        ([hear(HEAD), say(CUT)], "truncated", "unknown"),
        ([hear(HEAD), say(CUT), reset], "reset", "unknown"),
        ([hear(HEAD), say(BUSY)], "bad_status", "answered"),
        ([hear(HEAD), say(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")], "bad_status", "answered"),
    ],
)  # fmt: skip
def test_what_became_of_a_post(steps: list[Handler], kind: str, delivery: str) -> None:
    with responder(script(*steps)) as peer:
        found = ask(peer, "POST", "/", timeout=0.3, retry=0)
    assert found.error
    assert (found.error.kind, found.error.delivery) == (kind, delivery)
    assert found.error.retry == ("useless" if found.response and found.response.status.code == 417 else "unsafe")


def test_an_upload_refused_before_it_began() -> None:
    refusal = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
    with responder(script(hear(HEAD), say(refusal), hear_end)) as peer:
        found = ask(peer, "POST", "/", headers=("Expect: 100-continue",), data=(("-d", "x" * 9),), retry=0)
    assert found.error
    assert (found.error.delivery, found.error.retry) == ("answered", "useless")


def test_a_connection_that_is_refused_was_sent_nothing() -> None:
    found = ask(Responder("127.0.0.1", free_port()), "POST", "/", retry=0)
    assert found.error
    assert (found.error.kind, found.error.delivery, found.error.retry) == ("refused", "not_sent", "safe")


def test_a_tls_handshake_that_is_broken_off_was_sent_nothing(ca: Authority) -> None:
    def leave(connection: socket.socket) -> None:
        connection.recv(65536)

    with responder(leave) as peer:
        found = send(HttpRequest("POST", f"https://localhost:{peer.port}/", cacert=str(ca.root)))
    assert found.error
    assert (found.error.layer, found.error.kind, found.error.delivery) == ("tls", "handshake_failed", "not_sent")


def test_a_redis_handshake_that_gets_no_answer_was_sent_nothing() -> None:
    with responder(hear_end) as peer:
        found = send(RedisRequest(f"redis://{peer.host}:{peer.port}/3", "INCR", "k", timeout=0.2))
    assert found.error
    assert (found.error.kind, found.error.phase, found.error.delivery, found.error.retry) == ("timeout", "handshake", "not_sent", "safe")


def test_a_peer_that_stops_reading_may_have_got_it() -> None:
    with responder(script(pause(1))) as peer:
        request = TcpRequest(f"{peer.host}:{peer.port}", steps=(("--send", b"x" * (64 << 20)),), timeout=0.3)
        found = send(request)
    assert found.error
    assert (found.error.kind, found.error.phase, found.error.delivery, found.error.retry) == ("timeout", "send", "unknown", "unsafe")
