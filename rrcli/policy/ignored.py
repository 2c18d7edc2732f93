"""Paths that a comparison leaves out (`--ignore PATH`): those of a document, with the shorthands of expressions and `[*]`."""

from __future__ import annotations

from rrcli.model.diff.places import EVERY, Pattern
from rrcli.policy.paths import ALL_NAMES, nearest

# What a shorthand stands for, without the part that tells no difference apart: a `status` that is ignored is so with its text.
STANDS_FOR = {
    "status": "response.status",
    "body": "response.body",
    "json": "response.body.json",
    "header": "response.headers",
    "tls": "connection.tls",
    "rate": "rate_per_s",
    **{name: f"timing.total_ms.{name}" for name in ("p50", "p75", "p90", "p95", "p99", "p999")},
}
FIELDS = ("response", "headers")  # whose names are in lower case
AROUND = ("steps", "documents")  # first names of documents that hold others


def pattern(text: str) -> Pattern:
    """The places that a path names. Raises `ValueError` for what is none, with the nearest that is."""
    text = text.strip()
    found = Pattern(text)
    first = found.steps[0]
    if isinstance(first, int) or first == EVERY:
        raise ValueError(f"{text!r} begins with no name: write the whole path, as json.items[*].at")
    if first not in (*ALL_NAMES, *AROUND):
        raise ValueError(f"{first!r} in {text!r} is no key of the document{nearest(first)}")
    if first in STANDS_FOR:
        found = Pattern(STANDS_FOR[first] + text[len(first) :])
    return Pattern(found.text.lower()) if found.steps[:2] == FIELDS else found
