"""What the PostgreSQL responder sends, as bytes. https://www.postgresql.org/docs/current/protocol-message-formats.html"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Column = tuple[str, int]  # name, OID of the type


def message(letter: bytes, content: bytes = b"") -> bytes:
    """A letter, the length, the content."""
    return letter + struct.pack("!I", len(content) + 4) + content


def _text(value: str) -> bytes:
    return value.replace("\0", "").encode("utf-8", "replace") + b"\0"


def error(severity: str, sqlstate: str, text: str, **fields: str) -> bytes:
    """ErrorResponse; `fields` by their letters."""
    return message(b"E", _report(severity, sqlstate, text, fields))


def notice(text: str) -> bytes:
    """NoticeResponse."""
    return message(b"N", _report("NOTICE", "00000", text, {}))


def _report(severity: str, sqlstate: str, text: str, fields: dict[str, str]) -> bytes:
    found = {"S": severity, "V": severity, "C": sqlstate, "M": text, **fields}
    return b"".join(name.encode() + _text(value) for name, value in found.items()) + b"\0"


def parameter(name: str, value: str) -> bytes:
    """ParameterStatus."""
    return message(b"S", _text(name) + _text(value))


def ready(status: bytes) -> bytes:
    """ReadyForQuery."""
    return message(b"Z", status)


def complete(tag: str) -> bytes:
    """CommandComplete."""
    return message(b"C", _text(tag))


def notification(process: int, channel: str, payload: str) -> bytes:
    """NotificationResponse."""
    return message(b"A", struct.pack("!I", process) + _text(channel) + _text(payload))


def row_description(columns: Sequence[Column]) -> bytes:
    """RowDescription, all columns in text format."""
    parts = [_text(name) + struct.pack("!IhIhih", 0, 0, oid, -1, -1, 0) for name, oid in columns]
    return message(b"T", struct.pack("!H", len(columns)) + b"".join(parts))


def data_row(values: Sequence[str | None]) -> bytes:
    """DataRow."""
    parts = [struct.pack("!H", len(values))]
    for value in values:
        data = None if value is None else value.encode("utf-8", "replace")
        parts.append(b"\xff\xff\xff\xff" if data is None else struct.pack("!I", len(data)) + data)
    return message(b"D", b"".join(parts))
