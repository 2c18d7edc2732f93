"""httpbin under gunicorn: encodings, cookies, authentication and delays as a common Python service answers them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, running


@dataclass(frozen=True)
class Httpbin(Peer):
    """httpbin on a plain port."""

    def url(self, path: str = "/") -> str:
        return f"http://{self.address}{path}"


@pytest.fixture(scope="session")
def httpbin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Httpbin]:
    """httpbin with threads enough that a slow answer holds up no other."""
    folder = tmp_path_factory.mktemp("httpbin")
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"{LOOPBACK}:{port}", "--threads", "8", "httpbin:app"]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Httpbin(LOOPBACK, port, log)
