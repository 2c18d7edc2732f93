r"""Control characters made visible, so that nothing a peer or a user wrote can steer the terminal.

Escaped as `\x1b` or `\u202e` are C0, DEL, C1, the marks that turn the direction of text, the line separators of
Unicode, and lone surrogates; a surrogate that stands for an undecodable byte is shown as that byte. All drawn text
passes through here, once.
"""

from __future__ import annotations

DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {code: f"\\u{code:04x}" for code in DIRECTIONS}
ESCAPES |= {code: f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}" for code in range(0xD800, 0xE000)}
ESCAPES |= {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
KEPT_IN_LINES = "\n\t"
_IN_LINES = {code: shown for code, shown in ESCAPES.items() if chr(code) not in KEPT_IN_LINES}


def visible(text: str, *, multiline: bool = False) -> str:
    """The text with its control characters escaped; newlines and tabs stay with `multiline`."""
    if text.isprintable():
        return text
    return text.translate(_IN_LINES if multiline else ESCAPES)


def escape(letter: str, *, multiline: bool = False) -> str | None:
    """What to show in place of a character; `None` for one that may be shown itself."""
    if multiline and letter in KEPT_IN_LINES:
        return None
    return ESCAPES.get(ord(letter))


MASK = "‹secret›"
