"""What word processors, chats and web pages put into a command that is copied: typographic quotes, dashes, blanks that no shell knows."""

from __future__ import annotations

SINGLE = "‘’‚‛′"
DOUBLE = "“”„‟″"
DASHES = "–—−‐‑"
BLANKS = "\u00a0\u2007\u2009\u202f\u3000"  # which no shell takes for a blank
NOTHING = "\ufeff\u200b\u200c\u200d\u2060"  # a byte order mark, and what has no width
INVISIBLE = BLANKS + NOTHING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.errors import ExchangeError


def oddity(word: str) -> str | None:
    """What such a word begins with, in words; `None` for one that begins as it should."""
    letter = word[:1]
    if letter and letter in SINGLE + DOUBLE:
        return f"the typographic quote {letter}"
    if letter and letter in DASHES:
        return f"the dash {letter}"
    if letter == "\ufeff":
        return "a byte order mark"
    if letter and letter in INVISIBLE:
        return "a blank or mark that no shell knows"
    return None


def refused(word: str) -> ExchangeError | None:
    """The usage error for a word that begins so, where nothing does that is meant."""
    if (found := oddity(word)) is None:
        return None
    from rrcli.base.errors import usage

    hint = "it was put there by what the text was copied from; type it anew"
    if found.startswith("the typographic"):
        hint = "it was put there by what the text was copied from; a shell quotes with ' and \" alone"
    if found.startswith("the dash"):
        hint = f"it was put there by what the text was copied from; write --{word[1:]}" if len(word) > 2 else f"write -{word[1:]}"
    return usage(f"{word[:40]!r} begins with {found}", hint)
