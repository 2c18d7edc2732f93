"""What came as an answer: its status, its data, and the events of a start that the server refused."""

from __future__ import annotations

from rrcli.adapters.pg.results import Results
from rrcli.engine.events import Continue, Finished, Received
from rrcli.model.values import Body, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.adapters.pg.connect import Refused
    from rrcli.adapters.pg.prepare import PgQuery
    from rrcli.adapters.pg.session import PgSession
    from rrcli.codec.pg.report import ErrorResponse
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.recorder import Timeline

ALWAYS = ("sqlstate", "severity", "detail", "hint", "position")  # keys of an error that are there without a value too
UNKNOWN = "XX000"  # the SQLSTATE of an error that has none: very old servers
MEDIA_TYPE = "application/x-ndjson"


class Answered:
    """The answer of a session, as far as it is known."""

    def __init__(self, asked: PgQuery, session: PgSession, results: Results) -> None:
        self.asked = asked
        self.session = session
        self.results = results
        self.done = 0  # statements
        self._rows_ns: tuple[int, int] | None = None  # when the first and the latest row came

    def stamp(self, timeline: Timeline) -> None:
        """Rows came just now."""
        at_ns = timeline.last_ns - timeline.origin_ns
        self._rows_ns = (self._rows_ns[0] if self._rows_ns else at_ns, at_ns)

    def begun(self) -> Response:
        """The answer while its rows still come."""
        return Response(summary="rows", status=Status(text="OK"), body=self._body(), framing="ready-for-query", data={})

    def _body(self) -> Body:
        copies = self.results.all and self.results.all[-1].copy
        return Body(media_type=("text/plain" if copies["format"] == "text" else "application/octet-stream") if copies else MEDIA_TYPE)

    def response(self, error: ErrorResponse | None) -> Response:
        """The whole answer."""
        from rrcli.adapters.pg.display import drawn

        data: dict[str, Any] = self.results.data()
        first, last = (round(at_ns / 1e6, 3) for at_ns in self._rows_ns) if self._rows_ns else (None, None)
        data |= {"first_row_ms": first, "last_row_ms": last, **session_data(self.session)}
        if self.asked.request.explain and error is None:
            from rrcli.adapters.pg.display import explained

            data |= explained(self.results)
        if error is None:
            summary = self._summary(data)
            return Response(
                summary=summary, status=Status(text="OK"), body=self._body(), framing="ready-for-query", data=data,
                display=drawn(self.asked, self.results, data),
            )  # fmt: skip
        return failed(self.asked, error, data, self.done, delivery="unknown" if error.is_fatal else None)

    def _summary(self, data: dict[str, Any]) -> str:
        if data["tag"]:
            return str(data["tag"])
        count = data["row_count"]
        return "empty query" if count is None else f"{count} row{'s' * (count != 1)}"


def session_data(session: PgSession) -> dict[str, Any]:
    """What is known of the session."""
    return {"parameters": dict(session.settings.values), "auth": session.auth, "backend_pid": session.process}


def failed(asked: PgQuery, error: ErrorResponse, data: dict[str, Any], done: int, *, delivery: str | None = None) -> Response:
    """The answer that an error is; `done` statements went well before it."""
    from rrcli.adapters.pg.display import error_drawn

    facts = error.facts()
    state = error.sqlstate or UNKNOWN
    return Response(
        summary=f"{error.severity or 'ERROR'}: {error.message}".partition("\n")[0],
        status=Status(text=state, ok=False, reason=error.message, delivery=delivery),
        body=Body(media_type=MEDIA_TYPE),
        framing=None if error.is_fatal else "ready-for-query",
        data={**data, **dict.fromkeys(ALWAYS), **facts, "sqlstate": state},
        display=error_drawn(asked, error, done),
    )


def refused(asked: PgQuery, context: Context, refusal: Refused) -> Iterator[Event]:
    """The events of a start that the server refused with an error; another hop follows where it may take another way."""
    data = {**Results(0, keeps_rows=False).data(), **session_data(refusal.session)}
    answer = failed(asked, refusal.error, data, 0)
    answer = answer.replace(status=answer.status.replace(phase="handshake"))
    if refusal.state is not None:
        yield Finished(answer=answer, then=Continue(why="retry", state=refusal.state))
        return
    context.note("handshake", "the error answers the start of the session, before the query, which was not sent")
    yield Received(answer=answer)
    yield Finished(answer=answer)
