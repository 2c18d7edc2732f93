"""Start-up as a ratio to bare Python, in one run, with the tools that people use today beside it.

    python tests/bench/startup.py [--runs 20] [--check] [--only WORD]

Starts its own loopback peers, takes the median of the runs of each command, and prints a table: by the clock, and by CPU time, which
others on the machine disturb less. With `--check` the exit code is 1 when a ratio of CPU time is over its budget. Measured honestly:
byte code is written, the commands take turns, so that a busy moment hits all alike, and every exit code is looked at. For the figures
of an installation measure in a plain environment: what a `.pth` file imports is part of bare Python too.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from rrcli.codec.soap.write import envelope
from rrcli.engine.catalogue import responders
from rrcli.responders.serve import addresses, start, stop
from rrcli.responders.thrift import IDL

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.bench.download import nginx
from tests.bench.measuring import Cost, in_turn

BARE = "python -c pass"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"id": 7}'

# The most that each command may take, as a multiple of `python -c pass`.
BUDGETS = {
    "rrcli --version": 1.8,
    "rrcli --help": 4.0,
    "rrcli http --help": 4.0,
    "rrcli tcp": 1.75,
    "rrcli redis": 1.8,
    "rrcli smtp": 2.6,
    "rrcli thrift": 2.6,
    "rrcli ws": 2.5,
    "rrcli soap --envelope": 2.6,
    "rrcli soap": 21.0,
    "rrcli pg": 2.8,
    "rrcli nats": 2.5,
    "rrcli http --json": 1.85,
    "rrcli https, HTTP/1.1": 2.8,
    "rrcli https, HTTP/2": 3.3,
    "rrcli HTTP/2, known": 2.7,
    "rrcli dns": 2.4,
    "rrcli grpc": 6.2,
    "rrcli JSON in colour": 3.8,
    "rrcli HTML in colour": 3.8,
}


@contextmanager
def https(folder: Path) -> Iterator[tuple[int, Path]]:
    """A TLS port that answers every request alike, and the file of its authority."""
    import trustme

    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    root = folder / "root.pem"
    authority.cert_pem.write_to_path(str(root))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", key_type=trustme.KeyType.ECDSA).configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(65536)
                        secure.sendall(ANSWER)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1], root
    finally:
        listener.close()


@contextmanager
def grpc(folder: Path) -> Iterator[int]:
    """The port of grpcio's server that the tests use, with reflection."""
    peers = Path(__file__).parents[1] / "peers"
    protoset = folder / "demo.bin"
    protoc = Path(sys.executable).parent / "protoc"
    subprocess.run([protoc, f"-I{peers / 'grpc_proto'}", "--include_imports", f"--descriptor_set_out={protoset}", "demo.proto"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-P", peers / "grpc_server.py", f"both={port}", protoset])
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def commands(urls: dict[str, str], tls_port: int, root: Path, grpc_port: int, ports: dict[str, int]) -> dict[str, list[str]]:
    """What is measured: ours, and those of the peers that are installed."""
    rrcli = [sys.executable, "-m", "rrcli"] if not shutil.which("rrcli", path=Path(sys.executable).parent) else [rrcli_path()]
    http, redis, dns, secure = urls["http"] + "/json", urls["redis"], urls["dns"], f"https://127.0.0.1:{tls_port}/"
    dns_host, _, dns_port = dns.rpartition(":")
    redis_port = redis.rpartition(":")[2]
    found = {
        BARE: [sys.executable, "-c", "pass"],
        "rrcli --version": [*rrcli, "--version"],
        "rrcli --help": [*rrcli, "--help"],
        "rrcli http --help": [*rrcli, "http", "--help"],
        "rrcli tcp": [*rrcli, "tcp", urls["tcp"], "--send", "hi\\n", "--read-lines", "1"],
        "rrcli redis": [*rrcli, "redis", redis, "PING"],
        "rrcli smtp": [*rrcli, "smtp", urls["smtp"], "--from", "a@x.test", "--to", "b@x.test", "--text", "hi"],
        "rrcli thrift": [*rrcli, "thrift", urls["thrift"], IDL, "ping"],
        "rrcli ws": [*rrcli, "ws", urls["ws"], "hi"],
        "rrcli soap --envelope": [*rrcli, "soap", urls["http"] + "/soap", "--envelope", str(root.parent / "call.xml")],
        "rrcli soap": [*rrcli, "soap", urls["soap"], "Add", "a=2", "b=3"],
        "rrcli pg": [*rrcli, "pg", urls["pg"] + "/x?sslmode=disable", "select 1"],
        "rrcli nats": [*rrcli, "nats", urls["nats"], "rrcli.time"],
        "rrcli http --json": [*rrcli, "http", "--json", http],
        "rrcli https, HTTP/1.1": [*rrcli, "http", "--json", "--cacert", str(root), secure],
        "rrcli https, HTTP/2": [
            *rrcli,
            "http",
            "--json",
            "--cacert",
            str(root.parent / "nginx/ca.pem"),
            f"https://localhost:{ports['tls']}/a.json",
        ],
        "rrcli HTTP/2, known": [*rrcli, "http", "--json", "--http2-prior-knowledge", f"http://127.0.0.1:{ports['h2c']}/a.json"],
        "rrcli dns": [*rrcli, "dns", "--json", "www.rrcli.test", f"@{dns}"],
        "rrcli grpc": [*rrcli, "grpc", "--json", f"127.0.0.1:{grpc_port}", "rr.demo.v1.Demo/Echo", "name=x"],
        "rrcli JSON in colour": [*rrcli, "http", "--format", "pretty", "--color", "always", http],
        "rrcli HTML in colour": [*rrcli, "http", "--format", "pretty", "--color", "always", f"http://127.0.0.1:{ports['plain']}/a.html"],
        "curl": ["curl", "-s", http],
        "curl https": ["curl", "-s", "--cacert", str(root), secure],
        "xh": ["xh", "--ignore-stdin", http],
        "http (HTTPie)": ["http", "--ignore-stdin", http],
        "redis-cli": ["redis-cli", "-p", redis_port, "PING"],
        "dig": ["dig", "+short", f"@{dns_host}", "-p", dns_port, "www.rrcli.test"],
    }
    return {name: command for name, command in found.items() if shutil.which(command[0])}


def rrcli_path() -> str:
    """The installed command beside this interpreter."""
    return str(Path(sys.executable).parent / "rrcli")


def table(costs: dict[str, Cost]) -> list[str]:
    """Lines of name, milliseconds by the clock and of CPU, each with its ratio to bare Python, and the budget."""
    bare = costs[BARE]
    lines = [f"{'command':<24}{'ms':>8}{'ratio':>8}{'CPU ms':>8}{'ratio':>8}{'budget':>8}"]
    for name, cost in costs.items():
        clock, cpu = cost.seconds / bare.seconds, cost.cpu / bare.cpu
        budget = f"{BUDGETS[name]:.2f}" if name in BUDGETS else ""
        lines.append(f"{name:<24}{cost.seconds * 1000:>8.1f}{clock:>8.2f}{cost.cpu * 1000:>8.1f}{cpu:>8.2f}{budget:>8}".rstrip())
    return lines


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=20, help="runs of each command (20)")
    parser.add_argument("--check", action="store_true", help="exit 1 when a ratio is over its budget")
    parser.add_argument("--only", default="", help="commands that have this word, and bare Python")
    options = parser.parse_args(words)
    with ExitStack() as stack:
        catalogue = responders()
        running = start(catalogue)
        stack.callback(stop, running)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tls_port, root = stack.enter_context(https(folder))
        grpc_port = stack.enter_context(grpc(folder))
        (folder / "nginx").mkdir()
        ports = stack.enter_context(nginx(folder / "nginx", 0))
        (folder / "nginx/www/a.json").write_bytes(b'{"id": 7}')
        (folder / "nginx/www/a.html").write_text('<!doctype html>\n<html lang="en"><body><h1 class="a">hi</h1><p>text</p></body></html>\n')
        (folder / "call.xml").write_bytes(envelope("1.1", "<Add><a>2</a><b>3</b></Add>"))
        found = commands(addresses(catalogue, running), tls_port, root, grpc_port, ports)
        chosen = {name: command for name, command in found.items() if name == BARE or options.only in name}
        costs = in_turn(chosen, options.runs, warm=2)  # the first turns write byte code and fill caches
    print("\n".join(table(costs)))
    over = [name for name, budget in BUDGETS.items() if name in costs and costs[name].cpu / costs[BARE].cpu > budget]
    if over:
        print(f"over budget: {', '.join(over)}")
    return 1 if options.check and over else 0


if __name__ == "__main__":
    sys.exit(main())
