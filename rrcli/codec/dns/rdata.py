r"""The data of a record as text, as zone files and `dig` write it (RFC 1035 §5.1, RFC 3597 §5 for what is unknown).

The everyday types are written here; dnspython, which knows all the others, takes longer to load than the rest of a
whole exchange does, so it is loaded for the first record that needs it. `EVERYDAY` tells a caller beforehand.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_ntop

from rrcli.base.errors import malformed
from rrcli.codec.dns import name as dnsname
from rrcli.codec.dns.tables import CH, IN, class_name, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Writer = Callable[["Data"], str]


class Data:
    """A reader of one record's data within its message; names may point out of it, numbers and texts may not leave it."""

    def __init__(self, message: bytes, at: int, end: int) -> None:
        self.message = message
        self.at = at
        self.end = end

    def number(self, size: int) -> int:
        """An unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises `malformed` when the data ends before."""
        if self.at + size > self.end:
            raise malformed(f"the record's data ends at byte {self.end}, where {self.at + size - self.end} bytes more should be")
        self.at += size
        return self.message[self.at - size : self.at]

    def rest(self) -> bytes:
        return self.take(self.end - self.at)

    def name(self) -> str:
        """A name, which may point to earlier parts of the message."""
        text, after = dnsname.read(self.message, self.at)
        self.take(after - self.at)
        return text

    def text(self) -> str:
        """A character string of up to 255 bytes, in quotes."""
        return quoted(self.take(self.number(1)))


def quoted(text: bytes) -> str:
    r"""In quotes, with `\"`, `\\` and `\DDD` for what is not printable ASCII."""
    letters = (f"\\{code:c}" if code in b'"\\' else chr(code) if 0x20 <= code < 0x7F else f"\\{code:03d}" for code in text)
    return f'"{"".join(letters)}"'


def bare(text: bytes) -> str:
    r"""A word without quotes, with `\DDD` for whatever would end it, and for what is not printable ASCII (RFC 1035 §5.1)."""
    return "".join(f"\\{code:c}" if code in b'"();\\' else chr(code) if 0x20 < code < 0x7F else f"\\{code:03d}" for code in text)


def _texts(data: Data) -> str:
    texts = [data.text()]
    while data.at < data.end:
        texts.append(data.text())
    return " ".join(texts)


def _soa(data: Data) -> str:
    names = f"{data.name()} {data.name()}"
    return " ".join([names, *(str(data.number(4)) for _ in range(5))])


EVERYDAY: dict[int, Writer] = {
    1: lambda data: inet_ntop(AF_INET, data.take(4)),  # A
    2: Data.name,  # NS
    5: Data.name,  # CNAME
    6: _soa,
    12: Data.name,  # PTR
    15: lambda data: f"{data.number(2)} {data.name()}",  # MX
    16: _texts,  # TXT
    28: lambda data: inet_ntop(AF_INET6, data.take(16)),  # AAAA
    33: lambda data: f"{data.number(2)} {data.number(2)} {data.number(2)} {data.name()}",  # SRV (RFC 2782)
    39: Data.name,  # DNAME (RFC 6672)
    257: lambda data: f"{data.number(1)} {bare(data.take(data.number(1)))} {quoted(data.rest())}",  # CAA (RFC 8659)
}
_OF_IN_ONLY = (1, 28, 33)


def text(kind: int, of_class: int, data: Data) -> str:
    """The data as text; all of it is read. Raises `malformed`."""
    write = EVERYDAY.get(kind)
    if write is None or (of_class != IN and (kind in _OF_IN_ONLY or of_class != CH)):
        return _by_dnspython(kind, of_class, data)
    written = write(data)
    if data.at != data.end:
        raise malformed(f"the record's data goes on for {data.end - data.at} bytes after its end, at byte {data.at}")
    return written


def generic(data: bytes) -> str:
    r"""`\# 4 0a000001`, as data of a type that nobody knows is written (RFC 3597 §5)."""
    return f"\\# {len(data)} {_pieces(data.hex().upper())}".rstrip()


def load() -> None:
    """Load what the types that are not everyday need, so that it does not happen between question and answer."""
    import dns.rdata  # noqa: F401  # so that nothing is loaded while the clock runs


def _by_dnspython(kind: int, of_class: int, data: Data) -> str:
    import dns.exception
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype

    named = dns.rdataclass.RdataClass.make(of_class), dns.rdatatype.RdataType.make(kind)
    try:
        found = dns.rdata.from_wire(*named, data.message, data.at, data.end - data.at)
        written = None if isinstance(found, dns.rdata.GenericRdata) else found.to_text()
    except (dns.exception.DNSException, ValueError) as error:  # a `UnicodeError` too, of text that is none
        where = f"{class_name(of_class)} {type_name(kind)}"
        raise malformed(f"the data of the {where} record at byte {data.at} cannot be read: {error or type(error).__name__}") from error
    if written is None or not (written.isascii() and written.isprintable()):  # what is not escaped might forge another record's line
        return generic(data.rest())
    return spelled(kind, written)


# --- as `dig` spells it, where dnspython differs

HEX, BASE64 = True, False
# How many words stand before the bytes, and how these are written.
BYTES_LAST = {
    24: (8, BASE64), 25: (3, BASE64), 37: (3, BASE64), 43: (3, HEX), 44: (2, HEX), 46: (8, BASE64), 48: (3, BASE64), 52: (3, HEX),
    53: (3, HEX), 59: (3, HEX), 60: (3, BASE64), 61: (0, BASE64), 63: (3, HEX), 32769: (3, HEX),
}  # fmt: skip
BARE_PARAMETERS = ("mandatory", "port", "ipv4hint", "ipv6hint", "ech")
LOC, NSEC3, NSEC3PARAM, SVCB, HTTPS = 29, 50, 51, 64, 65
PIECE = 56  # letters, then a space


def spelled(kind: int, text: str) -> str:
    """The text of a record's data, from dnspython's spelling to that of `dig`."""
    words = text.split(" ")
    if kind in BYTES_LAST:
        before, is_hex = BYTES_LAST[kind]
        data = "".join(words[before:])
        return " ".join([*words[:before], *filter(None, [_pieces(data.upper() if is_hex else data)])])
    if kind in (NSEC3, NSEC3PARAM):  # salt, and the next hash
        return " ".join([*words[:3], *(word.upper() for word in words[3:5]), *words[5:]])
    if kind in (SVCB, HTTPS):
        return " ".join(_parameter(word) for word in words)
    if kind == LOC:
        at = next((at for at, word in enumerate(words) if word.endswith("m")), len(words))
        sizes = words[at + 1 :] + ["1.00m", "10000.00m", "10.00m"][len(words) - at - 1 :]
        return " ".join(
            [*words[: at + 1], *(size if size.startswith("0.") else f"{size.partition('.')[0].rstrip('m')}m" for size in sizes)]
        )
    return text


def _pieces(letters: str) -> str:
    return " ".join(letters[at : at + PIECE] for at in range(0, len(letters), PIECE))


def _parameter(word: str) -> str:
    name, _, value = word.partition("=")
    return f"{name}={value[1:-1]}" if name in BARE_PARAMETERS and value[:1] == value[-1:] == '"' else word
