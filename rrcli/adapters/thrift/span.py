"""A call as OpenTelemetry's semantic conventions describe it (semantic-conventions, docs/rpc/rpc-spans.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange


def span(exchange: Exchange, _number: int) -> tuple[str, dict[str, Any]]:
    """Name and attributes."""
    asked = exchange.request.data
    method = "/".join(str(asked[key]) for key in ("service", "method") if asked.get(key))
    return method or "thrift", {"rpc.system.name": "thrift", "rpc.method": method or None}
