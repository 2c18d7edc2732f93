"""Files of our own documents, as `diff` reads them."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.files import read_local
from rrcli.base.jsontext import fault, loads
from rrcli.model.diff.documents import EXCHANGE, KINDS, RUN, SERIES, SET
from rrcli.options.parse import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 256 << 20  # bytes of a file
# The keys that are read without asking whether they are there, and the kind of each.
NEEDED: dict[str, dict[str, type]] = {
    EXCHANGE: {"protocol": str, "request": dict, "outcome": str},
    SET: {"exchanges": list},
    RUN: {"steps": list},
    SERIES: {"timing": dict},
}


def read_document(path: str) -> dict[str, Any]:
    """The document in a file, or on standard input for `-`. Raises `usage` for anything else, and `local`."""
    shown = "standard input" if path == "-" else path
    text = read_local(path, LARGEST).decode("utf-8-sig", "surrogateescape")
    if not text.strip():
        raise usage(f"{shown} is empty", "rrcli … --json > FILE writes a document")
    try:
        value = loads(text)
    except ValueError as error:
        lines = text.strip().splitlines()
        if len(lines) > 1 and all(_is_object(line) for line in lines[:2]):
            raise usage(f"{shown} holds {len(lines)} lines of JSON, and one document is wanted", "--json prints one") from None
        raise usage(f"{shown} is no JSON: {fault(text) or error}", "rrcli … --json > FILE writes a document") from None
    return checked(value, shown)


def checked(value: Any, shown: str) -> dict[str, Any]:
    """The value, once it is known to be a whole document of ours. Raises `usage`."""
    schema = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(schema, str) or schema not in KINDS:
        known = ", ".join(KINDS)
        said = f"its schema is {schema!r}{suggestion(str(schema), list(KINDS))}" if isinstance(schema, str) else "it has no schema of ours"
        raise usage(f"{shown} is no document of rrcli: {said}", f"there are {known}, as --json prints them")
    if why := _flaw(value):
        raise usage(f"{shown} is no whole {schema}: {why}", f"rrcli schema {KINDS[schema]} has its keys")
    return value


def _is_object(line: str) -> bool:
    try:
        return isinstance(loads(line), dict)
    except ValueError:
        return False


def _flaw(document: dict[str, Any], place: str = "") -> str:
    """What is missing in a document, or in one within it; empty where nothing is."""
    schema = document.get("schema")
    if not isinstance(schema, str) or schema not in NEEDED:
        return f"{place or 'the document'} has no schema of ours"
    for key, kind in NEEDED[schema].items():
        if not isinstance(document.get(key), kind):
            return f"{place}{key} is missing" if key not in document else f"{place}{key} is no {NAMES[kind]}"
    return next(filter(None, (_flaw_within(each, where) for where, each in _within(document, place))), "") or _flaw_of_answer(
        document, place
    )


NAMES = {str: "text", dict: "object", list: "list", int: "number"}
# The parts of an exchange that are read, where they are there at all.
PARTS: dict[str, tuple[type, ...]] = {
    "request.data": (dict,), "request.summary": (str,), "target": (dict,), "target.url": (str,), "response": (dict,),
    "response.status": (dict,), "response.headers": (dict,), "response.trailers": (list,), "response.data": (dict,),
    "response.body": (dict,), "response.body.text": (str,), "response.body.size": (int,), "connection": (dict,),
    "connection.tls": (dict,), "error": (dict,), "error.message": (str,), "timing": (dict,), "timing.total_ms": (int, float),
}  # fmt: skip
IN_ANSWER = ("response.status",)


def _within(document: dict[str, Any], place: str) -> list[tuple[str, Any]]:
    """The documents within a document, each with its place."""
    if document["schema"] == RUN:
        steps = document["steps"]
        named = [(f"{place}steps[{number}]", step) for number, step in enumerate(steps)]
        wrong = next(((where, None) for where, step in named if not (isinstance(step, dict) and isinstance(step.get("name"), str))), None)
        if wrong:
            return [wrong]
        return [(f"{where}.{key}", step[key]) for where, step in named for key in KINDS.values() if step.get(key) is not None]
    lists = [key for key in ("exchanges", "documents") if isinstance(document.get(key), list)] if document["schema"] == SET else []
    return [(f"{place}{key}[{number}]", each) for key in lists for number, each in enumerate(document[key])]


def _flaw_within(value: Any, place: str) -> str:
    return _flaw(value, f"{place}.") if isinstance(value, dict) else f"{place} is no object"


def _flaw_of_answer(document: dict[str, Any], place: str) -> str:
    """What is wrong with the parts of an exchange that are read further down."""
    if document["schema"] != EXCHANGE:
        return ""
    for path, kinds in PARTS.items():
        value: Any = document
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        is_needed = path in IN_ANSWER and document.get("response") is not None
        if not isinstance(value, kinds) and (value is not None or is_needed):
            return f"{place}{path} is " + ("missing" if value is None else f"no {NAMES[kinds[0]]}")
    return ""
