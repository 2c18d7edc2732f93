r"""Domain names: between the wire's labels and text with the escapes of zone files, `\.` and `\032` (RFC 1035 §3.1, §5.1)."""

from __future__ import annotations

from rrcli.base.errors import malformed

LABEL, NAME = 63, 255  # bytes of a label, and of a whole name with its length bytes (RFC 1035 §2.3.4)
POINTERS = 128  # followed within a name, which has no more labels than that: a chain of them would only cost time
_ESCAPED = b'"().;\\@$'


def to_wire(text: str) -> bytes:
    """The labels of an ASCII name, ended by the root. Raises `ValueError` with a sentence for what is no name."""
    labels = _labels(text)
    for label in labels:
        if not label:
            raise ValueError("a label of it is empty")
        if len(label) > LABEL:
            raise ValueError(f"a label of it has {len(label)} bytes, and {LABEL} is the most")
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(wire) > NAME:
        raise ValueError(f"it takes {len(wire)} bytes, and {NAME} is the most")
    return wire


def _labels(text: str) -> list[bytes]:
    """The labels that unescaped dots separate; none for the root."""
    labels, label, at = [], bytearray(), 0
    if text == ".":
        return []
    while at < len(text):
        letter = text[at]
        if letter == ".":
            labels.append(bytes(label))
            label.clear()
        elif letter == "\\":
            code, at = _escape(text, at + 1)
            label.append(code)
            continue
        else:
            label += letter.encode("utf-8", "surrogateescape")
        at += 1
    if label or not text:
        labels.append(bytes(label))
    return labels


def _escape(text: str, at: int) -> tuple[int, int]:
    """The byte that the escape before `at` stands for, and where the text goes on."""
    digits = text[at : at + 3]
    if digits[:1].isdecimal():
        if not (len(digits) == 3 and digits.isascii() and digits.isdecimal() and int(digits) < 256):
            raise ValueError(f"\\{digits} is no escape; \\DDD is a byte in decimal, up to \\255")
        return int(digits), at + 3
    if not digits or not digits[0].isascii():
        raise ValueError("a backslash escapes nothing")
    return ord(digits[0]), at + 1


def read(data: bytes, at: int) -> tuple[str, int]:
    """The name at `at` of a message, with a final dot, and the place after it. Raises `malformed`.

    Compression (RFC 1035 §4.1.4) may only point backwards, so that no message makes it go in circles.
    """
    labels: list[str] = []
    size, after, lowest, pointers = 1, None, at, 0
    while True:
        length = _byte(data, at)
        if length == 0:
            return ".".join(labels) + ".", at + 1 if after is None else after
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | _byte(data, at + 1)
            if target >= lowest:
                raise malformed(f"the name at byte {at} points to byte {target}, not backwards")
            pointers += 1
            if pointers > POINTERS:
                raise malformed(f"the name goes through more than {POINTERS} pointers, at byte {at}")
            after = at + 2 if after is None else after
            at = lowest = target
            continue
        if length > LABEL:
            raise malformed(f"the label at byte {at} is of an unknown kind ({length:#04x})")
        size += 1 + length
        if size > NAME:
            raise malformed(f"the name that ends at byte {at} is longer than {NAME} bytes")
        if at + 1 + length > len(data):
            raise malformed(f"the label at byte {at} has {length} bytes, but the message ends at byte {len(data)}")
        labels.append(_text(data[at + 1 : at + 1 + length]))
        at += 1 + length


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise malformed(f"the message ends within a name, at byte {at}")
    return data[at]


def _text(label: bytes) -> str:
    """A label as text: what means something in a zone file or is not printable is escaped."""
    if label.isalnum():
        return label.decode("ascii")
    return "".join(f"\\{code:c}" if code in _ESCAPED else chr(code) if 0x20 < code < 0x7F else f"\\{code:03d}" for code in label)
