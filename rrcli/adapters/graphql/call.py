"""A GraphQL call: the operation, its variables, and the introspection query."""

from __future__ import annotations

from rrcli.adapters.http.prepare.items import write_json
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rrcli.adapters.http.hopstate import HopState


class Call(Record):
    """One request of GraphQL: the members of its JSON, each as it will be written, and the operation that it runs.

    `kind` is query, mutation or subscription; `None` where the document does not tell. `parts` are the calls of a batch.
    """

    document: str | None = None
    kind: str | None = None
    name: str | None = None
    members: Mapping[str, Any]
    given: str | None = None  # the JSON as the user wrote it
    parts: tuple[Call, ...] = ()

    def text(self) -> str:
        """Its JSON."""
        if self.parts:
            return "[" + ", ".join([part.text() for part in self.parts]) + "]"
        return write_json(self.members) if self.given is None else self.given

    @property
    def safe(self) -> bool:
        """Whether it only reads, every part of it."""
        return all(part.safe for part in self.parts) if self.parts else self.kind in ("query", "subscription")


class CallState(Record):
    """What a hop of a GraphQL exchange takes over from the one before it."""

    call: Call
    registering: bool = False  # the server does not know the hash yet: the query goes with it
    http: HopState | None = None  # of a redirect or a challenge on the way

    @property
    def redirected(self) -> bool:
        return self.http is not None


# What graphql-core's get_introspection_query() asks for, with what every server since 2016 knows (GraphQL, section 4.2).
_TYPE_REF = "kind name " + "ofType { kind name " * 9 + "} " * 9
INTROSPECTION = f"""query IntrospectionQuery {{
  __schema {{
    queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }}
    types {{
      kind name description
      fields(includeDeprecated: true) {{
        name description args {{ ...Input }} type {{ ...Type }} isDeprecated deprecationReason
      }}
      inputFields {{ ...Input }}
      interfaces {{ ...Type }}
      enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
      possibleTypes {{ ...Type }}
    }}
    directives {{ name description locations args {{ ...Input }} }}
  }}
}}
fragment Input on __InputValue {{ name description type {{ ...Type }} defaultValue }}
fragment Type on __Type {{ {_TYPE_REF.strip()} }}
"""
