"""Help: the overview of all commands, and each command's own page, drawn for 80 to 100 columns.

Plain text with few escapes, or none: no boxes, and nothing in an option's help is taken for markup.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rrcli.base.errors import ExchangeError
from rrcli.cli.show import color, width
from rrcli.engine import registry
from rrcli.options.request import Output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rrcli.cli.commands import Command
    from rrcli.options.option import Option

WIDEST = 100  # columns: longer lines are hard to read
COLUMN = 30  # where an option's help begins
CHOICES = 24  # the longest list of choices that is shown in place of the metavar

EXAMPLES = ("rrcli https://example.com/ -v", "rrcli demo")  # of the overview


def overview(tools: Iterable[Command]) -> str:
    """The page of `rrcli --help`: every command in a line, the protocols' and then the `tools`."""
    others, note = _third_party()
    pages = {entry.name: entry.load_manifest() for entry in registry.PROTOCOLS}
    aliases = {alias.name: alias.load_page() for alias in registry.ALIASES}
    foreign = {entry.name: entry.load_manifest() for entry in others}
    protocols = [(name, page.help) for name, page in {**pages, **aliases, **foreign}.items()]
    listed = [(tool.name, tool.help) for tool in tools]
    column = max(len(name) for name, _ in (*protocols, *listed)) + 4
    page = _Page()
    page.usage("rrcli COMMAND [OPTIONS] WORDS...", "rrcli [OPTIONS] URL          the scheme picks the command")
    page.paragraph("Send one request and see what came of it: the parts, the bytes, the time of each phase, the failure and what to do.")
    page.table("Protocols", protocols, column)
    page.table("Tools", listed, column)
    page.examples(EXAMPLES)
    page.paragraph("rrcli COMMAND --help lists the options of a command; rrcli --version prints the version.")
    if note:
        page.paragraph(note)
    return page.text()


def page_of(command: Command) -> str:
    """The page of `rrcli COMMAND --help`: examples, then the options by their groups."""
    page = _Page()
    page.usage(" ".join(filter(None, ("rrcli", command.name, "[OPTIONS]" if command.options else "", command.synopsis))))
    page.paragraph(command.help)
    page.examples(command.examples)
    groups: dict[str, list[tuple[str, str]]] = {}
    for declared in command.options.values():
        groups.setdefault(declared.group or "Options", []).append((spelling(declared), explanation(declared)))
    for title, rows in groups.items():
        page.table(title, rows, COLUMN)
    return page.text()


def spelling(declared: Option) -> str:
    """`-m, --timeout TIME`; long flags without a short one stand in the same column."""
    flags = ", ".join(declared.flags)
    if not any(flag[:2] != "--" for flag in declared.flags):
        flags = "    " + flags
    if declared.kind == "flag":
        return flags
    value = value_of(declared)
    return f"{flags}[={value}]" if declared.kind == "optional" else f"{flags} {value}"


def value_of(declared: Option) -> str:
    """What stands for an option's value: its choices where they are short, else its metavar."""
    choices = "|".join(declared.choices)
    return choices if 0 < len(choices) <= CHOICES else declared.metavar


def explanation(declared: Option) -> str:
    """The option's help, with the choices that its spelling had no room for."""
    unnamed = [choice for choice in declared.choices if choice not in f"{value_of(declared)} {declared.help}"]
    return f"{declared.help}  [{', '.join(declared.choices)}]" if unnamed else declared.help


def _third_party() -> tuple[tuple[registry.Protocol, ...], str]:
    """The entries of other packages; a broken one must not take the help away, so its error is a note below."""
    try:
        return registry.third_party(), ""
    except ExchangeError as error:
        return (), f"Note: {error.message} ({error.hint})."


class _Page:
    """Collects the lines of a page, as wide as the terminal but never wider than `WIDEST`."""

    def __init__(self) -> None:
        self._width = max(40, min(width(), WIDEST))
        self._color = color(Output(), 1)
        self._blocks: list[str] = []

    def text(self) -> str:
        return "\n\n".join(self._blocks) + "\n"

    def usage(self, *lines: str) -> None:
        shown = [part for line in lines for part in textwrap.wrap(line, self._width - 7, subsequent_indent="  ", break_on_hyphens=False)]
        self._blocks.append("\n".join(("       " if at else self._style("Usage: ", "1")) + line for at, line in enumerate(shown)))

    def paragraph(self, text: str) -> None:
        self._blocks.append("\n".join(self._wrap(text, self._width)))

    def examples(self, examples: Iterable[str]) -> None:
        lines = ["  " + line for line in examples]
        if lines:
            self._blocks.append("\n".join([self._style("Examples:", "1"), *lines]))

    def table(self, title: str, rows: Iterable[tuple[str, str]], column: int) -> None:
        """Names on the left, explanations beginning in one column; a long name has its explanation below it."""
        lines = [self._style(f"{title}:", "1")]
        for name, text in rows:
            wrapped = self._wrap(text, self._width - column)
            if len(name) + 4 > column:
                lines += ["  " + self._style(part, "36") for part in self._name(name)]
            else:
                lines.append("  " + self._style(name, "36") + " " * (column - 2 - len(name)) + wrapped.pop(0))
            lines += [" " * column + line for line in wrapped]
        self._blocks.append("\n".join(lines))

    def _name(self, name: str) -> list[str]:
        indent = " " * (len(name) - len(name.lstrip()))
        return textwrap.wrap(name.strip(), self._width - 2, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)

    def _wrap(self, text: str, columns: int) -> list[str]:
        return textwrap.wrap(text, columns, break_on_hyphens=False, break_long_words=False) or [""]

    def _style(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color and text.strip() else text
