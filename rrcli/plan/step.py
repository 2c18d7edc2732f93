"""One step of a plan, as it was read, and the request that comes of it once its templates have values."""

from __future__ import annotations

import re

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.record import Record
from rrcli.base.url import quote
from rrcli.engine.defaults import bound
from rrcli.engine.manifest import load as load_named
from rrcli.options.keys import value_of as option_value
from rrcli.options.steps import escape
from rrcli.plan.ownfiles import path_below, takes_file, with_file, with_file_argument, with_files
from rrcli.plan.template import Expression, Template, as_text, has_template, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.base.places import Path as Place
    from rrcli.base.sourcefile import SourceFile
    from rrcli.engine.registry import Protocol
    from rrcli.model.diff.places import Pattern
    from rrcli.options.option import Option
    from rrcli.options.request import Request
    from rrcli.plan.answerschema import AnswerSchema
    from rrcli.plan.novalue import Scope
    from rrcli.plan.ownfiles import Root
    from rrcli.plan.settings import Default
    from rrcli.plan.tools import Tool
    from rrcli.policy.paths import Path

KINDS = ("setup", "step", "teardown")
INCLUDE = "run"  # the command of a step that runs another plan
EXPRESSIONS = ("expect", "until", "ok")  # fields whose text is an expression, where only a literal may be a template
HOLE = "\ue000"  # stands for a value where the syntax around it is read
REST_OF_URL = "/?&=:!$'()*+,;~%"
STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")  # that begins no escape


class Snapshot(Record):
    """What a step's snapshot is called, where it is not called as the step, and the paths that are left out of it."""

    name: str | None = None
    ignored: tuple[Pattern, ...] = ()


