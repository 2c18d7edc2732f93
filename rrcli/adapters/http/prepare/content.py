"""The content of an HTTP request: curl's `-d`, forms, and a file that is uploaded while it is read; multipart is `multipart.py`."""

from __future__ import annotations

import os
from errno import EACCES, EISDIR

from rrcli.base.digest import Digest
from rrcli.base.errors import ExchangeError, usage
from rrcli.model.values import Body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from typing import Any

    from rrcli.base.deadline import Deadline

FORM = "application/x-www-form-urlencoded"
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
PIECE = 1 << 17  # bytes of an upload read at once
LARGE_FILE = 8 << 20  # bytes from which a file is read while it is sent
SHOWN = 1 << 20  # bytes of an upload kept to be shown


def octets(text: str) -> bytes:
    """Text of the command line as the bytes that it was. Raises `usage` for lone surrogates, which only a library's user can give."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise usage(f"{text[:60]!r} has a lone surrogate at character {error.start + 1}") from None


# --- forms


def quote(data: bytes) -> str:
    """`data` within a form or a query: a space is `+`, all but the unreserved is escaped, as curl and browsers have it."""
    return "".join([chr(octet) if octet in UNRESERVED else "+" if octet == 32 else f"%{octet:02X}" for octet in data])


def form(pairs: list[tuple[str, str]]) -> str:
    """`a=1&b=2`."""
    return "&".join([f"{quote(octets(name))}={quote(octets(value))}" for name, value in pairs])


def read_local(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises `ExchangeError` of layer `local`."""
    from rrcli.base.files import read_local as read

    return read(path)


def joined_data(steps: tuple[tuple[str, str], ...]) -> bytes:
    """What the `-d` options of a command line make together, in their order, joined by `&` as curl does."""
    return b"&".join([_data(flag, text) for flag, text in steps])


def _data(flag: str, text: str) -> bytes:
    if flag == "--data-urlencode":
        return _urlencoded(text)
    if flag == "--data-raw" or not text.startswith("@"):
        return octets(text)
    data = read_local(text[1:])
    return data if flag == "--data-binary" else data.translate(None, b"\r\n\0")


def _urlencoded(text: str) -> bytes:
    """curl's forms: `content`, `=content`, `name=content`, `@file`, `name@file`; the name is taken as it is."""
    name, equals, content = text.partition("=")
    if equals:
        data = octets(content)
    else:
        name, at, path = text.partition("@")
        name, data = (name, read_local(path)) if at else ("", octets(text))
    return octets(f"{name}=" if name else "") + quote(data).encode()


# Media types that Python's table of names lacks, or has in some versions only.
MEDIA_TYPES = {
    "json": "application/json", "xml": "application/xml", "csv": "text/csv",
    "jsonl": "application/jsonl", "ndjson": "application/x-ndjson", "yaml": "application/yaml",
    "yml": "application/yaml", "toml": "application/toml", "md": "text/markdown", "graphql": "application/graphql",
    "gz": "application/gzip", "zst": "application/zstd",
}  # fmt: skip


def whole_file(path: str, compress: str | None) -> tuple[bytes | None, str | None, Upload | None]:
    """A file that is the whole content, `-` for standard input: its bytes, its media type by its name, or in place of the bytes an upload.

    Raises `ExchangeError` of layer `local`.
    """
    from mimetypes import guess_type

    if not path:
        raise usage("@ names no file", "write @FILE, or @- for standard input")
    path = path if path == "-" else os.path.expanduser(path)
    kind = MEDIA_TYPES.get(path.rpartition(".")[2].lower()) or guess_type(path, strict=False)[0]
    return (None, kind, Upload(path, compress)) if path != "-" and large_size(path) else (read_local(path), kind, None)


def large_size(path: str) -> int | None:
    """The size of a file that is read while it is sent; `None` for any other, and where reading it says what is wrong."""
    from stat import S_ISREG

    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_size if S_ISREG(state.st_mode) and state.st_size >= LARGE_FILE else None


def compressed(data: bytes, coding: str) -> bytes:
    """All of it, coded. Raises `unsupported` where a module for the coding is missing."""
    encoder = _encoder(coding)
    return bytes(encoder.compress(data) + encoder.finish())


