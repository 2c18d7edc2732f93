"""What every real server of the tests has in common: found, started on a free port, waited for, ended, reaped.

A peer's module says how its server is configured; this one runs it. Servers are children in sessions of their own, so that
Ctrl-C reaches pytest alone, which then tears its fixtures down; where `setpriv` exists the kernel ends them even if pytest
is killed.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

LOOPBACK = "127.0.0.1"
START_DEADLINE_S = 15.0
STOP_DEADLINE_S = 3.0
POLL_S = 0.01

# Below the range from which Linux numbers clients' sockets (32768 up): no outgoing connection of another test can take a
# port between our look at it and the server's bind.
PORTS = range(20_000, 32_000)

_handed_out: set[int] = set()
# Its own source: Hypothesis seeds the global one alike in every worker.
_random = random.SystemRandom()


@dataclass(frozen=True)
class Peer:
    """A running server: where it listens, and the file that holds what it printed."""

    host: str
    port: int
    log: Path

    @property
    def address(self) -> str:
        """`host:port`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def need(program: str) -> str:
    """The path of a program; skips the test where it is missing, and fails it under CI, which has to have them all."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        message = f"{program} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return path


def free_port() -> int:
    """A port on which nothing listens, neither TCP nor UDP, given out once in this process."""
    while True:
        port = _random.choice(PORTS)
        if port not in _handed_out and _is_free(port):
            _handed_out.add(port)
            return port


def _is_free(port: int) -> bool:
    try:
        with socket.socket(type=socket.SOCK_STREAM) as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            stream.bind((LOOPBACK, port))
            datagrams.bind((LOOPBACK, port))
    except OSError:
        return False
    return True


def accepts(port: int) -> bool:
    """Whether a TCP connection to this loopback port is accepted."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def running(command: Sequence[object], folder: Path, ready: Callable[[], bool], environ: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Run a server in `folder` until the block ends; gives its log, once `ready()` holds.

    Fails the test, with what the server printed, when it ends before that or is not ready within 15 s.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_dies_with_us(), *map(str, command)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC", **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, ready, log)
        yield log
    finally:
        _stop(process)


def _dies_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while not ready():
        # Read before the clock, so that a server that failed says so rather than "not ready".
        if (code := process.poll()) is not None:
            why = f"ended with {code}"
        elif time.monotonic() > deadline:
            why = f"was not ready after {START_DEADLINE_S:g} s"
        else:
            time.sleep(POLL_S)
            continue
        printed = log.read_text(errors="replace")
        pytest.fail(f"{process.args!r} {why}\n{printed}", pytrace=False)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, then whatever it left in its session (forked workers), and reap it."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_DEADLINE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
