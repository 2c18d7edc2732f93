"""What a check found, in words."""

from __future__ import annotations

from rrcli.base.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Check

LONGEST = 200  # letters of the value that was found, in a sentence


def found_words(check: Check, longest: int = LONGEST) -> str:
    """What was found, with its unit where it has one: `4.312 ms`; its beginning, where it is long."""
    actual = check.actual
    if check.unit and isinstance(actual, (int, float)) and not isinstance(actual, bool):
        return f"{dumps(actual)} {check.unit}"
    text = actual if isinstance(actual, str) else dumps(actual)
    return text if len(text) <= longest else f"{text[:longest]}…"


def sentence(check: Check, longest: int = LONGEST) -> str:
    """`time < 0.1ms does not hold: it is 4.312 ms`."""
    return f"{check.expr} does not hold: it is {found_words(check, longest)}"
