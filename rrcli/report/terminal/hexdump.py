"""The transcript as an annotated hex dump: when, which way, how much, the protocol's own note, and every byte.

0.3 ms → 78 B  request line and fields
    0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..
"""

from __future__ import annotations

from binascii import hexlify

from rrcli.base.units import offset, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import TranscriptEntry
    from rrcli.report.terminal.paint import Page

ROW = 16
ARROWS = {"sent": ("→", "strong"), "received": ("←", "strong")}
PRINTABLE = "".join(chr(code) if 0x20 <= code < 0x7F else "." for code in range(256))


def transcript(entries: tuple[TranscriptEntry, ...], page: Page) -> None:
    """Add every entry; rows that repeat the one before are one `*`, as in hexdump(1)."""
    column = max((offset(entry.at_ns, 0, 2).index(" ") for entry in entries), default=0)
    for entry in entries:
        amount = [(f" {size(len(entry.data))}", "")] if entry.data else []
        page.add_hanging(
            [(f"{offset(entry.at_ns, column, 2)} ", "dim"), ARROWS[entry.direction], *amount, ("  ", "")], entry.note or "", role="name"
        )
        rows(entry.data, page)


def rows(data: bytes, page: Page) -> None:
    """Add the bytes, sixteen a row."""
    before = None
    digits = 4 if len(data) <= 0x10000 else 6
    last = (len(data) - 1) // ROW * ROW
    for at in range(0, len(data), ROW):
        row = data[at : at + ROW]
        if row == before and at != last:
            if page.lines[-1][-1] != ("*", "dim"):
                page.add([("*", "dim")], 4)
            continue
        before = row
        halves = f"{hexlify(row[:8], ' ').decode()}  {hexlify(row[8:], ' ').decode()}"
        text = row.decode("latin-1").translate(PRINTABLE)
        page.add([(f"{at:0{digits}x}  ", "dim"), (f"{halves:<48}  ", ""), (text, "string")], 4)
