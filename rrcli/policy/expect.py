"""One expectation, `PATH OP LITERAL` or `PATH exists`, each also with `not` (contract, section 3): `--expect`, `--ok`, `--until`.

OP and LITERAL are split off first; what stands before them is a path (`paths.py`).
"""

from __future__ import annotations

from rrcli.base import timelimit
from rrcli.base.errors import usage
from rrcli.model.values import Check
from rrcli.policy.literals import as_text, contains, equal, open_places, ordered, read_literal, read_literals
from rrcli.policy.paths import OF_SERIES, OF_SEVERAL, Path, has_plain_number, is_time, percent_of, unit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.policy.literals import Literal

OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
ORDERS = ("<=", ">=", "<", ">")
WORDS = ("in", "contains", "matches")
STATUS = "status"  # the code; beside a word the text
STATUS_TEXT = Path("response.status.text")
VERDICTS = (STATUS, "response.status.code", "response.status.ok", "response.status.text")

# What joins or compares elsewhere, and not here: what to write in its place.
FOREIGN = {
    "&&": "give each its own --expect; within one, as JMESPath in parentheses: (json.a && json.b) exists",
    "||": "write the choices as a list, status in 200,404; or as JMESPath in parentheses: (json.a || json.b) exists",
    "===": "write ==",
    "=~": "write matches: json.name matches ^an",
    "!~": "write not matches: json.name not matches ^an",
    "=>": "write >=",
    "=<": "write <=",
    "<>": "write !=",
    "~": "write matches: json.name matches ^an; or put quotes around a text that holds it",
    "=": "write == to compare; or put quotes around a text that holds it",
}
JOINING = ("&&", "||")


class Expectation:
    """One `--expect`, or one over other keys, `known`, as `--until` of a stream. Raises `usage` when it cannot be read.

    `whose` is what an error calls what has those. `more` are names that may be looked up beside those of a document.
    """

    def __init__(self, text: str, known: tuple[str, ...] = (), more: tuple[str, ...] = (), whose: str = "an event") -> None:
        self.text = text
        path, self._operator, literal, self._negated = split_expectation(text)
        self.path = Path(path, known, whose, more=more)
        self._literal = read_literal(literal)
        self._members = read_literals(literal) if self._operator == "in" else []
        self._pattern = _pattern(literal) if self._operator == "matches" else None
        self._seconds = timelimit.LIMIT
        self.gave_up = False  # it took too long: neither it nor its opposite holds
        if not known:
            self._refuse_units()

    @property
    def decides_status(self) -> bool:
        """Whether it is about the status, and so takes the place of the protocol's own verdict."""
        return self.path.text in VERDICTS

    @property
    def reads_series(self) -> bool:
        """Whether it is about what all exchanges of a series amount to."""
        root = self.path.root
        return root == "series" or root in OF_SERIES or percent_of(root) is not None

    def reads_only(self, names: tuple[str, ...]) -> bool:
        """Whether it looks up nothing but these names."""
        return bool(self.path.roots) and set(self.path.roots) <= set(names)

    def check(self, value: dict[str, Any], deadline: Deadline | None = None) -> Check:
        """How it comes out on a document with shorthands, found out about in time for the deadline or given up."""
        self._seconds = seconds = timelimit.left_of(deadline)
        self.gave_up, actual, ok = False, None, False
        try:
            actual = timelimit.run_with_limit(seconds, lambda: self.path.find(value))
            judge = self._judge
            if self._pattern:  # which has a limit of its own
                actual, ok = judge(actual, value)
            else:
                actual, ok = timelimit.run_with_limit(seconds, lambda: judge(actual, value))
        except timelimit.TimeLimitExceeded:
            self.gave_up = True
        return Check(expr=self.text, ok=ok, actual=actual, unit=unit_of(self.path.text))

    def _judge(self, actual: Any, value: dict[str, Any]) -> tuple[Any, bool]:
        """What was found, and whether it holds; of a status beside a word that is its text, or either beside a pattern."""
        if self.path.text != STATUS or self._operator == "exists" or not isinstance(actual, int):
            return actual, self._holds(actual) is not self._negated
        text = STATUS_TEXT.find(value)
        if self._operator in ("contains", "matches"):
            return actual, (self._holds(actual) or self._holds(text)) is not self._negated
        if self._operator == "in":
            found = any(equal(text if literal.is_word else actual, literal) for literal in self._members)
            return text if all(literal.is_word for literal in self._members) else actual, found is not self._negated
        actual = text if self._literal.is_word else actual
        return actual, self._holds(actual) is not self._negated

    def _holds(self, actual: Any) -> bool:
        operator = self._operator
        if operator == "exists":
            return actual is not None
        if operator == "in":
            return any(equal(actual, literal) for literal in self._members)
        if operator == "contains":
            return contains(actual, self._literal)
        if operator == "matches":
            assert self._pattern
            return actual is not None and timelimit.matches_within(self._seconds, self._pattern, as_text(actual))
        if operator in ("==", "!="):
            return equal(actual, self._literal) is (operator == "==")
        return ordered(operator, actual, self._literal)

    def _refuse_units(self) -> None:
        """Raise `usage` for a number whose unit can only be guessed, and for a value that can never be met."""
        if self._operator not in (*OPERATORS, "in"):
            return
        for literal in self._members or [self._literal]:
            if self._operator in ORDERS and literal.status_class is not None:
                step = f"write {literal.status_class}00, or {self.path.text} == {literal.text}"
                raise usage(f"{literal.text} is a class of statuses, and {self._operator} compares numbers", step)
            if is_time(self.path.text):
                _refuse_time(literal, self.path.text, self.text)
            elif has_plain_number(self.path.text) and (literal.number is None or literal.has_unit or literal.quoted):
                unit = unit_of(self.path.text) or "0.01 for one in a hundred"
                raise usage(f"{literal.text!r} in {self.text!r} is no number", f"{self.path.text} is a plain number: {unit}")


