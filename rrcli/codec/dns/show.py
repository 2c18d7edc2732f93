"""A message as `dig` prints it, for those who know that by heart: header, pseudo-section, sections, and the four last lines."""

from __future__ import annotations

from rrcli.codec.dns.edns import COOKIE, ECS, EDE, NSID, PADDING, error_text, option_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.dns.message import Message

OPCODES = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE"}
LABELS = {NSID: "NSID", ECS: "CLIENT-SUBNET", COOKIE: "COOKIE", PADDING: "PAD", EDE: "EDE", 9: "EXPIRE", 11: "TCP-KEEPALIVE"}
TTL, CLASS, TYPE, DATA = 24, 32, 40, 48  # columns at which these begin, names permitting
TAB = 8


def whole(message: Message, asked: Message, last_lines: list[str]) -> str:
    """The answer `message` to `asked`; `last_lines` stand behind it as comments (query time, server, when, size)."""
    counts = (message.question, message.answer, message.authority, message.additional)
    numbers = [len(records) for records in counts]
    numbers[3] += message.edns is not None
    words = ("QUERY", "ANSWER", "AUTHORITY", "ADDITIONAL")
    opcode = OPCODES.get(message.opcode, f"RESERVED{message.opcode}")
    lines = [
        ";; Got answer:",
        f";; ->>HEADER<<- opcode: {opcode}, status: {message.rcode}, id: {message.id}",
        f";; flags:{''.join(f' {flag}' for flag in message.flags if flag != 'z')}{'; MBZ: 0x4' if 'z' in message.flags else ''}; "
        + ", ".join(f"{word}: {number}" for word, number in zip(words, numbers, strict=True)),
    ]
    if "rd" in asked.flags and "ra" not in message.flags:
        lines.append(";; WARNING: recursion requested but not available")
    lines += ["", *_pseudo_section(message, asked)]
    if message.question:
        lines += [";; QUESTION SECTION:", *map(_question, message.question), ""]
    for word, records in zip(words[1:], counts[1:], strict=True):
        if records:
            lines += [f";; {word} SECTION:", *map(record_line, records), ""]
    return "\n".join([*lines, *(f";; {line}" for line in last_lines), "", ""])


def record_line(record: dict[str, Any]) -> str:
    """A record in the columns of `dig`, apart by tabs."""
    return _columns((record["name"], TTL), (record["ttl"], CLASS), (record["class"], TYPE), (record["type"], DATA)) + str(record["data"])


def _question(entry: dict[str, Any]) -> str:
    return ";" + _columns((entry["name"], CLASS), (entry["class"], TYPE)) + str(entry["type"])


def _columns(*cells: tuple[object, int]) -> str:
    """Each cell, then white space up to its column: tabs, or one space where the cell reaches beyond it."""
    line, at = "", 0
    for cell, column in cells:
        line += str(cell)
        at += len(str(cell))
        tabs = column // TAB - at // TAB
        line += "\t" * tabs if tabs > 0 else " "
        at = column if tabs > 0 else at + 1
    return line


def _pseudo_section(message: Message, asked: Message) -> list[str]:
    """What the OPT record says."""
    edns = message.edns
    if edns is None:
        return []
    flags = "".join(f" {flag}" for flag in edns["flags"])
    head = f"; EDNS: version: {edns['version']}, flags:{flags}; udp: {edns['udp_size']}"
    return [";; OPT PSEUDOSECTION:", head, *(_option(code, data, asked) for code, data in message.options)]


def _option(code: int, data: bytes, asked: Message) -> str:
    label = LABELS.get(code, f"OPT={code}")
    if code == COOKIE:
        sent = asked.option(COOKIE)
        return f"; {label}: {data.hex()} ({'good' if sent is not None and data.startswith(sent[:8]) else 'bad'})"
    if code == EDE and len(data) >= 2:
        named, colon, extra = error_text(data).partition(": ")
        return f"; {label}: {named}" + (f": ({extra})" if colon else "")
    if code == PADDING:
        return f"; {label}: ({len(data)} bytes)"
    if code == ECS:
        return f"; {label}: {option_text(code, data)}"
    if not data:
        return f"; {label}"
    printable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f'; {label}: {data.hex(" ")} ("{printable}")'
