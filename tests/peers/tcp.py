"""Servers of plain TCP and UDP, made of socat."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running


@pytest.fixture(scope="session")
def tcp_echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """socat sending back what it gets, and closing once the client has sent its end."""
    folder, port = tmp_path_factory.mktemp("tcp-echo"), free_port()
    command = [need("socat"), "-t", "5", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork", "EXEC:cat"]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def udp_echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """socat sending back each datagram that it gets."""
    folder, port = tmp_path_factory.mktemp("udp-echo"), free_port()
    command = [need("socat"), f"UDP4-RECVFROM:{port},bind={LOOPBACK},fork", "EXEC:cat"]
    with running(command, folder, lambda: _echoes_datagrams(port)) as log:
        yield Peer(LOOPBACK, port, log)


def _echoes_datagrams(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        try:
            client.connect((LOOPBACK, port))
            client.send(b"ready?")
            return client.recv(64) == b"ready?"
        except OSError:
            return False


@pytest.fixture
def tcp_script(tmp_path: Path) -> Iterator[Callable[[str], Peer]]:
    """Starts a socat that answers each connection with shell commands, their input and output being the connection.

    They also run for the connection that finds out whether socat listens. What they print after the client has sent its
    end still arrives, which ncat's `--sh-exec` does not grant.
    """
    with contextlib.ExitStack() as servers:

        def start(commands: str) -> Peer:
            port = free_port()
            folder = tmp_path / f"socat-{port}"
            folder.mkdir()
            (folder / "commands").write_text(commands)
            command = [need("socat"), "-t", "5", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork", "EXEC:/bin/sh commands"]
            log = servers.enter_context(running(command, folder, lambda: accepts(port)))
            return Peer(LOOPBACK, port, log)

        yield start
