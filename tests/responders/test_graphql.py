"""/graphql: what it answers is what graphql-core says of the same document, schema and library; met by httpx and httpx-sse."""

from __future__ import annotations

import json
from typing import Any

import graphql as core
import httpx
import httpx_sse
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrcli.responders import graphql
from rrcli.responders.graphql_data import SDL, Library
from rrcli.responders.http import HttpResponder

SCHEMA = core.build_schema(SDL)


def ours(source: str, variables: dict[str, Any] | None = None, name: str | None = None) -> dict[str, Any]:
    try:
        return graphql.run(graphql.prepare(source, variables or {}, name), Library())
    except graphql.Refused as refused:
        return refused.result


def theirs(source: str, variables: dict[str, Any] | None = None, name: str | None = None) -> dict[str, Any]:
    library = Library()

    def resolve(value: Any, info: Any, **values: Any) -> Any:
        return library.resolve(info.parent_type.name, info.field_name, value, values)

    result = core.graphql_sync(SCHEMA, source, variable_values=variables, operation_name=name, field_resolver=resolve)
    formatted: dict[str, Any] = dict(result.formatted)
    if formatted["data"] is None and not any("path" in error for error in formatted["errors"]):
        del formatted["data"]  # it was never run, and so there is no data to be null
    return formatted


RUN = [
    "{ hello }",
    '{ hello(name: "ann") again: hello(name: "a\\u00fc\\n\\"b\\"") }',
    'query Q { books(first: 2) { id title year price author { name __typename books { id } } } __typename }',
    '{ b: book(id: 2) { ...F, ... on Book { id } ... { year } } } fragment F on Book { author { ...A } } fragment A on Author { name }',
    '{ book(id: "99") { title } author(id: 1) { name } }',
    '{ books { id price } }',
    '{ book(id: 1) { id isbn } }',
    '{ books { isbn } }',
    '{ books(first: -1) { id } }',
    '{ book(id: 1) { author { name } author { id } title title } }',
    '{ hello @skip(if: true) book(id: 1) @include(if: false) { id } a: hello @include(if: true) }',
    '# a comment\n\n{ hello(name: """\n    a\n      b \\"""\n  """) }',
    '{ hello(name: null) books(first: null, author: "2") { id } }',
    'mutation { a: addBook(title: "x", author: 2, year: 3) { id title year author { name } } b: addBook(title: "y", author: "1") { id } }',
    'mutation { addBook(title: "x", author: "7") { id } }',
]  # fmt: skip
WITH_VARIABLES = [
    ("query ($id: ID!) { book(id: $id) { title } }", {"id": "2"}),
    ("query ($id: ID!) { book(id: $id) { title } }", {"id": 2}),
    ("query ($n: Int = 1, $who: String) { books(first: $n) { id } hello(name: $who) }", {}),
    ("query ($n: Int = 1, $no: Boolean!) { books(first: $n) { id } hello @skip(if: $no) }", {"n": 2, "no": True}),
]
REFUSED = [
    "{ book(id: 1) { titel } nope }",
    "{ book(id: 1) { title(x: 1) } }",
    "{ book { title } }",
    "{ book(id: 1) }",
    "{ hello { x } }",
    "{ ...F }",
    "{ ...F } fragment F on Book { id }",
    "{ ... on Nope { id } }",
    "{ hello @nope }",
    "{ hello @skip }",
    "{ hello(name: $who) }",
    "query Q { hello(name: $who) }",
    "query A { hello } query B { hello }",
]
SYNTAX = [
    "{", "", "query", "{ hello(name: ) }", "{ hello }}", '{ hello(name: "a', "{ a: }",
    "{ hello(name: .5) }", "query ($a) { hello }", "{ %", "x { y }",
]  # fmt: skip


def sort(result: dict[str, Any]) -> dict[str, Any]:
    """The order of errors is nobody's promise."""
    return {**result, "errors": sorted(result["errors"], key=json.dumps)} if "errors" in result else result


@pytest.mark.parametrize("source", RUN)
def test_what_runs_gives_what_graphql_core_gives(source: str) -> None:
    assert sort(ours(source)) == sort(theirs(source))


