"""The text of a command in a plan, split once as a shell would; what a template brings is never split."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.plan.template import OPEN, end_of


def split(text: str) -> list[str]:
    """The words of a text: quotes and backslashes are a shell's, `$`, `~` and `*` mean nothing, and `{{…}}` is one piece whatever is in it.

    Raises `usage` for a quote that does not end.
    """
    found: list[str] = []
    word: str | None = None
    at = 0
    while at < len(text):
        letter = text[at]
        if text.startswith(OPEN, at):
            end = end_of(text, at)
            word, at = (word or "") + text[at:end], end
        elif letter.isspace():
            if word is not None:
                found.append(word)
            word, at = None, at + 1
        elif letter == "\\":
            if at + 1 == len(text):
                raise usage(f"{text!r} ends with a backslash")
            word, at = (word or "") + text[at + 1], at + 2
        elif letter in "'\"":
            piece, at = _quoted(text, at)
            word = (word or "") + piece
        else:
            word, at = (word or "") + letter, at + 1
    return found if word is None else [*found, word]


def _quoted(text: str, begin: int) -> tuple[str, int]:
    """What stands in quotes, and the offset behind them."""
    quote, at, found = text[begin], begin + 1, ""
    while at < len(text):
        letter = text[at]
        if text.startswith(OPEN, at):
            end = end_of(text, at)
            found, at = found + text[at:end], end
        elif letter == quote:
            return found, at + 1
        elif letter == "\\" and quote == '"' and text[at + 1 : at + 2] in ("\\", '"'):
            found, at = found + text[at + 1], at + 2
        else:
            found, at = found + letter, at + 1
    raise usage(f"{text!r} has a quote that does not end", 'a list of words is taken as it is: ["GET", "it\'s"]')
