"""GraphQL over HTTP against strawberry, and against answers that no GraphQL server gives."""

from __future__ import annotations

import hashlib
import io
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers.base import Peer
from peers.graphql import SDL
from peers.script import responder, say, script
from peers.verdict import SCHEMA, Verdict

from rrcli.adapters.graphql.curl import as_command
from rrcli.adapters.graphql.request import GraphqlRequest
from rrcli.base.errors import ExchangeError
from rrcli.cli import fast
from rrcli.cli.execute import execute
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked
from rrcli.report.terminal.render import render

NO_LIST = "expected a GraphQL response, got JSON with errors that are no list:"
NEITHER = "expected a GraphQL response, got JSON with neither data nor errors:"
USER = "query User($id: Int!) {\n  user(id: $id) { name secret }\n}"

Get = Callable[..., Exchange]


@pytest.fixture
def query(graphql_server: Peer) -> Get:
    return lambda *words, path="/graphql", **options: send(GraphqlRequest(f"http://{graphql_server.address}{path}", *words, **options))


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Callable[..., Verdict]:
    """Runs a command line with `--json`; its verdict."""

    def ask(*words: str) -> Verdict:
        invocation = fast.parse(["graphql", "--json", "--timeout", "3", *words])
        assert invocation is not None
        code = execute(invocation)
        return Verdict(code, json.loads(capfd.readouterr().out))

    return ask


def data_of(exchange: Exchange) -> dict[str, Any]:
    assert exchange.response is not None
    value = document(exchange)
    SCHEMA.validate(value)
    found: dict[str, Any] = value["response"]["data"]
    return found


def sent(exchange: Exchange) -> Any:
    assert exchange.request.body is not None
    return json.loads(exchange.request.body.data)


def hear_all(connection: socket.socket) -> None:
    """The request, which goes out in one write: a server that closes with some of it unread resets the connection."""
    connection.recv(1 << 16)


def answering(answer: bytes, kind: str = "application/json", status: str = "200 OK") -> Any:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(answer)}\r\n\r\n"
    return responder(script(hear_all, say(head.encode() + answer)))


def answered(answer: bytes, kind: str = "application/json", status: str = "200 OK", **options: Any) -> Exchange:
    with answering(answer, kind, status) as peer:
        return send(GraphqlRequest(f"http://{peer.host}:{peer.port}/", "{ me }", **options))


def refused(*words: str, **options: Any) -> str:
    with pytest.raises(ExchangeError) as caught:
        send(GraphqlRequest("http://127.0.0.1:1/", *words, **options))
    assert caught.value.layer == "usage"
    return caught.value.message


# --- a query and its answer


def test_a_query(query: Get) -> None:
    exchange = query("{ users { id name } }")
    assert exchange.error is None
    assert data_of(exchange) == {
        "version": "HTTP/1.1",
        "data": {"users": [{"id": 1, "name": "ann"}, {"id": 2, "name": "bob"}]},
        "errors": [],
    }
    assert exchange.request.data == {"method": "POST", "safe": True, "idempotent": True, "operation": "query", "operation_name": None}
    fields = dict(exchange.request.fields)
    assert fields["Content-Type"] == "application/json"
    assert fields["Accept"] == "application/graphql-response+json, application/json;q=0.9"
    assert exchange.request.body is not None
    assert exchange.request.body.data == b'{"query": "{ users { id name } }"}'


def test_items_are_variables_and_fields(query: Get) -> None:
    exchange = query(USER.replace("secret", ""), "id:=2", "X-Tag:yes", "page==3")
    assert data_of(exchange)["data"] == {"user": {"name": "bob"}}
    assert sent(exchange) == {"query": USER.replace("secret", ""), "variables": {"id": 2}}
    assert ("X-Tag", "yes") in exchange.request.fields
    assert exchange.request.summary == "POST /graphql?page=3 HTTP/1.1"


def test_items_add_to_the_variables_and_numbers_stay_as_they_are() -> None:
    exchange = answered(b'{"data": 1}', variables='{"a": 1, "big": 12345678901234567890123.10}')
    assert exchange.request.body is not None
    assert b'"variables": {"a": 1, "big": 12345678901234567890123.10}' in exchange.request.body.data
    with answering(b'{"data": 1}') as peer:
        exchange = send(
            GraphqlRequest(f"http://{peer.host}:{peer.port}/", "{ me }", "a[b]=c", "n:=1.50", variables='{"a": {"x": 1}, "k": 2}')
        )
    assert exchange.request.body is not None
    assert b'"variables": {"a": {"x": 1, "b": "c"}, "k": 2, "n": 1.50}' in exchange.request.body.data


