"""What a document has, with graphql-core's parser as the oracle."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rrcli.adapters.graphql.document import Operation, Survey, survey

graphql = pytest.importorskip("graphql")

NAMES = st.sampled_from(["a", "Q", "query", "mutation", "on", "fragment", "_x1", "type", "true"])
BLANKS = st.sampled_from([" ", "\n", "\t", ", ", ' # } { " \r\n', "\ufeff ", "\r"])
STRINGS = st.sampled_from(
    ['""', '"a } b"', r'"\" {"', '"""block " } \n \\""" more"""', '"""a"""', '"# no comment"', '"\\\\"', '""""a""" '.strip()[:7]]
)
VALUES = st.one_of(STRINGS, st.sampled_from(["1", "-1.5e3", "true", "null", "ENUM", "$v", "[1 2]", '{a: {b: "}"}}', "[]", "{}"]))
ARGUMENTS = st.builds(lambda name, value: f"({name}: {value})", NAMES, VALUES)
DIRECTIVES = st.builds(lambda name, arguments: f" @{name}{arguments}", NAMES, st.one_of(st.just(""), ARGUMENTS))
SELECTIONS = st.recursive(
    st.builds(lambda name, arguments: f"{name}{arguments}", NAMES, st.one_of(st.just(""), ARGUMENTS)),
    lambda inner: st.one_of(
        st.builds(lambda name, part: f"{name} {{ {part} }}", NAMES, inner),
        st.builds(lambda part: f"... on T {{ {part} }}", inner),
        st.builds(lambda first, second: f"{first} {second}", inner, inner),
    ),
    max_leaves=5,
)
VARIABLES = st.sampled_from(["", "($v: Int)", '($v: In = {a: "}", b: [{c: 1}]} @d(x: "{"))', "($a: [Int!]! = [1], $b: S)"])
OPERATIONS = st.builds(
    lambda kind, name, variables, directive, body, blank: f"{kind}{blank}{name}{variables}{directive}{{ {body} }}",
    st.sampled_from(["query", "mutation", "subscription"]),
    st.one_of(st.just(""), NAMES),
    VARIABLES,
    st.one_of(st.just(""), DIRECTIVES),
    SELECTIONS,
    BLANKS,
)
FRAGMENTS = st.builds(lambda name, body: f"fragment {name} on T {{ {body} }}", NAMES.filter(lambda name: name != "on"), SELECTIONS)
SHORT = st.builds(lambda body: f"{{ {body} }}", SELECTIONS)
DOCUMENTS = st.lists(st.one_of(OPERATIONS, FRAGMENTS, SHORT), min_size=1, max_size=4).flatmap(
    lambda parts: st.lists(BLANKS, min_size=len(parts) + 1, max_size=len(parts) + 1).map(
        lambda blanks: "".join(blank + part for blank, part in zip(blanks, parts, strict=False)) + blanks[-1]
    )
)


def oracle(document: str) -> tuple[Operation, ...]:
    return tuple(
        Operation(kind=node.operation.value, name=node.name.value if node.name else None)
        for node in graphql.parse(document).definitions
        if isinstance(node, graphql.OperationDefinitionNode)
    )


@given(DOCUMENTS)
@example('query A { a(s: """ \\""" } """) } mutation B { b }')
def test_the_operations_are_those_that_the_parser_finds(document: str) -> None:
    try:
        wanted = oracle(document)
    except graphql.GraphQLError:
        return  # a strategy that is not exact everywhere
    assert survey(document) == Survey(operations=wanted)


@given(st.text(alphabet='{}()[]"\\#qa \n@$:!', max_size=40))
def test_whatever_the_parser_reads_is_not_called_broken(document: str) -> None:
    found = survey(document)
    try:
        wanted = oracle(document)
    except graphql.GraphQLError:
        return
    assert found == Survey(operations=wanted)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("{ me }", Survey(operations=(Operation(kind="query"),))),
        ("query", Survey(operations=(Operation(kind="query"),), broken=True)),
        ("query A { a", Survey(operations=(Operation(kind="query", name="A"),), broken=True)),
        ('mutation M { a(b: "c) }', Survey(operations=(Operation(kind="mutation", name="M"),), broken=True)),
        ('subscription { a(b: """c) }', Survey(operations=(Operation(kind="subscription"),), broken=True)),
        ("{ a ) }", Survey(operations=(Operation(kind="query"),), broken=True)),
        ("123", Survey(operations=(), broken=True)),
        ("# nothing", Survey(operations=())),
        ('"""why""" query A { a }', Survey(operations=(Operation(kind="query", name="A"),))),
        ("fragment F on query { mutation } query subscription { a }", Survey(operations=(Operation(kind="query", name="subscription"),))),
    ],
)
def test_a_document(document: str, found: Survey) -> None:
    assert survey(document) == found
