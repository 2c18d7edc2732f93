"""Under gevent, as Locust runs: whatever waits gives way to the other users, in every protocol that has a command.

In front of each server stands a gate that lets nothing of an answer through before all users have come to it. Did one of them hold up
the others, nobody would get an answer.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

import pytest
from peers.child import environment
from peers.http2 import Http2Peer

from rrcli.engine import registry
from rrcli.engine.catalogue import responders

USERS = 4
GATE_S = 15.0  # until nobody is waited for any more, and the test fails
GOOD = ("ok", "application_error")  # of an exchange whose answer came

CHILD = """
import sys
from gevent import monkey
monkey.patch_all()
import gevent
from rrcli.base.jsontext import dumps, loads
from rrcli.cli import fast
from rrcli.engine.send import send

def user(words):
    exchange = send(fast.parse(words).request)
    return exchange.outcome if exchange.error is None or exchange.response else f"{exchange.error.kind}: {exchange.error.message}"

found = {}
for name, words in loads(sys.argv[1]).items():
    users = [gevent.spawn(user, words) for _ in range(int(sys.argv[2]))]
    gevent.joinall(users, raise_error=True)
    found[name] = [each.value for each in users]
print(dumps(found))
"""


def under_gevent(lines: dict[str, list[str]]) -> dict[str, list[str]]:
    """What came of each command line, sent by all users at the same time, one line after the other."""
    pytest.importorskip("gevent")
    command = [sys.executable, "-W", "ignore", "-c", CHILD, json.dumps(lines), str(USERS)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


class Gate:
    """Opens once all users are there; who comes later goes through."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(USERS)
        self._left = USERS
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Wait for the others. Raises `threading.BrokenBarrierError` where they do not come."""
        with self._lock:
            self._left -= 1
            is_awaited = self._left >= 0
        if is_awaited:
            self._barrier.wait(GATE_S)


@contextmanager
def tcp_gate(port: int) -> Iterator[int]:
    """The port of a gate in front of another one."""
    gate, listener = Gate(), socket.create_server(("127.0.0.1", 0), backlog=64)

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            for each in (source, target):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            upward = threading.Thread(target=pump, args=(client, server), daemon=True)
            upward.start()
            try:
                gate.enter()
            except threading.BrokenBarrierError:
                return
            pump(server, client)
            upward.join(GATE_S)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    with listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def udp_gate(port: int) -> Iterator[int]:
    """The same for datagrams: a user is who sends from an address of its own."""
    gate, own = Gate(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    ways: dict[Any, socket.socket] = {}
    over = threading.Event()

    def back(client: Any, server: socket.socket) -> None:
        try:
            gate.enter()
            while True:
                own.sendto(server.recv(65536), client)
        except (OSError, threading.BrokenBarrierError):
            return

    def serve() -> None:
        while not over.is_set():
            try:
                data, client = own.recvfrom(65536)
            except OSError:
                continue
            if client not in ways:
                ways[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                ways[client].connect(("127.0.0.1", port))
                threading.Thread(target=back, args=(client, ways[client]), daemon=True).start()
            ways[client].send(data)

    own.settimeout(0.1)
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield own.getsockname()[1]
    finally:
        over.set()
        thread.join()
        for each in (own, *ways.values()):
            each.close()


PORT = re.compile(r":(\d+)")


def gated(stack: ExitStack, place: str, *, datagrams: bool = False) -> str:
    """The place with a gate's port in the place of its own."""
    found = PORT.search(place)
    assert found
    port = stack.enter_context((udp_gate if datagrams else tcp_gate)(int(found[1])))
    return PORT.sub(f":{port}", place, count=1)


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, str]]:
    """Where responders of all protocols listen."""
    command = [sys.executable, "-m", "rrcli", "serve", "--json"]
    with subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
        assert child.stdout
        yield json.loads(child.stdout.readline())
        child.terminate()


def test_users_of_every_protocol_wait_side_by_side(places: dict[str, str]) -> None:
    """Each protocol's line of the demo."""
    lines: dict[str, list[str]] = {}
    with ExitStack() as stack:
        for entry in registry.PROTOCOLS:
            steps = [step for step in entry.load_manifest().demo if not (step.needs and find_spec(step.needs) is None)]
            for step in steps[:1]:
                datagrams = entry.name == "dns"
                where = gated(stack, places[entry.name], datagrams=datagrams)
                base = gated(stack, places.get(responders().responder_of(entry.name), where))
                lines[entry.name] = [word.format(where=where, base=base) for word in shlex.split(step.line)]
        found = under_gevent(lines)
    assert len(lines) >= 12
    assert found == {name: [outcome if outcome in GOOD else "" for outcome in outcomes] for name, outcomes in found.items()}
    assert all(len(outcomes) == USERS for outcomes in found.values())


def test_users_wait_side_by_side_for_tls_and_each_version_of_http(caddy: Http2Peer) -> None:
    place = f"https://127.0.0.1:{caddy.port}/"
    with ExitStack() as stack:
        lines = {
            "tls": ["tls", gated(stack, place).removeprefix("https://").rstrip("/"), "-k"],
            "1.1": ["http", gated(stack, place), "-k", "--http1.1", "--ok", "any"],
            "2": ["http", gated(stack, place), "-k", "--http2", "--ok", "any"],
        }
        if find_spec("qh3"):
            lines["3"] = ["http", gated(stack, place, datagrams=True), "-k", "--http3-only", "--ok", "any"]
        found = under_gevent(lines)
    assert found == {name: ["ok"] * USERS for name in lines}
