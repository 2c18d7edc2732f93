"""A request that hands JSON to a URL, for what the tool itself has to deliver."""

from __future__ import annotations

from rrcli.adapters.http.request import HttpRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def post(url: str, content: str, fields: Sequence[tuple[str, str]], **options: Any) -> HttpRequest:
    """The request, with `options` of its time limits and of its connection."""
    headers = ("Content-Type: application/json", *(f"{name}: {value}" for name, value in fields))
    return HttpRequest("POST", url, headers=headers, data=(("--data-raw", content),), **options)
