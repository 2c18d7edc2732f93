"""The fields of a message by their names, which are compared without case (RFC 9110 section 5.1)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Fields = Iterable[tuple[str, str]]


def first(fields: Fields, name: str) -> str | None:
    """The value of the first field called `name`; `None` where there is none."""
    name = name.lower()
    for key, value in fields:
        if key.lower() == name:
            return value
    return None


def all_of(fields: Fields, name: str) -> list[str]:
    """The values of all fields called `name`, in their order."""
    name = name.lower()
    return [value for key, value in fields if key.lower() == name]
