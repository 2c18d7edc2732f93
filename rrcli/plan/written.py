"""A request as the step of a plan that sends the same bytes: `--format plan`.

It is made of what was asked, as the words of `command` are: the words and options under the keys of a plan, typed where the request type
has such keys (`Request.typed_words`). Each secret is `{{secrets.NAME}}`, with a `[secrets]` table before the step.
"""

from __future__ import annotations

import re
from binascii import b2a_base64

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import dumps, loads
from rrcli.base.sourcefile import Problems, parse
from rrcli.base.url import begins_data, unquote
from rrcli.engine.manifest import load as load_named
from rrcli.options.commandline import given_options, reads_stdin, shown_arguments, shown_text
from rrcli.plan.keys import GROUPS, later_words
from rrcli.plan.load import load_plan
from rrcli.plan.names import ROOTS
from rrcli.plan.settings import PlanSettings
from rrcli.plan.step import EXPRESSIONS
from rrcli.plan.tomltext import table
from rrcli.policy.maskedplaces import Place, hidden, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

    from rrcli.engine.registry import Protocol
    from rrcli.options.option import Option
    from rrcli.options.request import Request

PRIVATE = 0xE100  # the first of the letters of which one that no text has stands for a secret
NO_LIMIT = float("inf")
DEADLINE = "60s"  # of a step with `until`, which a plan does not let go on for ever
SYNTAX = " \t\r\n'\"\\"  # letters with a meaning in the text of a command
NO_TEXT = re.compile("[\ud800-\udfff]+")  # bytes that are no UTF-8
BRACES = re.compile("[{]{2}|[{](?=\\Z|[\ud800-\udfff])")  # that would begin a template, or do so with the one behind them


def refuse_input(request: Request) -> None:
    """Raise `usage` for content that no plan can have, or give away, before anything is sent."""
    if reads_stdin(request):
        raise usage("--format plan: a plan takes nothing from standard input", "name a file in its place")
    if any(getattr(request, name) == "-" for name in request.written):
        raise usage("--format plan: a plan writes nothing to standard output", "name a file in its place")


def step_of(entry: Protocol, request: Request, mask: Callable[[str], str] | None) -> str:
    """The text of a plan with this request as its step.

    `mask` puts the mask in the place of secrets that the exchange has shown; without it secrets stand there as they are.
    Raises `usage` for a request that only a program can make.
    """
    refuse_input(request)
    asked = _Asked(entry, request, mask)
    try:
        keys = _keys(asked)
        secrets = {name: f"env:{name.upper()}" for name in asked.secrets}
        return (table("[secrets]", secrets) + "\n" if secrets else "") + table("[[step]]", keys)
    except ValueError as error:
        raise usage(f"no step of a plan sends this request: {error}") from None


def remarks(text: str) -> list[str]:
    """What keeps a plan from being run as it is: files that lie outside of its folder."""
    problems, found = Problems(), []
    plan = load_plan(parse(text.encode(), "-"), problems, {}, settings=PlanSettings())
    problems.raise_any()
    from rrcli.plan.run import scope_of

    scope = scope_of(plan)
    scope.is_dry = True
    for step in plan.steps:
        try:
            step.request(scope, plan.root)
        except ExchangeError as error:
            found.append(f"{error.message}{f' ({error.hint})' if error.hint else ''}")
    return found


