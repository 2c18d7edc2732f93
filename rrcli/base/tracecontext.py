"""W3C Trace Context: a new trace for a request that begins one."""

from __future__ import annotations

from os import urandom


def new_traceparent() -> str:
    """The `traceparent` of a new trace, sampled (W3C Trace Context section 3.2)."""
    return f"00-{urandom(16).hex()}-{urandom(8).hex()}-01"
