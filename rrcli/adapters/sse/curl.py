"""A stream of events as a curl command."""

from __future__ import annotations

from rrcli.adapters.http.curl import exported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.sse.request import SseRequest
    from rrcli.model.values import Exchange


def as_command(exchange: Exchange, request: SseRequest | None = None, *, show_secrets: bool = False) -> str:
    """The curl command for the same exchange, which holds nothing back."""
    return exported.as_command(exchange, request, show_secrets=show_secrets).replace("curl ", "curl -N ", 1)
