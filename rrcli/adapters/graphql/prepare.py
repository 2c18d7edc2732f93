"""From the words and options of a GraphQL request to the HTTP request that carries it (GraphQL over HTTP, sections 4 to 5).

A `Call` is what is asked for, whatever carries it. Nothing is sent here; files that the words name are read.
"""

from __future__ import annotations

from rrcli.adapters.graphql.call import Call
from rrcli.adapters.graphql.document import KINDS, survey
from rrcli.adapters.http.prepare.items import json_content, read_items, read_text, write_json
from rrcli.base.errors import usage
from rrcli.base.jsontext import Verbatim, loads
from rrcli.base.shellquote import quoted
from rrcli.base.wsurl import http_url
from rrcli.options.parse import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.graphql.document import Operation
    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.adapters.http.prepare.items import Item

JSON = "application/json"
ACCEPT = "application/graphql-response+json, application/json;q=0.9"  # section 5.2.1; the older type is what many still send
ACCEPT_EVENTS = "text/event-stream"
QUERY_STARTS = ("{", "#", '"', "query", "mutation", "subscription", "fragment")
BREAKS = frozenset(' \t\r\n{(@$#"')  # one of them follows the keyword a document begins with


def prepare_call(request: GraphqlRequest) -> Call:
    """What is asked for. Raises `usage`, or `local` for a file."""
    _, document, words = split_words(request)
    items = _variable_items(words)
    if request.asks_for_schema:
        return _introspection(request, document, items)
    if request.batch is not None:
        return _batch(request, document, items)
    if request.data:
        return _given_whole(request, document, items)
    if document is None:
        raise usage("graphql takes a query", "write rrcli graphql URL 'query { … }', @FILE, - for standard input, or --schema")
    return _call(read_document(document), _variables(request, items), request.operation, json_object(request.extensions, "--extensions"))


def split_words(request: GraphqlRequest) -> tuple[str, str | None, tuple[str, ...]]:
    """URL, QUERY and the items. A second word is QUERY when it begins as a document does, with @, or is -."""
    words = request.arguments
    if not words:
        raise usage("graphql takes a URL", "write rrcli graphql URL [QUERY] [ITEM...]")
    return (words[0], words[1], words[2:]) if _has_document(words) else (words[0], None, words[1:])


def _has_document(words: tuple[str, ...]) -> bool:
    """Whether the second word is QUERY."""
    return len(words) > 1 and (words[1] == "-" or words[1].startswith("@") or _like_document(words[1]))


def _like_document(word: str) -> bool:
    text = word.lstrip(" \t\r\n,\ufeff")
    start = next((start for start in QUERY_STARTS if text.startswith(start)), None)
    if start is None:
        return False
    return not start.isalpha() or text[len(start) :][:1] in BREAKS


def read_document(word: str) -> str:
    """The document that QUERY is or names."""
    text = read_text(word.removeprefix("@")) if word == "-" or word.startswith("@") else word
    if not text.strip():
        raise usage("the query is empty", "a document begins with {, query, mutation or subscription")
    return text


def _variable_items(words: tuple[str, ...]) -> list[Item]:
    """The items. Raises `usage` for a file, which has no place among variables."""
    items = read_items(words) if words else []
    for item in items:
        if item.separator == "@":
            text, json = quoted(f"{item.name}=@{item.value}"), quoted(f"{item.name}:=@{item.value}")
            hint = f"{text} makes a variable of a file's text, {json} of its JSON"
            raise usage(f"{item.name}@{item.value} uploads a file, which GraphQL has no way for", hint)
    return items


def _variables(request: GraphqlRequest, items: list[Item]) -> Verbatim | None:
    """The variables: those of `--variables`, and the items over them."""
    given = json_object(request.variables, "--variables")
    own = [item for item in items if item.separator in ("=", ":=")]
    return Verbatim(json_content(own, given).decode()) if own else given


