"""What a query is answered, as it comes: results with their rows, notices, data of COPY; kept as far as there is room."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.codec.pg.oids import type_name
from rrcli.codec.pg.report import Notices
from rrcli.codec.pg.values import Rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.codec.pg.messages import Column, CopyResponse, DataRow, RowDescription
    from rrcli.codec.pg.report import NoticeResponse

MOST = 10_000  # rows that are kept, and results
VALUE = 100  # bytes that a value takes beside its text, about
COLUMN = 4_000  # and a column, which is told of in several places
RESULT = 1_000  # and a result


class Result:
    """One result. `count` are its rows, of which `rows` are those that are kept; `tag` says what was done."""

    def __init__(self, columns: tuple[Column, ...] = ()) -> None:
        self.columns = columns
        self.reader = Rows(columns)
        self.rows: list[Any] = []
        self.count = 0
        self.tag = ""
        self.row_count: int | None = None
        self.copy: dict[str, Any] | None = None

    def data(self) -> dict[str, Any]:
        """The result as the document has it."""
        columns = [
            {"name": name, "type": type_name(column.oid), "oid": column.oid}
            for name, column in zip(self.reader.names, self.columns, strict=True)
        ]
        found = {"columns": columns, "rows": self.rows, "tag": self.tag, "row_count": self.row_count}
        return found if self.copy is None else {**found, "copy": self.copy}


def notice_data(notice: NoticeResponse) -> dict[str, Any]:
    """A notice as the document has it."""
    names = ("severity", "sqlstate", "message", "detail", "hint")
    return {name: getattr(notice, name) for name in names}


class Results:
    """All that answers one request. `room` are the bytes that may be kept; without `keeps_rows` they are only passed on."""

    def __init__(self, room: int, *, keeps_rows: bool) -> None:
        self.all: list[Result] = []
        self.left_out = 0  # results
        self.rows_left_out = 0
        self.notices = Notices()
        self.renamed: list[str] = []
        self._keeps_rows = keeps_rows
        self._room = room
        self._rows = 0  # that are kept
        self._open: Result | None = None

    @property
    def current(self) -> Result:
        """The result under way; one begins where there is none."""
        if self._open is None:
            self._begin(Result())
        assert self._open
        return self._open

    def _begin(self, result: Result) -> None:
        self._open = result
        cost = RESULT + COLUMN * len(result.columns)
        if len(self.all) < MOST and cost <= self._room and not self.left_out:
            self._room -= cost
            self.all.append(result)
        else:
            self.left_out += 1

    def describe(self, message: RowDescription) -> None:
        """The columns of the rows that follow."""
        self._begin(Result(message.columns))
        self.renamed += self.current.reader.renamed[: max(0, 10 - len(self.renamed))]

    def row(self, message: DataRow) -> bytes:
        """Take one row, and give it as a line of JSON."""
        result = self.current
        value = result.reader.read(message)
        line = dumps(value).encode() + b"\n"
        result.count += 1
        self._keep(result, value, len(line) + VALUE * len(message.values))
        return line

    def keep_copied(self, values: list[Any], size: int) -> None:
        """Take one line of COPY."""
        self.current.count += 1
        self._keep(self.current, values, size + VALUE * len(values))

    def _keep(self, result: Result, value: Any, cost: int) -> None:
        if not self._keeps_rows:
            return
        if self._rows >= MOST or cost > self._room or self.rows_left_out or self.left_out:
            self.rows_left_out += 1
            return
        self._rows += 1
        self._room -= cost
        result.rows.append(value)

    def copy(self, message: CopyResponse) -> None:
        """COPY begins."""
        self.current.copy = {"direction": message.direction, "format": "binary" if message.format else "text", "bytes": 0}

    def complete(self, tag: str, rows: int | None) -> None:
        """A statement is done."""
        self.current.tag = tag
        self.current.row_count = rows
        self._open = None

    def data(self) -> dict[str, Any]:
        """`columns`, `rows`, `tag` and `row_count` of the last result, and where there are several each of them in `results`."""
        kept = self.all or [Result()]
        found = kept[-1].data()
        found["notices"] = [notice_data(notice) for notice in self.notices.kept]
        if len(self.all) + self.left_out > 1:
            found["results"] = [result.data() for result in self.all]
        return found