def _encoder(coding: str) -> Any:
    from rrcli.codec.http.content import ContentEncoder

    return ContentEncoder(coding)


# --- uploads


def unreadable(path: str, error: OSError) -> ExchangeError:
    return ExchangeError("local", "input", f"cannot read {path}: {(error.strerror or str(error)).lower()}")


class Upload:
    """A file on its way out: read in pieces, each framed for the wire, and what went by remembered for the report.

    `size` is that of a regular file, `None` for standard input and pipes, whose length nobody knows, and for what is
    compressed on its way. What is remembered is the content before that.
    """

    def __init__(self, path: str, compress: str | None = None) -> None:
        """Look at it; it is opened when it is sent. Raises `ExchangeError` of layer `local` for what cannot be read."""
        from stat import S_ISDIR, S_ISREG

        try:
            state = os.fstat(0) if path == "-" else os.stat(path)
        except OSError as error:
            raise unreadable(path, error) from error
        if code := EISDIR if S_ISDIR(state.st_mode) else 0 if path == "-" or os.access(path, os.R_OK) else EACCES:
            raise unreadable(path, OSError(code, os.strerror(code)))
        self._begin(path, state.st_size if path != "-" and S_ISREG(state.st_mode) else None, compress)

    def _begin(self, path: str, length: int | None, compress: str | None) -> None:
        self.path = path
        self.sent = 0
        self.size = None if compress else length
        self.repeatable = length is not None
        self.tell: Callable[[int, int | None], None] | None = None  # is told how much has been read for sending
        self._length = length
        self._compress = compress
        self._encoder: Any = _encoder(compress) if compress else None
        self._digest = Digest()
        self._kept = bytearray()
        self._whole = False
        self._file: FileIO | None = None

    def again(self) -> Upload:
        """The same, from its beginning."""
        return Upload(self.path, self._compress)

    def pieces(self, deadline: Deadline) -> Iterator[tuple[bytes, bool]]:
        """The content as it goes out, in pieces that may be empty, each with whether it is the last.

        Raises `local` when the file cannot be read on, `timeout` when standard input is too slow.
        """
        left = self._length
        while left != 0:
            data = self._read(PIECE if left is None else min(PIECE, left), deadline)
            if not data:
                if left:
                    raise ExchangeError("local", "input", f"{self.path} became {left} bytes shorter while it was sent")
                break
            self._remember(data)
            left = None if left is None else left - len(data)
            if self._encoder:
                data = self._encoder.compress(data)
            elif left == 0:
                yield data, True
                self._whole = True
                return
            if data:
                yield data, False
        self._whole = True
        yield self._encoder.finish() if self._encoder else b"", True

    def _read(self, size: int, deadline: Deadline) -> bytes:
        try:
            file = self._file = self._file or open_upload(self.path)
            if self._length is None:
                _await_input(file, deadline)
            return file.read(size)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _remember(self, data: bytes) -> None:
        self.sent += len(data)
        self._digest.update(data)
        self._kept += data[: SHOWN - len(self._kept)]
        if self.tell:
            self.tell(self.sent, self._length)

    def body(self) -> Body:
        """What went out so far, its first `SHOWN` bytes at hand."""
        truncated = not self._whole or len(self._kept) < self.sent
        size = self.sent if self._whole or not self._length else self._length
        return Body(
            data=bytes(self._kept),
            size=size,
            sha256=self._digest.hexdigest(),
            truncated=truncated,
            file=None if self.path == "-" else self.path,
        )

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


def open_upload(path: str) -> FileIO:
    """The file, unbuffered; a named pipe that nobody writes to yet is no reason to wait here, where no deadline holds."""
    from io import FileIO

    if path == "-":
        return FileIO(0, closefd=False)
    file = FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    os.set_blocking(file.fileno(), True)
    return file


def _await_input(file: FileIO, deadline: Deadline) -> None:
    """Wait until there is something to read, or its end: a pipe may be silent for ever. Raises `timeout`."""
    from select import POLLIN, poll

    waiting = poll()
    waiting.register(file.fileno(), POLLIN)
    while not waiting.poll(deadline.remaining_ms()):
        if deadline.passed():
            deadline.expire()
