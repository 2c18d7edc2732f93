"""Exchanges a second of a series beside those of load tools, in turns against the same servers: printed, nothing asserted.

    python tests/bench/series.py [--times N] [--runs N]

Those that are not installed are left out: hey (its -c 1 and -c 4), h2load, wrk, redis-benchmark. `of` is the ratio to the first of them in
the same turn, the median of all turns; `cpu` the processor's time of ours an exchange, without the start of the program.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{one};
    location / {{ return 200 "hello"; }}
    location /id {{ add_header X-Id $request_id; return 200 "hello"; }}
  }}
  server {{ listen 127.0.0.1:{two} http2; location / {{ return 200 "hello"; }} }}
}}
"""
LASTING = "2s"  # of wrk, which counts no requests

Rate = tuple[float, str]
Call = Callable[[], Rate]


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def cpu_of(command: list[str]) -> tuple[float, str]:
    """The seconds of a processor that a command takes, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def ours(protocol: str, times: int, *words: str) -> Call:
    """A series; it tells its rate and its median itself."""
    command = [sys.executable, "-m", "rrcli", protocol, "--json"]

    def call() -> Rate:
        start, _ = cpu_of([*command, "--repeat", "1", *words])
        took, text = cpu_of([*command, "--repeat", str(times), *words])
        value = json.loads(text)
        return value["rate_per_s"], f"cpu {(took - start) / times * 1e6:.0f} µs, p50 {value['timing']['total_ms']['p50']:.3f} ms"

    return call


def theirs(pattern: str, *command: str) -> Call:
    """Another tool, which prints its rate as the pattern says."""

    def call() -> Rate:
        _, text = cpu_of(list(command))
        found = re.findall(pattern, text)
        return float(found[-1]), ""

    return call


def rows(times: int, one: str, two: str, redis: int) -> Iterator[tuple[str, Call, dict[str, Call]]]:
    """Ours by its name, and the tools that it stands beside."""

    def hey(connections: int, url: str = one) -> Call:
        return theirs(r"Requests/sec:\s+([\d.]+)", "hey", "-n", str(times), "-c", str(connections), url)

    def h2load(url: str, *words: str) -> Call:
        return theirs(r"finished in .*?, ([\d.]+) req/s", "h2load", "-n", str(times), *words, url)

    def wrk(connections: int) -> Call:
        return theirs(r"Requests/sec:\s+([\d.]+)", "wrk", "-t1", f"-c{connections}", f"-d{LASTING}", one)

    yield "HTTP/1.1, one connection", ours("http", times, one), {"hey": hey(1), "h2load": h2load(one, "--h1", "-c", "1"), "wrk": wrk(1)}
    yield "HTTP/1.1, another answer each time", ours("http", times, f"{one}id"), {"hey": hey(1, f"{one}id")}
    at_once = ours("http", times, one, "--concurrency", "4")
    yield "HTTP/1.1, --concurrency 4", at_once, {"hey": hey(4), "h2load": h2load(one, "--h1", "-c", "4"), "wrk": wrk(4)}
    shared = ours("http", times, two, "--http2-prior-knowledge", "--concurrency", "8")
    yield "HTTP/2, --concurrency 8", shared, {"h2load": h2load(two, "-c", "1", "-m", "8")}
    if redis:
        benchmark = ("redis-benchmark", "-p", str(redis), "-c", "1", "-n", str(times), "-t", "ping_mbulk", "--csv")
        yield "Redis PING", ours("redis", times, f"redis://127.0.0.1:{redis}", "PING"), {
            "redis-benchmark": theirs(r'"PING_MBULK","([\d.]+)"', *benchmark)
        }  # fmt: skip


@contextmanager
def running(command: list[str | Path]) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            time.sleep(0.5)
            yield
        finally:
            server.terminate()


def measure(name: str, call: Call, others: dict[str, Call], turns: int) -> None:
    """Print the row of ours and of those beside it."""
    found: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    remark = ""
    there = {tool: other for tool, other in others.items() if shutil.which(tool)}
    for _ in range(turns):
        rate, remark = call()
        found.setdefault(name, []).append(rate)
        for tool, other in there.items():
            found.setdefault(tool, []).append(other()[0])
            ratios.setdefault(tool, []).append(rate / found[tool][-1])
    print(f"{name:<36} {statistics.median(found[name]):>9,.0f}/s  {remark}")
    for tool in there:
        print(f"    {tool:<32} {statistics.median(found[tool]):>9,.0f}/s  ours is {statistics.median(ratios[tool]):.2f} of it")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=20_000, help="exchanges of each series")
    parser.add_argument("--runs", type=int, default=3, help="turns")
    options = parser.parse_args()
    nginx, folder = shutil.which("nginx") or "/usr/sbin/nginx", Path(tempfile.mkdtemp())
    one, two, redis = free_port(), free_port(), free_port() if shutil.which("redis-server") else 0
    (folder / "conf").write_text(CONFIG.format(folder=folder, one=one, two=two))
    with ExitStack() as servers:
        servers.callback(shutil.rmtree, folder)
        servers.enter_context(running([nginx, "-p", folder, "-c", folder / "conf", "-e", "stderr"]))
        if redis:
            servers.enter_context(running(["redis-server", "--port", str(redis), "--save", "", "--dir", folder]))
        for name, call, others in rows(options.times, f"http://127.0.0.1:{one}/", f"http://127.0.0.1:{two}/", redis):
            measure(name, call, others, options.runs)


if __name__ == "__main__":
    main()
