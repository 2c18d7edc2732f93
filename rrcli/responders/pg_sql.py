"""What the PostgreSQL responder answers to a statement: literals, parameters, some functions, a table `orders`, transactions.

`select error('40001')` fails with that SQLSTATE, `select notice('text')` sends a notice, `select pg_sleep(2)` takes its time.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime

from rrcli.codec.pg.sql import statements
from rrcli.explain import pg as conditions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Cell = tuple[str, int, str | None]  # a column's name, the OID of its type, a value

BOOL, INT8, INT2, INT4, TEXT, FLOAT8, TIMESTAMPTZ, NUMERIC, VOID = 16, 20, 21, 23, 25, 701, 1184, 1700, 2278
TYPES = {
    "bool": BOOL, "boolean": BOOL, "int": INT4, "int4": INT4, "integer": INT4, "int8": INT8, "bigint": INT8, "int2": INT2, "text": TEXT,
    "numeric": NUMERIC, "float8": FLOAT8, "jsonb": 3802, "json": 114, "uuid": 2950,
}  # fmt: skip
ORDERS = (("1", "book", "new", "12.50"), ("2", "lamp", "sent", "30.00"), ("3", "chair", "sent", "85.90"))
COLUMNS = (("id", INT4), ("item", TEXT), ("state", TEXT), ("price", NUMERIC))
MOST_ROWS = 1_000_000  # of generate_series
TOKEN = re.compile(
    r"""\s+|--[^\n]*|(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<parameter>\$\d+)"""
    r"""|(?P<word>[A-Za-z_][\w.]*|"[^"]+")|(?P<cast>::)|(?P<mark>.)""",
    re.DOTALL,
)
COMMANDS = {
    "begin": ("BEGIN", b"T"), "start": ("START TRANSACTION", b"T"), "commit": ("COMMIT", b"I"), "rollback": ("ROLLBACK", b"I"),
    "set": ("SET", b""), "deallocate": ("DEALLOCATE", b""), "discard": ("DISCARD ALL", b""), "unlisten": ("UNLISTEN", b""),
}  # fmt: skip


class SqlError(Exception):
    """A statement fails; `fields` are those of ErrorResponse by their letters."""

    def __init__(self, sqlstate: str, text: str, **fields: str) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate
        self.fields = fields


class Copy:
    """COPY: the lines to send, or `None` where data is to be taken."""

    def __init__(self, lines: list[bytes] | None) -> None:
        self.lines = lines


class Answer:
    """What a statement comes to. `columns` is `None` where it gives no rows."""

    def __init__(self, tag: str = "", columns: Sequence[tuple[str, int]] | None = None, rows: Sequence[Sequence[str | None]] = ()) -> None:
        self.tag = tag
        self.columns = columns
        self.rows = rows
        self.notices: list[str] = []
        self.sleep = 0.0
        self.status = b""  # of the transaction from now on
        self.listen = ""
        self.notify: tuple[str, str] | None = None
        self.copy: Copy | None = None


class Token:
    """A word of SQL, what it is, and where it stands, from 1."""

    def __init__(self, kind: str, text: str, position: int) -> None:
        self.kind = kind
        self.text = text
        self.position = position


class Statement:
    """One statement, in words. `at` is where it begins in what was sent, `types` are those given with Parse."""

    def __init__(self, sql: str, at: int) -> None:
        self.tokens = [Token(match.lastgroup, match[0], at + match.start() + 1) for match in TOKEN.finditer(sql) if match.lastgroup]
        self.types: tuple[int, ...] = ()

    @property
    def word(self) -> str:
        """The first word in lower case."""
        return self.tokens[0].text.lower() if self.tokens else ""

    @property
    def wants(self) -> int:
        """How many parameters it has."""
        return max((int(token.text[1:]) for token in self.tokens if token.kind == "parameter"), default=0)

    def text_of(self, number: int, data: bytes | None, *, binary: bool) -> str | None:
        """A parameter as text. Raises `SqlError` for a binary one of a type that is not known."""
        if data is None or not binary:
            return None if data is None else data.decode(errors="replace")
        oid = self.types[number] if number < len(self.types) else TEXT
        if oid in (INT2, INT4, INT8):
            return str(int.from_bytes(data, "big", signed=True))
        if oid == BOOL:
            return "t" if data == b"\1" else "f"
        if oid == FLOAT8:
            return repr(struct.unpack("!d", data)[0])
        return data.decode(errors="replace")


