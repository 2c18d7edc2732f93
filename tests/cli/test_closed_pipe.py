"""`rrcli … | head -1`: whoever reads standard output leaves, and the command ends at once, though nothing more comes from its peer."""

from __future__ import annotations

import subprocess
import sys

import pytest
from peers.redis_server import Redis
from peers.script import hear, hear_end, responder, say, script

WAITS_S = 20.0  # a run that lives on is killed then


def first_line(*words: str) -> tuple[bytes, int, bytes]:
    """The first line of standard output, which is closed then, the exit code and standard error."""
    command = subprocess.Popen([sys.executable, "-m", "rrcli", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.stdout
    assert command.stderr
    line = command.stdout.readline()
    command.stdout.close()
    try:
        code = command.wait(WAITS_S)
    finally:
        command.kill()
        rest = command.stderr.read()
        command.stderr.close()
    return line, code, rest


@pytest.mark.parametrize("format", ["raw", "ndjson", "pretty"])
def test_a_subscription_ends(redis: Redis, format: str) -> None:
    line, code, rest = first_line("redis", "--format", format, redis.url(), "SUBSCRIBE", "channel")
    assert b"subscribe" in line
    assert (code, rest) == (0, b"")


@pytest.mark.parametrize("options", [[], ["-o", "-"]])
def test_an_answer_that_goes_on_ends(options: list[str]) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello\n"
    with responder(script(hear(b"\r\n\r\n"), say(answer), hear_end)) as peer:
        assert first_line("http", *options, f"http://127.0.0.1:{peer.port}/") == (b"hello\n", 0, b"")


def test_bytes_that_come_over_time_end() -> None:
    with responder(script(say(b"hello\n"), hear_end)) as peer:
        assert first_line("tcp", f"127.0.0.1:{peer.port}", "--read-eof") == (b"hello\n", 0, b"")
