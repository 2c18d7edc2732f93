"""The variables that a plan is given from outside."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def given_variables(files: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The variables of files, and over them those of pairs of names and values. Raises `usage` and `local`."""
    found: dict[str, Any] = {}
    for path in files:
        try:
            found.update(_variables_of(path))
        except ExchangeError as error:
            raise (usage(f"--vars: {error.message}", error.hint) if error.layer == "local" else error) from None
    found.update(pairs)
    return found


def _variables_of(path: str) -> dict[str, Any]:
    """The variables of a file: TOML, JSON, or lines of NAME=VALUE. Raises `usage` and `local`."""
    from rrcli.base.sourcefile import read

    if path.endswith((".toml", ".json")):
        return read(path).values
    from rrcli.base.files import read_local

    found = {}
    for number, line in enumerate(read_local(path).decode("utf-8", "surrogateescape").splitlines(), 1):
        text = line.strip().removeprefix("export ")
        name, equals, value = text.partition("=")
        if text and not text.startswith("#"):
            if not equals:
                raise usage(f"{path}:{number}: {text!r} is not NAME=VALUE")
            found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        try:
            return str(loads(text))
        except ValueError:
            return text[1:-1]
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == "'" else text
