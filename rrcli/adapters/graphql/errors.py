"""The errors of GraphQL answers: what they say in a sentence, and which of the known kinds they are (GraphQL, section 7.1.2)."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What servers say without a code of their own: a part of the message, in lower case, and the code it stands for.
SAID = (
    ("persistedquerynotfound", "PERSISTED_QUERY_NOT_FOUND"),
    ("persistedquerynotsupported", "PERSISTED_QUERY_NOT_SUPPORTED"),
    ("introspection", "INTROSPECTION_DISABLED"),
    ("csrf", "CSRF_PREVENTION"),
    ("cross-site request forgery", "CSRF_PREVENTION"),
    ("syntax error", "GRAPHQL_PARSE_FAILED"),
    ("cannot query field", "GRAPHQL_VALIDATION_FAILED"),
    ("unknown argument", "GRAPHQL_VALIDATION_FAILED"),
    ("must have a selection of subfields", "GRAPHQL_VALIDATION_FAILED"),
    ("was not provided", "BAD_USER_INPUT"),
    ("got invalid value", "BAD_USER_INPUT"),
    ("has invalid value", "BAD_USER_INPUT"),  # graphql-core from 3.3
    ("must not have a selection", "GRAPHQL_VALIDATION_FAILED"),
)
SHOWN = 60  # letters of an answer that is none of GraphQL's
LONGEST = 500  # letters of a message in the headline


class Errors(Record):
    """The errors of one answer, those of a batch one after the other, as they came.

    `known` is a code of `explain/graphql.py`, or `None`; `of` the number of the result that each belongs to.
    """

    values: list[Any] = []
    of: tuple[int, ...] = ()
    known: str | None = None

    @property
    def count(self) -> str:
        """`2 errors`."""
        return f"{len(self.values)} error{'s' * (len(self.values) != 1)}"

    @property
    def sentence(self) -> str:
        """The first one, where it is, and how many follow."""
        more = len(self.values) - 1
        return told(self.values[0]) + (f", and {more} more" if more else "")

    @property
    def unknown_hash(self) -> bool:
        """Whether the server asks for the query itself (automatic persisted queries)."""
        return self.known == "PERSISTED_QUERY_NOT_FOUND"


def strangeness(result: Any) -> str | None:
    """Why JSON is no response of GraphQL (section 7.1); `None` for one that is."""
    if not isinstance(result, dict):
        return f"neither data nor errors: {type(result).__name__}"
    errors = result.get("errors")
    if errors is not None and not isinstance(errors, list):
        return f"errors that are no list: {dumps(errors)[:SHOWN]}"
    if "data" not in result and errors is None:
        return f"neither data nor errors: an object with {', '.join(list(result)[:5])[:SHOWN] or 'nothing'}"
    return None


def read_errors(results: list[Any]) -> Errors:
    """The errors of results that are objects."""
    found = [(number, error) for number, result in enumerate(results) for error in result.get("errors") or ()]
    values = [error for _, error in found]
    return Errors(values=values, of=tuple(number for number, _ in found), known=explain_as(values))


def explain_as(values: list[Any]) -> str | None:
    """The code that the first error with a known one has, by itself or by what it says."""
    from rrcli.explain.graphql import TABLE

    for error in values:
        extensions = error.get("extensions") if isinstance(error, dict) else None
        code = extensions.get("code") if isinstance(extensions, dict) else None
        said = message_of(error).lower()
        special = next((known for words, known in SAID[:6] if words in said), None)
        if special:
            return special
        if isinstance(code, str) and code.upper() in TABLE:
            return code.upper()
        if known := next((known for words, known in SAID if words in said), None):
            return known
    return None


def message_of(error: Any) -> str:
    """What an error says, also one that is no object or has no message."""
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else "an error without a message"


def told(error: Any) -> str:
    """`Name is unknown (at user.name; line 2, column 3)`."""
    places = [f"at {path}"] if (path := path_of(error)) else []
    places += [f"line {line}, column {column}" for line, column in locations_of(error)[:1]]
    message = message_of(error)
    message = message if len(message) <= LONGEST else f"{message[:LONGEST]}…"
    return f"{message} ({'; '.join(places)})" if places else message


def path_of(error: Any) -> str:
    """`user.friends.0.name`: the field of the answer that has the error; empty where it has none."""
    path = error.get("path") if isinstance(error, dict) else None
    return ".".join([str(step) for step in path[:50]]) if isinstance(path, list) else ""


def locations_of(error: Any) -> list[tuple[int, int]]:
    """Lines and columns of the document, from 1."""
    given = error.get("locations") if isinstance(error, dict) else None
    found = [(place.get("line"), place.get("column")) for place in given if isinstance(place, dict)] if isinstance(given, list) else []
    return [(line, column) for line, column in found if isinstance(line, int) and isinstance(column, int) and line > 0 and column > 0]
