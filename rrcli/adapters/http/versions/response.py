"""Turns what a stream brings of an HTTP answer, in whichever version, into what the runner is told."""

from __future__ import annotations

from rrcli.base.digest import Digest
from rrcli.base.errors import ExchangeError, too_large
from rrcli.base.fields import first
from rrcli.codec.http.h1 import Data, Head, Informational, Trailers
from rrcli.engine.events import Content, Finished, Received, Sent
from rrcli.model.values import Body, RequestMessage, Response, Status, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Protocol

    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.codec.http.content import ContentDecoder
    from rrcli.codec.http.h1 import Event as CodecEvent
    from rrcli.engine.context import Context
    from rrcli.engine.events import Continue, Event
    from rrcli.model.values import Fields, Note

    class Incoming(Protocol):
        """The answer's half of a `ClientStream`."""

        notes: list[Note]

        @property
        def framing(self) -> str | None: ...
        @property
        def transfer_codings(self) -> tuple[str, ...]: ...
        @property
        def unread(self) -> bytes: ...
        def events(self) -> Iterator[list[CodecEvent]]: ...
        def measured(self) -> dict[str, Any]: ...

    # The request that an answer leads to, and the history's word for why; `None` where the answer is the last one.
    Leads = Callable[[Response], "Continue | None"]

TLS_PORT = (b"plain HTTP request was sent to HTTPS port", b"HTTP request to an HTTPS server", b"plain HTTP to an SSL-enabled server port")
MOST_WITHHELD = 64 << 20  # bytes of content of an answer that leads on: nobody waits for more of it
LOOKED_AT = 4096  # bytes of a refusal in which those words are looked for


def media_type_of(fields: Fields) -> tuple[str | None, str | None]:
    """Media type and charset of a Content-Type, in lower case (RFC 9110 section 8.3)."""
    kind, *parameters = (first(fields, "content-type") or "").split(";")
    charset = None
    for parameter in parameters:
        key, _, value = parameter.strip().partition("=")
        if key.lower() == "charset":
            charset = value.strip("\"' ").lower() or None
            break
    return kind.strip().lower() or None, charset


def _joined(events: Iterable[CodecEvent]) -> Iterator[CodecEvent]:
    """The events, content that came together in one: servers send it in small frames, and each piece costs."""
    waiting: list[bytes] = []
    for event in events:
        if isinstance(event, Data):
            waiting.append(event.data)
            continue
        if waiting:
            yield Data(data=b"".join(waiting))
            waiting.clear()
        yield event
    if waiting:
        yield Data(data=b"".join(waiting))


