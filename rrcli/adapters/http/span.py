"""An exchange of HTTP as OpenTelemetry's semantic conventions describe it (semantic-conventions, docs/http/http-spans.md)."""

from __future__ import annotations

from rrcli.base.fields import first
from rrcli.engine.registry import METHODS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange

OTHER = "_OTHER"  # than the methods that are known


def span(exchange: Exchange, number: int) -> tuple[str, dict[str, Any]]:
    """Name and attributes; an operation within the content, as GraphQL has, is told too."""
    asked, answer = exchange.request.data, exchange.response
    method = str(asked.get("method") or "")
    version = str(answer.data.get("version", "")) if answer else ""
    attributes = {
        "http.request.method": method if method in METHODS else OTHER,
        "http.request.method_original": None if method in METHODS else method,
        "http.request.resend_count": number or None,
        "url.full": exchange.target.url,
        "user_agent.original": first(exchange.request.fields, "user-agent"),
        "http.response.status_code": answer.status.code if answer else None,
        "network.protocol.version": version.partition("/")[2] or None,
        "graphql.operation.type": asked.get("operation"),
        "graphql.operation.name": asked.get("operation_name"),
    }
    if answer and answer.status.code and exchange.error and exchange.error.layer == "application":
        attributes["error.type"] = str(answer.status.code)
    operation = " ".join(str(asked[key]) for key in ("operation", "operation_name") if asked.get(key))
    return operation or (method if method in METHODS else "HTTP"), attributes
