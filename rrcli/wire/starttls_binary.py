"""The binary replies before STARTTLS of LDAP, PostgreSQL and MySQL: read whole, and what a refusal in them says."""

from __future__ import annotations

from rrcli.base.errors import too_large

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.wire.stream import Stream

MOST = 65536  # bytes of one reply
LONGEST_TEXT = 1024  # bytes of an error that has no length
LENGTH_OCTETS = 8  # of a length in BER: Active Directory writes every length in four
# Result codes of LDAP that StartTLS is answered with (RFC 4511 section 4.14.2 and appendix A).
LDAP_RESULTS = {
    1: "operations error", 2: "protocol error", 8: "stronger authentication required", 13: "confidentiality required",
    50: "insufficient access rights", 51: "busy", 52: "unavailable", 53: "unwilling to perform", 80: "other",
}  # fmt: skip


def ldap(stream: Stream) -> bytes:
    """One message of LDAP: its length as BER has it, in the short or the long form (RFC 4511 section 5.1)."""
    head = stream.read_exact(2)
    if head[0] != 0x30:
        return head
    size = head[1]
    if size & 0x80:
        if size & 0x7F > LENGTH_OCTETS:
            raise too_large(f"the length of an LDAP message before TLS has {size & 0x7F} bytes")
        more = stream.read_exact(size & 0x7F)
        head, size = head + more, int.from_bytes(more, "big")
    if size > MOST:
        raise too_large(f"an LDAP message before TLS has {size} bytes")
    return head + stream.read_exact(size)


def mysql(stream: Stream) -> bytes:
    """MySQL's greeting: three bytes of length, a number, the packet."""
    head = stream.read_exact(4)
    size = int.from_bytes(head[:3], "little")
    return head + (stream.read_exact(size) if size <= MOST else b"")


def postgres(stream: Stream) -> bytes:
    """The one letter that answers SSLRequest, or a whole ErrorResponse, which a server that is full sends in its place."""
    letter = stream.read_exact(1)
    if letter != b"E":
        return letter
    head = stream.read_exact(4)
    size = int.from_bytes(head, "big")
    if 4 <= size <= MOST:
        return letter + head + stream.read_exact(size - 4)
    while b"\0" not in head and len(head) < LONGEST_TEXT:  # before protocol 3: a text, and a zero
        head += stream.read_exact(1)
    return letter + head


def ldap_succeeds(reply: bytes) -> bool:
    """Whether the message is an ExtendedResponse whose result is success."""
    return _ldap_result(reply)[0] == 0


def ldap_reason(reply: bytes) -> str:
    """`unavailable (result 52): TLS is not configured`."""
    code, said = _ldap_result(reply)
    name = LDAP_RESULTS.get(code, "")
    result = f"{name} (result {code})" if name else f"result {code}" if code >= 0 else ""
    return f"{result}: {said}" if said and result else result


def _ldap_result(reply: bytes) -> tuple[int, str]:
    """The result code and the diagnostic message of an ExtendedResponse (RFC 4511 section 4.12); -1 for what is none."""
    try:
        (tag, message), *_ = _elements(reply)
        parts = list(_elements(message)) if tag == 0x30 else []
        response = next(content for kind, content in parts if kind == 0x78)
        (_, code), (_, _), (_, said), *_ = _elements(response)
    except (StopIteration, ValueError):
        return -1, ""
    return int.from_bytes(code, "big"), said.decode("utf-8", "replace").strip()


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element of BER that `data` is made of."""
    at = 0
    while at + 2 <= len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            width = length & 0x7F
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        yield tag, data[at : at + length]
        at += length


def postgres_reason(reply: bytes) -> str:
    """`FATAL: sorry, too many clients already (53300)`; before protocol 3 an error was its text alone."""
    fields = {field[:1]: field[1:].decode("utf-8", "replace") for field in reply[5:].split(b"\0") if field}
    if b"M" not in fields:
        return reply[1:].partition(b"\0")[0].decode("utf-8", "replace") if len(reply) > 1 else ""
    severity, state = fields.get(b"S", ""), fields.get(b"C", "")
    return f"{f'{severity}: ' if severity else ''}{fields[b'M']}{f' ({state})' if state else ''}"


def mysql_reason(packet: bytes) -> str:
    """`Too many connections (error 1040)`; of a greeting, which gives no reason, nothing."""
    if packet[4:5] != b"\xff":
        return ""
    said = packet[7:]
    if said[:1] == b"#":  # and an SQLSTATE of five letters
        said = said[6:]
    return f"{said.decode('utf-8', 'replace')} (error {int.from_bytes(packet[5:7], 'little')})"
