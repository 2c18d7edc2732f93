"""A reply as an answer: its events, its data and its status."""

from __future__ import annotations

from rrcli.adapters.redis.hints import status_of
from rrcli.adapters.redis.picture import headline, picture
from rrcli.adapters.redis.reply import content, summary
from rrcli.codec.redis.resp import Reply, as_json, framing, oddities
from rrcli.engine.events import Content, Finished, Received
from rrcli.model.values import Body, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.redis.endpoint import Endpoint, Words
    from rrcli.engine.events import Event


def answered(endpoint: Endpoint, reply: Reply, words: Words, more: dict[str, Any] | None = None, remark: str = "") -> Iterator[Event]:
    """The events of a reply to the command of these `words`, which is known as a whole.

    `more` stands beside its value, a `remark` below its picture.
    """
    drawn = picture(words, reply)
    if remark and drawn is not None:
        drawn = f"{drawn}\n{remark}" if isinstance(drawn, str) else (*drawn, ((remark, ""),))
    answer = Response(
        summary=summary(reply),
        status=status_of(reply, words),
        body=Body(),
        framing=framing(reply),
        data={**data_of(reply), **(more or {})},
        display=drawn,
        headline=headline(words, reply),
    )
    yield Received(answer=answer)
    yield Content(data=content(endpoint, reply))
    yield Finished(answer=answer)


def data_of(reply: Reply) -> dict[str, Any]:
    data = {"value": as_json(reply), "type": reply.type}
    if reply.attributes:
        data["attributes"] = as_json(Reply(type="map", value=reply.attributes))
    inner = [(path, found) for path, found in oddities(reply) if not isinstance(found, str)]
    if inner:
        data["element_attributes"] = [{"path": path, "attributes": as_json(Reply(type="map", value=found))} for path, found in inner]
    return data
