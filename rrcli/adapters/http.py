"""HTTP/1.0 and 1.1: one request out, its answer in, with informational answers, trailers and content codings.

What the words and options mean is `httpwords.py`, how bytes make a message is `codec/h1.py`; here the two meet the wire.
"""

from __future__ import annotations

from rrcli.adapters.httpwords import Asked, understand
from rrcli.codec.h1 import LAST_CHUNK, Data, Head, Informational, ResponseDecoder, Trailers, encode_chunk, encode_request
from rrcli.errors import ExchangeError
from rrcli.events import Content, Finished, Received, Sent
from rrcli.model import Answer, Body, Message, Status, Target
from rrcli.options import Request, option
from rrcli.wire.clock import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.codec.content import ContentDecoder
    from rrcli.codec.h1 import Event as H1Event
    from rrcli.model import Fields
    from rrcli.registry import Event
    from rrcli.runner import Context
    from rrcli.wire.clock import Timeline
    from rrcli.wire.stream import Stream

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH")  # RFC 9110 section 9.2.1 and its registry
IDEMPOTENT = (*SAFE, "PUT", "DELETE", "COPY", "MOVE", "MKCOL", "PROPPATCH")
CONTINUE_WAIT = 1.0  # seconds for a 100, as curl has it
ONE_WRITE = 65536  # bytes of content that go out together with the head
TLS_PORT = (b"plain HTTP request was sent to HTTPS port", b"HTTP request to an HTTPS server", b"plain HTTP to an SSL-enabled server port")
LOOKED_AT = 4096  # bytes of a refusal in which those words are looked for


def step(flag: str, text: str) -> tuple[str, str]:
    return flag, text


class HttpRequest(Request):
    """`[METHOD] URL [ITEM...]`, in HTTPie's words or with curl's options."""

    method: str | None = option("-X", "--request", "--method", metavar="METHOD", help="Method; GET, or POST with content.")
    headers: tuple[str, ...] = option(
        "-H",
        "--header",
        kind="many",
        metavar="FIELD",
        help="Field 'Name: value'; 'Name:' removes a default, 'Name;' is empty, @FILE has many.",
    )
    user_agent: str | None = option("-A", "--user-agent", metavar="TEXT", help="User-Agent; empty sends none.")
    referer: str | None = option("-e", "--referer", metavar="URL", help="Referer.")
    cookies: tuple[str, ...] = option("-b", "--cookie", kind="many", metavar="NAME=VALUE", help="Cookies: 'a=1; b=2'.")
    range: str | None = option("-r", "--range", metavar="RANGE", help="Ask for these bytes: 0-499, 500-, -500.")
    compressed: bool = option("--compressed", kind="flag", help="Ask for gzip or deflate; they are decoded in any case.")
    user: str | None = option("-u", "--user", metavar="USER:PASSWORD", help="Basic authentication; asks for a missing password.")
    bearer: str | None = option("--bearer", metavar="TOKEN", help="Bearer authentication.")

    data: tuple[tuple[str, str], ...] = option(
        "-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", kind="steps", parse=step, metavar="DATA",
        help="Content, joined by &; @FILE reads one without line ends, --data-binary as it is; --data-raw takes no file.", group="Content",
    )  # fmt: skip
    parts: tuple[tuple[str, str], ...] = option(
        "-F", "--form-string", kind="steps", parse=step, metavar="NAME=VALUE", group="Content",
        help="A part of a multipart form: name=value, name=@FILE, name=<FILE, with ;type= and ;filename=.",
    )  # fmt: skip
    form: bool = option("--form", kind="flag", help="Send items as a form in place of JSON.", group="Content")
    upload: str | None = option("-T", "--upload-file", metavar="FILE", help="PUT a file; - is standard input, in chunks.", group="Content")
    get: bool = option("-G", "--get", kind="flag", help="Put what -d names into the query.", group="Content")

    head: bool = option("-I", "--head", kind="flag", help="Ask for the fields alone (HEAD).")
    http10: bool = option("-0", "--http1.0", kind="flag", help="Speak HTTP/1.0.")
    http11: bool = option("--http1.1", kind="flag", help="Speak HTTP/1.1, which is the default.")
    path_as_is: bool = option("--path-as-is", kind="flag", help="Leave /./ and /../ in the path.")
    fail: bool = option(
        "-f", "--fail", "--fail-with-body", kind="flag", help="Fail on a status from 400: always so here, taken for curl's sake."
    )


