"""What the engine and the command line ask of WebSocket."""

from __future__ import annotations

from rrcli.adapters.http.hooks import HttpHooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.ws.request import WsRequest
    from rrcli.options.request import Request


class WsHooks(HttpHooks):
    """HTTP's, of a stream of messages."""

    def streams(self, request: Request) -> bool:  # noqa: ARG002
        return True

    def idle_limit(self, request: Request) -> float:
        """None where pings tell a quiet connection from a dead one."""
        asked: WsRequest = request  # type: ignore[assignment]  # these hooks are asked of no other
        return 0.0 if asked.ping_interval else super().idle_limit(request)

    def raw_event(self, event: dict[str, Any], text: bytes) -> bytes:
        """Text messages one in a line, binary ones exact with nothing added; the others are no content."""
        if event["type"] == "text":
            return text + b"\n"
        return text

    def event_words(self, event: dict[str, Any]) -> list[str]:
        """The code of a close, the time of a pong, and the frames of a message that came in several."""
        words = [str(event["code"])] if "code" in event else []
        if "rtt_ms" in event:
            words.append(f"{event['rtt_ms']} ms")
        if event.get("frames", 1) > 1:
            words.append(f"{event['frames']} frames")
        return words


HOOKS = WsHooks()
