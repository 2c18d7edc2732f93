"""The fast path: a well-formed command line read by tables, without Typer and its imports.

It accepts only what it is sure of. Help, completion, any error and any doubt return `None`, and the full
application reads the same words again; a property test holds that both read them alike.
"""

from __future__ import annotations

from rrcli.base.url import begins_data
from rrcli.base.userfolder import has_settings
from rrcli.cli.invocation import made_of
from rrcli.engine import registry
from rrcli.options.option import HELP
from rrcli.options.request import BESIDE_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.cli.invocation import Invocation
    from rrcli.options.option import Option
    from rrcli.options.request import Request

VALUED = ("value", "many", "steps")  # kinds that take the next word as their value


def parse(argv: list[str]) -> Invocation | None:
    """Read `argv` (without the program's name); `None` where the full application has to decide. Raises what `build` raises."""
    if not argv:
        return None
    entry = registry.BY_NAME.get(argv[0])
    words = argv[1:]
    if entry is None:
        entry = by_url(argv)
        words = argv
    if entry is None or entry.extra:
        return None
    request_type = entry.load()[0]
    table = flags({**BESIDE_REQUEST, **request_type.options_})
    values = read(words, table, stops=request_type.options_end_at_data, place_first=request_type.place_first)
    if values is None or not values["arguments"] or any(declared.expands for declared in table.values() if declared.name in values):
        return None
    return build(entry, request_type, values)


def helped(argv: list[str]) -> str | None:
    """The command whose help a line asks for at its end, when all before that is well-formed and the word is neither value nor data."""
    entry = registry.BY_NAME.get(argv[0])
    words = argv[1:] if entry else argv
    entry = entry or by_url(argv)
    if entry is None:
        return None
    request_type = entry.load()[0]
    table = flags({**BESIDE_REQUEST, **request_type.options_})

    def reads(some: list[str]) -> bool:
        return read(some, table, stops=request_type.options_end_at_data, place_first=request_type.place_first) is not None

    return entry.name if reads(words[:-1]) and not reads(words) else None


def read_run(argv: list[str]) -> dict[str, Any] | None:
    """The values of `rrcli run PLAN...`, which is called as often as a protocol; `None` for anything else, and at any doubt."""
    if argv[:1] != ["run"]:
        return None
    from rrcli.cli.tooloptions import run_options

    values = read(argv[1:], flags(run_options()), stops=False)
    return values if values and values["arguments"] else None


def build(entry: registry.Protocol, request_type: type[Request], values: dict[str, Any]) -> Invocation:
    """What both paths make of the values that they read, with the user's settings where there are any.

    Raises `ExchangeError` of layer `usage` or `local` for settings that are wrong.
    """
    env = values.pop("env", None)
    if env is not None or has_settings():
        from rrcli.cli.settings import with_settings

        return with_settings(entry, request_type, values, env)
    return made_of(entry, request_type, values)


def by_url(argv: list[str]) -> registry.Protocol | None:
    """`rrcli [OPTIONS] [METHOD] URL`: the entry of the first word that needs no command before it and is no option's value."""
    for at, word in enumerate(argv):
        if word == "--":
            return None
        entry = registry.by_first_word(word) if word[:1] != "-" else None
        if entry and (at + 1 < len(argv) or word.upper() not in entry.verbs):
            table = flags({**BESIDE_REQUEST, **entry.load()[0].options_})
            before = read(argv[:at], table, stops=False)
            if before is not None and not before["arguments"]:
                return entry
    return None


def flags(options: dict[str, Option]) -> dict[str, Option]:
    """The options by their spellings."""
    return {flag: declared for declared in options.values() for flag in declared.flags}


def read(argv: list[str], table: dict[str, Option], *, stops: bool, place_first: bool = False) -> dict[str, Any] | None:
    """The fields' values, `words` among them; `None` at the first doubt. With `stops` options end where data begins, see `begins_data`."""
    values: dict[str, Any] = {}
    words: list[str] = []
    rest = iter(argv)
    for word in rest:
        if word == "--":
            words += rest
        elif word[:1] != "-" or word == "-":
            words.append(word)
            if stops and begins_data(word, len(words) - 1, place_first=place_first):
                words += rest
        elif word in HELP or not _option(word, rest, table, values):
            return None
    values["arguments"] = tuple(words)
    return values


def _option(word: str, rest: Iterator[str], table: dict[str, Option], values: dict[str, Any]) -> bool:
    """Read one option word, with its value from `rest` where it has one; false at any doubt."""
    if word[:2] == "--":
        flag, equals, text = word.partition("=")
        declared = table.get(flag)
        if declared is None or (equals and declared.kind == "flag"):
            return False
        value = text if equals else next(rest, None) if declared.kind in VALUED else None
        return _store(declared, flag, value, values)
    for at in range(1, len(word)):
        flag = "-" + word[at]
        declared = table.get(flag)
        if declared is None:
            return False
        if declared.kind in VALUED:
            return _store(declared, flag, word[at + 1 :] or next(rest, None), values)
        if not _store(declared, flag, None, values):
            return False
    return True


def _store(declared: Option, flag: str, word: str | None, values: dict[str, Any]) -> bool:
    """Parse the word of an option and keep its value; false when it does not parse."""
    kind, name = declared.kind, declared.name
    if kind == "flag":
        values[name] = True
        return True
    if kind == "optional":
        word = word or declared.bare
    if word is None:
        return False
    try:
        value = declared.parse(flag, word) if kind == "steps" else declared.parse(word)
    except ValueError:
        return False
    values[name] = (*values.get(name, ()), value) if kind in ("many", "steps") else value
    return True
