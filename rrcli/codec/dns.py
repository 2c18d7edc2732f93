"""DNS messages (RFC 1035 §4): a query written, an answer read, and whether the one belongs to the other.

Read by ourselves and not by dnspython because an exchange has to start fast, because what is wrong has to be said
with its place in the message, and because dnspython merges records that came twice. It is the oracle in the tests,
and writes the data of the types that are not everyday (`dnsdata.py`).
"""

from __future__ import annotations

from binascii import hexlify

from rrcli.codec import dnsdata
from rrcli.codec.dnstables import EDNS_OPTIONS, FLAGS, OPT, class_name, flag_names, rcode_name, type_name
from rrcli.errors import ExchangeError, malformed
from rrcli.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HEADER = 12
DO = 0x8000  # of the EDNS flags: DNSSEC records are wanted (RFC 3225)
NSID, ECS, EDE = 3, 8, 15
# A server that did not understand the question need not repeat it.
WITHOUT_QUESTION = ("FORMERR", "SERVFAIL", "NOTIMP", "REFUSED")


class Edns(Record):
    """What an OPT record asks for (RFC 6891); `options` are codes with their bytes."""

    udp_size: int = 1232  # never fragmented (DNS flag day 2020)
    flags: int = 0
    options: tuple[tuple[int, bytes], ...] = ()


class Message(Record):
    """A message that was read. The sections hold the contract's `{name, type, class, ttl, data}`."""

    id: int
    flags: list[str]
    opcode: int
    rcode: str
    question: list[dict[str, Any]]
    answer: list[dict[str, Any]]
    authority: list[dict[str, Any]]
    additional: list[dict[str, Any]]
    edns: dict[str, Any] | None
    extra: int  # bytes after the end of the message
    unread: tuple[str, ...]  # data of types that are not everyday which dnspython refuses


def query(ident: int, flags: int, name: bytes, kind: tuple[int, int], edns: Edns | None) -> bytes:
    """The message that asks for the type and class `kind` of a name in its wire form."""
    counts = (1, 0, 0, 1 if edns else 0)
    header = b"".join(number.to_bytes(2, "big") for number in (ident, flags, *counts))
    return header + name + kind[0].to_bytes(2, "big") + kind[1].to_bytes(2, "big") + (_opt(edns) if edns else b"")


def _opt(edns: Edns) -> bytes:
    options = b"".join(code.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data for code, data in edns.options)
    fixed = OPT.to_bytes(2, "big") + edns.udp_size.to_bytes(2, "big") + edns.flags.to_bytes(4, "big")
    return b"\0" + fixed + len(options).to_bytes(2, "big") + options


def ident_of(data: bytes) -> int:
    """The id of a message, which pairs an answer with its query."""
    return int.from_bytes(data[:2], "big")


def is_answer(data: bytes) -> bool:
    """Whether the header is that of an answer to a query: QR set, opcode QUERY."""
    return len(data) >= HEADER and data[2] & 0xF8 == 0x80


def answers(answer: Message, asked: Message) -> bool:
    """Whether the question of `answer` is the one asked; upper and lower case are one (RFC 5452 §9.1, RFC 4343)."""
    if not answer.question:
        return answer.rcode in WITHOUT_QUESTION
    return [_folded(entry) for entry in answer.question] == [_folded(entry) for entry in asked.question]


