"""redis-server: plain, with TLS, and with users and passwords. Each test gets an empty one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority

# Redis without a user name means `default`; a reader may look and not touch.
USERS = {"default": "hunter2", "ann": "open sesame", "reader": "readonly"}
_ACL = """
user default on >hunter2 ~* &* +@all
user ann on ">open sesame" ~* &* +@all
user reader on >readonly ~* &* +@read +@connection -@write
"""


@dataclass(frozen=True)
class Redis(Peer):
    """A redis-server; `unix_socket` leads to the same data."""

    scheme: str
    unix_socket: Path

    def url(self, path: str = "", userinfo: str = "") -> str:
        """`redis://` or `rediss://`, with the path of a database (`/3`) and `user:password` if given."""
        return f"{self.scheme}://{userinfo and userinfo + '@'}{self.host}:{self.port}{path}"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A plain redis-server, without password."""
    port = free_port()
    yield from _redis(tmp_path, port, "redis", f"port {port}")


@pytest.fixture
def redis_tls(tmp_path: Path, ca: Authority) -> Iterator[Redis]:
    """A redis-server that speaks TLS only, with the authority's good certificate, and asks for none."""
    port = free_port()
    lines = (
        "port 0",
        f"tls-port {port}",
        f"tls-cert-file {ca.good.chain}",
        f"tls-key-file {ca.good.key}",
        f"tls-ca-cert-file {ca.root}",
        "tls-auth-clients no",
    )
    yield from _redis(tmp_path, port, "rediss", *lines)


@pytest.fixture
def redis_acl(tmp_path: Path) -> Iterator[Redis]:
    """A redis-server on which nobody may do anything without one of the passwords of `USERS`."""
    port = free_port()
    yield from _redis(tmp_path, port, "redis", f"port {port}", _ACL)


def _redis(tmp_path: Path, port: int, scheme: str, *lines: str) -> Iterator[Redis]:
    folder = tmp_path / f"redis-{port}"
    folder.mkdir()
    socket = folder / "redis.sock"
    common = (f"bind {LOOPBACK}", 'save ""', "appendonly no", f"dir {folder}", f"unixsocket {socket}")
    config = folder / "redis.conf"
    config.write_text("\n".join((*common, *lines)) + "\n")
    with running([need("redis-server"), config], folder, lambda: accepts(port)) as log:
        yield Redis(LOOPBACK, port, log, scheme, socket)
