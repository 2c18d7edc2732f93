"""A query as OpenTelemetry's semantic conventions describe it (semantic-conventions, docs/db/sql.md and postgresql.md)."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange

# Literals, which may be anybody's data; names and parameters ($1) stay.
LITERALS = re.compile(r"""'(?:[^']|'')*'|(\$\w*\$)(?s:.*?)\1|(?<![\w$."])\d[\w.]*""")


def span(exchange: Exchange, _number: int) -> tuple[str, dict[str, Any]]:
    """Name and attributes; literals of a text without parameters are left out."""
    asked, answer = exchange.request.data, exchange.response
    body = exchange.request.body
    text = body.data.decode("utf-8", "replace") if body and body.data else exchange.request.summary
    words = text.split(None, 1)
    operation = words[0].upper() if words and words[0].isalpha() else ""
    namespace = exchange.target.url.partition("://")[2].partition("/")[2].partition("?")[0]
    attributes = {
        "db.system.name": "postgresql",
        "db.operation.name": operation or None,
        "db.query.text": text if asked.get("parameters") else LITERALS.sub("?", text),
        "db.namespace": namespace or None,
        "db.response.status_code": answer.data.get("sqlstate") if answer else None,
    }
    return " ".join(filter(None, (operation, namespace))) or "postgresql", attributes
