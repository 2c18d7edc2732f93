"""The NATS client protocol: bytes of a server to operations, and a client's operations to bytes.

    decoder = Decoder()
    for operation in decoder.feed(received): ...     # Info, Msg, Ok, Err, Ping, Pong
    send(connect({"verbose": False, …}).data + PING)
    send(publish("a.b", b"hello", reply_to=inbox()))

Every operation is a line of words, whose case does not matter; MSG and HMSG are followed by as many bytes as they say. Nothing here
touches a socket. What the user gives is checked before it is written: a subject, header or name cannot bring a second line.

Specification: https://docs.nats.io/reference/reference-protocols/nats-protocol, headers by ADR-4 of nats-architecture-and-design.
"""

from __future__ import annotations

from os import urandom

from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.base.jsontext import dumps, loads
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rrcli.model.values import Fields

MAX_LINE = 64 << 10  # bytes of a line
MAX_INFO = 1 << 20  # bytes of an INFO, which lists a cluster's servers
MAX_HEADERS = 64 << 10  # bytes of a message's headers
MOST_IDLE = 10_000  # operations in a row without a message among them
PING, PONG = b"PING\r\n", b"PONG\r\n"
SECRETS = ("pass", "auth_token", "jwt", "sig")  # of CONNECT; a public nkey is none
_VERSION = b"NATS/1.0"
_FIRST = frozenset(b"IiMmHh+-Pp")  # bytes that an operation of a server begins with
_QUOTED = 40  # bytes of the peer's data that a message shows at most
_MOST_DIGITS = 10  # of a length


class Info(Record):
    """What the server tells of itself: first of all, and again when something of it changes."""

    values: dict[str, Any]
    text: str  # the JSON as it came


class Msg(Record):
    """A message of a subscription. `status` and `description` are those of its headers' first line, as 503 for no responders."""

    subject: str
    sid: int
    payload: bytes
    reply_to: str | None = None
    headers: Fields = ()
    status: int | None = None
    description: str = ""


class Ok(Record):
    """The server took an operation; said to verbose clients only."""


class Err(Record):
    """The server refuses something; `text` is without its quotes."""

    text: str


class Ping(Record):
    """The server wants a PONG."""


class Pong(Record):
    """The answer to our PING: all that was said before it has been taken."""


Operation = Info | Msg | Ok | Err | Ping | Pong
_PLAIN: dict[bytes, Operation] = {b"PING": Ping(), b"PONG": Pong(), b"+OK": Ok()}


