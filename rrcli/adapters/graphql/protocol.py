"""What help, reports, demo and responders know of GraphQL."""

from __future__ import annotations

from rrcli.adapters.http.protocol import MANIFEST as HTTP
from rrcli.engine.manifest import DemoStep, Manifest
from rrcli.responders.catalogue import Place

MANIFEST = Manifest(
    synopsis="URL [QUERY] [ITEM...]",
    help="Send a GraphQL query, or subscribe.",
    words=(
        ("QUERY", "The document, @FILE, or - for standard input."),
        ("ITEM", "A variable, name=text or name:=json, or a field of HTTP, Name:value; rrcli help items."),
    ),
    examples=(
        "rrcli graphql :8000/graphql 'query ($id: ID!) { user(id: $id) { name } }' id=7",
        "rrcli graphql https://api.example.com/graphql --schema > schema.graphql",
    ),
    label="GraphQL",
    command_may_show_secrets=True,
    as_command="rrcli.adapters.graphql.curl:as_command",
    explains="http",
    families={"graphql": "rrcli.explain.graphql"},
    framings=HTTP.framings,
    content_spans="rrcli.codec.wsspans:content_spans",
    measures=HTTP.measures,
    is_http=True,
    span="rrcli.adapters.http.span:span",
    place=Place(over="http", path="/graphql", examples=("rrcli graphql {url} '{{ books {{ title price }} }}'",)),
    demo=(
        DemoStep(heading="GraphQL: data and an error together, and so a failure", line="graphql {where} '{{ books {{ title price }} }}'"),
    ),
)
