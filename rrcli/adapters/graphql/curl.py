"""A GraphQL request as a curl command."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.model.values import Exchange


def as_command(exchange: Exchange, request: GraphqlRequest | None = None, *, show_secrets: bool = False) -> str | None:
    """The curl command for the same exchange, with what `request` asks of it; there is none for a WebSocket."""
    if exchange.target.url.startswith("ws"):
        return None
    from rrcli.adapters.http.curl.exported import as_command

    return as_command(exchange, request, show_secrets=show_secrets)
