"""URLs of a WebSocket and of the HTTP request that opens it (RFC 6455 section 3)."""

from __future__ import annotations

HTTP_SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}


def http_url(url: str) -> str:
    """The URL of the HTTP request behind one whose scheme is ws or wss."""
    scheme, separator, rest = url.partition("://")
    return f"{HTTP_SCHEMES.get(scheme.lower(), scheme)}://{rest}" if separator else url


def ws_url(url: str) -> str:
    """The URL of the WebSocket that a request to this HTTP URL opens."""
    return f"ws{url.removeprefix('http')}"
