"""A reply as an answer: its events, its data and its status."""

from __future__ import annotations

from rrcli.adapters.redis.reply import content, is_error, prefix, summary
from rrcli.codec.redis.resp import Reply, as_json, framing
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.redis.endpoint import Endpoint
    from rrcli.engine.events import Event


def answered(endpoint: Endpoint, reply: Reply, drawn: str | None, more: dict[str, Any] | None = None) -> Iterator[Event]:
    """The events of a reply, which is known as a whole; `more` stands beside its value."""
    data = {**data_of(reply), **(more or {})}
    answer = Response(summary=summary(reply), status=status_of(reply), body=Body(), framing=framing(reply), data=data, display=drawn)
    yield Received(answer=answer)
    yield Content(data=content(endpoint, reply))
    yield Finished(answer=answer)


def data_of(reply: Reply) -> dict[str, Any]:
    data = {"value": as_json(reply), "type": reply.type}
    if reply.attributes:
        data["attributes"] = as_json(Reply(type="map", value=reply.attributes))
    return data


def status_of(reply: Reply) -> Status:
    return Status(text=prefix(summary(reply)), ok=False) if is_error(reply) else Status(text="OK")
