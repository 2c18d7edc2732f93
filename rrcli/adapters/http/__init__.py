"""HTTP/1.0, 1.1, 2 and 3: one request out, its answer in, and where that leads.

The request and its options are `request.py`, one hop of the exchange `hop.py`.
"""

from __future__ import annotations

from rrcli.adapters.http.hop import run_hop
from rrcli.adapters.http.hopstate import HopState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange


def exchange(request: AnyHttpRequest, context: Context) -> Iterator[Event]:
    """Send the request and read its answer, or go on where the hop before led to."""
    return run_hop(context.state or HopState(options=request), context)


def as_command(exchange: Exchange, request: AnyHttpRequest | None = None) -> str:
    """The curl command for the same exchange, an environment variable in the place of each secret; with what `request` asks of it."""
    from rrcli.adapters.http.curl.exported import as_command

    return as_command(exchange, request)