class _Asked:
    """What was asked: words under their keys and options by their fields, a letter in the place of each secret."""

    def __init__(self, entry: Protocol, request: Request, mask: Callable[[str], str] | None) -> None:
        self.entry = entry
        self.request_type = type(request)
        self.options: dict[str, list[tuple[str, str]]] = {}  # by field: flags and texts
        self.values: dict[str, Any] = {}  # of those that are numbers
        self.secrets: dict[str, str] = {}  # by name
        self.holes: dict[str, str] = {}  # names of the secrets by the letters that stand for them
        self._mask = mask
        given = [(declared, flag, text) for declared, flag, text in given_options(request, NO_LIMIT) if declared.name not in request.dry]
        whole = "".join([*request.arguments, *(text or "" for _, _, text in given)])
        self._letters = (chr(code) for code in range(PRIVATE, 0xF8FF) if chr(code) not in whole)
        shown = self._shown_arguments(request)
        arguments = [self._holed(text, known) for text, known in zip(request.arguments, shown, strict=True)]
        self.place, self.words = _laid_out(entry, self.request_type, tuple(arguments))
        for declared, flag, text in given:
            spelled = text if text is None else self._holed(text, shown_text(declared, flag, text) or "", declared, flag)
            self.options.setdefault(declared.name, []).append((flag, spelled or ""))
            value = getattr(request, declared.name)
            if text is None or (type(value) in (int, float) and declared.kind == "value" and not declared.write):
                self.values[declared.name] = True if text is None else int(value) if value == int(value) else value

    @staticmethod
    def _shown_arguments(request: Request) -> tuple[str, ...]:
        shown = shown_arguments(request)
        return shown if len(shown) == len(request.arguments) else request.arguments

    def _holed(self, text: str, shown: str, declared: Option | None = None, flag: str = "") -> str:
        """The text with a letter in the place of each secret."""
        if self._mask is None:
            return text
        shown = self._mask(shown)
        known = (flag.lstrip("-"), declared.metavar, declared.group) if declared else ()
        found = list(places(shown, *known))
        spans = hidden(text, shown)
        if found and spans is None:  # all of it is one
            name = (declared and flag.lstrip("-")) or "password"
            return self._hole(Place(names=(name.replace("-", "_"),), before="", after=""), text)
        parts, at = [], 0
        for place, (begin, end) in zip(found, spans or (), strict=False):
            parts += [text[at:begin], self._hole(place, text[begin:end])]
            at = end
        return "".join(parts) + text[at:]

    def _hole(self, place: Place, value: str) -> str:
        """The letter for a secret. One in the userinfo of a URL is written there percent-encoded, and so is what a plan fills in."""
        value = unquote(value) if place.in_userinfo else value
        name = next((name for name, known in self.secrets.items() if known == value), "")
        if not name:
            first = place.names[0] if place.names[0] not in ROOTS else f"{place.names[0]}_"
            names = (first, *(f"{first}_{number}" for number in range(2, 7000)))
            name = next(name for name in names if name not in self.secrets)
            self.secrets[name] = value
        letter = next(self._letters)
        self.holes[letter] = name
        return letter

    def template(self, text: str, left: tuple[str, ...] = ()) -> str:
        """The text as a plan has it: `{{` and what is no UTF-8 spelled out, but for the names that the request fills in itself."""
        pieces = re.split(f"([{''.join(self.holes)}])", text) if self.holes else [text]
        return "".join(
            f"{{{{secrets.{self.holes[piece]}}}}}" if number % 2 else _literal(piece, left, at_end=number == len(pieces) - 1)
            for number, piece in enumerate(pieces)
        )


def _literal(text: str, left: tuple[str, ...], *, at_end: bool) -> str:
    """Text that is no template, as one has it."""

    def braces(found: re.Match[str]) -> str:
        if found[0] == "{":
            return found[0] if at_end and found.end() == len(text) else "{{'{'}}"
        is_left = any(text.startswith(f"{name}}}}}", found.end()) for name in left)
        return found[0] if is_left else "{{'{{'}}"

    spelled = BRACES.sub(braces, text)
    return NO_TEXT.sub(lambda found: f"{{{{base64_decode('{_base64(found[0])}')}}}}", spelled)


def _base64(text: str) -> str:
    try:
        return b2a_base64(text.encode("utf-8", "surrogateescape"), newline=False).decode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is in it") from None