@pytest.mark.parametrize(("source", "variables"), WITH_VARIABLES)
def test_variables(source: str, variables: dict[str, Any]) -> None:
    assert ours(source, variables) == theirs(source, variables)


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_refused_is_refused_in_the_words_of_graphql_core(source: str) -> None:
    assert sort(ours(source)) == sort(theirs(source))


@pytest.mark.parametrize("source", SYNTAX)
def test_what_is_no_document_is_none_for_graphql_core(source: str) -> None:
    (mine,), (core_error,) = ours(source)["errors"], theirs(source)["errors"]
    assert mine["message"].startswith("Syntax Error: ")
    assert (core_error["message"].startswith("Syntax Error: "), mine["locations"]) == (True, core_error["locations"])


@pytest.mark.parametrize(
    ("source", "variables", "name", "about"),
    [
        ("query ($id: ID!) { book(id: $id) { id } }", {}, None, "Variable '$id'"),
        ("query ($n: Int) { books(first: $n) { id } }", {"n": "x"}, None, "Int cannot represent non-integer value"),
        ("query ($n: Nope) { hello(name: $n) }", {}, None, "Unknown type 'Nope'."),
        ("query A { hello }", {}, "B", "Unknown operation named 'B'."),
        ('{ books(first: "x") { id } }', {}, None, 'Int cannot represent non-integer value: "x"'),
        ("{ books(first: 9999999999) { id } }", {}, None, "Int cannot represent non 32-bit signed integer value: 9999999999"),
        ("{ hello(name: ENUM) }", {}, None, "String cannot represent a non string value: ENUM"),
        ("{ hello(name: true) }", {}, None, "String cannot represent a non string value: true"),
        ("{ ...F } fragment F on Query { ...F }", {}, None, "Cannot spread fragment 'F' within itself."),
        ("{ a: hello a: hello(name: null) }", {}, None, "Fields 'a' conflict because they have differing arguments."),
        ("subscription { a: count b: count }", {}, None, "Subscription must select only one top level field."),
        ("query ($unused: Int) { hello }", {}, None, "Variable '$unused' is never used."),
    ],
)
def test_other_refusals_are_those_of_graphql_core(source: str, variables: dict[str, Any], name: str | None, about: str) -> None:
    (error,) = ours(source, variables, name)["errors"]
    assert about in error["message"]
    assert {"errors": [error]} == theirs(source, variables, name)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{ a" * 60, "the document is nested more than 50 deep"),
        ("{ hello(name: " + "[" * 60 + ") }", "the document is nested more than 50 deep"),
        ("{ hello " + " " * 20_000 + "}", "the document is longer than 20000 characters"),
        ("{" + " a" * 5_000 + " }", "the document has more than 2000 tokens"),
    ],
)
def test_a_document_has_its_bounds(source: str, message: str) -> None:
    assert ours(source) == {"errors": [{"message": message}]}


def test_of_many_mistakes_fifty_are_reported() -> None:
    errors = ours("{" + " ".join(f"a{number}" for number in range(100)) + "}")["errors"]
    assert (len(errors), errors[-1]["message"]) == (51, "Too many validation errors, error limit reached. Validation aborted.")


def test_an_answer_has_its_bounds() -> None:
    deep = "{ id author " * 20 + "{ id }" + " }" * 20
    source = "{ books " + deep.replace("author", "author { books", 20).replace(" }" * 20, " }" * 40) + " }"
    assert [error["message"] for error in ours(source)["errors"]] == ["the answer would have more than 20000 fields"]


