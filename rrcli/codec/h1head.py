"""What the head of an HTTP/1 response says: its status line, its fields, and where the answer ends (RFC 9112 sections 4 to 6).

Pure functions of whole lines, for `h1.py`. `note(code, message)` is told what was accepted though suspicious; what cannot
be accepted is raised as `ExchangeError`, layer protocol. Messages show at most 40 bytes of what came, unprintable ones escaped.
"""

from __future__ import annotations

from rrcli.errors import ExchangeError, malformed, too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.model import Fields

    NoteTaker = Callable[[str, str], None]

_QUOTED = 40
_BLANK = b" \t"
_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONTROLS = bytes(octet for octet in (*range(32), 127) if octet != 9)
_FRAMING = (b"content-length", b"transfer-encoding")


def quote(data: bytes) -> str:
    """The start of what came, safe to print."""
    return repr(data[:_QUOTED])[1:] + ("…" if len(data) > _QUOTED else "")


def is_token(data: bytes) -> bool:
    """Whether `data` is a token (RFC 9110 section 5.6.2)."""
    return bool(data) and not data.translate(None, _TOKEN)


def parse_status_line(line: bytes, note: NoteTaker) -> tuple[str, int, str]:
    """Version (`HTTP/1.1`), code and reason of a line that starts with `HTTP/` in any case (RFC 9112 section 4)."""
    word = line.replace(b"\t", b" ").partition(b" ")[0]
    version = word.upper()
    if version not in (b"HTTP/1.0", b"HTTP/1.1"):
        if version[5:].replace(b".", b"").isdigit():
            raise ExchangeError("protocol", "unsupported", f"the answer is in {quote(word)}; this connection speaks HTTP/1.0 and HTTP/1.1")
        raise malformed(f"expected a status line, got {quote(line)}")
    if word != version:
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


def parse_fields(lines: list[bytes], note: NoteTaker) -> Fields:
    """The fields of a head or of trailers, their order and case kept, as UTF-8 whose other bytes are surrogates: both ways exact."""
    whole: list[bytes] = []
    for line in lines:
        if line[0] not in _BLANK:
            whole.append(line)
        elif whole:
            note("obs-fold", "a field goes on in the next line, which is obsolete (RFC 9112 section 5.2)")
            whole[-1] += b" " + line.lstrip(_BLANK)
        else:
            raise malformed(f"the first field starts with white space: {quote(line)}")
    return tuple([_parse_field(line, note) for line in whole])


def _parse_field(line: bytes, note: NoteTaker) -> tuple[str, str]:
    before, colon, value = line.partition(b":")
    if not colon:
        raise malformed(f"a field has no colon: {quote(line)}")
    name = before.rstrip(_BLANK)
    if name != before:
        # curl skips the field then, a proxy has to mend it (RFC 9112 section 5.1): two ends of one answer
        if name.lower() in _FRAMING:
            raise malformed(f"white space before the colon of a field that tells the length: {quote(line)}")
        note("space-before-colon", f"white space before the colon of {quote(name)} (RFC 9112 section 5.1)")
    if not is_token(name):
        note("odd-field-name", f"the field name {quote(name)} is not a token (RFC 9110 section 5.1)")
    _check_controls(value, f"the value of {quote(name)}", note)
    return name.decode("utf-8", "surrogateescape"), value.strip(_BLANK).decode("utf-8", "surrogateescape")


def _check_controls(data: bytes, what: str, note: NoteTaker) -> None:
    if len(data.translate(None, _CONTROLS)) != len(data):
        note("control-character", f"{what} has control characters (RFC 9110 section 5.5)")


def delimit(method: str, status: tuple[str, int, str], fields: Fields, note: NoteTaker) -> tuple[str, int]:
    """The framing of a response with this head, and the length of a body that is counted (RFC 9112 section 6.3)."""
    version, code, _ = status
    lengths, codings = _members(fields, "content-length"), _members(fields, "transfer-encoding")
    if code == 101:
        return "upgrade", 0
    tunnel = method == "CONNECT" and code < 300
    if (tunnel or code == 204) and (codings or any(length.strip("0") for length in lengths)):
        note("body-not-allowed", f"a {code} announces a body, which it cannot have (RFC 9110 section {'9.3.6' if tunnel else '15.3.5'})")
    if tunnel or code in (204, 304):
        return "none", 0
    length = _parse_length(lengths, note)  # wrong ones are refused as curl does: after HEAD, and beside a Transfer-Encoding too
    if method == "HEAD":
        return "none", 0
    if codings and length is not None:
        note("content-length-with-transfer-encoding", "Transfer-Encoding overrides Content-Length (RFC 9112 section 6.3)")
    if codings and _is_chunked(codings, note):
        if version == "HTTP/1.0":
            note("transfer-encoding-in-1.0", "Transfer-Encoding in an HTTP/1.0 answer (RFC 9112 section 6.1)")
        return "chunked", 0
    if length is not None and not codings:
        return "content-length", length
    if version == "HTTP/1.1" and "close" not in _members(fields, "connection"):
        note("no-length", "nothing tells where the answer ends but the peer's closing, which it did not announce")
    return "close", 0


def _members(fields: Fields, name: str) -> list[str]:
    """The members of all lists in fields called `name`, in lower case, empty ones included (RFC 9110 section 5.6.1)."""
    return [member.strip(" \t").lower() for key, value in fields if key.lower() == name for member in value.split(",")]


def _parse_length(members: list[str], note: NoteTaker) -> int | None:
    """The length that all members agree on. curl 7 also takes the digits before other text, and the last of several lengths."""
    numbers = set()
    for member in members:
        digits = member.removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            raise malformed(f"Content-Length is not a number: {member[:_QUOTED]!r}")
        if digits != member:
            note("signed-length", f"Content-Length has a sign: {member[:_QUOTED]!r} (RFC 9110 section 8.6)")
        significant = digits.lstrip("0") or "0"
        if len(significant) > 19 or int(significant) >= 2**63:  # the length first: Python converts no more than 4300 digits
            # curl ignores the field then and reads until the peer closes
            raise too_large(f"Content-Length is over 63 bits: {member[:_QUOTED]!r}")
        numbers.add(int(significant))
    if len(numbers) > 1:
        raise malformed(f"Content-Length says {' and '.join(str(number) for number in sorted(numbers))}")
    if len(members) > 1:
        note("duplicate-content-length", "Content-Length is repeated with the same value (RFC 9110 section 8.6)")
    return numbers.pop() if numbers else None


def _is_chunked(members: list[str], note: NoteTaker) -> bool:
    """Whether the body is chunked; if not, its end is the peer's closing, even beside a Content-Length (RFC 9112 section 6.3)."""
    codings = [member for member in members if member]
    other = [coding for coding in codings if coding not in ("chunked", "identity")]
    if other:
        raise ExchangeError("protocol", "unsupported", f"the body has the transfer coding {other[0][:_QUOTED]!r}, which was not asked for")
    if "chunked" not in codings:
        return False
    after = codings[codings.index("chunked") + 1 :]
    if "identity" in after:
        # curl 7 reads chunks, curl 8 refuses; by the RFC the answer ends where the peer closes, as chunked is not the last
        raise malformed("Transfer-Encoding lists identity after chunked")
    if after:
        note("repeated-chunked", "Transfer-Encoding lists chunked twice; it is decoded once (RFC 9112 section 6.1)")
    return True
