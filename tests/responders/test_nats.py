"""The NATS responder, met by nats-py, and compared with nats-server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import nats as nats_py
import pytest
from peers.nats import Nats

from rrcli.adapters.nats.request import NatsRequest
from rrcli.engine.send import send
from rrcli.responders.nats import NatsResponder

Act = Callable[[Any], Awaitable[Any]]


@pytest.fixture
def hub() -> Iterator[NatsResponder]:
    with NatsResponder() as responder:
        yield responder


def run(url: str, act: Act, **options: Any) -> Any:
    """What `act` does with a client of nats-py."""

    async def with_client() -> Any:
        client = await nats_py.connect(url, allow_reconnect=False, **options)
        try:
            return await act(client)
        finally:
            await client.close()

    return asyncio.run(with_client())


def talk(port: int, data: bytes, ending: bytes) -> bytes:
    """What comes in answer to these bytes, behind INFO, up to `ending`."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        heard = b""
        sock.sendall(data)
        while not heard.endswith(ending):
            received = sock.recv(65536)
            if not received:
                break
            heard += received
    return heard.partition(b"\r\n")[2]


async def conversation(client: Any) -> list[Any]:
    """What core NATS can do, and what comes of it."""
    found: list[Any] = []
    inbox = await client.subscribe("box.*.new")
    rest = await client.subscribe("box.>")
    await client.publish("box.a.new", b"one", headers={"X-A": "b"})
    await client.publish("box.a.new.more", b"two")
    for subscription in (inbox, rest, rest):
        message = await subscription.next_msg(timeout=2)
        found.append((message.subject, message.data, message.headers))

    async def answer(message: Any) -> None:
        await message.respond(b"re: " + message.data)

    await client.subscribe("ask", cb=answer)
    found.append((await client.request("ask", b"x", timeout=2)).data)
    try:
        await client.request("nobody", b"x", timeout=2)
    except nats_py.errors.NoRespondersError:
        found.append("no responders")
    limited = await client.subscribe("some")
    await limited.unsubscribe(limit=2)
    for number in range(4):
        await client.publish("some", b"%d" % number)
    await client.flush()
    found.append([(await limited.next_msg(timeout=2)).data for _ in range(2)])
    members = [await client.subscribe("work", queue="group") for _ in range(3)]
    for _ in range(6):
        await client.publish("work", b"x")
    await client.flush()
    found.append(sum(member.pending_msgs for member in members))
    return found


def test_nats_py_finds_the_same_here_as_at_a_real_server(hub: NatsResponder, nats: Nats) -> None:
    assert run(hub.url, conversation) == run(f"nats://{nats.address}", conversation)


def test_the_services_of_its_own(hub: NatsResponder) -> None:
    async def ask(client: Any) -> list[Any]:
        echo = await client.request("rrcli.echo", b"\0\xff", timeout=2, headers={"X-A": "b"})
        return [echo.data, echo.headers, (await client.request("rrcli.time", b"", timeout=2)).data]

    data, headers, stamp = run(hub.url, ask)
    assert (data, headers, stamp[-1:]) == (b"\0\xff", {"X-A": "b"}, b"Z")
    exchange = send(NatsRequest(hub.url, "rrcli.three", replies=0))
    assert exchange.response
    assert [reply["payload"] for reply in exchange.response.data["replies"]] == ["1", "2", "3"]


def test_a_token_lets_in() -> None:
    with NatsResponder(token="t0k3n") as responder:
        assert send(NatsRequest(responder.url, "rrcli.time", token="t0k3n")).outcome == "ok"
        refused = send(NatsRequest(responder.url, "rrcli.time", token="another"))
        assert refused.response
        assert refused.response.status.text == "Authorization Violation"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"NONSENSE\r\n", b"-ERR 'Unknown Protocol Operation'\r\n"),
        (b"SUB a\r\n", b"-ERR 'Unknown Protocol Operation'\r\n"),
        (b"PUB a x\r\n", b"-ERR 'Parser Error'\r\n"),
        (b"HPUB a 9 3\r\n", b"-ERR 'Parser Error'\r\n"),
        (b"PUB a 9999999\r\n", b"-ERR 'Maximum Payload Violation'\r\n"),
        (b"PUB a 2\r\nhello\r\n", b"-ERR 'Unknown Protocol Operation'\r\n"),
        (b"CONNECT nonsense\r\n", b"-ERR 'Parser Error'\r\n"),
        (b"x" * 5000, b"-ERR 'Maximum Control Line Exceeded'\r\n"),
        (b"SUB a..b 1\r\nPING\r\n", b"-ERR 'Invalid Subject'\r\nPONG\r\n"),
    ],
)
def test_what_is_no_operation_is_refused(hub: NatsResponder, said: bytes, error: bytes) -> None:
    assert talk(hub.port, said, error) == error


def test_a_verbose_client_is_told_of_each_operation(hub: NatsResponder) -> None:
    said = b'CONNECT {"verbose":true}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n'
    assert talk(hub.port, said, b"PONG\r\n") == b"+OK\r\n+OK\r\nMSG a 1 2\r\nhi\r\n+OK\r\nPONG\r\n"
