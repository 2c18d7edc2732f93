"""The full application, in Typer: reads whatever the fast path did not take, and says what is wrong with it.

Help, usage errors and the tools live here. A command line that both accept gives the same request in both, because both
scan it with `fast.read`: here every option is first respelled (`respell`), and Typer reads that.
"""

from __future__ import annotations

import inspect
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from rrcli.base import __version__
from rrcli.base.errors import usage
from rrcli.base.output import to_stdout
from rrcli.base.pasted import refused
from rrcli.base.shellquote import quoted
from rrcli.base.url import begins_data, without_userinfo
from rrcli.cli import fast
from rrcli.cli.commands import TOOLS, find, of_protocol
from rrcli.cli.help import text_of
from rrcli.cli.page import OVERVIEW, print_page, show
from rrcli.engine import registry
from rrcli.engine.manifest import load
from rrcli.options.option import HELP
from rrcli.options.parse import suggestion
from rrcli.options.request import BESIDE_REQUEST, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.base.errors import ExchangeError
    from rrcli.cli.command import Command, Values
    from rrcli.options.option import Option

# The base of all that Click finds wrong with a command line. Newer Typers carry a Click of their own, older ones use the
# package; both export this one of its subclasses.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def run(words: list[str]) -> int:
    """Run the command line and return its exit code. Raises `ExchangeError` for what is wrong with it."""
    if words[0] in HELP:
        show(OVERVIEW)
        return 0
    if words[0] == "--version":
        to_stdout(f"rrcli {__version__}\n".encode())
        return 0
    command = find(words[0]) if words[0][:1] != "-" and "://" not in words[0] else None
    if command:
        _refuse_own_line(words)
        if command.takes_words and words[-1] not in HELP:
            return command.takes_words(words[1:])
        values = expanded(command, parse(command, words[1:]))
    else:
        entry = named_by(words)
        command = of_protocol(entry)
        values = expanded(command, parse(command, words))
        if values is not None and registry.by_first_word(values["arguments"][0]) is not entry:
            raise _misplaced(values["arguments"][0])
    return 0 if values is None else command.run(values)


def parse(command: Command, words: list[str]) -> Values | None:
    """The values of a command's words and options; `None` when help was asked for, and has been printed.

    Raises `ExchangeError` of layer `usage` that says in one sentence what is wrong.
    """
    table = fast.flags(dict(command.options))
    reader = typer_command(command)
    try:
        with reader.make_context(
            f"rrcli {command.name}", respell(words, table, stops=command.stops, place_first=command.place_first)
        ) as context:
            values: Values = reader.invoke(context)
    except typer.Exit:
        return None
    except UsageError as error:
        raise _explained(error, command, table) from None
    return values


def expanded(command: Command, values: Values | None) -> Values | None:
    """The values with what an option among them stands for in its place. Raises `usage`."""

    def read(words: list[str]) -> Values:
        found = parse(command, words)
        assert found is not None  # which is for help, that nothing asks for here
        return found

    for name, declared in command.options.items():
        if declared.expands and values and name in values:
            values = load(declared.expands)(values, read)
            if (remark := values.pop("remark", None)) and not values.get("silent"):
                from rrcli.base.output import to_stderr

                to_stderr(f"rrcli: {remark}\n")
    return values


# --- the Typer command -----------------------------------------------------------------------------------


def typer_command(command: Command) -> Any:
    """The Typer command made from the declarations: it returns the values that it reads."""

    many = {name for name, declared in command.options.items() if declared.kind in ("many", "steps")} | {"arguments"}

    def read(**values: Any) -> Values:
        given = {name: value for name, value in values.items() if value is not None and value is not False}
        found = {name: tuple(value) if name in many else value for name, value in given.items()}
        return {"arguments": (), **{name: value for name, value in found.items() if name not in many or value}}

    parameters = [_parameter(name, *_typed(declared)) for name, declared in command.options.items()]
    words = typer.Argument(parser=_same)
    parameters.append(
        _parameter("arguments", list[str] if command.needs_arguments else list[str] | None, words, required=command.needs_arguments)
    )
    read.__annotations__ = {}
    read.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]

    class Reader(TyperCommand):
        """Draws the help in our own way: no boxes, nothing taken for markup."""

        def get_help(self, _context: Any) -> str:
            print_page(text_of(command))  # Click's own printing knows no full disk
            raise typer.Exit

    app = typer.Typer(add_completion=False)
    # `color`: Click must leave the escapes in, or out, as the help has decided.
    app.command(command.name, cls=Reader, context_settings={"help_option_names": list(HELP), "color": True})(read)
    return get_command(app)


