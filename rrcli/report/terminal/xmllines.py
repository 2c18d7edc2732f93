"""XML laid out anew over its exact text: every tag, entity and comment stays as it came, only white space between elements moves.

expat tells where each thing begins, and the text is cut there; nothing is written from what it read. A document type is
never followed: with one, as with anything that is not well-formed, the text is left as it is, so no entity is ever expanded
(no external ones, no billion laughs).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

LARGEST = 1 << 20  # letters that are laid out
DEEPEST = 30  # levels that are indented

Token = tuple[str, str]  # start, end, text or other; and the letters


class _Left(Exception):
    """The text is to be left as it is."""


def lay_out(text: str) -> str | None:
    """The text with each element on its own line, two spaces to a level; `None` where it has to stay as it is.

    An element with text in it stays on one line with all that it holds, because white space may mean something there.
    """
    if len(text) > LARGEST:
        return None
    try:
        tokens = _tokens(text)
    except _Left:
        return None
    mixed = _mixed(tokens)
    lines: list[str] = []
    line = ""
    inside: list[bool] = []  # whether each open element keeps its white space
    last = ""  # the kind of the latest token that was written
    for at, (kind, letters) in enumerate(tokens):
        keeps = bool(inside) and inside[-1]
        if kind == "text" and not keeps:
            continue
        depth = len(inside) - (kind == "end")
        joins = keeps or (kind == "end" and (last == "start" or not letters))
        if line and not joins:
            lines.append(line)
            line = ""
        line += letters if joins or line else "  " * min(depth, DEEPEST) + letters
        if kind == "start":
            inside.append(keeps or at in mixed)
        elif kind == "end":
            inside.pop()
        last = kind
    return "\n".join([*lines, line])


def _mixed(tokens: list[Token]) -> set[int]:
    """The elements, by the place of their start, that hold text or ask for their white space to be kept."""
    found: set[int] = set()
    open_at: list[int] = []
    for at, (kind, letters) in enumerate(tokens):
        if kind == "start":
            open_at.append(at)
            if "xml:space" in letters:
                found.add(at)
        elif kind == "end":
            open_at.pop()
        elif kind == "text" and letters.strip():
            found.add(open_at[-1])
    return found


def _tokens(text: str) -> list[Token]:
    """The text cut where something begins. Raises `_Left` for a document type, and for what is not well-formed."""
    from pyexpat import ExpatError, ParserCreate

    data = text.encode("utf-8", "surrogatepass")
    parser = ParserCreate("utf-8")  # whatever its declaration says: it has been decoded
    begins: list[tuple[str, int]] = []

    def note(kind: str) -> None:
        # Text comes in many pieces, and a CDATA section is some of it.
        if not (kind == "text" and begins and begins[-1][0] == "text"):
            begins.append((kind, parser.CurrentByteIndex))

    def refuse(*_: object) -> NoReturn:
        raise _Left

    parser.StartElementHandler = lambda _name, _attributes: note("start")
    parser.EndElementHandler = lambda _name: note("end")
    parser.CharacterDataHandler = lambda _data: note("text")
    parser.StartCdataSectionHandler = lambda: note("text")
    parser.EndCdataSectionHandler = lambda: note("text")
    parser.CommentHandler = lambda _data: note("other")
    parser.ProcessingInstructionHandler = lambda _target, _data: note("other")
    parser.XmlDeclHandler = lambda _version, _encoding, _standalone: note("other")
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except ExpatError:
        raise _Left from None
    ends = [*(begin for _, begin in begins[1:]), len(data)]
    tokens = [(kind, data[begin:end].decode("utf-8", "surrogatepass")) for (kind, begin), end in zip(begins, ends, strict=True)]
    # White space behind what stands outside the root is told of by nobody.
    return [(kind, letters if kind == "text" else letters.strip()) for kind, letters in tokens]
