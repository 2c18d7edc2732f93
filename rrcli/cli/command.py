"""What a command of the command line is: data, of which the Typer application, the help and the completions are all made."""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rrcli.options.option import Option

    Values = dict[str, Any]  # by the field's name; `arguments` is always there, an option only when it was given


class Command(Record):
    """One command of the command line. `run` takes the values read and returns the exit code."""

    name: str
    synopsis: str
    help: str
    options: Mapping[str, Option]
    run: Callable[[Values], int]
    needs_arguments: bool = False
    stops: bool = False  # options are read up to the first word of data
    place_first: bool = False  # where the first argument is none, whatever it looks like
    completes: Callable[[], tuple[str, ...]] = tuple  # gives what its arguments can be, for completion
    completes_until: str = ""  # what those end at, see `Manifest`
    names_behind: tuple[tuple[str, str], ...] = ()  # words, each with the folder below the configuration's whose files' names follow it
    takes_files: bool = False  # its arguments are names of files, and completed so
    words: tuple[tuple[str, str], ...] = ()  # of the synopsis, and what each is
    examples: tuple[str, ...] = ()
    without_effect: tuple[str, ...] = ()  # names of options that are taken, and not shown
    takes_words: Callable[[list[str]], int] | None = None  # runs with the words as they are, where another command is among them
    exchanges: bool = False  # whether its exit code is that of an exchange

    def shown(self) -> list[Option]:
        """The options that help and completion show."""
        return [declared for name, declared in self.options.items() if name not in self.without_effect]