def test_what_the_user_gives_wins_over_the_defaults(query: Get) -> None:
    exchange = query('{ header(name: "accept") }', headers=("accept: application/json", "Content-Type: application/json; v=1"))
    assert data_of(exchange)["data"] == {"header": "application/json"}
    assert [value for name, value in exchange.request.fields if name.lower() == "content-type"] == ["application/json; v=1"]


def test_a_query_within_the_url(query: Get) -> None:
    exchange = query("query E($v: String!) { echo(value: $v) }", "v=a&b=ä", get=True, operation="E", extensions='{"x": 1}')
    assert data_of(exchange)["data"] == {"echo": "a&b=ä"}
    assert exchange.request.body is None
    assert exchange.request.data["method"] == "GET"
    assert exchange.request.summary.startswith("GET /graphql?query=query+E%28%24v")
    assert exchange.request.summary.endswith(
        "&operationName=E&variables=%7B%22v%22%3A+%22a%26b%3D%C3%A4%22%7D&extensions=%7B%22x%22%3A+1%7D HTTP/1.1"
    )


@pytest.mark.parametrize("options", [{"get": True}, {"method": "GET"}])
def test_a_mutation_is_not_sent_by_get(options: dict[str, Any]) -> None:
    assert refused("mutation { a }", **options) == "a mutation is not sent by GET, which must change nothing"


def test_a_mutation(query: Get) -> None:
    exchange = query('mutation { rename(id: 1, name: "eve") { id name } }')
    assert data_of(exchange)["data"] == {"rename": {"id": 1, "name": "eve"}}
    assert (exchange.request.data["safe"], exchange.request.data["idempotent"]) == (False, False)
    keyed = query('mutation { rename(id: 1, name: "eve") { id } }', idempotency_key="k1")
    assert (keyed.request.data["safe"], keyed.request.data["idempotent"]) == (False, True)


def test_a_file_standard_input_and_a_whole_json(query: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "q.graphql").write_text('{ echo(value: "file") }')
    assert data_of(query(f"@{tmp_path}/q.graphql"))["data"] == {"echo": "file"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{ echo(value: "stdin") }')))
    assert data_of(query("-"))["data"] == {"echo": "stdin"}
    text = '{"query": "query A { a: echo(value: \\"a\\") } query B { b: echo(value: \\"b\\") }",  "operationName": "B"}'
    exchange = query(data=(("-d", text),))
    assert data_of(exchange)["data"] == {"b": "b"}
    assert exchange.request.body is not None
    assert exchange.request.body.data == text.encode()
    assert exchange.request.data["operation_name"] == "B"
    assert data_of(query(data=(("-d", text),), method="GET"))["data"] == {"b": "b"}


def test_one_of_several_operations(query: Get) -> None:
    several = 'query A { echo(value: "a") } mutation B { rename(id: 1, name: "b") { name } }'
    assert data_of(query(several, operation="B"))["data"] == {"rename": {"name": "b"}}
    assert refused(several) == "the query has 2 operations: query A, mutation B"
    assert refused(several, operation="C") == "the query has no operation 'C'"
    assert refused("query Users { a } query Other { b }", operation="users") == "the query has no operation 'users'; did you mean Users?"


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        ((), {}, "graphql takes a query"),
        (("",), {}, "'' is no item"),
        (("# nothing",), {}, "the query has no operation"),
        (("fragment F on T { a }",), {}, "the query has no operation"),
        (("{ a }", "file@x"), {}, "file@x uploads a file, which GraphQL has no way for"),
        (("{ a }",), {"variables": "[1]"}, "--variables '[1]' is no JSON object"),
        (("{ a }",), {"variables": "{"}, "--variables '{' is no JSON: "),
        (("{ a }",), {"data": (("-d", "{}"),)}, "-d and QUERY exclude each other"),
        ((), {"data": (("-d", "{ me }"),)}, "-d is no JSON: "),
        ((), {"data": (("-d", "{}"),)}, "-d has no query"),
        (("{ a }",), {"schema": True}, "--schema and --fields ask for the schema alone"),
        (("{ a }",), {"init": "{}"}, "--init belongs to the WebSocket transport"),
        (("subscription { a }",), {"transport": "http"}, "a subscription is a stream of events, which --transport http has not"),
        (("{ a }",), {"transport": "ws", "persisted": True}, "--persisted and --transport ws exclude each other"),
        (("{ a }",), {"transport": "ws", "http2": True}, "--http2 and a WebSocket exclude each other: it begins with HTTP/1.1"),
    ],
)
def test_what_is_refused_before_anything_is_sent(words: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    said = refused(*words, **options)
    assert said.startswith(message) if message.endswith(": ") else said == message


# --- errors


def test_errors_with_200_are_a_failure_and_the_data_beside_them_stays(query: Get) -> None:
    exchange = query(USER, "id:=1")
    assert exchange.response is not None
    assert exchange.outcome == "application_error"
    assert (exchange.response.status.code, exchange.response.status.ok) == (200, False)
    found = data_of(exchange)
    assert found["data"] == {"user": {"name": "ann", "secret": None}}
    assert found["errors"] == [{"message": "not for you", "locations": [{"line": 2, "column": 24}], "path": ["user", "secret"]}]
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind, exchange.error.retry) == ("application", "bad_status", "useless")
    assert exchange.error.message == "not for you (at user.secret; line 2, column 24)"


