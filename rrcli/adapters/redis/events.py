"""Subscriptions and MONITOR: replies without end, each of them an event, from the server's confirmation on."""

from __future__ import annotations

from rrcli.adapters.redis.reply import content, summary
from rrcli.codec.redis.resp import Reply, as_json, framing
from rrcli.engine.events import Finished, Received, StreamEvent
from rrcli.model.values import Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.redis.endpoint import Endpoint
    from rrcli.adapters.redis.replies import Replies
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

# What stands in each kind of message behind its name; `data` is the payload, or how many subscriptions there are.
_SUBSCRIBED = {f"{how}{kind}subscribe": ("pattern" if kind == "p" else "channel", "data") for how in ("", "un") for kind in ("", "p", "s")}
_SUBSCRIBED |= {"punsubscribe": ("pattern", "data"), "sunsubscribe": ("channel", "data")}
SHAPES = {
    **_SUBSCRIBED,
    "message": ("channel", "data"),
    "smessage": ("channel", "data"),
    "pmessage": ("pattern", "channel", "data"),
}


def events(endpoint: Endpoint, context: Context, replies: Replies, first: Reply) -> Iterator[Event]:
    """Each reply as it comes, the confirmation first, until there were enough of them."""
    data = {"value": as_json(first), "type": first.type}
    answer = Response(summary=summary(first), status=Status(text="OK"), framing=framing(first), data=data)
    yield Received(answer=answer)
    reply = first
    while not context.enough():
        yield _item(endpoint, reply)
        if not context.enough():
            reply = replies.read(push=True)
            context.recorder.remark(summary(reply))
    yield Finished(answer=answer)


def _item(endpoint: Endpoint, reply: Reply) -> StreamEvent:
    """A message by its own name; a line of MONITOR as `monitor`, any other reply as its type."""
    text = content(endpoint, reply)
    if isinstance(reply.value, tuple) and reply.type != "map" and reply.value:
        name, *parts = reply.value
        kind = name.value.decode("utf-8", "backslashreplace") if isinstance(name.value, bytes) else reply.type
        shape = SHAPES.get(kind, ())
        if len(shape) == len(parts):
            named = {key: as_json(part) for key, part in zip(shape, parts, strict=True)}
            return StreamEvent(type=kind, data=named.pop("data"), more=named, text=text)
        return StreamEvent(type=kind, data=[as_json(part) for part in parts], text=text)
    monitored = endpoint.command == "MONITOR" and reply.type == "status" and reply.value != b"OK"
    return StreamEvent(type="monitor" if monitored else reply.type, data=as_json(reply), text=text)
