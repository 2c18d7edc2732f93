"""An exchange as a command line of grpcurl. No secret is written: an environment variable stands in its place."""

from __future__ import annotations

from rrcli.adapters.grpc.place import place_of
from rrcli.base.fields import MASK
from rrcli.base.jsontext import dumps
from rrcli.base.shellquote import quoted
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import mask_field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.model.values import Exchange

SECRET = '"$GRPC_SECRET"'
OURS = ("te", "grpc-timeout", "content-type", "grpc-encoding", "grpc-accept-encoding", "user-agent")  # which grpcurl sends by itself


def as_command(exchange: Exchange, request: GrpcRequest) -> str | None:
    """The call or the question; `None` where grpcurl has none, as for a message to fill in, or compressed requests."""
    if request.compress or request.proxy:
        return None
    place, data = place_of(request), exchange.request.data
    mask = Mask(exchange.secrets)
    words = ["grpcurl", *_tls(request, tls=place.tls), *_types(request)]
    for name, value in exchange.request.fields:
        if name not in OURS:
            words += ["-H", _shell(f"{name}: {mask_field(name, value)}", mask)]
    if request.authority:
        words += ["-authority", quoted(request.authority)]
    if request.timeout:
        words += ["-max-time", f"{request.timeout:g}"]
    if not (request.no_defaults or "question" in data):
        words.append("-emit-defaults")
    if request.health:
        service = request.arguments[1:2]
        words += ["-d", quoted(dumps({"service": service[0]} if service else {}))]
    elif "@-" in request.data:
        words += ["-d", "@"]
    elif exchange.request.body is not None:
        words += ["-d", _shell(exchange.request.body.data.decode("utf-8", "replace"), mask)]
    *flags, verb = _what(exchange, request)
    words += [*flags, *(["-unix", quoted(place.socket)] if place.socket else [quoted(place.authority)])]
    return " ".join([*words, verb])


def _what(exchange: Exchange, request: GrpcRequest) -> list[str]:
    """Flags, and behind the server's address what is asked of it."""
    data = exchange.request.data
    if "question" not in data:
        return [quoted(str(data["method"]))]
    verb = "list" if request.list_names else "describe"
    words = f"{verb} {quoted(str(data['symbol']))}" if data["symbol"] else verb
    return [*(["-msg-template"] if request.template else []), words]


def _tls(request: GrpcRequest, *, tls: bool) -> list[str]:
    if not tls:
        return ["-plaintext"]
    words = ["-insecure"] if request.insecure else []
    for flag, value in (("-cacert", request.cacert), ("-cert", request.cert), ("-key", request.key), ("-servername", request.sni)):
        words += [flag, quoted(value)] if value else []
    return words


def _types(request: GrpcRequest) -> list[str]:
    words: list[str] = []
    for flag, values in (("-import-path", request.import_path), ("-proto", request.proto), ("-protoset", request.protoset)):
        for value in values:
            words += [flag, quoted(value)]
    return words


def _shell(text: str, mask: Mask) -> str:
    """A word for the shell, with a variable in the place of every mask."""
    parts = mask.text(text).split(MASK)
    return SECRET.join(quoted(part) if part else "" for part in parts) if len(parts) > 1 else quoted(text)
