"""What a report draws of an answer of gRPC beside its messages: the details of its status."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.model.values import Body, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Response


def parts(answer: Response) -> list[Part]:
    """The details, each under its type."""
    return [_part(detail) for detail in answer.data.get("status_details") or ()]


def _part(detail: dict[str, Any]) -> Part:
    data = dumps({name: value for name, value in detail.items() if name != "@type"}).encode("utf-8", "surrogatepass")
    body = Body(data=data, size=len(data), media_type="application/json", charset="utf-8")
    return Part(noun="detail", head=str(detail["@type"]).rpartition("/")[2], body=body)
