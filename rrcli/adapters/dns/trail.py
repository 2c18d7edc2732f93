"""Where a trace is, on its way from the root down."""

from __future__ import annotations

from rrcli.base.record import Record


class Goal(Record):
    """A name to be found, and the servers of the nearest zone above it that is known."""

    name: str
    kind: int
    zone: str
    servers: tuple[tuple[str, str], ...]  # name and address
    unknown: tuple[str, ...] = ()  # servers' names that came without an address


class Trail(Record):
    """Where a trace is: the goals, the one under way last; the root's servers, to begin another one; the port of all."""

    goals: tuple[Goal, ...]
    root: tuple[tuple[str, str], ...]
    port: int
    transport: str
    of_class: int
