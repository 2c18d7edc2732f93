"""SMTP and LMTP of a client: the server's bytes to replies, commands to bytes (RFC 5321, 2033; pipelining RFC 2920).

    decoder = Decoder()
    for reply in decoder.feed(received): ...
    for group in grouped([mail("a@x.test"), rcpt("b@x.test"), DATA], pipelining=True):
        send(b"".join(command.data for command in group))     # and read as many replies

Nothing here touches a socket. What the user gives is checked before it is written: an address cannot bring a second command.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_REPLY = 64 << 10  # bytes of a reply
MAX_LINES = 1_000  # of a reply
_QUOTED = 40  # bytes of the peer's data that a message shows at most
# What may stand in a local part without quotes, beside letters and digits (RFC 5322 section 3.2.3).
_ATOM = frozenset("!#$%&'*+-/=?^_`{|}~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_LABEL = frozenset("-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_ENDS = {"\r": "CR", "\n": "LF", "\0": "NUL"}  # what a command could be ended by, and another begun
_NEVER = frozenset("<>\x7f") | frozenset(map(chr, range(32)))  # in an address, quoted or not


class Reply(Record):
    """What the server says to a command. `lines` are its texts, without the code; `enhanced` is the code of RFC 3463, as `5.1.1`."""

    code: int
    lines: tuple[str, ...]
    enhanced: str | None = None

    @property
    def ok(self) -> bool:
        return self.code < 400

    def written(self) -> list[str]:
        """The lines as they came, each behind the code."""
        marks = ["-"] * (len(self.lines) - 1) + [" "]
        return [f"{self.code}{mark}{line}" for mark, line in zip(marks, self.lines, strict=True)]

    @property
    def text(self) -> str:
        """The lines as one text, the enhanced code of each left out."""
        return "\n".join(line.removeprefix(self.enhanced).lstrip(" ") if self.enhanced else line for line in self.lines)


class Decoder:
    """Reads replies. A failure leaves it useless; `salvaged` then holds the replies that the failed `feed` had read before."""

    def __init__(self) -> None:
        self.salvaged: list[Reply] = []
        self._buffer = bytearray()  # of a line
        self._scanned = 0  # bytes of it that hold no end
        self._code = 0  # of a reply that is not whole
        self._lines: list[str] = []
        self._size = 0
        self._began = False
        self._failure: ExchangeError | None = None

    @property
    def pending(self) -> bool:
        """Whether bytes have come that are no whole reply: before TLS begins there must be none (CVE-2021-38371 and its like)."""
        return bool(self._buffer or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. Raises `ExchangeError`: malformed, too_large, and wrong_protocol for the first."""
        if self._failure:
            self.salvaged = []
            raise self._failure
        self._buffer += data
        found: list[Reply] = []
        at = 0
        try:
            while at < len(self._buffer):
                end = self._end_of_line(at)
                if end < 0:
                    break
                if reply := self._take(bytes(self._buffer[at:end])):
                    found.append(reply)
                at = end + 1
        except ExchangeError as error:
            self.salvaged, self._failure = found, error
            raise
        del self._buffer[:at]
        return found

    def eof(self) -> None:
        """The peer's stream ended. Raises `truncated` when that was within a reply."""
        if self.pending:
            raise ExchangeError("protocol", "truncated", "the connection ended within a reply of the mail server")

    def _end_of_line(self, at: int) -> int:
        """Where the line at `at` ends, or less than 0."""
        buffer = self._buffer
        if not 0x32 <= buffer[at] <= 0x35:  # 2 to 5: the first digit of every reply
            raise self._unexpected(buffer[at : at + _QUOTED + 1])
        end = buffer.find(b"\n", at + self._scanned)
        size = (len(buffer) if end < 0 else end) - at
        if self._size + size > MAX_REPLY:
            raise too_large(f"a reply of the mail server is longer than {MAX_REPLY} bytes")
        self._scanned = size if end < 0 else 0
        return end

    def _unexpected(self, came: bytes | bytearray) -> ExchangeError:
        if self._began or self._lines:
            return malformed(f"expected a reply of the mail server, got {_quote(came)}")
        return ExchangeError("protocol", "wrong_protocol", f"expected the greeting of a mail server, got {_quote(came)}")

    def _take(self, line: bytes) -> Reply | None:
        """Add a line; the reply that it ends (RFC 5321 section 4.2.1)."""
        line = line.removesuffix(b"\r")
        head, mark, text = line[:3], line[3:4], line[4:]
        if not (len(head) == 3 and head.isdigit() and mark in (b"", b" ", b"-")):
            raise self._unexpected(line[: _QUOTED + 1])
        code = int(head)
        if self._lines and code != self._code:
            raise malformed(f"a reply of the mail server begins with {self._code} and goes on with {_quote(line)}")
        self._began = True
        self._code = code
        self._lines.append(text.decode("utf-8", "surrogateescape"))
        self._size += len(line) + 2
        if len(self._lines) > MAX_LINES:
            raise too_large(f"a reply of the mail server has more than {MAX_LINES} lines")
        if mark == b"-":
            return None
        reply = Reply(code=code, lines=tuple(self._lines), enhanced=_enhanced(code, self._lines[0]))
        self._lines, self._size = [], 0
        return reply


