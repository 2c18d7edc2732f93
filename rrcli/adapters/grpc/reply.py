"""The answer of a call: its messages as they come, and the status behind them."""

from __future__ import annotations

from rrcli.adapters.grpc.connection import is_grpc
from rrcli.adapters.http.versions.response import ResponseReader
from rrcli.base.errors import ExchangeError, malformed, truncated
from rrcli.base.fields import first
from rrcli.base.jsontext import dumps
from rrcli.codec.grpc.framing import Unframer
from rrcli.codec.grpc.status import DEADLINE_EXCEEDED, DETAILS, OF_HTTP, UNKNOWN, code_of, message_of, name_of
from rrcli.engine.events import Content, Finished, Received, StreamEvent
from rrcli.model.values import Body, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.adapters.grpc.schema import Schema
    from rrcli.codec.grpc.framing import Framed
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields, Response

    ToJson = Callable[[bytes], Any]

MOST_MESSAGES = 10_000  # that are kept; the others are counted
COST = 60  # about how many bytes a value takes in memory beside its text
MOST_FOREIGN = 1 << 16  # bytes of an answer that is not gRPC's
NEAR_MS = 50.0  # a server's clock may have the deadline pass a little before ours


class GrpcReader(ResponseReader):
    """Reads the status out of the trailers, or the head where that is all there is."""

    def status_of(self, response: Response) -> Status:
        return status_in(response.trailers) or status_in(response.fields) or response.status


def status_in(fields: Fields) -> Status | None:
    """The status that fields hold; one that is no number is UNKNOWN."""
    said = first(fields, "grpc-status")
    if said is None:
        return None
    code = code_of(said)
    if code is None:
        return Status(code=UNKNOWN, text=name_of(UNKNOWN), ok=False, reason=f"grpc-status is {said[:40]!r}, no number")
    return Status(code=code, text=name_of(code), ok=code == 0, reason=message_of(first(fields, "grpc-message") or ""))


def status_of_http(code: int) -> Status:
    """What an answer without grpc-status means."""
    found = OF_HTTP.get(code, UNKNOWN)
    return Status(code=found, text=name_of(found), ok=False, reason=f"the server answered HTTP {code}, without a grpc-status")


