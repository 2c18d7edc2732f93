"""rrcli as a library: `send` waits, `submit` does not; both against a loopback port."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest
from peers.script import hear, pause, responder, say, script

import rrcli
from rrcli import Exchange, ExchangeError, TcpRequest, send, submit
from rrcli.engine import registry

ECHO = script(hear(b"\n"), say(b"pong\n"))


def ping(host: str, port: int, **options: object) -> TcpRequest:
    return TcpRequest(f"{host}:{port}", steps=(("--send", b"ping\n"),), read_lines=1, **options)


def content(exchange: Exchange) -> bytes | None:
    return exchange.response.body.data if exchange.response and exchange.response.body else None


def test_send_returns_the_exchange() -> None:
    with responder(ECHO) as peer:
        exchange = send(ping(peer.host, peer.port))
    assert (exchange.outcome, exchange.protocol, content(exchange)) == ("ok", "tcp", b"pong\n")


def test_what_a_peer_did_is_a_value_and_never_raised() -> None:
    with responder(script(hear(b"\n"), pause(5))) as peer:
        exchange = send(ping(peer.host, peer.port, timeout=0.05))
    assert exchange.error
    assert (exchange.outcome, exchange.error.kind, exchange.error.phase) == ("error", "timeout", "wait")


@pytest.mark.parametrize(
    "request_", [TcpRequest("127.0.0.1:99999"), TcpRequest("127.0.0.1:1", expect=("nonsense",)), TcpRequest("‹secret›:1")]
)
def test_a_wrong_request_is_raised_and_kept_by_the_future(request_: TcpRequest) -> None:
    with pytest.raises(ExchangeError) as raised:
        send(request_)
    assert raised.value.layer == "usage"
    error = submit(request_).exception(timeout=5)
    assert isinstance(error, ExchangeError)
    assert (error.layer, error.message) == ("usage", raised.value.message)


def test_a_bug_of_ours_reaches_whoever_holds_the_future() -> None:
    assert isinstance(submit(None).exception(timeout=5), Exception)  # type: ignore[arg-type]


def test_submit_returns_at_once_and_calls_back() -> None:
    called = threading.Event()
    release = threading.Event()

    def hold(_connection: object) -> None:
        assert release.wait(5)

    with responder(script(hear(b"\n"), hold, say(b"pong\n"))) as peer:
        future = submit(ping(peer.host, peer.port))
        future.add_done_callback(lambda _future: called.set())
        assert not future.done()
        release.set()
        assert content(future.result(timeout=5)) == b"pong\n"
        assert called.wait(5)


def test_several_at_once() -> None:
    meeting = threading.Barrier(3)

    def meet(_connection: object) -> None:
        meeting.wait(5)  # broken unless three are there together

    with responder(script(hear(b"\n"), meet, say(b"pong\n"))) as peer:
        futures = [submit(ping(peer.host, peer.port)) for _ in range(3)]
        assert [content(future.result(timeout=5)) for future in futures] == [b"pong\n"] * 3


def test_it_can_be_awaited() -> None:
    async def ask(host: str, port: int) -> Exchange:
        return await asyncio.wrap_future(submit(ping(host, port)))

    with responder(ECHO) as peer:
        assert content(asyncio.run(ask(peer.host, peer.port))) == b"pong\n"


def test_one_that_runs_cannot_be_cancelled() -> None:
    with responder(script(hear(b"\n"), pause(0.1), say(b"pong\n"))) as peer:
        future: Future[Exchange] = submit(ping(peer.host, peer.port))
        while not (future.running() or future.done()):
            threading.Event().wait(0.001)
        assert not future.cancel()
        try:
            assert content(future.result(timeout=5)) == b"pong\n"
        except CancelledError:  # pragma: no cover
            pytest.fail("it was cancelled")


def test_the_package_offers_what_it_names() -> None:
    assert [getattr(rrcli, name).__name__ for name in rrcli.__all__ if name != "__version__"] == [
        name for name in rrcli.__all__ if name != "__version__"
    ]
    with pytest.raises(AttributeError, match="^module 'rrcli' has no attribute 'nope'$"):
        rrcli.nope  # noqa: B018


def test_the_request_of_every_protocol_is_a_name_of_the_package() -> None:
    """Also for type checkers, which read the list and run nothing."""
    listed = Path(rrcli.__file__).read_text("utf-8")
    for protocol in registry.PROTOCOLS:
        name = protocol.home_of_request.partition(":")[2]
        assert getattr(rrcli, name) is protocol.request_type
        assert f"import {name} as {name}\n" in listed
    with pytest.raises(AttributeError, match="module 'rrcli' has no attribute 'FtpRequest'"):
        rrcli.FtpRequest  # noqa: B018
