"""A message to be mailed (RFC 5322, MIME by RFC 2045 to 2047): text, HTML, attachments, headers in any script.

The `email` package would do it and costs 20 milliseconds; what a client sends to see a server's answer takes only this much.
"""

from __future__ import annotations

from os import urandom
from time import gmtime

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Fields

LINE = 76  # letters of an encoded line, and where a header is folded
MOST = 998  # bytes of a line at most (RFC 5322 section 2.1.1)
_WORD = 45  # bytes of text in one encoded word, whose limit is 75 letters (RFC 2047 section 2)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ADDRESSES = ("from", "to", "cc", "reply-to", "sender")  # their values are no free text, and no encoded words stand in an address


class Attachment(Record):
    """A file that goes with the message."""

    name: str
    data: bytes
    media_type: str = "application/octet-stream"


class Part(Record):
    """Content with its own header."""

    fields: Fields
    content: bytes


def date(seconds: float) -> str:
    """The time as a Date header has it (RFC 5322 section 3.3), in UTC."""
    now = gmtime(seconds)
    clock = f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
    return f"{_DAYS[now.tm_wday]}, {now.tm_mday:02} {_MONTHS[now.tm_mon - 1]} {now.tm_year} {clock} +0000"


def message_id(unique: str, host: str) -> str:
    """A Message-ID of a text that nobody else has. Raises `usage` for one that has no place in it."""
    if not unique or not host or not all("!" <= letter <= "~" and letter not in '<>@()[]\\,;:"' for letter in unique + host):
        raise usage(f"{unique[:40]}@{host[:40]} is no Message-ID")
    return f"<{unique}@{host}>"


def compose(fields: Fields, *, text: str | None = None, html: str | None = None, attachments: tuple[Attachment, ...] = ()) -> bytes:
    """The message, its lines ended by CRLF. `fields` are its header as it is meant; MIME's own are added. Raises `usage`."""
    bodies = [_text(body, kind) for body, kind in ((text, "plain"), (html, "html")) if body is not None] or [_text("", "plain")]
    body = bodies[0] if len(bodies) == 1 else _multipart("alternative", bodies)
    if attachments:
        body = _multipart("mixed", [body, *map(_attached, attachments)])
    return head((*fields, ("MIME-Version", "1.0"), *body.fields)) + b"\r\n" + body.content


def head(fields: Fields) -> bytes:
    """The header. Raises `usage` for a name or a value that could end its line."""
    return b"".join(_field(name, value) for name, value in fields)


def _field(name: str, value: str) -> bytes:
    if not name or not all("!" <= letter <= "~" and letter != ":" for letter in name):
        raise usage(f"the header name {name[:60]!r} is not of printable ASCII letters without colon")
    if any(letter in value for letter in "\r\n\0"):
        raise usage(f"the header {name} has CR, LF or NUL in its value")
    if not value.isascii() and name.lower() not in _ADDRESSES:
        value = _encoded_words(value)
    try:
        line = _folded(f"{name}: {value}").encode()
    except UnicodeEncodeError:
        raise usage(f"the header {name} has letters without UTF-8") from None
    if any(len(part) > MOST for part in line.split(b"\r\n")):
        raise usage(f"the header {name} has more than {MOST} bytes without a space to fold it at")
    return line + b"\r\n"


def _folded(line: str) -> str:
    """The line broken before spaces, so that none of its parts is longer than `LINE` if that can be helped."""
    parts = []
    while len(line) > LINE:
        at = line.rfind(" ", 1, LINE + 1)
        at = at if at > 0 and line[:at].strip() and not line[:at].endswith(":") else line.find(" ", LINE)
        if at < 0 or not line[at:].strip():  # a part of white space alone would look like the end of the header
            break
        parts.append(line[:at])
        line = line[at:]
    return "\r\n".join([*parts, line])


def _encoded_words(text: str) -> str:
    """The text as words of base64, none of which cuts a letter (RFC 2047 section 5)."""
    from binascii import b2a_base64

    words, word = [], b""
    for letter in text:
        encoded = letter.encode("utf-8", "replace")
        if len(word) + len(encoded) > _WORD:
            words.append(word)
            word = b""
        word += encoded
    return " ".join(f"=?utf-8?b?{b2a_base64(part, newline=False).decode()}?=" for part in [*words, word])


def _text(text: str, kind: str) -> Part:
    """A text, as it is where it is ASCII of short lines, else quoted-printable."""
    try:
        lines = text.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    except UnicodeEncodeError:
        raise usage("the text has letters without UTF-8") from None
    plain = lines.isascii() and all(len(line) <= MOST for line in lines.split(b"\n"))
    if not plain:
        from binascii import b2a_qp

        lines = b2a_qp(lines, istext=True)
    content = lines.replace(b"\n", b"\r\n")
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    kind_fields = (
        ("Content-Type", f"text/{kind}; charset={'us-ascii' if plain else 'utf-8'}"),
        ("Content-Transfer-Encoding", "7bit" if plain else "quoted-printable"),
    )
    return Part(fields=kind_fields, content=content)


def _attached(attachment: Attachment) -> Part:
    """A file in base64 under its name (RFC 2183; beyond ASCII RFC 2231)."""
    from binascii import b2a_base64

    name = attachment.name
    if name.isascii() and not set(name) & set('"\\') and name.isprintable():
        called = f'filename="{name}"'
    else:
        called = f"filename*=utf-8''{quote(name.encode('utf-8', 'surrogateescape').decode('utf-8', 'replace'))}"
    encoded = b2a_base64(attachment.data, newline=False)
    content = b"".join(encoded[at : at + LINE] + b"\r\n" for at in range(0, len(encoded), LINE))
    fields = (
        ("Content-Type", attachment.media_type), ("Content-Transfer-Encoding", "base64"), ("Content-Disposition", f"attachment; {called}"),
    )  # fmt: skip
    return Part(fields=fields, content=content)


def _multipart(kind: str, parts: list[Part]) -> Part:
    """Several parts as one (RFC 2046 section 5.1). Its boundary is random, so that it is in none of them."""
    boundary = f"=_{urandom(16).hex()}"
    mark = f"--{boundary}".encode()
    content = b"".join(mark + b"\r\n" + head(part.fields) + b"\r\n" + part.content + b"\r\n" for part in parts)
    return Part(fields=(("Content-Type", f'multipart/{kind}; boundary="{boundary}"'),), content=content + mark + b"--\r\n")