def drawn(exchange: Exchange) -> str:
    from rrcli.engine.registry import protocol_of

    return render(masked(exchange), protocol_of(GraphqlRequest("x")), width=80, color=False, verbose=False, wire=False)


def test_the_picture_marks_the_place_in_the_query(query: Get) -> None:
    text = drawn(query(USER, "id:=1"))
    assert text.startswith("✘ 200 with 1 error  ·  POST http://")
    assert "  application · not for you (at user.secret; line 2, column 24)\n" in text
    assert text.index('    "user": {\n      "name": "ann",\n      "secret": null\n    }') < text.index(
        "  ✘ not for you  (user.secret)\n"
        "    2 │   user(id: $id) { name secret }\n"
        "      │                        ^\n"
    )  # fmt: skip


def test_a_mistake_says_what_to_do(query: Get) -> None:
    exchange = query("{ usrs { id } }")
    assert exchange.error is not None
    assert exchange.error.message == "Cannot query field 'usrs' on type 'Query'. Did you mean 'users' or 'user'? (line 1, column 3)"
    assert exchange.error.hint is not None
    assert exchange.error.hint.startswith("See what can be asked for with rrcli graphql URL --fields")
    broken = query("{ users { id ")
    assert broken.request.data["operation"] == "query"
    assert broken.error is not None
    assert broken.error.message.startswith("Syntax Error: Expected Name, found <EOF>.")


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ({"message": "GraphQL introspection is not allowed", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}, "Take the schema from"),
        (
            {"message": "This operation has been blocked as a potential Cross-Site Request Forgery (CSRF)."},
            "Add apollo-require-preflight:true",
        ),
        ({"message": "who?", "extensions": {"code": "UNAUTHENTICATED"}}, "Send credentials"),
        ({"message": "PersistedQueryNotFound"}, "Use --persisted"),
        ({"message": "x", "extensions": {"code": "OWN_CODE"}}, "Read each error"),
        ({"message": "x", "extensions": 1, "path": 3, "locations": [{"line": "a"}, 5]}, "Read each error"),
        ("text", "Read each error"),
        (None, "Read each error"),
    ],
)
def test_common_errors_are_explained(error: Any, hint: str) -> None:
    exchange = answered(json.dumps({"errors": [error]}).encode())
    assert exchange.error is not None
    assert exchange.error.hint is not None
    assert exchange.error.hint.startswith(hint)
    drawn(exchange)


def test_an_error_with_a_status_from_400_keeps_its_data() -> None:
    body = b'{"errors": [{"message": "no"}], "data": null}'
    exchange = answered(body, "application/graphql-response+json", "415 Unsupported Media Type")
    assert exchange.outcome == "application_error"
    assert exchange.response is not None
    assert (exchange.response.status.code, exchange.response.status.text) == (415, "Unsupported Media Type with 1 error")
    assert data_of(exchange)["errors"] == [{"message": "no"}]
    plain = answered(b"<h1>no</h1>", "text/html", "404 Not Found")
    assert plain.error is not None
    assert (plain.error.layer, plain.error.message) == ("application", "HTTP/1.1 404 Not Found")
    assert data_of(plain) == {"version": "HTTP/1.1", "data": None, "errors": []}


