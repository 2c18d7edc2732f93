"""A series of calls over one connection, which learns the types once. Loaded only for a series."""

from __future__ import annotations

from rrcli.adapters.grpc.connection import open_session
from rrcli.adapters.http.versions.h2shared import SharedH2Session, wait_for
from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.adapters.grpc.schema import Method
    from rrcli.adapters.grpc.types import Types
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream


class GrpcSession(SharedH2Session):
    """The connection of a series, and what was learned over it: types and method by the word that named it."""

    def __init__(self, connection: Stream) -> None:
        super().__init__(connection)
        self.learned: dict[str, tuple[Types, Method]] = {}


def shared_session(request: GrpcRequest, place: Place, context: Context) -> Generator[Event, None, GrpcSession]:
    """The connection that the series has, or a new one for it, with room for another call."""
    assert context.pool
    key = ("grpc", place.url())
    session = context.session(key)
    if session is None:
        session = GrpcSession(open_session(request, place, context).connection)
        context.share(key, session)
    assert isinstance(session, GrpcSession)
    while not session.has_room:
        if not session.takes_more:
            context.recorder.reused = True
            raise ExchangeError("transport", "refused", f"the connection takes no more calls: {session.why}")
        yield from wait_for(session.slot, context.deadline)
    return session
