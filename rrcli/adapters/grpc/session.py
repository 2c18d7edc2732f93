"""The connection that an exchange goes over: one of its own, or that of a series."""

from __future__ import annotations

from rrcli.adapters.grpc.connection import open_session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.adapters.http.versions.h2session import H2Session
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def obtain(request: GrpcRequest, place: Place, context: Context) -> Generator[Event, None, H2Session]:
    """The connection of an exchange: one of its own, or in a series the one that all of it shares."""
    if context.pool is None:
        return open_session(request, place, context)
    from rrcli.adapters.grpc.shared import shared_session

    session = yield from shared_session(request, place, context)
    return session