def exchange(request: HttpRequest, context: Context) -> Iterator[Event]:
    """Send the request and read its answer; the connection is closed after it."""
    asked = understand(request, context.id)
    upload = asked.upload
    try:
        head = encode_request(asked.method, asked.target, asked.version, asked.fields)
        sent = Sent(message=_message(asked), target=Target(url=asked.url, host=asked.host, port=asked.port))
        _note_doubts(request, asked, context)
        yield sent
        stream = context.connect(asked.host, asked.port, tls=asked.scheme == "https", alpn=("http/1.1",))
        reception = Reception(asked, context)
        try:
            yield from _send(head, asked, stream, reception, context.trace.timeline)
            if upload:  # what went out is known only now
                yield sent.replace(message=sent.message.replace(body=_body(asked)))
            while not reception.ended:
                data = stream.receive()
                yield from reception.feed(data) if data else reception.end_of_stream()
        finally:
            reception.tell_notes()
            stream.close()
    finally:
        if upload:
            upload.close()


def _message(asked: Asked) -> Message:
    return Message(
        summary=f"{asked.method} {asked.target} {asked.version}",
        fields=asked.fields,
        body=_body(asked),
        data={
            "method": asked.method,
            "safe": asked.method in SAFE,
            "idempotent": asked.method in IDEMPOTENT or bool(asked.field("idempotency-key")),
        },
    )


def _body(asked: Asked) -> Body | None:
    """The content that goes out; of an upload what has gone so far."""
    if asked.upload:
        body = asked.upload.body()
    elif asked.content is not None:
        from rrcli.digest import sha256

        body = Body(data=asked.content, size=len(asked.content), sha256=sha256(asked.content).hexdigest())
    else:
        return None
    media_type, charset = media_type_of(asked.fields)
    return body.replace(media_type=media_type, charset=charset)


def media_type_of(fields: Fields) -> tuple[str | None, str | None]:
    """Media type and charset of a Content-Type, in lower case (RFC 9110 section 8.3)."""
    for name, value in fields:
        if name.lower() == "content-type":
            kind, *parameters = value.split(";")
            for parameter in parameters:
                key, _, charset = parameter.strip().partition("=")
                if key.lower() == "charset":
                    return kind.strip().lower() or None, charset.strip("\"' ").lower() or None
            return kind.strip().lower() or None, None
    return None, None


def _note_doubts(request: HttpRequest, asked: Asked, context: Context) -> None:
    """Note what is likely not meant."""
    if (
        request.data
        and (asked.content or b"").lstrip()[:1] in (b"{", b"[")
        and asked.field("content-type").startswith("application/x-www-form")
    ):
        context.note("json-as-form", "the content looks like JSON but is sent as a form: add -H 'Content-Type: application/json'")


# --- out


def _send(head: bytes, asked: Asked, stream: Stream, reception: Reception, timeline: Timeline) -> Iterator[Event]:
    """Send head and content. What comes meanwhile is read at once; a final answer from 300 on ends the sending."""
    if asked.content and len(asked.content) <= ONE_WRITE and not asked.awaits_continue:
        yield from _write(head + b"".join(_pieces(asked, stream.deadline)), "head and content", stream, reception, timeline)
        return
    yield from _write(head, "head", stream, reception, timeline)
    if asked.awaits_continue:
        yield from _await_continue(stream, reception, timeline)
    try:
        for piece in _pieces(asked, stream.deadline):
            if not (yield from _write(piece, "content", stream, reception, timeline)):
                reception.upload_stopped()
                return
    except ExchangeError as error:
        if error.kind != "reset" or reception.answer is None:
            raise
        reception.upload_stopped()


def _pieces(asked: Asked, deadline: Deadline) -> Iterator[bytes]:
    """The content as it goes on the wire."""
    if asked.upload:
        return asked.upload.pieces(chunked=asked.chunked, deadline=deadline)
    if asked.content is None:
        return iter(())
    return iter((encode_chunk(asked.content) + LAST_CHUNK if asked.chunked else asked.content,))


def _write(data: bytes, note: str, stream: Stream, reception: Reception, timeline: Timeline) -> Generator[Event, None, bool]:
    """Send `data`, `note` being for the transcript; false when an answer that refuses it came before its end."""
    rest = memoryview(data)
    while rest and not reception.refused:
        if reception.answer is None:
            timeline.resume_sending()
        rest = rest[stream.write_until_input(rest, note) :]
        while stream.buffered:
            yield from reception.feed(stream.receive())
    return not rest


def _await_continue(stream: Stream, reception: Reception, timeline: Timeline) -> Iterator[Event]:
    """Hold the content back until a 100 or a final answer, but not for longer than a second (RFC 9110 section 10.1.1)."""
    until = Deadline.after(CONTINUE_WAIT, "")
    while reception.answer is None and not reception.may_continue and not until.passed():
        if stream.wait_readable((until.remaining_ms() or 1) / 1000):
            data = stream.receive()
            yield from reception.feed(data) if data else reception.end_of_stream()
    if reception.answer is not None:  # the wait for it was part of the sending (contract, section 3)
        timeline.count_wait_as_send()


