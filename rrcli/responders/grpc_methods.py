"""What the gRPC responder's methods do: those of `demo.proto`, of the health check, and of reflection. Bytes of messages in and out.

A method gets messages and yields messages, and between them seconds to wait. It raises `Failed` for a status other than OK.
"""

from __future__ import annotations

from binascii import a2b_base64

from rrcli.base.errors import ExchangeError
from rrcli.base.record import Record
from rrcli.codec.grpc.protobuf import field, fields, octets_of, text_of
from rrcli.codec.grpc.reflection import (
    FILE_BY_FILENAME,
    FILE_CONTAINING_SYMBOL,
    LIST_SERVICES,
    SERVING,
    VERSIONS,
    file_head,
)
from rrcli.responders.grpc_files import DEMO, HEALTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Steps = Iterator[bytes | float]

SERVICE, CHECKS = "rrcli.v1.Demo", "grpc.health.v1.Health"
INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED = 3, 5, 12
COUNT, LONGEST = 100_000, 60_000  # numbers of a stream; milliseconds between two
FOREVER = 1e9  # seconds
FILES = (a2b_base64(DEMO), a2b_base64(HEALTH))


class Failed(Exception):
    """A call ends with this status; `details` are a serialized google.rpc.Status."""

    def __init__(self, code: int, message: str, details: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class Method(Record):
    """`act` gets all messages of a call once the client has ended, or with `each` every one for itself, as it comes.

    Without `streams` the client sends one message. What reflection answers is `plain`: no fault changes it.
    """

    act: Callable[[Sequence[bytes]], Steps]
    streams: bool = False
    each: bool = False
    plain: bool = False


def _numbers(message: bytes) -> dict[int, int]:
    """The whole numbers of a message, those of 32 bits with their sign. Raises `Failed` for what is no message."""
    return {number: (value + 2**31) % 2**32 - 2**31 for number, value in _read(message).items() if isinstance(value, int)}


def _read(message: bytes) -> dict[int, int | bytes]:
    try:
        return dict(fields(message))
    except ExchangeError as error:
        raise Failed(INVALID_ARGUMENT, error.message) from None


def _text(value: int | bytes) -> str:
    return text_of(value) if isinstance(value, bytes) else ""


def _number(value: int) -> bytes:
    """A `Number`; what 32 bits do not hold overflows, and a negative one takes ten bytes."""
    value = (value + 2**31) % 2**32 - 2**31
    return field(1, value % 2**64) if value else b""


# --- rrcli.v1.Demo


def _echo(messages: Sequence[bytes]) -> Steps:
    _read(messages[0])
    yield messages[0]


def _fail(messages: Sequence[bytes]) -> Steps:
    said = _read(messages[0])
    code = _numbers(messages[0]).get(1, 0)
    message, wrong = _text(said.get(2, b"")), _text(said.get(3, b""))
    if not code:
        yield b""
        return
    details = b""
    if wrong:  # google.rpc.Status with a google.rpc.BadRequest
        violation = field(1, wrong) + field(2, message)
        detail = field(1, "type.googleapis.com/google.rpc.BadRequest") + field(2, field(1, violation))
        details = field(1, code % 2**64) + field(2, message) + field(3, detail)
    raise Failed(code % 2**31, message, details)


def _wait(messages: Sequence[bytes]) -> tuple[int, float]:
    asked = _numbers(messages[0])
    return min(max(asked.get(1, 0), 0), COUNT), min(max(asked.get(2, 0), 0), LONGEST) / 1000


def _slow(messages: Sequence[bytes]) -> Steps:
    count, seconds = _wait(messages)
    yield seconds
    yield _number(count)


def _count(messages: Sequence[bytes]) -> Steps:
    count, seconds = _wait(messages)
    for number in range(1, count + 1):
        if number > 1 and seconds:
            yield seconds
        yield _number(number)


def _sum(messages: Sequence[bytes]) -> Steps:
    yield _number(sum(_numbers(message).get(1, 0) for message in messages))


def _double(messages: Sequence[bytes]) -> Steps:
    yield _number(2 * _numbers(messages[0]).get(1, 0))


# --- grpc.health.v1.Health


def _serving(messages: Sequence[bytes]) -> bytes | None:
    """The answer to a check; `None` for a service that is not here."""
    name = _text(_read(messages[0]).get(1, b""))
    return field(1, SERVING.index("SERVING")) if name in ("", SERVICE, CHECKS) else None


def _check(messages: Sequence[bytes]) -> Steps:
    found = _serving(messages)
    if found is None:
        raise Failed(NOT_FOUND, "unknown service")
    yield found


def _watch(messages: Sequence[bytes]) -> Steps:
    yield _serving(messages) or field(1, SERVING.index("SERVICE_UNKNOWN"))
    yield FOREVER


# --- reflection


def _reflect(messages: Sequence[bytes]) -> Steps:
    question = messages[0]
    yield field(2, question) + _reflected(_read(question))


def _reflected(question: dict[int, int | bytes]) -> bytes:
    if LIST_SERVICES in question:
        return field(6, b"".join([field(1, field(1, name)) for name in (SERVICE, CHECKS)]))
    if FILE_BY_FILENAME in question:
        wanted = _text(question[FILE_BY_FILENAME])
        found = [file for file in FILES if file_head(file)[0] == wanted]
    else:
        wanted = _text(question.get(FILE_CONTAINING_SYMBOL, b""))
        found = [file for file in FILES if wanted in _symbols(file)]
    if not found:
        return field(7, field(1, NOT_FOUND) + field(2, f"{wanted[:200]} is not known"))
    return field(4, field(1, found[0]))


def _symbols(file: bytes) -> set[str]:
    """The full names of a file's messages, enumerations, services and methods."""
    parts = list(fields(file))
    package = next(text_of(value) for number, value in parts if number == 2)
    found = set()
    for number, value in parts:
        if number in (4, 5, 6):  # message_type, enum_type, service
            inner = list(fields(octets_of(value)))
            name = f"{package}.{next(text_of(each) for at, each in inner if at == 1)}"
            found.add(name)
            if number == 6:
                found |= {f"{name}.{text_of(dict(fields(octets_of(each)))[1])}" for at, each in inner if at == 2}
    return found


METHODS = {
    **{
        f"/{SERVICE}/{name}": method
        for name, method in {
            "Echo": Method(act=_echo),
            "Fail": Method(act=_fail),
            "Slow": Method(act=_slow),
            "Count": Method(act=_count),
            "Sum": Method(act=_sum, streams=True),
            "Double": Method(act=_double, streams=True, each=True),
        }.items()
    },
    f"/{CHECKS}/Check": Method(act=_check),
    f"/{CHECKS}/Watch": Method(act=_watch),
    **{
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo": Method(act=_reflect, streams=True, each=True, plain=True)
        for version in VERSIONS
    },
}
