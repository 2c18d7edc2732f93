"""What the head of an HTTP/1 response says: its status line, its fields, and where the answer ends (RFC 9112 sections 4 to 6).

Pure functions of whole lines, for `h1.py`. `note(code, message)` is told what was accepted though suspicious; what cannot
be accepted is raised as `ExchangeError`, layer protocol. Messages show at most 40 bytes of what came, unprintable ones escaped.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed
from rrcli.base.fields import all_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rrcli.model.values import Fields

    NoteTaker = Callable[[str, str], None]

    # What tells the end of the body, the length of one that is counted, and the transfer codings under the chunks.
    Framing = tuple[str, int, tuple[str, ...]]

_QUOTED = 40
_BLANK = b" \t"
_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONTROLS = bytes(octet for octet in (*range(32), 127) if octet != 9)
_FRAMING = (b"content-length", b"transfer-encoding")
_AFTER = " \t\r\x0b\x0c"  # what curl takes for white space behind a value
_DECODED = ("gzip", "x-gzip", "deflate", "br", "zstd")  # transfer codings that are undone as content codings are


def quote(data: bytes) -> str:
    """The start of what came, safe to print."""
    return repr(data[:_QUOTED])[1:] + ("…" if len(data) > _QUOTED else "")


def is_token(data: bytes) -> bool:
    """Whether `data` is a token (RFC 9110 section 5.6.2)."""
    return bool(data) and not data.translate(None, _TOKEN)


def parse_status_line(line: bytes, note: NoteTaker) -> tuple[str, int, str]:
    """Version (`HTTP/1.1`), code and reason of a line that starts with `HTTP/` in any case (RFC 9112 section 4)."""
    word = line.partition(b" ")[0]  # a tab does not end the version, though it may end the code: as curl has it
    version = word.upper()
    if version not in (b"HTTP/1.0", b"HTTP/1.1"):
        version = _other_version(word, line)
        note("odd-version", f"the answer starts with {quote(word)}; it is read as {version.decode()}")
    elif word != version:
        # curl takes such an answer for an HTTP/1.0 200 whatever it says, which helps nobody
        note("lowercase-http", f"the answer starts with {quote(word)}; the name of the protocol is upper case")
    rest = line[len(word) :]
    after = rest.lstrip(_BLANK)
    digits, tail = after[:3], after[3:]
    if len(digits) < 3 or not digits.isdigit() or tail[:1].isdigit() or digits < b"100":
        raise malformed(f"expected a status code from 100 to 999, got {quote(line)}")
    if digits > b"599":
        note("odd-status-code", f"the status code {digits.decode()} is outside of 100 to 599 (RFC 9110 section 15)")
    if not tail:
        note("missing-reason", "the status line ends with the code: the space after it is missing (RFC 9112 section 4)")
    if rest[: -len(after)] != b" " or tail[:1] not in (b"", b" "):
        note("odd-status-line", f"the parts of the status line are not separated by one space each: {quote(line)}")
    _check_controls(tail, "the reason", note)
    return version.decode(), int(digits), tail.strip(_BLANK).decode("utf-8", "surrogateescape")


def _other_version(word: bytes, line: bytes) -> bytes:
    """The version to read an answer in that is in none of ours, where curl reads it. Raises `unsupported` or `malformed`."""
    number = word[5:]
    if number in (b"2", b"2.0"):  # of a proxy that wrote down the status of an HTTP/2 answer in the syntax of HTTP/1
        return b"HTTP/1.1"
    if number.replace(b".", b"").isdigit() and number[:1].isdigit():
        raise ExchangeError("protocol", "unsupported", f"the answer is in {quote(word)}; this connection speaks HTTP/1.0 and HTTP/1.1")
    if not number or number[:1].isdigit():
        raise malformed(f"expected a status line, got {quote(line)}")
    return b"HTTP/1.0"  # curl takes it for a 200 whatever it says; what it says is told here


def parse_fields(lines: list[bytes], note: NoteTaker) -> Fields:
    """The fields of a head or of trailers, their order and case kept, as UTF-8 whose other bytes are surrogates: both ways exact."""
    whole: list[bytes] = []
    for line in lines:
        if line[0] not in _BLANK:
            whole.append(line)
        elif whole:
            if b":" not in whole[-1]:
                break  # which is refused below, whatever the line it goes on in
            note("obs-fold", "a field goes on in the next line, which is obsolete (RFC 9112 section 5.2)")
            whole[-1] += b" " + line.lstrip(_BLANK)
        else:
            raise malformed(f"the first field starts with white space: {quote(line)}")
    return tuple([_parse_field(line, note) for line in whole])


def _parse_field(line: bytes, note: NoteTaker) -> tuple[str, str]:
    before, colon, value = line.partition(b":")
    if not colon:
        raise malformed(f"a field has no colon: {quote(line)}")
    if b"\r" in before:
        raise malformed(f"a field name has a lone CR: {quote(before)}")
    name = before.rstrip(_BLANK)
    if name != before:
        note("space-before-colon", f"white space before the colon of {quote(name)} (RFC 9112 section 5.1)")
    if not is_token(name):
        note("odd-field-name", f"the field name {quote(name)} is not a token (RFC 9110 section 5.1)")
    _check_controls(value, f"the value of {quote(name)}", note)
    return name.decode("utf-8", "surrogateescape"), value.strip(_BLANK).decode("utf-8", "surrogateescape")


def _check_controls(data: bytes, what: str, note: NoteTaker) -> None:
    if len(data.translate(None, _CONTROLS)) != len(data):
        note("control-character", f"{what} has control characters (RFC 9110 section 5.5)")


def framing_fields(lines: list[bytes], note: NoteTaker) -> list[tuple[str, str]]:
    """Content-Length and Transfer-Encoding, their names in lower case, as curl takes them.

    That is not at all with white space before the colon, and without what stands in a folded line: others take them
    otherwise, so an answer with such a field ends at two places, of which a proxy may have chosen the other one.
    """
    told = []
    for at, line in enumerate(lines):
        before, _, value = line.partition(b":")
        name = before.strip(_BLANK).lower()
        if name not in _FRAMING or line[0] in _BLANK:
            continue
        if len(name) != len(before):
            note("framing-not-read", f"{quote(before)} has white space before its colon: what it says of the length is not read")
            continue
        if at + 1 < len(lines) and lines[at + 1][0] in _BLANK:
            note("framing-not-read", f"{quote(before)} goes on in the next line, which is not read for the length")
        told.append((name.decode(), value.decode("latin-1")))
    return told


def delimit(method: str, status: tuple[str, int, str], fields: Fields, told: list[tuple[str, str]], note: NoteTaker) -> Framing:
    """How the body of a response with this head ends; `told` are its `framing_fields` (RFC 9112 section 6.3)."""
    version, code, _ = status
    lengths, codings = _members(told, "content-length"), _members(told, "transfer-encoding")
    if code == 101:
        return "upgrade", 0, ()
    tunnel = method == "CONNECT" and code < 300
    if (tunnel or code == 204) and (codings or any(length.strip("0") for length in lengths)):
        note("body-not-allowed", f"a {code} announces a body, which it cannot have (RFC 9110 section {'9.3.6' if tunnel else '15.3.5'})")
    if tunnel or code in (204, 304):
        return "none", 0, ()
    length = _parse_length(
        [value for name, value in told if name == "content-length"], note
    )  # wrong ones are refused as curl does: after HEAD, and beside a Transfer-Encoding too
    if method == "HEAD":
        return "none", 0, ()
    if codings and length is not None:
        note("content-length-with-transfer-encoding", "Transfer-Encoding overrides Content-Length (RFC 9112 section 6.3)")
    chunked, coded = _parse_codings(codings, note)
    if chunked:
        if version == "HTTP/1.0":
            note("transfer-encoding-in-1.0", "Transfer-Encoding in an HTTP/1.0 answer (RFC 9112 section 6.1)")
        return "chunked", 0, coded
    if length is not None and not codings:
        return "content-length", length, ()
    if version == "HTTP/1.1" and "close" not in _members(fields, "connection"):
        note("no-length", "nothing tells where the answer ends but the peer's closing, which it did not announce")
    return "close", 0, coded


def _members(fields: Iterable[tuple[str, str]], name: str) -> list[str]:
    """The members of all lists in fields called `name`, in lower case, empty ones included (RFC 9110 section 5.6.1)."""
    values = all_of(fields, name)
    return [member.lstrip(" \t").rstrip(_AFTER).lower() for value in values for member in value.split(",")]


def _parse_length(values: list[str], note: NoteTaker) -> int | None:
    """The length that all members agree on; `None` also for one that is too large, which curl leaves out.

    Of several fields curl 7 takes the last one.
    """
    numbers = set()
    members = [(at, member.lstrip(" \t").rstrip(_AFTER)) for value in values for at, member in enumerate(value.split(","))]
    for at, member in members:
        unsigned = member.removeprefix("+")
        digits = unsigned[: len(unsigned) - len(unsigned.lstrip("0123456789"))]
        if not digits and (member or not at):
            raise malformed(f"Content-Length is not a number: {member[:_QUOTED]!r}")
        if unsigned != member:
            note("signed-length", f"Content-Length has a sign: {member[:_QUOTED]!r} (RFC 9110 section 8.6)")
        if digits != unsigned or not digits:
            note(
                "odd-length",
                f"Content-Length is not a number alone: {', '.join(values).strip(_AFTER)[:_QUOTED]!r}; the digits in front are read",
            )
        if digits:
            numbers.add(_number(digits, note))
    if len(numbers) > 1:
        said = " and ".join(str(number) for number in sorted(numbers, key=lambda number: -1 if number is None else number))
        raise malformed(f"Content-Length says {said.replace('None', 'over 63 bits')}")
    if len(members) > 1:
        note("duplicate-content-length", "Content-Length is repeated with the same value (RFC 9110 section 8.6)")
    return numbers.pop() if numbers else None


def _number(digits: str, note: NoteTaker) -> int | None:
    """What these digits say, if that is under 2**63."""
    significant = digits.lstrip("0") or "0"
    if len(significant) > 19 or int(significant) >= 2**63:  # the length first: Python converts no more than 4300 digits
        note("huge-length", f"Content-Length is over 63 bits: {digits[:_QUOTED]!r}; the answer is read until the peer closes")
        return None
    return int(significant)


def _parse_codings(members: list[str], note: NoteTaker) -> tuple[bool, tuple[str, ...]]:
    """Whether the body is chunked, and the codings under that in the order in which they were applied.

    Without chunks the end of the body is the peer's closing, even beside a Content-Length (RFC 9112 section 6.3).
    """
    codings = [member for member in members if member not in ("", "identity", "none")]  # both names of nothing to curl
    if len(codings) < len(members) and "chunked" in codings and members[-1] != "chunked" and members[-1]:
        note("odd-transfer-encoding", f"Transfer-Encoding lists {members[-1]} after chunked, which has to be last (RFC 9112 section 6.1)")
    elif "none" in members:
        note("odd-transfer-encoding", "Transfer-Encoding says none, which is no transfer coding; it is read as no coding")
    coded = tuple([coding for coding in codings if coding != "chunked"])
    chunked = codings.count("chunked")
    for coding in coded:
        if coding not in _DECODED or "chunked" in codings[: codings.index(coding)]:
            message = f"the body has the transfer coding {coding[:_QUOTED]!r}, which was not asked for"
            raise ExchangeError("protocol", "unsupported", message)
        note("unasked-transfer-coding", f"the body has the transfer coding {coding}, which was not asked for; it is shown decoded")
    if chunked > 1:
        note("repeated-chunked", "Transfer-Encoding lists chunked twice; it is decoded once (RFC 9112 section 6.1)")
    return bool(chunked), coded
