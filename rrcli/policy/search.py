"""One search for many values at once, whose time does not grow with their number (as Aho and Corasick's does not)."""

from __future__ import annotations

import re

from rrcli.policy.secrets import WHOLE_WORD

DEEPEST = 24  # letters that values share are tested once for all of them, so far into the values

LETTER = r"[^\W_]"  # what `str.isalnum` takes for a letter or a digit
_NO_LETTER_BEFORE = rf"(?<!{LETTER}.)"  # with one letter of the value read


def pattern_of(values: list[str]) -> re.Pattern[str]:
    """What finds every one of the values, the longest where several begin; a short one only where it stands alone."""
    whole = [value for value in values if len(value) >= WHOLE_WORD]
    alone = [value for value in values if len(value) < WHOLE_WORD]
    choices = [_any_of(whole, DEEPEST)] if whole else []
    if alone:
        choices.append(f"(?:{_any_of(alone, DEEPEST, _NO_LETTER_BEFORE)})(?!{LETTER})")
    return re.compile("|".join(choices) if choices else r"(?!)", re.DOTALL)


def _any_of(values: list[str], depth: int, behind_first: str = "") -> str:
    """An expression for any of the values, the longest first, in which those with the same beginning share it.

    `behind_first` is tested behind the first letter: an expression that begins with letters is found the fastest.
    """
    rests: dict[str, list[str]] = {}
    for value in sorted(set(values), key=len, reverse=True):
        if value:
            rests.setdefault(value[0], []).append(value[1:])
    choices = [re.escape(letter) + behind_first + _rest(follow, depth) for letter, follow in rests.items()]
    if "" in values:
        choices.append("")
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


def _rest(rests: list[str], depth: int) -> str:
    if len(rests) == 1:
        return re.escape(rests[0])
    if depth == 0:
        return f"(?:{'|'.join(map(re.escape, rests))})"
    return _any_of(rests, depth - 1)
