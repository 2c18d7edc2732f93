r"""Control characters made visible, so that nothing a peer or a user wrote can steer the terminal.

Escaped as `\x1b` or `\u202e` are C0, DEL, C1, what formats text without being seen (marks that turn its direction, zero-width
letters, soft hyphens, tags), the line separators of Unicode, and lone surrogates; a surrogate that stands for an undecodable
byte is shown as that byte. Of the marks that pile up on one letter a few are shown. All drawn text passes through here, once.
"""

from __future__ import annotations

# The line separators, and Unicode's category Cf, "format", as of its version 16.
UNSEEN = (
    *(0xAD, 0x61C, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x180E, *range(0x600, 0x606), *range(0x200B, 0x2010), *range(0x2028, 0x202F)),
    *(*range(0x2060, 0x2065), *range(0x2066, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC), 0x110BD, 0x110CD, *range(0x13430, 0x13440)),
    *(*range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), 0xE0001, *range(0xE0020, 0xE0080)),
)
JOINER = "\u200d"
FIRST_PICTURE = "\u2190"
MOST_MARKS = 4  # shown on one letter: more would draw over the lines beside


def unicode_escape(code: int) -> str:
    r"""The character as JSON escapes it: `\u200b`, and as two where it has a higher number than FFFF."""
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


KEPT_IN_LINES = "\n\t"
_tables: dict[bool, dict[int, str]] = {}  # made when the first letter is to be escaped, which most invocations never come to


def _table(*, multiline: bool) -> dict[int, str]:
    """What stands for each letter that is escaped, by its number; newlines and tabs are none of them with `multiline`."""
    if not _tables:
        found = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {code: unicode_escape(code) for code in UNSEEN}
        found |= {code: f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
        found |= {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
        _tables[False] = found
        _tables[True] = {code: shown for code, shown in found.items() if chr(code) not in KEPT_IN_LINES}
    return _tables[multiline]


def visible(text: str, *, multiline: bool = False) -> str:
    """The text with its control characters escaped; newlines and tabs stay with `multiline`."""
    if not text.isascii():
        text = with_few_marks(text)
    if text.isprintable():
        return text
    table = _table(multiline=multiline)
    if JOINER not in text:
        return text.translate(table)
    return "".join([letter if joins_pictures(text, at) else letter.translate(table) for at, letter in enumerate(text)])


def joins_pictures(text: str, at: int) -> bool:
    """Whether the character makes one picture of the two beside it, as of 👩 and 💻: only there a joiner is to be seen."""
    return text[at] == JOINER and text[at - 1 : at] >= FIRST_PICTURE and text[at + 1 : at + 2] >= FIRST_PICTURE


def with_few_marks(text: str) -> str:
    """The text with `…` in place of the marks that pile up on one letter, as of 65,000 accents."""
    if max(text) < "\u0300":
        return text
    from unicodedata import category

    kept, marks = [], 0
    for letter in text:
        marks = marks + 1 if letter >= "\u0300" and category(letter)[0] == "M" else 0
        if marks <= MOST_MARKS:
            kept.append(letter)
        elif marks == MOST_MARKS + 1:
            kept.append("…")
    return "".join(kept)


def escape(letter: str, *, multiline: bool = False) -> str | None:
    """What to show in place of a character; `None` for one that may be shown itself."""
    return _table(multiline=multiline).get(ord(letter))
