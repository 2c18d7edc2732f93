"""The content of each message that PostgreSQL sends. Each reader raises `malformed` for what does not fit."""

from __future__ import annotations

from rrcli.base.errors import malformed
from rrcli.codec.pg.messages import (
    Authentication,
    BackendKeyData,
    Column,
    CommandComplete,
    CopyData,
    CopyResponse,
    DataRow,
    NegotiateProtocolVersion,
    NotificationResponse,
    ParameterDescription,
    ParameterStatus,
    ReadyForQuery,
    RowDescription,
    Signal,
)
from rrcli.codec.pg.report import ErrorResponse, NoticeResponse, report_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.codec.pg.messages import Message

KEY = range(4, 257)  # bytes of the key to cancel with: 4 in protocol 3.0

AUTHENTICATIONS = {
    0: "ok", 2: "kerberos", 3: "password", 4: "crypt", 5: "md5", 6: "scm", 7: "gss", 8: "gss-continue", 9: "sspi",
    10: "sasl", 11: "sasl-continue", 12: "sasl-final",
}  # fmt: skip
_STATES = {b"I": "idle", b"T": "transaction", b"E": "failed"}


def _texts(content: bytes, count: int, what: str) -> list[str]:
    """Just so many texts, each with its zero byte."""
    if content.count(b"\0") != count or content[-1:] != b"\0":
        raise malformed(f"{what} does not hold {count} text{'s' if count > 1 else ''}: {content[:40]!r}")
    return [part.decode("utf-8", "backslashreplace") for part in content[:-1].split(b"\0")]


def _numbers(content: bytes, at: int, count: int, width: int, what: str) -> tuple[int, ...]:
    """Just so many numbers, up to the end."""
    if len(content) != at + count * width:
        raise malformed(f"{what} counts {count} entries and has {len(content) - at} bytes for them")
    return tuple(int.from_bytes(content[place : place + width], "big") for place in range(at, len(content), width))


def _authentication(content: bytes) -> Authentication:
    if len(content) < 4:
        raise malformed("the server's authentication request is cut short")
    code = int.from_bytes(content[:4], "big")
    kind, rest = AUTHENTICATIONS.get(code, "unknown"), content[4:]
    if kind == "md5":
        if len(rest) != 4:
            raise malformed(f"the server's salt for md5 has {len(rest)} bytes, not 4")
        return Authentication(kind=kind, code=code, salt=rest)
    if kind == "sasl":
        if rest[-2:] != b"\0\0" or b"\0\0" in rest[:-2]:
            raise malformed("the server's list of SASL mechanisms has no end")
        names = tuple(name.decode("ascii", "backslashreplace") for name in rest[:-2].split(b"\0"))
        return Authentication(kind=kind, code=code, mechanisms=names)
    if rest and kind in ("ok", "password"):
        raise malformed(f"the server's authentication request {kind} has {len(rest)} bytes too many")
    return Authentication(kind=kind, code=code, data=rest)


def _backend_key(content: bytes) -> BackendKeyData:
    if len(content) - 4 not in KEY:
        raise malformed(f"the server's key to cancel with has {len(content) - 4} bytes, not {KEY[0]} to {KEY[-1]}")
    return BackendKeyData(process=int.from_bytes(content[:4], "big"), key=content[4:])


def _parameter_status(content: bytes) -> ParameterStatus:
    name, value = _texts(content, 2, "a ParameterStatus")
    return ParameterStatus(name=name, value=value)


def _ready(content: bytes) -> ReadyForQuery:
    if content not in _STATES:
        raise malformed(f"the server is ready in a state that is not known: {content[:40]!r}")
    return ReadyForQuery(status=_STATES[content])


def _row_description(content: bytes) -> RowDescription:
    count, at = int.from_bytes(content[:2], "big"), 2
    columns: list[Column] = []
    for _ in range(count):
        end = content.find(b"\0", at)
        if end < 0 or end + 19 > len(content):
            raise malformed(f"a RowDescription of {count} columns is cut short after {len(columns)}")
        oid, attribute = int.from_bytes(content[end + 7 : end + 11], "big"), int.from_bytes(content[end + 5 : end + 7], "big", signed=True)
        columns.append(
            Column(
                name=content[at:end].decode("utf-8", "backslashreplace"),
                oid=oid,
                size=int.from_bytes(content[end + 11 : end + 13], "big", signed=True),
                modifier=int.from_bytes(content[end + 13 : end + 17], "big", signed=True),
                format=int.from_bytes(content[end + 17 : end + 19], "big"),
                table=int.from_bytes(content[end + 1 : end + 5], "big"),
                attribute=attribute,
            )
        )
        at = end + 19
    if len(content) != at:
        raise malformed(f"a RowDescription of {count} columns does not fit the {len(content)} bytes of its message")
    return RowDescription(columns=tuple(columns))


