"""Long polling, asynchronous request-reply and callbacks: an HTTP request, and what has to be asked or awaited for its outcome.

The first answer decides. A 202 that leads somewhere (or `--status-url`) is a job: its status is asked for by GET until it is done,
and the last answer is the result. With `--callback` the outcome comes to us. Anything else is long polling: the request is sent
again and again, and each answer that brings something is an event. Versions, TLS, credentials and redirects are `adapters/http`'s.
"""

from __future__ import annotations

from rrcli.adapters.poll.turn import Turn
from rrcli.base.deadline import Deadline
from rrcli.engine.events import Finished
from rrcli.options.request import timeout_of

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
    leads_on, state = False, context.state
    try:
        if state is None:
            from rrcli.adapters.poll.begin import begin

            state = begin(request, context)
        for event in Turn(state, context).events():
            leads_on = isinstance(event, Finished) and event.then is not None
            yield event
    finally:
        if not leads_on and state:
            state.polling.close(context)
