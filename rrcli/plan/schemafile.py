"""JSON Schemas that a plan names, read and checked when it is, so that nothing is sent for a schema that is none.

A `$ref` leads to the same file or to another one below the plan's folder; nothing is ever fetched. The library is the extra `schema`.
"""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError
from rrcli.base.sourcefile import read
from rrcli.base.url import quote, unquote
from rrcli.options.parse import suggestion
from rrcli.plan.answerschema import AnswerSchema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.base.places import Path as Place
    from rrcli.base.sourcefile import Problems, SourceFile
    from rrcli.plan.ownfiles import Root

INSTALL = "pip install 'rrcli[schema]'"
SCHEME = "file://"
NO_SCHEMAS = ("const", "enum", "default", "example", "examples")  # keys below which a `$ref` is a value like any other
INLINE = "json-schema"  # what a table in the plan is called


def read_schema(value: Any, root: Root, problems: Problems, source: SourceFile, place: Place) -> AnswerSchema | None:
    """The schema of a file, of a part of one (`openapi.json#/components/schemas/Order`), or of a table at a place in the plan.

    What is wrong within is told with its place there; `None` then. Raises `ValueError` and `ExchangeError` for what cannot be read at all.
    """
    try:
        import jsonschema  # noqa: F401  # here, so that a plan without schemas does not need it
    except ModuleNotFoundError as error:
        raise ValueError(f"json-schema needs the module {error.name}: {INSTALL}") from None
    if isinstance(value, dict):
        found = _Schemas(source.name, value, root, lambda path, what: problems.add(source, (*place, *path), what))
        return found.at("", INLINE)
    if not isinstance(value, str) or not value.partition("#")[0]:
        raise ValueError('json-schema is the name of a file, or a table: "order.schema.json", "openapi.json#/components/schemas/Order"')
    name, _, pointer = value.partition("#")
    path = root.resolve(name)
    if name.endswith((".yaml", ".yml")):
        raise ValueError(f"{name}: a schema is JSON or TOML; yq -o json makes JSON of YAML")
    file = read(path)
    return _Schemas(path, file.values, root, lambda at, what: problems.add(file, at, what)).at(pointer, value)


class _Schemas:
    """A document that is a schema or holds some. `tell` is told of what is wrong, with the place in it."""

    def __init__(self, path: str, whole: dict[str, Any], root: Root, tell: Callable[[Place, str], None]) -> None:
        import referencing

        library: Any = referencing  # whose classes are made by decorators that a type checker does not follow
        self._whole = whole
        self._root = root
        self._tell = tell
        self._kind, self._specification = _dialect(whole)
        self._uri = SCHEME + quote(os.path.realpath(path), "/")
        resource = library.Resource(contents=whole, specification=self._specification)
        self._registry = library.Registry(retrieve=self._read).with_resource(self._uri, resource).crawl()
        self._seen: set[tuple[str, str]] = set()

    def at(self, pointer: str, name: str) -> AnswerSchema | None:
        """The schema at a JSON pointer. Raises `ValueError` where there is none."""
        from jsonschema.exceptions import SchemaError

        steps, part = _found(pointer, self._whole)
        try:
            self._kind.check_schema(part)
        except SchemaError as error:
            self._tell((*steps, *error.absolute_path), f"this is no JSON Schema: {error.message.partition(chr(10))[0]}")
            return None
        unresolved = list(self._unresolved(part, self._registry.resolver(self._uri), steps))
        for path, what in unresolved:
            self._tell(path, what)
        if unresolved:
            return None
        return AnswerSchema(name, self._kind({"$ref": f"{self._uri}#{pointer}"}, registry=self._registry))

    def _read(self, uri: str) -> Any:
        """Another file that a `$ref` names. Raises `ValueError` for one that is not ours to read, and `local`."""
        from referencing import Resource

        if not uri.startswith(SCHEME):
            raise ValueError("nothing is fetched; a schema of its own lies in a file below the plan's folder")
        path = self._root.resolve(unquote(uri.removeprefix(SCHEME)))
        return Resource.from_contents(read(path).values, default_specification=self._specification)

    def _unresolved(self, value: Any, resolver: Any, place: Place) -> Iterator[tuple[Place, str]]:
        """The `$ref`s that lead nowhere, also those of what they lead to, each with the place of the one in this document."""
        if isinstance(value, list):
            for number, item in enumerate(value):
                yield from self._unresolved(item, resolver, (*place, number))
        if not isinstance(value, dict):
            return
        if any(isinstance(value.get(name), str) for name in ("$id", "id")) and self._specification.id_of(value):
            resolver = resolver.in_subresource(self._specification.create_resource(value))
        if isinstance(reference := value.get("$ref"), str):
            yield from self._followed(reference, resolver, place)
        for key, item in value.items():
            if key not in NO_SCHEMAS:
                yield from self._unresolved(item, resolver, (*place, key))

    def _followed(self, reference: str, resolver: Any, place: Place) -> Iterator[tuple[Place, str]]:
        from referencing.exceptions import Unresolvable

        key = resolver._base_uri, reference
        if key in self._seen:
            return
        self._seen.add(key)
        try:
            resolved = resolver.lookup(reference)
        except Unresolvable as error:
            yield (*place, "$ref"), f"$ref {reference!r} leads nowhere{_cause(error)}"
        else:
            for _, what in self._unresolved(resolved.contents, resolved.resolver, place):
                yield (*place, "$ref"), f"by {reference!r}: {what}"


