"""Expressions over the JSON document: `--query`, `--expect`, `--ok` (contract, section 3).

An expectation is `PATH OP LITERAL` or `PATH exists`, each also with `not`. OP and LITERAL are split off first; a plain
dotted path is walked here, anything else is JMESPath, which is loaded then. Shorthands stand beside the document's
keys: `status`, `body`, `json`, `header.NAME`, `time`.
"""

from __future__ import annotations

from rrcli.base import timelimit
from rrcli.base.errors import usage
from rrcli.model.document import KEYS, SERIES_KEYS, SET_KEYS, document
from rrcli.model.values import Check, Exchange, Failure, Note
from rrcli.options.parse import UNITS, split_unit, suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rrcli.base.deadline import Deadline

SHORTHANDS = ("status", "body", "json", "header", "time")
OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
WORDS = ("in", "contains", "matches")
NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
LONGEST_QUOTED = 200  # letters of the value that was found, in a message
OPENING = {"[": "]", "(": ")", "{": "}"}
QUOTES = "'\"`"
TAKE_REFERENCES = ("map", "max_by", "min_by", "sort_by")  # functions of JMESPath


def names(value: dict[str, Any]) -> dict[str, Any]:
    """A document with the shorthands beside its keys."""
    response = value.get("response") or {}
    status, body = response.get("status") or {}, response.get("body") or {}
    code = status.get("code")
    return {
        **value,
        "status": status.get("text") if code is None else code,
        "body": body.get("text"),
        "json": body.get("json"),
        "header": response.get("headers"),
        "time": (value.get("timing") or {}).get("total_ms"),
    }


OF_SEVERAL = {*SET_KEYS, *SERIES_KEYS} - {*KEYS, *SHORTHANDS}


class Path:
    """A path into a document, or into a stream's event whose keys are `known`. Raises `usage` when it cannot be one."""

    def __init__(self, text: str, known: tuple[str, ...] = ()) -> None:
        self.text = text.strip()
        self._steps = _plain_steps(self.text)
        compiled = None if self._steps else _compile(self.text)
        firsts = self._steps[:1] if self._steps else compiled[1] if compiled else []
        names = known or (*KEYS, *SHORTHANDS, *SET_KEYS, *SERIES_KEYS, "series")
        for name in firsts:
            if isinstance(name, str) and name not in names:
                whose = "an event" if known else "the document"
                hint = f"an event has {', '.join(known)}" if known else "rrcli schema shows the keys"
                raise usage(f"{name!r} in {text!r} is no key of {whose}{suggestion(name, names)}", hint)
        first = firsts[0] if firsts else None
        self.root = first  # `series` is checked on what all exchanges of a series amount to
        key = self._steps[1] if self._steps and first == "series" and len(self._steps) > 1 else None
        if isinstance(key, str) and key not in SERIES_KEYS:
            raise usage(f"{key!r} in {text!r} is no key of a series{suggestion(key, SERIES_KEYS)}", "rrcli schema series shows the keys")
        self._compiled = compiled and compiled[0]

    @property
    def asks_content(self) -> bool:
        """Whether it may ask for what a body holds, which is parsed then, however large."""
        return "json" in self.text or "body" in self.text

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


def _plain_steps(text: str) -> list[str | int] | None:
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
            name = text[at:after]
        if not name or after <= at:
            return None
        steps.append(name.lower() if steps == ["header"] else name)
        at = after
    return steps or None


def _first_names(node: Mapping[str, Any]) -> list[str | int]:
    """The names that a JMESPath, given as its syntax tree, looks up in the document itself and not in what it found there."""
    kind, children = node["type"], _parts(node)
    if kind == "field":
        return [node["value"]]
    if kind == "expref":
        return []
    if kind in ("subexpression", "index_expression", "projection", "value_projection", "filter_projection", "pipe"):
        children = children[:1]
    return [name for child in children for name in _first_names(child)]


