"""HTTP/1.0 and 1.1 as a client writes and reads them: requests to bytes, bytes to events (RFC 9112).

    decoder = ResponseDecoder("GET")
    for event in decoder.feed(received): ...
    for event in decoder.eof(): ...            # when the peer closes before `End` came

The decoder is a machine of steps over the bytes of one `feed`. A step takes what it can, appends events and returns
whether the next step may go on; `_step` is the one to go on with. Between feeds only an unfinished line is kept, so
no byte is looked at twice however the bytes are cut, and a body is handed on as it came, never gathered.

Whatever curl reads is read, to the end that curl sees, with a note where it is suspicious. Refused all the same is what
contradicts itself: lengths that differ, a chunk whose size is no number, a body that is cut. What a head says, and the
rules of that, are in `h1head.py`.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large, truncated, usage
from rrcli.base.record import Record
from rrcli.codec.http.h1head import delimit, framing_fields, is_token, parse_fields, parse_status_line, quote
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.model.values import Fields

LAST_CHUNK = b"0\r\n\r\n"

_BREAKS = {"\r": "a carriage return", "\n": "a line feed", "\0": "a NUL"}
_HEX = b"0123456789abcdefABCDEF"


class Head(Record):
    """The head of the final response. `version` is `HTTP/1.0` or `HTTP/1.1`; text is Latin-1, so it encodes back exactly."""

    version: str
    code: int
    reason: str
    fields: Fields


class Informational(Record):
    """A 1xx response before the final one. A 101 is final: it ends HTTP on this connection, and comes as a `Head`."""

    version: str
    code: int
    reason: str
    fields: Fields


class Data(Record):
    """Bytes of the body, without any transfer coding, as they came: a slice of what was fed."""

    data: bytes


class Trailers(Record):
    """The fields after the last chunk, if there are any."""

    fields: Fields


class End(Record):
    """The answer is whole, as `framing` told. `leftover` is what was fed beyond it: after an upgrade or a CONNECT the new protocol's."""

    framing: str
    leftover: bytes


Event = Head | Informational | Data | Trailers | End


def encode_request(method: str, target: str, version: str, fields: Fields) -> bytes:
    """The head of a request; order and case of `fields` are kept. `version` is spelled `HTTP/1.1` (RFC 9112 section 3).

    Text goes out as Latin-1, or as UTF-8 where it does not fit. Raises the `usage` error for what would break the
    head apart: a method that is no token, whitespace or a control in the target, CR, LF or NUL anywhere.
    """
    line = (_octets(method, "the method"), _octets(target, "the target"), _octets(version, "the version"))
    if not is_token(line[0]):
        raise usage(f"the method {method!r} is not a token (RFC 9110 section 9.1)")
    for index, character in enumerate(target, 1):
        if character.isspace() or character < " " or "\x7f" <= character <= "\x9f":
            raise usage(f"the target has {character!r} at character {index}", hint="percent-encode it")
    if not target:
        raise usage("the target is empty")
    head = [b" ".join(line)]
    head += [_octets(name, f"the field name {name!r}") + b": " + _octets(value, f"the value of {name}") for name, value in fields]
    return b"\r\n".join((*head, b"", b""))


def _octets(text: str, where: str) -> bytes:
    for character, name in _BREAKS.items():
        if character in text:
            raise usage(f"{where} has {name} at character {text.index(character) + 1}")
    try:
        return text.encode("utf-8", "surrogateescape")  # arguments that are not UTF-8 come from the system as surrogates
    except UnicodeEncodeError as error:
        raise usage(f"{where} has a lone surrogate at character {error.start + 1}") from None


