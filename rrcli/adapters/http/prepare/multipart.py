"""Multipart content (RFC 2046 section 5.1, RFC 7578): its parts, their headers and encodings, and large files read while they are sent.

How curl's `-F` describes a part is `partwords.py`.
"""

from __future__ import annotations

import os
import re

from rrcli.adapters.http.prepare.content import Upload, large_size, octets, open_upload, read_local, unreadable
from rrcli.base.errors import usage
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.deadline import Deadline
    from rrcli.model.values import Body

FORM_DATA, MIXED = "multipart/form-data", "multipart/mixed"
ENCODERS = ("binary", "8bit", "7bit", "base64", "quoted-printable")
LONGEST_LINE = 76  # characters of an encoded line (RFC 2045 sections 6.7 and 6.8)
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 section 5.1.1


class LargeFile:
    """A file that is a part of a form, of a size known beforehand."""

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        self.size = size


class Part(Record):
    """One part; its content is bytes, a large file, or parts of its own. `headers` are lines that the user gave."""

    name: str | None
    content: bytes | LargeFile | tuple[Part, ...]
    filename: str | None = None
    media_type: str | None = None
    encoder: str | None = None
    headers: tuple[str, ...] = ()


def item_part(name: str, value: str) -> Part:
    """A part from HTTPie's `name@file;type=…;filename=…`."""
    path, found = path_of_item(value)
    given = Part(name=name, content=b"", filename=found.get("filename"), media_type=found.get("type"))
    return file_part(name, os.path.expanduser(path), given)


def path_of_item(value: str) -> tuple[str, dict[str, str]]:
    """The path of an item, and its options `type` and `filename`; any other `;` belongs to what it stands in."""
    path, *rest = value.split(";")
    found: dict[str, str] = {}
    last = ""
    for piece in rest:
        key, equals, word = piece.strip().partition("=")
        if equals and key in ("type", "filename"):
            found[key], last = word, key
        elif last:
            found[last] += f";{piece}"
        else:
            path += f";{piece}"
    return path, found


def file_part(name: str | None, path: str, given: Part) -> Part:
    """`given` with a file as its content, named and typed after it where nothing else was given."""
    filename = os.path.basename(path) if given.filename is None else given.filename
    media_type = given.media_type
    if not media_type and not _has(given.headers, "content-type"):
        from mimetypes import guess_type

        kinds = [guess_type(each, strict=False)[0] for each in (filename, path)]
        media_type = kinds[0] or kinds[1] or "application/octet-stream"
    size = large_size(path)
    content = read_local(path) if size is None else LargeFile(path, size)
    return given.replace(name=name, content=content, filename=filename, media_type=media_type)


# --- the whole


def multipart(parts: list[Part], compress: str | None = None, content_type: str | None = None) -> tuple[bytes | None, str, Upload | None]:
    """The content or, with large files in it, the upload in its place; between them its media type with the boundary.

    `content_type` is what the user said: a boundary in it is taken, else one is added. Raises `usage` for one that cannot serve.
    """
    media_type, boundary = content_type or FORM_DATA, _boundary_of(content_type or "")
    if boundary is None:
        boundary = _new_boundary()
        media_type = f"{media_type}; boundary={boundary}"
    segments = _joined(parts, octets(boundary), is_form=media_type.lower().startswith(FORM_DATA))
    if any(isinstance(each, LargeFile) for each in segments):
        return None, media_type, FormUpload(segments, compress)
    return b"".join([each for each in segments if isinstance(each, bytes)]), media_type, None


def _new_boundary() -> str:
    return "-" * 24 + os.urandom(12).hex()


def _boundary_of(content_type: str) -> str | None:
    """The boundary that the user's Content-Type names; `None` where it names none. Raises `usage` for one that is not allowed."""
    if not (found := re.search(r';\s*boundary\s*=\s*(?:"([^"]*)"|([^;]*))', content_type, re.IGNORECASE)):
        return None
    boundary = found[1] if found[1] is not None else found[2].rstrip()
    if not BOUNDARY.fullmatch(boundary):
        raise usage(f"{boundary!r} is no boundary", "write 1 to 70 letters, digits or '()+_,-./:=? in it, or leave it out: one is made")
    return boundary


def _joined(parts: list[Part] | tuple[Part, ...], boundary: bytes, *, is_form: bool) -> list[bytes | LargeFile]:
    """The parts between their boundaries, neighbouring bytes in one piece."""
    segments: list[bytes | LargeFile] = []
    text = b""
    for part in parts:
        text += b"--" + boundary + b"\r\n"
        inner = _new_boundary() if isinstance(part.content, tuple) else None
        text += b"".join([_one_line(line) + b"\r\n" for line in _headers(part, inner, is_form=is_form)]) + b"\r\n"
        for each in _content(part, octets(inner or "")):
            if isinstance(each, LargeFile):
                segments += text, each
                text = b""
            elif b"--" + boundary in each:
                raise usage(f"the boundary {boundary.decode()!r} stands in the content too", "leave it out: one is made that does not")
            else:
                text += each
        text += b"\r\n"
    return [*segments, text + b"--" + boundary + b"--\r\n"]


