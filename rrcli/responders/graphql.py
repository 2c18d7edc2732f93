"""Runs GraphQL documents over the library of `graphql_data` with graphql-core (October 2021, sections 5 and 6).

Loaded with the first request to /graphql, because graphql-core takes long to load. What is ours are the bounds: anybody who reaches
the responder may send a document, and neither reading, validating nor running one may take it far.
"""

from __future__ import annotations

import asyncio
from inspect import isawaitable

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    Source,
    TokenKind,
    build_schema,
    execute,
    get_operation_ast,
    parse,
    subscribe,
    validate,
)
from graphql.language import Lexer

from rrcli.base.record import Record
from rrcli.responders.graphql_data import SDL, Library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from typing import Any

SCHEMA = build_schema(SDL)
LETTERS = 20_000  # of a document, at most
TOKENS = 2_000  # of a document, at most: validation compares the fields of a selection with each other
DEPTH = 50  # of a document, at most: braces, brackets and parentheses that are open at once
FIELDS = 20_000  # resolved for one answer, at most
MISTAKES = 50  # reported of one document, at most
OPENING = (TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L)
CLOSING = (TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R)


class Refused(Exception):
    """The request cannot be run: its answer has errors and no data."""

    def __init__(self, *errors: GraphQLError) -> None:
        self.result: dict[str, Any] = {"errors": [error.formatted for error in errors]}


class Prepared(Record):
    """A valid document, and which of its operations is to be run with which variables."""

    document: DocumentNode
    operation: OperationDefinitionNode | None  # `None`: the document has none of that name, which running it reports
    name: str | None
    variables: Mapping[str, Any]

    @property
    def kind(self) -> str | None:
        """`query`, `mutation` or `subscription`."""
        return self.operation.operation.value if self.operation else None


def prepare(source: str, variables: Mapping[str, Any], name: str | None) -> Prepared:
    """Read and validate a document. Raises `Refused`."""
    try:
        _check_size(source)
        document = parse(source)
    except GraphQLError as error:
        raise Refused(error) from None
    if errors := validate(SCHEMA, document, max_errors=MISTAKES):
        raise Refused(*errors)
    return Prepared(document=document, operation=get_operation_ast(document, name), name=name, variables=variables)


def _check_size(source: str) -> None:
    """Raises `GraphQLError` for a document over a limit, before it is parsed recursively, and for one that has no tokens."""
    if len(source) > LETTERS:
        raise GraphQLError(f"the document is longer than {LETTERS} characters")
    lexer, count, depth = Lexer(Source(source)), 0, 0
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        count += 1
        depth += (token.kind in OPENING) - (token.kind in CLOSING)
        if count > TOKENS:
            raise GraphQLError(f"the document has more than {TOKENS} tokens")
        if depth > DEPTH:
            raise GraphQLError(f"the document is nested more than {DEPTH} deep")


def run(prepared: Prepared, library: Library, root: Any = None) -> dict[str, Any]:
    """The result: data, and errors if there are any. Without data where the operation could not be begun."""
    resolver = _Resolver(library)
    result = execute(
        SCHEMA, prepared.document, root, variable_values=dict(prepared.variables), operation_name=prepared.name, field_resolver=resolver
    )
    if resolver.left < 0:
        return Refused(GraphQLError(f"the answer would have more than {FIELDS} fields")).result
    assert isinstance(result, ExecutionResult)  # no resolver of ours is asynchronous
    return _document(result)


def events(prepared: Prepared, library: Library, pause: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """The results of a subscription, as they come. graphql-core has it asynchronous: a loop of its own runs between two results."""

    async def source(_root: Any, _info: Any, **values: Any) -> AsyncIterator[dict[str, Any]]:
        for event in library.subscribe(values, pause):
            yield event

    async def begin() -> Any:
        begun = subscribe(
            SCHEMA, prepared.document, variable_values=dict(prepared.variables), operation_name=prepared.name,
            field_resolver=_Resolver(library), subscribe_field_resolver=source,
        )  # fmt: skip
        return await begun if isawaitable(begun) else begun

    async def following(results: AsyncIterator[ExecutionResult]) -> ExecutionResult | None:
        return await anext(results, None)

    loop = asyncio.new_event_loop()
    try:
        results = loop.run_until_complete(begin())
        if isinstance(results, ExecutionResult):
            yield _document(results)
            return
        while result := loop.run_until_complete(following(results)):
            yield _document(result)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class _Resolver:
    """Resolves the fields of one answer, as long as there are not too many."""

    def __init__(self, library: Library) -> None:
        self.left = FIELDS
        self._library = library

    def __call__(self, source: Any, info: Any, **values: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise ValueError(f"more than {FIELDS} fields")
        return self._library.resolve(info.parent_type.name, info.field_name, source, values)


def _document(result: ExecutionResult) -> dict[str, Any]:
    """The result as it is sent. An operation that was not begun has no data: not even null (section 7.1.2)."""
    formatted: dict[str, Any] = dict(result.formatted)
    if result.data is None and not any(error.path for error in result.errors or ()):
        formatted.pop("data", None)
    return formatted
