"""SHA-256 at the price that its content is worth.

`hashlib` loads OpenSSL, at three milliseconds: for a short answer the interpreter's own small module is done long before
that. For a long one OpenSSL is five times as fast where the processor helps (SHA-NI), so `Digest` decides late.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256
    from typing import Any
elif sys.version_info >= (3, 12):
    from _sha2 import sha256
else:
    from _sha256 import sha256

__all__ = ["Digest", "sha256"]

LATER = 1 << 20  # bytes from which OpenSSL is worth loading


class Digest:
    """The SHA-256 of content that comes in pieces, the first `LATER` bytes of which wait for the decision."""

    __slots__ = ("_hash", "_waiting", "_waits")

    def __init__(self) -> None:
        self._hash: Any = None
        self._waiting: list[bytes] = []
        self._waits = 0  # bytes

    def update(self, data: bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)
            return
        self._waiting.append(data)
        self._waits += len(data)
        if self._waits > LATER or len(self._waiting) > 1024:  # a thousand small pieces weigh more than what is in them
            self._begin(_fast() if self._waits > LATER else sha256())

    def _begin(self, hash: Any) -> None:
        self._hash = hash
        for data in self._waiting:
            hash.update(data)
        self._waiting.clear()

    def hexdigest(self) -> str:
        """The digest so far. It decides nothing: more may come, as behind the head of an upload that is told first."""
        return str((self._hash or sha256(b"".join(self._waiting))).hexdigest())


def _fast() -> Any:
    """OpenSSL's, where the interpreter was built with it."""
    try:
        from _hashlib import openssl_sha256
    except ImportError:
        return sha256()
    return openssl_sha256(usedforsecurity=False)
