"""openssl s_server: TLS with any option of OpenSSL's, for what nginx cannot be told to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority, Certificate


@pytest.fixture
def s_server(tmp_path: Path, ca: Authority) -> Iterator[Callable[..., Peer]]:
    """Starts an `openssl s_server` with further options, and the good certificate unless another is given.

    It sends back each line reversed (`-rev`), or a page about the connection where `-www` is among the options.
    """
    with contextlib.ExitStack() as servers:

        def start(*options: str, certificate: Certificate = ca.good) -> Peer:
            port = free_port()
            folder = tmp_path / f"s_server-{port}"
            folder.mkdir()
            files = ["-cert", certificate.chain, "-cert_chain", certificate.chain, "-key", certificate.key]
            answer = [] if "-www" in options else ["-rev"]
            command = [need("openssl"), "s_server", "-accept", f"{LOOPBACK}:{port}", *files, *answer, *options]
            log = servers.enter_context(running(command, folder, lambda: accepts(port)))
            return Peer(LOOPBACK, port, log)

        yield start
