"""Secrets of the command line do not stay in the list of processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from peers.script import hear, responder, say, script

CASES = [
    (["-u", "ann:hunter22"], ["-u", "*" * 12]),
    (["-uann:hunter22"], ["-u" + "*" * 12]),
    (["--bearer=hunter22"], ["--bearer=" + "*" * 8]),
    (["--bearer", "hunter22", "--expect", "status == 204"], ["--bearer", "*" * 8, "--expect", "status == 204"]),
]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no /proc")
@pytest.mark.parametrize(("words", "left"), CASES)
def test_secrets_are_overwritten_before_anything_is_sent(words: list[str], left: list[str]) -> None:
    seen: list[bytes] = []
    started: list[subprocess.Popen[bytes]] = []

    def handle(connection: Any) -> None:
        hear(b"\r\n\r\n")(connection)
        seen.append(Path(f"/proc/{started[0].pid}/cmdline").read_bytes())
        say(b"HTTP/1.1 204 No Content\r\n\r\n")(connection)

    with responder(script(handle)) as peer:
        url = f"http://{peer.host}:{peer.port}/"
        started.append(subprocess.Popen([sys.executable, "-m", "rrcli", "http", *words, url], stdout=subprocess.DEVNULL))
        assert started[0].wait(20) == 0
    assert seen[0].decode().split("\0")[3:] == ["http", *left, url, ""]
