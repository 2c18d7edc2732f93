"""Where a report goes: standard output or a file, exactly as bytes, and the closed pipe that ends it quietly."""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError

PIECE = 1 << 18  # bytes that are made visible at once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def to_stdout(data: bytes | bytearray) -> None:
    """Write all of it. Raises `BrokenPipeError` when nobody reads on, `ExchangeError` when it cannot be written."""
    _write(1, data, "standard output")


def exact_or_visible() -> Callable[[bytes], None]:
    """A function that writes content to standard output: on a terminal as `to_terminal` does, else as it is; `b""` ends it."""
    return to_terminal() if os.isatty(1) else to_stdout


def to_terminal() -> Callable[[bytes], None]:
    """A function that writes text to standard output with its control characters made visible; `b""` ends it.

    CR LF is the end of a line there too, also where it comes in two pieces.
    """
    from codecs import getincrementaldecoder

    from rrcli.base.visible import visible

    decoder = getincrementaldecoder("utf-8")("replace")
    held = ""

    def write(data: bytes) -> None:
        nonlocal held
        for at in range(0, len(data) or 1, PIECE):
            text = held + decoder.decode(data[at : at + PIECE], final=not data)
            held = "\r" if data and text.endswith("\r") else ""
            to_stdout(visible(text.removesuffix(held).replace("\r\n", "\n"), multiline=True).encode())

    return write


def to_stderr(text: str) -> None:
    """Write a remark; when standard error is gone there is nobody to tell."""
    try:
        _write(2, text.encode("utf-8", "backslashreplace"), "standard error")
    except (ExchangeError, BrokenPipeError):
        pass


def to_file(path: str) -> Callable[[bytes], None]:
    """A function that writes to the file, made with the mode that the umask leaves. Raises `ExchangeError` of layer `local`."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except OSError as error:
        raise ExchangeError("local", "output", f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    return writing(number, path)


def writing(number: int, path: str) -> Callable[[bytes], None]:
    """A function that writes to a file that is open. Raises `ExchangeError` of layer `local`."""
    return lambda data: _write(number, data, path)


def _write(number: int, data: bytes | bytearray, name: str) -> None:
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(number, view) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ExchangeError("local", "output", f"cannot write to {name}: {(error.strerror or str(error)).lower()}") from error
