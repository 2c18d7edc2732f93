"""Statuses, their messages, timeouts and binary metadata, as gRPC writes them into fields (`PROTOCOL-HTTP2.md`)."""

from __future__ import annotations

from binascii import Error, a2b_base64

CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
    "UNAUTHENTICATED",
)  # fmt: skip
OK, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 0, 2, 4, 8, 12, 13, 14
# What an answer without grpc-status means, by its HTTP status (`http-grpc-status-mapping.md`); any other is UNKNOWN.
OF_HTTP = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
LONGEST_TIMEOUT = 99_999_999  # the number of a grpc-timeout has at most eight digits
DETAILS = "grpc-status-details-bin"
UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}  # seconds, of a grpc-timeout


def name_of(code: int) -> str:
    """`NOT_FOUND` for 5; a code that gRPC does not have is its number."""
    return CODES[code] if 0 <= code < len(CODES) else str(code)


def code_of(text: str) -> int | None:
    """The number in grpc-status; `None` where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def message_of(text: str) -> str:
    """grpc-message, percent-decoded; what is no escape, and no UTF-8, stays readable."""
    if "%" not in text:
        return text
    parts = text.encode("utf-8", "surrogateescape").split(b"%")
    found = bytearray(parts[0])
    for part in parts[1:]:
        try:
            found += bytes.fromhex(part[:2].decode("ascii")) if len(part[:2].strip()) == 2 else b"%" + part[:2]
        except ValueError:
            found += b"%" + part[:2]
        found += part[2:]
    return found.decode("utf-8", "backslashreplace")


def percent_encoded(text: str) -> str:
    """A message as grpc-message carries it."""
    return "".join(chr(octet) if 0x20 <= octet <= 0x7E and octet != 0x25 else f"%{octet:02X}" for octet in text.encode("utf-8", "replace"))


def seconds_of(text: str) -> float | None:
    """The seconds of a grpc-timeout; `None` where it is none."""
    number, size = text[:-1], UNITS.get(text[-1:])
    return int(number) * size if size and number.isascii() and number.isdecimal() and len(number) < 9 else None


def timeout_text(milliseconds: float) -> str:
    """grpc-timeout, in the finest unit from milliseconds up that has room for it."""
    for unit, size in (("m", 1), ("S", 1000), ("M", 60_000), ("H", 3_600_000)):
        if (number := int(milliseconds / size)) <= LONGEST_TIMEOUT:
            return f"{max(number, 1)}{unit}"
    return f"{LONGEST_TIMEOUT}H"


def binary(text: str) -> bytes | None:
    """The bytes of a `-bin` value, whose padding may be missing; `None` where it is no base64."""
    try:
        return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except (Error, ValueError):
        return None