class Decoder:
    """Reads what a server says. A message, with its headers, is at most `max_size` bytes.

    A failure leaves it useless; `salvaged` then holds the operations that the failed `feed` had read before.
    """

    def __init__(self, max_size: int = 64 << 20) -> None:
        self.salvaged: list[Operation] = []
        self._largest = max_size
        self._buffer = bytearray()
        self._scanned = 0  # bytes of it that hold no end of a line
        self._message: tuple[str, int, str | None, int, int] | None = None  # whose bytes are to come: the last are its lengths
        self._began = False
        self._idle = 0
        self._failure: ExchangeError | None = None

    def feed(self, data: bytes) -> list[Operation]:
        """The operations that `data` completes. Raises `ExchangeError`: malformed, too_large, and wrong_protocol for the first."""
        if self._failure:
            self.salvaged = []
            raise self._failure
        self._buffer += data
        found: list[Operation] = []
        at = 0
        try:
            while True:
                operation, end = self._message_at(at) if self._message else self._line_at(at)
                if end == at:
                    break
                at = end
                if operation:
                    self._count(operation)
                    found.append(operation)
        except ExchangeError as error:
            self.salvaged, self._failure = found, error
            raise
        del self._buffer[:at]
        return found

    @property
    def pending(self) -> bool:
        """Bytes of an operation have come, and not all of it."""
        return bool(self._buffer) or self._message is not None

    def eof(self) -> None:
        """The peer's stream ended. Raises `truncated` when that was within an operation."""
        if self.pending:
            raise ExchangeError("protocol", "truncated", "the connection ended within an operation of NATS")

    def _count(self, operation: Operation) -> None:
        self._idle = 0 if isinstance(operation, Msg) else self._idle + 1
        if self._idle > MOST_IDLE:
            raise too_large(f"more than {MOST_IDLE} operations in a row, and no message")

    def _line_at(self, at: int) -> tuple[Operation | None, int]:
        """The operation of the line at `at`, and where it ends: at `at` when it has not all come."""
        buffer = self._buffer
        if at == len(buffer):
            self._scanned = 0
            return None, at
        if buffer[at] not in _FIRST:
            raise self._unexpected(bytes(buffer[at : at + _QUOTED + 1]))
        end = buffer.find(b"\n", at + self._scanned)
        size = (len(buffer) if end < 0 else end) - at
        limit = MAX_INFO if buffer[at : at + 4].upper() == b"INFO" else MAX_LINE
        if size > limit:
            raise too_large(f"a line of NATS is longer than {limit} bytes: {_quote(buffer[at : at + _QUOTED + 1])}")
        if end < 0:
            self._scanned = size
            return None, at
        self._scanned = 0
        line = bytes(buffer[at:end]).removesuffix(b"\r")
        operation = self._read(line)
        self._began = True
        return operation, end + 1

    def _unexpected(self, what: bytes) -> ExchangeError:
        if self._began:
            return malformed(f"expected an operation of NATS, got {_quote(what)}")
        return ExchangeError("protocol", "wrong_protocol", f"expected INFO of a NATS server, got {_quote(what)}")

    def _read(self, line: bytes) -> Operation | None:
        """What a line says; none for that of a message, whose bytes follow."""
        word, _, rest = line.replace(b"\t", b" ", 1).partition(b" ")
        name = word.upper()
        if name == b"INFO":
            return _info(rest)
        if name in (b"MSG", b"HMSG"):
            self._message = self._announced(name, line)
            return None
        if name == b"-ERR":
            return Err(text=rest.strip(b" '").decode("utf-8", "replace"))
        if name not in _PLAIN:
            raise self._unexpected(line[: _QUOTED + 1])
        return _PLAIN[name]

    def _announced(self, name: bytes, line: bytes) -> tuple[str, int, str | None, int, int]:
        """The parts of `MSG subject sid [reply-to] bytes` and `HMSG subject sid [reply-to] header-bytes bytes`."""
        words = line.split()[1:]
        lengths = 2 if name == b"HMSG" else 1
        numbers = words[1:2] + words[-lengths:]
        if len(words) not in (lengths + 2, lengths + 3) or not all(word.isdigit() and len(word) <= _MOST_DIGITS for word in numbers):
            raise malformed(f"expected {name.decode()} with subject, number and length, got {_quote(line)}")
        total = int(words[-1])
        headers = int(words[-2]) if lengths == 2 else 0
        if headers > total:
            raise malformed(f"the headers of a message have {headers} bytes, the whole of it {total}")
        if total > self._largest:
            raise too_large(f"a message of {total} bytes is larger than --max-size", "--max-size takes more")
        if headers > MAX_HEADERS:
            raise too_large(f"the headers of a message have {headers} bytes, where {MAX_HEADERS} are allowed")
        reply_to = _text(words[2]) if len(words) == lengths + 3 else None
        return _text(words[0]), int(words[1]), reply_to, headers if lengths == 2 else -1, total

    def _message_at(self, at: int) -> tuple[Msg | None, int]:
        """The message whose bytes begin at `at`, and where it ends: at `at` when it has not all come."""
        assert self._message
        subject, sid, reply_to, headers, total = self._message
        end = at + total
        if len(self._buffer) < end + 2:
            return None, at
        if self._buffer[end : end + 2] != b"\r\n":
            raise malformed(f"expected CRLF after the {total} bytes of a message, got {_quote(self._buffer[end : end + 2])}")
        split = at + max(headers, 0)
        with memoryview(self._buffer) as view:
            block, payload = view[at:split].tobytes(), view[split:end].tobytes()
        self._message = None
        message = Msg(subject=subject, sid=sid, payload=payload, reply_to=reply_to)
        return (message if headers < 0 else message.replace(**_headers(block))), end + 2


def _info(text: bytes) -> Info:
    try:
        value = loads(text.decode())
    except ValueError as error:
        raise malformed(f"the server's INFO is no JSON: {str(error)[:80]}") from error
    if not isinstance(value, dict):
        raise malformed("the server's INFO is no JSON object")
    return Info(values=value, text=text.decode().strip())


def _headers(block: bytes) -> dict[str, Any]:
    """The headers of a message, as nats.go reads them: names and values as they came, without white space around a value."""
    first, *lines = block.split(b"\r\n")
    if lines[-2:] != [b"", b""] or not first.startswith(_VERSION):
        raise malformed(f"the headers of a message do not begin with {_VERSION.decode()} and end with an empty line: {_quote(block)}")
    code, _, description = first[len(_VERSION) :].strip().partition(b" ")
    if code and not (code.isdigit() and len(code) == 3):
        raise malformed(f"the status of a message is no number of three digits: {_quote(first)}")
    found = []
    for line in lines[:-2]:
        name, colon, value = line.partition(b":")
        if not colon or not name:
            raise malformed(f"a header of a message has no name: {_quote(line)}")
        found.append((_text(name), _text(value.strip(b" \t"))))
    return {"headers": tuple(found), "status": int(code) if code else None, "description": description.strip().decode("utf-8", "replace")}


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


