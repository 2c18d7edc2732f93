"""Requests per second of a series beside those of one call of curl with as many URLs, on the same nginx: printed, nothing asserted.

    python tests/bench/series.py [REQUESTS]

curl is C and says nothing of each exchange; the table tells what the anatomy of every exchange costs.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{one}; location / {{ return 200 "hello"; }} }}
  server {{ listen 127.0.0.1:{two} http2; location / {{ return 200 "hello"; }} }}
}}
"""


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def by_curl(url: str, times: int, *options: str) -> tuple[float, str]:
    """Requests per second of one call; start-up included, which is small for it."""
    begin = time.monotonic()
    subprocess.run(["curl", "-s", *options, f"{url}?[1-{times}]"], stdout=subprocess.DEVNULL, check=True)
    return times / (time.monotonic() - begin), ""


def by_rrcli(url: str, times: int, *options: str) -> tuple[float, str]:
    """Requests per second as the series tells, and its median."""
    command = [sys.executable, "-m", "rrcli", "http", "--json", url, "--repeat", str(times), *options]
    value = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return value["rate_per_s"], f"p50 {value['timing']['total_ms']['p50']:.3f} ms, {value['connections']} connections"


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    nginx, folder = shutil.which("nginx") or "/usr/sbin/nginx", Path(tempfile.mkdtemp())
    one, two = free_port(), free_port()
    (folder / "conf").write_text(CONFIG.format(folder=folder, one=one, two=two))
    with subprocess.Popen([nginx, "-p", folder, "-c", folder / "conf", "-e", "stderr"], stderr=subprocess.DEVNULL) as server:
        try:
            time.sleep(0.5)
            first, second = f"http://127.0.0.1:{one}/", f"http://127.0.0.1:{two}/"
            rows = [
                ("curl, one connection", by_curl(first, times)),
                ("rrcli, one connection", by_rrcli(first, times)),
                ("rrcli --concurrency 4", by_rrcli(first, times, "--concurrency", "4")),
                ("rrcli --concurrency 20, HTTP/2", by_rrcli(second, times, "--http2-prior-knowledge", "--concurrency", "20")),
            ]
        finally:
            server.terminate()
    shutil.rmtree(folder)
    for name, (rate, more) in rows:
        print(f"{name:<32} {rate:>8,.0f}/s  {more}")


if __name__ == "__main__":
    main()
