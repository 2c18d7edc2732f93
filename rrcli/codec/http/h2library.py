"""Around the `h2` library: what it refuses though curl does not, and what it says, in words that are not about itself."""

from __future__ import annotations

from h2.exceptions import NoSuchStreamError
from hpack import Decoder

from rrcli.base.errors import malformed
from rrcli.codec.http.h2fields import as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rrcli.model.values import Fields


class Trimming(Decoder):
    """Takes the white space around a value away, for which `h2` would refuse the whole answer, and curl does not."""

    def __init__(self, max_size: int) -> None:
        super().__init__(max_size)
        self.trimmed = ""  # the name of such a field

    def decode(self, data: bytes, raw: bool = False) -> Any:
        return [self._trim(field) for field in super().decode(data, raw)]

    def _trim(self, field: Any) -> Any:
        name, value = field
        if value[:1] not in (b" ", b"\t") and value[-1:] not in (b" ", b"\t"):
            return field
        if name[:1] == b":":
            return field
        self.trimmed = as_text(name)
        return type(field)(name, value.strip(b" \t"))


def skip(headers: object) -> None:
    """In the place of the check of a length that `Http2Client` does."""


def ordinary(headers: Iterable[Any]) -> Fields:
    """The fields without the pseudo-fields, in the order in which they came."""
    pairs = [(as_text(header[0]), as_text(header[1])) for header in headers]
    return tuple(pair for pair in pairs if not pair[0].startswith(":"))


def status_of(headers: Iterable[Any]) -> int:
    """The status. Raises `malformed` where it is no number of three digits (RFC 9113 section 8.3.2)."""
    found = next((as_text(header[1]) for header in headers if as_text(header[0]) == ":status"), "")
    if not (found.isascii() and found.isdecimal() and len(found) == 3):
        raise malformed(f"the status {found[:20]!r} is no number of three digits")
    return int(found)


def sentence(error: Exception) -> str:
    """The library's words, but where they are about itself."""
    if isinstance(error, NoSuchStreamError):
        return f"a frame came for stream {error.stream_id}, which is not open"
    if str(error).startswith("Invalid input "):
        return "a frame came where it has no place"
    said = str(error).strip().rstrip(".")
    return said[:1].lower() + said[1:] if said else type(error).__name__
