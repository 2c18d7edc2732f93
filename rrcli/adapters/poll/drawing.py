"""What a report draws of polling beside its events: how many requests there were, and the callbacks that came."""

from __future__ import annotations

from rrcli.base.fields import first
from rrcli.base.units import counted, duration
from rrcli.model.values import Body, Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Response


def stream_words(answer: Response) -> list[str] | None:
    """`5 requests, 2 empty` and `cursor 17`; `None` for an answer of which nothing was counted."""
    polls = answer.data.get("polls")
    if not polls:
        return None
    words = []
    if polls["made"] > 1:
        words.append(", ".join([counted(polls["made"], "request"), *(f"{polls[key]} {key}" for key in ("empty", "failed") if polls[key])]))
    if polls["cursor"] is not None:
        words.append(f"cursor {polls['cursor']}")
    return words


def parts(answer: Response) -> list[Part]:
    """The requests that came to a callback's URL."""
    return [_part(event) for event in answer.data.get("events") or () if event["type"] == "callback"]


def _part(call: dict[str, Any]) -> Part:
    fields, body = tuple((name, value) for name, value in call["fields"]), None
    if isinstance(call["data"], str) and call["data"]:
        data = call["data"].encode("utf-8", "surrogatepass")
        kind = (first(fields, "content-type") or "").partition(";")[0].strip().lower()
        body = Body(data=data, size=len(data), media_type=kind or None, charset="utf-8")
    remark = f"from {call['peer']} after {duration(int(call['at_ms'] * 1e6))}"
    return Part(noun="callback", head=f"{call['method']} {call['target']}", remark=remark, fields=fields, body=body)
