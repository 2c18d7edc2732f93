"""An invocation: the protocol, its request and how the result is shown."""

from __future__ import annotations

from rrcli.options.request import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.engine.hooks import Hooks
    from rrcli.engine.registry import Protocol
    from rrcli.options.request import Request


class Invocation:
    """A command line that was understood: what to send, and how to show it.

    Where settings are a part of it, `fallback` gives it without those that exclude something nearer.
    """

    __slots__ = ("entry", "fallback", "keeps_history", "output", "request")

    def __init__(self, entry: Protocol, request: Request, output: Output, fallback: Callable[[], Invocation] | None = None) -> None:
        self.entry = entry
        self.request = request
        self.output = output
        self.fallback = fallback
        self.keeps_history = False

    @property
    def hooks(self) -> Hooks:
        return self.entry.load_hooks()


def made_of(
    entry: Protocol, request_type: type[Request], values: dict[str, Any], fallback: Callable[[], Invocation] | None = None
) -> Invocation:
    """The invocation of these values alone."""
    output = {name: values[name] for name in Output.options_ if name in values}
    asked = {name: value for name, value in values.items() if name not in output}
    return Invocation(entry, request_type(**asked), Output(**output), fallback)
