"""A small GraphQL executor (October 2021, sections 5 and 6) over the library of `graphql_data`.

Selections with arguments, variables, aliases, fragments, @skip and @include are checked against the schema and then resolved; null
climbs to the next nullable field. The schema has no interfaces, unions, enums and input objects, and so nothing here knows them.
What a document defines and never uses is not objected to. Introspection is graphql-core's work, where that is installed.
"""

from __future__ import annotations

from difflib import get_close_matches

from rrcli.base.record import Record
from rrcli.responders.graphql_data import SDL, Library
from rrcli.responders.graphql_parse import ABSENT, Document, GraphqlError, Operation, Selection, Variable, parse, types_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeAlias

    Path: TypeAlias = tuple[str | int, ...]

TYPES = types_of(SDL)
ROOTS = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
LEAVES = ("Int", "Float", "String", "Boolean", "ID")
FIELDS = 20_000  # resolved for one answer, at most
MISTAKES = 50  # told of one document, at most
CONDITIONS = ("skip", "include")


class Refused(Exception):
    """The request cannot be run: its answer has errors and no data."""

    def __init__(self, *errors: GraphqlError) -> None:
        self.errors = errors
        self.result: dict[str, Any] = {"errors": [error.document for error in errors]}


class Prepared(Record):
    """An operation that may be run."""

    operation: Operation
    document: Document
    variables: Mapping[str, Any]


def prepare(source: str, variables: Mapping[str, Any], name: str | None) -> Prepared:
    """Read, choose, check. Raises `Refused`."""
    try:
        document = parse(source)
        operation = _chosen(document, name)
        checker = _Checker(document, operation)
        checker.check(operation.selections, ROOTS[operation.kind])
        if checker.errors:
            raise Refused(*checker.errors)
        prepared = Prepared(operation=operation, document=document, variables=_coerced(operation, variables))
        if operation.kind == "subscription" and len(list(_Run(prepared, Library).collect(operation.selections))) != 1:
            raise GraphqlError("A subscription must select only one top level field.", operation.at)
    except GraphqlError as error:
        raise Refused(error) from None
    return prepared


def run(prepared: Prepared, library: Library, root: Any = None) -> dict[str, Any]:
    """The result: data, and errors if there are any."""
    try:
        return _Run(prepared, library).result(root)
    except Refused as refused:
        return refused.result


