"""Server-Sent Events: an HTTP exchange whose content is read as events, each told the moment it comes.

Versions, TLS, credentials, redirects and codings are those of `adapters/http`, whose events pass through here. What ends a
stream and when it is taken up again is the WHATWG HTML standard's section 9.2.3, except that nothing is sent again unasked.
"""

from __future__ import annotations

from rrcli.adapters import http
from rrcli.adapters.http.exchange.response import media_type_of
from rrcli.adapters.http.hop import run_hop
from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.sse.request import Resumption
from rrcli.base.errors import CONNECTION_LOST, ExchangeError, usage
from rrcli.codec.sse import LARGEST, SseDecoder
from rrcli.engine.continuation import Continue
from rrcli.engine.eventlog import parsed
from rrcli.engine.events import Content, Finished, Received, Sent, StreamEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.sse.request import SseRequest
    from rrcli.codec.sse import SseEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange, Response

MEDIA_TYPE = "text/event-stream"
SHORTEST_MS = 10  # whatever the server says: it must not be besieged
LONGEST_MS = 86_400_000
RETRY_MS = 3000  # before a reconnection where the server says nothing: "in the region of a few seconds"
DONE = "[DONE]"  # the data of the last event of many APIs, which the server may leave the connection open after
SHOWN = 65536  # bytes of an answer that is no stream of events


def exchange(request: SseRequest, context: Context) -> Iterator[Event]:
    """Send the request and tell the events of its answer, until there were enough, the stream ends, or it is lost for good.

    Raises `wrong_protocol` for an answer that is no stream of events. A status other than 200 is no success; 204 is the
    server's way to say that there is nothing more to come.
    """
    _refuse(request)
    before = context.state or Resumption(last_event_id=request.last_event_id or "")
    source = run_hop(before.http or HopState(options=request, defaults=_defaults(before.last_event_id)), context)
    reading = _Reading(request, before, context)
    try:
        yield from reading.read(source)
    except ExchangeError as error:
        if not reading.may_resume(error):
            raise
        yield Finished(answer=reading.answer, then=reading.following(), failure=error)
    finally:
        source.close()  # type: ignore[attr-defined]  # adapters are generators


def as_command(exchange: Exchange, request: SseRequest | None = None) -> str:
    """The curl command for the same exchange, which holds nothing back."""
    return http.as_command(exchange, request).replace("curl ", "curl -N ", 1)


def _refuse(request: SseRequest) -> None:
    if request.last_event_id and set(request.last_event_id) & set("\0\r\n"):
        raise usage("--last-event-id holds a line end or NUL, which no id has")
    if not request.reconnect:
        return
    from rrcli.options.commandline import reads_stdin

    if reads_stdin(request):
        raise usage("--reconnect sends the request again, and standard input can be read only once", "put the content into a file")


def _defaults(last_event_id: str) -> tuple[tuple[str, str], ...]:
    """The fields of an event source (section 9.2.2); its id goes out in UTF-8, and an answer out of a cache is no stream."""
    fields = (("Accept", MEDIA_TYPE), ("Cache-Control", "no-store"))
    return (*fields, ("Last-Event-ID", last_event_id)) if last_event_id else fields


class _Reading:
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
        return self.answer is not None and self.answer.status.code == 200 and _media_type(self.answer) == MEDIA_TYPE

    def _judged(self, answer: Response) -> Response:
        """The answer as an event source takes it: its content is events, and only 200 and 204 are a success."""
        if answer.status.code not in (200, 204):
            return answer.replace(status=answer.status.replace(ok=False))
        if _media_type(answer) != MEDIA_TYPE:
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
        found = _media_type(self.answer) or "no Content-Type"
        hint = f"an event source takes nothing but {MEDIA_TYPE}: is this the URL of the stream? rrcli http shows any other answer"
        return ExchangeError("protocol", "unsupported", f"expected {MEDIA_TYPE}, got {found}", hint=hint)


def _media_type(answer: Response) -> str | None:
    return media_type_of(answer.fields)[0]
