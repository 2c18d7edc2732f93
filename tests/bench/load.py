"""What one Locust process holds with a plan of ours beside Locust's own HttpUser and FastHttpUser, on the same nginx: printed, nothing
asserted.

    python tests/bench/load.py [SECONDS [USERS...]]

Requests per second and the process' CPU time a request, which is the fairer figure where other programs run beside. The three take turns.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rrcli.load

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello"; }} }}
}}
"""
OWN = """
from locust import {kind}, task
class Own({kind}):
    @task
    def get(self):
        self.client.get("/", name="get")
"""
PLAN = '[[step]]\nname = "get"\nhttp = "{url}/"\n'


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def run(words: list[str], folder: Path, users: int, seconds: int) -> tuple[int, float, float]:
    """How many requests there were, in how many seconds, and the seconds of CPU that all of it took."""
    file = folder / "stats.json"  # Locust adds the ending by itself
    file.unlink(missing_ok=True)
    common = [
        "--headless",
        "-u",
        str(users),
        "-r",
        str(users),
        "-t",
        str(seconds),
        "--only-summary",
        "--json-file",
        str(file.with_suffix("")),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-W", "ignore", "-m", "locust", *words, *common]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (entry,) = [each for each in json.loads(file.read_text()) if each["name"] == "get"]
    return entry["num_requests"], entry["last_request_timestamp"] - entry["start_time"], cpu


def measured(words: list[str], folder: Path, users: int, seconds: int) -> tuple[float, float]:
    """Requests per second, and microseconds of CPU a request: what a longer run took more than a short one, which leaves out the start."""
    few, _, start = run(words, folder, users, 1)
    many, lasted, cpu = run(words, folder, users, seconds)
    return many / lasted, (cpu - start) / max(1, many - few) * 1e6


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    numbers = [int(word) for word in sys.argv[2:]] or [1, 50, 500]
    nginx, folder, port = shutil.which("nginx") or "/usr/sbin/nginx", Path(tempfile.mkdtemp()), free_port()
    (folder / "conf").write_text(CONFIG.format(folder=folder, port=port))
    url = f"http://127.0.0.1:{port}"
    (folder / "plan.toml").write_text(PLAN.format(url=url))
    kinds = {"rrcli plan": ["-f", str(rrcli.load.__file__), "--plan", "plan.toml"]}
    for kind in ("HttpUser", "FastHttpUser"):
        (folder / f"{kind.lower()}.py").write_text(OWN.format(kind=kind))
        kinds[kind] = ["-f", f"{kind.lower()}.py", "-H", url]
    with subprocess.Popen([nginx, "-p", folder, "-c", folder / "conf", "-e", "stderr"], stderr=subprocess.DEVNULL) as server:
        try:
            time.sleep(0.5)
            print(f"{os.cpu_count()} cores, {seconds} s each")
            for users in numbers:
                for kind, words in kinds.items():
                    rate, cpu = measured(words, folder, users, seconds)
                    print(f"{users:>5} users  {kind:<13} {rate:>9,.0f}/s  {cpu:>7,.0f} µs CPU a request")
        finally:
            server.terminate()
            server.wait()
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
