"""The command lines of `rrcli compare`: the one that stands there, and for each `--with` the same with what its words say."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.record import Record
from rrcli.base.url import begins_data
from rrcli.cli import fast
from rrcli.cli.app import expanded, named_by, parse
from rrcli.cli.commands import find, of_protocol
from rrcli.cli.fast import build
from rrcli.cli.tooloptions import CompareOptions, DiffOptions, compare_options
from rrcli.engine import registry
from rrcli.options.request import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.cli.command import Command, Values
    from rrcli.cli.invocation import Invocation
    from rrcli.engine.registry import Protocol

AS_IT_IS = "as it is"


class Variants(Record):
    """What is compared: invocations under their labels, the values of the options of `compare`, and those of output that were typed."""

    entry: Protocol
    invocations: tuple[Invocation, ...]
    labels: tuple[str, ...]
    values: Values
    output: Values


def read_variants(words: list[str]) -> Variants:
    """The command lines that the words of `rrcli compare` stand for. Raises `usage`."""
    own = compare_options()
    begin, before = _before_command(words)
    rest, behind = _without_own_end(words[begin:])
    before = _more(before, behind)
    rest = registry.translated(rest)
    entry = registry.by_name(rest[0]) if rest[0][:1] != "-" and "://" not in rest[0] else None
    if entry is None:
        if find(rest[0]):
            raise usage(f"compare sends requests, and {rest[0]} is no protocol", "write compare [--with WORDS]... COMMAND...")
        entry = named_by(rest)
        rest = [entry.name, *rest]
    whole = of_protocol(entry)
    options = {**own, **whole.options}
    reader = whole.replace(options=options)
    values = expanded(reader, parse(reader, rest[1:]))
    assert values is not None  # which is for help
    mine = {name: values.pop(name) for name in own if name in values and name not in whole.options}
    mine = _more(before, mine)
    texts = mine.pop("with_words", ())
    if not texts:
        hint = "another URL, or options and items beside its own"
        if "--with" in values["arguments"]:
            hint = "behind words of data it is one of them: write it before the command"
        raise usage("compare needs what is to be different: --with WORDS", hint)
    base = {**values, **{name: value for name, value in mine.items() if name in whole.options}}
    changed = [_changed(entry, whole, base, text) for text in texts]
    moved = next((place for _, place in changed if place), None)
    typed = [base, *(each for each, _ in changed)]
    return Variants(
        entry=entry,
        invocations=tuple(_invocation(entry, dict(each)) for each in typed),
        labels=(moved or AS_IT_IS, *texts),
        values={name: value for name, value in mine.items() if name not in whole.options},
        output={name: value for each in typed for name, value in each.items() if name in Output.options_},
    )


def _before_command(words: list[str]) -> tuple[int, Values]:
    """Where the command begins, and the options before it. Raises `usage` where there is none."""
    table = fast.flags(compare_options())
    for at, word in enumerate(words):
        if word[:1] == "-" and len(word) > 1:
            continue
        values = fast.read(words[:at], table, stops=False)
        if values is not None and not values.pop("arguments"):
            return at, values
    raise usage("compare takes [--with WORDS]... COMMAND..., and no command is there", "rrcli compare --help shows examples")


def _more(values: Values, later: Values) -> Values:
    """The values of our own options with those given later, which come behind them or in their place."""
    own = compare_options()
    return {**values, **{name: (*values.get(name, ()), *value) if own[name].kind == "many" else value for name, value in later.items()}}


def _without_own_end(words: list[str]) -> tuple[list[str], Values]:
    """The words of another tool without our own options at their end, which it does not know, and the values of those."""
    if not any(alias.name == words[0] for alias in registry.ALIASES):
        return words, {}
    table = fast.flags(CompareOptions.options_ | DiffOptions.options_)
    for begin in range(1, len(words)):
        values = fast.read(words[begin:], table, stops=False) if words[begin][:2] == "--" else None
        if values is not None and not values.pop("arguments"):
            return words[:begin], values
    return words, {}


def _invocation(entry: Protocol, values: Values) -> Invocation:
    """The invocation of the values, without those settings that exclude something nearer."""
    invocation = build(entry, entry.request_type, values)
    try:
        invocation.hooks.several(invocation.request)
    except ExchangeError as error:
        if error.layer != "usage" or invocation.fallback is None:
            raise
        return invocation.fallback()
    return invocation


# --- what is different


def _changed(entry: Protocol, command: Command, base: Values, text: str) -> tuple[Values, str | None]:
    """The values with what the words say in the place of them, or beside them, and the place that gave way to another one."""
    from shlex import split

    try:
        words = split(text)
    except ValueError as error:
        raise usage(f"--with {text!r}: {str(error).lower()}", "quote it as in a shell") from None
    if not words:
        raise usage("--with '' says nothing", "write a URL, options or items")
    reader = command.replace(needs_arguments=False)
    given = expanded(reader, parse(reader, words))
    if given is None:
        raise usage(f"--with {text!r} asks for help", "rrcli compare --help shows examples")
    found = dict(base)
    for name, value in given.items():
        if name != "arguments":
            found[name] = (*base.get(name, ()), *value) if command.options[name].kind in ("many", "steps") else value
    found["arguments"], place = _placed(entry, base["arguments"], given["arguments"])
    return found, place


def _placed(entry: Protocol, arguments: tuple[str, ...], more: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The arguments with a place in the place of theirs, or a verb, and all else behind them; and the place that is gone."""
    found, gone = list(arguments), None
    synopsis = entry.load_manifest().synopsis
    has_servers = "[@" in synopsis
    servers = [word for word in more if word[:1] == "@"] if has_servers else []
    if servers:
        gone = " ".join(word for word in found if word[:1] == "@") or None
        found = [word for word in found if word[:1] != "@"]
    for word in more:
        at = _place_at(entry, synopsis, tuple(found))
        if word in servers:
            found.append(word)
        elif _is_place(entry, synopsis, word):
            gone = found[at] if at < len(found) and not _is_missing(entry, synopsis, found) else None
            found[at : at + bool(gone)] = [word]
        elif word.upper() in entry.verbs:
            found[0:at] = [word]
        elif entry.request_type.options_end_at_data:
            raise usage(f"--with {word!r}: the words of data are the same for all", "only the URL and options can be different")
        else:
            found.append(word)
    return tuple(found), gone


