"""Files of the user's, read for a request."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

PIECE = 1 << 20  # bytes of one read
LARGEST = 1 << 30  # bytes: more has no place in memory, and a device never ends

_kept: list[Any] = []  # standard input and what it held: it can be read once, and several exchanges may each want it


def read_local(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises `ExchangeError` of layer `local`."""
    import sys

    try:
        if path == "-":
            if sys.stdin is None:  # it was closed before we were started
                raise ExchangeError("local", "input", "cannot read standard input: it is closed")
            if not _kept or _kept[0] is not sys.stdin:
                _kept[:] = sys.stdin, _whole(sys.stdin.buffer, path)
            return bytes(_kept[1])
        with open(path, "rb") as file:
            return _whole(file, path)
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def _whole(file: BinaryIO, path: str) -> bytes:
    """All that is in a file. Raises `ExchangeError` for one that is too large."""
    data = bytearray()
    try:
        while len(data) <= LARGEST and (piece := file.read(PIECE)):  # one read would ask for the memory of the largest file
            data += piece
        if len(data) <= LARGEST:
            return bytes(data)
    except MemoryError:
        pass
    hint = "-T sends a file piece by piece"
    raise ExchangeError("local", "input", f"cannot read {path}: it is too large to be held in memory", hint=hint)
