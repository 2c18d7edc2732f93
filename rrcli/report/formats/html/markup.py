"""Text as HTML, and the pieces of a drawn line with their roles as classes. All that a peer wrote passes through here, once."""

from __future__ import annotations

from rrcli.base.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rrcli.report.terminal.paint import Line

# By the role that a piece plays in a drawn report: the class that colours it, one letter where it comes often.
CLASSES = {
    "good": "ok", "warn": "w", "bad": "no", "strong": "b", "dim": "d", "escape": "e", "name": "b", "key": "k", "string": "g", "number": "n",
    "literal": "n", "added": "ok", "removed": "no", "tag": "k", "keyword": "w",
}  # fmt: skip


def text_of(text: str) -> str:
    """The text with its control characters visible, and with nothing in it that means anything in HTML, between quotes either."""
    return escaped(visible(text.replace("\r\n", "\n"), multiline=True))


def escaped(text: str) -> str:
    """A text that is visible already as HTML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&#39;")


def lines_of(lines: Sequence[Line], *, most: int, roles: bool) -> str:
    """Drawn lines as the content of a `<pre>`, about `most` letters of it; `roles` colours them."""
    indent = min((len(line[0][0]) for line in lines if line and not line[0][0].strip(" ")), default=0) if _all_indented(lines) else 0
    found: list[str] = []
    size = 0
    for number, line in enumerate(lines):
        shown = _line(line, roles=roles)[indent:].rstrip(" ")
        size += len(shown) + 1
        if size > most and number:
            return "\n".join([*found, f'<span class="d">… {len(lines) - number:,} more lines</span>'])
        found.append(_cut(shown, line, most))
    return "\n".join(found)


def _all_indented(lines: Iterable[Line]) -> bool:
    return all(not line or not line[0][0].strip(" ") for line in lines)


def _cut(shown: str, line: Line, most: int) -> str:
    """A line that is longer than all that is shown: its beginning, without colours."""
    return shown if len(shown) <= 2 * most else f"{escaped(''.join([text for text, _ in line])[:most])}…"


def _line(line: Line, *, roles: bool) -> str:
    return "".join([_piece(text, CLASSES.get(role, "") if roles or role == "escape" else "") for text, role in line])


def _piece(text: str, name: str) -> str:
    return f'<i class="{name}">{text_of(text)}</i>' if name else text_of(text)


def tag(name: str, content: str, css: str = "") -> str:
    """An element, whose content is HTML already."""
    return f'<{name} class="{css}">{content}</{name}>' if css else f"<{name}>{content}</{name}>"
