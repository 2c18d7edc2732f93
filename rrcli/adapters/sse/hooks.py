"""What the engine and the command line ask of Server-Sent Events."""

from __future__ import annotations

from rrcli.adapters.http.hooks import HttpHooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.request import Request


class SseHooks(HttpHooks):
    """HTTP's, of a stream."""

    def streams(self, request: Request) -> bool:  # noqa: ARG002
        return True


HOOKS = SseHooks()