def _parameter(name: str, kind: Any, info: Any, *, required: bool = False) -> inspect.Parameter:
    default = inspect.Parameter.empty if required else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, info], default=default)


def _typed(declared: Option) -> tuple[Any, Any]:
    """The annotation of an option's parameter, and what Typer is told of it; the help is drawn from the declaration itself."""
    if declared.kind == "flag":
        return bool, typer.Option(*declared.flags)
    kind = list[str] if declared.kind in ("many", "steps") else str
    return kind | None, typer.Option(*declared.flags, parser=_parser(declared))


def _parser(declared: Option) -> Callable[[str], Any]:
    """The option's `parse`, with its `ValueError` turned into the usage error of the whole command."""

    def parse(word: str) -> Any:
        flag, text = name_of(declared), word
        if declared.kind == "steps":
            flag, _, text = word.partition("=")
        try:
            return declared.parse(flag, text) if declared.kind == "steps" else declared.parse(text)
        except ValueError as error:
            raise usage(f"invalid value for {flag}: {error}") from None

    return parse


def _same(word: str) -> str:
    return word


# --- before Typer ----------------------------------------------------------------------------------------


def respell(words: list[str], table: dict[str, Option], *, stops: bool, place_first: bool = False) -> list[str]:
    """The command line with each option in the one spelling that Typer cannot misread; what is in doubt stays as it is.

    `-m3s` becomes `--timeout=3s`, a bare `--wire` gets its value, one of several flags that share a field goes before its
    value (`--send-hex 00` is `--send=--send-hex=00`), and `--` stands where data begins.
    """
    verbatim = {flag: _verbatim(declared) for flag, declared in table.items()}
    found: list[str] = []
    at = arguments = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return found + words[at:]
        if word[:1] == "-" and word != "-":
            spelled, taken = _respelled(words[at : at + 2], verbatim)
            found += spelled
            at += taken
        elif stops and begins_data(word, arguments, place_first=place_first):
            return [*found, "--", *words[at:]]
        else:
            found.append(word)
            arguments += 1
            at += 1
    return found


def _respelled(words: list[str], verbatim: dict[str, Option]) -> tuple[list[str], int]:
    """The first word's options in their plain spelling, and how many of the two words they took."""
    for taken in (1, 2):
        values = fast.read(words[:taken], verbatim, stops=False)
        if values is not None and not values.pop("arguments"):
            declared = {each.name: each for each in verbatim.values()}
            return [word for name, value in values.items() for word in _plain(declared[name], value)], taken
    return words[:1], 1


def _verbatim(declared: Option) -> Option:
    """The option with values left as they were written."""
    twin = copy(declared)
    twin.parse = "{}={}".format if declared.kind == "steps" else _same
    return twin


def _plain(declared: Option, value: Any) -> list[str]:
    flag = name_of(declared)
    if declared.kind == "flag":
        return [flag]
    text = value[0] if declared.kind in ("many", "steps") else value
    return [f"{flag}={text}"] if flag.startswith("--") else [flag, text]


def name_of(declared: Option) -> str:
    """The spelling by which an option is called in messages: its first long one."""
    return next((flag for flag in declared.flags if flag.startswith("--")), declared.flags[0])


# --- what is wrong ---------------------------------------------------------------------------------------


def _explained(error: Exception, command: Command, table: dict[str, Option]) -> ExchangeError:
    """A usage error of Typer's in our words."""
    see = f"rrcli {command.name} --help lists the options"
    flag = getattr(error, "option_name", None)
    if flag is None:
        if isinstance(error, typer.BadParameter):
            return usage(f"{command.name} takes {command.synopsis}, got nothing", f"rrcli {command.name} --help shows examples")
        return usage(str(error), see)
    declared = table.get(flag)
    if declared is None:
        if advice := registry.advice(command.name, flag):
            return usage(f"no option {flag}", advice)
        return usage(f"no option {flag}{suggestion(flag, list(table))}", see)
    if declared.kind == "flag":
        return usage(f"{flag} takes no value", declared.help)
    return usage(f"{flag} needs a value: {flag} {declared.metavar}")


