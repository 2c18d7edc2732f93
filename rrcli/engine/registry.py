"""The protocols: one entry each, and the only place where their names stand together.

Runner, reporters and command line ask an entry for what differs between protocols; none of them knows a name.
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.options.request import Request

    Adapter = Callable[[Any, Context], Generator[Event, None, None]]


class Protocol(Record):
    """What the shared code needs to know of a protocol."""

    name: str
    module: str
    request: str  # the request type: its name in the module's `request`, or MODULE:TYPE
    synopsis: str  # how its words are written in help: `[METHOD] URL [ITEM...]`
    help: str
    label: str  # the protocol's own name, for "expected Redis, got …"
    schemes: tuple[str, ...] = ()
    explains: str | None = None  # family of `rrcli explain` for its statuses
    lines: bool = False  # its content is lines of text: `raw` ends it with a newline
    first_word_ends_options: bool = False  # options are read up to the first word of data
    extra: str | None = None  # the extra of the package that installs what it needs
    secure: tuple[str, ...] = ()  # the schemes that run over TLS
    content_spans: str | None = None  # the module that tells where content lies among recorded bytes, so that no secret in it stays
    measures: tuple[str, ...] = ()  # keys of `response.data` that tell of the connection
    probe: tuple[str, ...] = ()  # words that make a harmless request of a URL alone
    multiplexes: bool = False  # several exchanges of a series may share one connection at the same time
    foreign_options: tuple[str, ...] = ()  # modules whose `advice(flag)` says what to write for an option of another tool

    def load(self) -> tuple[type[Request], Adapter]:
        """The request type and the adapter. Raises `usage` when an extra is missing."""
        try:
            module = __import__(self.module, fromlist=["exchange"])
        except ModuleNotFoundError as error:
            if not self.extra or (error.name or "").startswith("rrcli"):
                raise
            raise usage(f"{self.name} needs the module {error.name}", f"pip install 'rrcli[{self.extra}]'") from error
        home, _, name = self.home_of_request.partition(":")
        return getattr(__import__(home, fromlist=[name]), name), module.exchange

    @property
    def home_of_request(self) -> str:
        """`MODULE:TYPE` of the request."""
        return self.request if ":" in self.request else f"{self.module}.request:{self.request}"


_FOREIGN_OPTIONS = ("rrcli.adapters.http.prepare.httpie", "rrcli.adapters.http.curl.imported")

PROTOCOLS = (
    Protocol(
        name="http", module="rrcli.adapters.http", request="HttpRequest", synopsis="[METHOD] URL [ITEM...]",
        help="Send an HTTP request.", label="HTTP", schemes=("http", "https"), explains="http",
        secure=("https",), multiplexes=True,
        content_spans="rrcli.codec.http.contentspans", measures=("quic",), foreign_options=_FOREIGN_OPTIONS,
    ),
    Protocol(
        name="sse", module="rrcli.adapters.sse", request="SseRequest", synopsis="[METHOD] URL [ITEM...]",
        help="Read a stream of Server-Sent Events.", label="Server-Sent Events", explains="http", secure=("https",),
        content_spans="rrcli.codec.http.contentspans", measures=("quic",), foreign_options=_FOREIGN_OPTIONS,
    ),
    Protocol(
        name="poll", module="rrcli.adapters.poll", request="PollRequest", synopsis="[METHOD] URL [ITEM...]",
        help="Poll until something comes: long polling, jobs, callbacks.", label="HTTP", explains="http", secure=("https",),
        content_spans="rrcli.codec.http.contentspans", measures=("quic",), foreign_options=_FOREIGN_OPTIONS,
    ),
    Protocol(
        name="graphql", module="rrcli.adapters.graphql", request="GraphqlRequest", synopsis="URL [QUERY] [ITEM...]",
        help="Send a GraphQL query, or subscribe.", label="GraphQL", explains="http",
        content_spans="rrcli.codec.http.contentspans", measures=("quic",),
    ),
    Protocol(
        name="dns", module="rrcli.adapters.dns", request="DnsRequest", synopsis="NAME [TYPE...] [@SERVER...]",
        help="Ask name servers.", label="DNS", schemes=("dns",), explains="dns", lines=True,
    ),
    Protocol(
        name="redis", module="rrcli.adapters.redis", request="RedisRequest", synopsis="[URL] COMMAND [ARG...]",
        help="Send a Redis command.", label="Redis", schemes=("redis", "rediss"), explains="redis", lines=True,
        first_word_ends_options=True, secure=("rediss",), probe=("PING",),
    ),
    Protocol(
        name="tcp", module="rrcli.adapters.tcp", request="TcpRequest", synopsis="HOST:PORT",
        help="Send bytes over TCP, TLS, UDP or a unix socket.", label="bytes", schemes=("tcp", "udp", "unix"),
    ),
    Protocol(
        name="tls", module="rrcli.adapters.tls", request="TlsRequest", synopsis="HOST[:PORT]...",
        help="Shake hands and report certificates.", label="TLS", schemes=("tls",), secure=("tls",),
    ),
)  # fmt: skip


class Alias(Record):
    """A command whose words are those of another tool; `translate` of its module puts them into ours, `options` has what it knows."""

    name: str
    module: str
    entry: str  # the name of the entry that they become
    synopsis: str
    help: str

    def load(self) -> Any:
        return __import__(self.module, fromlist=["translate"])


ALIASES = (
    Alias(
        name="curl", module="rrcli.adapters.http.curl.imported", entry="http", synopsis="ARGS...",
        help="Send what a curl command sends, as copied from a browser or a page.",
    ),
)  # fmt: skip


def translated(argv: list[str]) -> list[str]:
    """The command line in our words; as it is where it is so already, or asks for help. Raises `usage`."""
    for alias in ALIASES:
        if argv[:1] == [alias.name] and argv[1:]:
            words: list[str] | None = alias.load().translate(argv[1:])
            return argv if words is None else [alias.entry, *words]
    return argv


def advice(name: str, flag: str) -> str | None:
    """What to write for an option that another tool has, and this command has not."""
    foreign_options = BY_NAME[name].foreign_options if name in BY_NAME else ()
    return next((found for module in foreign_options if (found := __import__(module, fromlist=["advice"]).advice(flag))), None)


BY_NAME = {entry.name: entry for entry in PROTOCOLS}  # ours first; `third_party` adds what it finds

GROUP = "rrcli.adapters.v1"  # the entry-point group of other packages' adapters; each point names an `Protocol`


def by_name(name: str) -> Protocol | None:
    """The entry of a command, another package's too. Raises what `third_party` raises."""
    if name not in BY_NAME:
        third_party()
    return BY_NAME.get(name)


