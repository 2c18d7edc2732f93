"""Values of simple types in their lexical form (XML Schema part 2, section 3), as zeep is to write them."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import Digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Enumerations = Mapping[tuple[str, str], tuple[str, ...]]

# The least and the greatest value of types of whole numbers; `None` for none.
INTEGERS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None), "nonPositiveInteger": (None, 0), "negativeInteger": (None, -1), "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1), "short": (-(2**15), 2**15 - 1), "byte": (-128, 127), "nonNegativeInteger": (0, None),
    "unsignedLong": (0, 2**64 - 1), "unsignedInt": (0, 2**32 - 1), "unsignedShort": (0, 2**16 - 1), "unsignedByte": (0, 255),
    "positiveInteger": (1, None),
}  # fmt: skip
_ZONE = r"(Z|[+-]\d\d:\d\d)?"
_DATE = r"-?\d{4,9}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,12})?|24:00:00(\.0{1,12})?"
_YEAR, _MONTH, _DAY = r"-?\d{4,9}", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
_REAL = r"[+-]?(\d+(\.\d*)?|\.\d+)"
PATTERNS = {
    "decimal": _REAL, "float": rf"{_REAL}([eE][+-]?\d+)?|[+-]?INF|NaN", "double": rf"{_REAL}([eE][+-]?\d+)?|[+-]?INF|NaN",
    "boolean": "true|false|1|0", "dateTime": rf"{_DATE}T({_TIME}){_ZONE}", "date": _DATE + _ZONE, "time": rf"({_TIME}){_ZONE}",
    "gYear": _YEAR + _ZONE, "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}", "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
    "gMonth": f"--{_MONTH}{_ZONE}", "gDay": f"---{_DAY}{_ZONE}", "hexBinary": r"([0-9a-fA-F]{2})*",
    "base64Binary": r"[A-Za-z0-9+/\s]*(=\s*){0,2}",
    "duration": r"-?P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
}  # fmt: skip
EXAMPLES = {
    "dateTime": "2026-01-31T12:00:00Z", "date": "2026-01-31", "time": "12:00:00Z", "duration": "P1DT2H", "gYear": "2026",
    "gYearMonth": "2026-01", "gMonthDay": "--01-31", "gMonth": "--01", "gDay": "---31", "boolean": "true or false",
}  # fmt: skip
NUMBERS = ("decimal", "float", "double", *INTEGERS)
LONGEST_NUMBER = 4000  # digits


def base_name(kind: Any) -> str:
    """The name of the built-in type that a simple type is made of."""
    for each in type(kind).__mro__:
        found = each.__dict__.get("_default_qname")
        if found is not None and found.localname not in ("anyType", "anySimpleType"):
            return str(found.localname)
    return ""


def name_of(kind: Any) -> str:
    """What a type is called: its own name, or that of what it is made of."""
    if hasattr(kind, "item_type"):
        return f"list of {name_of(kind.item_type)}"
    qname = getattr(kind, "qname", None)
    return str(qname.localname) if qname is not None else base_name(kind) or "any value"


def lexical(kind: Any, value: Any, path: str, enumerations: Enumerations) -> Any:
    """The value as zeep takes it: a text in its lexical form. Raises `usage` for what the type does not have."""
    if hasattr(kind, "item_type"):
        items = value if isinstance(value, list) else str(value).split()
        return [lexical(kind.item_type, item, f"{path}[{at}]", enumerations) for at, item in enumerate(items)]
    base = base_name(kind)
    text = _text(value, base, path, kind)
    if hasattr(kind, "item_types"):  # a union: what one of them takes
        return _of_union(kind, text, path, enumerations)
    _check(text, base, path, kind)
    qname = getattr(kind, "qname", None)
    allowed = enumerations.get((qname.namespace or "", qname.localname)) if qname is not None else None
    if allowed and text not in allowed:
        from rrcli.options.parse import suggestion

        shown = ", ".join(allowed[:20]) + (", …" if len(allowed) > 20 else "")
        raise usage(f"{path}: {_shown(text)} is no {name_of(kind)}{suggestion(text, allowed)}", f"it is one of {shown}")
    # zeep takes tuples for the parts of a date, and has the way there itself.
    return kind.pythonvalue(text) if base.startswith("g") else text


def _of_union(kind: Any, text: str, path: str, enumerations: Enumerations) -> str:
    wrong = None
    for each in kind.item_types:
        try:
            lexical(each, text, path, enumerations)
            return text
        except ExchangeError as error:
            wrong = wrong or error
    raise wrong or usage(f"{path}: {_shown(text)} is of no type of the union")


def _text(value: Any, base: str, path: str, kind: Any) -> str:
    """The value as text. Raises `usage` for an object or a list, and for letters that XML cannot carry."""
    if isinstance(value, dict) and base in ("base64Binary", "") and set(value) == {"base64"}:
        text = str(value["base64"])
    elif isinstance(value, dict | list):
        raise usage(f"{path} takes one {name_of(kind)}, and not {'an object' if isinstance(value, dict) else 'a list'}")
    elif isinstance(value, bool):
        if base in NUMBERS:
            raise usage(f"{path}: {str(value).lower()} is no {name_of(kind)}")
        text = "true" if value else "false"
    elif value is None:
        raise usage(f"{path} cannot be null")
    else:
        text = str(value)
    if any((letter < " " and letter not in "\t\n\r") or "\ud800" <= letter <= "\udfff" or letter in "\ufffe\uffff" for letter in text):
        raise usage(f"{path} has a character that XML cannot carry", "bytes go as base64Binary, where the schema has that")
    return text


def _check(text: str, base: str, path: str, kind: Any) -> None:
    """Raise `usage` for a text that is not of the type."""
    import re

    name = name_of(kind)
    if base in INTEGERS:
        if len(text) > LONGEST_NUMBER or not re.fullmatch(r"[+-]?[0-9]+", text.strip()):
            raise usage(f"{path}: {_shown(text)} is no {name}", "write a whole number")
        least, most = INTEGERS[base]
        if (least is not None and int(text) < least) or (most is not None and int(text) > most):
            ends = f"from {least if least is not None else '-∞'} to {most if most is not None else '∞'}"
            raise usage(f"{path}: {_shown(text)} is no {name}", f"it goes {ends}")
    elif pattern := PATTERNS.get(base):
        if not re.fullmatch(pattern, text.strip(), re.ASCII):
            raise usage(f"{path}: {_shown(text)} is no {name}", f"write it as {EXAMPLES[base]}" if base in EXAMPLES else None)
        if base == "base64Binary" and len("".join(text.split())) % 4:
            raise usage(f"{path}: {_shown(text)} is no {name}", "base64 comes in groups of four letters")


def _shown(text: str) -> str:
    shown = text if isinstance(text, Digits) else repr(text)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