def _headers(part: Part, inner: str | None, *, is_form: bool) -> list[str]:
    """The header lines of a part; a line of the user's own takes the place of ours."""
    lines: list[str] = []
    named = part.name is not None or part.filename is not None
    if not _has(part.headers, "content-disposition") and (is_form or named):
        line = f"Content-Disposition: {'form-data' if is_form else 'attachment'}"
        line += f'; name="{_quoted(part.name)}"' if part.name is not None else ""
        lines.append(line + (f'; filename="{_quoted(part.filename)}"' if part.filename is not None else ""))
    media_type = f"{part.media_type or MIXED}; boundary={inner}" if inner else part.media_type
    if media_type and not _has(part.headers, "content-type"):
        lines.append(f"Content-Type: {media_type}")
    if part.encoder:
        lines.append(f"Content-Transfer-Encoding: {part.encoder}")
    return [*lines, *part.headers]


def _has(lines: tuple[str, ...], name: str) -> bool:
    return any(line.partition(":")[0].strip().lower() == name for line in lines)


def _content(part: Part, inner: bytes) -> list[bytes | LargeFile]:
    if isinstance(part.content, tuple):
        return _joined(part.content, inner, is_form=(part.media_type or "").lower() == FORM_DATA)
    if part.encoder in (None, "binary", "8bit"):
        return [part.content]
    return [_encoded(part.encoder or "", read_local(part.content.path) if isinstance(part.content, LargeFile) else part.content)]


def _quoted(text: str) -> str:
    """A name within quotes, escaped as browsers do (WHATWG HTML, "multipart form data")."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def _one_line(line: str) -> bytes:
    if "\r" in line or "\n" in line:
        raise usage(f"the line {line!r} of a part has a line end")
    return octets(line)


# --- transfer encodings (RFC 2045 section 6)


def _encoded(encoder: str, data: bytes) -> bytes:
    """Content as `encoder` writes it. Raises `usage` for what has no place in 7bit."""
    if encoder == "base64":
        from binascii import b2a_base64

        text = b2a_base64(data, newline=False)
        return b"\r\n".join([text[at : at + LONGEST_LINE] for at in range(0, len(text), LONGEST_LINE)])
    if encoder == "7bit":
        if not data.isascii():
            raise usage("encoder=7bit takes ASCII alone, and there are other bytes", "write encoder=base64 or encoder=quoted-printable")
        return data
    return _quoted_printable(data)


def _quoted_printable(data: bytes) -> bytes:
    """Quoted-printable as curl writes it: a pair CR LF is a line end, either alone is escaped."""
    out, column, at = bytearray(), 0, 0
    while at < len(data):
        ends = data[at + 1 : at + 3] in (b"", b"\r\n")
        if data[at : at + 2] == b"\r\n":
            out += b"\r\n"
            column, at = 0, at + 2
            continue
        octet = data[at]
        literal = (33 <= octet <= 126 and octet != 0x3D) or (octet in b" \t" and not ends)
        word = bytes((octet,)) if literal else b"=%02X" % octet
        if column + len(word) > LONGEST_LINE - (not ends):
            out += b"=\r\n"
            column = 0
        out += word
        column, at = column + len(word), at + 1
    return bytes(out)


# --- forms with large files


class FormUpload(Upload):
    """A form with large files, each opened when its turn comes. Its size is known, so it needs no chunks."""

    def __init__(self, segments: list[bytes | LargeFile], compress: str | None = None) -> None:
        self._segments = segments
        self._turn = 0
        self._at = 0  # of the segment
        self._begin("the form", sum(len(each) if isinstance(each, bytes) else each.size for each in segments), compress)

    def again(self) -> Upload:
        return FormUpload(self._segments, self._compress)

    def _read(self, size: int, _deadline: Deadline) -> bytes:
        while self._turn < len(self._segments):
            segment = self._segments[self._turn]
            if isinstance(segment, bytes):
                data = segment[self._at : self._at + size]
                self._at += len(data)
            else:
                data = self._read_file(segment, size)
            if data:
                return data
            self.close()
            self._turn, self._at = self._turn + 1, 0
        return b""

    def _read_file(self, file: LargeFile, size: int) -> bytes:
        try:
            self._file = self._file or open_upload(file.path)
            data = self._file.read(min(size, file.size - self._at))
        except OSError as error:
            raise unreadable(file.path, error) from error
        self._at += len(data)
        return data

    def body(self) -> Body:
        return super().body().replace(file=None)
