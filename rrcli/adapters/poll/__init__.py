"""Long polling, asynchronous request-reply and callbacks: an HTTP request, and what has to be asked or awaited for its outcome.

The first answer decides. A 202 that leads somewhere (or `--status-url`) is a job: its status is asked for by GET until it is done,
and the last answer is the result. With `--callback` the outcome comes to us. Anything else is long polling: the request is sent
again and again, and each answer that brings something is an event. Versions, TLS, credentials and redirects are `adapters/http`'s.
"""

from __future__ import annotations

from rrcli.adapters.poll.polling import Polling
from rrcli.adapters.poll.turn import Turn
from rrcli.base.deadline import Deadline
from rrcli.engine.events import Finished
from rrcli.engine.timeouts import timeout_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.poll.request import PollRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: PollRequest, context: Context) -> Iterator[Event]:
    """Send the request, and what its answer calls for, one request at a time; each leads on to the next.

    Raises `timeout` where there is no time left for another one, naming the last state.
    """
    context.deadline = context.whole.sooner(Deadline.after(timeout_of(request), "--timeout"))
    leads_on, polling = False, request.polling
    try:
        if polling is None:
            from rrcli.adapters.poll.begin import begin

            polling = Polling()
            request = begin(request.replace(polling=polling), polling, context)
        for event in Turn(request, polling, context).events():
            leads_on = isinstance(event, Finished) and event.next is not None
            yield event
    finally:
        if not leads_on and polling:
            polling.close(context)
