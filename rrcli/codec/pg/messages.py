"""The messages that PostgreSQL sends, as values; errors and notices are in `report.py`."""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.codec.pg.report import ErrorResponse, NoticeResponse


class Authentication(Record):
    """What the server wants for the login; `kind` is a value of `content.AUTHENTICATIONS` or `unknown`."""

    kind: str
    code: int
    salt: bytes = b""  # of md5
    mechanisms: tuple[str, ...] = ()  # of sasl
    data: bytes = b""  # of sasl-continue and sasl-final


class BackendKeyData(Record):
    """Which process serves us, and the key to cancel its work with."""

    process: int
    key: bytes


class ParameterStatus(Record):
    """A setting as it is now."""

    name: str
    value: str


class ReadyForQuery(Record):
    """The server waits for the next query; `status` is `idle`, `transaction` or `failed` (a transaction that can only end)."""

    status: str


class Column(Record):
    """A column of a result. `table` and `attribute` are 0 for a computed one; `format` is 0 for text, 1 for binary."""

    name: str
    oid: int
    size: int
    modifier: int
    format: int
    table: int = 0
    attribute: int = 0


class RowDescription(Record):
    """The columns of the rows that follow."""

    columns: tuple[Column, ...]


class _Plain:
    """Many come of these, so they are no `Record`."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


class DataRow(_Plain):
    """One row: the bytes of each value, `None` for NULL."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[bytes | None, ...]) -> None:
        self.values = values


class CopyData(_Plain):
    """Some data of a COPY, mostly a line."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class CommandComplete(Record):
    """A statement is done: its tag, as `INSERT 0 1`, and the count of rows if that has one."""

    tag: str
    rows: int | None


class NotificationResponse(Record):
    """Somebody did NOTIFY on a channel that this session listens to."""

    process: int
    channel: str
    payload: str


class CopyResponse(Record):
    """COPY begins; `direction` is `in` (to the server), `out` or `both`. Formats are 0 for text, 1 for binary."""

    direction: str
    format: int
    columns: tuple[int, ...]


class ParameterDescription(Record):
    """The types of a statement's parameters."""

    types: tuple[int, ...]


class NegotiateProtocolVersion(Record):
    """The server speaks an older minor version than asked for, or does not know some options."""

    minor: int
    options: tuple[str, ...]


class Signal(Record):
    """A message without content."""

    name: str


class Unknown(Record):
    """A message of a type that is not known; its content is passed over."""

    letter: str
    size: int


Message = (
    Authentication | BackendKeyData | ParameterStatus | ReadyForQuery | RowDescription | DataRow | CommandComplete | ErrorResponse
    | NoticeResponse | NotificationResponse | CopyResponse | CopyData | ParameterDescription | NegotiateProtocolVersion | Signal | Unknown
)  # fmt: skip
