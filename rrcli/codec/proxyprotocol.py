"""The PROXY protocol: one header, sent first, that tells a server behind a proxy whose connection it really is.

Versions 1 (a line) and 2 (binary) of the specification by HAProxy: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton

TYPE_CHECKING = False
if TYPE_CHECKING:
    Place = tuple[str, int]

VERSIONS = ("v1", "v2")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def header(version: str, source: Place | None, destination: Place | None) -> bytes:
    """The header; without addresses (a unix socket) it says that there are none.

    Raises `ValueError` for addresses of different families, or that are none.
    """
    if source is None or destination is None:
        return b"PROXY UNKNOWN\r\n" if version == "v1" else SIGNATURE + b"\x20\0\0\0"  # LOCAL, no address
    family, ours, theirs = _packed(source[0], destination[0])
    if version == "v1":
        name = "TCP4" if family == AF_INET else "TCP6"
        return f"PROXY {name} {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n".encode("ascii")
    addresses = ours + theirs + source[1].to_bytes(2, "big") + destination[1].to_bytes(2, "big")
    return SIGNATURE + bytes([0x21, 0x11 if family == AF_INET else 0x21]) + len(addresses).to_bytes(2, "big") + addresses


def _packed(source: str, destination: str) -> tuple[int, bytes, bytes]:
    """The family of both addresses, and each as its bytes."""
    for family in (AF_INET, AF_INET6):
        try:
            ours = inet_pton(family, source)
        except (OSError, ValueError):
            continue
        try:
            return int(family), ours, inet_pton(family, destination)
        except (OSError, ValueError):
            raise ValueError(f"the source {source} and the destination {destination} are of different families") from None
    raise ValueError(f"{source!r} is no address")
