"""Content of many megabytes in a document: written piece by piece, because as one text it would take several times its size.

One wide character makes Python hold four bytes for every letter of a text, JSON escapes a control character with six, and a
list of empty lists takes thirty times what it took on the wire. So a large body is walked: no text of it is ever whole.
"""

from __future__ import annotations

from _json import encode_basestring
from binascii import b2a_base64
from codecs import getincrementaldecoder

from rrcli.base.jsontext import Sliced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 3 << 18  # bytes of a piece; a multiple of three, so that pieces of base64 join
AFFORDABLE = 160 << 20  # bytes that the value of a JSON text may take in memory, by a rough count


def texts(data: bytes, charset: str) -> Iterator[str]:
    """The decoded text in pieces. Raises `ValueError` when the bytes are none in that charset, a codec of Python's."""
    decoder = getincrementaldecoder(charset)()
    view = memoryview(data)
    for at in range(0, len(data), PIECE):
        yield decoder.decode(bytes(view[at : at + PIECE]))
    yield decoder.decode(b"", final=True)


def examine(data: bytes, charset: str) -> tuple[bool, bool]:
    """Whether it is text without NUL, and whether that text encoded as UTF-8 gives the bytes back."""
    at, same = 0, True
    try:
        for piece in texts(data, charset):
            if "\0" in piece:
                return False, False
            encoded = piece.encode("utf-8", "surrogatepass")
            same = same and data[at : at + len(encoded)] == encoded
            at += len(encoded)
    except ValueError:
        return False, False
    return True, same and at == len(data)


def affordable(data: bytes | bytearray, values: int = 1) -> bool:
    """Whether so many values of a JSON text fit into memory: what its letters take twice, and its lists, objects and items."""
    width = _width(data)
    parts = 64 * data.count(b"[") + 240 * data.count(b"{") + 48 * (data.count(b",") + data.count(b":"))
    return values * (2 * width * len(data) + parts) <= AFFORDABLE + len(data)


def readable(data: bytes, charset: str) -> bool:
    """Whether the text fits into memory whole, as an expression reads it."""
    width = _width(data) if charset == "utf-8" else 2
    return width * len(data) <= AFFORDABLE


def _width(data: bytes | bytearray) -> int:
    """Bytes that Python takes for each letter of a text in UTF-8: as many as for its widest."""
    if data.isascii():
        return 1
    return 4 if any(data.find(lead) >= 0 for lead in (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")) else 2


def as_text(data: bytes, charset: str) -> Sliced:
    """The text as a JSON string."""

    def slices() -> Iterator[str]:
        yield '"'
        for piece in texts(data, charset):
            yield encode_basestring(piece)[1:-1]
        yield '"'

    return Sliced(slices)


def as_base64(data: bytes) -> Sliced:
    """The bytes as a JSON string of base64."""

    def slices() -> Iterator[str]:
        view = memoryview(data)
        yield '"'
        for at in range(0, len(data), PIECE):
            yield b2a_base64(view[at : at + PIECE], newline=False).decode()
        yield '"'

    return Sliced(slices)


def as_json(data: bytes, charset: str) -> Sliced:
    """A JSON text as it came, on one line; JSON's white space means nothing outside its strings, which hold no line ends."""

    def slices() -> Iterator[str]:
        first = True
        for piece in texts(data, charset):
            text = piece.removeprefix("\ufeff") if first else piece
            first = False
            yield text.replace("\n", "").replace("\r", "").replace("\t", " ")

    return Sliced(slices)
