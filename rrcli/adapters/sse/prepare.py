"""What an event source sends beside what any HTTP request does."""

from __future__ import annotations

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.sse.request import SseRequest


MEDIA_TYPE = "text/event-stream"


def refuse_contradictions(request: SseRequest) -> None:
    """Raise `usage` for what no event source can be asked."""
    if request.last_event_id and set(request.last_event_id) & set("\0\r\n"):
        raise usage("--last-event-id holds a line end or NUL, which no id has")
    if not request.reconnect:
        return
    from rrcli.options.commandline import reads_stdin

    if reads_stdin(request):
        raise usage("--reconnect sends the request again, and standard input can be read only once", "put the content into a file")


def defaults(last_event_id: str) -> tuple[tuple[str, str], ...]:
    """The fields of an event source (section 9.2.2); its id goes out in UTF-8, and an answer out of a cache is no stream."""
    fields = (("Accept", MEDIA_TYPE), ("Cache-Control", "no-store"))
    return (*fields, ("Last-Event-ID", last_event_id)) if last_event_id else fields
