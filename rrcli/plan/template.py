"""Texts with `{{EXPR}}` in them: EXPR is a JMESPath over what the plan knows, with a few functions beside JMESPath's own.

A text that is one template and nothing else keeps the type of the value; in any other, texts are inserted bare and all else as JSON.
A value that is inserted is never looked at again.
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.jsontext import dumps
from rrcli.plan.novalue import NoValue
from rrcli.policy.paths import first_names, plain_steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.plan.novalue import Scope


OPEN, CLOSE = "{{", "}}"
DECODE = "base64_decode('"
QUOTES = "'\"`"


class Expression:
    """One EXPR. Raises `usage` for what is none."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self._steps = plain_steps(self.text)
        self._literal = _quoted(self.text)
        self._find: Callable[[Scope], Any] | None = None
        if self._literal is not None:
            self.names: tuple[str, ...] = ()
        elif self._steps:
            self.names = (str(self._steps[0]),)
        else:
            from rrcli.plan.functions import compiled

            tree, self._find = compiled(self.text)
            self.names = tuple(dict.fromkeys(str(name) for name in first_names(tree)))

    def value(self, scope: Scope) -> Any:
        """Its value, which may be `None`. Raises `NoValue` where a function is given what it does not take."""
        if self._literal is not None:
            return self._literal
        if self._find:
            return self._find(scope)
        found: Any = scope
        for step in self._steps or ():
            if isinstance(step, str) and hasattr(found, "get"):
                found = found.get(step)
            elif isinstance(step, int) and isinstance(found, list) and -len(found) <= step < len(found):
                found = found[step]
            else:
                return None
        return found

    @property
    def first_two(self) -> tuple[str, str]:
        """The first two names of a plain path; empty ones where it is none, or shorter."""
        steps = [*(self._steps or ()), "", ""]
        return (str(steps[0]), str(steps[1])) if len(steps) > 3 else ("", "")

    @property
    def is_null(self) -> bool:
        """Whether null is what was written, which is then a value."""
        return self.text.replace(" ", "") == "`null`"


class Template:
    """A text as its pieces: what stands there as it is, and expressions. Raises `usage` where one cannot be read."""

    __slots__ = ("pieces", "text")

    def __init__(self, text: str, leave: tuple[str, ...] = ()) -> None:
        """`leave` are names whose templates are left to whoever sends the text."""
        self.text = text
        self.pieces: list[str | Expression] = list(_pieces(text, leave))

    @property
    def is_plain(self) -> bool:
        """Whether there is no expression in it."""
        return all(isinstance(piece, str) for piece in self.pieces)

    @property
    def plain(self) -> str:
        """The text of one without expressions, braces as they are meant."""
        return self.filled(lambda piece, _: piece.text)

    @property
    def begins_with_value(self) -> bool:
        return bool(self.pieces) and isinstance(self.pieces[0], Expression)

    def expressions(self) -> Iterator[Expression]:
        return (piece for piece in self.pieces if isinstance(piece, Expression))

    def value(self, scope: Scope) -> Any:
        """The text, or the value of an expression that is alone. Raises `NoValue`."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], Expression):
            return value_of(self.pieces[0], scope)
        return self.filled(lambda piece, _: as_text(value_of(piece, scope)))

    def filled(self, spell: Callable[[Expression, int], str]) -> str:
        """The text with what `spell` gives for each expression, told with the number of its piece."""
        return "".join(piece if isinstance(piece, str) else spell(piece, number) for number, piece in enumerate(self.pieces))


def value_of(expression: Expression, scope: Scope) -> Any:
    """The value of an expression. Raises `NoValue` where it has none."""
    found = expression.value(scope)
    if found is None and not expression.is_null:
        if scope.is_dry:
            return f"{OPEN}{expression.text}{CLOSE}"
        raise NoValue(expression.text, scope.reason(expression.names))
    return found


def as_text(value: Any) -> str:
    """A value within a text: a text bare, all else as JSON."""
    return value if isinstance(value, str) else dumps(value)


def has_template(text: str) -> bool:
    return OPEN in text


def _pieces(text: str, leave: tuple[str, ...]) -> Iterator[str | Expression]:
    at = 0
    plain = ""
    while (begin := text.find(OPEN, at)) >= 0:
        end = end_of(text, begin)
        inner = text[begin + 2 : end - 2]
        plain += text[at:begin]
        if inner.strip() in leave:
            plain += text[begin:end]
        elif meant := _spelled_out(inner.strip()):
            plain += meant
        else:
            if plain:
                yield plain
            plain = ""
            yield Expression(inner)
        at = end
    plain += text[at:]
    if plain or not text:
        yield plain


def end_of(text: str, begin: int) -> int:
    """The offset behind the template that begins at one. Quotes and braces within it are its own. Raises `usage`."""
    at, depth = begin + 2, 0
    while at < len(text):
        letter = text[at]
        if letter in QUOTES:
            at = text.find(letter, at + 1)
            if at < 0:
                break
        elif letter == "{":
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
        elif text.startswith(CLOSE, at):
            if not text[begin + 2 : at].strip():
                raise usage(f"{text[begin : at + 2]} is empty", "a name or an expression stands in it; braces themselves are {{'{{'}}")
            return at + 2
        at += 1
    raise usage(f"{text[begin : begin + 40]!r} has no end", "write {{NAME}}; braces themselves are {{'{{'}}")


def _spelled_out(inner: str) -> str:
    """What is text as all that is written, and only has to be spelled: braces, `'{{'`, and bytes, `base64_decode('/w==')`; else empty."""
    if inner.startswith(DECODE) and inner.endswith("')"):
        from binascii import a2b_base64

        try:
            return a2b_base64(inner[len(DECODE) : -2], strict_mode=True).decode("utf-8", "surrogateescape")
        except ValueError:
            return ""
    text = _quoted(inner) or ""
    return "" if text.strip("{}") else text


def _quoted(text: str) -> str | None:
    """The text that stands in single quotes, where that is all."""
    inner = text[1:-1]
    return inner if len(text) >= 2 and text[0] == text[-1] == "'" and "'" not in inner and "\\" not in inner else None
