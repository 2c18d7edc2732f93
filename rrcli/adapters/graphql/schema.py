"""Schemas: asked for by introspection, read from a file, written as SDL, by graphql-core. Loaded only where a schema is asked for."""

from __future__ import annotations

import graphql

from rrcli.adapters.http.prepare.items import read_text
from rrcli.base.errors import malformed, usage
from rrcli.base.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.graphql.call import Call

MOST_MISTAKES = 5


def _schema_of(data: Any) -> Any:
    """The schema that an introspection answered. Raises `malformed`."""
    try:
        return graphql.build_client_schema(data)
    except (graphql.GraphQLError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise malformed(f"the answer is no schema: {str(error)[:200]}", "does the server allow introspection?") from error


def as_sdl(data: Any) -> str:
    """A schema in the schema definition language."""
    return str(graphql.print_schema(_schema_of(data))).rstrip() + "\n"


def as_fields(data: Any) -> str:
    """What can be asked for, a field with its arguments and its type in a line."""
    schema = _schema_of(data)
    lines = []
    for kind, root in (("query", schema.query_type), ("mutation", schema.mutation_type), ("subscription", schema.subscription_type)):
        for name, field in root.fields.items() if root else ():
            arguments = ", ".join([f"{argument}: {given.type}" for argument, given in field.args.items()])
            deprecated = "  (deprecated)" if field.deprecation_reason is not None else ""
            lines.append(f"{kind} {name}{f'({arguments})' if arguments else ''}: {field.type}{deprecated}")
    return "\n".join(lines) + "\n"


def check(call: Call, path: str) -> None:
    """Validate the documents of a call against the schema in a file. Raises `usage` that names each mistake and its place."""
    schema = _from_file(path)
    for part in call.parts or (call,):
        if part.document is None:
            continue
        try:
            mistakes = graphql.validate(schema, graphql.parse(part.document))
        except graphql.GraphQLError as error:
            mistakes = [error]
        if mistakes:
            raise usage(f"the query does not fit: {_told(mistakes)}", f"nothing was sent; the schema is {path}")


def _told(mistakes: Any) -> str:
    """The first mistakes and their places, in a line."""
    told = []
    for mistake in mistakes[:MOST_MISTAKES]:
        place = mistake.locations[0] if mistake.locations else None
        told.append(mistake.message + (f" (line {place.line}, column {place.column})" if place else ""))
    more = len(mistakes) - MOST_MISTAKES
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _from_file(path: str) -> Any:
    """The schema in a file: SDL, or the JSON of an introspection. Raises `usage`, or `local` for the file."""
    text = read_text(path)
    try:
        if text.lstrip().startswith("{"):
            value = loads(text)
            return graphql.build_client_schema(value.get("data", value))
        return graphql.build_schema(text)
    except (graphql.GraphQLError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise usage(f"{path} is no schema: {str(error)[:200]}", "SDL, as --schema prints it, or the JSON of an introspection") from error
