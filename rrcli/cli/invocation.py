"""An invocation: the protocol, its request and how the result is shown."""

from __future__ import annotations

from rrcli.options.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.engine import registry
    from rrcli.options.request import Request


class Invocation:
    """A command line that was understood: what to send, and how to show it."""

    __slots__ = ("entry", "output", "request")

    def __init__(self, entry: registry.Protocol, request: Request, output: Output) -> None:
        self.entry = entry
        self.request = request
        self.output = output


def build(entry: registry.Protocol, request_type: type[Request], values: dict[str, Any]) -> Invocation:
    """The request and the output settings made of the values that were read. Raises `usage` for a command that they stand for."""
    if argv := request_type.stands_for(values):
        from rrcli.cli.foreign import merged

        values = merged(entry, argv, values)
    output = Output(**{name: values.pop(name) for name in Output.options_ if name in values})
    return Invocation(entry, request_type(**values), output)
