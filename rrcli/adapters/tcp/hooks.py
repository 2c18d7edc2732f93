"""What the engine and the command line ask of raw bytes."""

from __future__ import annotations

from rrcli.adapters.tcp.steps import each_port, place_words
from rrcli.engine.hooks import Hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.options.request import Request


class TcpHooks(Hooks):
    """A command line may name several ports."""

    def several(self, request: Request) -> Sequence[Request] | None:
        """One request for each port of `HOST:22,80,8000-8010`; `None` when there is one port."""
        named = place_words(request.arguments)
        words = each_port(named[0]) if len(named) == 1 else None
        return None if words is None else tuple(request.replace(arguments=(word,)) for word in words)


HOOKS = TcpHooks()