def encode_chunk(data: bytes) -> bytes:
    """One chunk (RFC 9112 section 7.1). No data is no chunk, as an empty one would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


class ResponseDecoder:
    """Reads one answer to a request of `method`, which decides with the status whether there is a body (RFC 9112 section 6.3).

    `notes` are what was accepted though suspicious, each code once. `framing`, known with the head, is what tells where
    the answer ends: content-length, chunked, close, none (no body can be) or upgrade. `received` counts bytes of the body,
    which may still have `transfer_codings`, in the order in which they were applied.

    An error leaves the decoder useless; `salvaged` then holds the events that the failed `feed` had read before it,
    `unread` the bytes that it had not.
    """

    # The bounds of curl 8, so that what it reads is read: of heads it takes 300 KiB, of a line 100 KiB, of fields 5000.
    MAX_HEAD = 300 * 1024  # bytes of all heads, informational ones included
    MAX_LINE = 100 * 1024  # bytes of a status or field line
    MAX_FIELDS = 5000  # lines of one head, or of the trailers
    MAX_INFORMATIONAL = 100
    MAX_CHUNK_LINE = 256 * 1024  # bytes of a chunk's size and extensions
    MAX_CHUNK_DIGITS = 16  # curl's bound, leading zeros included
    MAX_CHUNK_END = 16  # bytes; curl skips any number of CR
    MAX_TRAILERS = 300 * 1024  # bytes

    def __init__(self, method: str) -> None:
        self.notes: list[Note] = []
        self.framing: str | None = None
        self.transfer_codings: tuple[str, ...] = ()
        self.received = 0
        self.salvaged: list[Event] = []
        self.unread = b""
        self._method = method
        self._step: Callable[[], bool] = self._read_status_line
        self._events: list[Event] = []  # of this feed
        self._data = b""  # of this feed
        self._pos = 0  # how far it is read
        self._partial = bytearray()  # the unfinished line of earlier feeds
        self._status = ("", 0, "")
        self._lines: list[bytes] = []  # of the head or the trailers
        self._spent = 0  # bytes of lines
        self._informational = 0
        self._left = 0  # bytes that the body, or its chunk, still lacks
        self._switched = False  # what follows the head is another protocol

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. After `End` bytes are noted and dropped.

        Raises `ExchangeError` of layer protocol: wrong_protocol as soon as a byte cannot be HTTP's, malformed,
        unsupported or too_large.
        """
        self._data, self._pos, self._events = data, 0, []
        try:
            while self._step():
                pass
        except ExchangeError:
            self.salvaged, self.unread = self._events, self._data[self._pos :]
            raise
        return self._events

    def eof(self) -> list[Event]:
        """The peer will send no more: `End`, if that is how the answer ends, or nothing when it has ended before.

        Raises `ExchangeError`: transport, closed without a whole head; protocol, truncated without a whole body.
        """
        self._data, self._pos, self._events = b"", 0, []
        if self.framing is None:
            raise ExchangeError("transport", "closed", f"the peer closed {self._how_far()}")
        if self._step == self._read_nothing:
            return []
        if self.framing == "close":
            self._end()
            return self._events
        if self.framing == "content-length":
            raise truncated(f"the peer closed after {self.received} of {self.received + self._left} bytes of the body")
        where = f"with {self._left} bytes of a chunk missing" if self._left else "before the end of the chunked body"
        raise truncated(f"the peer closed {where}, after {self.received} bytes of the body")

    def _how_far(self) -> str:
        """Where in the head the peer stopped."""
        came = self._spent + len(self._partial)
        if not came:
            return "without an answer"
        if self._step == self._read_status_line and not self._partial:
            return "after an informational response, before the final one"
        return f"within the head of its answer, after {came} bytes"

    def _note(self, code: str, message: str) -> None:
        if all(note.code != code for note in self.notes):
            self.notes.append(Note(code=code, message=message))

    # Lines

    def _line(self, what: str, limit: int) -> bytes | None:
        """The next line without its end, or `None` while it is unfinished; never longer than `limit` bytes."""
        end = self._data.find(b"\n", self._pos)
        if end < 0:
            self._partial += self._data[self._pos :]
            self._pos = len(self._data)
            if len(self._partial) > limit:
                raise too_large(f"a {what} is longer than {limit} bytes")
            return None
        line = self._data[self._pos : end]
        self._pos = end + 1
        if self._partial:
            line = bytes(self._partial + line)
            self._partial.clear()
        if len(line) > limit:
            raise too_large(f"a {what} is longer than {limit} bytes")
        self._spent += len(line) + 1
        if line[-1:] == b"\r":
            line = line[:-1]
        else:
            self._note("bare-lf", "a line ends with LF alone instead of CRLF (RFC 9112 section 2.2)")
        return line

    def _refuse(self, octet: bytes, line: bytes, what: str) -> None:
        if octet in line:
            name = "NUL" if octet == b"\0" else "lone CR"
            raise malformed(f"a {what} has a {name}: {quote(line.partition(b':')[0])}")  # the value may be a cookie

    def _read_fields(self, what: str, limit: int) -> Fields | None:
        """The fields up to the empty line, or `None` while it has not come."""
        while (line := self._line("field line", self.MAX_LINE)) is not None:
            if self._spent > limit:
                raise too_large(f"the {what} is longer than {limit} bytes")
            if not (line.strip(b"\r") if what == "head" else line):
                if line:
                    self._note("stray-cr", "an empty line has more than one CR before its LF (RFC 9112 section 2.2)")
                return parse_fields(self._lines, self._note)
            self._refuse(b"\0", line, "field line")
            # Within a value curl 7 reads a CR; in front it is the empty line to curl, and in trailers curl refuses it.
            self._refuse(b"\r", line[:1] if what == "head" else line, "field line")
            self._lines.append(line)
            if len(self._lines) > self.MAX_FIELDS:
                raise too_large(f"the {what} has more than {self.MAX_FIELDS} fields")
        return None

    # Steps: the head

    def _read_status_line(self) -> bool:
        start = bytes(self._partial[:64]) + self._data[self._pos : self._pos + 64]
        # As curl, not even an empty line is skipped: it is what a body leaves behind that is longer than it said.
        if not b"HTTP/".startswith(start[:5].upper()):
            if self._informational:
                raise malformed(f"expected the final response after an informational one, got {quote(start)}")
            raise ExchangeError("protocol", "wrong_protocol", f"expected an HTTP/1.1 response, got {quote(start)}")
        line = self._line("status line", self.MAX_LINE)
        if line is None:
            return False
        self._refuse(b"\0", line, "status line")
        self._status = parse_status_line(line, self._note)
        self._lines = []
        self._step = self._read_head
        return True

    def _read_head(self) -> bool:
        fields = self._read_fields("head", self.MAX_HEAD)
        if fields is None:
            return False
        version, code, reason = self._status
        if code < 200 and code != 101:
            self._informational += 1
            if self._informational > self.MAX_INFORMATIONAL:
                raise too_large(f"more than {self.MAX_INFORMATIONAL} informational responses came")
            self._events.append(Informational(version=version, code=code, reason=reason, fields=fields))
            self._step = self._read_status_line
            return True
        self._events.append(Head(version=version, code=code, reason=reason, fields=fields))
        told = framing_fields(self._lines, self._note)
        self.framing, self._left, self.transfer_codings = delimit(self._method, self._status, fields, told, self._note)
        self._lines = []
        if self.framing == "chunked":
            self._step = self._read_chunk_line
        elif self.framing == "close":
            self._step = self._read_until_close
        else:
            self._switched = code == 101 or (self._method == "CONNECT" and code < 300)
            self._step = self._read_counted
        return True

    # Steps: the body

    def _read_data(self) -> bool:
        """Hand on what has come of the `_left` bytes; whether that was all of them."""
        part = self._data[self._pos : self._pos + self._left]  # no copy when it is the whole feed
        if part:
            self._pos += len(part)
            self._left -= len(part)
            self.received += len(part)
            self._events.append(Data(data=part))
        return not self._left

    def _read_counted(self) -> bool:
        return self._read_data() and self._end()

    def _read_until_close(self) -> bool:
        self._left = len(self._data) - self._pos
        self._read_data()
        return False

    def _read_chunk_line(self) -> bool:
        line = self._line("chunk line", self.MAX_CHUNK_LINE)
        if line is None:
            return False
        before, semicolon, extension = line.partition(b";")
        digits = before.rstrip(b" \t\r")
        # curl reads `2zz` as 2 and `0x2` as the last chunk, by skipping all up to the line's end. The size may as well be wrong.
        if not digits or digits.translate(None, _HEX):
            raise malformed(f"expected the size of a chunk, got {quote(line)}")
        if len(digits) > self.MAX_CHUNK_DIGITS or int(digits, 16) >= 2**63:
            raise too_large(f"the size of a chunk is over 63 bits or has more than {self.MAX_CHUNK_DIGITS} digits: {quote(line)}")
        if b"\r" in line:
            self._note("stray-cr", "a chunk line has a CR that no LF follows (RFC 9112 section 2.2)")
        elif digits != before and not semicolon:
            self._note("space-after-chunk-size", "the size of a chunk is followed by white space (RFC 9112 section 7.1)")
        if b"\0" in extension:
            self._note("control-character", "an extension of a chunk has control characters (RFC 9112 section 7.1.1)")
        self._left = int(digits, 16)
        self._spent = 0
        self._step = self._read_chunk if self._left else self._read_trailers
        return True

    def _read_chunk(self) -> bool:
        if not self._read_data():
            return False
        self._step = self._read_chunk_end
        return True

    def _read_chunk_end(self) -> bool:
        start = bytes(self._partial) + self._data[self._pos : self._pos + self.MAX_CHUNK_END]
        after = start.lstrip(b"\r")
        if after and after[:1] != b"\n":
            got = quote(start[: len(start) - len(after) + 1])
            raise malformed(f"expected the end of a chunk after {self.received} bytes of the body, got {got}")
        line = self._line("chunk end", self.MAX_CHUNK_END)
        if line is None:
            return False
        if line:
            self._note("stray-cr", "the end of a chunk has more than one CR before its LF (RFC 9112 section 7.1)")
        self._step = self._read_chunk_line
        return True

    def _read_trailers(self) -> bool:
        fields = self._read_fields("trailer section", self.MAX_TRAILERS)
        if fields is None:
            return False
        if fields:
            self._events.append(Trailers(fields=fields))
        return self._end()

    def _end(self) -> bool:
        assert self.framing is not None
        self._events.append(End(framing=self.framing, leftover=self._data[self._pos :]))
        self._step = self._read_nothing
        return True

    def _read_nothing(self) -> bool:
        if self._pos < len(self._data) and not self._switched:
            self._note("bytes-after-end", "bytes came after the end of the answer; they are no part of it")
        return False