def _refuse_own_line(words: list[str]) -> None:
    """Raise `usage` for words that name the server as the protocol's own tool does: with the line to write, where the URL does that."""
    entry = registry.BY_NAME.get(words[0])
    reference = entry.load_manifest().own_line if entry else ""
    if entry and reference and any(word[:1] == "-" for word in words) and (line := load(reference)(words[1:])):
        what = f"-h is help, and no option of {entry.name}" if "-h" in words else f"{entry.name} has no such options"
        raise usage(what, f"write {line}")


def named_by(words: list[str]) -> registry.Protocol:
    """The entry of `[OPTIONS] [METHOD] URL …`; raises `usage` where there is none."""
    first = words[0]
    among = words if first[:1] == "-" else words[:1]
    if entry := fast.by_url(words) or next(filter(None, map(registry.by_scheme, among)), None):
        return entry
    registry.third_party()
    if entry := next(filter(None, map(registry.by_scheme, among)), None):
        return entry
    if len(words) > 1 and (entry := next(filter(None, map(registry.by_first_word, (word for word in among if word[:1] != "-"))), None)):
        return entry
    if first[:1] == "-":
        raise _no_command(words)
    raise _unknown(first, words[1:])


def _unknown(word: str, others: list[str]) -> ExchangeError:
    """The usage error for a first word that is neither a command nor a URL of a known scheme."""
    if odd := refused(without_userinfo(word)):
        return odd
    scheme, separator, _ = word.partition("://")
    if separator:
        schemes = [scheme for entry in registry.BY_NAME.values() for scheme in entry.schemes]
        return usage(f"no command for {scheme}:// URLs{suggestion(scheme, schemes)}", f"known are {', '.join(schemes)}")
    if found := registry.by_first_word(word):
        return usage(f"{word} is a method, and the URL is missing", f"write rrcli {word} URL, or rrcli {found.name} {word} URL")
    names = [*registry.BY_NAME, *(alias.name for alias in registry.ALIASES), *TOOLS]
    if entry := next((entry for entry in registry.PROTOCOLS if word in entry.load_manifest().tools), None):
        return usage(f"no command {word}", f"the command is rrcli {entry.name} {entry.load_manifest().synopsis}")
    verbs = [verb for entry in registry.PROTOCOLS for verb in (*entry.verbs, *map(str.lower, entry.verbs))]
    near, shown = suggestion(word, names) or suggestion(word, verbs), without_userinfo(word)
    if not near and any(mark in word for mark in ".:/"):
        meant = quoted(word) if shown == word else "URL"
        return usage(f"no command {shown}", f"a URL needs its scheme, or a command before it: rrcli {registry.PROTOCOLS[0].name} {meant}")
    if not near and (entry := next(filter(None, map(registry.by_scheme, others)), None)):
        return usage(f"no command {shown}", f"the command comes first: rrcli {entry.name} {quoted(shown)} …")
    return usage(f"no command {shown}{near}", f"commands are {', '.join(names)}")


def _no_command(words: list[str]) -> ExchangeError:
    """The usage error for options with neither a command nor a URL behind them."""
    shared = fast.flags({**BESIDE_REQUEST, **Request.options_})
    for word in words:
        flag = word.partition("=")[0]
        if flag.startswith("--") and len(flag) > 2 and flag not in shared:
            return usage(f"no option {flag}{suggestion(flag, [*shared, '--help', '--version'])}", "rrcli --help lists the commands")
    misplaced = next((word for word in words if word in registry.BY_NAME or word in TOOLS), None)
    return _misplaced(misplaced) if misplaced else usage("neither a command nor a URL is given", "rrcli --help lists the commands")


def _misplaced(word: str) -> ExchangeError:
    """The usage error for a word that stands before the URL of `rrcli [OPTIONS] URL`."""
    if word in registry.BY_NAME or word in TOOLS:
        return usage(f"the command comes first: rrcli {word} [OPTIONS] …")
    return usage(f"{word!r} stands before the URL", "write rrcli [OPTIONS] URL, or a command first")
