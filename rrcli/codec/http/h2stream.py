"""One request on a connection of HTTP/2 and what its answer may be (RFC 9113 section 8).

An answer that breaks these rules ends its stream and no other. They are as strict as curl's, but for the white space around a value,
which is left out with a note, and a frame after the end, which `Http2Client.feed` notes.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large, truncated
from rrcli.codec.http.h1 import End, Head, Informational, Trailers
from rrcli.codec.http.h2fields import CONNECTION_FIELDS, promised_length
from rrcli.codec.http.h2frames import HTTP_1_1_REQUIRED, REFUSED_STREAM, error_name
from rrcli.codec.http.hpack import STATIC
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.http.h1 import Event
    from rrcli.model.values import Fields

VERSION = "HTTP/2"
MAX_INFORMATIONAL = 100
KNOWN = frozenset(name for name, _ in STATIC if name not in CONNECTION_FIELDS) | {"host"}  # names that need no check


class Stream:
    """What is known of one request and its answer.

    `window` is how much content the peer takes: below zero where a setting has taken back what is under way (section 6.9.2).
    """

    __slots__ = (
        "closed", "code", "ended", "ending", "expected", "framing", "informational", "method", "notes", "octets", "over", "received",
        "sent_all", "stopped", "unsent", "used", "window",
    )  # fmt: skip

    def __init__(self, method: str, window: int, *, whole: bool) -> None:
        self.method = method
        self.window = window
        self.unsent = bytearray()  # content that the windows do not let through yet
        self.ending = self.sent_all = whole  # nothing will be added to it; or nothing more of it can be sent
        self.stopped = False  # before all of it was sent
        self.framing: str | None = None  # known with the head
        self.expected: int | None = None  # bytes that content-length promises
        self.received = 0
        self.used = 0  # bytes of our window that are not given back yet
        self.informational = 0
        self.ended = False  # END_STREAM came
        self.over = False  # the answer is whole, or will never be
        self.closed = False  # for both sides
        self.code: int | None = None  # of the RST_STREAM that ended it
        self.octets = 0  # of its frames that came
        self.notes: list[Note] = []

    def note(self, code: str, message: str) -> None:
        if all(note.code != code for note in self.notes):
            self.notes.append(Note(code=code, message=message))

    def close(self) -> None:
        """Nothing goes either way any more."""
        self.stopped = self.stopped or not self.sent_all
        self.over = self.sent_all = True
        self.unsent.clear()

    # --- what came

    def take_fields(self, fields: list[tuple[str, str]], *, end: bool) -> Event | None:
        """The event that a whole field block is, `end` to follow. Raises `malformed` or `too_large`."""
        status, ordinary = self._read(fields)
        if self.framing is not None:
            if status is not None or not end:
                raise malformed(_broken("fields came after the head that are no trailers of its end"))
            return Trailers(fields=ordinary) if ordinary else None
        if status is None:
            raise malformed(_broken("an answer came without a status"))
        if not (status.isascii() and status.isdecimal() and len(status) == 3):
            raise malformed(f"the status {status[:20]!r} is no number of three digits")
        code = int(status)
        if 100 <= code < 200:
            return self._informational(code, ordinary, end=end)
        contentless = self.method == "HEAD" or code in (204, 304)
        if not contentless:
            self.expected = promised_length(ordinary)
        self.framing = "none" if contentless else "end-stream"
        return Head(version=VERSION, code=code, reason="", fields=ordinary)

    def take_content(self, size: int) -> None:
        """Count content. Raises `malformed` for more than there may be (section 8.1.1)."""
        self.received += size
        if self.framing == "none" or (self.expected is not None and self.received > self.expected):
            allowed = "no content" if self.framing == "none" else f"the {self.expected} bytes that it promised"
            raise malformed(f"the answer has more than {allowed} (RFC 9113 section 8.1.1)")

    def take_end(self) -> End:
        """The end. Raises `truncated` where content is missing."""
        self.ended = self.over = True
        if self.expected is not None and self.received < self.expected:
            raise truncated(f"the answer ended after {self.received} of {self.expected} bytes of the body")
        assert self.framing is not None
        return End(framing=self.framing, leftover=b"")

    def _informational(self, code: int, fields: Fields, *, end: bool) -> Informational:
        self.informational += 1
        if self.informational > MAX_INFORMATIONAL:
            raise too_large(f"more than {MAX_INFORMATIONAL} informational responses came")
        if code == 101:
            raise malformed("a 101 came, which HTTP/2 does not have (RFC 9113 section 8.6)")
        if end:
            raise malformed(_broken(f"the answer ended with an informational one, {code}"))
        return Informational(version=VERSION, code=code, reason="", fields=fields)

    def _read(self, fields: list[tuple[str, str]]) -> tuple[str | None, Fields]:
        """The status, which comes alone and before all others, and the ordinary fields (section 8.2.1). Raises `malformed`."""
        status: str | None = None
        ordinary: list[tuple[str, str]] = []
        for field in fields:
            name, value = field
            if name[:1] == ":":
                if name != ":status" or status is not None or ordinary:
                    raise malformed(_broken(f"{name[:40]!r} came where no such field may be"))
                status = value
                continue
            if name not in KNOWN:
                _check_name(name, value)
            if not value.isprintable() and any(octet in value for octet in "\r\n\0"):
                raise malformed(_broken(f"the value of {name[:40]} has a line end or NUL"))
            if (trimmed := value.strip(" \t")) != value:
                said = f"the value of {name[:40]} has white space around it (RFC 9113 section 8.2.1); it is left out"
                self.note("space-around-value", said)
                field = (name, trimmed)
            ordinary.append(field)
        return status, tuple(ordinary)

    # --- why it failed

    def why_reset(self, code: int) -> ExchangeError:
        """The failure that RST_STREAM means (RFC 9113 sections 7 and 8.7)."""
        name = error_name(code)
        if code == REFUSED_STREAM:
            message = f"the server refused the request unprocessed: RST_STREAM {name}"
            return ExchangeError("transport", "refused", message, hint="it is safe to send it again")
        if code == HTTP_1_1_REQUIRED:
            return ExchangeError("protocol", "unsupported", f"the server wants HTTP/1.1 for this: RST_STREAM {name}", hint="use --http1.1")
        where = "before its answer" if self.framing is None else f"after {self.received} bytes of the body"
        return ExchangeError("transport", "reset", f"the server reset the stream {where}: RST_STREAM {name}")


def _broken(what: str) -> str:
    return f"the server broke HTTP/2: {what}"


def _check_name(name: str, value: str) -> None:
    """Raise `malformed` for a name that no field of HTTP/2 has (sections 8.2.1 and 8.2.2)."""
    if name.lower() != name:
        raise malformed(_broken(f"the field name {name[:40]!r} is not in lower case"))
    if not name or ":" in name or min(name) <= " " or max(name) >= "\x7f":
        raise malformed(_broken(f"the field name {name[:40]!r} is none"))
    if (name in CONNECTION_FIELDS and name != "http2-settings") or (name == "te" and value.lower() != "trailers"):
        raise malformed(_broken(f"the answer has the field {name}, which is about a connection of HTTP/1"))