@pytest.mark.parametrize(
    ("answer", "kind", "error"),
    [
        (b"<!doctype html>\n<p>", "text/html", ("wrong_protocol", "expected a GraphQL response, got text/html: '<!doctype html>'")),
        (b"", "text/plain", ("wrong_protocol", "expected a GraphQL response, got text/plain without content")),
        (b"{", "application/json", ("malformed", "the answer is application/json and no JSON: ")),
        (b'{"ok": 1}', "application/json", ("malformed", f"{NEITHER} an object with ok")),
        (b"[]", "application/json", ("malformed", f"{NEITHER} list")),
        (b'{"errors": "x"}', "application/json", ("malformed", f'{NO_LIST} "x"')),
        (b'{"data": null, "errors": 5}', "application/json", ("malformed", f"{NO_LIST} 5")),
        (b'{"data": {}, "errors": {"message": "no"}}', "application/json", ("malformed", f'{NO_LIST} {{"message": "no"}}')),
        (b"\xff", "application/json", None),
    ],
)  # fmt: skip
def test_an_answer_that_is_none(answer: bytes, kind: str, error: tuple[str, str] | None) -> None:
    exchange = answered(answer, kind)
    assert exchange.error is not None
    assert exchange.error.layer == "protocol"
    assert (exchange.error.delivery, exchange.response is not None) == ("answered", True)
    if error:
        kind, message = error
        assert exchange.error.kind == kind
        assert exchange.error.message.startswith(message) if message.endswith(": ") else exchange.error.message == message


def test_an_answer_too_large_is_not_parsed() -> None:
    exchange = answered(b'{"data": "' + b"x" * 5000 + b'"}', max_size=1000)
    assert exchange.error is not None
    assert exchange.error.kind == "too_large"
    deep = answered(b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert deep.error is not None
    assert deep.error.kind == "malformed"


def test_an_empty_list_of_errors_is_noted() -> None:
    exchange = answered(b'{"data": {}, "errors": []}')
    assert exchange.error is None
    assert [note.code for note in exchange.notes] == ["empty-errors"]


def test_controls_of_the_peer_are_not_drawn() -> None:
    text = drawn(
        answered(json.dumps({"data": {"a": "\x1b]0;x\x07"}, "errors": [{"message": "\x1b[31mred\x9b", "path": ["\x1b"]}]}).encode())
    )
    assert not set("\x1b\x07\x9b") & set(text)


# --- batches, persisted queries, schemas


def test_a_batch(query: Get, tmp_path: Path) -> None:
    file = tmp_path / "batch.json"
    file.write_text('[{"query": "{ users { id } }"}, {"query": "query A { nope }"}]')
    exchange = query(path="/batch", batch=str(file))
    found = data_of(exchange)
    assert found["data"] is None
    assert [result["data"] for result in found["results"]] == [{"users": [{"id": 1}, {"id": 2}]}, None]
    assert [error["message"] for error in found["errors"]] == ["Cannot query field 'nope' on type 'Query'."]
    assert exchange.outcome == "application_error"
    assert exchange.request.data == {"method": "POST", "safe": True, "idempotent": True, "operations": 2}
    file.write_text("{}")
    assert refused(batch=str(file)) == f"--batch {file} is no JSON array of requests"
    file.write_text('[{"query": "subscription { a }"}]')
    assert refused(batch=str(file)) == "a subscription has no place in a batch"


def test_a_persisted_query_is_sent_when_the_server_asks(query: Get) -> None:
    text = '{ echo(value: "persisted once") }'
    digest = hashlib.sha256(text.encode()).hexdigest()
    exchange = query(text, path="/apq", persisted=True)
    assert data_of(exchange)["data"] == {"echo": "persisted once"}
    (first,) = exchange.history
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    assert (first.why, sent(first)) == ("retry", {"extensions": extensions})
    assert first.response is not None
    assert first.response.body is not None
    assert b"PersistedQueryNotFound" in first.response.body.data
    assert sent(exchange) == {"query": text, "extensions": extensions}
    again = query(text, path="/apq", persisted=True)
    assert (again.history, data_of(again)["data"]) == ((), {"echo": "persisted once"})


def test_the_schema_as_sdl(query: Get) -> None:
    graphql = pytest.importorskip("graphql")
    exchange = query(schema=True)
    assert exchange.error is None
    assert exchange.response is not None
    assert exchange.response.body is not None
    built = graphql.build_schema(exchange.response.body.data.decode())
    wanted = graphql.build_schema(SDL)
    assert set(wanted.type_map) <= set(built.type_map)
    assert built.mutation_type.fields["rename"].args.keys() == {"id", "name"}


def test_what_can_be_asked_for(query: Get) -> None:
    pytest.importorskip("graphql")
    exchange = query(fields=True)
    assert exchange.response is not None
    assert exchange.response.body is not None
    lines = exchange.response.body.data.decode().splitlines()
    assert lines[0] == "query user(id: Int!): User"
    assert lines[-1] == "subscription failing: Int!"


def test_no_schema_where_introspection_is_refused() -> None:
    pytest.importorskip("graphql")
    with answering(b'{"errors": [{"message": "introspection is disabled"}]}') as peer:
        exchange = send(GraphqlRequest(f"http://{peer.host}:{peer.port}/", schema=True))
    assert exchange.error is not None
    assert exchange.error.message == "introspection is disabled"
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b'{"errors": [{"message": "introspection is disabled"}]}'
    with answering(b'{"data": {"__schema": {"types": 5}}}') as peer:
        exchange = send(GraphqlRequest(f"http://{peer.host}:{peer.port}/", schema=True))
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.message[:23]) == ("malformed", "the answer is no schema")