def _cause(error: BaseException) -> str:
    """Why a file could not be read, where that is known."""
    inner = error.__cause__ or error.__context__
    while inner is not None:
        if isinstance(inner, ExchangeError):
            return f": {inner.message}"
        if type(inner) is ValueError:
            return f": {inner}"
        inner = inner.__cause__ or inner.__context__
    return ""


def _found(pointer: str, whole: Any) -> tuple[Place, Any]:
    """The path of a JSON pointer (RFC 6901), and what is there. Raises `ValueError` where there is nothing."""
    if pointer and pointer[0] != "/":
        raise ValueError(f"#{pointer} is no JSON pointer: write #/$defs/NAME")
    steps: list[str | int] = []
    for piece in unquote(pointer).split("/")[1:]:
        name = piece.replace("~1", "/").replace("~0", "~")
        if isinstance(whole, dict) and name in whole:
            whole = whole[name]
            steps.append(name)
        elif isinstance(whole, list) and name.isdecimal() and int(name) < len(whole):
            whole = whole[int(name)]
            steps.append(int(name))
        else:
            near = suggestion(name, list(whole)) if isinstance(whole, dict) else ""
            raise ValueError(f"#{pointer} leads nowhere: there is no {name}{near}")
    return tuple(steps), whole


# --- dialects


def _dialect(whole: dict[str, Any]) -> tuple[Any, Any]:
    """The validator's class and the rules of references for a document: by `$schema`, or by the version of OpenAPI."""
    from jsonschema import Draft4Validator, Draft202012Validator
    from jsonschema.validators import validator_for
    from referencing.jsonschema import DRAFT4, DRAFT202012, specification_with

    if str(whole.get("openapi", "")).startswith("3.0"):
        return _with_nullable(Draft4Validator), DRAFT4
    if "swagger" in whole:
        return Draft4Validator, DRAFT4
    kind = validator_for(whole, default=Draft202012Validator)
    identity = kind.META_SCHEMA.get("$id") or kind.META_SCHEMA.get("id") or ""
    return kind, specification_with(identity, default=DRAFT202012)


def _with_nullable(kind: Any) -> Any:
    """The dialect of OpenAPI 3.0: draft 4, in which `nullable` lets null stand for a value of any type."""
    from jsonschema.validators import extend

    def unless_null(rule: Any) -> Any:
        def check(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
            return () if instance is None and schema.get("nullable") is True else rule(validator, value, instance, schema) or ()

        return check

    return extend(kind, {name: unless_null(kind.VALIDATORS[name]) for name in ("type", "enum")})
