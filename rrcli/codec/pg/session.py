"""Which server of several is the right one: `target_session_attrs`, decided as libpq does.

From PostgreSQL 14 on the server reports at the start what it takes to decide; an older one is asked by a query.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What to ask a server that does not report it, and the answer that means that it can be written to, or is the primary
QUERIES = {
    "read-write": ("SHOW transaction_read_only", "off"),
    "read-only": ("SHOW transaction_read_only", "off"),
    "primary": ("SELECT pg_catalog.pg_is_in_recovery()", "f"),
    "standby": ("SELECT pg_catalog.pg_is_in_recovery()", "f"),
    "prefer-standby": ("SELECT pg_catalog.pg_is_in_recovery()", "f"),
}
_WRITES = ("read-write", "primary")  # what wants the answer above


def passes(wanted: str) -> tuple[str, ...]:
    """What to look for, in the order of the rounds over all hosts: `prefer-standby` takes any where none is a standby."""
    return ("standby", "any") if wanted == "prefer-standby" else (wanted,)


def suits(wanted: str, reported: Mapping[str, str]) -> bool | None:
    """Whether a server is what `target_session_attrs` wants, by the parameters it reported; `None`: ask it by `QUERIES`."""
    if wanted == "any":
        return True
    standby = reported.get("in_hot_standby")
    if standby is None:
        return None
    if wanted in ("read-write", "read-only"):
        read_only = reported.get("default_transaction_read_only")
        if read_only is None:
            return None
        return (standby == "on" or read_only == "on") is (wanted == "read-only")
    return (standby == "on") is (wanted != "primary")


def suits_answer(wanted: str, answer: str) -> bool:
    """The same by the answer of the server to the query of `QUERIES`."""
    return (answer == QUERIES[wanted][1]) is (wanted in _WRITES)
