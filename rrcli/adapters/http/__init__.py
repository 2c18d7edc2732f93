"""HTTP/1.0, 1.1, 2 and 3: one request out, its answer in, and where that leads.

The request and its options are `request.py`, one hop of the exchange `hop.py`.
"""

from __future__ import annotations

from rrcli.adapters.http.hop import run_hop
from rrcli.adapters.http.hopstate import HopState
from rrcli.base.fields import is_json_lines
from rrcli.engine.events import Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: AnyHttpRequest, context: Context) -> Iterator[Event]:
    """Send the request and read its answer, or go on where the hop before led to; of an answer of lines tell each."""
    source = run_hop(context.state or HopState(options=request), context)
    try:
        for event in source:
            if isinstance(event, Received) and event.answer.status.ok and event.answer.body and is_json_lines(event.answer.body.media_type):
                from rrcli.adapters.http.lines import LineReader

                yield from LineReader(context).read(event, source)
                return
            yield event
    finally:
        source.close()  # type: ignore[attr-defined]  # adapters are generators
