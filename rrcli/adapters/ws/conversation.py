"""The conversation over an open WebSocket: the steps in their order, standard input as it comes, and all that the peer says meanwhile.

What the peer says is told as soon as it is there. Whoever ends the conversation, the other side is told so by a close frame.
"""

from __future__ import annotations

from rrcli.adapters.http.versions.response import sent as http_sent
from rrcli.adapters.ws.events import event_of, finished_answer, is_good
from rrcli.adapters.ws.pings import Pings
from rrcli.adapters.ws.prepare import Await
from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError
from rrcli.base.wsurl import ws_url
from rrcli.codec.ws import NO_STATUS, Closed, WsMessage
from rrcli.engine.events import Finished
from rrcli.options.steps import filled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.ws.input import Input
    from rrcli.adapters.ws.prepare import Step
    from rrcli.adapters.ws.request import WsRequest
    from rrcli.adapters.ws.socket import Socket
    from rrcli.codec.ws import Event as WsEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event, Sent

SILENCE = 1.0  # seconds behind an answer that end a conversation for which no other end is named
SHORTEST = 1e-6  # seconds of a wait; none at all would be one without an end
MOST_LISTED = 10_000  # messages that `request.data` lists


class Over(Exception):
    """The conversation is over; `framing` says what ended it."""

    def __init__(self, framing: str) -> None:
        super().__init__(framing)
        self.framing = framing


def sent(prepared: PreparedRequest, messages: list[dict[str, Any]] | None = None, *, says_something: bool) -> Sent:
    """The request as the document has it: the upgrade, and each message that was sent. With none it may be repeated."""
    event = http_sent(prepared)
    data = {"method": prepared.method, "safe": not says_something, "idempotent": not says_something, "messages": messages or []}
    message = event.message.replace(data=data, name="the conversation")
    return event.replace(message=message, target=event.target.replace(url=ws_url(prepared.url)))