@given(st.text(alphabet='{}()[]":$@.! \n#abc1-\\\ud800é', max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_document_or_an_error(source: str) -> None:
    result = ours(source)
    assert result.keys() <= {"data", "errors"}
    assert "data" in result or all(error["message"] for error in result["errors"])


# --- over HTTP

EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture
def client() -> Any:
    with HttpResponder() as web, httpx.Client(base_url=web.url) as client:
        yield client


def test_post_and_get(client: httpx.Client) -> None:
    asked = {"query": "query A($n: Int) { books(first: $n) { id } } query B { hello }", "variables": {"n": 1}, "operationName": "A"}
    wanted = {"data": {"books": [{"id": "1"}]}}
    assert client.post("/graphql", json=asked).json() == wanted
    assert client.get("/graphql", params=asked | {"variables": '{"n": 1}'}).json() == wanted


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        ("application/json", "{ nope }", 200),
        ("application/graphql-response+json, application/json;q=0.9", "{ nope }", 400),
        ("application/graphql-response+json", "{ books { price } }", 200),
    ],
)
def test_the_status_depends_on_the_media_type(client: httpx.Client, accept: str, query: str, status: int) -> None:
    answer = client.post("/graphql", json={"query": query}, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (status, accept.partition(",")[0])
    assert len(answer.json()["errors"]) == 1


def test_a_mutation_is_kept_and_goes_by_post_alone(client: httpx.Client) -> None:
    query = 'mutation { addBook(title: "Roadside Picnic", author: 2) { id } }'
    assert client.get("/graphql", params={"query": query}).status_code == 405
    assert client.post("/graphql", json={"query": query}).json() == {"data": {"addBook": {"id": "4"}}}
    assert client.post("/graphql", json={"query": "{ book(id: 4) { title } }"}).json() == {"data": {"book": {"title": "Roadside Picnic"}}}


def test_a_batch(client: httpx.Client) -> None:
    answer = client.post("/graphql", json=[{"query": "{ hello }"}, {"query": "{ __typename }"}])
    assert answer.json() == [{"data": {"hello": "hello, world"}}, {"data": {"__typename": "Query"}}]
    assert client.post("/graphql", json=[{"query": "{ hello }"}] * 21).status_code == 400


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ("{}", "application/json", 400),
        ("3", "application/json", 400),
        ("[]", "application/json", 400),
        ("{", "application/json", 400),
        ('{"query": "{ hello }", "variables": []}', "application/json", 200),
        ('{"query": "{ hello }", "variables": [1]}', "application/json", 400),
        ("{ hello }", "application/graphql", 415),
    ],
)
def test_what_is_no_request(client: httpx.Client, content: str, kind: str, status: int) -> None:
    assert client.post("/graphql", content=content, headers={"Content-Type": kind}).status_code == status


@pytest.mark.parametrize(
    ("query", "events"),
    [
        (
            "subscription { n: count(to: 2, every: 0.01) }",
            [("next", {"data": {"n": 1}}), ("next", {"data": {"n": 2}}), ("complete", None)],
        ),
        ("{ hello }", [("next", {"data": {"hello": "hello, world"}}), ("complete", None)]),
        (
            "subscription { nope }",
            [
                (
                    "next",
                    {
                        "errors": [
                            {"message": "Cannot query field 'nope' on type 'Subscription'.", "locations": [{"line": 1, "column": 16}]}
                        ]
                    },
                ),
                ("complete", None),
            ],
        ),
    ],
)
def test_results_as_events(client: httpx.Client, query: str, events: list[Any]) -> None:
    with httpx_sse.connect_sse(client, "POST", "/graphql", json={"query": query}, headers=EVENTS) as source:
        assert [(one.event, json.loads(one.data) if one.data else None) for one in source.iter_sse()] == events


def test_a_subscription_wants_a_stream(client: httpx.Client) -> None:
    (error,) = client.post("/graphql", json={"query": "subscription { count }"}).json()["errors"]
    assert error["message"] == "a subscription is a stream of events here: Accept: text/event-stream"


def test_there_is_no_websocket(client: httpx.Client) -> None:
    answer = client.get("/graphql", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    wanted = "there is no WebSocket here: a subscription's results are Server-Sent Events (rrcli graphql --transport sse)"
    assert (answer.status_code, answer.json()["detail"]) == (400, wanted)
    assert client.get("/graphql").json()["detail"] == "there is no query: POST it as JSON, or GET /graphql?query=..."


def test_introspection_gives_the_schema_that_is_at_its_own_place(client: httpx.Client) -> None:
    answer = client.post("/graphql", json={"query": core.get_introspection_query()})
    printed = core.print_schema(core.build_client_schema(answer.json()["data"]))
    assert printed == core.print_schema(core.build_schema(client.get("/graphql/schema").text))
