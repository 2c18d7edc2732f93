"""The content of an HTTP request: curl's `-d` and `-F`, forms, and a file that is uploaded while it is read."""

from __future__ import annotations

import os

from rrcli.codec.h1 import LAST_CHUNK, encode_chunk
from rrcli.digest import sha256
from rrcli.errors import ExchangeError, usage
from rrcli.model import Body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.wire.clock import Deadline

FORM = "application/x-www-form-urlencoded"
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
PIECE = 65536  # bytes of an upload read at once
SHOWN = 1 << 20  # bytes of an upload kept to be shown

Part = tuple[str, bytes, str | None, str | None]  # name, content, file name, media type


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
    from rrcli.localfile import read_local

    return read_local(path)


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


# --- multipart/form-data (RFC 7578)


def part_of(flag: str, text: str) -> Part:
    """A part from curl's `-F name=value`, `name=@file`, `name=<file`, with `;type=` and `;filename=`, or `--form-string`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise usage(f"{flag} {text!r} is no part", "write name=value or name=@file")
    if flag == "--form-string":
        return name, octets(value), None, None
    value, filename, kind = _part_options(value)
    if value.startswith("@"):
        return file_part(name, value[1:], filename, kind)
    return name, read_local(value[1:]) if value.startswith("<") else octets(value), filename, kind


def item_part(name: str, value: str) -> Part:
    """A part from HTTPie's `name@file;type=…`."""
    path, filename, kind = _part_options(value)
    return file_part(name, os.path.expanduser(path), filename, kind)


def file_part(name: str, path: str, filename: str | None, kind: str | None) -> Part:
    """A file as a part, its media type guessed from its name."""
    filename = filename or os.path.basename(path)
    if not kind:
        from mimetypes import guess_type

        kind = guess_type(filename, strict=False)[0] or "application/octet-stream"
    return name, read_local(path), filename, kind


def _part_options(text: str) -> tuple[str, str | None, str | None]:
    """A value without its `;filename=` and `;type=`, then those two; any other `;` belongs to what it stands in."""
    value, *rest = text.split(";")
    found: dict[str, str] = {}
    last = ""
    for piece in rest:
        key, equals, word = piece.strip().partition("=")
        if equals and key in ("type", "filename"):
            found[key], last = word, key
        elif last:
            found[last] += f";{piece}"
        else:
            value += f";{piece}"
    return value, found.get("filename"), found.get("type")


def multipart(parts: list[Part]) -> tuple[bytes, str]:
    """The content, and its media type with a random boundary."""
    from binascii import hexlify

    boundary = b"-" * 24 + hexlify(os.urandom(12))
    content = b""
    for name, data, filename, kind in parts:
        content += b'--%b\r\nContent-Disposition: form-data; name="%b"' % (boundary, _quoted(name))
        content += b'; filename="%b"' % _quoted(filename) if filename is not None else b""
        content += b"\r\nContent-Type: %b" % _one_line(kind) if kind else b""
        content += b"\r\n\r\n%b\r\n" % data
    return content + b"--%b--\r\n" % boundary, f"multipart/form-data; boundary={boundary.decode()}"


def _quoted(text: str) -> bytes:
    """A name within quotes, escaped as browsers do (WHATWG HTML, "multipart form data")."""
    return octets(text).replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b'"', b"%22")


def _one_line(text: str) -> bytes:
    if "\r" in text or "\n" in text:
        raise usage(f"the type {text!r} has a line end")
    return octets(text)


# --- uploads


class Upload:
    """A file on its way out: read in pieces, each framed for the wire, and what went by remembered for the report.

    `size` is that of a regular file, `None` for standard input and pipes, whose length nobody knows.
    """

    def __init__(self, path: str) -> None:
        """Open it. Raises `ExchangeError` of layer `local`."""
        from stat import S_ISREG

        self.path = path
        self.sent = 0
        self._digest = sha256()
        self._kept = bytearray()
        self._whole = False
        try:
            self._file = open(0 if path == "-" else path, "rb", buffering=0, closefd=path != "-")  # noqa: SIM115
            state = os.fstat(self._file.fileno())
        except OSError as error:
            raise self._unreadable(error) from error
        self.size = state.st_size if path != "-" and S_ISREG(state.st_mode) else None

    def _unreadable(self, error: OSError) -> ExchangeError:
        return ExchangeError("local", "input", f"cannot read {self.path}: {(error.strerror or str(error)).lower()}")

    def pieces(self, *, chunked: bool, deadline: Deadline) -> Iterator[bytes]:
        """The bytes for the wire. Raises `local` when the file cannot be read on, `timeout` when standard input is too slow."""
        left = self.size
        while left != 0:
            data = self._read(PIECE if left is None else min(PIECE, left), deadline)
            if not data:
                if left:
                    raise ExchangeError("local", "input", f"{self.path} became {left} bytes shorter while it was sent")
                break
            self._remember(data)
            left = None if left is None else left - len(data)
            yield encode_chunk(data) if chunked else data
        self._whole = True
        if chunked:
            yield LAST_CHUNK

    def _read(self, size: int, deadline: Deadline) -> bytes:
        from select import POLLIN, poll

        if self.size is None:  # a pipe may be silent for ever
            waiting = poll()
            waiting.register(self._file.fileno(), POLLIN)
            while not waiting.poll(deadline.remaining_ms()):
                if deadline.passed():
                    deadline.expire()
        try:
            return self._file.read(size)
        except OSError as error:
            raise self._unreadable(error) from error

    def _remember(self, data: bytes) -> None:
        self.sent += len(data)
        self._digest.update(data)
        self._kept += data[: SHOWN - len(self._kept)]

    def body(self) -> Body:
        """What went out so far, its first `SHOWN` bytes at hand."""
        truncated = not self._whole or len(self._kept) < self.sent
        size = self.sent if self._whole or not self.size else self.size
        return Body(
            data=bytes(self._kept),
            size=size,
            sha256=self._digest.hexdigest(),
            truncated=truncated,
            file=None if self.path == "-" else self.path,
        )

    def close(self) -> None:
        self._file.close()
