"""Whom a request is for. Only its adapter knows, and says so before it touches the network."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.engine.context import Context, Shared
from rrcli.engine.events import Sent
from rrcli.engine.registry import protocol_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Target
    from rrcli.options.request import Request


def target_of(request: Request) -> tuple[Target, Context]:
    """The target, and the context with the route that leads to it. Raises `ExchangeError` of layer `usage` or `local`."""
    context = Context(request, Shared(), Deadline.after(request.connect_timeout, "--connect-timeout"), "")
    events = protocol_of(request).load()[1](request, context)
    try:
        first = next(events)
    finally:
        events.close()
    assert isinstance(first, Sent)
    return first.target, context
