"""What the engine and the command line ask of PostgreSQL."""

from __future__ import annotations

from rrcli.codec.pg.sql import listens
from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options.request import Request


class PgHooks(Hooks):
    """LISTEN is answered for as long as one listens."""

    variation = Variation(varies=("backend_pid", "plan"), repeats=("rows", "results", "plan"))

    def streams(self, request: Request) -> bool:
        """Whether a statement is a LISTEN."""
        return len(request.arguments) > 1 and listens(request.arguments[1])

    def event_words(self, event: dict[str, Any]) -> list[str]:
        """The channel of a notification; the severity of a notice."""
        return [str(event[key]) for key in ("channel", "severity") if key in event]


HOOKS = PgHooks()
