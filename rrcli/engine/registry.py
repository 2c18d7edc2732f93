"""The protocols: one line each, and the only place where their names stand together.

Runner, reporters and command line ask a line for what differs between protocols; none of them knows a name. What a line does not say
follows from the name: see `Protocol`.
"""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.engine.hooks import Hooks
    from rrcli.engine.manifest import Manifest, Page
    from rrcli.model.values import Variation
    from rrcli.options.request import Request

    Adapter = Callable[[Any, Context], Generator[Event, None, None]]


class Protocol(Record):
    """Where a protocol's code is. In PACKAGE are `exchange`, `request:NameRequest`, `hooks:HOOKS` and `protocol:MANIFEST`."""

    name: str  # of its command
    schemes: tuple[str, ...] = ()  # of URLs that need no command before them
    verbs: tuple[str, ...] = ()  # words that need none either, in any case; and HOST:PORT without a scheme is then a URL of this protocol
    hooks: bool | str = False  # whether it answers anything in `Hooks` in its own way; MODULE:NAME where that is elsewhere
    extra: str | None = None  # the extra of the package that installs what it needs
    package: str = ""  # [rrcli.adapters.NAME]
    request: str = ""  # MODULE:TYPE of the request  [PACKAGE.request:NameRequest]
    manifest: str = ""  # MODULE:NAME of the manifest  [PACKAGE.protocol:MANIFEST]
    foreign_mark: str = ""  # what words begin with that another tool understands, and
    foreign_words: str = ""  # MODULE:NAME of `translate(words)`, which gives the command line with ours in their place

    @property
    def home(self) -> str:
        """The module that has `exchange`."""
        return self.package or f"rrcli.adapters.{self.name}"

    @property
    def home_of_request(self) -> str:
        """`MODULE:TYPE` of the request."""
        return self.request or f"{self.home}.request:{self.name.capitalize()}Request"

    @property
    def request_type(self) -> type[Request]:
        """The request type. Raises what `load` raises."""
        return self.load()[0]

    def load(self) -> tuple[type[Request], Adapter]:
        """The request type and the adapter. Raises `usage` when an extra is missing."""
        try:
            module = __import__(self.home, fromlist=["exchange"])
        except ModuleNotFoundError as error:
            if not self.extra or (error.name or "").startswith("rrcli"):
                raise
            raise usage(f"{self.name} needs the module {error.name}", f"pip install 'rrcli[{self.extra}]'") from error
        return _named(self.home_of_request), module.exchange

    def load_hooks(self) -> Hooks:
        """Its answers to what the engine and the command line ask."""
        from rrcli.engine.hooks import DEFAULT

        if not self.hooks:
            return DEFAULT
        found: Hooks = _named(self.hooks if isinstance(self.hooks, str) else f"{self.home}.hooks:HOOKS")
        return found

    def load_manifest(self) -> Manifest:
        """How it is presented and explained."""
        found: Manifest = _named(self.manifest or f"{self.home}.protocol:MANIFEST")
        return found


METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY")
PROTOCOLS = (
    Protocol(name="http", schemes=("http", "https"), verbs=METHODS, hooks=True),
    Protocol(name="sse", hooks=True),
    Protocol(name="poll", hooks=True),
    Protocol(name="graphql", hooks=True),
    Protocol(name="soap", hooks=True),
    Protocol(name="ws", schemes=("ws", "wss"), hooks=True),
    Protocol(name="grpc", schemes=("grpc", "grpcs"), hooks=True),
    Protocol(name="dns", schemes=("dns",), hooks=True, foreign_mark="+", foreign_words="rrcli.adapters.dns.plus:translate"),
    Protocol(name="redis", schemes=("redis", "rediss", "valkey", "valkeys"), hooks=True),
    Protocol(name="nats", schemes=("nats",), hooks=True),
    Protocol(name="pg", schemes=("postgresql", "postgres"), hooks=True),
    Protocol(name="smtp", schemes=("smtp", "smtps", "lmtp"), hooks=True),
    Protocol(name="thrift", schemes=("thrift", "thrift+tls"), hooks=True),
    Protocol(name="tcp", schemes=("tcp", "udp", "unix"), hooks=True),
    Protocol(name="tls", schemes=("tls",), hooks=True),
)


class Alias(Record):
    """A command whose arguments are those of another tool, translated to those of a protocol's command.

    `MODULE` has `translate(words)`, which gives the protocol's, or `None` where help is asked for, and `options()`, those understood.
    """

    name: str
    module: str
    protocol: str  # the name of the protocol
    page: str  # MODULE:NAME of the page of its help

    def load(self) -> Any:
        return __import__(self.module, fromlist=["translate"])

    def load_page(self) -> Page:
        """Its help."""
        found: Page = _named(self.page)
        return found


