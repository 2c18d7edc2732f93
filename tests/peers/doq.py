"""A DNS server over QUIC: aioquic's server, handing each question to knot over TCP (Debian's knot 3.2 does not speak DoQ itself)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, free_port, running
from peers.ca import Authority


@pytest.fixture(scope="session")
def doq(tmp_path_factory: pytest.TempPathFactory, knot: Peer, ca: Authority) -> Iterator[Peer]:
    """The QUIC server in front of `knot`."""
    pytest.importorskip("aioquic")
    folder, port = tmp_path_factory.mktemp("doq"), free_port()
    ready = folder / "ready"
    command = [sys.executable, Path(__file__).with_name("doq_server.py"), port, ca.good.chain, ca.good.key, knot.host, knot.port, ready]
    with running(command, folder, ready.exists) as log:
        yield Peer(LOOPBACK, port, log)