class Step:
    """What one table of a plan says. `path` is where it stands in its file."""

    def __init__(self, name: str, kind: str, source: SourceFile, path: Place) -> None:
        self.name = name
        self.kind = kind
        self.source = source
        self.path = path
        self.entry: Protocol | None = None
        self.tool: Tool | None = None  # a command that is no protocol's
        self.tags: tuple[str, ...] = ()
        self.words: list[Template] = []  # of the command's text
        self.data: list[Template] = []  # later words, by their names
        self.options: dict[str, tuple[Option, Any]] = {}  # by key: values whose templates are to be filled in
        self.defaults: list[Default] = []  # the nearest first
        self.typed: dict[str, Any] = {}
        self.captures: dict[str, Path] = {}
        self.when: Condition | None = None
        self.rows: Any = None  # of `for-each`: a list, or an expression
        self.jobs = 1  # rows side by side
        self.output: Any = None  # the file of the answer's content, which may be a template
        self.delay = 0.0
        self.depends_on: tuple[str, ...] | None = None
        self.included: Any = None  # of `run`: another `Plan`, and
        self.variables: dict[str, Any] = {}  # what it is given
        self.runs_plan = False  # also where that one could not be read
        self.snapshot: Snapshot | None = None
        self.schema: AnswerSchema | None = None  # of `json-schema`
        self.goes_on = False  # `on-failure = "continue"`
        self.fresh = False
        self.cookies = True

    @property
    def line(self) -> int:
        return self.source.line(self.path)

    @property
    def place(self) -> str:
        """`FILE:LINE`."""
        return f"{self.source.name}:{self.line}"

    def templates(self) -> list[Template]:
        """All texts with templates in it that must have a value before it is sent."""
        found = [*self.words, *self.data]
        for _, value in self.options.values():
            _collect(value, found)
        _collect([default.value for default in self.defaults], found)
        _collect(self.typed, found)
        _collect(self.variables, found)
        _collect(self.output, found)
        return found

    @property
    def command(self) -> str:
        """The key that is its command."""
        return self.entry.name if self.entry else self.tool.name if self.tool else INCLUDE if self.runs_plan else ""

    def file(self, scope: Scope, root: Root) -> str | None:
        """The file that the answer's content goes to. Raises `NoValue`, and `usage` for one outside of the root."""
        return None if self.output is None else path_below(as_text(fill(self.output, scope)), root)

    def tool_values(self, scope: Scope, root: Root) -> tuple[tuple[str, ...], dict[str, Any]]:
        """The words and the values of a command that is no protocol's. Raises what `request` raises."""
        values: dict[str, Any] = {}
        for key, (declared, compiled) in self.options.items():
            self._set(values, key, declared, _filled(declared, key, compiled, scope), root)
        self._add_defaults(values, self.defaults, scope, root)
        return tuple(_place_word(word, scope) for word in self.words), values

    def request(self, scope: Scope, root: Root, defaults: Sequence[Default] = ()) -> Request:
        """The request with all values in place, and with these defaults.

        Raises `NoValue`, and `ExchangeError` of layer `usage` for a value that does not fit where it stands.
        """
        assert self.entry
        request_type = self.entry.request_type
        place = self._place_number()
        parts = load_named(request_type.word_parts) if request_type.word_parts else None
        arguments = [
            _place_word(word, scope) if number <= place else _word(word, scope, parts)
            for number, word in enumerate([*self.words, *self.data])
        ]
        if parts:
            arguments = [*arguments[: place + 1], *(with_file(text, root) for text in arguments[place + 1 :])]
        arguments = with_file_argument(request_type, arguments, root)
        values: dict[str, Any] = {"arguments": tuple(arguments)}
        for key, (declared, compiled) in self.options.items():
            self._set(values, key, declared, _filled(declared, key, compiled, scope), root)
        try:
            typed_keys = load_named(request_type.typed_keys) if self.typed else {}
            for key, typed in typed_keys.items():
                if key in self.typed:
                    typed.apply(fill(self.typed[key], scope), values, root.resolve)
        except ValueError as error:
            raise usage(str(error)) from None
        used = self._add_defaults(values, defaults, scope, root)
        return request_type(**values, **(bound(request_type, used) if used else {}))

    def _add_defaults(self, values: dict[str, Any], defaults: Sequence[Default], scope: Scope, root: Root) -> list[tuple[Option, str, Any]]:
        """Add defaults for what has no value; option, key and value of those that are for one peer alone."""
        used = []
        for default in defaults:
            declared, key = default.declared, default.key
            own: dict[str, Any] = {}
            self._set(own, key, declared, _filled(declared, key, default.value, scope), root if default.is_own else None)
            value = own[declared.name]
            if declared.name == "headers":
                values["headers"] = (*value, *values.get("headers", ()))
            else:
                values.setdefault(declared.name, value)
            if default.is_bound:
                used.append((declared, key, value))
        return used

    def _place_number(self) -> int:
        """Which of the words says where to: the first, or the one behind a method."""
        assert self.entry
        if not self.entry.load_manifest().synopsis.startswith("[METHOD]") or len(self.words) < 2:
            return 0
        method, address = self.words[0].text, self.words[1]
        return int(method.isalpha() and (method.isupper() or "/" in address.text or address.begins_with_value))

    def _set(self, values: dict[str, Any], key: str, declared: Option, given: Any, root: Root | None) -> None:
        """Keep the value of an option; the files of a plan's lie below the root."""
        try:
            value = option_value(declared, key, given)
        except ValueError as error:
            raise usage(str(error)) from None
        if root:
            value = with_files(declared, value, root)
        if declared.kind in ("many", "steps"):
            value = (*values.get(declared.name, ()), *value)
        values[declared.name] = value


class Condition:
    """`when`: an expectation, or a path alone, which holds unless it is null, false or empty. Raises `usage`."""

    def __init__(self, text: str, known: tuple[str, ...]) -> None:
        from rrcli.policy.expect import Expectation, split_expectation

        self.text = text
        if text.replace(" ", "") == "!run.ok":
            raise usage("!run.ok is (!run).ok to JMESPath, which is nothing", "write run.failed")
        self._template = Template(text)
        holed = self._template.filled(lambda _piece, _number: f'"{HOLE}"')
        try:
            split_expectation(holed)
        except ExchangeError:
            self._path: Expression | None = Expression(text)
        else:
            self._path = None
            Expectation(holed, known, whose="a plan")
        self._known = known
        self.expression: Expression | Template = self._path or self._template

    def holds(self, scope: Any) -> bool:
        """Whether it holds now. Raises `NoValue`."""
        if self._path:
            return self._path.value(scope) not in (None, False, "", [], {})
        from rrcli.policy.expect import Expectation

        return Expectation(fill_expression(self._template, scope), self._known, whose="a plan").check(scope.everything()).ok


# --- values


def compiled(value: Any, leave: tuple[str, ...] = ()) -> Any:
    """A value with each text that has templates read as such. Raises `usage`."""
    if isinstance(value, str):
        if not has_template(value):
            return value
        template = Template(value, leave)
        return template.plain if template.is_plain else template
    if isinstance(value, list):
        return [compiled(each, leave) for each in value]
    if isinstance(value, dict):
        return {key: compiled(each, leave) for key, each in value.items()}
    return value


