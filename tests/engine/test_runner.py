"""The runner: whatever the peer does becomes a value; what is wrong with the request itself is raised before anything is sent."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.base import free_port
from peers.ca import Authority
from peers.script import Handler, deaf, hear, hear_end, over_tls, pause, reset, responder, say, script

import rrcli
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import MASK
from rrcli.engine.events import Observer
from rrcli.engine.interrupt import Interrupted
from rrcli.engine.runner import new_id
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Response

HELLO = script(hear(b"?"), say(b"hello"), pause(0.02), say(b" you\n"), hear_end)


def request(port: int, **options: Any) -> rrcli.TcpRequest:
    given = {"steps": (("--send", b"?"),), "read_lines": 1, "timeout": 5.0, **options}
    return rrcli.TcpRequest(f"127.0.0.1:{port}", **given)


def advice(exchange: Exchange) -> tuple[str, str | None, str, str]:
    """The kind of failure, its phase, whether the peer got the request, and whether to send it again."""
    error = exchange.error
    assert error
    return error.kind, error.phase, error.delivery, error.retry


@contextlib.contextmanager
def nothing_left_open() -> Iterator[None]:
    """As many descriptors afterwards as before, without the garbage collector's help; responders take a moment to close theirs."""

    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    gc.collect()
    gc.disable()
    try:
        before = count()
        yield
        deadline = time.monotonic() + 2
        while count() > before and time.monotonic() < deadline:
            time.sleep(0.005)
        assert count() <= before
    finally:
        gc.enable()


# --- did the peer get it, and may it be sent again?


def test_nobody_listens() -> None:
    assert advice(send(request(free_port()))) == ("refused", "connect", "not_sent", "safe")


def test_nobody_answers_the_knock() -> None:
    with deaf() as peer:
        assert advice(send(request(peer.port, connect_timeout=0.05))) == ("timeout", "connect", "not_sent", "safe")


NOTHING: dict[str, Any] = {"steps": ()}
TLS: dict[str, Any] = {"tls": True, "insecure": True}
BIG: dict[str, Any] = {"steps": (("--send", bytes(20_000_000)),)}


@pytest.mark.parametrize(
    ("handle", "options", "expected"),
    [
        (script(hear(b"?")), {}, ("closed", "wait", "unknown", "unsafe")),
        (script(hear(b"?"), reset), {}, ("reset", "wait", "unknown", "unsafe")),
        (script(hear(b"?"), say(b"half"), pause(0.05), reset), {}, ("reset", "receive", "unknown", "unsafe")),
        (script(hear(b"?"), say(b"half")), {}, ("truncated", "receive", "unknown", "unsafe")),
        (script(hear(b"?"), hear_end), {"timeout": 0.05}, ("timeout", "wait", "unknown", "unsafe")),
        (script(hear(b"?"), say(b"half"), hear_end), {"timeout": 0.05}, ("timeout", "receive", "unknown", "unsafe")),
        (script(pause(0.3)), {"timeout": 0.1, **BIG}, ("timeout", "send", "unknown", "unsafe")),
        (script(pause(0.02), reset), BIG, ("reset", "send", "unknown", "unsafe")),
        (script(pause(0.02), reset), NOTHING, ("reset", "wait", "not_sent", "safe")),
        (script(hear_end), {"timeout": 0.05, **NOTHING}, ("timeout", "wait", "not_sent", "safe")),
        (script(pause(0.02), reset), TLS, ("reset", "tls", "not_sent", "safe")),
        (script(hear_end), {"timeout": 0.05, **TLS}, ("timeout", "tls", "not_sent", "safe")),
        (script(say(b"SSH-2.0-x\r\n"), hear_end), TLS, ("wrong_protocol", "tls", "not_sent", "useless")),
    ],
    ids=[
        "closed",
        "reset before the answer",
        "reset within the answer",
        "truncated",
        "no answer",
        "half an answer",
        "not read",
        "reset while sending",
        "reset, nothing sent",
        "no greeting",
        "reset for TLS",
        "silent for TLS",
        "no TLS",
    ],
)
def test_delivery_and_retry(handle: Handler, options: dict[str, Any], expected: tuple[str, ...]) -> None:
    with responder(handle) as peer, nothing_left_open():
        exchange = send(request(peer.port, **options))
    assert exchange.outcome == "error"
    assert advice(exchange) == expected


def test_a_certificate_is_as_wrong_the_next_time(ca: Authority) -> None:
    with responder(over_tls(ca.expired, hear_end)) as peer:
        exchange = send(request(peer.port, tls=True, cacert=str(ca.root)))
    assert advice(exchange) == ("certificate_expired", "tls", "not_sent", "useless")


def test_a_status_is_an_answer() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), hear_end)) as peer:
        exchange = send(rrcli.HttpRequest("GET", f"http://127.0.0.1:{peer.port}/"))
    assert exchange.outcome == "application_error"
    assert advice(exchange) == ("bad_status", None, "answered", "useless")


def test_a_failure_has_every_phase_up_to_its_own() -> None:
    with responder(script(hear(b"?"), hear_end)) as peer:
        exchange = send(request(peer.port, timeout=0.05))
    assert list(exchange.timing.phases) == ["connect", "send", "wait"]
    assert sum(exchange.timing.phases.values()) <= exchange.timing.total_ns <= exchange.timing.elapsed_ns


