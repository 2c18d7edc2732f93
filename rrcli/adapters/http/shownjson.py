"""A JSON text as it may be shown: the mask in the place of secret values, and all else letter for letter as it was written."""

from __future__ import annotations

import re

from rrcli.base.fields import MASK, is_secret_name
from rrcli.base.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Span = tuple[int, int]

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+', re.DOTALL)
COLON = re.compile(r"\s*:")
OPEN, CLOSE = ("{", "["), ("}", "]")
NOTHING = ("null", '""')  # values that are no secret


def masked(text: str, *, all_texts: bool = False) -> str:
    """JSON with its secret members masked, or with `all_texts` every text; what is none stays."""
    try:
        loads(text)
    except ValueError:
        return text
    parts, at = [], 0
    for begin, end in _spans(text, all_texts=all_texts):
        parts += [text[at:begin], f'"{MASK}"']
        at = end
    return "".join(parts) + text[at:]


def _spans(text: str, *, all_texts: bool) -> Iterator[Span]:
    """Where the values to be masked stand in a text that is known to be JSON."""
    tokens = TOKEN.finditer(text)
    for token in tokens:
        if token[0][0] != '"':
            continue
        if not COLON.match(text, token.end()):
            if all_texts and token[0] != '""':
                yield token.span()
        elif not all_texts and is_secret_name(str(loads(token[0]))):
            value = next(tokens)
            end, depth = value.end(), int(value[0] in OPEN)
            while depth:
                inner = next(tokens)
                depth += (inner[0] in OPEN) - (inner[0] in CLOSE)
                end = inner.end()
            if value[0] not in NOTHING:
                yield value.start(), end
