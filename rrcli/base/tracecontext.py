"""W3C Trace Context: which trace an exchange belongs to, and the span that is sent with it.

What `--traceparent` says is `auto`, or the value to be sent as it is, or `auto:` with the traceparent that new spans stand below: then
each attempt and each hop sends a span of its own, all in one trace. A parent that is no span at all is written in zeros.
"""

from __future__ import annotations

from binascii import hexlify
from os import urandom

AUTO = "auto"
WITHIN = "auto:"
NO_SPAN = "0" * 16
LETTERS = frozenset("0123456789abcdef")


class TraceParent:
    """The parts of a `traceparent` (W3C Trace Context section 3.2)."""

    __slots__ = ("flags", "span", "trace")

    def __init__(self, trace: str, span: str, flags: str = "01") -> None:
        self.trace = trace
        self.span = span
        self.flags = flags

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{self.flags}"


def read(value: str) -> TraceParent | None:
    """The parts of a value, with or without `auto:`; nothing where it is no traceparent."""
    parts = value.removeprefix(WITHIN).strip().split("-")
    if [len(part) for part in parts[:4]] != [2, 32, 16, 2] or not all(set(part) <= LETTERS for part in parts[:4]):
        return None
    version, trace, span, flags = parts[:4]
    if version == "ff" or (version == "00" and len(parts) > 4) or trace == "0" * 32:
        return None
    return TraceParent(trace, span, flags)


def new_span() -> str:
    """The id of a new span, never one of zeros alone."""
    return hexlify(urandom(8)).decode().replace(NO_SPAN, "0" * 15 + "1")


def new_trace() -> str:
    """A new trace for `--traceparent`: each attempt and hop then sends a span of its own in it."""
    return f"{WITHIN}{TraceParent(hexlify(urandom(16)).decode(), NO_SPAN)}"


def to_send(asked: str) -> str:
    """The `traceparent` field for what the option says: a new span, or the value as it is."""
    if asked == AUTO:
        asked = new_trace()
    found = read(asked) if asked.startswith(WITHIN) else None
    return str(TraceParent(found.trace, new_span(), found.flags)) if found else asked
