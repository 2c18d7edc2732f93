"""Downloads beside curl's: time and peak memory of the same bytes from nginx on loopback, over each way they may come.

    python tests/bench/download.py                    1 GiB, the table
    python tests/bench/download.py --size 64MiB --check

`--check` exits with 1 where ours takes more than `MOST_MEMORY`, or more than `MOST_TIME` times curl's time. Both write to the
same file system; `--output /dev/null` leaves it out, which is harder on us because curl then hardly does anything.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rrcli.options.parse import size as parse_size

MOST_MEMORY = 80 << 20  # bytes, whatever the size of the download
MOST_TIME = 2.0  # times curl's

CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  sendfile on;
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl http2;
    listen 127.0.0.1:{h2c} http2;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    root {folder}/www;
    location = /chunked.bin {{ alias {folder}/www/file.bin; addition_types *; add_after_body /empty; }}
    location = /gzip.bin {{ gzip on; gzip_comp_level 1; gzip_types *; alias {folder}/www/file.bin; }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, size: int) -> Iterator[dict[str, int]]:
    """nginx with a file of `size` bytes; gives its ports by name."""
    import trustme

    from tests.peers.base import accepts, free_port, running

    (folder / "www").mkdir()
    (folder / "www/empty").touch()
    _fill(folder / "www/file.bin", size)
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    ports = {name: free_port() for name in ("plain", "tls", "h2c")}
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, **ports))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        raise SystemExit("nginx is not installed")
    command = [program, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    with running(command, folder, lambda: all(map(accepts, ports.values()))):
        yield ports


def _fill(path: Path, size: int) -> None:
    """Bytes that compress to about a half, as what is downloaded does."""
    block = os.urandom(1 << 19) + bytes(1 << 19)
    with path.open("wb") as file:
        for at in range(0, size, len(block)):
            file.write(block[: size - at])


def ways(ports: dict[str, int]) -> dict[str, tuple[str, list[str]]]:
    """The URL, and the options that both programs know, of each way."""
    plain, tls, h2c = (f"127.0.0.1:{ports[name]}" for name in ("plain", "tls", "h2c"))
    return {
        "HTTP/1.1": (f"http://{plain}/file.bin", []),
        "chunked": (f"http://{plain}/chunked.bin", []),
        "gzip": (f"http://{plain}/gzip.bin", ["--compressed"]),
        "TLS": (f"https://{tls}/file.bin", ["-k", "--http1.1"]),
        "HTTP/2": (f"http://{h2c}/file.bin", ["--http2-prior-knowledge"]),
        "HTTP/2, TLS": (f"https://{tls}/file.bin", ["-k", "--http2"]),
    }


def measure(command: list[str]) -> tuple[float, int]:
    """Seconds, and bytes of memory at the peak."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ)
    peak = 0
    while process.poll() is None:  # what `wait4` tells begins with the memory of the process that forked
        peak = max(peak, _peak(process.pid))
        time.sleep(0.005)
    taken = time.perf_counter() - began
    said = process.communicate()[1]
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {said.decode(errors='replace')}")
    return taken, peak


def _peak(pid: int) -> int:
    """The most memory that a running process has had, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def compare(url: str, options: list[str], output: str, runs: int) -> tuple[tuple[float, int], tuple[float, int]]:
    """The best time and the highest memory of ours, and of curl, turn and turn about."""
    ours = [sys.executable, "-m", "rrcli", "http", "-s", url, "-o", output, *options]
    theirs = ["curl", "-sS", url, "-o", output, *options]
    found: list[list[tuple[float, int]]] = [[], []]
    for _ in range(runs):
        for at, command in enumerate((ours, theirs)):
            found[at].append(measure(command))
    one, other = ((min(taken for taken, _ in each), max(memory for _, memory in each)) for each in found)
    return one, other


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=parse_size, default=1 << 30, help="of the download (1GiB)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--only", help="this way alone")
    parser.add_argument("--output", help="where both write to (a temporary file)")
    parser.add_argument("--check", action="store_true", help="exit 1 when ours is over its limits")
    options = parser.parse_args()
    over = []
    with tempfile.TemporaryDirectory() as name, nginx(Path(name), options.size) as ports:
        output = options.output or f"{name}/output"
        print(f"{options.size / (1 << 20):.0f} MiB{'rrcli':>18}{'curl':>10}{'ratio':>8}{'rrcli':>12}{'curl':>10}")
        for way, (url, words) in ways(ports).items():
            if options.only not in (None, way):
                continue
            (taken, memory), (curl_taken, curl_memory) = compare(url, words, output, options.runs)
            ratio = taken / curl_taken
            numbers = f"{memory / (1 << 20):>8.1f} MiB{curl_memory / (1 << 20):>6.1f} MiB"
            print(f"{way:<14}{taken:>8.2f} s{curl_taken:>8.2f} s{ratio:>8.2f}{numbers}", flush=True)
            if ratio > MOST_TIME or memory > MOST_MEMORY:
                over.append(way)
    if over:
        print(f"over its limits: {', '.join(over)}")
    return 1 if options.check and over else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(main())