def events(prepared: Prepared, library: Library, pause: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """The results of a subscription, as they come."""
    walk = _Run(prepared, library)
    field = next(iter(walk.collect(prepared.operation.selections).values()))[0]
    try:
        values = walk.arguments("Subscription", field)
    except GraphqlError as error:
        yield {"errors": [error.document]}
        return
    for root in library.subscribe(values, pause):
        yield run(prepared, library, root)


def introspects(source: str) -> bool:
    """Whether the document may ask for the schema itself."""
    return "__schema" in source or "__type(" in source.replace(" ", "")


def introspection(source: str, variables: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """The answer to a document that asks for the schema; an error where graphql-core is missing."""
    try:
        import graphql
    except ModuleNotFoundError:
        problem = GraphqlError("introspection needs graphql-core where this server runs: pip install 'rrcli[graphql]'")
        return Refused(problem).result
    result = graphql.graphql_sync(graphql.build_schema(SDL), source, variable_values=dict(variables), operation_name=name)
    return dict(result.formatted)


# --- checking ----------------------------------------------------------------------------------------------


def _chosen(document: Document, name: str | None) -> Operation:
    if name is None and len(document.operations) > 1:
        raise GraphqlError("Must provide operation name if query contains multiple operations.")
    for operation in document.operations:
        if name in (None, operation.name):
            return operation
    raise GraphqlError(f"Unknown operation named '{name}'.")


def near(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, 1)
    return f" Did you mean '{close[0]}'?" if close else ""


class _Checker:
    """What a document asks for that the schema has not."""

    def __init__(self, document: Document, operation: Operation) -> None:
        self.errors: list[GraphqlError] = []
        self._document = document
        self._operation = operation
        self._done: set[tuple[str, str]] = set()  # fragments, with the type that they were checked for

    def _wrong(self, message: str, *at: tuple[int, int]) -> None:
        if len(self.errors) < MISTAKES:
            self.errors.append(GraphqlError(message, *at))

    def check(self, selections: tuple[Selection, ...], parent: str, inside: tuple[str, ...] = ()) -> None:
        for one in selections:
            self._directives(one)
            if one.spread:
                self._spread(one, parent, inside)
            elif one.on is not None:
                self._narrow(one, parent, inside)
            else:
                self._field(one, parent, inside)

    def _spread(self, one: Selection, parent: str, inside: tuple[str, ...]) -> None:
        fragment = self._document.fragments.get(one.spread)
        if fragment is None:
            self._wrong(f"Unknown fragment '{one.spread}'.", one.places["..."])
        elif one.spread in inside:
            self._wrong(f"Cannot spread fragment '{one.spread}' within itself.", one.at)
        elif (one.spread, parent) not in self._done:
            self._done.add((one.spread, parent))
            self._narrow(fragment.replace(spread=one.spread, at=one.at), parent, (*inside, one.spread))

    def _narrow(self, fragment: Selection, parent: str, inside: tuple[str, ...]) -> None:
        if fragment.on and fragment.on not in TYPES:
            self._wrong(f"Unknown type '{fragment.on}'.{near(fragment.on, TYPES)}", fragment.places["..."])
        elif fragment.on and fragment.on != parent:
            named = f"'{fragment.spread}' " if fragment.spread else ""
            self._wrong(
                f"Fragment {named}cannot be spread here as objects of type '{parent}' can never be of type '{fragment.on}'.", fragment.at
            )
        else:
            self.check(fragment.selections or (), parent, inside)

    def _field(self, field: Selection, parent: str, inside: tuple[str, ...]) -> None:
        if field.name == "__typename":
            return
        declared = TYPES[parent].get(field.name)
        if declared is None:
            self._wrong(f"Cannot query field '{field.name}' on type '{parent}'.{near(field.name, TYPES[parent])}", field.at)
            return
        for name in field.values.keys() - declared.arguments.keys():
            self._wrong(f"Unknown argument '{name}' on field '{parent}.{field.name}'.", field.places[f"{name}:"])
        for name, (kind, default) in declared.arguments.items():
            if kind.endswith("!") and default is ABSENT and name not in field.values:
                self._wrong(f"Argument '{parent}.{field.name}({name}:)' of type '{kind}' is required, but it was not provided.", field.at)
        self._values(field.values, {name: kind for name, (kind, _) in declared.arguments.items()}, field)
        inner = declared.type.strip("[]!")
        if inner in LEAVES and field.selections is not None:
            self._wrong(f"Field '{field.name}' must not have a selection since type '{declared.type}' has no subfields.", field.places["{"])
        elif inner not in LEAVES and field.selections is None:
            told = f"Field '{field.name}' of type '{declared.type}' must have a selection of subfields."
            self._wrong(f"{told} Did you mean '{field.name} {{ ... }}'?", field.at)
        elif field.selections:
            self.check(field.selections, inner, inside)

    def _directives(self, one: Selection) -> None:
        for name, values, at in one.directives:
            if name not in CONDITIONS:
                self._wrong(f"Unknown directive '@{name}'.", at)
            elif values.keys() != {"if"}:
                self._wrong(f"Argument '@{name}(if:)' of type 'Boolean!' is required, but it was not provided.", at)
            else:
                self._values(values, {"if": "Boolean!"}, Selection(at=at))

    def _values(self, values: Mapping[str, Any], kinds: Mapping[str, str], of: Selection) -> None:
        for name, value in values.items():
            if isinstance(value, Variable):
                if value.name not in self._operation.variables:
                    by = f" by operation '{self._operation.name}'" if self._operation.name else ""
                    self._wrong(f"Variable '${value.name}' is not defined{by}.", value.at, self._operation.at)
            elif name in kinds:
                try:
                    coerce(value, kinds[name])
                except ValueError as error:
                    self._wrong(str(error), of.places.get(f"{name}=", of.at))


# --- values ------------------------------------------------------------------------------------------------


def coerce(value: Any, kind: str) -> Any:
    """A value as a scalar type wants it (sections 3.5, 3.11). Raises `ValueError` with a sentence."""
    if value is None:
        if kind.endswith("!"):
            raise ValueError(f"Expected value of non-null type '{kind}' not to be None.")
        return None
    kind = kind.removesuffix("!")
    if kind.startswith("["):
        return [coerce(one, kind[1:-1]) for one in (value if isinstance(value, list) else [value])]
    plain = type(value)  # neither a bool nor the name of an enum is what it is a kind of
    if kind == "Int" and plain is float and value.is_integer():
        value, plain = int(value), int
    if kind == "Int" and plain is int and abs(value) > 2**31 - 1:
        raise ValueError(f"Int cannot represent non 32-bit signed integer value: {value}")
    if kind == "ID" and plain is int:
        return str(value)
    if kind == "Float" and plain is int:
        try:
            return float(value)
        except OverflowError:
            plain = str
    wanted = {"Int": int, "Float": float, "String": str, "Boolean": bool, "ID": str}.get(kind)
    if plain is not wanted:
        word = {"Int": "non-integer", "Float": "non numeric", "String": "a non string", "Boolean": "a non boolean"}.get(kind, "")
        raise ValueError(f"{kind} cannot represent {word + ' ' if word else ''}value: {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    from json import dumps

    text = dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _coerced(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that are there (section 6.1.2)."""
    values = {}
    for name, (kind, default, at) in operation.variables.items():
        if kind.strip("[]!") not in LEAVES:
            raise GraphqlError(f"Unknown type '{kind.strip('[]!')}'.", at)
        try:
            if name in given:
                values[name] = coerce(given[name], kind)
            elif default is not ABSENT:
                values[name] = coerce(default, kind)
            elif kind.endswith("!"):
                raise GraphqlError(f"Variable '${name}' of required type '{kind}' was not provided.", at)
        except ValueError as error:
            raise GraphqlError(f"Variable '${name}' got invalid value {_shown(given.get(name))}; {error}", at) from None
    return values


# --- running -----------------------------------------------------------------------------------------------


class _Run:
    """One walk through what is asked for (section 6.3)."""

    def __init__(self, prepared: Prepared, library: Any) -> None:
        self._prepared = prepared
        self._library = library
        self._errors: list[GraphqlError] = []
        self._left = FIELDS

    def result(self, root: Any) -> dict[str, Any]:
        operation = self._prepared.operation
        try:
            data = self._object(ROOTS[operation.kind], root, operation.selections, ())
        except GraphqlError as error:
            self._errors.append(error)
            data = None
        errors = {"errors": [error.document for error in self._errors]} if self._errors else {}
        return {"data": data, **errors}

    def collect(self, selections: tuple[Selection, ...]) -> dict[str, list[Selection]]:
        """The fields by the key that they have in the answer; fragments unfolded (section 6.3.2)."""
        found: dict[str, list[Selection]] = {}
        self._collect(selections, found, set())
        return found

    def _collect(self, selections: tuple[Selection, ...], found: dict[str, list[Selection]], spread: set[str]) -> None:
        for one in selections:
            if any(self._value(values["if"], "Boolean!") is (name == "skip") for name, values, _ in one.directives):
                continue
            if one.spread:
                if one.spread not in spread:
                    spread.add(one.spread)
                    self._collect(self._prepared.document.fragments[one.spread].selections or (), found, spread)
            elif one.on is not None:
                self._collect(one.selections or (), found, spread)
            else:
                same = found.setdefault(one.key, [])
                if same and (same[0].name != one.name or same[0].values != one.values):
                    told = f"Fields '{one.key}' conflict because they ask for different fields or have differing arguments."
                    raise GraphqlError(f"{told} Use different aliases on the fields.", same[0].at, one.at)
                same.append(one)

    def _object(self, parent: str, source: Any, selections: tuple[Selection, ...], path: Path) -> dict[str, Any]:
        return {key: self._field(parent, source, fields, (*path, key)) for key, fields in self.collect(selections).items()}

    def _field(self, parent: str, source: Any, fields: list[Selection], path: Path) -> Any:
        field = fields[0]
        self._left -= 1
        if self._left < 0:
            raise Refused(GraphqlError(f"the answer would have more than {FIELDS} fields", field.at))
        if field.name == "__typename":
            return parent
        declared = TYPES[parent][field.name]
        inner = tuple(one for each in fields for one in each.selections or ())
        try:
            try:
                value = self._library.resolve(parent, field.name, source, self.arguments(parent, field))
            except GraphqlError as error:
                raise GraphqlError(error.message, *(error.at or (field.at,)), path=path) from None
            return self._complete(declared.type, value, inner, path, (f"{parent}.{field.name}", field.at))
        except GraphqlError as error:
            if declared.type.endswith("!"):
                raise
            self._errors.append(error)
            return None

    def _complete(self, kind: str, value: Any, inner: tuple[Selection, ...], path: Path, where: tuple[str, tuple[int, int]]) -> Any:
        """The value as its type wants it (section 6.4.3); `where` is the field's name and place."""
        if value is None:
            if kind.endswith("!"):
                raise GraphqlError(f"Cannot return null for non-nullable field {where[0]}.", where[1], path=path)
            return None
        kind = kind.removesuffix("!")
        if kind.startswith("["):
            return [self._complete(kind[1:-1], one, inner, (*path, number), where) for number, one in enumerate(value)]
        return value if kind in LEAVES else self._object(kind, value, inner, path)

    def arguments(self, parent: str, field: Selection) -> dict[str, Any]:
        """The arguments that a field has, given or by default (section 6.4.1)."""
        values: dict[str, Any] = {}
        for name, (kind, default) in TYPES[parent][field.name].arguments.items():
            given = field.values.get(name, ABSENT)
            if isinstance(given, Variable) and given.name not in self._prepared.variables:
                given = ABSENT
            if given is not ABSENT:
                values[name] = self._value(given, kind, field.at)
            elif default is not ABSENT:
                values[name] = default
            elif kind.endswith("!"):
                raise GraphqlError(f"Argument '{name}' of required type '{kind}' was not provided.", field.at)
        return values

    def _value(self, value: Any, kind: str, *at: tuple[int, int]) -> Any:
        if isinstance(value, Variable):
            value = self._prepared.variables.get(value.name)
        try:
            return coerce(value, kind)
        except ValueError as error:
            raise GraphqlError(str(error), *at) from None
