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


def exchange(request: AnyHttpRequest, context: Context) -> Iterator[Event]:
    """Send the request and read its answer, or go on where the hop before led to."""
    return run_hop(context.state or HopState(options=request), context)