def _folded(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["name"].lower(), entry["type"], entry["class"]


def read(data: bytes) -> Message:
    """Read a whole message. Raises `malformed` with the place of what is wrong."""
    if len(data) < HEADER:
        raise malformed(f"a message of {len(data)} bytes; its header alone has {HEADER}")
    reader = _Reader(data)
    ident, word, questions, *counts = (reader.number(2) for _ in range(6))
    question = [reader.question(f"question {at + 1} of {questions}") for at in range(questions)]
    answer, authority, additional = (
        [record for at in range(count) if (record := reader.record(f"record {at + 1} of {count} in the {section} section"))]
        for section, count in zip(("answer", "authority", "additional"), counts, strict=True)
    )
    return Message(
        id=ident,
        flags=flag_names(word),
        opcode=word >> 11 & 15,
        rcode=rcode_name(word & 15 | reader.rcode_above << 4),
        question=question,
        answer=answer,
        authority=authority,
        additional=additional,
        edns=reader.edns,
        extra=len(data) - reader.at,
        unread=tuple(reader.unread),
    )


class _Reader(dnsdata.Data):
    """Reads a message from its first byte to its last; what an OPT record says is kept aside."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message, 0, len(message))
        self.edns: dict[str, Any] | None = None
        self.rcode_above = 0
        self.unread: list[str] = []

    def take(self, size: int) -> bytes:
        if self.at + size > self.end:
            raise malformed(f"the message ends at byte {self.end}, where {self.at + size - self.end} bytes more should be")
        return super().take(size)

    def question(self, what: str) -> dict[str, Any]:
        try:
            return {"name": self.name(), "type": type_name(self.number(2)), "class": class_name(self.number(2)), "ttl": None, "data": None}
        except ExchangeError as error:
            raise malformed(f"{what}: {error.message}") from error

    def record(self, what: str) -> dict[str, Any] | None:
        """The next record; `None` for an OPT record, which holds no data but settings."""
        try:
            name, kind, of_class, ttl = self.name(), self.number(2), self.number(2), self.number(4)
            size = self.number(2)
            data = dnsdata.Data(self.message, self.at, self.at + size)
            self.take(size)
            if kind == OPT:
                self._settings(of_class, ttl, data)
                return None
            return {
                "name": name,
                "type": type_name(kind),
                "class": class_name(of_class),
                "ttl": 0 if ttl >> 31 else ttl,  # RFC 2181 §8
                "data": self._text(kind, of_class, data),
            }
        except ExchangeError as error:
            raise malformed(f"{what}: {error.message}") from error

    def _text(self, kind: int, of_class: int, data: dnsdata.Data) -> str:
        """A record's data. dnspython is stricter than servers are: what it refuses is shown as bytes, and the message stays."""
        try:
            return dnsdata.text(kind, of_class, data)
        except ExchangeError as error:
            if kind in dnsdata.EVERYDAY:
                raise
            self.unread.append(error.message)
            return dnsdata.generic(data.rest())

    def _settings(self, udp_size: int, ttl: int, data: dnsdata.Data) -> None:
        """An OPT record: class and TTL mean something else there (RFC 6891 §6.1.3)."""
        if self.edns is not None:
            raise malformed(f"a second OPT record, before byte {self.at}")
        options = []
        while data.at < data.end:
            code = data.number(2)
            options.append(
                {"code": code, "name": EDNS_OPTIONS.get(code, f"OPTION{code}"), "data": _option(code, data.take(data.number(2)))}
            )
        self.rcode_above = ttl >> 24
        self.edns = {"version": ttl >> 16 & 255, "udp_size": udp_size, "flags": ["do"] if ttl & DO else [], "options": options}


def _option(code: int, data: bytes) -> str:
    """An option's data: text where it is one, an address block (RFC 7871 §6), an error with its text (RFC 8914 §2), else hex."""
    if code == NSID and all(0x20 <= byte < 0x7F for byte in data):
        return data.decode("ascii")
    if code == EDE and len(data) >= 2:
        text = data[2:].decode("utf-8", "replace").rstrip("\0")
        return f"{ident_of(data)}: {text}" if text else str(ident_of(data))
    if code == ECS and len(data) >= 4 and data[:2] in (b"\0\1", b"\0\2"):
        from _socket import AF_INET, AF_INET6, inet_ntop

        family, size = (AF_INET, 4) if data[1] == 1 else (AF_INET6, 16)
        return f"{inet_ntop(family, data[4 : 4 + size].ljust(size, bytes(1)))}/{data[2]}/{data[3]}"
    return hexlify(data).decode()


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


def flag_bits(*names: str) -> int:
    """The header's flags by their names."""
    return sum(FLAGS[name] for name in names)
