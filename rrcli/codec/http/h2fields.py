"""Fields as HTTP/2 and HTTP/3 both carry them: which of them go out, and what they promise (RFC 9113 section 8.2, RFC 9114 section 4.2)."""

from __future__ import annotations

from rrcli.base.errors import malformed, usage
from rrcli.base.fields import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from rrcli.model.values import Fields

    MaskField = Callable[[str, str], str]

# About one connection, which HTTP/2 says otherwise or not at all (RFC 9113 section 8.2.2).
CONNECTION_FIELDS = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host", "http2-settings")


def fields_of(fields: Fields) -> Fields:
    """The fields as they go out: names in lower case, none about the connection; the host is `:authority`."""
    named = tuple((name.strip().lower(), value) for name, value in fields)
    return tuple((name, value) for name, value in named if name not in CONNECTION_FIELDS and (name != "te" or value == "trailers"))


def lost_fields(fields: Fields) -> list[str]:
    """The names of the fields that have no place there, without those that another mechanism stands for."""
    kept = {name for name, _ in fields_of(fields)}
    return [name for name, _ in fields if name.lower() not in kept and name.lower() not in ("host", "transfer-encoding")]


def is_sensitive(name: str) -> bool:
    """Whether the value is kept out of every table of fields, ours and those on the way (RFC 7541 section 7.1.3)."""
    return is_secret_name(name)


def promised_length(fields: Fields) -> int | None:
    """What content-length promises. Raises `malformed` for no number, or different ones."""
    values = {part.strip() for name, value in fields if name == "content-length" for part in value.split(",")}
    if len(values) > 1:
        raise malformed("the answer has different values of content-length")
    if not values:
        return None
    text = values.pop()
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise malformed(f"content-length is {text[:20]!r}, no number")
    return int(text)


def octets(text: str) -> bytes:
    """A name or value as it goes out. Raises `usage` for what no field can carry."""
    for character in "\r\n\0":
        if character in text:
            raise usage(f"{text[:40]!r} has {character!r}, which no field can carry")
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise usage(f"{text[:40]!r} has a lone surrogate at character {error.start + 1}") from None


def as_text(data: bytes | str) -> str:
    """A name or value as it is shown."""
    return data if isinstance(data, str) else bytes(data).decode("utf-8", "surrogateescape")


def as_note(fields: Iterable[Any], mask: MaskField) -> str:
    """Decoded fields as a transcript notes them, each value as `mask(name, value)` shows it."""
    texts = [(as_text(field[0]), as_text(field[1])) for field in fields]
    return "; ".join([f"{name}: {mask(name, value)}" for name, value in texts])
