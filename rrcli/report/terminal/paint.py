"""What the drawn reports are made of: lines of pieces, each a text and the role it plays; colour comes last.

A report is laid out once, without colour, so that it is the same with and without. Roles become colours through
rich's `Style`, by the sixteen colours of the terminal's own theme. `rich.text` and `rich.console` would cost as much
again as all the rest of a drawn exchange (20 ms), and a markup parser is what a peer's text must never meet.
"""

from __future__ import annotations

from rrcli.base.visible import escape, joins_pictures, with_few_marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Piece = tuple[str, str]
    Line = list[Piece]

# One colour, one meaning: green, yellow and red are the verdict and what to look at, blue is time, cyan the structure of content.
STYLES = {
    "good": "bold green",
    "warn": "bold yellow",
    "bad": "bold red",
    "strong": "bold",
    "dim": "dim",
    "escape": "dim reverse",
    "name": "bold",
    "bar": "bright_blue",
    "slow-bar": "yellow",
    "bad-bar": "red",
    "key": "cyan",
    "string": "green",
    "number": "magenta",
    "literal": "magenta",
    "tag": "cyan",
    "keyword": "bold",  # yellow is hard to read on white, and means a warning
    "removed": "red",
    "added": "green",
}
NARROW = frozenset("‹›…←→≠✔✘▏▎▍▌▋▊▉█▐▕–—‘’“”")  # beside Latin letters: one column each, known without rich's tables
PROSE = 80  # columns that running text takes at most: longer lines are hard to read
SEPARATOR = "  ·  "


def pieces(text: str, role: str = "") -> Line:
    """A foreign text as pieces of one line, its control characters visible and told apart."""
    if not text.isascii():
        text = with_few_marks(text)
    if text.isprintable():
        return [(text, role)] if text else []
    found: Line = []
    begin = 0
    for at, letter in enumerate(text):
        if not letter.isprintable() and (shown := escape(letter)) and not joins_pictures(text, at):
            if begin < at:
                found.append((text[begin:at], role))
            found.append((shown, "escape"))
            begin = at + 1
    if begin < len(text):
        found.append((text[begin:], role))
    return found


def without_line_ends(text: str) -> tuple[str, Line]:
    """A text without its last line end, and without the CR of each where all lines have it: then with the mark that says so, once."""
    ends = text.count("\n")
    if ends and text.count("\r\n") == ends == text.count("\r"):
        return text.replace("\r\n", "\n").removesuffix("\n"), [(" CRLF", "dim")]
    return text.removesuffix("\n"), []


def text_lines(text: str) -> list[Line]:
    """The lines of a text, the CR at the end of a line less to be seen than one within it."""
    return [
        [*pieces(line.removesuffix("\r").expandtabs()), *([("\\r", "dim")] if line.endswith("\r") else [])] for line in text.split("\n")
    ]


def cells(text: str) -> int:
    """Columns that a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    if all(letter < "\u0300" or letter in NARROW for letter in text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def span(line: Line) -> int:
    """Columns that a line takes."""
    return sum(cells(text) for text, _ in line)


def crop(text: str, width: int) -> str:
    """The longest beginning of a text within `width` columns."""
    if text.isascii():
        return text[:width]
    taken = 0
    for at, letter in enumerate(text):
        taken += cells(letter)
        if taken > width:
            return text[:at]
    return text


def pad(line: Line, width: int, *, right: bool = False) -> Line:
    """The line filled up with spaces to `width` columns."""
    gap = width - span(line)
    if gap <= 0:
        return line
    return [(" " * gap, ""), *line] if right else [*line, (" " * gap, "")]


def shorten(text: str, width: int) -> str:
    """The text cut in its middle to `width` columns: both ends of a URL tell more than its middle."""
    if cells(text) <= width:
        return text
    head = crop(text, (width - 1) * 2 // 3)
    tail = crop(text[::-1], width - 1 - cells(head))[::-1]
    return f"{head}…{tail}"


def wrap(text: str, width: int) -> list[str]:
    """The words of a text in lines of at most `width` columns; a longer word stands alone."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and cells(lines[-1]) + 1 + cells(word) <= width:
            lines[-1] += f" {word}"
        elif word or not lines:
            lines.append(word)
    return [line.rstrip(" ") for line in lines]


class Page:
    """The lines of one report, as they are added. `width` is the terminal's."""

    def __init__(self, width: int) -> None:
        self.width = max(width, 20)
        self.prose = min(self.width, PROSE)
        self.lines: list[Line] = []
        self.was_cut = False

    def add(self, line: Line, indent: int = 2) -> None:
        """A line as it is, however long."""
        self.lines.append([(" " * indent, ""), *line] if indent else line)

    def add_cut(self, line: Line, indent: int = 2, rows: int = 1) -> None:
        """A line that may take `rows` rows of the terminal; `…` stands for what is left out."""
        self.add(self._cut(line, rows * self.width - indent), indent)

    def add_flow(self, items: Iterable[Line], indent: int = 2, separator: str = " · ") -> None:
        """Items between separators, in as many lines as they need."""
        line: Line = []
        for item in items:
            if line and indent + span(line) + cells(separator) + span(item) > self.width:
                self.add_cut(line, indent)
                line = []
            line = [*line, (separator, "dim"), *item] if line else item
        if line:
            self.add_cut(line, indent)

    def labelled(self, pairs: Iterable[tuple[str, str | Line]], indent: int = 2, role: str = "dim") -> None:
        """Labels in one column, what they stand for beside: a text in wrapped lines, a line cut to the width."""
        pairs = list(pairs)
        column = max((cells(label) for label, _ in pairs), default=0) + 2
        for label, value in pairs:
            head = pad([(label, role)], column)
            if not isinstance(value, str):
                self.add_cut([*head, *value], indent)
                continue
            self.add_hanging(head, value, indent)

    def add_hanging(self, head: Line, text: str, indent: int = 2, role: str = "") -> None:
        """A text behind its head, in wrapped lines that stand under its beginning."""
        column = span(head)
        for part in wrap(text, max(self.prose - indent - column, 20)):
            self.add([*head, *pieces(part, role)], indent)
            head = [(" " * column, "")]

    @property
    def rows(self) -> int:
        """Rows of the terminal that the lines take."""
        return sum(max(1, -(-span(line) // self.width)) for line in self.lines)

    def blank(self) -> None:
        """One empty line, and never two."""
        if self.lines and self.lines[-1]:
            self.lines.append([])

    def _cut(self, line: Line, width: int) -> Line:
        if span(line) <= width:
            return line
        self.was_cut = True
        kept: Line = []
        left = max(width - 1, 1)
        for text, role in line:
            part = crop(text, left)
            kept.append((part, role))
            left -= cells(part)
            if part != text:
                break
        return [*kept, ("…", "dim")]

    def text(self, *, color: bool) -> str:
        """The report, every line ended by a newline."""
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        draw = _coloured if color else _plain
        return "".join(draw(_trimmed(line)) + "\n" for line in self.lines)


def _trimmed(line: Line) -> Line:
    """Without the spaces at its end."""
    while line and not line[-1][0].rstrip(" "):
        line = line[:-1]
    return [*line[:-1], (line[-1][0].rstrip(" "), line[-1][1])] if line else line


def _plain(line: Line) -> str:
    return "".join([text for text, _ in line])


def _coloured(line: Line) -> str:
    from rich.color import ColorSystem
    from rich.style import Style

    return "".join([Style.parse(STYLES[role]).render(text, color_system=ColorSystem.STANDARD) if role else text for text, role in line])
