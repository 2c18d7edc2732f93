"""Under gevent, as Locust runs: a name that is looked up slowly holds up nobody else. In a child, because patching lasts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from peers.child import environment
from peers.script import hear, responder, say, script

from rrcli.base.jsontext import loads

DELAY_MS = 400
USERS = 5

# The resolver is slowed below gevent, and blocks its thread without giving way to greenlets, as the system's does.
CHILD = """
import sys, time
import _socket
sleep, getaddrinfo = time.sleep, _socket.getaddrinfo

def slow(*arguments):
    sleep(%s)
    return getaddrinfo(*arguments)

_socket.getaddrinfo = slow
from gevent import monkey
if sys.argv[2] == "patched":
    monkey.patch_all()
import gevent
import rrcli
from rrcli.base.jsontext import dumps

def user():
    began = time.monotonic()
    exchange = rrcli.send(rrcli.HttpRequest(sys.argv[1]))
    ended = time.monotonic()
    outcome = exchange.outcome if exchange.error is None else exchange.error.kind
    seen.append([began, ended, outcome, exchange.timing.phases["resolve"]])

seen = []
users = [gevent.spawn(user) for _ in range(int(sys.argv[3]))]
gevent.joinall(users, raise_error=True)
print(dumps(seen))
""" % (DELAY_MS / 1000)


def run(url: str, how: str, users: int) -> list[Any]:
    pytest.importorskip("gevent")
    command = [sys.executable, "-W", "ignore", "-c", CHILD, url, how, str(users)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    seen = loads(done.stdout)
    assert isinstance(seen, list)
    return seen


def test_users_who_look_up_a_name_at_once_wait_for_one_delay_each() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with responder(script(hear(b"\r\n\r\n"), say(answer))) as peer:
        seen = run(f"http://localhost:{peer.port}/", "patched", USERS)
    assert [outcome for _, _, outcome, _ in seen] == ["ok"] * USERS
    took_ms = 1000 * (max(ended for _, ended, _, _ in seen) - min(began for began, _, _, _ in seen))
    assert DELAY_MS <= took_ms < 2 * DELAY_MS
    for _, _, _, resolve_ns in seen:
        assert resolve_ns / 1e6 == pytest.approx(DELAY_MS, abs=DELAY_MS / 2)


def test_a_name_that_is_not_there_fails_as_without_gevent() -> None:
    ((_, _, kind, _),) = run("http://nobody.invalid/", "patched", 1)
    assert kind in ("name_not_found", "resolver_failed")


def test_gevent_that_patched_nothing_changes_nothing() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(b"HTTP/1.1 204 No Content\r\n\r\n"))) as peer:
        ((_, _, outcome, resolve_ns),) = run(f"http://localhost:{peer.port}/", "plain", 1)
    assert outcome == "ok"
    assert resolve_ns / 1e6 == pytest.approx(DELAY_MS, abs=DELAY_MS / 2)
