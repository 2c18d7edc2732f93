"""Options as the keys of a file: by their long names without dashes, with typed values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rrcli.options.option import Option


def by_key(options: Mapping[str, Option]) -> dict[str, Option]:
    """The options by the keys that set them: every long spelling is one."""
    return {flag[2:]: declared for declared in options.values() for flag in declared.flags if flag[:2] == "--"}


def value_of(declared: Option, key: str, value: Any) -> Any:
    """The field's value of what stands under a key. Raises `ValueError` with a sentence that begins with the key.

    Of several flags that share a field the key is the one that a text belongs to; a list of one-key tables names each itself.
    """
    if declared.kind == "steps" and isinstance(value, str):
        value = {key: value}
    try:
        return declared.from_value(value)
    except ValueError as error:
        message = str(error)
        raise ValueError(message[2:] if message.startswith(f"--{key} ") else f"{key}: {message}") from None