def _quote(data: bytes | bytearray) -> str:
    """The start of what came, with everything unprintable escaped."""
    return repr(bytes(data[:_QUOTED]))[1:] + ("…" if len(data) > _QUOTED else "")


# --- what a client says


class Written(Record):
    """Bytes to be sent, and where in them secrets stand."""

    data: bytes
    secrets: tuple[tuple[int, int], ...] = ()


def connect(options: Mapping[str, Any]) -> Written:
    """CONNECT with these options, as JSON; the values of `SECRETS` are marked, their quotes left out."""
    line = bytearray(b"CONNECT {")
    spans = []
    for name, value in options.items():
        line += f"{', ' if len(line) > len(b'CONNECT {') else ''}{dumps(name)}: ".encode()
        written = dumps(value).encode()
        if name in SECRETS and len(written) > 2:
            spans.append((len(line) + 1, len(line) + len(written) - 1))
        line += written
    return Written(data=bytes(line) + b"}\r\n", secrets=tuple(spans))


def publish(subject: str, payload: bytes, *, reply_to: str | None = None, headers: Fields = (), max_payload: int | None = None) -> bytes:
    """PUB, or HPUB with headers. Raises `usage` for what NATS does not take, and more than `max_payload` bytes (INFO has it)."""
    words = [check_subject(subject)]
    if reply_to is not None:
        words.append(check_subject(reply_to))
    block = _header_block(headers) if headers else b""
    total = len(block) + len(payload)
    if max_payload is not None and total > max_payload:
        raise usage(
            f"the message has {total} bytes, and this server takes {max_payload}", "INFO's max_payload; the server can be configured"
        )
    lengths = [str(len(block)), str(total)] if headers else [str(total)]
    return b"%s %s\r\n%s%s\r\n" % (b"HPUB" if headers else b"PUB", " ".join(words + lengths).encode(), block, payload)


def subscribe(subject: str, sid: int, *, queue: str | None = None) -> bytes:
    """SUB; of the subscribers of one `queue` a message goes to one. Raises `usage`."""
    words = [check_subject(subject, wildcards=True)]
    if queue is not None:
        words.append(_check_word(queue, "queue group"))
    return f"SUB {' '.join(words)} {sid}\r\n".encode()


def unsubscribe(sid: int, *, after: int | None = None) -> bytes:
    """UNSUB, at once or when `after` messages have come in all."""
    return f"UNSUB {sid}{'' if after is None else f' {after}'}\r\n".encode()


def inbox(prefix: str = "_INBOX") -> str:
    """A subject for replies that nobody else has. Raises `usage` for a prefix that is no subject."""
    return f"{check_subject(prefix)}.{urandom(11).hex()}"


def check_subject(subject: str, *, wildcards: bool = False) -> str:
    """The subject. Raises `usage` where it is none: a server would take some of these and deliver to nobody."""
    _check_word(subject, "subject")
    tokens = subject.split(".")
    if "" in tokens:
        raise usage(f"the subject {subject[:60]!r} has an empty token", "tokens stand between single dots, as in orders.new")
    if not wildcards and ("*" in tokens or ">" in tokens):
        raise usage(f"the subject {subject[:60]!r} has a wildcard, and a message goes to one subject")
    if ">" in tokens[:-1]:
        raise usage(f"the subject {subject[:60]!r} goes on behind >, which stands for all that follows")
    return subject


def _check_word(word: str, what: str) -> str:
    if not word:
        raise usage(f"the {what} is empty")
    if any(letter <= " " or letter == "\x7f" for letter in word):
        raise usage(f"the {what} {word[:60]!r} has a space or a control character in it")
    _check_utf8(word, what)
    return word


def _check_utf8(text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise usage(f"the {what} {text[:60]!r} has letters without UTF-8") from None


def _header_block(headers: Fields) -> bytes:
    for name, value in headers:
        if not name or not all("!" <= letter <= "~" and letter != ":" for letter in name):
            raise usage(f"the header name {name[:60]!r} is not of printable ASCII letters without colon")
        if any(letter in value for letter in "\r\n\0"):
            raise usage(f"the header {name} has CR, LF or NUL in its value")
        _check_utf8(value, f"value of the header {name}")
    return b"".join([_VERSION, b"\r\n", *(f"{name}: {value}\r\n".encode() for name, value in headers), b"\r\n"])
