"""The values that expressions compare with: texts, numbers, durations, JSON values, classes of statuses; how they compare and are told."""

from __future__ import annotations

from rrcli.options.parse import UNITS, split_unit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Check

LONGEST = 200  # letters of the value that was found, in a sentence
OPENING = {"[": "]", "(": ")", "{": "}"}
QUOTES = "'\"`"


class Literal:
    """A value of an expression as its text and, where it has them, as a number (of milliseconds) or a JSON value.

    `has_unit`: the number is a duration's. `status_class` is the first digit of `2xx`.
    """

    __slots__ = ("has_unit", "number", "quoted", "status_class", "text", "value")

    def __init__(self, text: str, *, quoted: bool = False, number: float | None = None, value: Any = None, has_unit: bool = False) -> None:
        self.text = text
        self.quoted = quoted
        self.number = number
        self.value = value
        self.has_unit = has_unit
        is_class = not quoted and len(text) == 3 and text[0] in "123456789" and text[1:].lower() == "xx"
        self.status_class = int(text[0]) if is_class else None

    @property
    def is_word(self) -> bool:
        """Whether it is a text and nothing else: no number, no class, no other JSON value."""
        return self.number is None and self.status_class is None and isinstance(self.value, str)


def read_literal(text: str) -> Literal:
    """The value that stands behind an operator."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return Literal(text[1:-1], quoted=True, value=text[1:-1])
    from rrcli.base.jsontext import loads

    if len(text) >= 2 and text[0] == text[-1] == "`":  # as JMESPath writes a JSON value
        text = text[1:-1].strip()
    try:
        value = loads(text)
        if isinstance(value, str):
            return Literal(value, quoted=True, value=value)
    except ValueError:
        if len(text) >= 2 and text[0] == text[-1] == '"':
            return Literal(text[1:-1], quoted=True, value=text[1:-1])
        number = _milliseconds(text)
        return Literal(text, number=number, value=text, has_unit=number is not None)
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return Literal(text, number=number, value=value)


def read_literals(text: str) -> list[Literal]:
    """The members of `in`: a JSON list, or words between commas, in parentheses or not."""
    if text[:1] in OPENING and text[-1:] == OPENING[text[0]]:
        text = text[1:-1]
    parts, begin = [], 0
    for at in open_places(text):
        if text[at] == ",":
            parts.append(text[begin:at])
            begin = at + 1
    return [read_literal(part.strip()) for part in (*parts, text[begin:])]


def open_places(text: str) -> list[int]:
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


def _milliseconds(text: str) -> float | None:
    number, blank, unit = text.partition(" ")  # `0.1 ms` as reports write it
    try:
        value, unit = split_unit(f"{number}{unit}" if blank and unit.isalpha() else text)
        return value * UNITS[unit] * 1000
    except (ValueError, KeyError):
        return None


def as_text(value: Any) -> str:
    """A value as a pattern reads it: text bare, all else as JSON."""
    from rrcli.base.jsontext import dumps

    return value if isinstance(value, str) else dumps(value)


def equal(actual: Any, literal: Literal) -> bool:
    """Whether they are the same; of a class, whether the number is one of it."""
    if isinstance(actual, bool) or actual is None or isinstance(actual, (list, dict)):
        return not literal.quoted and type(actual) is type(literal.value) and bool(actual == literal.value)
    if isinstance(actual, (int, float)):
        if literal.status_class is not None:
            return 100 <= actual < 1000 and actual // 100 == literal.status_class
        return literal.number is not None and actual == literal.number
    return str(actual) == literal.text


def contains(actual: Any, literal: Literal) -> bool:
    """Whether an object has this key, a list this member, a text this part."""
    if isinstance(actual, dict):
        return literal.text in actual
    if isinstance(actual, list):
        return any(equal(item, literal) for item in actual)
    return actual is not None and literal.text in as_text(actual)


def ordered(operator: str, actual: Any, literal: Literal) -> bool:
    """Whether a number, or a text, stands in this order to the literal."""
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


# --- what a check found, in words


def found_words(check: Check, longest: int = LONGEST) -> str:
    """What was found, with its unit where it has one: `4.312 ms`; its beginning, where it is long."""
    from rrcli.base.jsontext import dumps

    actual = check.actual
    if check.unit and isinstance(actual, (int, float)) and not isinstance(actual, bool):
        return f"{dumps(actual)} {check.unit}"
    text = as_text(actual)
    return text if len(text) <= longest else f"{text[:longest]}…"


def sentence(check: Check, longest: int = LONGEST) -> str:
    """`time < 0.1ms does not hold: it is 4.312 ms`."""
    return f"{check.expr} does not hold: it is {found_words(check, longest)}"
