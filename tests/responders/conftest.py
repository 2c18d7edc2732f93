"""Running responders, and a bare socket to talk to them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from peers.verdict import ask  # noqa: F401  # a fixture is found by its name here

from rrcli.responders.base import Responder
from rrcli.responders.dns import DnsResponder
from rrcli.responders.http import HttpResponder
from rrcli.responders.redis import RedisResponder
from rrcli.responders.tcp import TcpResponder

Talk = Callable[[Responder, bytes], bytes]


@pytest.fixture(scope="module")
def web() -> Iterator[HttpResponder]:
    with HttpResponder() as responder:
        yield responder


@pytest.fixture(scope="module")
def names() -> Iterator[DnsResponder]:
    with DnsResponder() as responder:
        yield responder


@pytest.fixture
def store() -> Iterator[RedisResponder]:
    with RedisResponder() as responder:
        yield responder


@pytest.fixture(scope="module")
def echo() -> Iterator[TcpResponder]:
    with TcpResponder() as responder:
        yield responder


@pytest.fixture(scope="session")
def talk() -> Talk:
    """Sends bytes, ends its side, and gives all that comes back."""

    def talk(responder: Responder, data: bytes) -> bytes:
        with socket.create_connection((responder.host, responder.port), timeout=5) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    return talk