# --- in


class Reception:
    """Turns the codec's events into the adapter's, and keeps what the finished answer needs."""

    def __init__(self, asked: Asked, context: Context) -> None:
        self.answer: Answer | None = None
        self.ended = False
        self.may_continue = False
        self._asked = asked
        self._context = context
        self._codec = ResponseDecoder(asked.method)
        self._informational: list[dict[str, Any]] = []
        self._content: ContentDecoder | None = None
        self._start = b""  # of a refusal, where it may say that the port speaks TLS

    @property
    def refused(self) -> bool:
        """Whether a final answer came that makes it pointless to send more."""
        return self.answer is not None and (self.answer.status.code or 0) >= 300

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that `data` completes; those before an error too."""
        try:
            found = self._codec.feed(data)
        except ExchangeError:
            for event in self._codec.salvaged:
                yield from self._take(event)
            raise
        for event in found:
            yield from self._take(event)

    def end_of_stream(self) -> Iterator[Event]:
        """The events that the peer's closing completes. Raises `closed` or `truncated` where it may not close."""
        for event in self._codec.eof():
            yield from self._take(event)

    def tell_notes(self) -> None:
        """Hand on the codec's notes."""
        for note in self._codec.notes:
            self._context.note(note.code, note.message)

    def upload_stopped(self) -> None:
        assert self.answer
        message = f"the answer {self.answer.summary} came before the request was whole; the rest was not sent"
        self._context.note("upload-stopped", message)

    def _take(self, event: H1Event) -> Iterator[Event]:
        if isinstance(event, Data):
            yield from self._data(event.data)
        elif isinstance(event, Head):
            yield from self._head(event)
        elif isinstance(event, Informational):
            self.may_continue = self.may_continue or event.code == 100
            fields = [list(field) for field in event.fields]
            self._informational.append({"status": event.code, "reason": event.reason, "fields": fields})
            self._context.trace.remark(f"{event.code} {event.reason}".strip())
        elif isinstance(event, Trailers):
            assert self.answer
            self.answer = self.answer.replace(trailers=event.fields)
        else:
            yield from self._end()

    def _head(self, head: Head) -> Iterator[Event]:
        data: dict[str, Any] = {"version": head.version}
        if self._informational:
            data["informational"] = self._informational
        media_type, charset = media_type_of(head.fields)
        has_body = self._codec.framing not in ("none", "upgrade")
        self.answer = Answer(
            summary=f"{head.version} {head.code} {head.reason}".strip(),
            status=Status(code=head.code, text=head.reason, ok=head.code < 400),
            fields=head.fields,
            body=Body(media_type=media_type, charset=charset) if has_body else None,
            framing=self._codec.framing,
            data=data,
        )
        self._context.trace.remark(self.answer.summary)
        yield Received(answer=self.answer)
        if has_body and any(name.lower() == "content-encoding" for name, _ in head.fields):
            self._decode(head.fields)

    def _decode(self, fields: Fields) -> None:
        """Undo the content codings from here on."""
        from rrcli.codec.content import ContentDecoder, codings

        found = codings(fields)
        asked_for = self._asked.field("accept-encoding")
        unasked = [coding for coding in found if coding.removeprefix("x-") not in asked_for and "*" not in asked_for]
        if unasked:
            self._context.note(
                "unasked-coding", f"the content is coded with {unasked[0][:40]!r}, which was not asked for; it is shown decoded"
            )
        self._content = ContentDecoder(found, self._context.note)

    def _data(self, data: bytes) -> Iterator[Event]:
        if self._content is None:
            yield from self._piece(data)
            return
        for piece in self._content.feed(data):
            yield from self._piece(piece)
            if self._context.deadline.passed():  # a few bytes may unfold for hours
                self._context.deadline.expire()

    def _piece(self, data: bytes) -> Iterator[Event]:
        if len(self._start) < LOOKED_AT:
            self._start += data[:LOOKED_AT]
        yield Content(data=data)

    def _end(self) -> Iterator[Event]:
        assert self.answer
        if self._content:
            self._content.finish()
        self.ended = True
        if self._asked.scheme == "http" and self.answer.status.code == 400 and any(words in self._start for words in TLS_PORT):
            url = f"https{self._asked.url.removeprefix('http')}"
            self._context.note("tls-port", f"this port speaks TLS: use {url}")
        yield Finished(answer=self.answer)
