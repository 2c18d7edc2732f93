"""The pages of help, as they were written when the package was built, laid out for the terminal.

`pages/NAME.txt` is the page of a command or of a topic, `pages/rrcli.txt` the overview; `python -m rrcli.cli.generate` makes them from
the commands' declarations. Nothing of those is loaded here, so that help starts fast.

A page is text in blocks, an empty line between them. A block whose first line ends with a colon and whose others begin with two spaces
is a table under that title: a row is a name, a tab and what is said of it, or without a tab a line that stays as it is. A block that
begins with `Usage: ` has one usage in each line. Any other block is a paragraph in one line.
"""

from __future__ import annotations

import os

from rrcli.base.output import to_stdout
from rrcli.options.option import HELP
from rrcli.report.terminal.paint import wrap
from rrcli.report.terminal.screen import is_coloured, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Rows = list[tuple[str, str | None]]  # a name and what is said of it, or a line that stays as it is and `None`

FOLDER = os.path.join(os.path.dirname(__file__), "pages")
OVERVIEW = "rrcli"
WIDEST = 100  # columns: longer lines are hard to read
NARROWEST = 40
COLUMN = 30  # where what is said of a name begins at most
USAGE = "Usage: "
FIRST_TABLE = "Protocols"  # of the overview, which takes the commands of other packages too


def asked(words: list[str]) -> str | None:
    """The name of the page that a command line asks for and nothing else; `None` where more has to be read of it, or there is none."""
    if not words or (len(words) == 1 and words[0] in (*HELP, "help")):
        return OVERVIEW
    if len(words) != 2 or (words[0] != "help" and words[1] not in HELP):
        return None
    name = words[1] if words[0] == "help" and words[1] not in HELP else words[0]
    return name if name in names() else None


def names() -> list[str]:
    """The names of all pages but the overview."""
    return sorted(name.removesuffix(".txt") for name in os.listdir(FOLDER) if name.endswith(".txt") and name != f"{OVERVIEW}.txt")


def read(name: str) -> str:
    """The text of a page."""
    with open(os.path.join(FOLDER, f"{name}.txt"), encoding="utf-8") as file:
        return file.read()


def show(name: str) -> None:
    """Print a page of this package."""
    print_page(with_others(read(name)) if name == OVERVIEW else read(name))


def print_page(text: str) -> None:
    """Print the text of a page as wide as the terminal, but never wider than `WIDEST`."""
    to_stdout(draw(text, max(NARROWEST, min(width(), WIDEST)), color=is_coloured("auto", 1)).encode())


def with_others(text: str) -> str:
    """The overview with the commands of other packages; a broken one must not take the help away, so its error is a note below."""
    from rrcli.base.errors import ExchangeError
    from rrcli.engine.registry import third_party

    try:
        rows = [f"  {entry.name}\t{entry.load_manifest().help}" for entry in third_party()]
    except ExchangeError as error:
        return f"{text}\nNote: {error.message} ({error.hint}).\n"
    blocks = text.split("\n\n")
    at = next(at for at, block in enumerate(blocks) if block.startswith(f"{FIRST_TABLE}:"))
    blocks[at] = "\n".join([blocks[at], *rows])
    return "\n\n".join(blocks)


def blocks(text: str) -> Iterator[tuple[str, Rows]]:
    """Each block: its title and rows, or its text and none."""
    for block in text.rstrip("\n").split("\n\n"):
        title, *lines = block.split("\n")
        if lines and title.endswith(":") and not title.startswith(USAGE):
            yield title, [_row(line.removeprefix("  ")) for line in lines]
        else:
            yield block, []


def _row(line: str) -> tuple[str, str | None]:
    name, tab, said = line.partition("\t")
    return name, said if tab else None


def draw(text: str, columns: int, *, color: bool) -> str:
    """The page laid out in so many columns."""
    found = list(blocks(text))
    longest = {True: 0, False: 0}  # of the names of options, and of others: each kind has one column on all of the page
    for _, rows in found:
        for name, said in rows:
            if said is not None:
                longest[_is_option(name)] = max(longest[_is_option(name)], len(name))
    pen = _Pen(columns, {kind: min(COLUMN, length + 4, columns * 3 // 8) for kind, length in longest.items()}, color=color)
    return "\n\n".join([pen.table(title, rows) if rows else pen.text(title) for title, rows in found]) + "\n"


def _is_option(name: str) -> bool:
    return name.lstrip().startswith("-")


class _Pen:
    """Lays blocks out, `columns` wide; what is said of an option begins at `column[True]`, of another name at `column[False]`."""

    def __init__(self, columns: int, column: dict[bool, int], *, color: bool) -> None:
        self._columns = columns
        self._column = column
        self._color = color

    def text(self, block: str) -> str:
        """A paragraph, or the lines of the usage."""
        if not block.startswith(USAGE):
            return "\n".join(wrap(block, self._columns))
        indent = " " * len(USAGE)
        lines = [line.removeprefix(indent) for line in block.removeprefix(USAGE).split("\n")]
        shown = [f"\n{indent}  ".join(wrap(line, self._columns - len(indent) - 2)) for line in lines]
        return self._style(USAGE, "1") + f"\n{indent}".join(shown)

    def table(self, title: str, rows: Rows) -> str:
        """Names on the left, what is said of them in one column; behind a name that is too long for that, below it."""
        lines = [self._style(title, "1")]
        for name, said in rows:
            if said is None:
                lines += [f"  {part}" for part in continued(name, self._columns - 2)]
                continue
            column = self._column[_is_option(name)]
            wrapped = wrap(said, self._columns - column)
            if len(name) + 4 > column:
                margin = " " * (2 + len(name) - len(name.lstrip()))
                lines += [margin + self._style(part, "36") for part in wrap(name.strip(), self._columns - len(margin))]
            else:
                lines.append("  " + self._style(name, "36") + " " * (column - 2 - len(name)) + wrapped.pop(0))
            lines += [" " * column + line for line in wrapped]
        return "\n".join(lines)

    def _style(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text


def continued(line: str, columns: int) -> list[str]:
    """A command line in lines of at most so many columns, to be pasted as they are: a backslash ends each but the last."""
    if len(line) <= columns:
        return [line]
    lines: list[str] = []
    for word in _shell_words(line):
        if lines and len(lines[-1]) + 1 + len(word) + len(" \\") <= columns:
            lines[-1] += f" {word}"
        else:
            lines.append(f"  {word}" if lines else word)
    return [*(f"{part} \\" for part in lines[:-1]), lines[-1]]


def _shell_words(line: str) -> list[str]:
    """The words of a command line with their quotes; a blank within quotes parts none."""
    words: list[str] = []
    quote = ""
    for part in line.split(" "):
        words[len(words) - bool(quote) :] = [f"{words[-1]} {part}" if quote else part]
        for letter in part:
            if letter in "'\"" and quote in ("", letter):
                quote = "" if quote else letter
    return words
