"""What the engine and the command line ask of NATS."""

from __future__ import annotations

from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options.request import Request


class NatsHooks(Hooks):
    """Who answers the requests of others listens for as long as they come."""

    variation = Variation(varies=("info", "inbox", "replies[*].at_ms", "replies[*].subject", "events[*].at_ms"), repeats=("replies",))

    def streams(self, request: Request) -> bool:
        return bool(getattr(request, "answers", False))

    def event_words(self, event: dict[str, Any]) -> list[str]:
        return [str(event.get("subject", ""))]


HOOKS = NatsHooks()
