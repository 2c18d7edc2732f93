"""Reads GraphQL documents (October 2021, sections 2 and 3): operations and fragments with their places, and the types of an SDL text.

The adapter's lexer counts brackets, which is all that a client needs; a server needs values, and the place of whatever it objects to.
"""

from __future__ import annotations

import json
import re

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

DEPTH = 50  # of brackets in brackets
LONGEST = 20_000  # letters of a document
TOKENS = re.compile(
    r"(?P<ignored>(?:[\s,\ufeff]+|#[^\r\n]*)+)|(?P<name>[_A-Za-z]\w*)|(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))"
    r'|(?P<block>"""(?:[^"\\]|\\"""|\\|"(?!""))*""")|(?P<string>"(?:\\.|[^"\\\r\n])*")|(?P<mark>\.\.\.|[!$()\[\]{}:=@|&])',
    re.ASCII,
)
KINDS = ("query", "mutation", "subscription")


class GraphqlError(Exception):
    """One member of `errors` (section 7.1.2); `at` are places in the document."""

    def __init__(self, message: str, *at: tuple[int, int], path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.path = path

    @property
    def document(self) -> dict[str, Any]:
        places = [{"line": line, "column": column} for line, column in self.at]
        return {"message": self.message} | ({"locations": places} if places else {}) | ({"path": list(self.path)} if self.path else {})


class Variable(Record):
    """`$name` in the place of a value."""

    name: str
    at: tuple[int, int]


class Enum(str):
    """A name in the place of a value."""

    __slots__ = ()


class Selection(Record):
    """A field; or a fragment, when `spread` names one, or `on` is not `None` (`""` without a type condition)."""

    name: str = ""
    key: str = ""  # in the answer: the alias, or the name
    at: tuple[int, int]
    values: Mapping[str, Any] = {}
    directives: tuple[tuple[str, Mapping[str, Any], tuple[int, int]], ...] = ()
    selections: tuple[Selection, ...] | None = None
    spread: str = ""
    on: str | None = None
    places: Mapping[str, tuple[int, int]] = {}  # of the argument `NAME:`, its value `NAME=`, the selections `{`, the fragment `...`


class Operation(Record):
    kind: str
    name: str | None
    at: tuple[int, int]
    variables: Mapping[str, tuple[str, Any, tuple[int, int]]]  # type, default, place
    selections: tuple[Selection, ...]


class Document(Record):
    operations: tuple[Operation, ...]
    fragments: Mapping[str, Selection]  # `on` is the type


class FieldType(Record):
    """A field of a type: what it gives, and its arguments, each a type and a default."""

    type: str
    arguments: Mapping[str, tuple[str, Any]]


ABSENT = object()  # no default


def parse(source: str) -> Document:
    """A document. Raises `GraphqlError`."""
    reader = _Reader(source)
    operations, fragments = [], {}
    while reader.kind != "end":
        at = reader.at
        if reader.text == "{" or reader.text in KINDS:
            operations.append(reader.operation())
        else:
            reader.expect("fragment")
            name = reader.take("name")
            reader.expect("on")
            places = {"...": reader.at}
            fragments[name] = Selection(
                at=at, places=places, on=reader.take("name"), directives=reader.directives(), selections=reader.selections()
            )
    if not operations:
        raise GraphqlError("Syntax Error: Unexpected <EOF>.", reader.at)
    return Document(operations=tuple(operations), fragments=fragments)


def types_of(sdl: str) -> dict[str, dict[str, FieldType]]:
    """The object types of an SDL text, which has nothing else."""
    reader = _Reader(sdl)
    types: dict[str, dict[str, FieldType]] = {}
    while reader.kind != "end":
        reader.expect("type")
        fields = types[reader.take("name")] = {}
        reader.expect("{")
        while not reader.skip("}"):
            name = reader.take("name")
            arguments = (
                reader.within("(", ")", lambda: (reader.take("name"), (reader.typed(), reader.default()))) if reader.text == "(" else []
            )
            fields[name] = FieldType(type=reader.typed(), arguments=dict(arguments))
    return types


class _Reader:
    """A document, token by token; `kind`, `text` and `at` are of the next one."""

    def __init__(self, source: str) -> None:
        if len(source) > LONGEST:
            raise GraphqlError(f"the document is longer than {LONGEST} characters")
        self._source = source
        self._end = self._line = self._line_at = self._depth = 0
        self._next()

    def _next(self) -> None:
        while True:
            begin = self._end
            self._line += self._source.count("\n", self._line_at, begin)
            self._line_at = begin
            self.at = (self._line + 1, begin - self._source.rfind("\n", 0, begin))
            if begin == len(self._source):
                self.kind, self.text = "end", ""
                return
            match = TOKENS.match(self._source, begin)
            if match is None:
                letter = self._source[begin]
                if letter == '"':
                    line, column = self.at
                    rest = re.split("[\r\n]", self._source[begin:], maxsplit=1)[0]
                    raise GraphqlError("Syntax Error: Unterminated string.", (line, column + len(rest)))
                raise GraphqlError(f"Syntax Error: Unexpected character: {json.dumps(letter)[1:-1]!r}.", self.at)
            self._end = match.end()
            if match.lastgroup != "ignored":
                self.kind, self.text = match.lastgroup or "", match[0]
                return

    # --- tokens

    def wrong(self, wanted: str = "") -> GraphqlError:
        found = "<EOF>" if self.kind == "end" else f"Name {self.text!r}" if self.kind == "name" else repr(self.text)
        return GraphqlError(f"Syntax Error: Expected {wanted}, found {found}." if wanted else f"Syntax Error: Unexpected {found}.", self.at)

    def take(self, kind: str) -> str:
        """The next token's text, which must be of this kind."""
        if self.kind != kind:
            raise self.wrong(kind.capitalize())
        text = self.text
        self._next()
        return text

    def skip(self, text: str) -> bool:
        """Whether the next token is this one, which is read then."""
        if self.text != text or self.kind not in ("mark", "name"):
            return False
        self._next()
        return True

    def expect(self, text: str) -> None:
        if not self.skip(text):
            raise self.wrong(repr(text))

    def within(self, opening: str, closing: str, read: Callable[[], Any], *, empty: bool = False) -> list[Any]:
        """What is between brackets: one at least, unless it may be `empty`."""
        self._depth += 1
        if self._depth > DEPTH:
            raise GraphqlError(f"the document is nested more than {DEPTH} deep", self.at)
        self.expect(opening)
        found: list[Any] = []
        while not ((found or empty) and self.skip(closing)):
            found.append(read())
        self._depth -= 1
        return found

    # --- grammar

    def operation(self) -> Operation:
        at, kind, name = self.at, "query", None
        variables: list[tuple[str, tuple[str, Any, tuple[int, int]]]] = []
        if self.kind == "name":
            kind = self.take("name")
            name = self.take("name") if self.kind == "name" else None
            variables = self.within("(", ")", self._variable) if self.text == "(" else []
            if self.directives():
                raise GraphqlError("an operation has no directives here", at)
        return Operation(kind=kind, name=name, at=at, variables=dict(variables), selections=self.selections())

    def _variable(self) -> tuple[str, tuple[str, Any, tuple[int, int]]]:
        at = self.at
        self.expect("$")
        return self.take("name"), (self.typed(), self.default(), at)

    def typed(self) -> str:
        """`: [Book!]!`."""
        self.expect(":")
        return self._type()

    def _type(self) -> str:
        inner = f"[{self.within('[', ']', self._type)[0]}]" if self.text == "[" else self.take("name")
        return inner + ("!" if self.skip("!") else "")

    def default(self) -> Any:
        return self._value() if self.skip("=") else ABSENT

    def selections(self) -> tuple[Selection, ...]:
        return tuple(self.within("{", "}", self._selection))

    def _selection(self) -> Selection:
        at = self.at
        if self.skip("..."):
            places: dict[str, tuple[int, int]] = {"...": self.at}
            if self.kind == "name" and self.text != "on":
                return Selection(at=at, spread=self.take("name"), directives=self.directives(), places=places)
            named = self.skip("on")
            places = {"...": self.at}
            on = self.take("name") if named else ""
            return Selection(at=at, on=on, directives=self.directives(), selections=self.selections(), places=places)
        name = key = self.take("name")
        if self.skip(":"):
            name = self.take("name")
        places = {}
        values, directives = self._arguments(places), self.directives()
        places["{"] = self.at
        selections = self.selections() if self.text == "{" else None
        return Selection(at=at, name=name, key=key, values=values, directives=directives, selections=selections, places=places)

    def directives(self) -> tuple[tuple[str, dict[str, Any], tuple[int, int]], ...]:
        found = []
        while self.text == "@":
            at = self.at
            self.expect("@")
            found.append((self.take("name"), self._arguments({}), at))
        return tuple(found)

    def _arguments(self, places: dict[str, tuple[int, int]]) -> dict[str, Any]:
        return dict(self.within("(", ")", lambda: self._pair(places))) if self.text == "(" else {}

    def _pair(self, places: dict[str, tuple[int, int]] | None = None) -> tuple[str, Any]:
        at, name = self.at, self.take("name")
        self.expect(":")
        if places is not None:
            places |= {f"{name}:": at, f"{name}=": self.at}
        return name, self._value()

    def _value(self) -> Any:
        at = self.at
        if self.text == "[":
            return self.within("[", "]", self._value, empty=True)
        if self.text == "{":
            return dict(self.within("{", "}", self._pair, empty=True))
        if self.skip("$"):
            return Variable(name=self.take("name"), at=at)
        kind, text = self.kind, self.text
        if kind not in ("number", "string", "block", "name"):
            raise self.wrong()
        self._next()
        if kind == "block":
            return _dedented(text[3:-3].replace('\\"""', '"""'))
        if kind == "name":
            return {"true": True, "false": False, "null": None}.get(text, Enum(text))
        try:
            return json.loads(text)
        except ValueError:  # an escape that JSON has not; a number of thousands of digits
            raise GraphqlError(f"Syntax Error: Invalid {kind}.", at) from None


def _dedented(text: str) -> str:
    """The value of a block string (section 2.9.4)."""
    lines = re.split("\r\n|\n|\r", text)
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines[1:] if line.strip(" \t")]
    lines[1:] = [line[min(indents, default=0) :] for line in lines[1:]]
    while lines and not lines[0].strip(" \t"):
        del lines[0]
    while lines and not lines[-1].strip(" \t"):
        del lines[-1]
    return "\n".join(lines)
