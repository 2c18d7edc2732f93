"""The message: composed of options, or whole from `--data`. Its lines end with CRLF."""

from __future__ import annotations

import os
from time import time

from rrcli.base.errors import usage
from rrcli.base.files import read_local
from rrcli.base.record import Record
from rrcli.codec.smtp import lines_by_crlf, needs_utf8

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.smtp.request import SmtpRequest
    from rrcli.codec.mail import Attachment
    from rrcli.model.values import Fields

HOST = "localhost"  # in a Message-ID, where the sender has no domain that it could be of


class Letter(Record):
    """A message as it is before dots are doubled."""

    data: bytes
    fields: Fields  # its header, unfolded
    message_id: str | None
    eight_bit: bool  # it has bytes beyond ASCII
    utf8: bool  # its header has: SMTPUTF8 is needed


def letter_of(request: SmtpRequest, sender: str, exchange_id: str) -> Letter:
    """The message that the request asks for. Raises `usage` for what has no place in one, or `local` for a file."""
    if request.data is not None:
        return _given(request)
    from rrcli.codec.mail import compose

    fields = _fields(request, sender, exchange_id)
    data = compose(
        fields,
        text=None if request.text is None else _text(request.text, "--text"),
        html=None if request.html is None else _text(request.html, "--html"),
        attachments=tuple(map(_attached, request.attachments)),
    )
    header = data.partition(b"\r\n\r\n")[0]
    return Letter(
        data=data,
        fields=_header(header),
        message_id=next((value for name, value in fields if name.lower() == "message-id"), None),
        eight_bit=not data.isascii(),
        utf8=not header.isascii(),
    )


def _given(request: SmtpRequest) -> Letter:
    """The message of `--data`, as it is but for its line ends."""
    made = {"--subject": request.subject, "--text": request.text, "--html": request.html, "--attach": request.attachments or None}
    for flag, value in {**made, "--header": request.headers or None}.items():
        if value is not None:
            raise usage(f"--data is a whole message, {flag} is a part of one", "use one of them")
    text = request.data or ""
    data = lines_by_crlf(read_local(text[1:]) if text.startswith("@") else os.fsencode(text))
    fields = _header(data.partition(b"\r\n\r\n")[0])
    return Letter(
        data=data,
        fields=fields,
        message_id=next((value for name, value in fields if name.lower() == "message-id"), None),
        eight_bit=not data.isascii(),
        utf8=needs_utf8(*([request.sender or ""]), *request.recipients),
    )


def _fields(request: SmtpRequest, sender: str, exchange_id: str) -> Fields:
    """The header: what every message has, unless one of that name was given, and what was given."""
    from rrcli.codec.mail import date, message_id

    given = [_split(text) for text in request.headers]
    names = {name.lower() for name, _ in given}
    domain = sender.rpartition("@")[2]
    host = domain if domain.isascii() and domain.replace("-", "").replace(".", "").isalnum() else HOST
    ours = [("Date", date(time())), ("From", sender or f"MAILER-DAEMON@{HOST}"), ("To", ", ".join(request.recipients))]
    if "message-id" not in names:
        ours.append(("Message-ID", message_id(exchange_id, host)))
    if request.subject is not None:
        ours.append(("Subject", request.subject))
    return (*((name, value) for name, value in ours if name.lower() not in names), *given)


def _split(text: str) -> tuple[str, str]:
    """Name and value of `--header`. Raises `usage`."""
    name, colon, value = text.partition(":")
    if not colon:
        raise usage(f"--header {text[:60]!r} has no colon", "write --header 'Name: value'")
    return name, value.strip(" ")


def _text(value: str, flag: str) -> str:
    """The text of an option, or of the file that it names."""
    if not value.startswith("@"):
        return value
    try:
        return read_local(value[1:]).decode()
    except UnicodeDecodeError:
        raise usage(f"{flag}: {value[1:]} is no text in UTF-8", "send it with --attach, or within a whole message of --data") from None


def _attached(path: str) -> Attachment:
    """A file to go with the message, its media type by its name."""
    from mimetypes import guess_type

    from rrcli.codec.mail import Attachment

    media_type, encoding = guess_type(path)
    return Attachment(
        name=os.path.basename(path) if path != "-" else "stdin",
        data=read_local(path),
        media_type=media_type if media_type and not encoding else "application/octet-stream",
    )


def _header(data: bytes) -> Fields:
    """The fields of a header, each in one line. Lines that are no field are left out: the message goes as it is."""
    found: list[tuple[str, str]] = []
    for line in data.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and found:
            found[-1] = found[-1][0], f"{found[-1][1]} {line.strip()}"
        elif colon and name and " " not in name:
            found.append((name, value.strip()))
    return tuple(found)
