"""Paths into a document (contract, section 3): a plain dotted one is walked here, anything else is JMESPath, which is loaded then.

Beside the keys of the documents they know the shorthands, which `names` and its like add to a document.
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.timelimit import TimeLimitExceeded, left_of, run_with_limit
from rrcli.model.document import KEYS, SERIES_KEYS, SET_KEYS, document
from rrcli.model.values import LARGE
from rrcli.options.parse import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.model.values import Exchange

SHORTHANDS = ("status", "body", "json", "header", "time", "days_left", "tls")
PERCENTILES = ("p50", "p75", "p90", "p95", "p99", "p999")  # of total_ms
OF_SERIES = (*PERCENTILES, "rate", "failed_ratio")  # shorthands that read a series, bare or behind `series.`
OF_SEVERAL = {*SET_KEYS, *SERIES_KEYS} - {*KEYS, *SHORTHANDS, *OF_SERIES}
OF_SET = {*SET_KEYS} - {*KEYS}
ALL_NAMES = tuple(dict.fromkeys((*KEYS, *SHORTHANDS, *OF_SERIES, *SET_KEYS, *SERIES_KEYS, "series")))
SERIES_NAMES = tuple(dict.fromkeys((*SERIES_KEYS, *OF_SERIES)))  # behind `series.`
NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
TAKE_REFERENCES = ("map", "max_by", "min_by", "sort_by")  # functions of JMESPath


class Path:
    """A path into a document, or into something else of which `known` has the keys. Raises `usage` when it cannot be one.

    `whose` is what an error calls that. `more` are names beside those of a document.
    """

    def __init__(self, text: str, known: tuple[str, ...] = (), whose: str = "an event", more: tuple[str, ...] = ()) -> None:
        self.text = text.strip()
        self._steps = plain_steps(self.text)
        compiled = None if self._steps else _compile(self.text)
        firsts = self._steps[:1] if self._steps else compiled[1] if compiled else []
        for name in firsts:
            if isinstance(name, str) and name not in (known or (*ALL_NAMES, *more)) and (known or percent_of(name) is None):
                if known:
                    raise usage(f"{name!r} in {text!r} is no key of {whose}{suggestion(name, known)}", f"{whose} has {', '.join(known)}")
                place = "" if name == self.text else f" in {text!r}"
                raise usage(f"{name!r}{place} is no key of the document{nearest(name)}", "rrcli schema shows the keys")
        self.roots = tuple(firsts)
        self.root = firsts[0] if firsts else None  # `series` is checked on what all exchanges of a series amount to
        key = self._steps[1] if self._steps and self.root == "series" and len(self._steps) > 1 else None
        if isinstance(key, str) and key not in SERIES_NAMES and percent_of(key) is None:
            raise usage(f"{key!r} in {text!r} is no key of a series{suggestion(key, SERIES_NAMES)}", "rrcli schema series shows the keys")
        self._compiled = compiled and compiled[0]

    @property
    def asks_content(self) -> bool:
        """Whether it may ask for what a body holds, which is read then, however large."""
        return "json" in self.text or "body" in self.text

    @property
    def asks_value(self) -> bool:
        """Whether it may ask for what JSON holds, which is parsed then, however large."""
        return "json" in self.text

    @property
    def passes_by_content(self) -> bool:
        """Whether what it finds can hold no body: a large one need not be read for it."""
        steps = self._steps or []
        if self.asks_content or not steps or steps[0] == "history":
            return False
        return len(steps) > 1 or steps[0] not in ("request", "response")

    @property
    def asks_json(self) -> bool:
        """Whether it asks for a part of the answer's JSON."""
        return self.root == "json" or "body.json" in self.text

    @property
    def first(self) -> str:
        return self.text.split(".")[0].split("[")[0]

    def find(self, value: dict[str, Any]) -> Any:
        """The value at this path in a document with shorthands; `None` where there is nothing. A JMESPath may take for ever."""
        if self._compiled is not None:
            return self._compiled(value)
        found: Any = value
        for step in self._steps or ():
            if isinstance(found, dict) and isinstance(step, str):
                found = found.get(step)
            elif isinstance(found, list) and isinstance(step, int) and -len(found) <= step < len(found):
                found = found[step]
            else:
                return None
        return found