def _laid_out(entry: Protocol, request_type: type[Request], arguments: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The words of the command's own text, and the later ones by their keys."""
    if request_type.keyed_words:
        try:
            place, words = load_named(request_type.keyed_words)(arguments)
            return place, words
        except ExchangeError:
            return arguments, {}
    synopsis = entry.load_manifest().synopsis
    if synopsis.startswith("[") and arguments and begins_data(arguments[0], 0, place_first=request_type.place_first):
        return arguments, {}
    found: dict[str, list[str]] = {}
    open_keys = later_words(synopsis)
    for word in arguments[1:]:
        key = next((each for each in open_keys if each[2] == (word[:1] == "@")), None)
        if key is None:
            return arguments, {}
        found.setdefault(key[0], []).append(word)
        if not key[1]:
            open_keys.remove(key)
    return arguments[:1], found


# --- keys


def _keys(asked: _Asked) -> dict[str, Any]:
    """The keys of the step, in the order in which they are read best."""
    request_type, options = asked.request_type, asked.options
    typed = load_named(request_type.typed_words)(asked.words, options) if request_type.typed_words else {}
    left = (*request_type.fills, *GROUPS.findall(str(list(options.values()))))

    def text(value: Any) -> Any:
        return _filled(value, lambda each: asked.template(each, left))

    words = [text(word) for word in asked.place]
    is_plain = words and not any(not word or any(letter in word for letter in SYNTAX) for word in asked.place)
    if not request_type.options_end_at_data and any(word[:1] == "-" and len(word) > 1 for word in asked.place):
        words, is_plain = ["--", *words], False
    keys: dict[str, Any] = {asked.entry.name: " ".join(words) if is_plain else words}
    lists = {name for name, is_list, _ in later_words(asked.entry.load_manifest().synopsis) if is_list} | {"args"}
    for key, found in asked.words.items():
        keys[key] = [text(word) for word in found] if key in lists or len(found) > 1 else text(found[0])
    for key, value in typed.items():
        keys[key] = _json_or(text(value), key)
    for name, given in options.items():
        declared = request_type.options_[name]
        for key, value in _option(declared, given, asked.values.get(name), asked.holes):
            keys[key] = text(_expression(value, asked) if name in EXPRESSIONS else value)
    if "until" in keys:
        keys.setdefault("deadline", DEADLINE)
    return keys


def _option(declared: Option, given: list[tuple[str, str]], number: Any, starts: Collection[str]) -> Iterator[tuple[str, Any]]:
    """The key of an option and its value; what begins with one of `starts` is a value that a plan fills in."""
    key, (flag, text) = declared.flag.lstrip("-"), given[0]
    if number is not None:
        yield key, number
    elif declared.kind == "many":
        yield key, [_value(declared, text) for _, text in given]
    elif declared.kind == "steps":
        flags = [(_raw(declared, flag) if text[:1] in starts else flag).lstrip("-") for flag, text in given]
        if len(given) == 1 and flag[:2] == "--":
            yield flags[0], text
        else:
            yield declared.name.replace("_", "-"), [{flag: text} for flag, (_, text) in zip(flags, given, strict=True)]
    else:
        yield key, _value(declared, text)


def _raw(declared: Option, flag: str) -> str:
    """The flag of the same that takes no file, where there is one: what a plan fills in at the beginning could begin with @."""
    return f"{flag}-raw" if "@FILE" in declared.help and f"{flag}-raw" in declared.flags else flag


def _value(declared: Option, text: str) -> Any:
    """A value of an option: a table or list where its JSON is spelled as the plan's is."""
    if "JSON" in declared.metavar.split("|") and text[:1] in ("{", "["):
        try:
            value = loads(text)
            table("[x]", {"x": value})
        except ValueError:
            return text
        return value if dumps(value) == text else text
    return text


def _expression(value: Any, asked: _Asked) -> Any:
    """Expectations, in which a secret is a literal, that is filled in with its quotes."""
    quoted = re.compile(f"(['\"])([{''.join(asked.holes)}])\\1") if asked.holes else None
    return _filled(value, lambda text: quoted.sub(r"\2", text) if quoted else text)


def _filled(value: Any, spell: Callable[[str], str]) -> Any:
    """The value with each text in it spelled so; keys of tables stay."""
    if isinstance(value, str):
        return spell(value)
    if isinstance(value, list):
        return [_filled(each, spell) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, spell) for key, each in value.items()}
    return value


def _json_or(value: Any, key: str) -> Any:
    """The value; as JSON text where TOML has none such, which a plan reads as well."""
    try:
        table("[x]", {key: value})
    except ValueError:
        return dumps(value)
    return value
