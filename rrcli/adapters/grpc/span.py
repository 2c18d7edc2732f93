"""A call as OpenTelemetry's semantic conventions describe it (semantic-conventions, docs/rpc/grpc.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange


def span(exchange: Exchange, _number: int) -> tuple[str, dict[str, Any]]:
    """Name and attributes."""
    method, answer = exchange.request.data.get("method"), exchange.response
    status = answer.status.text if answer else None
    attributes = {"rpc.system.name": "grpc", "rpc.method": method, "rpc.response.status_code": status}
    return str(method or "grpc"), attributes
