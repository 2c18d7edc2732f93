"""A question as OpenTelemetry's semantic conventions describe it (semantic-conventions, docs/dns)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange


def span(exchange: Exchange, _number: int) -> tuple[str, dict[str, Any]]:
    """Name and attributes."""
    asked, answer = exchange.request.data.get("question") or {}, exchange.response
    records = (answer.data.get("answer") or ()) if answer else ()
    answers = [str(record.get("data")) for record in records if isinstance(record, dict)]
    return f"DNS {asked.get('type', '')}".strip(), {"dns.question.name": asked.get("name"), "dns.answers": answers or None}