class ResponseReader:
    """Turns the stream's events into the adapter's, and keeps what the finished answer needs.

    `leads` says of each answer where it leads; of one that leads on nothing is told before it is whole.
    """

    def __init__(self, prepared: PreparedRequest, context: Context, stream: Incoming, leads: Leads) -> None:
        self.answer: Response | None = None
        self.refused = False  # a final answer came that makes it pointless to send more
        self.ended = False
        self.may_continue = False
        self._prepared = prepared
        self._context = context
        self._stream = stream
        self._leads = leads
        self._next: Continue | None = None
        self._refusal: ExchangeError | None = None  # why it is not followed; raised when the answer is whole
        self._withheld = bytearray()  # content of an answer that leads on, as much of it as is kept
        self._digest = Digest()  # of all of that
        self._size = 0
        self._informational: list[dict[str, Any]] = []
        self._content: ContentDecoder | None = None
        self._start = b""  # of a refusal, where it may say that the port speaks TLS

    def status_of(self, response: Response) -> Status:
        """The status of an answer: that of its head. Asked again when the trailers came, which is where other protocols have theirs."""
        return response.status

    def read(self) -> Iterator[Event]:
        """The events of what has arrived; those before an error too. Raises what the stream raises, and what the content is not."""
        batches = self._stream.events()
        while True:
            try:
                found = next(batches, None)
            except ExchangeError as error:
                yield from self._broken_off(error)
                return
            if found is None:
                return
            for event in found if len(found) < 3 else _joined(found):
                yield from self._take(event)

    def _broken_off(self, error: ExchangeError) -> Iterator[Event]:
        """The answer ends within itself. Raises the error, unless the content that is cut is not needed."""
        if self._next and error.kind == "truncated" and self._stream.framing == "content-length":  # curl follows it too
            self._forgive(error)
            yield from self._end()
            return
        yield from self._tell_withheld()
        if self.answer and self._stream.framing is None:
            yield Content(data=self._stream.unread)  # of a head that contradicts itself: content, as far as can be told
        raise error

    def _forgive(self, error: ExchangeError) -> None:
        """The content of an answer that leads on is broken, which does not stand in the way."""
        self._content = None
        self._context.note("broken-redirect", f"the content of the redirect is broken, and not needed to follow it: {error.message}")

    def tell_notes(self) -> None:
        """Hand on the stream's notes."""
        for note in self._stream.notes:
            self._context.note(note.code, note.message)

    def upload_stopped(self) -> None:
        assert self.answer
        message = f"the answer {self.answer.summary} came before the request was whole; the rest was not sent"
        self._context.note("upload-stopped", message)

    def _take(self, event: CodecEvent) -> Iterator[Event]:
        if isinstance(event, Data):
            yield from self._data(event.data)
        elif isinstance(event, Head):
            yield from self._head(event)
        elif isinstance(event, Informational):
            self.may_continue = self.may_continue or event.code == 100
            fields = [list(field) for field in event.fields]
            self._informational.append({"status": event.code, "reason": event.reason, "fields": fields})
            self._remark(event)
        elif isinstance(event, Trailers):
            assert self.answer
            self.answer = self.answer.replace(trailers=event.fields)
            self.answer = self.answer.replace(status=self.status_of(self.answer))
        else:
            yield from self._end()

    def _head(self, head: Head) -> Iterator[Event]:
        data: dict[str, Any] = {"version": head.version}
        if self._informational:
            data["informational"] = self._informational
        media_type, charset = media_type_of(head.fields)
        has_body = self._stream.framing not in ("none", "upgrade")
        self.answer = Response(
            summary=f"{head.version} {head.code} {head.reason}".strip(),
            status=Status(code=head.code, text=head.reason, ok=head.code < 400),
            fields=head.fields,
            body=Body(media_type=media_type, charset=charset) if has_body else None,
            framing=self._stream.framing,
            data=data,
        )
        self.refused = head.code >= 300
        self.answer = self.answer.replace(status=self.status_of(self.answer))
        self._remark(head)
        try:
            self._next = self._leads(self.answer)
        except ExchangeError as error:
            self._refusal = error
        wrong = None
        if self._prepared.start is not None and self._next is None and self._refusal is None:
            from rrcli.adapters.http.download import resumed

            self.answer, wrong = resumed(self.answer, self._prepared, self._prepared.start, self._context)
        if self._next is None:
            yield Received(answer=self.answer)
        if wrong:
            raise wrong
        coded = first(head.fields, "content-encoding") is not None and not self._prepared.coded
        if has_body and (coded or self._stream.transfer_codings):
            self._decode(head.fields if coded else ())

    def _remark(self, head: Head | Informational) -> None:
        """Explain the transcript's latest entry; that of HTTP/2 shows each frame decoded."""
        if head.version.startswith("HTTP/1"):
            version = f"{head.version} " if isinstance(head, Head) else ""
            self._context.recorder.remark(f"{version}{head.code} {head.reason}".strip())

    def _tell_withheld(self) -> Iterator[Event]:
        """The answer would have led on, and broke off: it is the last one."""
        if self._next and self.answer:
            self._next = None
            yield Received(answer=self.answer)
            yield Content(data=bytes(self._withheld))

    def _decode(self, fields: Fields) -> None:
        """Undo the transfer codings from here on, and the content codings. Raises `unsupported` for one that curl refuses too."""
        from rrcli.codec.http.content import LAYERS, ContentDecoder, codings

        found = codings(fields)
        asked_for = self._prepared.field("accept-encoding")
        unasked = [coding for coding in found if coding in LAYERS and coding.removeprefix("x-") not in asked_for and "*" not in asked_for]
        if unasked:
            self._context.note(
                "unasked-coding", f"the content is coded with {unasked[0][:40]!r}, which was not asked for; what can be decoded is"
            )
        unknown = [coding for coding in found if coding not in (*LAYERS, "none")]
        if unknown and asked_for and not self._next:
            message = f"Content-Encoding says {unknown[0][:40]!r}, which is no content coding"
            raise ExchangeError("protocol", "unsupported", message, hint="without --compressed the content is shown as it came")
        under = self._stream.transfer_codings
        self._content = ContentDecoder([*found, *under], self._context.note, doubted=not asked_for and not under)

    def _data(self, data: bytes) -> Iterator[Event]:
        if self._content is None:
            yield from self._piece(data)
            return
        try:
            for piece in self._content.feed(data):
                yield from self._piece(piece)
                if self._context.deadline.passed():  # a few bytes may unfold for hours
                    self._context.deadline.expire()
        except ExchangeError as error:
            if self._next is None or error.layer != "protocol":
                raise
            self._forgive(error)

    def _piece(self, data: bytes) -> Iterator[Event]:
        if len(self._start) < LOOKED_AT:
            self._start += data[:LOOKED_AT]
        if self._next is None:
            yield Content(data=data)
            return
        self._size += len(data)
        self._digest.update(data)
        self._withheld += data[: max(0, self._context.request.max_size - len(self._withheld))]
        if self._size > MOST_WITHHELD:
            yield from self._tell_withheld()
            raise too_large(f"the answer leads on, and its content is longer than {MOST_WITHHELD >> 20} MiB")

    def _end(self) -> Iterator[Event]:
        assert self.answer
        if measured := self._stream.measured():
            self.answer = self.answer.replace(data={**self.answer.data, **measured})
        if self._content:
            try:
                self._content.finish()
            except ExchangeError as error:
                if self._next is None:
                    raise
                self._forgive(error)
        self.ended = True
        if self._prepared.scheme == "http" and self.answer.status.code == 400 and any(words in self._start for words in TLS_PORT):
            url = f"https{self._prepared.url.removeprefix('http')}"
            self._context.note("tls-port", f"this port speaks TLS: use {url}")
        if self._next is None:
            yield Finished(answer=self.answer)
            if self._refusal:
                raise self._refusal
            return
        yield Finished(answer=self._with_content(self.answer), then=self._next)

    def _with_content(self, answer: Response) -> Response:
        """The answer with the content that was withheld."""
        if answer.body is None:
            return answer
        data = bytes(self._withheld)
        cut = len(data) < self._size
        return answer.replace(body=answer.body.replace(data=data, size=self._size, sha256=self._digest.hexdigest(), truncated=cut))


