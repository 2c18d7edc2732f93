"""An answer of several parts: the envelope first, and what it refers to behind it (MTOM, SOAP with Attachments; RFC 2387, RFC 2046)."""

from __future__ import annotations

from rrcli.base.errors import malformed, too_large
from rrcli.base.record import Record

MOST_PARTS = 1000
LONGEST_HEAD = 64 << 10  # bytes of a part's fields


class Part(Record):
    """One part. `id` is without its angle brackets."""

    id: str | None
    media_type: str
    charset: str | None
    data: bytes


def parameter(content_type: str, name: str) -> str | None:
    """A parameter of a Content-Type, without its quotes (RFC 9110 section 5.6.6)."""
    rest = content_type.partition(";")[2]
    while rest:
        key, _, rest = rest.partition("=")
        if rest.startswith('"'):
            value, _, rest = rest[1:].partition('"')
            rest = rest.partition(";")[2]
        else:
            value, _, rest = rest.partition(";")
        if key.strip().lower() == name:
            return value.strip()
    return None


def split(data: bytes, content_type: str) -> tuple[Part, tuple[Part, ...]]:
    """The root part and the others. Raises `malformed` or `too_large`."""
    boundary = parameter(content_type, "boundary")
    if not boundary:
        raise malformed("the answer is multipart, and its Content-Type has no boundary")
    mark = b"--" + boundary.encode("latin-1", "replace")
    if data.startswith(mark):
        data = b"\r\n" + data
    pieces = data.split(b"\n" + mark, MOST_PARTS + 1)[1:]
    if len(pieces) > MOST_PARTS:
        raise too_large(f"the answer has more than {MOST_PARTS} parts")
    parts = [_part(piece) for piece in pieces if not piece.startswith(b"--")]
    if not parts:
        raise malformed("the answer is multipart, and its boundary is not in it")
    start = (parameter(content_type, "start") or "").strip("<>")
    root = next((part for part in parts if start and part.id == start), parts[0])
    return root, tuple(part for part in parts if part is not root)


def _part(piece: bytes) -> Part:
    head, found, data = piece.partition(b"\r\n\r\n")
    if not found:
        head, found, data = piece.partition(b"\n\n")
    if len(head) > LONGEST_HEAD or not found:
        raise malformed("a part of the answer has no end of its fields")
    fields = {}
    for line in head.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    kind = fields.get("content-type", "text/plain")
    data = data.removesuffix(b"\r")
    if fields.get("content-transfer-encoding", "").lower() == "base64":
        from binascii import Error, a2b_base64

        try:
            data = a2b_base64(b"".join(data.split()), strict_mode=True)
        except Error as error:
            raise malformed(f"a part of the answer is no base64: {error}") from error
    identity = fields.get("content-id", "").strip("<>") or None
    return Part(id=identity, media_type=kind.partition(";")[0].strip().lower(), charset=parameter(kind, "charset"), data=data)
