"""A message as OpenTelemetry's semantic conventions describe it (semantic-conventions, docs/messaging/messaging-spans.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange


def span(exchange: Exchange, _number: int) -> tuple[str, dict[str, Any]]:
    """Name and attributes."""
    asked = exchange.request.data
    subject = asked.get("subject")
    attributes = {"messaging.system": "nats", "messaging.destination.name": subject, "messaging.message.body.size": asked.get("size")}
    if not subject:
        return "nats", attributes
    return f"send {subject}", attributes | {"messaging.operation.name": "send", "messaging.operation.type": "send"}
