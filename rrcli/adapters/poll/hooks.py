"""What the engine and the command line ask of polling."""

from __future__ import annotations

from rrcli.adapters.http.hooks import HttpHooks
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options.request import Request


class PollHooks(HttpHooks):
    """HTTP's, of a stream whose events are answers, or callbacks."""

    variation = Variation(varies=("events[*].at_ms", "events[*].held_ms", "polls"))

    def streams(self, request: Request) -> bool:  # noqa: ARG002
        return True

    def event_words(self, event: dict[str, Any]) -> list[str]:
        """Of an event that is an answer its status and how long it was held back; of one that is a request its method."""
        from rrcli.base.units import duration
        from rrcli.base.visible import visible

        words = []
        if isinstance(method := event.get("method"), str):
            words.append(visible(method))
        if (code := event.get("status")) is not None:
            words.append(str(code))
        if (held_ms := event.get("held_ms")) is not None:
            words.append(f"held {duration(int(held_ms * 1e6))}")
        return words


HOOKS = PollHooks()
