"""gRPC over our own HTTP/2: types by reflection or out of files, one call of any of the four kinds, its status out of the trailers.

Messages are ProtoJSON on both sides. What not every command needs has files of its own: questions about types (`questions.py`),
health checks (`health.py`), `.proto` files (`sources.py`). Framing, statuses and the messages of reflection are in `codec/grpc/`.
"""

from __future__ import annotations

from rrcli.adapters.grpc.place import asked_of, place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: GrpcRequest, context: Context) -> Iterator[Event]:
    """Make the call, or answer the question. A status other than OK is an answer whose status is not ok."""
    place, word = place_of(request), asked_of(request)
    if request.health:
        from rrcli.adapters.grpc.health import check

        yield from check(request, place, word or "", context)
    elif request.list_names or request.describe or request.template:
        from rrcli.adapters.grpc.questions import answer

        yield from answer(request, place, word, context)
    else:
        from rrcli.adapters.grpc.calling import call

        yield from call(request, place, word or "", context)
