"""A command as OpenTelemetry's semantic conventions describe it (semantic-conventions, docs/db/redis.md)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange


def span(exchange: Exchange, _number: int) -> tuple[str, dict[str, Any]]:
    """Name and attributes. Of the words behind the key only that they are there is told: they are data."""
    asked, answer = exchange.request.data, exchange.response
    command = str(asked.get("command") or "").upper()
    words = [str(word) for word in asked.get("args") or ()]
    failed = answer and not answer.status.ok
    attributes = {
        "db.system.name": "redis",
        "db.operation.name": command or None,
        "db.query.text": " ".join([command, *words[:1], *("?" for _ in words[1:])]) or None,
        "db.namespace": exchange.target.url.partition("://")[2].partition("/")[2].partition("?")[0] or None,
        "db.response.status_code": answer.status.text if answer and failed else None,
    }
    return command or "redis", attributes
