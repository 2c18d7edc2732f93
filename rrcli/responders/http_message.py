"""HTTP/1.x as the responder speaks it: a request read from a connection, a response written to one (RFC 9112).

Reading is strict where two readers could disagree about where a request ends, and there the answer is 400. Writing decides the
framing: Content-Length when the length is known, else chunked, else (HTTP/1.0, or asked for) the end of the connection.
"""

from __future__ import annotations

import re
import time
from http import HTTPStatus

from rrcli.base.record import Record
from rrcli.responders.base import LimitExceeded, ServerConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Fields = tuple[tuple[str, str], ...]

LINE = 8 << 10  # bytes of a request line, of a field line, of a chunk's size line
FIELDS = 100  # lines in a field section
CONTENT = 8 << 20  # bytes of a request's content

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP/(\d)\.(\d)")
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # none of them may be in a field's value or a reason phrase
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Refusal(Exception):
    """The request cannot be answered as asked: becomes a problem document (RFC 9457) with `status`."""

    def __init__(self, status: int, detail: str, *fields: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fields = fields


class ServerRequest(Record):
    """A request, whole. `minor` is the x of HTTP/1.x; fields are in wire order and case."""

    method: str
    target: str
    minor: int
    fields: Fields
    content: bytes = b""
    trailers: Fields = ()

    def values(self, name: str) -> list[str]:
        """The values of the fields called `name` (lower case), in order."""
        return [value for field, value in self.fields if field.lower() == name]

    def words(self, name: str) -> list[str]:
        """The members of a comma-separated list field, in lower case (RFC 9110 section 5.6.1)."""
        return [word for value in self.values(name) for word in map(str.strip, value.lower().split(",")) if word]

    @property
    def persistent(self) -> bool:
        """Whether the client lets the connection go on after this exchange (RFC 9112 section 9.3)."""
        options = self.words("connection")
        return "close" not in options if self.minor else "keep-alive" in options


class ServerResponse(Record):
    """What to answer. `content` as an iterable is sent piece by piece, with `trailers` called after the last one."""

    status: int = 200
    reason: str | None = None
    fields: Fields = ()
    content: bytes | Iterable[bytes] = b""
    length: int | None = None  # of an iterable, when it is known
    trailers: Callable[[], Fields] | None = None
    interim: tuple[tuple[int, Fields], ...] = ()  # informational responses to send before
    close: bool = False  # end the content by closing the connection
    switches: Callable[[ServerConnection], None] | None = None  # of a 101: speaks the other protocol


# --- reading ---------------------------------------------------------------------------------------------


def read_request(connection: ServerConnection) -> ServerRequest:
    """The next request. Raises `Refusal` for one that is malformed or over a limit; the connection must be closed after that."""
    try:
        method, target, minor = read_start(connection)
        request = ServerRequest(method=method, target=target, minor=minor, fields=read_fields(connection))
        return read_content(connection, request)
    except TimeoutError:
        raise Refusal(408, "the rest of the request did not come") from None


def read_start(connection: ServerConnection) -> tuple[str, str, int]:
    """Method, target and minor version of the request line; an empty line before it is skipped (RFC 9112 section 2.2)."""
    opening = connection.peek()[:1]
    if opening and not TOKEN.match(opening) and opening not in b"\r\n":
        raise Refusal(400, "this is not HTTP")  # TLS, most often: such a client would wait for an answer before it sends a line
    line = read_line(connection, 414) or read_line(connection, 414)
    match = REQUEST_LINE.fullmatch(line)
    if not match:
        raise Refusal(400, "the request line is not METHOD TARGET HTTP/1.1")
    method, target, major, minor = match.groups()
    if major != b"1":
        raise Refusal(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    return method.decode(), text(target), min(int(minor), 1)


def read_line(connection: ServerConnection, status: int = 431) -> bytes:
    """A line without its end, which may be LF alone (RFC 9112 section 2.2). Raises `Refusal` with `status` when it is too long."""
    try:
        line = connection.read_line(LINE)
    except LimitExceeded:
        raise Refusal(status, f"a line is longer than {LINE} bytes") from None
    line = line[:-1].removesuffix(b"\r")
    if b"\r" in line or b"\0" in line:
        raise Refusal(400, "a line has a bare CR or a NUL in it")
    return line


def read_fields(connection: ServerConnection) -> Fields:
    """A field section, header or trailer, with the empty line that ends it (RFC 9112 section 5)."""
    fields: list[tuple[str, str]] = []
    while line := read_line(connection):
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.fullmatch(name):  # also obs-fold, and whitespace before the colon: section 5.1
            raise Refusal(400, "a field line is not NAME: VALUE")
        fields.append((name.decode(), text(value.strip(b" \t"))))
        if len(fields) > FIELDS:
            raise Refusal(431, f"more than {FIELDS} fields")
    return tuple(fields)


def read_content(connection: ServerConnection, request: ServerRequest) -> ServerRequest:
    """The request with its content (RFC 9112 section 6), after 100 Continue where the client waits for it."""
    if len(request.values("host")) != 1 and request.minor:
        raise Refusal(400, "HTTP/1.1 needs one Host field")
    lengths = {length.strip() for value in request.values("content-length") for length in value.split(",")}
    coded = bool(request.values("transfer-encoding"))
    if coded and (lengths or not request.minor):  # the two ends might disagree: section 6.1
        raise Refusal(400, "Transfer-Encoding together with Content-Length, or in HTTP/1.0")
    if coded and request.words("transfer-encoding") != ["chunked"]:
        raise Refusal(501, "the only transfer coding known here is chunked")
    if len(lengths) > 1:
        raise Refusal(400, "two different Content-Lengths")
    size = number(lengths.pop(), 10, "Content-Length") if lengths else 0
    if coded or size:
        agree(connection, request)
    if coded:
        content = read_chunks(connection)
        return request.replace(content=content, trailers=read_fields(connection))
    return request.replace(content=connection.read_exact(size))


def agree(connection: ServerConnection, request: ServerRequest) -> None:
    """Answer `Expect` (RFC 9110 section 10.1.1)."""
    expected = request.words("expect")
    if expected and expected != ["100-continue"]:
        raise Refusal(417, "the only expectation known here is 100-continue")
    if expected and request.minor:
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def read_chunks(connection: ServerConnection) -> bytes:
    """The chunks up to the last, empty one (RFC 9112 section 7.1); extensions are skipped."""
    content = bytearray()
    while size := number(text(read_chunk_line(connection).partition(b";")[0].rstrip(b" \t")), 16, "chunk size"):
        if size + len(content) > CONTENT:
            raise Refusal(413, f"the content is longer than {CONTENT} bytes")
        content += connection.read_exact(size)
        if read_chunk_line(connection):
            raise Refusal(400, "a chunk is longer than its size says")
    return bytes(content)


def read_chunk_line(connection: ServerConnection) -> bytes:
    """The line of a chunk's size, or the empty one after its data; here LF alone is no end."""
    try:
        line = connection.read_line(LINE)
    except LimitExceeded:
        raise Refusal(400, "a chunk's size line is too long") from None
    if not line.endswith(b"\r\n"):
        raise Refusal(400, "a chunk's line does not end in CRLF")
    return line[:-2]


def number(digits: str, base: int, what: str) -> int:
    """A size of at most `CONTENT`; digits alone, without the signs and underscores that `int` takes."""
    if not re.fullmatch("[0-9a-fA-F]+" if base == 16 else "[0-9]+", digits):
        raise Refusal(400, f"the {what} is not a number")
    if len(digits) > 16 or int(digits, base) > CONTENT:
        raise Refusal(413, f"the content is longer than {CONTENT} bytes")
    return int(digits, base)


def text(data: bytes) -> str:
    """UTF-8 where it is that, else Latin-1, which never fails."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


# --- writing ---------------------------------------------------------------------------------------------


def send_response(connection: ServerConnection, request: ServerRequest, response: ServerResponse) -> bool:
    """Send it, informational responses first; says whether the connection may go on."""
    if request.minor:  # HTTP/1.0 does not know 1xx: RFC 9110 section 15.2
        for status, fields in response.interim:
            connection.send(head(status, None, fields))
    if response.switches:
        connection.send(head(response.status, response.reason, (("Date", http_date(time.time())), ("Server", "rrcli"), *response.fields)))
        response.switches(connection)
        return False
    framing, chunked, ended_by_close = frame(request, response)
    persistent = request.persistent and not ended_by_close
    if not persistent:
        framing += (("Connection", "close"),)
    elif not request.minor:
        framing += (("Connection", "keep-alive"),)
    fields = (("Date", http_date(time.time())), ("Server", "rrcli"), *response.fields, *framing)
    start = head(response.status, response.reason, fields)
    if request.method == "HEAD" or response.status in (204, 304):
        connection.send(start)
    elif isinstance(response.content, bytes):
        connection.send(start + response.content)
    else:
        connection.send(start)
        send_pieces(connection, response, response.content, chunked)
    return persistent


def frame(request: ServerRequest, response: ServerResponse) -> tuple[Fields, bool, bool]:
    """The fields that tell where the content ends, whether it is chunked, and whether closing ends it (RFC 9112 section 6.3)."""
    if response.status in (204, 304):
        return (), False, False
    if response.close:
        return (), False, True
    length = len(response.content) if isinstance(response.content, bytes) else response.length
    if length is not None:
        return (("Content-Length", str(length)),), False, False
    if request.minor:
        return (("Transfer-Encoding", "chunked"),), True, False
    return (), False, True


def send_pieces(connection: ServerConnection, response: ServerResponse, pieces: Iterable[bytes], chunked: bool) -> None:
    for piece in pieces:
        if piece:  # an empty chunk would be the last
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        trailers = response.trailers() if response.trailers else ()
        connection.send(b"0\r\n" + field_lines(trailers) + b"\r\n")


def head(status: int, reason: str | None, fields: Iterable[tuple[str, str]]) -> bytes:
    """Status line and header section. Raises `ValueError` for text that would end its line (RFC 9110 section 5.5)."""
    reason = title(status) if reason is None else reason
    if CONTROLS.search(reason):
        raise ValueError("a control character in a reason phrase")
    return f"HTTP/1.1 {status} {reason}\r\n".encode() + field_lines(fields) + b"\r\n"


def field_lines(fields: Iterable[tuple[str, str]]) -> bytes:
    lines = []
    for name, value in fields:
        if CONTROLS.search(value):
            raise ValueError(f"a control character in {name}")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode()


def title(status: int) -> str:
    """The registered reason phrase, or nothing."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def http_date(seconds: float) -> str:
    """`Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), in any locale."""
    at = time.gmtime(seconds)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{DAYS[at.tm_wday]}, {at.tm_mday:02} {MONTHS[at.tm_mon - 1]} {at.tm_year} {clock} GMT"