def _parts(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of a piece of syntax that are syntax themselves; a slice has numbers and nothing."""
    return [] if node["type"] == "slice" else node.get("children", [])


def _refuse_references(node: Mapping[str, Any], text: str) -> None:
    """Raise `usage` for `&expression` where no function takes it: it stands for no value."""
    for child in _parts(node):
        if child["type"] == "expref" and node.get("value") not in TAKE_REFERENCES:
            raise usage(f"{text!r} has & where a value belongs", "& is for functions: sort_by(json.items, &name)")
        _refuse_references(child, text)


def _compile(text: str) -> tuple[Callable[[dict[str, Any]], Any], list[str | int]]:
    """What finds the value of a JMESPath, and the names that it looks up first. Raises `usage` for what is none."""
    import re

    import jmespath
    from jmespath.exceptions import JMESPathError

    quoted = re.sub(r"""(?<![\w."'`])header\.("?)([\w-]+)\1""", lambda found: f'header."{found[2].lower()}"', text)
    try:
        compiled = jmespath.compile(quoted)
    except (JMESPathError, ValueError, RecursionError) as error:
        raise usage(f"{text!r} is no JMESPath: {' '.join(str(error).split())}") from error
    try:
        _refuse_references({"type": "expression", "children": [compiled.parsed]}, text)
        firsts = _first_names(compiled.parsed)
    except RecursionError as error:
        raise usage(f"{text!r} is nested too deeply") from error

    def find(value: dict[str, Any]) -> Any:
        try:
            return compiled.search(value)
        except (JMESPathError, ValueError, ArithmeticError, TypeError, RecursionError):
            return None  # a function met what it does not take, as length(null) or floor of no number: there is nothing

    return find, firsts


class Expectation:
    """One `--expect`, or `--until` of a stream, whose events have the keys `known`. Raises `usage` when it cannot be read."""

    def __init__(self, text: str, known: tuple[str, ...] = ()) -> None:
        self.text = text
        path, self._operator, literal, self._negated = _split(text)
        self.path = Path(path, known)
        self._literal = _literal(literal)
        self._members = _literals(literal) if self._operator == "in" else []
        self._pattern = _pattern(literal) if self._operator == "matches" else None
        self.gave_up = False  # it took too long: neither it nor its opposite holds

    @property
    def decides_status(self) -> bool:
        """Whether it is about the status, and so takes the place of the protocol's own verdict."""
        return self.path.text in ("status", "response.status.code", "response.status.ok", "response.status.text")

    def check(self, value: dict[str, Any], deadline: Deadline | None = None) -> Check:
        """How it comes out on a document with shorthands, found out about in time for the deadline or given up."""
        seconds = timelimit.left_of(deadline)
        self.gave_up, actual, ok = False, None, False
        try:
            actual = timelimit.run_with_limit(seconds, lambda: self.path.find(value))
            ok = timelimit.run_with_limit(seconds, lambda: self._holds(actual)) is not self._negated
        except timelimit.TimeLimitExceeded:
            self.gave_up = True
        return Check(expr=self.text, ok=ok, actual=actual)

    def _holds(self, actual: Any) -> bool:
        operator = self._operator
        if operator == "exists":
            return actual is not None
        if operator == "in":
            return any(_equal(actual, literal) for literal in self._members)
        if operator == "contains":
            return _contains(actual, self._literal)
        if operator == "matches":
            assert self._pattern
            return actual is not None and self._pattern.search(_text(actual)) is not None
        if operator in ("==", "!="):
            return _equal(actual, self._literal) is (operator == "==")
        return _ordered(operator, actual, self._literal)


def _split(text: str) -> tuple[str, str, str, bool]:
    """Path, operator, literal, and whether it is negated: the first operator outside quotes and brackets."""
    body = text.strip().removeprefix("not ")
    negated = body != text.strip()
    for at in _open_places(body):
        for operator in OPERATORS:
            if body.startswith(operator, at):
                path, literal = body[:at].rstrip(), body[at + len(operator) :].strip()
                if path.endswith(" not"):
                    path, negated = path.removesuffix(" not"), not negated
                if not path or not literal:
                    raise usage(f"{text!r} lacks a path before or a value behind {operator}", "write it as 'status == 200'")
                return path, operator, literal, negated
        if body[at] != " ":
            continue
        rest = body[at:].strip()
        word, _, literal = rest.partition(" ")
        inverted = word == "not"
        if inverted:
            word, _, literal = literal.strip().partition(" ")
        if word == "exists" and not literal:
            return body[:at], word, "", negated is not inverted
        if word in WORDS and literal:
            return body[:at], word, literal.strip(), negated is not inverted
    raise usage(f"{text!r} is no expectation", "write PATH OP VALUE, as 'status == 200', 'time < 250ms' or 'json.id exists'")


def _open_places(text: str) -> list[int]:
    """The positions outside quotes and brackets, where an operator may stand."""
    places, closing, at = [], [], 0
    while at < len(text):
        letter = text[at]
        if letter in QUOTES:
            at = text.find(letter, at + 1)
            if at < 0:
                break
        elif letter in OPENING:
            closing.append(OPENING[letter])
        elif closing and letter == closing[-1]:
            closing.pop()
        elif not closing:
            places.append(at)
        at += 1
    return places


class _Literal:
    """A value of an expression as its text and, where it has them, as a number (of milliseconds) or a JSON value."""

    __slots__ = ("number", "quoted", "text", "value")

    def __init__(self, text: str, quoted: bool, number: float | None, value: Any) -> None:
        self.text = text
        self.quoted = quoted
        self.number = number
        self.value = value


def _literal(text: str) -> _Literal:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return _Literal(text[1:-1], True, None, text[1:-1])
    from rrcli.base.jsontext import loads

    if len(text) >= 2 and text[0] == text[-1] == "`":  # as JMESPath writes a JSON value
        text = text[1:-1].strip()
    try:
        value = loads(text)
        if isinstance(value, str):
            return _Literal(value, True, None, value)
    except ValueError:
        if len(text) >= 2 and text[0] == text[-1] == '"':
            return _Literal(text[1:-1], True, None, text[1:-1])
        return _Literal(text, False, _milliseconds(text), text)
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return _Literal(text, False, number, value)


def _literals(text: str) -> list[_Literal]:
    """The members of `in`: a JSON list, or words between commas, in parentheses or not."""
    if text[:1] in OPENING and text[-1:] == OPENING[text[0]]:
        text = text[1:-1]
    parts, begin = [], 0
    for at in _open_places(text):
        if text[at] == ",":
            parts.append(text[begin:at])
            begin = at + 1
    return [_literal(part.strip()) for part in (*parts, text[begin:])]


def _milliseconds(text: str) -> float | None:
    try:
        number, unit = split_unit(text)
        return number * UNITS[unit] * 1000
    except (ValueError, KeyError):
        return None


def _pattern(literal: str) -> Any:
    import re

    text = literal[1:-1] if len(literal) >= 2 and literal[0] == literal[-1] and literal[0] in "'\"/" else literal
    try:
        return re.compile(text)
    except re.error as error:
        raise usage(f"{literal!r} is no regular expression: {error}") from error


def _text(value: Any) -> str:
    from rrcli.base.jsontext import dumps

    return value if isinstance(value, str) else dumps(value)


def _equal(actual: Any, literal: _Literal) -> bool:
    if isinstance(actual, bool) or actual is None or isinstance(actual, (list, dict)):
        return not literal.quoted and type(actual) is type(literal.value) and bool(actual == literal.value)
    if isinstance(actual, (int, float)):
        return literal.number is not None and actual == literal.number
    return str(actual) == literal.text


def _contains(actual: Any, literal: _Literal) -> bool:
    if isinstance(actual, dict):
        return literal.text in actual
    if isinstance(actual, list):
        return any(_equal(item, literal) for item in actual)
    return actual is not None and literal.text in _text(actual)


def _ordered(operator: str, actual: Any, literal: _Literal) -> bool:
    if isinstance(actual, bool) or not isinstance(actual, (int, float, str)):
        return False
    left, right = (actual, literal.text) if isinstance(actual, str) else (actual, literal.number)
    if isinstance(actual, str) and literal.number is not None and not literal.quoted:
        try:
            left, right = float(actual), literal.number
        except ValueError:
            return False
    if right is None:
        return False
    compare: dict[str, bool] = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}  # type: ignore[operator]
    return compare[operator]


def of_one(text: str) -> Expectation:
    """An expectation that reads one exchange. Raises `usage` for what only several have: it would never hold."""
    expectation = Expectation(text)
    root = expectation.path.root
    if root == "series":
        raise usage("series. is what many exchanges amount to, and this is one", "add --repeat N or --duration TIME")
    if root in OF_SEVERAL:
        raise usage(f"{root!r} in {text!r} is of several exchanges, and this reads one", f"--query {root} prints it")
    return expectation


class Judge:
    """The verdict on a whole exchange: `--ok` in place of the protocol's own, then every `--expect`."""

    def __init__(self, expect: tuple[str, ...], ok: str | None) -> None:
        self._expectations = [of_one(text) for text in expect]
        self._ok = _success(ok) if ok else None

    def judge(self, exchange: Exchange, deadline: Deadline | None = None) -> Exchange:
        """The exchange with its checks and the outcome that follows from them."""
        value = names(document(exchange, whole=any(expectation.path.asks_content for expectation in self._expectations)))
        if exchange.outcome in ("ok", "application_error"):
            replaced = any(expectation.decides_status for expectation in self._expectations)
            if replaced or (self._ok and self._ok(value, deadline)):
                exchange = exchange.replace(outcome="ok", error=None)
            elif self._ok and exchange.outcome == "ok":
                exchange = exchange.replace(outcome="application_error", error=_not_ok(exchange))
        if not self._expectations:
            return exchange
        checks = tuple(expectation.check(value, deadline) for expectation in self._expectations)
        slow = [expectation.text for expectation in self._expectations if expectation.gave_up]
        notes = [Note(code="slow-check", message=f"{text!r} was given up: finding out takes too long") for text in slow]
        exchange = exchange.replace(checks=checks, notes=(*exchange.notes, *notes))
        broken = [check for check in checks if not check.ok]
        if not broken or exchange.outcome == "error":
            return exchange
        asks_json = {expectation.text for expectation in self._expectations if expectation.path.asks_json}
        message = "; ".join(f"{check.expr} does not hold, {_found(exchange, check, asks_json)}" for check in broken)
        failure = Failure(layer="check", kind="check_failed", message=message, delivery="answered", retry="useless")
        return exchange.replace(outcome="check_failed", error=failure)


def _found(exchange: Exchange, check: Check, asks_json: set[str]) -> str:
    """What there is in place of what was expected."""
    if check.actual is None and check.expr in asks_json:
        from rrcli.policy.notes import why_no_value

        if why := why_no_value(exchange):
            return why
    return f"it is {_quoted(_text(check.actual))}"


def _quoted(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"


def _not_ok(exchange: Exchange) -> Failure:
    summary = exchange.response.summary if exchange.response else ""
    return Failure(
        layer="application", kind="bad_status", message=f"{summary} is not what --ok names", delivery="answered", retry="useless"
    )


def _success(text: str) -> Callable[[dict[str, Any], Deadline | None], bool]:
    """What `--ok` means: `any`, a list of statuses and classes (`2xx,404`, `NXDOMAIN`), or an expectation."""
    if text == "any":
        return lambda _value, _deadline: True
    if all(set(part.strip()) <= set(NAME) and part.strip() for part in text.split(",")):
        wanted = [part.strip().lower() for part in text.split(",")]
        return lambda value, _deadline: any(_status_fits(str(value["status"]).lower(), part) for part in wanted)
    expectation = of_one(text)
    return lambda value, deadline: expectation.check(value, deadline).ok


def _status_fits(status: str, wanted: str) -> bool:
    return status == wanted or (wanted.endswith("xx") and len(status) == len(wanted) and status[:-2] == wanted[:-2])
