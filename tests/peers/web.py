"""What the web servers of several versions of HTTP have in common: their addresses, and the files that they serve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from peers.base import LOOPBACK, Peer

LARGE_SIZE = 3 * 1024 * 1024 + 17  # beyond every window that a connection begins with


@dataclass(frozen=True)
class Http2Peer(Peer):
    """A server at `port` with TLS; `clear` is caddy's port without, `strict` the one that wants a certificate of its client."""

    clear: int = 0
    strict: int = 0

    def https(self, path: str = "/") -> str:
        return f"https://localhost:{self.port}{path}"

    def http(self, path: str = "/") -> str:
        return f"http://{LOOPBACK}:{self.clear}{path}"


def write_documents(folder: Path) -> None:
    (folder / "www").mkdir()
    (folder / "www" / "large.bin").write_bytes(bytes(range(256)) * (LARGE_SIZE // 256) + b"." * (LARGE_SIZE % 256))
    (folder / "www" / "small.txt").write_text("small\n")
