"""DNS messages (RFC 1035 §4): a query written, an answer read, and whether the one belongs to the other.

Read by ourselves and not by dnspython because an exchange has to start fast, because what is wrong has to be said
with its place in the message, and because dnspython merges records that came twice. It is the oracle in the tests,
and writes the data of the types that are not everyday (`dnsdata.py`).
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed
from rrcli.base.record import Record
from rrcli.codec.dns import rdata
from rrcli.codec.dns.edns import DO, option_text
from rrcli.codec.dns.tables import EDNS_OPTIONS, FLAGS, OPT, class_name, flag_names, rcode_name, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.dns.edns import Edns

HEADER = 12
# A server that did not understand the question need not repeat it.
WITHOUT_QUESTION = ("FORMERR", "SERVFAIL", "NOTIMP", "REFUSED")


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
    options: tuple[tuple[int, bytes], ...] = ()  # those of `edns`, in bytes
    wire: bytes = b""  # the message itself
    cut: bool = False  # it ends, or cannot be read, before the last of its records

    def option(self, code: int) -> bytes | None:
        """The data of an EDNS option; `None` when the message has none of it."""
        return next((data for found, data in self.options if found == code), None)


def query(ident: int, flags: int, name: bytes, kind: tuple[int, int], edns: Edns | None) -> bytes:
    """The message that asks for the type and class `kind` of a name in its wire form."""
    counts = (1, 0, 0, 1 if edns else 0)
    header = b"".join(number.to_bytes(2, "big") for number in (ident, flags, *counts))
    return header + name + kind[0].to_bytes(2, "big") + kind[1].to_bytes(2, "big") + (edns.wire() if edns else b"")


def ident_of(data: bytes) -> int:
    """The id of a message, which pairs an answer with its query."""
    return int.from_bytes(data[:2], "big")


def is_answer(data: bytes) -> bool:
    """Whether the header is that of an answer to a query: QR set, opcode QUERY."""
    return len(data) >= HEADER and data[2] & 0xF8 == 0x80


def answers(answer: Message, asked: Message) -> bool:
    """Whether the question of `answer` is the one asked; upper and lower case are one (RFC 5452 §9.1, RFC 4343).

    One without a question is taken for what its id says: there are servers that never repeat it.
    """
    return not answer.question or [_folded(entry) for entry in answer.question] == [_folded(entry) for entry in asked.question]


def _folded(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["name"].lower(), entry["type"], entry["class"]


def read(data: bytes, *, may_be_cut: bool = False) -> Message:
    """Read a whole message; with `may_be_cut` one with TC set only as far as it goes: servers cut it wherever its room ends.

    Raises `malformed` with the place of what is wrong.
    """
    if len(data) < HEADER:
        raise malformed(f"a message of {len(data)} bytes; its header alone has {HEADER}")
    reader = _Reader(data)
    ident, word, *counts = (reader.number(2) for _ in range(6))
    sections: tuple[list[dict[str, Any]], ...] = ([], [], [], [])
    cut = False
    try:
        reader.sections(counts, sections)
    except ExchangeError:
        if not (may_be_cut and word & FLAGS["tc"]):
            raise
        cut = True
    question, answer, authority, additional = sections
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
        extra=0 if cut else len(data) - reader.at,
        unread=tuple(reader.unread),
        options=tuple(reader.options),
        wire=data,
        cut=cut,
    )


class _Reader(rdata.Data):
    """Reads a message from its first byte to its last; what an OPT record says is kept aside."""

    def __init__(self, message: bytes) -> None:
        super().__init__(message, 0, len(message))
        self.edns: dict[str, Any] | None = None
        self.rcode_above = 0
        self.unread: list[str] = []
        self.options: list[tuple[int, bytes]] = []

    def take(self, size: int) -> bytes:
        if self.at + size > self.end:
            raise malformed(f"the message ends at byte {self.end}, where {self.at + size - self.end} bytes more should be")
        return super().take(size)

    def sections(self, counts: list[int], into: tuple[list[dict[str, Any]], ...]) -> None:
        """Read as many entries as the header counts into the four sections. Raises `malformed`; what was read until then stays."""
        question, *others = into
        for at in range(counts[0]):
            question.append(self.question(f"question {at + 1} of {counts[0]}"))
        for section, count, records in zip(("answer", "authority", "additional"), counts[1:], others, strict=True):
            for at in range(count):
                if record := self.record(f"record {at + 1} of {count} in the {section} section"):
                    records.append(record)

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
            data = rdata.Data(self.message, self.at, self.at + size)
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

    def _text(self, kind: int, of_class: int, data: rdata.Data) -> str:
        """A record's data. dnspython is stricter than servers are: what it refuses is shown as bytes, and the message stays."""
        try:
            return rdata.text(kind, of_class, data)
        except ExchangeError as error:
            if kind in rdata.EVERYDAY:
                raise
            self.unread.append(error.message)
            return rdata.generic(data.rest())

    def _settings(self, udp_size: int, ttl: int, data: rdata.Data) -> None:
        """An OPT record: class and TTL mean something else there (RFC 6891 §6.1.3)."""
        if self.edns is not None:
            raise malformed(f"a second OPT record, before byte {self.at}")
        while data.at < data.end:
            code = data.number(2)
            self.options.append((code, data.take(data.number(2))))
        shown = [
            {"code": code, "name": EDNS_OPTIONS.get(code, f"OPTION{code}"), "data": option_text(code, value)}
            for code, value in self.options
        ]
        self.rcode_above = ttl >> 24
        self.edns = {"version": ttl >> 16 & 255, "udp_size": udp_size, "flags": ["do"] if ttl & DO else [], "options": shown}


def flag_bits(*names: str) -> int:
    """The header's flags by their names."""
    return sum(FLAGS[name] for name in names)
