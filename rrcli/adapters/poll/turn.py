"""One request of polling and its answer, and what follows from it: the next request, or the end."""

from __future__ import annotations

from rrcli.adapters.http.hop import run_hop
from rrcli.adapters.http.notes import retry_after
from rrcli.adapters.poll.content import data_of, in_words
from rrcli.adapters.poll.polling import HELD_NS, PollState
from rrcli.base.deadline import now
from rrcli.base.errors import CONNECTION_LOST, ExchangeError, usage
from rrcli.engine.events import Blocked, Content, Continue, Finished, Received, StreamEvent
from rrcli.model.values import Body, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


HOLD_ENDED = (408, 504)  # how a server or a proxy ends a poll that it held for as long as it does
AT_ONCE_NS = 10**8  # an answer sooner than that was not held
MOST_NOTES = 5  # of one kind


class Turn:
    """One request and its answer."""

    def __init__(self, state: PollState, context: Context) -> None:
        self._http = state.http
        self._request: Any = state.http.options
        self._polling = state.polling
        self._context = context
        self._answer: Response | None = None
        self._content = bytearray()

    def events(self) -> Iterator[Event]:
        source = run_hop(self._http, self._context)
        whole: Response | None = None
        try:
            for event in source:  # to its end, or the connection would not be kept
                if isinstance(event, Received):
                    self._answer = event.answer
                elif isinstance(event, Content):
                    self._keep(event.data)
                elif isinstance(event, Blocked):
                    yield from self._wait(event)
                elif not isinstance(event, Finished):
                    yield event
                elif event.then:
                    yield event.replace(then=event.then.replace(state=PollState(polling=self._polling, http=event.then.state)))
                else:
                    whole = event.answer
        except ExchangeError as error:
            yield from self._fail(error)
        except KeyboardInterrupt:
            yield from self._broken_off()
            raise
        finally:
            source.close()  # type: ignore[attr-defined]  # adapters are generators
        if whole:
            yield from self._end(whole)

    def _keep(self, data: bytes) -> None:
        self._content += data
        if len(self._content) > self._request.max_size:
            raise ExchangeError("protocol", "too_large", f"an answer is larger than {self._request.max_size} bytes (--max-size)")

    def _wait(self, event: Blocked) -> Iterator[Event]:
        """Wait for a connection of HTTP/2 that nobody else uses; in a series whoever steps it does."""
        if self._context.pool is not self._polling.pool:
            yield event
        elif event.on is not None and not event.on.ready:
            from rrcli.wire.pool import wait

            idle, at_ns = self._request.idle_timeout, event.until.at_ns if event.until else None
            idle_ns = now() + int(idle * 1e9) if idle else None
            wait([event.on.session], min((stamp for stamp in (at_ns, idle_ns) if stamp is not None), default=None))
            if idle_ns and now() >= idle_ns and not event.on.ready:
                raise ExchangeError("transport", "timeout", f"nothing came for {idle:g}s (--idle-timeout)")

    # --- the answer

    def _end(self, answer: Response) -> Iterator[Event]:
        """The answer is whole: tell what it brings, and lead on to what has to be asked next."""
        polling, code = self._polling, answer.status.code or 0
        body = (answer.body or Body()).replace(data=bytes(self._content))
        text, value, line = data_of(body)
        polling.made += 1
        polling.state = in_words(answer, text)
        held_ns = polling.held_ns(self._context.recorder)
        seen = {"number": polling.made, "status": code, "held_ms": round(held_ns / 1e6, 3)}
        if value is not None:
            seen["json"] = value
        if code in HOLD_ENDED and held_ns >= HELD_NS:
            self._note(
                "hold-ended", f"{polling.state[:80]} after {held_ns / 1e9:.1f} s ended a held request: counted as one that brought nothing"
            )
            yield from self._poll(answer, text, value, b"", seen)
        elif code == 429 or code >= 500:
            yield from self._server_failure(answer)
        elif code >= 400 or (300 <= code < 400 and code != 304):
            yield from self._last(answer.replace(status=answer.status.replace(ok=False)))
        elif polling.listener:
            yield from self._callbacks(answer)
        elif polling.is_job or self._becomes_job(answer, value, text):
            yield from self._job(answer, text, seen)
        elif code == 202:
            note = "the 202 names no place to ask (no Location): it is the last answer; --status-url finds one in its content"
            self._context.note("nowhere-to-ask", note)
            yield from self._last(answer)
        else:
            yield from self._poll(answer, text, value, line, seen)

    def _last(self, answer: Response) -> Iterator[Event]:
        """It ends with this answer, whose content is the result."""
        yield Received(answer=answer)
        if self._content:
            yield Content(data=bytes(self._content))
        yield Finished(answer=self._told(answer))

    def _told(self, answer: Response) -> Response:
        return answer.replace(data={**answer.data, "events": [], "polls": self._polling.told()})

    def _whole(self, answer: Response) -> Response:
        """The answer with its content, of which the runner is told nothing."""
        if not self._content or answer.body is None:
            return self._told(answer)
        from rrcli.base.digest import sha256

        data = bytes(self._content)
        return self._told(answer).replace(body=answer.body.replace(data=data, size=len(data), sha256=sha256(data).hexdigest()))

    def _note(self, code: str, message: str) -> None:
        if sum(note.code == code for note in self._context.notes) < MOST_NOTES:
            self._context.note(code, message)

    # --- long polling

    def _poll(self, answer: Response, text: Any, value: Any, line: bytes, seen: dict[str, Any]) -> Iterator[Event]:
        """An answer of long polling: an event, where it brings something."""
        from rrcli.adapters.poll import follow

        polling, context = self._polling, self._context
        polling.recover()
        moved = follow.move(polling, self._http, answer, (text, value), context)
        empty = not line or follow.brings_nothing(value)
        if empty:
            polling.empty += 1
        else:
            self._remark(seen, value, moved)
        if polling.cursor is not None:
            seen["cursor"] = polling.cursor
        told = self._told(answer).replace(body=None)
        if not empty or self._request.empty:
            yield Received(answer=answer.replace(body=None))
            yield StreamEvent(type="empty" if empty else "poll", data=text, more=seen, text=line)
        if context.enough():
            yield Finished(answer=told)
            return
        prepared = retry_after(answer)
        if prepared is None:
            passed_ns = now() - context.recorder.timeline.origin_ns
            goes_on = not empty and (moved == "next" or (moved == "new" and bool(polling.mark)) or seen["held_ms"] * 1e6 >= AT_ONCE_NS)
            prepared = 0.0 if goes_on else max(0.0, self._request.every - passed_ns / 1e9)
        yield from self._again(told, prepared)

    def _remark(self, seen: dict[str, Any], value: Any, moved: str) -> None:
        """Note what is missing or comes twice."""
        polling = self._polling
        missing, repeated = polling.numbers.take(value)
        if missing:
            seen["missing"] = missing
            self._note("gap", f"answer {polling.made}: {missing} numbers are missing between what came before and what it brings")
        if repeated:
            seen["repeated"] = repeated
            self._note("repeated", f"answer {polling.made} brings {repeated} of what came before once more")
        if moved == "back":
            self._note("cursor-back", f"answer {polling.made} moves the cursor back, to {polling.cursor}")
        elif moved == "same" and polling.mark:
            self._note(
                "cursor-stuck", f"answer {polling.made} brings something and leaves the cursor at {polling.cursor}: it will come again"
            )

    # --- a job

    def _becomes_job(self, answer: Response, value: Any, text: Any) -> bool:
        """Whether there is a resource to ask for how far it is; the next request then goes there."""
        from rrcli.adapters.poll import follow

        self._polling.is_job = follow.to_status(self._polling, self._http, answer, (text, value), self._context)
        return self._polling.is_job

    def _job(self, answer: Response, text: Any, seen: dict[str, Any]) -> Iterator[Event]:
        """How far the job is: an event without a line of its own, for the result alone is content."""
        polling, context = self._polling, self._context
        polling.recover()
        if polling.made > 1 and answer.status.code == 202:
            from rrcli.adapters.poll import follow

            follow.to_status(polling, self._http, answer, None, context)
        yield StreamEvent(type="status", data=text or polling.state, more=seen, text=b"")
        done = answer.status.code != 202 and polling.made > 1 and self._request.until is None
        if done or context.enough():
            yield Received(answer=answer)
            if self._content:
                yield Content(data=bytes(self._content))
            yield Finished(answer=self._told(answer))
            return
        prepared = retry_after(answer)
        yield from self._again(self._whole(answer), self._request.every if prepared is None else prepared)

    # --- a callback

    def _callbacks(self, answer: Response) -> Iterator[Event]:
        """Wait for what was asked for to come by itself."""
        listener, context, request = self._polling.listener, self._context, self._request
        assert listener
        from rrcli.adapters.poll.callback import content_of, described
        from rrcli.policy.secrets import field_secrets, url_secrets

        yield Received(answer=answer.replace(body=None))
        told, came = self._whole(answer), 0
        timeline = context.recorder.timeline
        while not context.enough() and (came == 0 or request.until or request.max_events is not None):
            failure = f"no callback came within {request.idle_timeout:g}s (--idle-timeout)"
            try:
                call = listener.next(context.deadline, request.idle_timeout)
            except ExchangeError as error:
                call, failure = None, f"no callback came: {error.message}"
            if call is None:
                yield Finished(answer=told)
                timeline.finish()
                hint = f"can the server reach {listener.url}? --callback-url names another way"
                raise ExchangeError("transport", "timeout", f"{failure}; the request itself was answered {self._polling.state}", hint=hint)
            came += 1
            context.secret(*field_secrets(call.request.fields), *url_secrets(f"http://callback{call.request.target}"))
            timeline.ended(call.at_ns)
            text, value, line = content_of(call)
            more = {"at_ms": round((call.at_ns - timeline.origin_ns) / 1e6, 3), "number": came, **described(call)}
            yield StreamEvent(type="callback", data=text, more=more if value is None else {**more, "json": value}, text=line)
        yield Finished(answer=told)

    # --- failures, and what follows

    def _server_failure(self, answer: Response) -> Iterator[Event]:
        """A status that may pass: asked again if there was an answer before, and for so long."""
        polling, request = self._polling, self._request
        if polling.made == 1 or polling.in_a_row >= request.tolerate:
            yield from self._last(answer)
            return
        backoff = polling.back_off(request.retry_delay)
        prepared = retry_after(answer)
        yield from self._again(self._whole(answer), backoff if prepared is None else prepared)

    def _fail(self, error: ExchangeError) -> Iterator[Event]:
        """A request that failed: asked again where that may help, else raised with what was known before it."""
        polling, context = self._polling, self._context
        held = error.kind == "timeout" and context.recorder.timeline.current == "wait" and not context.whole.passed()
        may_pass = held or (error.kind in CONNECTION_LOST and polling.made > 0)
        kept_was_over = context.recorder.reused and not context.recorder.answered
        if may_pass and polling.in_a_row < self._request.tolerate and not polling.listener:
            polling.made += 1
            seconds = polling.back_off(self._request.retry_delay)
            if held:
                self._note("poll-timeout", f"request {polling.made} was held too long: {error.message}")
            yield from self._again(self._answer, 0.0 if held or kept_was_over else seconds, error)
            return
        yield from self._broken_off()
        if error.kind == "timeout" and polling.state:
            error.message = f"{error.message}; {self._so_far()}"
        raise error

    def _broken_off(self) -> Iterator[Event]:
        """What there is of an answer; where there is none, what came before is told all the same."""
        if self._answer:
            yield Received(answer=self._answer)
            yield Content(data=bytes(self._content))
        elif self._polling.made:
            nothing = Response(summary="", status=Status(text="no answer", ok=False))
            yield Received(answer=self._told(nothing))

    def _again(self, answer: Response | None, seconds: float, failure: ExchangeError | None = None) -> Generator[Event, None, None]:
        """Wait, and lead on to the next request. Raises the time-out where that would come too late."""
        polling, whole = self._polling, self._context.whole
        following = polling.next_asked()
        assert polling.base
        assert following
        if following.upload and not following.upload.repeatable:
            raise usage(
                f"the request is to be sent again, and {following.upload.path} can be read only once", "put the content into a file"
            )
        if whole.at_ns is not None and now() + int(seconds * 1e9) >= whole.at_ns:
            yield Finished(answer=answer, failure=failure)
            self._context.recorder.timeline.finish()  # it failed after this request, not in one of its phases
            hint = "allow more with --deadline"
            raise ExchangeError("transport", "timeout", f"the time limit ({whole.limit}) leaves no room; {self._so_far()}", hint=hint)
        if self._context.poll_in:
            self._context.poll_in(seconds, polling.made, polling.state)
        if seconds:
            try:
                polling.sleep(seconds)
            except KeyboardInterrupt:
                yield Finished(answer=answer, failure=failure)
                raise
        polling.prepared = following
        state = PollState(polling=polling, http=polling.base.replace(prepared=following, redirects=0))
        yield Finished(answer=answer, then=Continue(why="poll", state=state, resumes=True), failure=failure)

    def _so_far(self) -> str:
        made = self._polling.made
        return f"asked {'once' if made == 1 else f'{made} times'}, last: {self._polling.state or 'no answer'}"
