"""An invocation: the protocol, its request and how the result is shown."""

from __future__ import annotations

from rrcli.options.request import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.engine.hooks import Hooks
    from rrcli.engine.registry import Protocol
    from rrcli.options.request import Request


class Invocation:
    """A command line that was understood: what to send, and how to show it."""

    __slots__ = ("entry", "output", "request")

    def __init__(self, entry: Protocol, request: Request, output: Output) -> None:
        self.entry = entry
        self.request = request
        self.output = output

    @property
    def hooks(self) -> Hooks:
        return self.entry.load_hooks()


def build(entry: Protocol, request_type: type[Request], values: dict[str, Any]) -> Invocation:
    """The request and the output settings made of the values that were read."""
    output = Output(**{name: values.pop(name) for name in Output.options_ if name in values})
    return Invocation(entry, request_type(**values), output)
