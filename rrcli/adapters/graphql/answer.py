"""What an HTTP answer says as one of GraphQL (GraphQL, section 7; GraphQL over HTTP, section 6).

An answer with `errors` is a failure whatever its HTTP status; the partial data beside them is kept. An answer that is
none of GraphQL's stays HTTP's own failure when its status says so, and is a broken protocol when it does not.
"""

from __future__ import annotations

from rrcli.adapters.graphql.errors import SHOWN, Errors, read_errors, strangeness
from rrcli.adapters.graphql.picture import draw
from rrcli.base.errors import ExchangeError, malformed, too_large
from rrcli.base.fields import first
from rrcli.base.jsontext import loads
from rrcli.engine.events import Content, Continue, Finished, Received, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.graphql.call import Call, CallState
    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import RequestMessage, Response


def front(events: Iterator[Event], request: GraphqlRequest, state: CallState, context: Context) -> Iterator[Event]:
    """HTTP's events, the last of them with what the answer says; some answers are told only when they are understood."""
    call, reading = state.call, _Reading(request, state, context)
    try:
        for event in events:
            if isinstance(event, Sent):
                yield event.__class__(message=described(event.message, call), target=event.target)
            elif isinstance(event, (Received, Content)):
                yield from reading.take(event)
            elif isinstance(event, Finished) and event.then:
                yield event.replace(then=event.then.replace(state=state.replace(http=event.then.state)))
            elif isinstance(event, Finished) and event.answer is not None:
                yield from reading.finish(event.answer)
            else:
                yield event
    except ExchangeError:
        yield from reading.release()
        raise


def described(message: RequestMessage, call: Call) -> RequestMessage:
    """The request with what it does: a mutation by POST is as little repeatable as any POST, a query is by whichever method."""
    data = dict(message.data)
    data.update({"operation": call.kind, "operation_name": call.name} if not call.parts else {"operations": len(call.parts)})
    data["safe"] = call.safe
    data["idempotent"] = call.safe or first(message.fields, "idempotency-key") is not None
    return message.replace(data=data, name=message.name if call.parts else f"the {call.kind}")