def json_object(text: str | None, flag: str) -> Verbatim | None:
    """The JSON object of an option, or of the file that it names. Raises `usage`."""
    if text is None:
        return None
    text = read_text(text[1:]) if text.startswith("@") else text
    try:
        value = loads(text)
    except ValueError as error:
        raise usage(f"{flag} {text[:60]!r} is no JSON: {error}", "a JSON object is written '{\"name\": 1}', a file @FILE") from None
    if not isinstance(value, dict):
        raise usage(f"{flag} {text[:60]!r} is no JSON object", "write '{\"name\": 1}'")
    return Verbatim(text.strip())


def _call(document: str, variables: Verbatim | None, name: str | None, extensions: Verbatim | None) -> Call:
    """The call that runs one operation of a document."""
    chosen = _choose(document, name)
    members: dict[str, Any] = {"query": document}
    if name is not None:
        members["operationName"] = name
    if variables is not None:
        members["variables"] = variables
    if extensions is not None:
        members["extensions"] = extensions
    return Call(document=document, kind=chosen.kind if chosen else None, name=chosen.name if chosen else name, members=members)


def _choose(document: str, name: str | None) -> Operation | None:
    """The operation that runs; `None` where the document is broken and only the server can tell. Raises `usage`."""
    found = survey(document)
    named = [operation for operation in found.operations if name is None or operation.name == name]
    if len(named) == 1 or (named and name is not None):
        return named[0]
    if found.broken:
        return None
    if not found.operations:
        raise usage("the query has no operation", f"a document begins with {{, or one of {', '.join(KINDS)}")
    listed = ", ".join([f"{operation.kind} {operation.name or '(without a name)'}" for operation in found.operations])
    if name is None:
        raise usage(f"the query has {len(named)} operations: {listed}", "choose one with --operation NAME")
    near = suggestion(name, [operation.name for operation in found.operations if operation.name])
    raise usage(f"the query has no operation {name!r}{near}", f"it has {listed}")


def _given_whole(request: GraphqlRequest, document: str | None, items: list[Item]) -> Call:
    """`-d`: the JSON as a page or another tool has it."""
    from rrcli.adapters.http.prepare.content import joined_data

    others: dict[str, object] = {
        "QUERY": document,
        "--variables": request.variables,
        "--operation": request.operation,
        "--extensions": request.extensions,
        "items": [item for item in items if item.separator in ("=", ":=")] or None,
    }
    for flag, value in others.items():
        if value is not None:
            raise usage(f"-d and {flag} exclude each other", "-d has the whole JSON content: query, variables and operationName")
    text = joined_data(request.data).decode("utf-8", "replace")
    return _from_json(_loaded(text, "-d"), "-d", text)


def _batch(request: GraphqlRequest, document: str | None, items: list[Item]) -> Call:
    """`--batch`: several requests in one."""
    if document is not None or request.data or any(item.separator in ("=", ":=") for item in items):
        raise usage("--batch has whole requests: QUERY, -d and variables have no place beside it")
    assert request.batch is not None
    text = read_text(request.batch.removeprefix("@"))
    value = _loaded(text, f"--batch {request.batch}")
    if not isinstance(value, list) or not value:
        raise usage(f"--batch {request.batch} is no JSON array of requests", 'write [{"query": "…", "variables": {}}, …]')
    parts = tuple(_from_json(part, f"request {number} of --batch") for number, part in enumerate(value, 1))
    if any(part.kind == "subscription" for part in parts):
        raise usage("a subscription has no place in a batch", "send it by itself")
    return Call(members={}, parts=parts)


def _loaded(text: str, where: str) -> Any:
    try:
        return loads(text)
    except ValueError as error:
        raise usage(f"{where} is no JSON: {error}", "a query by itself is the word after the URL") from None


def _from_json(value: Any, where: str, text: str | None = None) -> Call:
    """The call that a JSON object is; with its `text` it is sent as it stands there."""
    if not isinstance(value, dict):
        raise usage(f"{where} is no JSON object with a query")
    document, name = value.get("query"), value.get("operationName")
    if not isinstance(document, str) and not isinstance(value.get("extensions"), dict):
        raise usage(f"{where} has no query", 'write {"query": "…", "variables": {}}')
    chosen = _choose(document, name if isinstance(name, str) else None) if isinstance(document, str) else None
    return Call(
        document=document,
        kind=chosen.kind if chosen else None,
        name=chosen.name if chosen else None,
        members=value,
        given=text,
    )


