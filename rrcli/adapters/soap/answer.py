"""What an HTTP answer says as one of SOAP (SOAP 1.1 sections 4 and 6, SOAP 1.2 part 2 section 7).

A Fault is a failure whatever its HTTP status. An answer that is no envelope stays HTTP's own failure when its status says so, and is a
broken protocol when it does not.
"""

from __future__ import annotations

from rrcli.adapters.soap.documents import looks_like_html, title
from rrcli.base.errors import ExchangeError, malformed, too_large
from rrcli.base.fields import first
from rrcli.codec.soap.envelope import NoEnvelope, read_envelope, unwrapped
from rrcli.codec.soap.xml import normalized
from rrcli.engine.events import Content, Finished, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.soap.library import Library, Operation
    from rrcli.adapters.soap.state import SoapState
    from rrcli.codec.soap.envelope import Envelope
    from rrcli.codec.soap.multipart import Part
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import RequestMessage, Response

NOWHERE = "is this the endpoint? rrcli http shows the whole answer"
LARGE = 24 << 20  # bytes that are read as values, which take several times as much in memory
MOST_TYPED = 500_000  # elements that are read by types, each of which takes hundreds of bytes
XML = ("text/xml", "application/xml", "application/soap+xml", "application/xop+xml")


class Reading:
    """Reads the answer to one envelope, by the types of an operation where it was made by one."""

    def __init__(self, state: SoapState, context: Context, library: Library | None = None, operation: Operation | None = None) -> None:
        assert state.envelope
        self._state = state
        self._sent = state.envelope
        self._context = context
        self._library = library
        self._operation = operation
        self._content = bytearray()
        self._most = state.options.max_size

    def front(self, events: Iterator[Event]) -> Iterator[Event]:
        """HTTP's events, the last of them with what the answer says."""
        for event in events:
            if isinstance(event, Sent):
                yield event.__class__(message=self._described(event.message), target=event.target)
            elif isinstance(event, Content):
                if len(self._content) <= self._most:
                    self._content += event.data
                yield event
            elif isinstance(event, Finished) and event.then:
                yield event.replace(then=event.then.replace(state=self._state.replace(http=event.then.state)))
            elif isinstance(event, Finished) and event.answer is not None:
                yield from self._finish(event.answer)
            else:
                yield event

    def _described(self, message: RequestMessage) -> RequestMessage:
        """The request with what it calls."""
        sent = self._sent
        data = {**message.data, "operation": sent.operation, "action": sent.action, "soap": sent.version}
        return message.replace(data=data, name=f"the call of {sent.operation}" if sent.operation else "the envelope")

    def _finish(self, answer: Response) -> Iterator[Event]:
        try:
            answer = self._understood(answer)
        except ExchangeError as error:
            yield Finished(answer=self._with(answer))
            raise error
        yield Finished(answer=answer)

    def _with(self, answer: Response, **found: Any) -> Response:
        """The answer with what SOAP tells of it."""
        sent = self._sent
        data: dict[str, Any] = {"result": None, "headers": [], "fault": None, "operation": sent.operation, "action": sent.action}
        return answer.replace(data={**answer.data, **data, "soap": sent.version, "attachments": [], **found})

    def _understood(self, answer: Response) -> Response:
        """The answer with its result or its fault. Raises `wrong_protocol`, `malformed` or `too_large` where it has neither."""
        content, kind = bytes(self._content), (answer.body.media_type if answer.body else None) or ""
        self._content.clear()  # the runner has it, too
        if len(content) > self._most:
            raise too_large(f"the answer is larger than --max-size ({self._most} bytes) and was not read", "allow more")
        if not content.strip():
            return self._empty(answer)
        charset = answer.body.charset if answer.body else None
        parts: tuple[Part, ...] = ()
        try:
            if kind.startswith("multipart/"):
                from rrcli.codec.soap.multipart import split

                root, parts = split(content, first(answer.fields, "content-type") or "")
                content, charset = root.data, root.charset
            elif not answer.status.ok and (looks_like_html(content) or kind == "text/html"):
                return self._with(answer)
            data = self._normalized(answer, content, charset, kind)
            wanted = (self._operation is None or not answer.status.ok) and len(data) <= LARGE
            envelope = read_envelope(data, with_content=wanted, check=self._in_time)
        except NoEnvelope as other:
            if not answer.status.ok:
                return self._with(answer)
            raise malformed(f"expected a SOAP envelope, got XML with the root <{str(other)[:60]}>", NOWHERE) from None
        except ExchangeError as error:
            if answer.status.ok or kind in XML or error.kind == "too_large":
                raise
            return self._with(answer)  # HTTP's own failure says more
        return self._of(answer, envelope, data, parts)

    def _normalized(self, answer: Response, content: bytes, charset: str | None, kind: str) -> bytes:
        """The envelope in UTF-8. Raises `wrong_protocol` for HTML, `malformed` for what is no XML."""
        if looks_like_html(content) or kind == "text/html":
            raise ExchangeError("protocol", "wrong_protocol", f"expected a SOAP envelope, got HTML{title(content)}", hint=NOWHERE)
        leads = first(answer.fields, "location")
        if leads and answer.status.code and 300 <= answer.status.code < 400:
            message = f"the endpoint answers {answer.status.code} and leads to {leads[:200]}"
            raise malformed(message, "-L follows redirects; --endpoint URL names it")
        data = normalized(content, charset, "the answer")
        if not data.lstrip().startswith(b"<"):
            start = data[:60].decode("utf-8", "replace").split("\n")[0].strip()
            raise malformed(f"expected a SOAP envelope, got {kind or 'no media type'}: {start!r}", NOWHERE)
        return data

    def _empty(self, answer: Response) -> Response:
        """An answer without content: of a one-way operation, or HTTP's own failure."""
        if answer.status.ok and self._operation is not None and self._operation.output is not None and answer.status.code != 202:
            self._context.note("empty-answer", f"the answer is empty, and the WSDL promises a result of {self._operation.name}")
        return self._with(answer)

    def _of(self, answer: Response, envelope: Envelope, data: bytes, parts: tuple[Part, ...]) -> Response:
        """The answer that an envelope makes."""
        if envelope.version != self._sent.version:
            self._context.note("soap-version", f"SOAP {self._sent.version} was sent, and the answer is SOAP {envelope.version}")
        attachments = [{"id": part.id, "media_type": part.media_type, "size": len(part.data)} for part in parts]
        found: dict[str, Any] = {"headers": list(envelope.headers), "attachments": attachments}
        if envelope.fault is not None:
            return self._fault(answer, envelope, data, found)
        if len(data) > LARGE or (self._operation is not None and envelope.elements > MOST_TYPED):
            self._refuse_large()
        elif not answer.status.ok or self._operation is None:
            found["result"] = unwrapped(envelope.content)
        else:
            found["result"] = self._result(data, parts)
        return self._with(answer, **found)

    def _in_time(self) -> None:
        """Raise the time-out where reading takes too long."""
        if self._context.deadline.passed():
            self._context.deadline.expire()

    def _refuse_large(self) -> None:
        """Raise `too_large` for what takes too much memory as values; where it is saved to a file, that is noted."""
        message = "the answer is too large to be read as values"
        if self._context.keeps_content:
            raise too_large(message, "ask for less at once; -o FILE saves it as it is")
        self._context.note("result-left-out", message)

    def _result(self, data: bytes, parts: tuple[Part, ...]) -> Any:
        from rrcli.adapters.soap.results import Results

        assert self._library
        assert self._operation
        results = Results(self._library, self._operation, parts)
        result = results.read(data)
        for note in dict.fromkeys(results.notes):
            self._context.note("lax", note)
        return result

    def _fault(self, answer: Response, envelope: Envelope, data: bytes, found: dict[str, Any]) -> Response:
        """The answer that a Fault is: a failure whatever HTTP says."""
        fault = envelope.fault
        assert fault
        if answer.status.ok:
            self._context.note("fault-status", f"a Fault came with HTTP {answer.status.code}, which says success")
        if self._library and self._operation and fault.detail_xml:
            from rrcli.adapters.soap.results import Results

            fault = fault.replace(detail=Results(self._library, self._operation).detail(data, fault.detail))
        code = fault.code or "without a code"
        reason = f"Fault {code}: {fault.string}" if fault.string else f"Fault {code}"
        known = explained(fault.code, fault.subcodes)
        status = answer.status.replace(ok=False, reason=reason, explain_as=("soap", known) if known else None)
        return self._with(answer, fault=fault.as_json(), **found).replace(status=status)


def explained(code: str, subcodes: tuple[str, ...]) -> str | None:
    """The code of the table that tells most of a fault: a subcode that is known, else the code's first part."""
    from rrcli.explain.soap import TABLE

    return next((each for each in (*reversed(subcodes), code, code.partition(".")[0]) if each in TABLE), None)