SAFE = ("GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH")  # RFC 9110 section 9.2.1 and its registry
IDEMPOTENT = (*SAFE, "PUT", "DELETE", "COPY", "MOVE", "MKCOL", "PROPPATCH")


def sent(prepared: PreparedRequest) -> Sent:
    """The request as the document has it."""
    return Sent(message=_message(prepared), target=Target(url=prepared.url, host=prepared.host, port=prepared.port))


def without_connection(prepared: PreparedRequest, version: str) -> PreparedRequest:
    """The request as HTTP/2 or HTTP/3 sends it, which have no fields about the connection."""
    from rrcli.codec.http.h2fields import fields_of

    return prepared.replace(version=version, fields=fields_of(prepared.fields))


def note_dropped(prepared: PreparedRequest, version: str, context: Context) -> None:
    """Note the user's own fields that this version, HTTP/2 or HTTP/3, has no place for."""
    from rrcli.codec.http.h2fields import lost_fields

    if lost := lost_fields(prepared.fields):
        rfc = {"HTTP/2": "RFC 9113 section 8.2.2", "HTTP/3": "RFC 9114 section 4.2"}[version]
        context.note("field-dropped", f"{version} has no place for {', '.join(lost)} ({rfc}): not sent")


def _message(prepared: PreparedRequest) -> RequestMessage:
    return RequestMessage(
        summary=f"{prepared.method} {prepared.target} {prepared.version}",
        fields=prepared.fields,
        body=_body(prepared),
        data={
            "method": prepared.method,
            "safe": prepared.method in SAFE,
            "idempotent": prepared.method in IDEMPOTENT or bool(prepared.field("idempotency-key")),
        },
        name=prepared.method,
    )


def _body(prepared: PreparedRequest) -> Body | None:
    """The content that goes out; of an upload what has gone so far."""
    if prepared.upload:
        body = prepared.upload.body()
    elif prepared.content is not None:
        from rrcli.base.digest import sha256

        data = prepared.content if prepared.plain is None else prepared.plain
        body = Body(data=data, size=len(data), sha256=sha256(data).hexdigest())
    else:
        return None
    media_type, charset = media_type_of(prepared.fields)
    return body.replace(media_type=media_type, charset=charset)


def note_doubts(request: AnyHttpRequest, prepared: PreparedRequest, context: Context) -> None:
    """Note what is likely not meant."""
    if (
        request.data
        and (prepared.content or b"").lstrip()[:1] in (b"{", b"[")
        and prepared.field("content-type").startswith("application/x-www-form")
    ):
        context.note("json-as-form", "the content looks like JSON but is sent as a form: add -H 'Content-Type: application/json'")
    if request.parts:
        from rrcli.adapters.http.prepare.partwords import doubts

        for part_doubt in doubts(request.parts):
            context.note("form-part", part_doubt)
    if (authorization := first(prepared.fields, "authorization") or "")[:7].lower() == "bearer ":
        from rrcli.adapters.http.prepare.auth import expired

        if ago := expired(authorization):
            context.note("token-expired", f"the bearer token's exp passed {_span(ago)} ago: get a new one")
    if request.uses_netrc:
        from rrcli.adapters.http.prepare.netrc import doubts as netrc_doubts

        for code, doubt in netrc_doubts(request):
            context.note(code, doubt)


def _span(seconds: float) -> str:
    """`3 days`, in the largest unit that fits."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return f"{seconds:.0f} seconds"