def _introspection(request: GraphqlRequest, document: str | None, items: list[Item]) -> Call:
    if document is not None or request.data or request.batch is not None or any(item.separator in ("=", ":=") for item in items):
        raise usage("--schema and --fields ask for the schema alone", "leave the query out")
    from rrcli.adapters.graphql.call import INTROSPECTION

    return _call(INTROSPECTION, None, None, None)


# --- what carries it over HTTP


def persisted(call: Call, *, with_query: bool) -> Call:
    """The same call by the SHA-256 of its document (automatic persisted queries, version 1). Raises `usage` where there is none."""
    from rrcli.base.digest import sha256

    if call.parts or call.document is None:
        raise usage("--persisted takes one query", "leave --persisted out")
    members = {name: value for name, value in call.members.items() if with_query or name != "query"}
    given = members.get("extensions") or {}
    extensions = loads(given.text) if isinstance(given, Verbatim) else dict(given)
    extensions["persistedQuery"] = {"version": 1, "sha256Hash": sha256(call.document.encode("utf-8", "replace")).hexdigest()}
    return call.replace(members={**members, "extensions": extensions}, given=None)


def carrier(request: GraphqlRequest, call: Call, *, accept: str = ACCEPT, registering: bool = False) -> GraphqlRequest:
    """The HTTP request for a call, by POST or within the URL. Raises `usage` for a mutation within a URL (section 5.1)."""
    url, _, item_words = split_words(request)
    items = read_items(item_words)
    kept = tuple(word for word, item in zip(item_words, items, strict=True) if item.separator not in ("=", ":="))
    method = request.method or ("GET" if request.get else "POST")
    sent = persisted(call, with_query=registering) if request.persisted else call
    taken = {item.name.lower() for item in items if item.separator in (":", ";")} | _names_of(request.headers)
    defaults = [("Accept", accept)] if method == "GET" else [("Content-Type", JSON), ("Accept", accept)]
    headers = (*[f"{name}: {value}" for name, value in defaults if name.lower() not in taken], *request.headers)
    plain = request.replace(headers=headers, method=None, get=False, data=())
    if method != "GET":
        return plain.replace(arguments=(method, http_url(url), *kept), data=(("--data-raw", sent.text()),))
    if not call.safe:
        what = f"a {call.kind}" if call.kind else "what may be a mutation"
        raise usage(f"{what} is not sent by GET, which must change nothing", "leave -G and -X GET out: it goes by POST")
    return plain.replace(arguments=(method, _url_with(http_url(url), sent), *kept))


def _names_of(headers: tuple[str, ...]) -> set[str]:
    """The names of the fields that `-H` gives or takes away, in lower case."""
    lines: list[str] = []
    for text in headers:
        lines += read_text(text[1:]).replace("\r\n", "\n").split("\n") if text.startswith("@") else [text]
    return {line.partition(":")[0].rstrip("; ").lower() for line in lines}


def _url_with(url: str, call: Call) -> str:
    """The URL with the call in its query (section 5.1: each member by its name, objects as JSON)."""
    from rrcli.adapters.http.prepare.content import form

    if call.parts:
        raise usage("a batch is not sent by GET", "leave -G and -X GET out")
    pairs = [(name, value if isinstance(value, str) else write_json(value)) for name, value in call.members.items() if value is not None]
    start, _, _ = url.partition("#")
    return f"{start}{'&' if '?' in start else '?'}{form(pairs)}"


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """URL, QUERY and items, with the secrets of the URL and of the items masked."""
    from rrcli.adapters.http.shownwords import item, url

    at = 2 if _has_document(words) else 1
    return (*map(url, words[:1]), *words[1:at], *map(item, words[at:]))
