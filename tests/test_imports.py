"""What each command may load: start-up is most of a call's cost, so the list is held by a test, not by care."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from peers.ca import Authority
from peers.script import hear, over_tls, responder, say, script

# Costs of a fresh interpreter's import, in multiples of starting it bare: typer 6, rich 5, dnspython 7, ssl 1.5, the rest 0.3 to 1.
HEAVY = {
    "argparse", "asyncio", "base64", "click", "collections", "concurrent.futures", "contextlib", "dataclasses", "datetime", "dns",
    "email", "enum", "functools", "h11", "hashlib", "hiredis", "html", "http.client", "httpx", "idna", "importlib.metadata", "inspect",
    "ipaddress", "jmespath", "json", "logging", "pathlib", "random", "re", "redis", "rich", "shutil", "signal", "socket", "ssl",
    "string", "subprocess", "tempfile", "threading", "typer", "typing", "urllib.parse", "uuid",
}  # fmt: skip

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SHOW = (
    "import sys; from rrcli.__main__ import main; code = main(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)"
)


def loaded(*words: str) -> set[str]:
    """The modules that a command line loads beyond those of a bare interpreter."""
    measuring = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
    environ = {name: value for name, value in os.environ.items() if name not in measuring}

    def run(*command: str) -> set[str]:
        done = subprocess.run([sys.executable, "-c", *command], env=environ, capture_output=True, check=True, text=True)
        return set(done.stderr.split())

    return run(SHOW, *words) - run("import sys; print(*sorted(sys.modules), file=sys.stderr)")


@pytest.mark.parametrize(
    "show", [["--json"], ["--format", "raw"], ["--query", "response.status.code"], ["--json", "--expect", "status == 200"]]
)
def test_http_loads_nothing_heavy(show: list[str]) -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        assert loaded("http", *show, f"http://{peer.host}:{peer.port}/") & HEAVY == set()


def test_https_loads_no_ssl_module(ca: Authority) -> None:
    with responder(over_tls(ca.good, script(hear(b"\r\n\r\n"), say(ANSWER)))) as peer:
        modules = loaded("http", "--json", "--cacert", str(ca.root), f"https://localhost:{peer.port}/")
    assert modules & HEAVY == set()
    assert "_ssl" in modules


def test_redis_loads_nothing_heavy() -> None:
    with responder(script(hear(b"PING\r\n"), say(b"+PONG\r\n"))) as peer:
        assert loaded("redis", f"redis://{peer.host}:{peer.port}", "PING") & (HEAVY | {"_ssl"}) == set()


def test_tcp_loads_nothing_heavy() -> None:
    with responder(script(hear(b"hi"), say(b"ho\n"))) as peer:
        assert loaded("tcp", f"{peer.host}:{peer.port}", "--send", "hi", "--read-lines", "1") & (HEAVY | {"_ssl"}) == set()


def test_the_version_loads_next_to_nothing() -> None:
    assert loaded("--version") - {"__future__"} == {"rrcli", "rrcli.__main__", "rrcli.errors", "rrcli.report", "rrcli.report.output"}
