"""The query and what it is answered, message by message."""

from __future__ import annotations

from rrcli.adapters.pg.answer import Answered
from rrcli.adapters.pg.results import Results
from rrcli.base.errors import ExchangeError, malformed
from rrcli.codec.pg import frontend
from rrcli.codec.pg.messages import (
    CommandComplete,
    CopyData,
    CopyResponse,
    DataRow,
    ParameterStatus,
    ReadyForQuery,
    RowDescription,
    Signal,
)
from rrcli.codec.pg.report import ErrorResponse, NoticeResponse
from rrcli.engine.events import Content, Finished, Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.pg.copying import CopyOut
    from rrcli.adapters.pg.prepare import PgQuery
    from rrcli.adapters.pg.session import PgSession
    from rrcli.codec.pg.messages import Message
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

MOST_NOTED = 20  # notices that are notes too


def converse(asked: PgQuery, context: Context, session: PgSession) -> Iterator[Event]:
    """The events of one query on a session that is ready."""
    yield from PgConversation(asked, context, session).run()


class PgConversation:
    """One query: what was sent for it, and what came of it so far."""

    def __init__(self, asked: PgQuery, context: Context, session: PgSession) -> None:
        self.asked = asked
        self.context = context
        self.session = session
        self.results = Results(asked.request.max_size, keeps_rows=context.keeps_content)
        self.answered = Answered(asked, session, self.results)
        self.error: ErrorResponse | None = None
        self.is_synced = not (asked.is_extended and asked.request.cursor)  # Sync was sent, so ReadyForQuery will come
        self.listens = False
        self._copy: CopyOut | None = None
        self._lines: list[bytes] = []  # content that was not passed on yet
        self._told = False

    def run(self) -> Iterator[Event]:
        """Send it, read the answer to its end."""
        asked, session, context = self.asked, self.session, self.context
        session.send(asked.messages(), "Query" if not asked.is_extended else "Parse, Bind, Describe, Execute")
        while not session.is_ready and not (self.error and self.error.is_fatal):
            self.take(session.next())
            if self._lines and not session.has_waiting:
                yield from self._content()
        yield from self._content()
        self._note()
        if self.listens and self.error is None:
            from rrcli.adapters.pg.listening import events

            yield from events(context, session, self.answered, self.take)
            return
        answer = self.answered.response(self.error)
        if not self._told:
            yield Received(answer=answer)
        yield Finished(answer=answer)

    def _content(self) -> Iterator[Event]:
        """Pass on what came. That it goes well is all that is known of the status by then."""
        if not self._lines:
            return
        if not self._told:
            self._told = True
            yield Received(answer=self.answered.begun())
        data = b"".join(self._lines)
        self._lines.clear()
        yield Content(data=data)

    def take(self, message: Message) -> None:
        """Take one message. Raises `ExchangeError` for one that cannot come here."""
        if isinstance(message, DataRow):
            self._lines.append(self.results.row(message))
            self.answered.stamp(self.context.recorder.timeline)
        elif isinstance(message, CopyData):
            self._copied(message.data)
        elif isinstance(message, RowDescription):
            self.results.describe(message)
        elif isinstance(message, CommandComplete):
            self._completed(message)
        elif isinstance(message, ErrorResponse):
            self._failed(message)
        elif isinstance(message, NoticeResponse):
            self.notice(message)
        elif isinstance(message, ReadyForQuery):
            self.session.status, self.session.is_ready = message.status, True
        elif isinstance(message, CopyResponse):
            self._begin_copy(message)
        elif isinstance(message, ParameterStatus):
            self.session.settings.take(message)
        elif isinstance(message, Signal):
            self._signal(message.name)
        elif type(message).__name__ in ("Authentication", "BackendKeyData", "NegotiateProtocolVersion"):
            raise malformed(f"the server sent {type(message).__name__} in the middle of an answer")

    def notice(self, message: NoticeResponse) -> None:
        """Keep a notice, and note the first ones."""
        number = len(self.results.notices.kept)
        if self.results.notices.add(message) and number < MOST_NOTED:
            self.context.note("notice", f"{message.severity}: {message.message}")

    def _completed(self, message: CommandComplete) -> None:
        self.context.recorder.remark(message.tag)
        tag, rows = message.tag, message.rows
        if self.asked.request.cursor and rows is not None and self.results.current.count > rows:  # the server counts the last fetch alone
            rows = self.results.current.count
            tag = f"{tag.rpartition(' ')[0]} {rows}"
        self.results.complete(tag, rows)
        self.answered.done += 1
        self.listens = self.listens or message.tag == "LISTEN"
        if message.tag in ("LISTEN", "SET", "PREPARE", "DISCARD ALL"):
            self.session.is_plain = False
        self._sync()

    def _failed(self, message: ErrorResponse) -> None:
        """The first error is the answer; a later one follows from it."""
        self.context.recorder.remark(f"{message.severity}: {message.sqlstate}")
        self.error = self.error or message
        self._sync()

    def _sync(self) -> None:
        """End a run of extended queries that was left open for `--cursor`."""
        if not self.is_synced:
            self.is_synced = True
            self.session.send(frontend.sync(), "Sync")

    def _signal(self, name: str) -> None:
        if name == "EmptyQueryResponse":
            self.results.complete("", None)
            self._sync()
        elif name == "PortalSuspended":
            self._suspended()
        elif name == "CopyDone" and self._copy:
            self._lines += self._copy.end()
            self._copy = None

    def _suspended(self) -> None:
        """So many rows came as were asked for, and there are more: fetch them, or stop."""
        asked, count = self.asked, self.results.current.count
        if asked.request.max_rows and count >= asked.request.max_rows:
            self.results.complete("", count)
            self.context.note("cancelled", f"--max-rows {count} came, and there are more: the rest of the statement was given up")
            self._sync()
        elif not self.is_synced:
            self.session.send(asked.fetch(count) + frontend.flush(), "Execute")

    # --- COPY

    def _begin_copy(self, message: CopyResponse) -> None:
        self.results.copy(message)
        if message.direction == "out":
            from rrcli.adapters.pg.copying import CopyOut

            self._copy = CopyOut(self.results, self.asked.sql, is_text=message.format == 0)
        elif message.direction == "in":
            from rrcli.adapters.pg.copying import send_data

            send_data(self.session, self.asked.copied)
        else:
            raise ExchangeError(
                "protocol", "unsupported", "the server begins a replication stream, which is not read here", hint="use pg_recvlogical"
            )

    def _copied(self, data: bytes) -> None:
        if self._copy is None:
            raise malformed("the server sent data of COPY, and no COPY is under way")
        self._lines.append(self._copy.feed(data))
        self.answered.stamp(self.context.recorder.timeline)

    # --- remarks

    def _note(self) -> None:
        """Say what was left out, or is easily misunderstood."""
        results, context = self.results, self.context
        if results.notices.left_out:
            context.note("notices-left-out", f"{results.notices.left_out} more notices came than the document keeps")
        if results.rows_left_out:
            context.note("rows-left-out", f"{results.rows_left_out} more rows came than the document keeps; all of them are in the content")
        if results.left_out:
            context.note("results-left-out", f"{results.left_out} more results came than the document keeps")
        if results.renamed:
            context.note("renamed-columns", f"columns whose name was there already are {', '.join(results.renamed)[:200]}")
        for note in self.session.decoder.notes:
            context.note(note.code, note.message)
        if self.error and self.asked.parameters:
            from rrcli.adapters.pg.display import like_options

            for word in like_options(self.asked.request):
                context.note("looks-like-option", f"{word} was sent as a parameter: words behind the SQL are data, options go before it")