def plain_steps(text: str) -> list[str | int] | None:
    """The steps of `a.b-c[0]."d e"`; `None` for anything that needs JMESPath."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            end = text.find("]", at)
            number = text[at + 1 : end]
            if end < 0 or not number.removeprefix("-").isdecimal() or len(number) > 18:
                return None
            steps.append(int(number))
            at = end + 1
            continue
        if steps:
            if text[at] != ".":
                return None
            at += 1
        if text[at : at + 1] == '"':
            end = text.find('"', at + 1)
            name, after = text[at + 1 : end], end + 1
        else:
            after = at
            while after < len(text) and text[after] in NAME:
                after += 1
            after = _behind_fraction(text, at, after)
            name = text[at:after]
        if not name or after <= at:
            return None
        steps.append(name.lower() if steps == ["header"] else name)
        at = after
    return steps or None


def _behind_fraction(text: str, at: int, after: int) -> int:
    """Where a name ends that goes on as a percentile's does: `p99.99`."""
    rest = text[after + 1 :]
    digits = len(rest) - len(rest.lstrip("0123456789"))
    is_percentile = text[at : at + 1] == "p" and text[at + 1 : after].isdecimal() and text[after : after + 1] == "."
    return after + 1 + digits if is_percentile and digits else after


def percent_of(name: object) -> float | None:
    """The percent of a percentile's name: 99 of `p99`, 99.9 of `p99.9` and of `p999`; `None` of any other name."""
    if not isinstance(name, str) or name[:1] != "p" or not name[1:].replace(".", "", 1).isdecimal():
        return None
    digits = name[1:]
    if len(digits) > 2 and digits.isdecimal() and digits.startswith("99"):
        digits = f"{digits[:2]}.{digits[2:]}"
    return float(digits) if float(digits) <= 100 else None


# --- what is read


def read_for(exchange: Exchange, paths: Iterable[Path], deadline: Deadline | None = None) -> dict[str, Any]:
    """The document with its shorthands, and in it the content that the paths ask for, unless reading that takes past the deadline."""
    asked = tuple(paths)
    whole, parsed = any(path.asks_content for path in asked), any(path.asks_value for path in asked)
    if not whole:
        return names(document(_without_content(exchange) if all(path.passes_by_content for path in asked) else exchange))
    try:
        return names(run_with_limit(left_of(deadline), lambda: document(exchange, whole=whole, parsed=parsed)))
    except TimeLimitExceeded:
        return names(document(exchange))


def _without_content(exchange: Exchange) -> Exchange:
    """The exchange without what a large answer holds; its size and digest stay."""
    answer = exchange.response
    if answer is None or answer.body is None or len(answer.body.data) <= LARGE:
        return exchange
    return exchange.replace(response=answer.replace(body=answer.body.replace(data=b"")))


# --- the shorthands


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


class _SeriesNames(dict[str, object]):
    """The document of a series in which any percentile of its `total` is found by its name alone."""

    def __init__(self, value: dict[str, Any], total: dict[str, Any]) -> None:
        super().__init__(value)
        self._total = total

    def get(self, name: str, default: Any = None) -> Any:
        if name in self or percent_of(name) is None:
            return super().get(name, default)
        return self._total.get(name, default)


def series_names(value: dict[str, Any]) -> dict[str, Any]:
    """The document of a series with its shorthands, which stand behind `series.` too."""
    total = value["timing"]["total_ms"] or {}
    found = _SeriesNames({**value, "rate": value["rate_per_s"]}, total)
    return _SeriesNames({**found, "series": found}, total)


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
    inner = text.rpartition("(")[2].rstrip(")] ")
    if percent_of(inner.removeprefix("series.").strip('"')) is not None:
        return True
    before = inner.removesuffix("time")
    return last_name(inner) == "time" and (before == "" or before.startswith("exchanges["))


def unit_of(text: str) -> str:
    """The unit of what a path names, as it is written behind a number; empty where it has none."""
    name = last_name(text)
    if text.startswith("length("):
        return ""
    if is_time(text) or name == "ms" or name.endswith("_ms") or "_ms." in text:
        return "ms"
    if name == "days_left":
        return "days"
    return "per second" if name.endswith("rate_per_s") or text in ("rate", "series.rate") else ""


def has_plain_number(text: str) -> bool:
    """Whether a path is a shorthand for a number that is written without a unit."""
    return text.removeprefix("series.") in ("rate", "failed_ratio") or text in ("days_left", "connection.tls.days_left")


# --- JMESPath


