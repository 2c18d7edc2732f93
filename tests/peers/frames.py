"""Frames of HTTP/2 by hand, as no library would send them (RFC 9113 section 6), and a client to take them."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.h2 import Http2Client

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
STATUS_200 = b"\x88"  # RFC 7541 appendix A


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def parsed(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """Type, flags, stream and payload of whole frames."""
    found = []
    while data:
        end = 9 + int.from_bytes(data[:3], "big")
        found.append((data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:end]))
        data = data[end:]
    return found


def fields(*pairs: tuple[str, str]) -> bytes:
    """Literals that are not remembered, shorter than 127 bytes (RFC 7541 section 6.2.2)."""
    return b"".join(b"\0" + _string(name) + _string(value) for name, value in pairs)


def literal(name: str, value: str) -> bytes:
    """A literal that is remembered."""
    return b"\x40" + _string(name) + _string(value)


def _string(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


def reset(code: int, stream: int = 1) -> bytes:
    return frame(RST_STREAM, code.to_bytes(4, "big"), stream=stream)


def goaway(last: int, code: int = 0, debug: bytes = b"") -> bytes:
    return frame(GOAWAY, last.to_bytes(4, "big") + code.to_bytes(4, "big") + debug)


def setting(code: int, value: int) -> bytes:
    return frame(SETTINGS, code.to_bytes(2, "big") + value.to_bytes(4, "big"))


def window(size: int, stream: int = 0) -> bytes:
    return frame(WINDOW_UPDATE, size.to_bytes(4, "big"), stream=stream)


def asking(*streams: int, end: bool = True, method: str = "GET") -> Http2Client:
    """A client that has asked for these streams and heard the peer's SETTINGS."""
    client = Http2Client()
    client.take(frame(SETTINGS))
    for _ in streams:
        client.request(method, "https", "a.test", "/", (), end=end)
    client.to_send()
    return client


def failures(found: list[tuple[int, object]]) -> list[tuple[int, str, str]]:
    return [(number, event.layer, event.kind) for number, event in found if isinstance(event, ExchangeError)]


def sent(client: Http2Client, kind: int) -> list[tuple[int, int, bytes]]:
    """Flags, stream and payload of the frames of one kind that went out last."""
    return [(flags, stream, payload) for found, flags, stream, payload in parsed(client.to_send()) if found == kind]


def refused_with(client: Http2Client) -> int | None:
    """The error code of the GOAWAY that went out last."""
    found = sent(client, GOAWAY)
    return int.from_bytes(found[-1][2][4:8], "big") if found else None
