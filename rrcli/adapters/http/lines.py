"""An answer of lines of JSON is a stream of events (contract, section 1): each line is told beside the content that it is part of."""

from __future__ import annotations

from rrcli.codec.jsonlines import JsonLinesDecoder
from rrcli.engine.eventlog import parsed
from rrcli.engine.events import Content, Finished, StreamEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.engine.context import Context
    from rrcli.engine.events import Event, Received
    from rrcli.model.values import Response

LINE = "line"
LINES_AT_ONCE = 64  # between two looks at the clock


class LineReader:
    """Tells what HTTP tells of one answer, and its lines, until there were enough of them.

    Lines that nobody looks at are not taken apart: a download of many of them is as fast as any other.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, head: Received, source: Iterator[Event]) -> Iterator[Event]:
        """The answer from its head on."""
        answer = head.answer.replace(data={**head.answer.data, "events": []})
        decoder = JsonLinesDecoder((answer.body and answer.body.media_type) or "")
        self._context.takes_its_time()
        yield head.replace(answer=answer)
        for event in source:
            if isinstance(event, Content) and self._context.wants_events():
                yield from self._content(event, decoder)
                if self._context.enough():
                    yield Finished(answer=answer)
                    return
            elif isinstance(event, Finished):
                if self._context.wants_events() and (line := decoder.finish()) is not None:
                    yield _event(line)
                yield event.replace(answer=_with_events(event.answer))
            else:
                yield event
            if isinstance(event, Content):
                self._context.takes_its_time()
        if decoder.too_long:
            self._context.note("line-too-long", "a line is longer than any event may be, and left out of them")

    def _content(self, event: Content, decoder: JsonLinesDecoder) -> Iterator[Event]:
        """The lines that a piece of content ends, then the content itself, which ends with the last line that is wanted."""
        context, passed = self._context, 0
        for number, (content, line) in enumerate(decoder.feed(event.data), 1):
            passed += len(content)
            if line is not None:
                yield _event(line)
                if context.enough():
                    break
                if not context.wants_events():  # nor will anybody later
                    passed = len(event.data)
                    break
            if number % LINES_AT_ONCE == 0 and context.deadline.passed():
                yield Content(data=event.data[:passed])
                context.deadline.expire()
        yield Content(data=event.data[:passed])


def _event(line: str) -> StreamEvent:
    return StreamEvent(type=LINE, data=line, text=b"", more={"json": parsed(line)})


def _with_events(answer: Response | None) -> Response | None:
    return answer and answer.replace(data={**answer.data, "events": []})
