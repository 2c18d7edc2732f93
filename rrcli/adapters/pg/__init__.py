"""PostgreSQL: the start of a session that DSN, options and environment ask for, then the query and its results.

What the start refuses is the answer, and the query is not sent then. Not every exchange needs all of it: COPY (`copying.py`), LISTEN
(`listening.py`), cancelling (`cancel.py`) and what is drawn (`display.py`) have files of their own. The protocol is in `codec/pg`.
"""

from __future__ import annotations

from rrcli.adapters.pg.hop import run_hop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.pg.request import PgRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: PgRequest, context: Context) -> Iterator[Event]:
    """The events of the exchange that the request asks for."""
    return run_hop(request, context)
