"""Server-Sent Events: an HTTP exchange whose content is read as events, each told the moment it comes.

Versions, TLS, credentials, redirects and codings are those of `adapters/http`, whose events pass through here. What ends a
stream and when it is taken up again is the WHATWG HTML standard's section 9.2.3, except that nothing is sent again unasked.
"""

from __future__ import annotations

from rrcli.adapters.http.hop import run_hop
from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.sse.prepare import defaults, refuse_contradictions
from rrcli.adapters.sse.reading import EventReader
from rrcli.adapters.sse.request import Resumption
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.sse.request import SseRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: SseRequest, context: Context) -> Iterator[Event]:
    """Send the request and tell the events of its answer, until there were enough, the stream ends, or it is lost for good.

    Raises `wrong_protocol` for an answer that is no stream of events. A status other than 200 is no success; 204 is the
    server's way to say that there is nothing more to come.
    """
    refuse_contradictions(request)
    before = context.state or Resumption(last_event_id=request.last_event_id or "")
    source = run_hop(before.http or HopState(options=request, defaults=defaults(before.last_event_id)), context)
    reading = EventReader(request, before, context)
    try:
        yield from reading.read(source)
    except ExchangeError as error:
        if not reading.may_resume(error):
            raise
        yield Finished(answer=reading.answer, then=reading.following(), failure=error)
    finally:
        source.close()  # type: ignore[attr-defined]  # adapters are generators
