"""Files of the user's, read for a request."""

from __future__ import annotations

from rrcli.errors import ExchangeError


def read_local(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises `ExchangeError` of layer `local`."""
    import sys

    try:
        if path == "-":
            if sys.stdin is None:  # it was closed before we were started
                raise ExchangeError("local", "input", "cannot read standard input: it is closed")
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