def not_jmespath(text: str, error: Exception) -> str:
    """What is wrong with an expression that the library refused, and at which character, without the drawing that it adds."""
    place, name = getattr(error, "lex_position", None), type(error).__name__
    if name == "IncompleteExpressionError":
        why = "it ends too early"
    elif name == "ParseError" and place is not None:
        why = f"{error.token_value!r} does not belong at character {place + 1}"  # type: ignore[attr-defined]
    elif name == "LexerError" and place is not None:
        why = f"{error.message[0].lower()}{error.message[1:]} at character {place + 1}"  # type: ignore[attr-defined]
    else:
        why = " ".join(str(error).split())
    return f"{text!r} is no JMESPath: {why}"


def _compile(text: str) -> tuple[Callable[[dict[str, Any]], Any], list[str | int]]:
    """What finds the value of a JMESPath, and the names that it looks up first. Raises `usage` for what is none."""
    import re

    import jmespath
    from jmespath.exceptions import JMESPathError

    quoted = re.sub(r"""(?<![\w."'`])header\.("?)([\w-]+)\1""", lambda found: f'header."{found[2].lower()}"', text)
    try:
        compiled = jmespath.compile(quoted)
    except (JMESPathError, ValueError, RecursionError) as error:
        raise usage(not_jmespath(text, error)) from error
    try:
        _refuse_references({"type": "expression", "children": [compiled.parsed]}, text)
        firsts = first_names(compiled.parsed)
    except RecursionError as error:
        raise usage(f"{text!r} is nested too deeply") from error

    def find(value: dict[str, Any]) -> Any:
        try:
            return compiled.search(value)
        except (JMESPathError, ValueError, ArithmeticError, TypeError, RecursionError):
            return None  # a function met what it does not take, as length(null) or floor of no number: there is nothing

    return find, firsts


def first_names(node: Mapping[str, Any]) -> list[str | int]:
    """The names that a JMESPath, given as its syntax tree, looks up in the document itself and not in what it found there."""
    kind, children = node["type"], _parts(node)
    if kind == "field":
        return [node["value"]]
    if kind == "expref":
        return []
    if kind in ("subexpression", "index_expression", "projection", "value_projection", "filter_projection", "pipe"):
        children = children[:1]
    return [name for child in children for name in first_names(child)]


def _parts(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of a piece of syntax that are syntax themselves; a slice has numbers and nothing."""
    return [] if node["type"] == "slice" else node.get("children", [])


def _refuse_references(node: Mapping[str, Any], text: str) -> None:
    """Raise `usage` for `&expression` where no function takes it: it stands for no value."""
    for child in _parts(node):
        if child["type"] == "expref" and node.get("value") not in TAKE_REFERENCES:
            raise usage(f"{text!r} has & where a value belongs", "& is for functions: sort_by(json.items, &name)")
        _refuse_references(child, text)


# --- the nearest path, for somebody who wrote one that is none


def nearest(name: str) -> str:
    """`; did you mean connection.tls.alpn?` of `alpn`: the nearest first name, or the path to the nearest name within; or nothing."""
    import difflib

    leaves = _leaves()
    near = difflib.get_close_matches(name, ALL_NAMES, n=1, cutoff=0.8)
    if not near and name in leaves:
        near = [name]
    near = near or difflib.get_close_matches(name, ALL_NAMES, n=1, cutoff=0.6) or difflib.get_close_matches(name, leaves, n=1, cutoff=0.7)
    return f"; did you mean {leaves.get(near[0], near[0]) if near[0] not in ALL_NAMES else near[0]}?" if near else ""


def _leaves() -> dict[str, str]:
    """The names within an exchange's document, as its schema has them, and the path to each: the shortest, and of the answer first."""
    import json
    from pathlib import Path as File

    schema = json.loads((File(__file__).parent.parent / "schemas" / "exchange.json").read_text("utf-8"))
    found: dict[str, str] = {}
    paths = list(_walk(schema["$defs"]["exchange"], schema["$defs"], ""))
    for path in sorted(paths, key=lambda path: ("[" in path, path.count("."), path.startswith("request"))):
        found.setdefault(path.rpartition(".")[2].removesuffix("[0]"), path)
    return found


def _walk(part: Mapping[str, Any], parts: Mapping[str, Any], path: str) -> Iterator[str]:
    """The paths of all named values within a part of the schema."""
    for choice in (part, *part.get("anyOf", ())):
        found = parts[choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice
        if found.get("type") == "array" and isinstance(found.get("items"), dict):
            yield from _walk(found["items"], parts, f"{path}[0]")
        for name, inner in found.get("properties", {}).items():
            if name not in ("history", "transcript"):
                inner_path = f"{path}.{name}" if path else name
                yield inner_path
                yield from _walk(inner, parts, inner_path)