def _data_row(content: bytes) -> DataRow:
    count, at = int.from_bytes(content[:2], "big"), 2
    values: list[bytes | None] = []
    for _ in range(count):
        end = at + 4
        size = int.from_bytes(content[at:end], "big")
        if size == 0xFFFFFFFF:
            values.append(None)
            at = end
        else:
            at = end + size
            values.append(content[end:at])
        if at > len(content):
            break
    if at != len(content) or len(values) != count:
        raise malformed(f"a row of {count} columns does not fit the {len(content)} bytes of its message")
    return DataRow(tuple(values))


def _command_complete(content: bytes) -> CommandComplete:
    (tag,) = _texts(content, 1, "a CommandComplete")
    last = tag.rpartition(" ")[2]
    return CommandComplete(tag=tag, rows=int(last) if last.isascii() and last.isdecimal() and len(last) < 21 else None)


def _error(content: bytes) -> ErrorResponse:
    return ErrorResponse(**report_fields(content))


def _notice(content: bytes) -> NoticeResponse:
    return NoticeResponse(**report_fields(content))


def _notification(content: bytes) -> NotificationResponse:
    if len(content) < 4:
        raise malformed("a NotificationResponse is cut short")
    channel, payload = _texts(content[4:], 2, "a NotificationResponse")
    return NotificationResponse(process=int.from_bytes(content[:4], "big"), channel=channel, payload=payload)


def _copy(direction: str) -> Callable[[bytes], CopyResponse]:
    def read(content: bytes) -> CopyResponse:
        if len(content) < 3 or content[0] > 1:
            raise malformed(f"COPY begins in a format that is not known: {content[:40]!r}")
        columns = _numbers(content, 3, int.from_bytes(content[1:3], "big"), 2, "the beginning of COPY")
        return CopyResponse(direction=direction, format=content[0], columns=columns)

    return read


def _parameter_description(content: bytes) -> ParameterDescription:
    if len(content) < 2:
        raise malformed("a ParameterDescription is cut short")
    return ParameterDescription(types=_numbers(content, 2, int.from_bytes(content[:2], "big"), 4, "a ParameterDescription"))


def _negotiation(content: bytes) -> NegotiateProtocolVersion:
    """The version is said with or without its major number, 3."""
    if len(content) < 8:
        raise malformed("a NegotiateProtocolVersion is cut short")
    count = int.from_bytes(content[4:8], "big")
    options = _texts(content[8:], count, "a NegotiateProtocolVersion") if count or content[8:] else []
    return NegotiateProtocolVersion(minor=int.from_bytes(content[2:4], "big"), options=tuple(options))


def _signal(name: str) -> Callable[[bytes], Signal]:
    signal = Signal(name=name)

    def read(content: bytes) -> Signal:
        if content:
            raise malformed(f"{name} has content: {content[:40]!r}")
        return signal

    return read


READERS: dict[int, Callable[[bytes], Message]] = {
    ord("R"): _authentication,
    ord("K"): _backend_key,
    ord("S"): _parameter_status,
    ord("Z"): _ready,
    ord("T"): _row_description,
    ord("D"): _data_row,
    ord("C"): _command_complete,
    ord("E"): _error,
    ord("N"): _notice,
    ord("A"): _notification,
    ord("G"): _copy("in"),
    ord("H"): _copy("out"),
    ord("W"): _copy("both"),
    ord("d"): CopyData,
    ord("t"): _parameter_description,
    ord("v"): _negotiation,
    ord("1"): _signal("ParseComplete"),
    ord("2"): _signal("BindComplete"),
    ord("3"): _signal("CloseComplete"),
    ord("n"): _signal("NoData"),
    ord("s"): _signal("PortalSuspended"),
    ord("I"): _signal("EmptyQueryResponse"),
    ord("c"): _signal("CopyDone"),
}
