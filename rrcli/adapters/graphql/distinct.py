"""Subscriptions over Server-Sent Events, by the "distinct connections mode" of graphql-sse (its PROTOCOL.md).

One HTTP request carries one operation; each `next` event is a result, `complete` the end. A server that refuses answers
with JSON in place of events, which is then read as any answer of GraphQL is.
"""

from __future__ import annotations

from rrcli.adapters.graphql.answer import described, front
from rrcli.adapters.graphql.prepare import ACCEPT_EVENTS, carrier
from rrcli.adapters.graphql.results import Results
from rrcli.adapters.http.hop import run_hop
from rrcli.adapters.http.hopstate import HopState
from rrcli.base.errors import ExchangeError, malformed
from rrcli.base.jsontext import loads
from rrcli.codec.sse import SseDecoder
from rrcli.engine.events import Content, Finished, Received, Sent, StreamEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.graphql.call import Call, CallState
    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.codec.sse import SseEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response


def distinct(request: GraphqlRequest, state: CallState, context: Context) -> Iterator[Event]:
    """One operation, its results as events; the connection is closed with the last one wanted."""
    call = state.call
    events = run_hop(state.http or HopState(options=carrier(request, call, accept=f"{ACCEPT_EVENTS}, application/json;q=0.5")), context)
    reading: _Reading | None = None
    for event in events:
        if isinstance(event, Sent):
            yield event.replace(message=described(event.message, call))
        elif isinstance(event, Received) and not _is_stream(event.answer):
            yield from front(_with(event, events), request, state, context)
            return
        elif isinstance(event, Received):
            reading = _Reading(event.answer, call, context)
            yield event
        elif isinstance(event, Content) and reading:
            yield from reading.take(event.data)
            if reading.ended:
                events.close()  # type: ignore[attr-defined]  # a generator: the rest of the answer is not wanted
                break
        elif not isinstance(event, Finished):
            yield event
        elif event.then:
            yield event.replace(then=event.then.replace(state=state.replace(http=event.then.state)))
    if reading:
        yield Finished(answer=reading.results.answer(reading.head))
        if not reading.ended:
            raise ExchangeError("transport", "closed", "the stream ended before the operation was complete")


def _is_stream(answer: Response) -> bool:
    return bool(answer.status.ok and answer.body and answer.body.media_type == ACCEPT_EVENTS)


def _with(first: Event, rest: Iterator[Event]) -> Iterator[Event]:
    yield first
    yield from rest


class _Reading:
    """The events of one stream as results."""

    def __init__(self, answer: Response, call: Call, context: Context) -> None:
        self.ended = False  # complete, or enough
        self.results = Results(call, context.request.max_size)
        self.head = answer.replace(body=None)  # its content is the events
        self._context = context
        self._decoder = SseDecoder()

    def take(self, data: bytes) -> Iterator[Event]:
        """The results that `data` completes."""
        try:
            found = self._decoder.feed(data)
        except ExchangeError:
            for event in self._decoder.salvaged:
                yield from self._event(event)
            raise
        for event in found:
            yield from self._event(event)

    def _event(self, event: SseEvent) -> Iterator[Event]:
        if self.ended:
            return
        if event.type == "complete":
            self.ended = True
        elif event.type == "next":
            yield self._result(event.data)
            self.ended = self._context.enough()

    def _result(self, text: str) -> StreamEvent:
        try:
            result = loads(text)
        except ValueError as error:
            raise malformed(f"the data of a next event is no JSON: {error}") from error
        return self.results.take(result, text.encode())