def _refuse_time(literal: Literal, path: str, text: str) -> None:
    """Raise `usage` unless the literal is a time with its unit."""
    if literal.has_unit:
        return
    if literal.number is not None:
        number = literal.text
        raise usage(f"{number} beside {path} has no unit: {number}s or {number}ms?", f"write {path} < 250ms or {path} < 2s")
    raise usage(f"{literal.text!r} in {text!r} is no time", f"write {path} < 250ms or {path} < 2s")


# --- reading


def split_expectation(text: str) -> tuple[str, str, str, bool]:
    """Path, operator, literal, and whether it is negated: the first operator outside quotes and brackets."""
    body = text.strip().removeprefix("not ")
    negated = body != text.strip()
    for at in open_places(body):
        _refuse_foreign(body, at, text)
        for operator in OPERATORS:
            if body.startswith(operator, at):
                path, literal = body[:at].rstrip(), body[at + len(operator) :].strip()
                if path.endswith(" not"):
                    path, negated = path.removesuffix(" not"), not negated
                if not path or not literal:
                    raise usage(f"{text!r} lacks a path before or a value behind {operator}", "write it as 'status == 200'")
                _refuse_joined(literal, text, tuple(FOREIGN))
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
            if word != "matches" or not literal.strip().startswith("/"):  # else it is quoted
                _refuse_joined(literal, text, JOINING)  # a text may well hold the other signs
            return body[:at], word, literal.strip(), negated is not inverted
    raise usage(f"{text!r} is no expectation", "write PATH OP VALUE, as 'status == 200', 'time < 250ms' or 'json.id exists'")


def _refuse_foreign(part: str, at: int, text: str, signs: tuple[str, ...] = tuple(FOREIGN)) -> None:
    """Raise `usage` where a sign begins that other languages have, and say what to write."""
    if part.startswith(OPERATORS[:4], at) and not part.startswith("===", at):
        return
    if sign := next((sign for sign in signs if part.startswith(sign, at)), None):
        raise usage(f"{sign} in {text!r} is no operator here", FOREIGN[sign])


def _refuse_joined(literal: str, text: str, signs: tuple[str, ...]) -> None:
    """Raise `usage` for a value that goes on as another expectation, or has one of the signs of another language."""
    for at in open_places(literal):
        _refuse_foreign(literal, at, text, signs)
        for word in (" and ", " or "):
            if literal.startswith(word, at) and _is_expectation(literal[at + len(word) :]):
                sign = "&&" if word == " and " else "||"
                raise usage(f"{word.strip()} in {text!r} joins nothing here", FOREIGN[sign])


def _is_expectation(text: str) -> bool:
    """Whether a text begins with a name and an operator."""
    name, _, rest = text.strip().partition(" ")
    return bool(name) and rest.lstrip().startswith((*OPERATORS, *(f"{word} " for word in WORDS), "exists"))


def _pattern(literal: str) -> Any:
    import re

    text = literal[1:-1] if len(literal) >= 2 and literal[0] == literal[-1] and literal[0] in "'\"/" else literal
    try:
        return re.compile(text)
    except re.error as error:
        raise usage(f"{literal!r} is no regular expression: {error}") from error


def of_one(text: str, more: tuple[str, ...] = ()) -> Expectation:
    """An expectation that reads one exchange. Raises `usage` for what only several have: it would never hold."""
    expectation = Expectation(text, more=more)
    root = expectation.path.root
    if expectation.reads_series:
        raise usage(
            f"{'series.' if root == 'series' else root} is what many exchanges amount to, and this is one",
            "add --repeat N or --duration TIME",
        )
    if root in OF_SEVERAL:
        raise usage(f"{root!r} in {text!r} is of several exchanges, and this reads one", f"--query {root} prints it")
    return expectation
