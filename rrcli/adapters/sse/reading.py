"""One connection of a stream of events: what comes over it, and whether another one follows."""

from __future__ import annotations

from rrcli.adapters.http.versions.response import media_type_of
from rrcli.adapters.sse.prepare import MEDIA_TYPE
from rrcli.adapters.sse.request import Resumption
from rrcli.base.errors import CONNECTION_LOST, ExchangeError
from rrcli.codec.sse import LARGEST, SseDecoder
from rrcli.engine.eventlog import parsed
from rrcli.engine.events import Content, Continue, Finished, Received, Sent, StreamEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.sse.request import SseRequest
    from rrcli.codec.sse import SseEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response


SHORTEST_MS = 10  # whatever the server says: it must not be besieged
LONGEST_MS = 86_400_000
RETRY_MS = 3000  # before a reconnection where the server says nothing: "in the region of a few seconds"
DONE = "[DONE]"  # the data of the last event of many APIs, which the server may leave the connection open after
SHOWN = 65536  # bytes of an answer that is no stream of events


class EventReader:
    """One connection of the stream."""

    def __init__(self, request: SseRequest, before: Resumption, context: Context) -> None:
        self.answer: Response | None = None
        self._request = request
        self._before = before
        self._context = context
        self._decoder = SseDecoder(before.last_event_id, before.retry_ms, min(request.max_size or LARGEST, LARGEST))
        self._done = False
        self._strange = 0  # bytes of an answer that is no stream of events

    def read(self, source: Iterator[Event]) -> Iterator[Event]:
        """Pass on what HTTP tells, events in the place of content."""
        sent = False
        for event in source:
            if isinstance(event, Received):
                self.answer = self._judged(event.answer)
                yield event.replace(answer=self.answer)
                if self._is_stream and self._context.enough():
                    yield Finished(answer=self.answer)
                    return
            elif isinstance(event, Content):
                yield from self._content(event)
                if self._is_stream and (self._done or self._context.enough()):
                    yield Finished(answer=self.answer)
                    return
            elif isinstance(event, Finished):
                yield from self._end(event)
            else:
                yield event
            if isinstance(event, Sent) and not sent:  # nothing is open yet
                sent = True
                self._wait()

    def _wait(self) -> None:
        """Wait as long as the server wants before another connection."""
        if not self._before.made or self._before.http:
            return
        from time import sleep

        deadline, seconds = self._context.deadline, self._retry_s
        left = deadline.remaining_ms()
        if left is not None and left / 1000 <= seconds:
            sleep(left / 1000)
            deadline.expire()
        sleep(seconds)

    @property
    def _retry_s(self) -> float:
        asked = self._before.retry_ms
        return (RETRY_MS if asked is None else min(max(asked, SHORTEST_MS), LONGEST_MS)) / 1000

    @property
    def _is_stream(self) -> bool:
        return self.answer is not None and self.answer.status.code == 200 and media_type(self.answer) == MEDIA_TYPE

    def _judged(self, answer: Response) -> Response:
        """The answer as an event source takes it: its content is events, and only 200 and 204 are a success."""
        if answer.status.code not in (200, 204):
            return answer.replace(status=answer.status.replace(ok=False))
        if media_type(answer) != MEDIA_TYPE:
            return answer.replace(data={**answer.data, "events": []})
        return answer.replace(body=None, data={**answer.data, "events": []})

    def _content(self, event: Content) -> Iterator[Event]:
        if not self._is_stream:
            yield event
            self._strange += len(event.data)
            if self.answer and self.answer.status.code == 200 and self._strange > SHOWN:
                raise self._wrong_type()
            return
        try:
            events = self._decoder.feed(event.data)
        except ExchangeError:
            yield from self._items(self._decoder.salvaged)
            raise
        yield from self._items(events)

    def _items(self, events: list[SseEvent]) -> Iterator[Event]:
        for event in events:
            if self._context.enough() or self._done:
                return
            yield self._item(event)

    def _item(self, event: SseEvent) -> StreamEvent:
        self._done = event.data == DONE
        more = {key: value for key, value in (("id", event.id), ("retry", event.retry)) if value is not None}
        if (value := parsed(event.data)) is not None:
            more["json"] = value
        return StreamEvent(type=event.type, data=event.data, more=more, text=b"" if self._done else event.data.encode())

    def _end(self, event: Finished) -> Iterator[Event]:
        """The answer is whole: a hop leads on, a stream is taken up again or over, anything else was none."""
        if event.then:
            yield event.replace(then=event.then.replace(state=self._before.replace(http=event.then.state)))
            return
        if event.answer is None:
            yield event
            return
        streamed = self._is_stream
        self.answer = self._judged(event.answer)
        if not streamed:
            yield Finished(answer=self.answer)
            if self.answer.status.code == 200:
                raise self._wrong_type()
            return
        if self._decoder.incomplete:
            self._context.note("event-incomplete", "the stream ended within an event, which is left out: an empty line is missing")
        if self._may_go_on:
            yield Finished(answer=self.answer, then=self.following())
        else:
            yield Finished(answer=self.answer)

    @property
    def _may_go_on(self) -> bool:
        return self._before.made < self._request.reconnect

    def may_resume(self, error: ExchangeError) -> bool:
        """Whether another connection follows a failure: of a stream that had begun, or of an attempt to take it up again."""
        begun = self._is_stream or (self.answer is None and self._before.made > 0)
        return begun and error.kind in CONNECTION_LOST and self._may_go_on

    def following(self) -> Continue:
        """The next connection: to the first URL, wherever that was redirected to."""
        decoder = self._decoder
        state = Resumption(last_event_id=decoder.last_event_id, retry_ms=decoder.retry_ms, made=self._before.made + 1)
        return Continue(why="retry", state=state, resumes=True)

    def _wrong_type(self) -> ExchangeError:
        assert self.answer
        found = media_type(self.answer) or "no Content-Type"
        hint = f"an event source takes nothing but {MEDIA_TYPE}: is this the URL of the stream? rrcli http shows any other answer"
        return ExchangeError("protocol", "unsupported", f"expected {MEDIA_TYPE}, got {found}", hint=hint)


def media_type(answer: Response) -> str | None:
    return media_type_of(answer.fields)[0]
