"""Where the answers of exchanges sent side by side differ. Times, TTLs and ids are no difference.

Only what was asked alike is compared: an A and an AAAA record of one name are no difference.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# What differs between two equal answers by nature: the names of keys whose values are not compared.
VOLATILE = (
    "ttl", "id", "server", "transport", "framing", "edns", "parse_ms", "sha256", "size", "summary", "at_ms", "date", "question",
    "age", "expires", "tries",
)  # fmt: skip

REPEATED = (("response", "fields"),)  # what another key says by name, without what is volatile


def differences(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`{path, values}` for every place where the documents' answers are not all alike, values in their order."""
    found: list[dict[str, Any]] = []
    alike: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        alike.setdefault(asked(document["request"]["data"]), []).append(document)
    for group in alike.values():
        for key in ("outcome", "response"):
            _compare(key, [_without_repeats(document[key]) for document in group], found)
        _compare("error.kind", [(document["error"] or {}).get("kind") for document in group], found)
    return found


def asked(data: Mapping[str, Any]) -> str:
    """Equal for requests that ask the same, of whomever; cookies and padding (`edns`) are between two peers."""
    return _canonical(dict(data), ("id", "edns"))


def _without_repeats(value: Any) -> Any:
    """A response without a content that only says again, and in an order of its own, what records of its data say."""
    if isinstance(value, dict) and any(isinstance(item, list) and item and isinstance(item[0], dict) for item in value["data"].values()):
        return {**value, "body": None}
    return value


def _compare(path: str, values: list[Any], found: list[dict[str, Any]]) -> None:
    if all(value == values[0] for value in values[1:]):
        return
    if all(isinstance(value, dict) for value in values):
        for key in dict.fromkeys(key for value in values for key in value):
            if key not in VOLATILE and (path, key) not in REPEATED:
                _compare(f"{path}.{key}", [value.get(key) for value in values], found)
    elif not all(isinstance(value, list) for value in values) or len({_canonical(value, VOLATILE) for value in values}) > 1:
        found.append({"path": path, "values": values})


def _canonical(value: Any, without: tuple[str, ...]) -> str:
    """Equal for lists of records that differ in order, or in the keys named, alone: answers come in rotation."""
    if isinstance(value, list):
        return "[" + ",".join(sorted(_canonical(item, without) for item in value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_canonical(item, without)}" for key, item in sorted(value.items()) if key not in without) + "}"
    return repr(value)