def fill(value: Any, scope: Scope) -> Any:
    """The value with the templates in it filled in. Raises `NoValue`."""
    if isinstance(value, Template):
        return value.value(scope)
    if isinstance(value, list):
        return [fill(each, scope) for each in value]
    if isinstance(value, dict):
        return {key: fill(each, scope) for key, each in value.items()}
    return value


def _filled(declared: Option, key: str, value: Any, scope: Scope) -> Any:
    """The value of an option with its templates filled in, so that none of it is taken for the option's own syntax."""
    if declared.name in EXPRESSIONS:
        return fill_expression(value, scope)
    if declared.kind != "steps":
        found = fill(value, scope)
        _refuse_file(declared, key, value, found)
        return found
    if isinstance(value, list):
        return [_filled(declared, key, each, scope) for each in value]
    if isinstance(value, dict):
        return {flag: _filled(declared, flag, each, scope) for flag, each in value.items()}
    if isinstance(value, Template) and _reads_escapes(declared, f"--{key}"):
        return value.filled(lambda piece, _: escape(as_text(value_of(piece, scope)).encode("utf-8", "surrogateescape")))
    return as_text(fill(value, scope))


def _refuse_file(declared: Option, key: str, value: Any, found: Any) -> None:
    """Raise `usage` for a text whose `@` comes of a value: it would be taken for the name of a file."""
    for written, filled in zip(value, found, strict=True) if isinstance(value, list) else [(value, found)]:
        comes_of_value = isinstance(written, Template) and written.begins_with_value
        if comes_of_value and isinstance(filled, str) and filled[:1] == "@" and takes_file(declared):
            raise usage(f"{key}: a value that begins with @ would be read as a file", "write text before it")


def _reads_escapes(declared: Option, flag: str) -> bool:
    r"""Whether `\x41` is an `A` to this flag."""
    return flag in declared.flags and b"A" in declared.parse(flag, "\\x41")


def fill_expression(value: Any, scope: Scope) -> Any:
    """The text of an expectation with JSON literals in the place of its templates. Raises `NoValue`."""
    from rrcli.base.jsontext import dumps

    if isinstance(value, list):
        return [fill_expression(each, scope) for each in value]
    if isinstance(value, Template):
        return value.filled(lambda piece, _: dumps(value_of(piece, scope)))
    return value


def _collect(value: Any, found: list[Template]) -> None:
    if isinstance(value, Template):
        found.append(value)
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            _collect(each, found)


# --- words


def _place_word(word: Template, scope: Scope) -> str:
    """A word that says where to; what stands within a URL is percent-encoded, userinfo whole."""
    written = word.filled(lambda _piece, _number: HOLE)
    scheme, slashes, rest = written.partition("://")
    is_url = bool(slashes) or "/" in written
    authority = rest.partition("/")[0] if slashes else ""
    in_userinfo = (scheme + slashes + authority.rpartition("@")[0]).count(HOLE) if "@" in authority else 0
    seen = 0

    def spell(piece: Expression, number: int) -> str:
        nonlocal seen
        seen += 1
        text = as_text(value_of(piece, scope))
        if not is_url and "=" in written and any(letter in text for letter in " '\\"):
            raise usage(f"a value in {word.text!r} would be read as syntax", "write a URL, in which any value is encoded")
        if number == 0 or not is_url or scope.is_dry:
            return text
        return quote(text) if seen <= in_userinfo else STRAY_PERCENT.sub("%25", quote(text, REST_OF_URL))

    return word.filled(spell)


def _word(word: Template, scope: Scope, parts: Any) -> str:
    """A later word. Where such words have a syntax, raises `usage` for a value that would be taken for some."""
    if word.is_plain or parts is None:
        return word.filled(lambda piece, _: as_text(value_of(piece, scope)))
    values = [as_text(value_of(piece, scope)) for piece in word.expressions()]
    numbers = [number for number, piece in enumerate(word.pieces) if isinstance(piece, Expression)]
    holes = {number: chr(ord(HOLE) + at) for at, number in enumerate(numbers)}
    spelled = dict(zip(holes.values(), values, strict=True))
    text = word.filled(lambda _, number: spelled[holes[number]])
    try:
        holed = parts(word.filled(lambda _, number: holes[number]))
        same = parts(text) == tuple("".join(spelled.get(letter, letter) for letter in part) for part in holed)
    except ExchangeError:
        same = False
    if not same:
        raise usage(f"a value in {word.text!r} would be read as syntax", "headers, query, json, form and multipart take any value")
    return text
