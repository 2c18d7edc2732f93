"""Folds the events of one hop into what the exchange is made of: what was asked, the answer, its content up to a limit."""

from __future__ import annotations

from _io import BytesIO

from rrcli.base.digest import Digest
from rrcli.base.errors import usage
from rrcli.engine import registry
from rrcli.engine.events import Content, Received, Sent, StreamEvent
from rrcli.model.values import Body, RequestMessage, Response, Target
from rrcli.policy.secrets import NAMED, field_secrets, url_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.errors import ExchangeError
    from rrcli.engine.context import Context
    from rrcli.engine.events import Continue, HopEvent, Observer


class ExchangeBuilder:
    """Folds the events of one hop: what was asked, the answer so far, its content up to a limit."""

    def __init__(self, context: Context, observer: Observer) -> None:
        self.message = RequestMessage(summary="")
        self.target = Target(url="")
        self.answer: Response | None = None
        self.finished = False
        self.then: Continue | None = None
        self.failure: ExchangeError | None = None  # of a hop that leads on all the same
        self.size = 0
        self._kept = BytesIO()  # which hands out what it has without a copy
        self._keeps = context.keeps_content = observer.keeps_content
        context.shows_events = observer.shows_events
        self._room = context.request.max_size if self._keeps else 0
        self._masked: tuple[str, ...] = ()  # what is masked in events, and how many of them the adapter had told by then
        self._known = -1
        self._context = context
        self._digest = Digest()
        self._observer = observer
        context.uploaded, context.poll_in = observer.uploaded, observer.poll_in
        observer.attach(self)

    def apply(self, event: HopEvent) -> None:
        if isinstance(event, Sent):
            if not self.message.summary:  # of an upload it is told again, with what went out
                self._observer.request_started()
            self.message, self.target = event.message, event.target
            self._refuse_lost_key()
        elif isinstance(event, Content):
            self._content(event.data)
        elif isinstance(event, StreamEvent):
            self._item(event)
        elif isinstance(event, Received):
            self.answer = event.answer
            self._observer.received(event.answer)
        else:
            self.answer, self.then, self.failure, self.finished = event.answer, event.then, event.failure, True

    @property
    def at_ns(self) -> int:
        """When the latest bytes came, from the exchange's beginning."""
        timeline = self._context.recorder.timeline
        return timeline.last_ns - timeline.origin_ns

    def secrets(self) -> tuple[str, ...]:
        """The values to mask, as far as they are known by now: those that were handed in, and those in the URL and in fields."""
        answer = self.answer
        fields = self.message.fields + ((answer.fields + answer.trailers) if answer else ())
        named = dict.fromkeys((*url_secrets(self.target.url), *field_secrets(fields)))
        return tuple(dict.fromkeys((*self._context.secrets, *list(named)[:NAMED])))

    def _refuse_lost_key(self) -> None:
        """Raise `usage` for an idempotency key that the request does not carry; nothing has been sent then."""
        key = self._context.request.idempotency_key
        if key is None or self._context.follows or any(value == key for _, value in self.message.fields):
            return
        name = registry.protocol_of(self._context.request).name
        raise usage(f"{name} has no place for an idempotency key", "leave --idempotency-key out; --retry-unsafe repeats without one")

    def _content(self, data: bytes) -> None:
        self.size += len(data)
        self._digest.update(data)
        self._observer.content(data)
        if self._room:
            kept = data[: self._room]
            self._kept.write(kept)
            self._room -= len(kept)

    def _item(self, event: StreamEvent) -> None:
        context = self._context
        timeline, log = context.recorder.timeline, context.event_log()
        at_ms = round((timeline.last_ns - (log.origin_ns or timeline.origin_ns)) / 1e6, 3)
        value = {"at_ms": at_ms, "type": event.type, "data": event.data, **event.more}
        if remark := log.add(value, event, context.deadline):
            context.note("events-left-out", remark)
        if len(context.secrets) != self._known:
            self._masked, self._known = self.secrets(), len(context.secrets)
        self._observer.item(value, event.text, self._masked)

    def response(self) -> Response | None:
        """The answer with its content; `None` when not even the status came."""
        if self.answer is None:
            return None
        if log := self._context.log:
            events = log.own if self.then and self.then.resumes else list(log.kept)
            if events:
                self.answer = self.answer.replace(data={**self.answer.data, "events": events})
        body = self.answer.body or (Body() if self.size else None)
        if body is None or self.then is not None or body.data:  # the adapter has kept the content itself, as of a hop that leads on
            return self.answer
        data = self._kept.getvalue()
        truncated = (self._keeps and len(data) < self.size) or not self.finished
        return self.answer.replace(body=body.replace(data=data, size=self.size, sha256=self._digest.hexdigest(), truncated=truncated))