def statements_of(sql: str) -> list[Statement]:
    """The statements of what was sent, each knowing where it began."""
    found, at = [], 0
    for text in statements(sql):
        at = sql.index(text, at)
        found.append(Statement(text, at))
        at += len(text)
    return found


def run(statement: Statement, values: tuple[str | None, ...], settings: dict[str, str]) -> Answer:
    """The answer. Raises `SqlError`."""
    word = statement.word
    if not word:
        return Answer()
    if word == "select":
        return _Select(statement, values).answer()
    if word in COMMANDS:
        answer = Answer(COMMANDS[word][0])
        answer.status = COMMANDS[word][1]
        return answer
    tokens = statement.tokens
    if word == "show" and len(tokens) > 1:
        name = tokens[1].text
        if name == "transaction_read_only":
            name = "default_transaction_read_only"
        return Answer("SHOW", [(tokens[1].text, TEXT)], [[settings.get(name, "")]])
    if word == "listen" and len(tokens) > 1:
        answer = Answer("LISTEN")
        answer.listen = tokens[1].text.strip('"')
        return answer
    if word == "notify" and len(tokens) > 1:
        answer = Answer("NOTIFY")
        answer.notify = tokens[1].text.strip('"'), _literal(tokens[3].text) if len(tokens) > 3 else ""
        return answer
    if word == "insert":
        if settings.get("default_transaction_read_only") == "on":
            raise SqlError("25006", "cannot execute INSERT in a read-only transaction")
        return Answer("INSERT 0 1")
    if word == "copy":
        return _copy(tokens)
    raise _syntax(tokens[0])


def _copy(tokens: list[Token]) -> Answer:
    words = [token.text.lower() for token in tokens]
    answer = Answer("COPY 0")
    if words[1:4] == ["orders", "to", "stdout"]:
        answer.copy = Copy(["\t".join(row).encode() + b"\n" for row in ORDERS])
    elif words[1:4] == ["orders", "from", "stdin"]:
        answer.copy = Copy(None)
    else:
        raise _syntax(tokens[min(1, len(tokens) - 1)])
    return answer


def _syntax(token: Token) -> SqlError:
    return SqlError("42601", f'syntax error at or near "{token.text}"', P=str(token.position))


def _literal(text: str) -> str:
    return text[1:-1].replace("''", "'")


