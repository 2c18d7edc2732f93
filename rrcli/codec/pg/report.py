"""What PostgreSQL reports: an error or a notice with all its fields, and the place in the SQL that it means."""

from __future__ import annotations

from rrcli.base.errors import malformed
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_FIELDS = 64  # of one report; there are 18
MOST_NOTICES = 10_000  # that are kept
MOST_NOTICE_BYTES = 1 << 20  # of those that are kept

# The letters of the fields: https://www.postgresql.org/docs/current/protocol-error-fields.html
_NAMES = {
    "S": "severity", "C": "sqlstate", "M": "message", "D": "detail", "H": "hint", "P": "position", "p": "internal_position",
    "q": "internal_query", "W": "where", "s": "schema", "t": "table", "c": "column", "d": "datatype", "n": "constraint",
    "F": "file", "L": "line", "R": "routine",
}  # fmt: skip


class Report(Record):
    """The fields of an error or a notice; `None` for one that did not come. `severity` is the English word where the server
    tells it apart from the translated one (from 9.6). Positions count characters from 1."""

    severity: str | None = None  # ERROR, FATAL, PANIC; WARNING, NOTICE, DEBUG, INFO, LOG
    sqlstate: str | None = None
    message: str = ""
    detail: str | None = None
    hint: str | None = None
    position: int | None = None
    where: str | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    datatype: str | None = None
    constraint: str | None = None
    internal_position: int | None = None
    internal_query: str | None = None
    file: str | None = None
    line: str | None = None
    routine: str | None = None
    others: tuple[tuple[str, str], ...] = ()  # letters that are not known, with their values

    @property
    def size(self) -> int:
        """Letters of the texts."""
        return sum(len(value) for value in self.__dict__.values() if isinstance(value, str))

    def facts(self) -> dict[str, Any]:
        """What came, by name, without where in the server's source it was raised."""
        hidden = ("file", "line", "routine", "others")
        return {name: value for name in self.fields_ if name not in hidden and (value := getattr(self, name)) is not None}


class ErrorResponse(Report):
    """The server could not do what was asked; with severity FATAL or PANIC it ends the connection too."""

    @property
    def is_fatal(self) -> bool:
        return self.severity in ("FATAL", "PANIC")


class NoticeResponse(Report):
    """Something the server wants to be read, beside the answer."""


def report_fields(content: bytes) -> dict[str, Any]:
    """The fields in the content of an ErrorResponse or NoticeResponse. Raises `malformed`."""
    if content[-1:] != b"\0" or (len(content) > 1 and content[-2:] != b"\0\0"):
        raise malformed("a report of PostgreSQL has no end")
    parts = content[:-2].split(b"\0", MOST_FIELDS) if len(content) > 1 else []
    if len(parts) > MOST_FIELDS:
        raise malformed(f"a report of PostgreSQL has more than {MOST_FIELDS} fields")
    found: dict[str, Any] = {}
    others = []
    for part in parts:
        letter, value = part[:1].decode("latin-1"), part[1:].decode("utf-8", "backslashreplace")
        if not letter:
            raise malformed("a report of PostgreSQL has a field without a name")
        if letter in "Pp":
            found[_NAMES[letter]] = int(value) if value.isascii() and value.isdecimal() and 0 < len(value) < 11 else None
        elif letter in _NAMES:
            found[_NAMES[letter]] = value
        elif letter != "V":
            others.append((letter, value))
    severity = next((part[1:].decode("utf-8", "backslashreplace") for part in parts if part[:1] == b"V"), None)
    if severity:
        found["severity"] = severity
    if others:
        found["others"] = tuple(others)
    return found


class Notices:
    """The notices of one answer, in order, as far as they are kept; `left_out` counts the others."""

    def __init__(self, most: int = MOST_NOTICES, most_bytes: int = MOST_NOTICE_BYTES) -> None:
        self.kept: list[NoticeResponse] = []
        self.left_out = 0
        self._most = most
        self._room = most_bytes

    def add(self, notice: NoticeResponse) -> bool:
        """Keep it if there is room, and say whether. Once one was left out no other is kept: there would be a hole."""
        size = notice.size + 100  # what the record itself takes, about
        if self.left_out or len(self.kept) >= self._most or size > self._room:
            self.left_out += 1
            return False
        self._room -= size
        self.kept.append(notice)
        return True


# --- the place in the SQL

_WIDTH = 60  # columns of the SQL that are shown, as libpq has it
_RIGHT = 10  # columns behind the place that are kept free of a cut, if possible


class Mark(Record):
    """A place in the SQL: `line` and `column` count from 1, in characters; `text` is an excerpt of the line, and `before`
    the columns of the screen that stand before the place in it."""

    line: int
    column: int
    text: str
    before: int

    def lines(self) -> tuple[str, str]:
        """As psql draws it: `LINE 1: select * frm t`, and the caret below."""
        head = f"LINE {self.line}: "
        return head + self.text, " " * (len(head) + self.before) + "^"


def mark(sql: str, position: int | None) -> Mark | None:
    """The place of a report's `position` in the SQL that it is about; `None` where it lies outside."""
    if position is None or not 1 <= position <= len(sql) + 1:
        return None
    at = position - 1
    begin = max(sql.rfind("\n", 0, at), sql.rfind("\r", 0, at)) + 1
    end = min((found for found in (sql.find("\n", at), sql.find("\r", at)) if found >= 0), default=len(sql))
    head = sql[:begin]
    number = 1 + head.count("\n") + head.count("\r") - head.count("\r\n")
    text, before = _excerpt(sql[begin:end].replace("\t", " "), at - begin)
    return Mark(line=number, column=at - begin + 1, text=text, before=before)


def _excerpt(line: str, at: int) -> tuple[str, int]:
    """What is shown of a line, and the columns before the place: cut as libpq does, at the right end if that is enough."""
    widths = _widths(line[max(at - 2 * _WIDTH, 0) : at + 2 * _WIDTH])
    gone = max(at - 2 * _WIDTH, 0)  # of a long line only what is near the place can be shown
    line, at = line[gone : at + 2 * _WIDTH], at - gone
    begin, end = 0, len(line)
    if gone or sum(widths) > _WIDTH:
        if not gone and sum(widths[:at]) + _RIGHT <= _WIDTH:
            while sum(widths[begin:end]) > _WIDTH:
                end -= 1
        else:
            while sum(widths[at:end]) > _RIGHT:
                end -= 1
            while sum(widths[begin:end]) > _WIDTH:
                begin += 1
    left, right = "..." if begin or gone else "", "..." if end < len(line) else ""
    return left + line[begin:end] + right, len(left) + sum(widths[begin:at])


def _widths(text: str) -> list[int]:
    """The columns that each character takes."""
    if text.isascii():
        return [1] * len(text)
    from unicodedata import east_asian_width

    return [2 if east_asian_width(letter) in "WF" else 1 for letter in text]
