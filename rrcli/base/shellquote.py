"""Words quoted for a POSIX shell, or for bash where a word holds control characters."""

from __future__ import annotations

from rrcli.base.visible import escape, visible

PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/@+=%"


CONTROLS = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x7f": "\\x7f"}


def quoted(word: str) -> str:
    """A word for bash; control characters are written as its ANSI-C quoting has them."""
    if word and not word.strip(PLAIN):
        return word
    if visible(word) != word:
        return "$'" + "".join([CONTROLS.get(letter) or (_bytewise(letter) if escape(letter) else letter) for letter in word]) + "'"
    return "'" + word.replace("'", "'\\''") + "'"


def _bytewise(letter: str) -> str:
    """A letter as the bytes that it is; bash reads no more than two digits of each."""
    return "".join([f"\\x{byte:02x}" for byte in letter.encode("utf-8", "surrogateescape")])
