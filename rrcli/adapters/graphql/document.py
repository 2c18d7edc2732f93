"""Reads of a GraphQL document what a client has to know: its operations, by kind and name (GraphQL, October 2021, section 2).

A lexer and a count of brackets: graphql-core's parser says the same, for which it is the oracle in the tests, but its
import takes ten times as long as a whole exchange. A document that is broken is not refused here: the server's own words
about it are what the user came for.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("query", "mutation", "subscription")
IGNORED = " \t\r\n,\ufeff"
NAME_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
NAME = NAME_START | frozenset("0123456789")
PAIRS = {"{": "}", "(": ")", "[": "]"}

Token = tuple[str, str]  # its kind, as below, and its text


class Operation(Record):
    """One operation of a document; without a name it is the only one that a document may have."""

    kind: str
    name: str | None = None


class Survey(Record):
    """The operations of a document in their order; `broken` when its brackets or strings do not end."""

    operations: tuple[Operation, ...]
    broken: bool = False


def survey(document: str) -> Survey:
    """What a document has."""
    found: list[Operation] = []
    rest = tokens(document)
    for kind, text in rest:
        if kind == "string":
            continue  # a description
        if kind != "name" and text != "{":
            return Survey(operations=tuple(found), broken=True)
        following = ("bracket", "{") if text == "{" else next(rest, ("end", ""))
        if text == "{":
            found.append(Operation(kind="query"))
        elif text in KINDS:
            found.append(Operation(kind=text, name=following[1] if following[0] == "name" else None))
        if not _ends(following, rest):
            return Survey(operations=tuple(found), broken=True)
    return Survey(operations=tuple(found))


def _ends(token: Token, rest: Iterator[Token]) -> bool:
    """Read a definition to its last bracket, `token` being what is left of its beginning; false when it has no end."""
    closing: list[str] = []
    while True:
        kind, text = token
        if kind in ("broken", "end"):
            return False
        if kind == "bracket" and text in PAIRS:
            closing.append(PAIRS[text])
        elif kind == "bracket":
            if not closing or closing.pop() != text:
                return False
            if text == "}" and not closing:
                return True
        token = next(rest, ("end", ""))


def tokens(document: str) -> Iterator[Token]:
    """The lexical tokens: `name`, `string`, `bracket`, `other` (a single character of anything else), or a last `broken`."""
    at, size = 0, len(document)
    while at < size:
        letter = document[at]
        begin, at = at, at + 1
        if letter in IGNORED:
            continue
        if letter == "#":
            while at < size and document[at] not in "\r\n":
                at += 1
        elif letter in NAME_START:
            while at < size and document[at] in NAME:
                at += 1
            yield "name", document[begin:at]
        elif letter == '"':
            end = _string_end(document, begin)
            if end < 0:
                yield "broken", document[begin:]
                return
            at = end
            yield "string", document[begin:at]
        else:
            yield ("bracket" if letter in "{}()[]" else "other"), letter


def _string_end(document: str, at: int) -> int:
    """Where the string that begins at `at` ends; -1 when it does not (sections 2.9.4: also over lines, between triple quotes)."""
    if document.startswith('"""', at):
        end = document.find('"""', at + 3)
        while end >= 0 and document[end - 1] == "\\" and end > at + 3:
            end = document.find('"""', end + 3)
        return end + 3 if end >= 0 else -1
    at += 1
    while at < len(document) and document[at] not in '"\r\n':
        at += 2 if document[at] == "\\" else 1
    return at + 1 if at < len(document) and document[at] == '"' else -1
