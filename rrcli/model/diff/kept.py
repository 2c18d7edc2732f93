"""The part of an exchange's document that is compared, alone: what a snapshot holds, the same whenever nothing has changed."""

from __future__ import annotations

from rrcli.model.diff import TIMES
from rrcli.model.diff.places import Pattern
from rrcli.model.diff.rules import Rules, is_date, is_volatile_field, without_date
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.diff.places import Steps


def kept(document: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """The document without what is no difference, and without what is ignored."""
    variation = rules.variation_of(document["protocol"]) if rules.variation_of else Variation()
    answer, error = document.get("response"), document.get("error")
    found: dict[str, Any] = {"protocol": document["protocol"], "outcome": document["outcome"]}
    if error:
        found["error"] = {"kind": error["kind"]}
    if answer:
        data = answer.get("data") or {}
        repeats = any(data.get(name) not in (None, [], {}) for name in variation.repeats)
        found["response"] = {
            "status": answer["status"],
            "headers": {name: _field(name, value) for name, value in answer["headers"].items() if _is_kept(name, value, answer)},
            "trailers": answer["trailers"],
            "body": None if repeats else _content(answer.get("body")),
            "data": data,
        }
    varies = [Pattern(f"response.data.{path}") for path in (TIMES, *variation.varies)]
    if not variation.has_text:
        varies.append(Pattern("response.status.text"))
    pruned: dict[str, Any] = _pruned(found, (), (*varies, *rules.ignored))
    return pruned


def _is_kept(name: str, value: Any, answer: dict[str, Any]) -> bool:
    if name == "content-length":
        return not (answer.get("body") or {}).get("size")
    return not (is_volatile_field(name) or is_date(value))


def _field(name: str, value: Any) -> Any:
    return [without_date(each) for each in value] if name == "set-cookie" else value


def _content(body: dict[str, Any] | None) -> dict[str, Any] | None:
    """JSON as its value, text as it is, of anything else the digest."""
    if not body:
        return None
    if body["json"] is not None:
        return {"json": body["json"]}
    if body["text"] is not None:
        return {"text": body["text"], **({"truncated": True, "sha256": body["sha256"]} if body["truncated"] else {})}
    return {"size": body["size"], "sha256": body["sha256"]}


def _pruned(value: Any, steps: Steps, without: tuple[Pattern, ...]) -> Any:
    """The value without the members of objects in these places, and of items of lists that are there as a whole only null."""
    if isinstance(value, dict):
        places = {name: (*steps, name) for name in value}
        return {name: _pruned(value[name], place, without) for name, place in places.items() if not _is_within(place, without)}
    if isinstance(value, list):
        items = [(item, (*steps, number)) for number, item in enumerate(value)]
        return [None if _is_within(place, without) else _pruned(item, place, without) for item, place in items]
    return value


def _is_within(steps: Steps, patterns: tuple[Pattern, ...]) -> bool:
    return any(pattern.matches(steps) for pattern in patterns)
