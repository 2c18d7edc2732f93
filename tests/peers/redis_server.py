"""redis-server: plain, with TLS, with users and passwords; each test gets an empty one of its own. A cluster and a sentinel, which
take seconds to agree, are shared by all.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, POLL_S, START_DEADLINE_S, Peer, accepts, free_port, need, running
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
    yield from _redis(tmp_path, port, "rediss", *_tls(port, ca), "tls-auth-clients no")


@pytest.fixture
def redis_tls_clients(tmp_path: Path, ca: Authority) -> Iterator[Redis]:
    """The same, and nobody gets in without a certificate of the authority."""
    port = free_port()
    yield from _redis(tmp_path, port, "rediss", *_tls(port, ca), "tls-auth-clients yes")


@pytest.fixture
def redis_acl(tmp_path: Path) -> Iterator[Redis]:
    """A redis-server on which nobody may do anything without one of the passwords of `USERS`."""
    port = free_port()
    yield from _redis(tmp_path, port, "redis", f"port {port}", _ACL)


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Redis, ...]]:
    """Three nodes with a third of the slots each, in the order of their slots: `foo` lives on the last, `bar` on the first."""
    folder = tmp_path_factory.mktemp("cluster")
    with contextlib.ExitStack() as stack:
        nodes = []
        for _ in range(3):
            port = free_port()
            lines = (f"port {port}", "cluster-enabled yes", f"cluster-port {free_port()}", "cluster-node-timeout 2000")
            nodes.append(stack.enter_context(contextlib.contextmanager(_redis)(folder, port, "redis", *lines)))
        addresses = [node.address for node in nodes]
        subprocess.run([need("redis-cli"), "--cluster", "create", *addresses, "--cluster-yes"], check=True, capture_output=True, timeout=60)
        for node in nodes:
            _wait_for(node, ["CLUSTER", "INFO"], "cluster_state:ok")
        yield tuple(nodes)


@dataclass(frozen=True)
class Watched:
    """A sentinel, and the master that it knows as `mymaster`."""

    sentinel: Redis
    master: Redis


@pytest.fixture(scope="session")
def redis_sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A sentinel, password `watchful`, and its master, password `hunter2`."""
    folder = tmp_path_factory.mktemp("sentinel")
    serve = contextlib.contextmanager(_redis)
    with contextlib.ExitStack() as stack:
        port, sentinel_port = free_port(), free_port()
        master = stack.enter_context(serve(folder, port, "redis", f"port {port}", "requirepass hunter2"))
        place = folder / f"redis-{sentinel_port}"
        place.mkdir()
        config = place / "sentinel.conf"
        config.write_text(
            f"port {sentinel_port}\nbind {LOOPBACK}\ndir {place}\nrequirepass watchful\n"
            f"sentinel monitor mymaster {LOOPBACK} {port} 1\nsentinel auth-pass mymaster hunter2\n"
        )
        command = [need("redis-sentinel"), config]
        log = stack.enter_context(running(command, place, lambda: accepts(sentinel_port)))
        sentinel = Redis(LOOPBACK, sentinel_port, log, "redis", place)
        _wait_for(sentinel, ["-a", "watchful", "--no-auth-warning", "SENTINEL", "CKQUORUM", "mymaster"], "OK 1 usable")
        yield Watched(sentinel, master)


def _wait_for(server: Redis, words: list[str], text: str) -> None:
    """Ask until the answer contains the text; fails the test after 15 s."""
    deadline = time.monotonic() + START_DEADLINE_S
    while True:
        done = subprocess.run([need("redis-cli"), "-p", str(server.port), *words], capture_output=True, text=True, check=False)
        if text in done.stdout:
            return
        if time.monotonic() > deadline:
            pytest.fail(f"{words} never answered {text!r}\n{done.stdout}{done.stderr}", pytrace=False)
        time.sleep(POLL_S)


def _tls(port: int, ca: Authority) -> tuple[str, ...]:
    files = (f"tls-cert-file {ca.good.chain}", f"tls-key-file {ca.good.key}", f"tls-ca-cert-file {ca.root}")
    return ("port 0", f"tls-port {port}", *files)


def _redis(tmp_path: Path, port: int, scheme: str, *lines: str) -> Iterator[Redis]:
    folder = tmp_path / f"redis-{port}"
    folder.mkdir()
    socket = folder / "redis.sock"
    common = (f"bind {LOOPBACK}", 'save ""', "appendonly no", f"dir {folder}", f"unixsocket {socket}")
    config = folder / "redis.conf"
    config.write_text("\n".join((*common, *lines)) + "\n")
    with running([need("redis-server"), config], folder, lambda: accepts(port)) as log:
        yield Redis(LOOPBACK, port, log, scheme, socket)