def _enhanced(code: int, line: str) -> str | None:
    """The enhanced status code at the beginning of a line (RFC 2034 section 4); its class is the reply's."""
    word = line.partition(" ")[0]
    parts = word.split(".")
    if len(parts) != 3 or parts[0] != str(code // 100) or parts[0] == "3":
        return None
    return word if all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts[1:]) else None


def _quote(data: bytes | bytearray) -> str:
    """The start of what came, with everything unprintable escaped."""
    return repr(bytes(data[:_QUOTED]))[1:] + ("…" if len(data) > _QUOTED else "")


class Capabilities(Record):
    """What a server offers in its answer to EHLO or LHLO: keywords in capitals, each with its parameters."""

    keywords: dict[str, tuple[str, ...]]

    @property
    def size(self) -> int | None:
        """The most bytes of a message (RFC 1870); none where the server does not say, or says 0 for no limit."""
        value = self.keywords.get("SIZE", ("",))[:1]
        return int(value[0]) or None if value and value[0].isascii() and value[0].isdigit() and len(value[0]) <= 20 else None

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Of AUTH, in capitals."""
        return tuple(word.upper() for word in self.keywords.get("AUTH", ()))


def capabilities(reply: Reply) -> Capabilities:
    """Read the answer to EHLO (RFC 5321 section 4.1.1.1). `AUTH=LOGIN`, as old servers write it, is AUTH too."""
    keywords: dict[str, tuple[str, ...]] = {}
    for line in reply.lines[1:]:
        words = line.split()
        if not words:
            continue
        name, equals, more = words[0].upper().partition("=")
        parameters = [more] * bool(equals and more) + words[1:]
        keywords[name] = tuple(dict.fromkeys([*keywords.get(name, ()), *parameters]))
    return Capabilities(keywords=keywords)


def queued_as(reply: Reply) -> str | None:
    """What the server calls the message that it took, in the words of Postfix, Exim, Sendmail, OpenSMTPD, or as aiosmtpd's users do."""
    text = reply.text
    lower = text.lower()
    for mark in ("queued as ", "id="):
        if mark in lower:
            words = text[lower.index(mark) + len(mark) :].split()
            return words[0].rstrip(".;,)") or None if words else None
    first, _, rest = text.partition(" ")
    return first if rest.lower().startswith("message accepted") else None


# --- what a client says


class Command(Record):
    """A line to be sent. `secrets` are where in it secrets stand."""

    verb: str
    data: bytes
    secrets: tuple[tuple[int, int], ...] = ()


RSET, QUIT, NOOP, DATA = (Command(verb=verb, data=f"{verb}\r\n".encode()) for verb in ("RSET", "QUIT", "NOOP", "DATA"))
STARTTLS = Command(verb="STARTTLS", data=b"STARTTLS\r\n")
_GOES_ON = ("MAIL", "RCPT", "RSET")  # what others may follow in a group; all else has to be its last (RFC 2920 section 3.1)


def grouped(commands: Sequence[Command], *, pipelining: bool) -> Iterator[tuple[Command, ...]]:
    """The commands in groups that may be sent at once, one by one without pipelining. Each has a reply of its own."""
    group: list[Command] = []
    for command in commands:
        group.append(command)
        if not pipelining or command.verb not in _GOES_ON:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def hello(verb: str, name: str) -> Command:
    """EHLO, HELO or LHLO with our name, or an address in brackets. Raises `usage`."""
    if not name or not name.isascii() or any(letter <= " " or letter == "\x7f" for letter in name):
        raise usage(f"{name[:60]!r} is no name for {verb}", "a host name, or an address as in [192.0.2.1]")
    return Command(verb=verb, data=f"{verb} {name}\r\n".encode())


