"""Folds the events of one hop into what the exchange is made of: what was asked, the answer, its content up to a limit."""

from __future__ import annotations

from rrcli import registry
from rrcli.digest import sha256
from rrcli.errors import usage
from rrcli.events import Content, Item, Received, Sent
from rrcli.model import Answer, Body, Message, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.errors import ExchangeError
    from rrcli.options import Request
    from rrcli.runner import Context, Observer

MOST_EVENTS = 10_000  # of a stream that are kept; the others are counted


class Fold:
    """Folds the events of one hop: what was asked, the answer so far, its content up to a limit."""

    def __init__(self, context: Context, observer: Observer) -> None:
        self.message = Message(summary="")
        self.target = Target(url="")
        self.answer: Answer | None = None
        self.finished = False
        self.next: Request | None = None
        self.why: str | None = None
        self.failure: ExchangeError | None = None  # of a hop that leads on all the same
        self.size = 0
        self.kept = bytearray()
        self._keeps = context.keeps_content = observer.keeps_content
        self._room = context.request.max_size if self._keeps else 0
        self._events: list[dict[str, Any]] = []
        self._events_room = context.request.max_size
        self._keeps_events = True
        self._context = context
        self._digest = sha256()
        self._observer = observer

    def take(self, event: registry.Event) -> None:
        if isinstance(event, Sent):
            if not self.message.summary:  # of an upload it is told again, with what went out
                self._observer.begins()
            self.message, self.target = event.message, event.target
            self._refuse_lost_key()
        elif isinstance(event, Content):
            self._content(event.data)
        elif isinstance(event, Item):
            self._item(event)
        elif isinstance(event, Received):
            self.answer = event.answer
            self._observer.received(event.answer)
        else:
            self.answer, self.next, self.why, self.failure = event.answer, event.next, event.why, event.failure
            self.finished = True

    def _refuse_lost_key(self) -> None:
        """Raise `usage` for an idempotency key that the request does not carry; nothing has been sent then."""
        key = self._context.request.idempotency_key
        if key is None or self._context.follows or any(value == key for _, value in self.message.fields):
            return
        name = registry.entry_of(self._context.request).name
        raise usage(f"{name} has no place for an idempotency key", "leave --idempotency-key out; --retry-unsafe repeats without one")

    def _content(self, data: bytes) -> None:
        self.size += len(data)
        self._digest.update(data)
        self._observer.content(data)
        if self._room:
            kept = data[: self._room]
            self.kept += kept
            self._room -= len(kept)

    def _item(self, event: Item) -> None:
        timeline = self._context.trace.timeline
        at_ms = round((timeline.last_ns - timeline.origin_ns) / 1e6, 3)
        value = {"at_ms": at_ms, "type": event.type, "data": event.data, **event.more}
        self._context.events += 1
        self._events_room -= len(event.text)
        if self._keeps_events and (self._events_room < 0 or len(self._events) == MOST_EVENTS):
            self._keeps_events = False
            self._context.note("events-left-out", f"only the first {len(self._events)} events are kept in the document")
        if self._keeps_events:
            self._events.append(value)
        self._observer.item(value, event.text, self._context.secrets)

    def response(self) -> Answer | None:
        """The answer with its content; `None` when not even the status came."""
        if self.answer is None:
            return None
        if self._events:
            self.answer = self.answer.replace(data={**self.answer.data, "events": self._events})
        body = self.answer.body or (Body() if self.size else None)
        if body is None or self.next is not None:  # of a hop that leads on the adapter has kept the content itself
            return self.answer
        data = bytes(self.kept)
        truncated = (self._keeps and len(data) < self.size) or not self.finished
        return self.answer.replace(body=body.replace(data=data, size=self.size, sha256=self._digest.hexdigest(), truncated=truncated))