ALIASES = (
    Alias(name="curl", module="rrcli.adapters.http.curl.imported", protocol="http", page="rrcli.adapters.http.curl.page:PAGE"),
)  # fmt: skip


def _named(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(__import__(module, fromlist=[name]), name)


def translated(argv: list[str]) -> list[str]:
    """The command line in our words; as it is where it is so already, or asks for help. Raises `usage`."""
    for alias in ALIASES:
        if argv[:1] == [alias.name] and argv[1:]:
            words: list[str] | None = alias.load().translate(argv[1:])
            return argv if words is None else [alias.protocol, *words]
    entry = BY_NAME.get(argv[0]) if argv else None
    if entry and entry.foreign_mark and any(word.startswith(entry.foreign_mark) for word in argv):
        return [argv[0], *_named(entry.foreign_words)(argv[1:])]
    return argv


def advice(name: str, flag: str) -> str | None:
    """What to write for an option that another tool has, and this command has not."""
    foreign_options = BY_NAME[name].load_manifest().foreign_options if name in BY_NAME else ()
    own: str | None = next((found for reference in foreign_options if (found := _named(reference)(flag))), None)
    if own is None:
        from rrcli.options.foreign import advice as about_tls

        own = about_tls(flag)
    return own


BY_NAME = {entry.name: entry for entry in PROTOCOLS}  # ours first; `third_party` adds what it finds

GROUP = "rrcli.adapters.v1"  # the entry-point group of other packages' adapters; each point names a `Protocol`


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


def by_place(url: str) -> Protocol | None:
    """The entry of a URL of any scheme, or of HOST:PORT or :PORT alone with a path or none."""
    if entry := by_scheme(url):
        return entry
    host, colon, rest = url.partition("/")[0].rpartition(":")
    is_place = colon and "://" not in url and (rest.isdecimal() or not (host or rest)) and "=" not in host
    return next((entry for entry in PROTOCOLS if entry.verbs), None) if is_place else None


def by_first_word(word: str) -> Protocol | None:
    """The entry of a command line without a command, by its first word: a URL, a verb, or HOST:PORT with a path or none."""
    return by_place(word) or next((entry for entry in PROTOCOLS if word.upper() in entry.verbs), None)


def protocol_of(request: Request) -> Protocol:
    """The entry that a request belongs to, by its type."""
    kind = type(request)
    for entries in (BY_NAME.values, third_party):
        for entry in entries():
            if entry.home_of_request == f"{kind.__module__}:{kind.__name__}":
                return entry
    raise usage(f"{kind.__name__} belongs to no protocol", f"a package registers its own in the entry-point group {GROUP}")


def hooks_of(request: Request) -> Hooks:
    """What the protocol of a request answers. Raises what `protocol_of` raises."""
    return protocol_of(request).load_hooks()


def variation_of(name: str) -> Variation:
    """What of the answers of a protocol says nothing of whether they are the same; also of one that is not installed."""
    from rrcli.model.values import Variation

    entry = BY_NAME.get(name)
    return entry.load_hooks().variation if entry else Variation()


def third_party() -> tuple[Protocol, ...]:
    """The lines of other installed packages; none of them can take the place of ours.

    Finding them looks into every folder that Python imports from, so it is left to an unknown command, help and completion.
    Raises `usage` for one that cannot be loaded.
    """
    found = []
    for name, value in _entry_points():
        try:
            entry = _named(value)
        except (ImportError, AttributeError) as error:
            raise usage(f"the adapter {name} cannot be loaded: {error}", f"it comes from {value}") from error
        if not isinstance(entry, Protocol):
            raise usage(f"the adapter {name} is no Protocol", f"it comes from {value}")
        if BY_NAME.setdefault(entry.name, entry) not in PROTOCOLS:
            found.append(BY_NAME[entry.name])
    return tuple(found)


def _entry_points() -> Iterator[tuple[str, str]]:
    """The names and values in our group of all `entry_points.txt`; `importlib.metadata` takes longer than a whole run to load."""
    import os
    import sys

    seen = set()
    for folder in sys.path:
        try:
            names = sorted(name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info")))
        except OSError:
            continue
        for name in names:
            if (package := name.partition("-")[0].lower()) in seen:
                continue
            try:
                with open(os.path.join(folder or ".", name, "entry_points.txt"), encoding="utf-8") as file:
                    lines = [line.strip() for line in file]
            except (OSError, UnicodeDecodeError):
                continue
            seen.add(package)
            yield from _group(lines)


def _group(lines: list[str]) -> Iterator[tuple[str, str]]:
    """The `name = value` lines of our section."""
    inside = False
    for line in lines:
        if line.startswith("["):
            inside = line == f"[{GROUP}]"
        elif inside and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()  # behind the value may stand the extras it needs