def test_a_query_is_checked_against_a_schema_before_it_is_sent(query: Get, tmp_path: Path) -> None:
    pytest.importorskip("graphql")
    file = tmp_path / "schema.graphql"
    file.write_text(SDL)
    assert data_of(query("{ users { id } }", schema_file=str(file)))["data"] == {"users": [{"id": 1}, {"id": 2}]}
    assert refused("{\n  users { nam }\n}", schema_file=str(file)) == (
        "the query does not fit: Cannot query field 'nam' on type 'User'. Did you mean 'name'? (line 2, column 11)"
    )
    assert refused("{ users {", schema_file=str(file)).startswith(
        "the query does not fit: Syntax Error: Expected Name, found <EOF>. (line 1"
    )
    file.write_text("type Query {")
    assert refused("{ a }", schema_file=str(file)).startswith(f"{file} is no schema: Syntax Error")


# --- the rest of the command line


def test_the_curl_command(query: Get) -> None:
    exchange = query("{ users { id } }")
    assert as_command(exchange) == (
        "curl -A rrcli/0.1.0 -H 'Content-Type: application/json' -H 'Accept: application/graphql-response+json, application/json;q=0.9'"
        f""" --data-raw '{{"query": "{{ users {{ id }} }}"}}' {exchange.target.url}"""
    )


def test_exit_codes_and_json(ask: Callable[..., Verdict], graphql_server: Peer) -> None:
    url = f"http://{graphql_server.address}/graphql"
    assert ask(url, "{ users { id } }").code == 0
    assert ask(url, "{ nope }").code == 1
    assert ask(url, "{ nope }", "--expect", "response.status.code == 200").code == 0
    assert ask(url, "{ users { id } }", "--expect", "length(response.data.data.users) == 2").code == 0
    assert ask(f"http://{graphql_server.address}/page", "{ a }").line == "7 protocol wrong_protocol receive answered useless"
    assert ask("http://127.0.0.1:1/", "mutation { a }").line == "4 transport refused connect not_sent safe"


@pytest.mark.parametrize(("word", "retry"), [("{ a }", "safe"), ("mutation { a }", "unsafe")])
def test_a_query_may_be_repeated_and_a_mutation_not(word: str, retry: str, ask: Callable[..., Verdict]) -> None:
    with responder(script(hear_all, say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"))) as peer:
        verdict = ask(f"http://{peer.host}:{peer.port}/", word)
    assert verdict.line == f"7 protocol truncated receive unknown {retry}"


def test_a_redirect_is_followed_with_the_query(graphql_server: Peer) -> None:
    to = f"http://{graphql_server.address}/graphql"
    head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
    with responder(script(hear_all, say(head.encode()))) as peer:
        exchange = send(GraphqlRequest(f"http://{peer.host}:{peer.port}/", "{ users { id } }", location=True, bearer="tok12345"))
    assert data_of(exchange)["data"] == {"users": [{"id": 1}, {"id": 2}]}
    assert [hop.why for hop in exchange.history] == ["redirect"]
    assert "Authorization" not in dict(exchange.request.fields)
