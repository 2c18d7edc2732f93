"""Files of the user's, read for a request."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

CHUNK = 1 << 20  # bytes read at once
LARGEST = 1 << 30  # bytes: more has no place in memory, and a device never ends

_kept: list[Any] = []  # standard input and what it held: it can be read once, and several exchanges may each want it


def read_local(path: str, largest: int = LARGEST) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises `ExchangeError` of layer `local`, also for more than `largest` bytes."""
    import sys

    try:
        if path == "-":
            if sys.stdin is None:  # it was closed before we were started
                raise ExchangeError("local", "input", "cannot read standard input: it is closed")
            if not _kept or _kept[0] is not sys.stdin:
                _kept[:] = sys.stdin, _whole(sys.stdin.buffer, path)
            return bytes(_kept[1])
        with open(path, "rb") as file:
            return _whole(file, path, largest)
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def _whole(file: BinaryIO, path: str, largest: int = LARGEST) -> bytes:
    """All that is in a file. Raises `ExchangeError` for one that is too large."""
    pieces: list[bytes] = []
    left = largest
    try:
        while left >= 0 and (piece := file.read(CHUNK)):  # asked for all at once, the room for that much is taken first
            pieces.append(piece)
            left -= len(piece)
        if left >= 0:
            return b"".join(pieces)
    except MemoryError:
        pieces.clear()
    hint = "-T sends a file piece by piece" if largest == LARGEST else None
    raise ExchangeError("local", "input", f"cannot read {path}: it is too large to be held in memory", hint=hint)
