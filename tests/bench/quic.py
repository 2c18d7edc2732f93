"""HTTP/3 from Caddy on loopback: how fast a download is, and what a call costs beside one over HTTP/2: printed, nothing asserted.

python tests/bench/quic.py [--size 256MiB] [--runs 5]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rrcli.options.parse import size as parse_size

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.bench.measuring import in_turn

CADDYFILE = """
{{
  admin off
  auto_https disable_redirects
  storage file_system {folder}/state
}}
https://localhost:{port} {{
  tls {folder}/cert.pem {folder}/key.pem
  root * {folder}/www
  file_server
}}
"""


@contextmanager
def caddy(folder: Path, size: int) -> Iterator[int]:
    """Caddy with a file of `size` bytes and one of a few; gives its port."""
    import trustme

    from tests.peers.base import accepts, free_port, running

    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert("localhost", key_type=trustme.KeyType.ECDSA)
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    (folder / "www").mkdir()
    (folder / "www/a.json").write_bytes(b'{"id": 7}')
    (folder / "www/file.bin").write_bytes(bytes(size))
    port = free_port()
    (folder / "Caddyfile").write_text(CADDYFILE.format(folder=folder, port=port))
    with running([str(shutil.which("caddy")), "run", "--config", folder / "Caddyfile"], folder, lambda: accepts(port)):
        yield port


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=parse_size, default=256 << 20, help="of the download (256MiB)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    options = parser.parse_args(words)
    if not shutil.which("caddy"):
        print("caddy is not installed")
        return 0
    with tempfile.TemporaryDirectory() as name, caddy(Path(name), options.size) as port:
        rrcli = [sys.executable, "-m", "rrcli", "http", "-s", "--cacert", f"{name}/ca.pem"]
        small, large = (f"https://localhost:{port}/{file}" for file in ("a.json", "file.bin"))
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "call, HTTP/2": [*rrcli, "--json", small],
            "call, HTTP/3": [*rrcli, "--json", "--http3-only", small],
            "download, HTTP/2": [*rrcli, large, "-o", "/dev/null"],
            "download, HTTP/3": [*rrcli, large, "-o", "/dev/null", "--http3-only"],
        }
        costs = in_turn(commands, options.runs, warm=1, memory=True)
    bare = costs["python -c pass"]
    print(f"{'':<20}{'ms':>10}{'CPU ms':>10}{'ratio':>8}{'MB/s':>8}{'memory':>12}")
    for name, cost in costs.items():
        rate = f"{options.size / 1e6 / cost.seconds:.0f}" if "download" in name else ""
        numbers = f"{cost.seconds * 1000:>10.1f}{cost.cpu * 1000:>10.1f}{cost.cpu / bare.cpu:>8.2f}"
        print(f"{name:<20}{numbers}{rate:>8}{cost.memory / (1 << 20):>8.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