def by_scheme(url: str) -> Protocol | None:
    """The entry whose scheme the URL has, among those that are known by now."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        return None
    return next((entry for entry in BY_NAME.values() if scheme.lower() in entry.schemes), None)


def protocol_of(request: Request) -> Protocol:
    """The entry that a request belongs to, by its type."""
    kind = type(request)
    for entries in (BY_NAME.values, third_party):
        for entry in entries():
            if entry.home_of_request == f"{kind.__module__}:{kind.__name__}":
                return entry
    raise usage(f"{kind.__name__} belongs to no protocol", f"a package registers its own in the entry-point group {GROUP}")


def third_party() -> tuple[Protocol, ...]:
    """The entries of other installed packages; none of them can take the place of ours.

    Finding them reads the metadata of every package installed, so it is left to an unknown command, help and completion.
    Raises `usage` for one that cannot be loaded.
    """
    from importlib.metadata import entry_points

    found = []
    for point in entry_points(group=GROUP):
        try:
            entry = point.load()
        except (ImportError, AttributeError) as error:
            raise usage(f"the adapter {point.name} cannot be loaded: {error}", f"it comes from {point.value}") from error
        if not isinstance(entry, Protocol):
            raise usage(f"the adapter {point.name} is no Protocol", f"it comes from {point.value}")
        if BY_NAME.setdefault(entry.name, entry) not in PROTOCOLS:
            found.append(BY_NAME[entry.name])
    return tuple(found)
