"""The parts of HTML and XML that are coloured: tags, attributes, their values, comments; what stands between tags is plain.

pygments' lexer takes longer to load than a whole exchange, because it brings those of all that may stand within a page. This one
goes through a text once, by `str.find`, takes whatever comes and gives back every letter of it; scripts and styles stay plain.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rrcli.report.terminal.paint import Piece

SPACE = " \t\n\r\f"
RAW = ("script", "style")  # elements of HTML whose content is no markup
COMMENT, CONTENT = "<!--", "<![CDATA["
ASIDES = ((COMMENT, "-->"), (CONTENT, "]]>"), ("<?", "?>"), ("<!", ">"))  # how what is no tag begins and ends


def parts(text: str) -> Iterator[Piece]:
    """All of the text in its order, each part with its role."""
    at = 0
    while (begin := text.find("<", at)) >= 0:
        yield text[at:begin], ""
        after = text[begin + 1 : begin + 2]
        if after in ("!", "?"):
            first, last = next(pair for pair in ASIDES if text.startswith(pair[0], begin))
            at = _behind(text, last, begin + len(first))
            yield text[begin:at], "" if first == CONTENT else "dim"
        elif after.isalpha() or after in ("/", "_", ":"):
            name, at = yield from _tag(text, begin)
            if name in RAW:
                end = _end_of(name, text, at)
                yield text[at:end], ""
                at = end
        else:
            at = begin + 1
            yield "<", ""
    yield text[at:], ""


def _behind(text: str, mark: str, at: int) -> int:
    """The place behind the next `mark`, or the end of the text."""
    found = text.find(mark, at)
    return len(text) if found < 0 else found + len(mark)


def _end_of(name: str, text: str, at: int) -> int:
    """Where the end tag of an element of that name begins, or the end of the text."""
    while (at := text.find("</", at)) >= 0:
        if text[at + 2 : at + 2 + len(name)].lower() == name:
            return at
        at += 2
    return len(text)


def _tag(text: str, begin: int) -> Generator[Piece, None, tuple[str, int]]:
    """A tag from its `<` on; its name in lower case, and the place behind it. One that is never ended lasts to the end of the text."""
    at = _over(text, begin + 1 + text.startswith("/", begin + 1), f"{SPACE}/>")
    yield text[begin:at], "tag"
    name = text[begin + 1 : at].lower()
    while at < len(text):
        letter, begin = text[at], at
        if letter == ">" or text.startswith("/>", at):
            at = at + len(letter) + (letter == "/")
            yield text[begin:at], "tag"
            return ("" if letter == "/" else name), at
        if letter in f"{SPACE}/=":
            at += 1
            yield letter, ""
        elif text[begin - 1] == "=" or letter in "\"'":
            at = _behind(text, letter, at + 1) if letter in "\"'" else _over(text, at, f"{SPACE}>")
            yield text[begin:at], "string"
        else:
            at = _over(text, at, f"{SPACE}/>=")
            yield text[begin:at], "keyword"
    return "", at


def _over(text: str, at: int, ends: str) -> int:
    """The place of the first of these letters from `at` on, or the end of the text."""
    while at < len(text) and text[at] not in ends:
        at += 1
    return at
