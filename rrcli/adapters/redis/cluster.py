"""Where a node of a cluster says that the key is."""

from __future__ import annotations

import os

from rrcli.adapters.redis.answer import data_of
from rrcli.adapters.redis.endpoint import RedisHop
from rrcli.adapters.redis.reply import is_redirection, prefix, summary
from rrcli.base.errors import malformed
from rrcli.base.url import is_port
from rrcli.codec.redis.resp import framing
from rrcli.codec.redis.text import as_text
from rrcli.engine.events import Continue, Finished
from rrcli.model.values import Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.redis.endpoint import Endpoint, Place
    from rrcli.codec.redis.resp import Reply


def redirection(endpoint: Endpoint, reply: Reply) -> Finished | None:
    """The hop to the node that a MOVED or an ASK names; `None` for any other reply."""
    node = node_of(endpoint, reply)
    if node is None:
        return None
    following = RedisHop(place=node, db=endpoint.db, command=endpoint.words, asking=reply.value.startswith(b"ASK "))
    answer = Response(
        summary=summary(reply), status=Status(text=prefix(summary(reply)), ok=False), framing=framing(reply), data=data_of(reply)
    )
    return Finished(answer=answer, then=Continue(why="redirect", state=following))


def node_of(endpoint: Endpoint, reply: Reply) -> Place | None:
    """Where `MOVED 3999 127.0.0.1:6381` leads; without a host, or with `?`, to another port of the same.

    Raises `malformed` where something else stands in the place of the address.
    """
    if not is_redirection(reply):
        return None
    words = reply.value.split()
    host, _, port = os.fsdecode(words[2]).rpartition(":")
    if not is_port(port) or not host.isprintable() or {"/", "@", "?", "#"}.intersection(host.removeprefix("?")):
        raise malformed(f"expected HOST:PORT after {words[0].decode()}, got {as_text(reply)}")
    return endpoint.place.at(host.strip("[]").replace("?", "") or endpoint.place.host, int(port))
