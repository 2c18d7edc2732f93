"""NATS: a request with an inbox of its own and its replies, a message without, and answers to the requests of others.

What the handshake refuses is the answer, and the message is not sent then (`handshake.py`). `ask.py` has the requests, `serve.py`
the other side. The protocol is in `codec/nats.py`.
"""

from __future__ import annotations

from rrcli.adapters.nats.hop import run_hop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.nats.request import NatsRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: NatsRequest, context: Context) -> Iterator[Event]:
    """The events of the exchange that the request asks for."""
    return run_hop(request, context)
