"""What `-v` tells of a query and of its answer beside their records: id, flags, EDNS."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def details(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Labels and words, from the data of a request or of an answer."""
    return [
        ("id", "none" if data.get("id") is None else str(data["id"])),
        ("flags", " ".join(data.get("flags") or ()) or "none"),
        ("EDNS", _edns(data.get("edns"))),
    ]


def _edns(edns: Mapping[str, Any] | None) -> str:
    """`version 0, udp 1232, do, COOKIE 0102030405060708`."""
    if edns is None:
        return "none"
    options = [f"{option['name']} {option['data']}".rstrip() for option in edns["options"]]
    return ", ".join([f"version {edns['version']}", f"udp {edns['udp_size']}", *edns["flags"], *options])
