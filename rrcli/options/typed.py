"""Typed values, as a plan has them, to the values of options."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.options.parse import digits, suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Declared(Protocol):
        """What is read of an `Option`."""

        flags: tuple[str, ...]
        kind: str
        default: Any
        bare: str
        metavar: str
        parse: Callable[..., Any]

        @property
        def flag(self) -> str: ...


KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", tuple: "a list", dict: "a table"}


def from_value(declared: Declared, value: Any) -> Any:
    """The field's value. Raises `ValueError` with a sentence for the user.

    A flag takes true or false, where false is what it is without; an option whose value may be left out takes true as well. A
    number is written out: seconds for a duration, bytes for a size. Text is read as the command line's word. What is
    repeatable takes a list, or one value alone. A table or list stands for its JSON text where the option takes JSON.
    """
    if declared.kind == "flag":
        if isinstance(value, bool):
            return True if value else declared.default
        raise ValueError(f"{declared.flag} is true or false, not {_kind(value)}")
    if declared.kind == "optional" and isinstance(value, bool):
        return declared.parse(declared.bare) if value else declared.default
    if declared.kind == "many":
        return tuple(declared.parse(_word(declared, each)) for each in (value if _is_list(value) else [value]))
    if declared.kind == "steps":
        return tuple(_step(declared, each) for each in (value if _is_list(value) else [value]))
    return declared.parse(_word(declared, value))


def _word(declared: Declared, value: Any) -> str:
    """The command line's word for one value."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"{declared.flag} takes a finite number")
        return digits(value)
    if isinstance(value, (dict, list, tuple)) and _takes_json(declared):
        try:
            return dumps(value)
        except TypeError:
            raise ValueError(f"{declared.flag} takes JSON, which has no {_kind(value)} with a date or time") from None
    raise ValueError(f"{declared.flag} takes {declared.metavar}, not {_kind(value)}")


def _step(declared: Declared, value: Any) -> Any:
    """One of several flags that share a field: `{send = "x"}`, `["--send", "x"]`, or a text for the first flag."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, given),) = value.items()
    elif _is_list(value) and len(value) == 2 and isinstance(value[0], str):
        name, given = value
    elif isinstance(value, str):
        if value in declared.flags:
            raise ValueError(f"{value} has no value; write [[{value!r}, …]]")
        name, given = declared.flag, value
    else:
        raise ValueError(f"{declared.flag} takes a table of one flag, a list of flag and value, or a text, not {_kind(value)}")
    flag = _flag(declared, name)
    word = _word(declared, given)
    return declared.parse(flag, word)


def _flag(declared: Declared, name: str) -> str:
    """The flag of a name without dashes, or as it is spelled."""
    spelled = name.lstrip("-").replace("_", "-")
    names = {flag.lstrip("-"): flag for flag in declared.flags}
    if spelled in names:
        return names[spelled]
    raise ValueError(f"{name} is not one of {', '.join(names)}{suggestion(spelled, list(names))}")


def _takes_json(declared: Declared) -> bool:
    return "JSON" in declared.metavar.split("|")


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _kind(value: Any) -> str:
    """What a value is in the words of a plan."""
    return KINDS.get(type(value), f"a {type(value).__name__}")