class WsConversation:
    """One conversation, from the 101 to its end."""

    def __init__(self, request: WsRequest, prepared: PreparedRequest, steps: list[Step], socket: Socket, context: Context) -> None:
        self._request = request
        self._prepared = prepared
        self._steps = steps
        self._socket = socket
        self._stream = socket.stream
        self._context = context
        self._says_something = bool(steps) or request.stdin
        self._messages: list[dict[str, Any]] = []  # that were sent, as the document lists them
        self._sent = 0
        self._unanswered = 0  # messages sent since the latest --await, without those that came since
        self._heard = False
        self._silence: Deadline | None = None  # behind the latest answer
        self._idle = Deadline.after(self._stream.idle, "--idle-timeout")
        self._arriving: Iterator[WsEvent] | None = None  # what came in one piece, and is not all told yet
        self._event: WsEvent | None = None  # the next of it
        self._closed: Closed | None = None
        self._said: int | None = None  # the code with which we ended it
        self._captures: dict[str, bytes] = {}
        self._input = _standard_input(request)
        self._pings = Pings(request, socket)

    def run(self) -> Iterator[Event]:
        """All of it. Raises what breaks the conversation, and `closed` where the peer ended it before what was waited for."""
        self._context.recorder.timeline.leave()
        try:
            yield from self._talk()
        except Over as over:
            self._goodbye()
            yield from self._end(over.framing)
        except ExchangeError as error:
            self._leave(error)
            error.delivery = error.delivery or self._delivery()
            yield from self._end(gone=self._closed is None and error.kind in ("closed", "reset"))
            raise
        except KeyboardInterrupt:
            self._goodbye()
            yield from self._end()
            raise

    def _end(self, framing: str | None = None, *, gone: bool = False) -> Iterator[Event]:
        """The answer, and what was sent, which is known only now."""
        if self._messages:
            yield sent(self._prepared, self._messages, says_something=True)
        yield Finished(answer=finished_answer(self._socket, framing, said=self._said, gone=gone))

    def _delivery(self) -> str:
        """Whether the peer got what was sent: its answer says so, and its goodbye."""
        if self._heard or self._socket.codec.closed:
            return "answered"
        return "unknown" if self._sent else "not_sent"

    def _leave(self, error: ExchangeError) -> None:
        """Leave what cannot go on; the peer is told why where it can still hear."""
        if error.layer == "protocol":
            self._socket.leave()
        elif error.kind == "timeout" or error.layer == "local":
            self._goodbye(wait=False)

    def _goodbye(self, *, wait: bool = True) -> None:
        """Say goodbye first, or after the peer, which answered itself then."""
        if self._closed is None:
            self._said, reason = self._request.close or (1000, "")
            try:
                for _ in self._arriving or ():  # what is not wanted any more
                    pass
            except ExchangeError:
                return
            self._socket.close(self._said, reason, wait=wait)

    # --- the course of it

    def _talk(self) -> Iterator[Event]:
        """The steps, then what comes up to the end. Raises `Over`."""
        self._pings.begin()
        awaited = next((step for step in self._steps if isinstance(step, Await)), None)
        while self._steps and self._steps[0] is not awaited and self._has_come():  # what came before our first message is no answer to it
            yield from self._take(self._pop())
            if self._closed and awaited:
                raise _closed_before(self._closed, f"{_shown(awaited)}, was met")
            self._check_closed("the first message was sent")
        for step in self._steps:
            if isinstance(step, Await):
                yield from self._await(step)
            else:
                self._say(filled(step.data, self._captures) if step.filled else step.data, is_text=step.is_text)
            yield from self._check_enough()
        while True:
            yield from self._check_enough()
            if self._is_answered():
                raise Over("message")
            if event := self._next(self._silence, takes_input=True):
                yield from self._take(event)
                self._check_closed()

    def _say(self, data: bytes, *, is_text: bool) -> None:
        """Send a message, and write down that it was sent."""
        self._sent += 1
        self._unanswered += 1
        self._socket.send(data, is_text=is_text, fragment=self._request.fragment or 0)
        timeline = self._context.recorder.timeline
        if self._sent <= MOST_LISTED:
            at_ms = round((timeline.last_ns - timeline.origin_ns) / 1e6, 3)
            self._messages.append({"at_ms": at_ms, "type": "text" if is_text else "binary", "size": len(data)})
        elif self._sent == MOST_LISTED + 1:
            self._context.note("messages-left-out", f"only the first {MOST_LISTED} messages that were sent are listed")

    def _await(self, step: Await) -> Iterator[Event]:
        """Read on until a message has what is wanted; what a regular expression names is captured."""
        shown = f"{_shown(step)}, was met"
        while True:
            try:
                event = self._next(None)
            except ExchangeError as error:
                if error.kind in ("timeout", "closed", "reset"):
                    error.message += f", before {shown}"
                raise
            if event is None:
                continue
            yield from self._take(event)
            if self._closed:
                raise _closed_before(self._closed, shown)
            if isinstance(event, WsMessage) and self._fits(step, event.data):
                self._unanswered, self._silence = 0, None
                return

    def _fits(self, step: Await, data: bytes) -> bool:
        """Whether a message has what is wanted. Raises `timeout` for an expression that takes too long."""
        if isinstance(step.wanted, bytes):
            return step.wanted in data
        from rrcli.base.timelimit import LIMIT, TimeLimitExceeded, matches_within

        pattern, left = step.wanted, self._stream.deadline.remaining_ms()
        try:
            seconds = LIMIT if left is None else min(LIMIT, left / 1000)
            found = pattern.search(data) if matches_within(seconds, pattern, data) else None
        except TimeLimitExceeded:
            message = f"{_shown(step)} was given up: it takes too long on a message of {len(data)} bytes"
            raise ExchangeError("transport", "timeout", message, hint="write the expression so that it has less to try") from None
        if found:
            self._captures.update({name: value or b"" for name, value in found.groupdict().items()})
        return found is not None

    # --- what ends it

    def _check_enough(self) -> Iterator[Event]:
        """End where the user's own end has come, after the pong that was asked for."""
        if not self._context.enough():
            return
        while self._pings.is_awaited:
            if event := self._next(None):
                yield from self._take(event)
                self._check_closed()
        raise Over("message")

    def _is_answered(self) -> bool:
        """Whether nothing more is to be expected, where the user named no end."""
        request = self._request
        if request.until is not None or request.max_events is not None or self._pings.is_awaited:
            return False
        if not self._says_something:
            return request.ping is not None and self._silence is not None and self._silence.passed()
        if self._input and not self._input.ended:
            return False
        return self._unanswered <= 0 or (self._silence is not None and self._silence.passed())

    def _check_closed(self, before: str | None = None) -> None:
        """End where the peer said goodbye. Raises `closed` where that was before what was waited for, or could be sent."""
        if self._closed is None:
            return
        if self._pings.is_awaited:
            raise _closed_before(self._closed, "the pong came")
        if self._request.until and (unmet := self._context.event_log().judge(None)):
            raise unmet
        if before and is_good(self._closed):
            raise _closed_before(self._closed, before)
        raise Over("close-frame")

    # --- what comes

    def _take(self, event: WsEvent) -> Iterator[Event]:
        """Tell one event, and count it."""
        rtt_ms = None
        if isinstance(event, Closed):
            self._closed = event
        elif isinstance(event, WsMessage):
            self._heard = True
            self._unanswered -= self._sent > 0
            self._silence = Deadline.after(SILENCE, "")
        elif event.opcode == "pong":
            rtt_ms = self._pings.answered(event.data, self._context.recorder.timeline.last_ns)
            self._silence = self._silence if self._says_something else Deadline.after(SILENCE, "")
        yield event_of(event, rtt_ms)

    def _next(self, until: Deadline | None, *, takes_input: bool = False) -> WsEvent | None:
        """The next event; `None` where none came before `until`, or before a ping or a line of standard input had to go out."""
        if not self._has_come():
            self._wait(until, takes_input=takes_input)
            return None
        return self._pop()

    def _has_come(self) -> bool:
        """Whether an event is there by now. Raises what breaks the connection off behind the events before."""
        while self._event is None:
            if self._arriving is None:
                if not self._stream.has_arrived():
                    return False
                self._idle = Deadline.after(self._stream.idle, "--idle-timeout")
                self._count_phase()
                self._arriving = self._socket.events()
            self._event = next(self._arriving, None)
            if self._event is None:
                self._arriving = None
        return True

    def _count_phase(self) -> None:
        """What came together with the 101 was not waited for: the answer begins with it, unless something is to be sent first."""
        timeline = self._context.recorder.timeline
        if self._stream.buffered and timeline.current is None and (self._sent or not self._says_something):
            timeline.reading(timeline.last_ns)
            timeline.read(timeline.last_ns)

    def _pop(self) -> WsEvent:
        """The event that is there."""
        event, self._event = self._event, None
        assert event
        return event

    def _wait(self, until: Deadline | None, *, takes_input: bool) -> None:
        """Wait for bytes of the peer, a line of standard input, the next ping, or `until`. Raises at the limits."""
        stream = self._stream
        soonest = self._idle.sooner(self._pings.due)
        soonest = soonest.sooner(until) if until else soonest
        if takes_input and self._input and not self._input.ended:
            if self._sent:
                self._context.recorder.timeline.reading(now())
            for line in self._input.read(stream, soonest):
                self._say(line, is_text=not self._request.binary)
        else:
            left = soonest.remaining_ms()
            stream.wait_readable(0 if left is None else max(left / 1000, SHORTEST))
        if self._idle.passed() and not stream.has_arrived():
            self._idle.expire()
        self._pings.turn()


def _shown(step: Await) -> str:
    wanted = step.wanted
    text = repr(wanted)[1:] if isinstance(wanted, bytes) else f"/{wanted.pattern.decode('utf-8', 'replace')}/"
    return f"step {step.number}, --await {text}"


def _closed_before(closed: Closed, what: str) -> ExchangeError:
    """The failure that the peer's goodbye is where something was waited for."""
    code = "without a code" if closed.code == NO_STATUS else f"with {closed.code}"
    reason = f" ({closed.reason})" if closed.reason else ""
    hint = "the server ended it: its log tells why; look at what came before"
    return ExchangeError("transport", "closed", f"the server closed {code}{reason} before {what}", hint=hint)


def _standard_input(request: WsRequest) -> Input | None:
    """What reads the messages of `--stdin`, where it is given."""
    if not request.stdin:
        return None
    from rrcli.adapters.ws.input import Input

    return Input(request.max_size)
