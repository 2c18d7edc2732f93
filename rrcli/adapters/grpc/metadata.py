"""The fields of a call: metadata as the user gives it, and what gRPC itself sends."""

from __future__ import annotations

from rrcli.base import __version__
from rrcli.base.errors import usage
from rrcli.codec.grpc.status import binary, timeout_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.model.values import Fields

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-")  # of a name
OWN = ("content-type", "te", "host", "connection", "transfer-encoding", "user-agent")  # that `-H` may not send, but for the last


def given(request: GrpcRequest, exchange_id: str) -> Fields:
    """The metadata that the options ask for. Raises `usage` for what metadata cannot hold."""
    found = [_read(word) for word in request.headers]
    if request.request_id:
        found.append(("x-request-id", exchange_id))
    if request.traceparent:
        from rrcli.base.tracecontext import to_send

        found.append(("traceparent", to_send(request.traceparent)))
    if request.idempotency_key:
        found.append(("idempotency-key", request.idempotency_key))
    return tuple(found)


def _read(word: str) -> tuple[str, str]:
    """One `NAME:VALUE`."""
    name, colon, value = word.partition(":")
    name, value = name.strip().lower(), value.strip(" \t")
    if not colon or not name:
        raise usage(f"{word[:60]!r} is no metadata", "write NAME:VALUE")
    if set(name) - LETTERS:
        raise usage(f"{name!r} is no name of metadata", "letters, digits, _, - and . may stand in one")
    if name.startswith("grpc-") or name in OWN[:-1]:
        raise usage(f"{name} is gRPC's own, and no metadata")
    if name.endswith("-bin"):
        if binary(value) is None:
            raise usage(f"the value of {name} is no base64", "write its bytes as base64: AA==")
    elif not (value.isascii() and (value.isprintable() or not value)):
        raise usage(f"the value of {name} has other than printable ASCII", f"{name}-bin takes any bytes as base64")
    return name, value


def fields_of_call(metadata: Fields, *, timeout_ms: float | None, gzip: bool = False) -> Fields:
    """All fields of a call, in the order that the protocol has them."""
    named = {name for name, _ in metadata}
    return (
        ("te", "trailers"),
        *((("grpc-timeout", timeout_text(timeout_ms)),) if timeout_ms is not None else ()),
        ("content-type", "application/grpc"),
        *((("grpc-encoding", "gzip"),) if gzip else ()),
        ("grpc-accept-encoding", "identity,deflate,gzip"),
        *((("user-agent", f"rrcli/{__version__}"),) if "user-agent" not in named else ()),
        *metadata,
    )
