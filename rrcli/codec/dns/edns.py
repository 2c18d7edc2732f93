"""EDNS (RFC 6891): the options that a query carries and an answer brings, as bytes and as text."""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.codec.dns.tables import OPT

DO = 0x8000  # of the flags: DNSSEC records are wanted (RFC 3225)
NSID, ECS, COOKIE, PADDING, EDE = 3, 8, 10, 12, 15
CLIENT_COOKIE = 8  # bytes; the server's part follows it (RFC 7873 §4)
BLOCK = 128  # queries are padded to a multiple of so many bytes (RFC 8467 §4.1)

# RFC 8914 §4, and what IANA has added since.
ERRORS = {
    0: "Other", 1: "Unsupported DNSKEY Algorithm", 2: "Unsupported DS Digest Type", 3: "Stale Answer", 4: "Forged Answer",
    5: "DNSSEC Indeterminate", 6: "DNSSEC Bogus", 7: "Signature Expired", 8: "Signature Not Yet Valid", 9: "DNSKEY Missing",
    10: "RRSIGs Missing", 11: "No Zone Key Bit Set", 12: "NSEC Missing", 13: "Cached Error", 14: "Not Ready", 15: "Blocked",
    16: "Censored", 17: "Filtered", 18: "Prohibited", 19: "Stale NXDOMAIN Answer", 20: "Not Authoritative", 21: "Not Supported",
    22: "No Reachable Authority", 23: "Network Error", 24: "Invalid Data", 25: "Signature Expired before Valid", 26: "Too Early",
    27: "Unsupported NSEC3 Iterations Value", 28: "Unable to conform to policy", 29: "Synthesized",
}  # fmt: skip


class Edns(Record):
    """What an OPT record asks for; `options` are codes with their bytes."""

    udp_size: int = 1232  # never fragmented (DNS flag day 2020)
    flags: int = 0
    options: tuple[tuple[int, bytes], ...] = ()

    def wire(self) -> bytes:
        """The OPT record."""
        options = b"".join(code.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data for code, data in self.options)
        fixed = OPT.to_bytes(2, "big") + self.udp_size.to_bytes(2, "big") + self.flags.to_bytes(4, "big")
        return b"\0" + fixed + len(options).to_bytes(2, "big") + options

    def padded(self, size: int) -> Edns:
        """With padding, so that a message of `size` bytes fills whole blocks: its length then tells little of its name."""
        room = -(size + 4) % BLOCK  # 4: code and length of the option itself
        return self.replace(options=(*self.options, (PADDING, bytes(room))))


def option_text(code: int, data: bytes) -> str:
    """An option's data: text where it is one, an address block (RFC 7871 §6), an error with its name and text, else hex."""
    if code == NSID and all(0x20 <= byte < 0x7F for byte in data):
        return data.decode("ascii")
    if code == EDE and len(data) >= 2:
        return error_text(data)
    if code == PADDING:
        return f"{len(data)} bytes"
    if code == ECS and len(data) >= 4 and data[:2] in (b"\0\1", b"\0\2"):
        from _socket import AF_INET, AF_INET6, inet_ntop

        family, size = (AF_INET, 4) if data[1] == 1 else (AF_INET6, 16)
        return f"{inet_ntop(family, data[4 : 4 + size].ljust(size, bytes(1)))}/{data[2]}/{data[3]}"
    return data.hex()


def error_text(data: bytes) -> str:
    """`22 (No Reachable Authority): what the server adds`, of an extended error (RFC 8914 §2)."""
    code, extra = int.from_bytes(data[:2], "big"), one_line(data[2:].decode("utf-8", "replace").rstrip("\0"))
    named = f"{code} ({ERRORS[code]})" if code in ERRORS else str(code)
    return f"{named}: {extra}" if extra else named


def one_line(text: str) -> str:
    r"""A server's words in one line, wherever they are printed: what is not printable as `\DDD`, a byte of its UTF-8 each."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "".join(f"\\{code:03d}" for code in letter.encode()) for letter in text)


def cookie(text: str) -> bytes:
    """A cookie from its hexadecimal digits: 8 bytes of the client's, then 8 to 32 of the server's or none. Raises `ValueError`."""
    from binascii import unhexlify

    try:
        data = unhexlify(text)
    except ValueError:
        data = b""
    if text and len(data) != CLIENT_COOKIE and not 16 <= len(data) <= 40:
        raise ValueError(f"{text!r} is no cookie; it has 8 bytes, or 16 to 40 with the server's part, as hexadecimal digits")
    return data


def subnet(text: str) -> bytes:
    """The data of the option that says for whom one asks, from `192.0.2.0/24` (RFC 7871 §6). Raises `ValueError`."""
    from _socket import AF_INET, AF_INET6, inet_pton

    address, slash, length = text.partition("/")
    family, code = (AF_INET6, 2) if ":" in address else (AF_INET, 1)
    try:
        packed = inet_pton(family, address)
    except (OSError, ValueError):
        raise ValueError(f"{text!r} is no address block; write 192.0.2.0/24 or 2001:db8::/56") from None
    size = len(packed) * 8
    if slash and not (length.isascii() and length.isdecimal() and len(length) < 4 and int(length) <= size):
        raise ValueError(f"{length!r} is no prefix length (in {text!r}); it is at most {size}")
    bits = int(length) if slash else size
    kept = int.from_bytes(packed, "big") >> size - bits << size - bits
    return bytes([0, code, bits, 0]) + kept.to_bytes(size // 8, "big")[: (bits + 7) // 8]


def subnet_text(data: bytes) -> str:
    """The block from which `subnet` makes this data. Raises `ValueError` for what it never makes."""
    from _socket import AF_INET, AF_INET6, inet_ntop

    if len(data) < 4 or data[:2] not in (b"\0\1", b"\0\2"):
        raise ValueError(f"{data!r} is no address block")
    family, size = (AF_INET6, 16) if data[1] == 2 else (AF_INET, 4)
    return f"{inet_ntop(family, data[4:].ljust(size, bytes(1)))}/{data[2]}"
