"""The request of `rrcli sse`: an HTTP request, and how the stream is taken up again."""

from __future__ import annotations

from rrcli.adapters.http.request import HttpRequest
from rrcli.base.record import Record
from rrcli.options.option import option
from rrcli.options.parse import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from rrcli.adapters.http.hopstate import HopState


ALWAYS = 10**9  # reconnections: until something else ends it


def reconnections(text: str) -> int:
    """How often to reconnect."""
    return ALWAYS if text == "always" else count(text)


def reconnections_text(number: int) -> str:
    return "always" if number == ALWAYS else str(number)


class Resumption(Record):
    """What a connection takes over from the one before it."""

    last_event_id: str = ""
    retry_ms: int | None = None
    made: int = 0  # connections before this one
    http: HopState | None = None  # of a redirect or a challenge on the way


class SseRequest(HttpRequest):
    """`[METHOD] URL [ITEM...]`, answered by a stream of events."""

    event_keys: ClassVar[tuple[str, ...]] = (*HttpRequest.event_keys, "id", "retry")

    reconnect: int = option(
        "--reconnect", kind="optional", default=0, parse=reconnections, write=reconnections_text, bare="always",
        metavar="N", group="Stream",
        help="Send the request again when the stream ends, as browsers do, with Last-Event-ID, after the server's retry or 3s; N times "
        "at most. Without it the end of the stream is the end.",
    )  # fmt: skip
    last_event_id: str | None = option("--last-event-id", metavar="ID", help="Go on behind this event.", group="Stream")
