"""Literal IP addresses told from names."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton


def literal_family(host: str) -> int | None:
    """The family of an address literal; `None` for a name."""
    for family in (AF_INET, AF_INET6):
        try:
            inet_pton(family, host.split("%")[0])
            return int(family)
        except (OSError, ValueError):
            continue
    return None