class _Reading:
    """Keeps the content for when it is whole, up to `--max-size`, and withholds what is to be shown as something else."""

    def __init__(self, request: GraphqlRequest, state: CallState, context: Context) -> None:
        self._request = request
        self._state = state
        self._call = state.call
        self._context = context
        self._content = bytearray()
        self._size = 0
        self._first_try = request.persisted and not state.registering and not state.redirected
        self._withheld: list[Event] | None = [] if request.asks_for_schema or self._first_try else None

    def take(self, event: Received | Content) -> Iterator[Event]:
        if isinstance(event, Content):
            self._size += len(event.data)
            if self._size <= self._request.max_size:
                self._content += event.data
        if self._withheld is None:
            yield event
        elif self._size <= self._request.max_size:
            self._withheld.append(event)

    def release(self) -> Iterator[Event]:
        """What was withheld, as it came."""
        withheld, self._withheld = self._withheld, None
        yield from withheld or ()

    def finish(self, answer: Response) -> Iterator[Event]:
        """The end of the answer, and what it says; what it says of a schema in place of the answer itself."""
        failure = None
        try:
            answer, errors = self._understood(answer)
        except ExchangeError as error:
            errors, failure = Errors(), error
        if not self._first_try:
            self._content.clear()  # the runner has it, too
        if self._first_try and errors.unknown_hash:
            yield Finished(answer=self._whole(answer), then=Continue(why="retry", state=self._state.replace(registering=True)))
            return
        if self._request.asks_for_schema and failure is None and answer.status.ok:
            yield from self._schema(answer)
            return
        yield from self.release()
        yield Finished(answer=answer)
        if failure:
            raise failure

    def _understood(self, answer: Response) -> tuple[Response, Errors]:
        """The answer with its data and errors. Raises `wrong_protocol`, `malformed` or `too_large` where it has none."""
        try:
            value = self._value(answer)
            results = value if isinstance(value, list) and self._call.parts else [value]
            _refuse_strangers(results)
        except ExchangeError:
            if not answer.status.ok:  # HTTP's own failure says more
                return answer.replace(data={**answer.data, "data": None, "errors": []}), Errors()
            raise
        errors = read_errors(results)
        data: dict[str, Any] = {"data": results[0].get("data"), "errors": errors.values}
        if self._call.parts:
            data = {"data": None, "errors": errors.values, "results": results}
            self._note_count(results)
        if any(result.get("errors") == [] for result in results):
            self._context.note("empty-errors", "errors is an empty list, which a server must leave out")
        documents = [part.document for part in self._call.parts] or [self._call.document]
        drawn = draw(results, errors, documents)
        return judged(answer.replace(data={**answer.data, **data}, display=drawn), errors), errors

    def _value(self, answer: Response) -> Any:
        """The content as JSON."""
        kind = (answer.body.media_type if answer.body else None) or "no media type"
        data = self._content
        if self._size > self._request.max_size:
            raise too_large(f"the answer is larger than --max-size ({self._request.max_size} bytes) and was not read", "allow more")
        if len(data) > 1 << 20:
            from rrcli.model.largebody import affordable

            if not affordable(data, values=2):  # the document has it in the body, too
                raise too_large("the answer is too large to be read as JSON", "ask for less at once; -o FILE saves it as it is")
        try:
            return loads(data.decode("utf-8-sig"))
        except ValueError as error:
            start = data[:SHOWN].decode("utf-8", "replace").split("\n")[0].strip()
            what = f"{kind}: {start!r}" if start else f"{kind} without content" if data == b"" else kind
            if "json" in kind:
                raise malformed(f"the answer is {kind} and no JSON: {error}", "--wire shows its bytes") from error
            raise ExchangeError(
                "protocol", "wrong_protocol", f"expected a GraphQL response, got {what}",
                hint="is this the path of the GraphQL endpoint? It often is /graphql; rrcli http shows the whole answer",
            ) from error  # fmt: skip

    def _note_count(self, results: list[Any]) -> None:
        if len(results) != len(self._call.parts):
            self._context.note("batch-count", f"{len(self._call.parts)} requests were sent, {len(results)} results came")

    def _schema(self, answer: Response) -> Iterator[Event]:
        """The schema as text, in the place of the introspection's JSON. Raises `malformed` where it is none."""
        from rrcli.adapters.graphql.schema import as_fields, as_sdl

        write = as_sdl if self._request.schema else as_fields
        text = write(answer.data["data"]).encode()
        body = answer.body.replace(media_type="application/graphql", charset="utf-8") if answer.body else None
        answer = answer.replace(body=body, display=None)
        yield Received(answer=answer)
        yield Content(data=text)
        yield Finished(answer=answer)

    def _whole(self, answer: Response) -> Response:
        """The answer with the content that was withheld: nobody else has it."""
        if answer.body is None:
            return answer
        from rrcli.base.digest import sha256

        data = bytes(self._content)
        return answer.replace(body=answer.body.replace(data=data, size=self._size, sha256=sha256(data).hexdigest()))


def _refuse_strangers(results: list[Any]) -> None:
    """Raise `malformed` for JSON that is no response of GraphQL (section 7.1)."""
    for result in results:
        if why := strangeness(result):
            raise malformed(f"expected a GraphQL response, got JSON with {why}", "is this the path of the GraphQL endpoint?")


def judged(answer: Response, errors: Errors) -> Response:
    """The answer with the verdict that its errors are."""
    if not errors.values:
        return answer
    status = answer.status
    words = f"{status.text} with {errors.count}".lstrip()
    known = errors.known or (None if not status.ok else "GRAPHQL_ERROR")
    family = ("graphql", known) if known else None
    return answer.replace(status=status.replace(ok=False, text=words, reason=errors.sentence, explain_as=family))
