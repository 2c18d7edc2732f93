"""What PostgreSQL says: bytes to messages (protocol 3.0 and 3.2).

    decoder = Decoder()
    for message in decoder.feed(received): ...

A message is a letter, a length, and that much content, so an unfinished one just waits for its length. What a length or a
count may be is bounded: little before the login is done, because nobody is known yet; after it, by what the caller can hold.

Specification: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large, truncated
from rrcli.codec.pg.content import READERS
from rrcli.codec.pg.messages import Authentication, ParameterStatus, Unknown
from rrcli.codec.pg.report import ErrorResponse
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.pg.messages import Message

LARGEST = 64 << 20  # bytes of a message with data, unless the caller sets another limit
SHORT = 1 << 16  # bytes of every other message, and of all of them before the login is done
LONG = 16 << 20  # bytes of a message that may be long and is no data: what is made of one takes several times as much memory
MOST_TYPES = 2 + 4 * 65_535  # bytes of a ParameterDescription
MOST_BEFORE_READY = 1_000  # messages until the server is ready the first time
MOST_SETTINGS = 1_000  # parameters that the server reports; it has 13
OLD_ERROR = 30_000  # bytes of an error in the form that servers before 7.4 used, and forks that failed until today
_DATA, _LONG = b"Dd", b"TENAV"
_FIRST = b"RENv"  # what an answer to the first message can be


class Decoder:
    """Received bytes to messages. It keeps no more than the unfinished message, of `largest` bytes at most.

    `notes` are what was accepted though suspicious, each code once. How many messages come is for the caller to bound,
    except before the server is ready the first time.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.notes: list[Note] = []
        self._largest = largest
        self._buffer = bytearray()
        self._at = 0  # in the buffer: where the next message starts
        self._count = 0  # messages until the first ReadyForQuery
        self._known = False  # the login is done
        self._ready = False
        self._done: list[Message] = []
        self._failure: ExchangeError | None = None

    @property
    def pending(self) -> bool:
        """Inside a message: the end of the connection would cut it off."""
        return len(self._buffer) > self._at

    def feed(self, data: bytes) -> list[Message]:
        """The messages that these bytes complete.

        Raises `ExchangeError`, layer `protocol`: `wrong_protocol` when the connection begins with something else, `malformed`,
        or `too_large` for one of the limits. When messages came before the broken one they are returned, and the error is
        raised by the next call (`feed(b"")` will do). A decoder that failed stays failed.
        """
        if self._failure is not None:
            raise self._failure
        self._buffer += data
        try:
            while self._advance():
                pass
        except ExchangeError as failure:
            self._failure = failure
            if not self._done:
                raise
        done, self._done = self._done, []
        del self._buffer[: self._at]
        self._at = 0
        return done

    def eof(self) -> None:
        """The connection ended. Raises `truncated` inside a message, or what `feed` had still to raise."""
        if self._failure is not None:
            raise self._failure
        if self.pending:
            raise truncated(f"the connection ended {len(self._buffer) - self._at} bytes into a message of PostgreSQL")

    def _advance(self) -> bool:
        """Read one message; False when there is not enough yet."""
        buffer, at = self._buffer, self._at
        if at == len(buffer):
            return False
        letter = buffer[at]
        if not self._count and letter not in _FIRST:
            raise self._wrong_protocol()
        if len(buffer) < at + 5:
            return False
        size = int.from_bytes(buffer[at + 1 : at + 5], "big") - 4
        if not self._count and letter == 69 and not 4 <= size <= OLD_ERROR:  # E
            return self._old_error()
        self._check(letter, size)
        end = at + 5 + size
        if len(buffer) < end:
            return False
        with memoryview(buffer) as view:
            content = view[at + 5 : end].tobytes()
        self._take(letter, content)
        self._at = end
        return True

    def _check(self, letter: int, size: int) -> None:
        """Refuse a length that cannot be right, before its bytes have come."""
        if size < 0 and not self._count:
            raise self._wrong_protocol()
        if size < 0 or not (letter < 128 and chr(letter).isalnum()):
            raise malformed(f"expected the next message of PostgreSQL, got {bytes(self._buffer[self._at : self._at + 40])!r}")
        limit = self._limit(letter) if self._known else SHORT
        if size <= limit:
            return
        if not self._count:
            raise self._wrong_protocol()
        raise too_large(f"a message {chr(letter)} of PostgreSQL has {size} bytes, where {limit} are allowed")

    def _limit(self, letter: int) -> int:
        if letter in _DATA:
            return self._largest
        return LONG if letter in _LONG else MOST_TYPES if letter == 116 else SHORT  # t

    def _wrong_protocol(self) -> ExchangeError:
        from rrcli.codec.recognise import recognise

        found = recognise(bytes(self._buffer[self._at : self._at + 512]))
        return ExchangeError("protocol", "wrong_protocol", f"expected PostgreSQL, got {found.what}", hint=found.hint)

    def _old_error(self) -> bool:
        """An error as protocol 2 had it, a text alone: what a server says that cannot even start a process for us."""
        begin = self._at + 1
        end = self._buffer.find(b"\0", begin, begin + OLD_ERROR)
        line = self._buffer.find(b"\r", begin, begin + OLD_ERROR if end < 0 else end)
        if line >= 0 or (end < 0 and len(self._buffer) >= begin + OLD_ERROR):
            raise self._wrong_protocol()
        if end < 0:
            return False
        message = self._buffer[begin:end].decode("utf-8", "backslashreplace").rstrip("\n")
        self._count += 1
        self._done.append(ErrorResponse(severity="FATAL", message=message))
        self._at = end + 1
        return True

    def _take(self, letter: int, content: bytes) -> None:
        reader = READERS.get(letter)
        message = reader(content) if reader else self._unknown(letter, content)
        if not self._ready:
            self._count += 1
            if self._count > MOST_BEFORE_READY:
                raise too_large(f"the server sent more than {MOST_BEFORE_READY} messages and is not ready yet")
            if letter == 82 and isinstance(message, Authentication) and message.kind == "ok":
                self._known = True
            self._ready = letter == 90
        self._done.append(message)

    def _unknown(self, letter: int, content: bytes) -> Unknown:
        message = f"the server sent a message of type {chr(letter)!r} with {len(content)} bytes, which is not known and was passed over"
        if not self.notes:
            self.notes.append(Note(code="unknown-message", message=message))
        return Unknown(letter=chr(letter), size=len(content))


