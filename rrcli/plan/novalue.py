"""What expressions are asked of, and that one has no value."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Scope:
    """What the first names of expressions stand for."""

    is_dry = False  # nothing is sent, and an expression without a value stands for itself

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def get(self, name: str) -> Any:
        """The value of a first name; `None` where there is none."""
        return self.values.get(name)

    def reason(self, names: tuple[str, ...]) -> str:  # noqa: ARG002
        """Why one of these names has no value, as far as is known."""
        return ""


class NoValue(Exception):
    """An expression has no value. `text` is the expression, `why` what is known of the reason."""

    def __init__(self, text: str, why: str = "") -> None:
        super().__init__(f"{{{{{text}}}}} has no value{why and f': {why}'}")
        self.text = text
