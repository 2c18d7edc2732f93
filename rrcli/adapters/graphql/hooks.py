"""What the engine and the command line ask of GraphQL."""

from __future__ import annotations

from rrcli.adapters.graphql.prepare import prepare_call
from rrcli.adapters.http.hooks import HttpHooks
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.request import Request


class GraphqlHooks(HttpHooks):
    """HTTP's, and that a subscription is a stream."""

    variation = Variation(varies=("events[*].at_ms",), repeats=("data", "errors"))

    def streams(self, request: Request) -> bool:
        """Whether the operation is a subscription."""
        return prepare_call(request).kind == "subscription"  # type: ignore[arg-type]  # these hooks are asked of no other


HOOKS = GraphqlHooks()
