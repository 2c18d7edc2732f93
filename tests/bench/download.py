"""Downloads and uploads beside curl's: time and peak memory of the same bytes from and to nginx on loopback, over each way they may go.

    python tests/bench/download.py                    1 GiB, the table
    python tests/bench/download.py --size 64MiB --check

`--check` exits with 1 where ours takes more than `MOST_MEMORY`, or more than `MOST_TIME` times curl's time. Both write to the
same file system; `--output /dev/null` leaves it out, which is harder on us because curl then hardly does anything.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rrcli.options.parse import size as parse_size

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.bench.measuring import Cost, in_turn

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
  http2_body_preread_size 1m;
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl http2;
    listen 127.0.0.1:{h2c} http2;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    root {folder}/www;
    location = /chunked.bin {{ alias {folder}/www/file.bin; addition_types *; add_after_body /empty; }}
    location /in/ {{ dav_methods PUT; create_full_put_path on; client_body_buffer_size 1m; }}
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
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert("localhost", key_type=trustme.KeyType.ECDSA)
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


def ways(ports: dict[str, int], folder: Path, output: str) -> dict[str, tuple[list[str], list[str]]]:
    """Our command and curl's, of each way."""
    plain, tls, h2c = (f"127.0.0.1:{ports[name]}" for name in ("plain", "tls", "h2c"))
    down = {
        "HTTP/1.1": (f"http://{plain}/file.bin", []),
        "chunked": (f"http://{plain}/chunked.bin", []),
        "gzip": (f"http://{plain}/gzip.bin", ["--compressed"]),
        "TLS": (f"https://{tls}/file.bin", ["-k", "--http1.1"]),
        "HTTP/2": (f"http://{h2c}/file.bin", ["--http2-prior-knowledge"]),
        "HTTP/2, TLS": (f"https://{tls}/file.bin", ["-k", "--http2"]),
    }
    up = {"HTTP/1.1": (f"http://{plain}/in/a", []), "HTTP/2": (f"http://{h2c}/in/a", ["--http2-prior-knowledge"])}
    ours, theirs = [sys.executable, "-m", "rrcli", "http", "-s"], ["curl", "-sS"]
    sent = ["-T", str(folder / "www/file.bin"), "-H", "Expect:"]
    return {
        **{f"{way} down": ([*ours, url, "-o", output, *more], [*theirs, url, "-o", output, *more]) for way, (url, more) in down.items()},
        **{f"{way} up": ([*ours, url, *sent, *more], [*theirs, url, *sent, *more]) for way, (url, more) in up.items()},
    }


def row(name: str, ours: Cost, theirs: Cost) -> str:
    """Time by the clock and of CPU, their ratios, and memory."""
    numbers = f"{ours.seconds:>8.2f} s{theirs.seconds:>8.2f} s{ours.seconds / theirs.seconds:>8.2f}{ours.cpu:>10.2f} s{theirs.cpu:>8.2f} s"
    return f"{name:<18}{numbers}{ours.memory / (1 << 20):>10.1f} MiB{theirs.memory / (1 << 20):>8.1f} MiB"


def head(name: str, their_name: str) -> str:
    """The head of a table of such rows."""
    return f"{name:<18}{'rrcli':>10}{their_name:>10}{'ratio':>8}{'rrcli CPU':>12}{their_name:>10}{'memory':>14}{their_name:>12}"


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=parse_size, default=1 << 30, help="of the content (1GiB)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--only", default="", help="the ways that have this in their name")
    parser.add_argument("--output", help="where both write to (a temporary file)")
    parser.add_argument("--check", action="store_true", help="exit 1 when ours is over its limits")
    options = parser.parse_args(words)
    over = []
    with tempfile.TemporaryDirectory() as name, nginx(Path(name), options.size) as ports:
        print(head(f"{options.size / (1 << 20):.0f} MiB", "curl"))
        for way, (ours, theirs) in ways(ports, Path(name), options.output or f"{name}/output").items():
            if options.only not in way:
                continue
            costs = in_turn({"rrcli": ours, "curl": theirs}, options.runs, memory=True)
            print(row(way, costs["rrcli"], costs["curl"]), flush=True)
            if costs["rrcli"].seconds / costs["curl"].seconds > MOST_TIME or costs["rrcli"].memory > MOST_MEMORY:
                over.append(way)
    if over:
        print(f"over its limits: {', '.join(over)}")
    return 1 if options.check and over else 0


if __name__ == "__main__":
    sys.exit(main())