def test_the_sooner_limit_is_named() -> None:
    with responder(script(hear(b"?"), hear_end)) as peer:
        both = [send(request(peer.port, timeout=first, deadline=second)).error for first, second in ((0.05, 9), (9, 0.05))]
    assert [error and error.message for error in both] == [
        "waiting for the answer: the time limit passed (--timeout 50ms)",
        "waiting for the answer: the time limit passed (--deadline 50ms)",
    ]


# --- observers


class Watching(Observer):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def received(self, answer: Response) -> None:
        self.seen.append(answer.status.text)

    def content(self, data: bytes) -> None:
        self.seen.append(data)


def test_an_observer_sees_the_answer_as_it_comes() -> None:
    watching = Watching()
    with responder(HELLO) as peer:
        exchange = send(request(peer.port), watching)
    assert watching.seen == ["answered", b"hello", b" you\n"]
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data == b"hello you\n"


class Taking(Watching):
    keeps_content = False


def test_an_observer_that_takes_the_content_leaves_none_in_memory() -> None:
    taking = Taking()
    with responder(HELLO) as peer:
        exchange = send(request(peer.port), taking)
    assert taking.seen == ["answered", b"hello", b" you\n"]
    assert exchange.response
    body = exchange.response.body
    assert body
    assert (body.data, body.size, body.truncated) == (b"", 10, False)
    assert body.sha256 == hashlib.sha256(b"hello you\n").hexdigest()


class Stopping(Observer):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def content(self, data: bytes) -> None:  # noqa: ARG002
        raise self.error


@pytest.mark.parametrize(
    ("error", "message"), [(KeyboardInterrupt(), "interrupted (Ctrl-C)"), (Interrupted(15), "ended by signal 15")], ids=["INT", "TERM"]
)
def test_an_interruption_keeps_what_arrived(error: BaseException, message: str) -> None:
    with responder(HELLO) as peer, nothing_left_open():
        exchange = send(request(peer.port), Stopping(error))
        assert exchange.error
        assert (exchange.error.layer, exchange.error.message) == ("internal", message)
        assert advice(exchange)[:3] == ("interrupted", "receive", "unknown")
        assert exchange.response
        assert exchange.response.body
        assert (exchange.response.body.size, exchange.response.body.truncated) == (5, True)


def test_what_an_observer_cannot_do_is_its_callers_matter() -> None:
    with responder(HELLO) as peer, nothing_left_open(), pytest.raises(BrokenPipeError, match="^gone$"):
        send(request(peer.port), Stopping(BrokenPipeError("gone")))


# --- what is wrong before anything is sent


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expect": ("status ==",)}, None),
        ({"ok": "(("}, None),
        ({"ipv4": True, "ipv6": True}, "-4 and -6 exclude each other"),
        ({"interface": f"a {MASK}"}, f"the request contains {MASK}, which stands for a value that was masked"),
        ({"steps": (("--send", f"AUTH {MASK}".encode()),)}, f"the request contains {MASK}, which stands for a value that was masked"),
        ({"resolve": ((MASK, 1, "127.0.0.1"),)}, f"the request contains {MASK}, which stands for a value that was masked"),
    ],
)
def test_a_wrong_request_is_raised(options: dict[str, Any], message: str | None) -> None:
    where = "localhost" if "ipv4" in options else "127.0.0.1"
    with responder(lambda _: pytest.fail("something was sent")) as peer, pytest.raises(ExchangeError) as caught:
        send(request(peer.port, **options).replace(arguments=(f"{where}:{peer.port}",)))
    assert (caught.value.layer, caught.value.kind) == ("usage", "usage")
    assert message in (None, caught.value.message)


def test_a_mask_among_the_words_is_refused() -> None:
    with pytest.raises(ExchangeError, match=f"^the request contains {MASK}"):
        send(rrcli.TcpRequest(f"{MASK}:80"))


def test_a_file_that_is_missing_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as caught:
        send(request(9, steps=(("--send-file", str(tmp_path / "missing").encode()),)))
    assert (caught.value.layer, caught.value.kind) == ("local", "input")


# --- the exchange itself


def test_an_id_is_a_uuid_of_version_7_and_sorts_by_time() -> None:
    before = time.time_ns() // 10**6
    first = new_id()
    time.sleep(0.002)
    second = new_id()
    found = uuid.UUID(first)
    assert (found.version, found.variant, str(found)) == (7, uuid.RFC_4122, first)
    assert before <= found.int >> 80 <= before + 1000
    assert first < second
    assert len({new_id() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("given", [None, "auto"])
def test_every_exchange_has_an_id_of_its_own(given: str | None) -> None:
    port = free_port()
    ids = {send(request(port, request_id=given)).id for _ in range(3)}
    assert len(ids) == 3
    assert {uuid.UUID(one).version for one in ids} == {7}


def test_an_id_may_be_given() -> None:
    assert send(request(free_port(), request_id="order 66")).id == "order 66"


def test_secrets_are_collected_from_urls_and_fields() -> None:
    port = free_port()
    exchange = send(rrcli.HttpRequest("GET", f"http://ann:open%20sesame@127.0.0.1:{port}/?token=abc123", "X-Api-Key:k-123456"))
    assert {"open sesame", "abc123", "k-123456"} <= set(exchange.secrets)


def test_moments() -> None:
    before = time.time_ns()
    with responder(HELLO) as peer:
        timing = send(request(peer.port)).timing
    assert before <= timing.started_at_ns <= time.time_ns()
    assert 20_000_000 <= timing.total_ns <= timing.elapsed_ns <= time.time_ns() - before
    assert sum(timing.phases.values()) == pytest.approx(timing.total_ns, abs=1_000_000)
