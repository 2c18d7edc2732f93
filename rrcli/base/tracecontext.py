"""W3C Trace Context: a new trace for a request that begins one."""

from __future__ import annotations

from binascii import hexlify
from os import urandom


def new_traceparent() -> str:
    """The `traceparent` of a new trace, sampled (W3C Trace Context section 3.2)."""
    return f"00-{hexlify(urandom(16)).decode()}-{hexlify(urandom(8)).decode()}-01"
