"""The names that expressions know beside the keys of the documents (contract, section 3), and the units of what they name."""

from __future__ import annotations

from rrcli.model.document import KEYS, SERIES_KEYS, SET_KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHORTHANDS = ("status", "body", "json", "header", "time", "days_left", "tls")
PERCENTILES = ("p50", "p75", "p90", "p95", "p99", "p999")  # of total_ms
OF_SERIES = (*PERCENTILES, "rate", "failed_ratio")  # shorthands that read a series, bare or behind `series.`
OF_SEVERAL = {*SET_KEYS, *SERIES_KEYS} - {*KEYS, *SHORTHANDS, *OF_SERIES}
OF_SET = {*SET_KEYS} - {*KEYS}
ALL_NAMES = tuple(dict.fromkeys((*KEYS, *SHORTHANDS, *OF_SERIES, *SET_KEYS, *SERIES_KEYS, "series")))
SERIES_NAMES = tuple(dict.fromkeys((*SERIES_KEYS, *OF_SERIES)))  # behind `series.`


def names(value: dict[str, Any]) -> dict[str, Any]:
    """A document with the shorthands beside its keys."""
    response, connection = value.get("response") or {}, value.get("connection") or {}
    status, body, tls = response.get("status") or {}, response.get("body") or {}, connection.get("tls")
    code = status.get("code")
    return {
        **value,
        "status": status.get("text") if code is None else code,
        "body": body.get("text"),
        "json": body.get("json"),
        "header": response.get("headers"),
        "time": (value.get("timing") or {}).get("total_ms"),
        "days_left": min([certificate["days_left"] for certificate in tls["chain"]], default=None) if tls else None,
        "tls": tls,
    }


def set_names(value: dict[str, Any]) -> dict[str, Any]:
    """The document of a set, each of its exchanges with the shorthands."""
    return {**value, "exchanges": [names(exchange) for exchange in value["exchanges"]]}


def series_names(value: dict[str, Any]) -> dict[str, Any]:
    """The document of a series with its shorthands, which stand behind `series.` too."""
    total = value["timing"]["total_ms"] or {}
    found = {**value, **{name: total.get(name) for name in PERCENTILES}, "rate": value["rate_per_s"]}
    return {**found, "series": found}


# --- units


def last_name(text: str) -> str:
    """The last name of a path, also of one within a function of JMESPath: `total_ms` of `max(exchanges[*].timing.total_ms)`."""
    rest = text.rstrip(")] ")
    begin = len(rest)
    while begin and (rest[begin - 1].isalnum() or rest[begin - 1] in "_-"):
        begin -= 1
    return rest[begin:]


def is_time(text: str) -> bool:
    """Whether a path is a shorthand for a time, beside which a number needs its unit; `json.time` is the peer's own."""
    name = last_name(text)
    if name != "time" and name not in PERCENTILES:
        return False
    before = text.rpartition(name)[0].rpartition("(")[2]
    return before == "" or (before.startswith("exchanges[") if name == "time" else before == "series.")


def unit_of(text: str) -> str:
    """The unit of what a path names, as it is written behind a number; empty where it has none."""
    name = last_name(text)
    if text.startswith("length("):
        return ""
    if is_time(text) or name == "ms" or name.endswith("_ms") or "_ms." in text:
        return "ms"
    if name == "days_left":
        return "days"
    return "per second" if name == "rate_per_s" or text in ("rate", "series.rate") else ""


def has_plain_number(text: str) -> bool:
    """Whether a path is a shorthand for a number that is written without a unit."""
    return text.removeprefix("series.") in ("rate", "failed_ratio") or text in ("days_left", "connection.tls.days_left")