def mail(sender: str, *, size: int | None = None, eight_bit: bool = False, utf8: bool = False) -> Command:
    """MAIL; no sender is `<>`, which failure notices have. Parameters only as the server offers them. Raises `usage`."""
    address = check_address(sender) if sender else ""
    words = [f"MAIL FROM:<{address}>"]
    if size is not None:
        words.append(f"SIZE={size}")
    if eight_bit:
        words.append("BODY=8BITMIME")
    if utf8:
        words.append("SMTPUTF8")
    return Command(verb="MAIL", data=f"{' '.join(words)}\r\n".encode())


def rcpt(recipient: str, *, notify: Sequence[str] = ()) -> Command:
    """RCPT; `notify` is when the sender wants to hear of it: success, failure, delay, or never (RFC 3461 section 4.1). Raises `usage`."""
    words = [f"RCPT TO:<{check_address(recipient)}>"]
    if notify:
        wanted = [word.upper() for word in notify]
        if not {"SUCCESS", "FAILURE", "DELAY", "NEVER"}.issuperset(wanted) or ("NEVER" in wanted and len(wanted) > 1):
            raise usage(f"{','.join(notify)[:60]!r} is no notification", "success, failure, delay, or never alone")
        words.append(f"NOTIFY={','.join(wanted)}")
    return Command(verb="RCPT", data=f"{' '.join(words)}\r\n".encode())


def message(data: bytes) -> bytes:
    """The message as it follows a 354: lines end with CRLF alone, dots at their beginning are doubled, a single dot ends it.

    A CR or LF by itself would be the end of a line to one server and not to the next (which smuggling lives from), so it becomes CRLF.
    """
    whole = lines_by_crlf(data)
    stuffed = whole.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


def lines_by_crlf(data: bytes) -> bytes:
    """The same lines, each ended by CRLF, the last too."""
    whole = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return whole if not whole or whole.endswith(b"\r\n") else whole + b"\r\n"


def needs_utf8(*addresses: str) -> bool:
    """Whether the server has to offer SMTPUTF8 for these (RFC 6531)."""
    return not all(address.isascii() for address in addresses)


def check_address(address: str) -> str:
    """The address as a path has it (RFC 5321 section 4.1.2). Raises `usage` where it is none, or could bring more than an address.

    Without a domain it is a mailbox of the server's own, as `postmaster`.
    """
    if wrong := {letter for letter in address if letter in _NEVER}:
        name = next((name for letter, name in _ENDS.items() if letter in wrong), repr(min(wrong)))
        raise usage(f"the address {address[:60]!r} has {name} in it")
    try:
        address.encode()
    except UnicodeEncodeError:
        raise usage(f"the address {address[:60]!r} has letters without UTF-8") from None
    local, at, domain = address.rpartition("@") if _has_domain(address) else (address, "", "")
    if not _is_local(local) or (at and not _is_domain(domain)):
        raise usage(f"{address[:60]!r} is no address", "as in ann@example.com; a local part with spaces stands in quotes")
    return address


def _has_domain(address: str) -> bool:
    """Whether an @ stands outside the quotes."""
    return "@" in (address[address.rfind('"') :] if address.startswith('"') else address)


def _is_local(local: str) -> bool:
    """A dot-atom or a quoted string; letters beyond ASCII as RFC 6531 section 3.3 has them."""
    if len(local) > 2 and local[0] == local[-1] == '"':
        inner = local[1:-1].replace("\\\\", "").replace('\\"', "")
        return '"' not in inner and not inner.endswith("\\")
    return all(atom and all(letter in _ATOM or letter > "\x9f" for letter in atom) for atom in local.split("."))


def _is_domain(domain: str) -> bool:
    if domain.startswith("[") and domain.endswith("]"):
        inner = domain[1:-1]
        return bool(inner) and inner.isascii() and not set(inner) & set("[]\\ ")
    return all(label and all(letter in _LABEL or letter > "\x9f" for letter in label) for label in domain.split("."))