def _place_at(entry: Protocol, synopsis: str, arguments: tuple[str, ...]) -> int:
    """Which of the arguments says where to: the first, or the one behind a method."""
    if not synopsis.startswith("[METHOD]") or len(arguments) < 2:
        return 0
    word = arguments[0]
    return int(word.isalpha() and (word.upper() in (entry.verbs or registry.METHODS) or word.isupper()))


def _is_missing(entry: Protocol, synopsis: str, arguments: list[str]) -> bool:
    """Whether the place, which may be left out, is."""
    return synopsis.startswith("[") and entry.request_type.options_end_at_data and begins_data(arguments[0], 0, place_first=False)


def _is_place(entry: Protocol, synopsis: str, word: str) -> bool:
    """Whether a word says where to: a URL, HOST:PORT, or a name with a dot; an item has a sign before that."""
    if "://" in word or word[:1] in (":", "/", "["):
        return True
    if entry.request_type.place_first or synopsis.startswith("HOST"):
        return True
    host = next((word[:at] for at, letter in enumerate(word) if letter in "/:=@?"), word)
    rest = word[len(host) :]
    is_port = rest[:1] == ":" and rest[1:].partition("/")[0].isdecimal()
    has_items = "[ITEM" in synopsis
    if rest and not (is_port or rest[0] in "/?"):
        return False
    return host == "localhost" or "." in host or (is_port and not has_items)
