"""Files of the user's, read for a request."""

from __future__ import annotations

from rrcli.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_kept: list[Any] = []  # standard input and what it held: it can be read once, and several exchanges may each want it


def read_local(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises `ExchangeError` of layer `local`."""
    import sys

    try:
        if path == "-":
            if sys.stdin is None:  # it was closed before we were started
                raise ExchangeError("local", "input", "cannot read standard input: it is closed")
            if not _kept or _kept[0] is not sys.stdin:
                _kept[:] = sys.stdin, sys.stdin.buffer.read()
            return bytes(_kept[1])
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
