"""`serve`, as a child process and as a library."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from peers.base import free_port

import rrcli.base.errors
from rrcli.base.errors import ExchangeError
from rrcli.engine.catalogue import responders
from rrcli.responders.serve import addresses, listing, serve, start, stop
from rrcli.responders.tcp import TcpResponder

CATALOGUE = responders()
CHILD = """
import sys
from rrcli.base.errors import ExchangeError
from rrcli.engine.catalogue import responders
from rrcli.responders.serve import serve
try:
    sys.exit(serve(responders(), sys.argv[2:], json_line=sys.argv[1] == "json", out=sys.stdout, err=sys.stderr))
finally:
    assert ("dns" in sys.modules) == (not sys.argv[2:] or "dns" in sys.argv[2:])
"""


@contextmanager
def child(*words: str) -> Iterator[subprocess.Popen[str]]:
    """`serve` in a process of its own, which does not outlive a test that fails."""
    root = Path(rrcli.base.errors.__file__).parents[1]
    command = [sys.executable, "-c", CHILD, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_line_of_json_then_until_a_signal(number: signal.Signals) -> None:
    with child("json") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        listening = json.loads(line)
        assert list(listening) == list(CATALOGUE.names)
        assert line.count("\n") == 1
        assert {name: re.sub(r":\d+", ":PORT", where) for name, where in listening.items() if name in ("http", "sse", "dns", "grpc")} == {
            "http": "http://127.0.0.1:PORT", "sse": "http://127.0.0.1:PORT/events", "dns": "127.0.0.1:PORT",
            "grpc": "grpc://127.0.0.1:PORT",
        }  # fmt: skip
        with httpx.Client() as client:
            assert client.get(listening["http"] + "/json").status_code == 200
            started = time.monotonic()
            process.send_signal(number)
            assert process.communicate(timeout=5) == ("", "")
    assert process.returncode == 0
    assert time.monotonic() - started < 1


def test_hears_sigint_where_a_shell_started_it_in_the_background() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a child inherits that
    with ExitStack() as stack:
        try:
            process = stack.enter_context(child("json", "tcp"))
        finally:
            signal.signal(signal.SIGINT, before)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=5) == ("", "")
    assert process.returncode == 0


def test_the_listing_has_commands_to_paste() -> None:
    with child("human", "tcp", "http") as process:
        assert process.stdout is not None
        out = "".join(process.stdout.readline() for _ in range(6))
        process.terminate()
        assert process.communicate(timeout=5) == ("", "Ctrl-C stops.\n")
    tcp, http = re.findall(r":(\d+)$", out, re.MULTILINE)
    assert out.splitlines() == [
        f"tcp     127.0.0.1:{tcp}",
        rf"    rrcli tcp 127.0.0.1:{tcp} --send 'hello\n' --read-lines 1",
        f"    echo hello | ncat 127.0.0.1 {tcp}",
        f"http    http://127.0.0.1:{http}",
        f"    rrcli http http://127.0.0.1:{http}/json",
        f"    curl -i http://127.0.0.1:{http}/json",
    ]
    assert process.returncode == 0


def test_no_line_of_the_listing_wraps_at_80_columns() -> None:
    running = start(CATALOGUE)
    try:
        for responder in running:
            responder.port = 65535
        assert max(map(len, listing(CATALOGUE, running).splitlines())) <= 80
    finally:
        stop(running)


def test_starts_each_once_on_the_ports_given() -> None:
    port = free_port()
    running = start(CATALOGUE, ["tcp", "tcp"], {"tcp": port, "redis": 0})
    try:
        assert addresses(CATALOGUE, running) == {"tcp": f"127.0.0.1:{port}", "redis": f"redis://127.0.0.1:{running[1].port}"}
    finally:
        stop(running)


def test_what_is_spoken_over_http_shares_its_port() -> None:
    running = start(CATALOGUE, ["graphql", "sse"], {"sse": 0, "tcp": 0})
    try:
        web, tcp = running
        assert addresses(CATALOGUE, running, ["graphql", "sse"]) == {"graphql": f"{web.url}/graphql", "sse": f"{web.url}/events"}
        assert listing(CATALOGUE, running, ["tcp", "sse"]).splitlines()[::3] == [f"tcp     {tcp.address}", f"sse     {web.url}/events"]
    finally:
        stop(running)


def test_one_port_is_not_two() -> None:
    with pytest.raises(ExchangeError) as caught:
        start(CATALOGUE, ["tcp"], {"http": 1, "sse": 2})
    assert (caught.value.layer, caught.value.message) == ("usage", "http and sse listen on one port")


@pytest.mark.parametrize("name", list(CATALOGUE.places))
def test_the_examples_of_what_is_spoken_over_http_work(name: str) -> None:
    with child("human", name) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for _ in CATALOGUE.places[name].examples:
            program, *words = shlex.split(process.stdout.readline())
            if not shutil.which(program):
                continue
            command = [sys.executable, "-m", "rrcli"] if program == "rrcli" else [program]
            more = ["--max-events", "1"] if "--cursor" in words else []
            done = subprocess.run([*command, *words, *more], capture_output=True, text=True, timeout=10)
            assert (done.returncode, bool(done.stdout)) == (int(name == "graphql"), True), done.stderr
        process.terminate()


def test_a_taken_port_is_a_usage_error_and_stops_the_others() -> None:
    threads = threading.active_count()
    with TcpResponder() as taken, pytest.raises(ExchangeError) as caught:
        start(CATALOGUE, ["redis", "http"], {"http": taken.port})
    assert threading.active_count() == threads
    assert (caught.value.layer, caught.value.message, caught.value.hint) == (
        "usage",
        f"http cannot listen on 127.0.0.1:{taken.port}: address already in use",
        "leave the port out, or write 0, for a free one",
    )


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("192.0.2.1", 0, "tcp cannot listen on 192.0.2.1:0: cannot assign requested address"),
        ("127.0.0.1", 65536, "tcp cannot listen on 127.0.0.1:65536: a port is a number from 0 to 65535"),
    ],
)
def test_an_address_that_cannot_be_had_is_a_usage_error(host: str, port: int, message: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        start(CATALOGUE, ["tcp"], {"tcp": port}, host)
    assert (caught.value.layer, caught.value.message) == ("usage", message)


def test_an_unknown_name_is_a_usage_error_with_the_near_one() -> None:
    with pytest.raises(ExchangeError) as caught:
        start(CATALOGUE, ["redsi"])
    assert (caught.value.layer, caught.value.message, caught.value.hint) == (
        "usage",
        "there is no responder for 'redsi'; did you mean redis?",
        f"there are {', '.join(CATALOGUE.names)}",
    )


def test_a_reader_that_is_gone_ends_it_and_stops_everything() -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(BrokenPipeError):
        serve(CATALOGUE, ["tcp"], json_line=True, out=Gone(), err=io.StringIO())
    assert signal.getsignal(signal.SIGTERM) == before


def test_every_responder_bears_its_name() -> None:
    running = start(CATALOGUE)
    stop(running)
    assert [responder.protocol for responder in running] == list(CATALOGUE.responders)


def test_imports_stay_light() -> None:
    program = """
import sys
from rrcli.engine.catalogue import responders
from rrcli.responders.serve import start, stop
stop(start(responders(), ['http', 'redis', 'tcp']))
print(*sys.modules)"""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    root = Path(rrcli.base.errors.__file__).parents[1]
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, cwd=root, env=environ
    ).stdout.split()
    heavy = {
        "dns",
        "dataclasses",
        "inspect",
        "asyncio",
        "ssl",
        "email",
        "http.server",
        "http.client",
        "logging",
        "httpx",
        "redis",
        "h11",
        "rich",
        "typer",
    }
    assert heavy.intersection(loaded) == set()