class _Select:
    """One SELECT: read from the left, item by item."""

    def __init__(self, statement: Statement, values: tuple[str | None, ...]) -> None:
        self.tokens = statement.tokens
        self.values = values
        self.at = 1
        self.result = Answer()
        self.series: range | None = None

    def _peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _is(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.text.lower() != text:
            return False
        self.at += 1
        return True

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise SqlError("42601", "syntax error at end of input", P=str(self.tokens[-1].position + len(self.tokens[-1].text)))
        self.at += 1
        return token

    def answer(self) -> Answer:
        if self._is("*"):
            return self._orders()
        cells = [self._item()]
        series_at = 0  # the column of generate_series
        while self._is(","):
            series_at = len(cells) if self.series is None else series_at
            cells.append(self._item())
        if token := self._peek():
            raise _syntax(token)
        rows: list[list[str | None]] = [[value for _, _, value in cells]]
        if self.series is not None:
            rows = [[str(number) if at == series_at else cell[2] for at, cell in enumerate(cells)] for number in self.series]
        self.result.columns = [(name, oid) for name, oid, _ in cells]
        self.result.rows, self.result.tag = rows, f"SELECT {len(rows)}"
        return self.result

    def _orders(self) -> Answer:
        if not self._is("from"):
            raise _syntax(self._next())
        table = self._next()
        if table.text != "orders":
            raise SqlError("42P01", f'relation "{table.text}" does not exist', P=str(table.position))
        rows = list(ORDERS)
        if self._is("where"):
            column, sign = self._next(), self._next()
            names = [name for name, _ in COLUMNS]
            if column.text not in names:
                raise SqlError("42703", f'column "{column.text}" does not exist', P=str(column.position))
            if sign.text != "=":
                raise _syntax(sign)
            _, _, wanted = self._value(self._next())
            rows = [row for row in rows if row[names.index(column.text)] == wanted]
        if token := self._peek():
            raise _syntax(token)
        return Answer(f"SELECT {len(rows)}", COLUMNS, rows)

    def _item(self) -> Cell:
        name, oid, value = self._value(self._next())
        while self._is("::"):
            kind = self._next()
            if kind.text.lower() not in TYPES:
                raise SqlError("42704", f'type "{kind.text}" does not exist', P=str(kind.position))
            oid = TYPES[kind.text.lower()]
            name = kind.text.lower() if name == "?column?" else name
        following = self._peek()
        if self._is("as") or (following and following.kind == "word"):
            name = self._next().text.strip('"')
        return name, oid, value

    def _value(self, token: Token) -> Cell:
        lower = token.text.lower()
        if token.kind == "text":
            return "?column?", TEXT, _literal(token.text)
        if token.kind == "number":
            return "?column?", NUMERIC if "." in lower else INT4, token.text
        if token.kind == "parameter":
            number = int(token.text[1:])
            if not 1 <= number <= len(self.values):
                raise SqlError("42P02", f"there is no parameter {token.text}", P=str(token.position))
            return "?column?", TEXT, self.values[number - 1]
        if lower in ("true", "false"):
            return "bool", BOOL, lower[0]
        if lower == "null":
            return "?column?", TEXT, None
        if token.kind == "word" and self._is("("):
            return self._function(token, lower.rpartition(".")[2])
        if lower == "current_user":
            return lower, TEXT, "rrcli"
        if token.kind == "word":
            raise SqlError("42703", f'column "{token.text}" does not exist', P=str(token.position))
        raise _syntax(token)

    def _function(self, token: Token, name: str) -> Cell:
        given: list[str | None] = []
        while not self._is(")"):
            given.append(self._item()[2])
            self._is(",")
        first = given[0] or "" if given else ""
        if name == "error":
            title = conditions.TABLE[first][0] if first in conditions.TABLE else "no such condition"
            raise SqlError(first if re.fullmatch(r"[0-9A-Z]{5}", first) else "XX000", title.lower(), H="this error was asked for")
        if name == "notice":
            self.result.notices.append(first)
            return name, VOID, ""
        if name == "pg_sleep":
            self.result.sleep = min(_number(first), 3600.0)
            return name, VOID, ""
        if name == "pg_notify" and len(given) == 2:
            self.result.notify = first, given[1] or ""
            return name, VOID, ""
        if name == "generate_series" and len(given) == 2:
            self.series = range(int(_number(first)), int(_number(given[1] or "")) + 1)[:MOST_ROWS]
            return name, INT4, None
        simple = {
            "now": (TIMESTAMPTZ, datetime.now(UTC).isoformat(" ")),
            "version": (TEXT, "PostgreSQL 16.0 (rrcli)"),
            "pg_is_in_recovery": (BOOL, "f"),
        }
        if name in simple and not given:
            return (name, *simple[name])
        arguments = ", ".join("unknown" for _ in given)
        raise SqlError("42883", f"function {name}({arguments}) does not exist", P=str(token.position))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SqlError("22P02", f'invalid input syntax for type double precision: "{text}"') from None
