"""The arguments of `rrcli grpc` told apart: where the server is, what is asked of it, and the items of a message."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import host_port, split_host, split_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.grpc.request import GrpcRequest

PORTS = {True: 443, False: 80}  # with TLS and without
HINT = "write HOST:PORT, grpc://HOST:PORT, grpcs://HOST:PORT or unix:PATH"


class Place(Record):
    """Where the server is."""

    host: str
    port: int
    tls: bool
    socket: str | None = None  # of a unix socket

    @property
    def scheme(self) -> str:
        """The `:scheme` of the requests."""
        return "https" if self.tls else "http"

    @property
    def authority(self) -> str:
        return self.host if self.socket else host_port(self.host, self.port)

    def url(self, path: str = "") -> str:
        """As the document names it."""
        return f"unix:{self.socket}" if self.socket else f"{'grpcs' if self.tls else 'grpc'}://{host_port(self.host, self.port)}{path}"


def place_of(request: GrpcRequest) -> Place:
    """Where the first argument leads. Raises `usage`."""
    if not request.arguments:
        raise usage("grpc takes a TARGET, got nothing", HINT)
    if request.plaintext and request.tls:
        raise usage("--plaintext and --tls exclude each other")
    word = request.arguments[0]
    if word.startswith("unix:"):
        path = word.removeprefix("unix:")
        path = f"/{path.lstrip('/')}" if path.startswith("//") else path
        if not path:
            raise usage(f"{word!r} names no socket", HINT)
        return Place(host="localhost", port=PORTS[request.tls], tls=request.tls, socket=path)
    if "://" in word:
        return _of_url(word, request)
    host, port = split_host(word, None)
    tls = request.tls or not (request.plaintext or request.unix_socket or is_loopback(host))
    return Place(host=host, port=PORTS[tls] if port is None else port, tls=tls)


def _of_url(word: str, request: GrpcRequest) -> Place:
    url = split_url(word)
    if url.scheme not in ("grpc", "grpcs"):
        raise usage(f"{url.scheme}:// is no scheme of gRPC", HINT)
    if url.user is not None:
        raise usage("a URL of gRPC has no user", "-H 'authorization: …' sends credentials")
    if url.path.strip("/") or url.query is not None:
        raise usage(f"the URL {word!r} has more than a host and a port", "the method is a word of its own: SERVICE/METHOD")
    tls = url.scheme == "grpcs"
    if (request.plaintext and tls) or (request.tls and not tls):
        raise usage(f"{'--plaintext' if tls else '--tls'} and {url.scheme}:// contradict each other", "leave one of them out")
    return Place(host=url.host, port=PORTS[tls] if url.port is None else url.port, tls=tls)


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own, where gRPC is mostly spoken without TLS."""
    return host.lower() in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdecimal())


def asked_of(request: GrpcRequest) -> str | None:
    """The word behind the target: a method, service, symbol or type. Raises `usage` for what does not fit together."""
    questions = [
        flag
        for flag, given in (
            ("--list", request.list_names), ("--describe", request.describe),
            ("--template", request.template), ("--health", request.health),
        )
        if given
    ]  # fmt: skip
    words = request.arguments[1:]
    if len(questions) > 1:
        raise usage(f"{questions[0]} and {questions[1]} exclude each other")
    if request.watch and not request.health:
        raise usage("--watch goes with --health", "rrcli grpc TARGET --health --watch")
    if questions:
        if len(words) > 1 or request.data:
            raise usage(f"{questions[0]} takes one name and no message", "leave items and -d out")
        if questions == ["--template"] and not words:
            raise usage("--template takes a METHOD or a TYPE", "rrcli grpc TARGET --list shows what there is")
        return words[0] if words else None
    if not words:
        raise usage("grpc takes SERVICE/METHOD behind the target", "rrcli grpc TARGET --list shows what there is")
    if request.data and len(words) > 1:
        raise usage("items and -d exclude each other", "write the whole message with one of them")
    return words[0]
