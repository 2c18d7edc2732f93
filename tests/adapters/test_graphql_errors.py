"""Which of the known kinds an error is, by what servers say in their different versions."""

from __future__ import annotations

import pytest

from rrcli.adapters.graphql.errors import explain_as


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Variable '$x' got invalid value '1'; Int cannot represent non-integer value: '1'", "BAD_USER_INPUT"),
        ("Variable '$x' has invalid value: Int cannot represent non-integer value: '1'", "BAD_USER_INPUT"),
        ("Variable '$o' has invalid value at .n: Int cannot represent non-integer value: 'z'", "BAD_USER_INPUT"),
        ("Argument 'Query.a(x:)' of type 'Int!' is required, but it was not provided.", "BAD_USER_INPUT"),
        ("Field 'a' must not have a selection since type 'String' has no subfields.", "GRAPHQL_VALIDATION_FAILED"),
        ("boom", None),
    ],
)
def test_what_graphql_core_says_before_and_since_3_3(message: str, code: str | None) -> None:
    assert explain_as([{"message": message}]) == code