class Settings:
    """The parameters that the server reports, as they are now. Raises `too_large` for more names than a server has."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def take(self, status: ParameterStatus) -> None:
        if status.name not in self.values and len(self.values) >= MOST_SETTINGS:
            raise too_large(f"the server reports more than {MOST_SETTINGS} parameters")
        self.values[status.name] = status.value


def encryption_answer(data: bytes, request: str = "TLS") -> str | None:
    """What the answer to SSLRequest (`request` TLS) or GSSENCRequest (GSSAPI) says: `yes`, `no`, `error`, or `None` for no byte yet.

    An `error` is an ErrorResponse that begins here: for the decoder, though nobody has vouched for its text. Raises
    `malformed` where more came than the one byte, which somebody on the way may have put in (CVE-2021-23222), and `wrong_protocol`.
    """
    if not data:
        return None
    yes = b"S" if request == "TLS" else b"G"
    if data[:1] == b"E":
        return "error"
    if data[:1] not in (yes, b"N") or (len(data) > 1 and data[1:2].isalnum()):
        from rrcli.codec.recognise import recognise

        found = recognise(data)
        raise ExchangeError("protocol", "wrong_protocol", f"expected PostgreSQL's answer on {request}, got {found.what}", hint=found.hint)
    if len(data) > 1:
        raise malformed(f"the server sent more than its answer on {request} before that began", "somebody on the way may have put it in")
    return "yes" if data[:1] == yes else "no"
