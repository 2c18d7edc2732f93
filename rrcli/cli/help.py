"""The text of the pages of help, made of the commands' declarations: what `page.py` lays out, and `man.py` turns into manual pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rrcli.cli.page import OVERVIEW, USAGE, names, read
from rrcli.cli.topics import OF_WORDS, exit_codes_in_short, topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rrcli.cli.command import Command
    from rrcli.options.option import Option

CHOICES = 24  # the longest list of choices that is shown in place of the metavar
EXAMPLES = ("rrcli https://example.com/ -v", "rrcli POST :8080/users name=ann", "rrcli demo")  # of the overview


def pages(protocols: Sequence[Command], tools: Sequence[Command]) -> dict[str, str]:
    """The text of every page by its name."""
    of_commands = {command.name: page_of(command) for command in (*protocols, *tools)}
    return {OVERVIEW: overview(protocols, tools), **of_commands, **{name: topic.text for name, topic in topics().items()}}


def text_of(command: Command) -> str:
    """The page of a command, as it was written when the package was built, or made now for one of another package."""
    return read(command.name) if command.name in names() else page_of(command)


def overview(protocols: Sequence[Command], tools: Sequence[Command]) -> str:
    """The page of `rrcli --help`: every command in a line, the protocols' and then the tools."""
    return _page(
        f"{USAGE}rrcli COMMAND [OPTIONS] WORDS...\n       rrcli [OPTIONS] URL  (the scheme picks the command)\n"
        "       rrcli [OPTIONS] [METHOD] URL [ITEM...]  (without a scheme it is HTTP)",
        "Send one request and see what came of it: the parts, the bytes, the time of each phase, the failure and what to do.",
        _table("Protocols", ((command.name, command.help) for command in protocols)),
        _table("Tools", ((tool.name, tool.help) for tool in tools)),
        _lines("Examples", EXAMPLES),
        f"Exit codes: {exit_codes_in_short()}.",
        f"rrcli COMMAND --help lists the options of a command. Topics of rrcli help: {', '.join(topics())}.",
    )


def page_of(command: Command) -> str:
    """The page of `rrcli COMMAND --help`: what its words are, examples, the options by their groups, and what their values are."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for declared in command.shown():
        groups.setdefault(declared.group or "Options", []).append((spelling(declared), explanation(declared)))
    words = " ".join(filter(None, ("rrcli", command.name, "[OPTIONS]" if command.options else "", command.synopsis)))
    metavars = {declared.metavar for declared in command.shown() if not declared.choices}
    values = [(word, said) for word, said in OF_WORDS.items() if word in metavars]
    return _page(
        USAGE + words,
        command.help,
        _table("Words", command.words),
        _lines("Examples", command.examples),
        *(_table(title, rows) for title, rows in groups.items()),
        _table("Values", values),
        f"Exit codes: {exit_codes_in_short()}; rrcli help exit-codes says more." if command.exchanges else "",
    )


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


def _page(*blocks: str) -> str:
    return "\n\n".join(filter(None, blocks)) + "\n"


def _lines(title: str, lines: Iterable[str]) -> str:
    """A block of lines that stay as they are; nothing where there is none."""
    return _block(title, iter(lines))


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """A block of names and what is said of them; nothing where there is none."""
    return _block(title, (f"{name}\t{said}" for name, said in rows))


def _block(title: str, rows: Iterator[str]) -> str:
    lines = [f"  {row}" for row in rows]
    return "\n".join([f"{title}:", *lines]) if lines else ""
