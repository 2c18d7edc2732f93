"""Command lines of other tools: read in our words, on their own or within one of ours (`--from-curl`)."""

from __future__ import annotations

from rrcli.cli.app import parse
from rrcli.cli.commands import of_protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.engine.registry import Protocol


def merged(entry: Protocol, argv: list[str], values: dict[str, Any]) -> dict[str, Any]:
    """The values of `argv` with those of the command line around it, which win: of fields each one by its name.

    Raises `ExchangeError` of layer `usage`.
    """
    borrowed = parse(of_protocol(entry), argv)
    assert borrowed is not None  # which is for help
    if "headers" in values:
        named = {_name(line) for line in values["headers"]}
        kept = tuple(line for line in borrowed.get("headers", ()) if _name(line) not in named)
        values = {**values, "headers": kept + values["headers"]}
    return {**borrowed, **values, "arguments": borrowed["arguments"]}


def _name(line: str) -> str:
    return line.partition(":")[0].rstrip("; ").lower()