class Reply:
    """Turns what HTTP brings of an answer into gRPC's. `single`: the method answers with one message.

    `live`: messages are told as events of a stream, and not as content.
    """

    def __init__(self, context: Context, to_json: ToJson, *, single: bool, live: bool) -> None:
        self.answer: Response | None = None
        self.count = 0
        self.ended = False
        self.enough = False  # as many messages came as were asked for, or the one that was waited for
        self.messages: list[Any] = []
        self.more: dict[str, Any] = {}  # that the document has beside
        self.types: Schema | None = None  # by which details are read too
        self._events: list[dict[str, Any]] = []
        self._context = context
        self._to_json = to_json
        self._single = single
        self._live = live
        self._unframer = Unframer(context.request.max_size)
        self._is_grpc = False
        self._http = 0
        self._room = context.request.max_size
        self._foreign = 0  # bytes of an answer that is not gRPC's
        self._compressed = False
        self._held = b""  # the one message of a method that answers with one, which counts only with the status OK

    def read(self, events: Iterator[Event]) -> Iterator[Event]:
        """Pass on what comes, in gRPC's words."""
        for event in events:
            if isinstance(event, Received):
                yield from self._head(event.answer)
            elif isinstance(event, Content):
                yield from self._content(event)
            elif isinstance(event, Finished):
                assert event.answer
                yield from self._end(event.answer)
            else:
                yield event

    def data(self) -> dict[str, Any]:
        """What the document has of the answer as far as it came."""
        found: dict[str, Any] = {"messages": self.messages, "events": self._events, "status_details": [], "http_status": self._http or None}
        return {**found, **self.more}

    # --- the parts

    def _head(self, answer: Response) -> Iterator[Event]:
        fields = answer.fields
        self._http = _http_code(answer.summary)
        self._is_grpc = is_grpc(fields)
        only = status_in(fields)
        if not only:
            self._unframer.encoding = (first(fields, "grpc-encoding") or "identity").strip().lower()
        body = self._body(answer)
        status = only or (Status(text="", ok=True) if self._is_grpc and self._http == 200 else status_of_http(self._http))
        self.answer = answer.replace(
            summary=f"HTTP/2 {self._http}",
            status=status,
            body=body,
            framing="trailers-only" if only else answer.framing,
            data={"version": "HTTP/2", **self.data()},
        )
        yield Received(answer=self.answer)
        yield from self._tell("trailer" if only else "header", as_object(fields))

    def _body(self, answer: Response) -> Body | None:
        if not self._is_grpc:
            return answer.body
        if self._live:
            return None
        return Body(media_type="application/json" if self._single else "application/x-ndjson", charset="utf-8")

    def _content(self, event: Content) -> Iterator[Event]:
        if not self._is_grpc:
            yield event
            self._foreign += len(event.data)
            if self._foreign > MOST_FOREIGN and self.answer:
                self.ended = self.enough = True
                yield from self._without_status(self.answer)
            return
        try:
            found = self._unframer.feed(event.data)
        except ExchangeError:
            yield from self._messages(self._unframer.salvaged)
            raise
        yield from self._messages(found)

    def _messages(self, found: list[Framed]) -> Iterator[Event]:
        context = self._context
        for each in found:
            if self.enough:
                return
            value = self._to_json(each.data)
            text = dumps(value).encode("utf-8", "surrogateescape")
            self.count += 1
            self._keep(value, text)
            self._compressed = self._compressed or each.compressed
            yield from self._tell("message", value, text, size=len(each.data), wire_size=each.wire_size)
            if self._single:
                self._held = text + b"\n"
            elif not self._live:
                yield Content(data=text + b"\n")
            most = context.request.max_events
            self.enough = (most is not None and self.count >= most) or (context.log is not None and context.log.held)
            if context.deadline.passed():
                context.deadline.expire()

    def _keep(self, value: Any, text: bytes) -> None:
        """Keep a message for the document while there is room."""
        if self._room < 0:
            return
        self._room -= len(text) + COST * (text.count(b",") + text.count(b":") + 1)
        if (self._room < 0 and self.messages) or len(self.messages) == MOST_MESSAGES:
            self._room = -1
            self._context.note("messages-left-out", f"only the first {len(self.messages)} messages are kept in the document")
            return
        self.messages.append(value)

    def _tell(self, kind: str, value: Any, text: bytes = b"", **more: int) -> Iterator[Event]:
        """An event of the answer: to the observer where it is a stream, else for the document alone."""
        if self._live:
            yield StreamEvent(type=kind, data=value, text=text, more=more)
            return
        if kind == "message" and (self._room < 0 or len(self._events) >= MOST_MESSAGES):
            return
        timeline = self._context.recorder.timeline
        at_ms = round((timeline.last_ns - timeline.origin_ns) / 1e6, 3)
        self._events.append({"at_ms": at_ms, "type": kind, "data": value, **more})

    # --- the end

    def _end(self, whole: Response) -> Iterator[Event]:
        assert self.answer
        self.ended = True
        trailers = status_in(whole.trailers)
        status = trailers or status_in(whole.fields)
        if trailers:
            yield from self._tell("trailer", as_object(whole.trailers))
        answer = self.answer.replace(trailers=whole.trailers, data={**self.answer.data, **self.data()})
        if status is None:
            yield from self._without_status(answer)
            return
        if trailers:
            answer = answer.replace(framing="trailers")
        summary = f"{status.code} {status.text}" if status.text != str(status.code) else status.text
        fields = answer.trailers if trailers else answer.fields
        self.answer = answer.replace(
            status=status, summary=summary, data={**answer.data, "status_details": self._details(first(fields, DETAILS))}
        )
        if self._compressed:
            self._context.note("compressed", f"messages came compressed with {self._unframer.encoding}")
        if status.code == DEADLINE_EXCEEDED and self._is_ours():
            yield Received(answer=self.answer)
            said = self._context.deadline.limit
            raise ExchangeError("transport", "timeout", f"the time limit passed ({said}): the server says DEADLINE_EXCEEDED")
        if status.ok:
            self._refuse_incomplete()
            if self._held and not self._live:
                yield Content(data=self._held)
        yield Finished(answer=self.answer)

    def _is_ours(self) -> bool:
        """Whether the deadline that the server had is over for us too."""
        left = self._context.deadline.remaining_ms()
        return left is not None and left <= NEAR_MS

    def _refuse_incomplete(self) -> None:
        """Raise `truncated` or `malformed` for an OK that comes with less than it says."""
        self._unframer.finish()
        if self._single and self.count != 1:
            what = "no message came" if not self.count else f"{self.count} messages came for a method that answers with one"
            raise malformed(f"the status is OK, and {what}")

    def _without_status(self, answer: Response) -> Iterator[Event]:
        """The answer ended, and nobody said how the call went."""
        self._context.note("grpc-status-missing", f"the answer, HTTP {self._http}, has no grpc-status")
        if self._http != 200:
            self.answer = answer.replace(status=status_of_http(self._http))
            yield Finished(answer=self.answer)
            return
        if self._is_grpc:
            self._unframer.finish()
            hint = "the server, or a proxy that drops trailers, ended the stream: its log tells why"
            raise truncated("the answer ended without trailers, and so without a grpc-status", hint)
        kind = first(answer.fields, "content-type") or "nothing that says its type"
        self.answer = answer.replace(status=status_of_http(self._http))
        yield Finished(answer=self.answer)
        hint = "is this the port of a gRPC server? rrcli http shows the whole answer"
        raise ExchangeError("protocol", "wrong_protocol", f"expected gRPC, got HTTP/2 200 with {kind[:80]}", hint=hint)

    def _details(self, said: str | None) -> list[Any]:
        if said is None:
            return []
        from rrcli.adapters.grpc.details import details_of

        found, unread = details_of(said, self.types)
        if unread:
            self._context.note("details-undecoded", f"{DETAILS} has {unread}")
        return found


def as_object(fields: Fields) -> dict[str, str]:
    """Metadata as an object; what comes several times is joined, as HTTP allows."""
    found: dict[str, str] = {}
    for name, value in fields:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _http_code(summary: str) -> int:
    """The number in `HTTP/2 200`."""
    return int(summary.split()[1])
