"""Options: each is declared once, as a field of a request, and everything else is made from that declaration.

The fast path's parser, the Typer command with its help and errors, the completions and the README's reference
all read `Request.options_` and `Output.options_`. An option's `parse` turns one word of the command line into the
field's value and raises `ValueError` with a sentence for the user.
"""

from __future__ import annotations

from rrcli.record import Frozen
from rrcli.url import is_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, Protocol

    from rrcli.model import Answer, Exchange

    class Download(Protocol):
        """Where the content of one answer is saved."""

        request: Request  # as it is to be sent
        path: str | None  # of the file, once it was opened

        def open(self, answer: Answer) -> Callable[[bytes], None] | None: ...
        def explained(self, exchange: Exchange) -> Exchange: ...  # with what became of the file


class Option:
    """How one field is spelled on the command line.

    `kind` is `flag` (takes no value), `value`, `many` (a value, repeatable; the field is a tuple), `steps` (as `many`,
    but several flags share the field in the order given: `parse` gets the flag too) or `optional` (a value only after
    `=`; the bare flag means `bare`).
    """

    __slots__ = ("bare", "choices", "default", "flags", "group", "help", "kind", "metavar", "name", "parse")

    def __init__(
        self,
        flags: tuple[str, ...],
        default: Any,
        help: str,
        kind: str,
        parse: Callable[..., Any],
        metavar: str,
        choices: tuple[str, ...],
        group: str,
        bare: str,
    ) -> None:
        self.flags = flags
        self.default = default
        self.help = help
        self.kind = kind
        self.parse = parse
        self.metavar = metavar
        self.choices = choices
        self.group = group
        self.bare = bare
        self.name = ""


def option(
    *flags: str,
    default: Any = None,
    help: str,
    kind: str = "value",
    parse: Callable[..., Any] = str,
    metavar: str = "TEXT",
    choices: tuple[str, ...] = (),
    group: str = "",
    bare: str = "",
) -> Any:
    """Declare the option of a field. Without `group` it is listed under the command's own options."""
    if kind == "flag" and default is None:
        default = False
    if kind in ("many", "steps") and default is None:
        default = ()
    return Option(flags, default, help, kind, parse, metavar, choices, group, bare)


class Optioned(Frozen):
    """A record whose fields may be options: `options_` maps the field's name to its `Option`."""

    options_: ClassVar[dict[str, Option]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in cls.__dict__.items() if type(value) is Option}
        for name, declared in own.items():
            declared.name = name
            setattr(cls, name, declared.default)
        cls.options_ = {**cls.options_, **own}
        super().__init_subclass__()


# --- words to values -------------------------------------------------------------------------------------

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = 576 * 3600  # seconds, 24 days: `poll` counts milliseconds in 31 bits
SIZES = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1000,
    "kib": 1024,
    "m": 10**6,
    "mb": 10**6,
    "mib": 1 << 20,
    "g": 10**9,
    "gb": 10**9,
    "gib": 1 << 30,
}


def split_unit(text: str) -> tuple[float, str]:
    """A number and the unit behind it, in lower case. Raises `ValueError` when there is no finite number >= 0."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if not number or set(number) - set("0123456789.") or len(number) > 30:
        raise ValueError("no number")
    return float(number), text[len(number) :].lower()


def duration(text: str) -> float:
    """Seconds of `250ms`, `3s`, `1m` or bare seconds, up to `LONGEST`."""
    try:
        number, unit = split_unit(text)
        seconds = number * UNITS[unit or "s"]
    except (ValueError, KeyError):
        raise ValueError(f"{text!r} is no duration; write 250ms, 3s, 1m or bare seconds") from None
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST / 3600:g}h; 0 means no limit")
    return seconds


def size(text: str) -> int:
    """Bytes of `64MiB`, `10k` or a bare number."""
    try:
        number, unit = split_unit(text)
        return int(number * SIZES[unit])
    except (ValueError, KeyError):
        raise ValueError(f"{text!r} is no size; write a number of bytes, or 64KiB, 10MB, 1GiB") from None


def count(text: str) -> int:
    """A whole number from 0."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


MOST_AT_ONCE = 1000
HIGHEST_RATE = 1e6


def times(text: str) -> int:
    """How often, from 1."""
    if not (number := count(text)):
        raise ValueError(f"{text!r} is not at least 1")
    return number


def concurrent(text: str) -> int:
    """How many exchanges are under way at the same time."""
    if (number := times(text)) > MOST_AT_ONCE:
        raise ValueError(f"{text!r} is more than {MOST_AT_ONCE} at once")
    return number


def rate(text: str) -> float:
    """Exchanges per second, as `50` or `0.5`."""
    try:
        number, unit = split_unit(text)
    except ValueError:
        number, unit = 0.0, ""
    if unit or not 0 < number <= HIGHEST_RATE:
        raise ValueError(f"{text!r} is no rate; write exchanges per second, as 50 or 0.5")
    return number


def lasting(text: str) -> float:
    """Seconds, and more than none."""
    if not (seconds := duration(text)):
        raise ValueError(f"{text!r} is no time to repeat for")
    return seconds


MOST_RETRIES = 1000


def retries(text: str) -> int:
    """How often to try again."""
    if (number := count(text)) > MOST_RETRIES:
        raise ValueError(f"{text!r} is more than {MOST_RETRIES} retries")
    return number


def idempotency_key(text: str) -> str:
    """A key that fits into a field: printable ASCII (draft-ietf-httpapi-idempotency-key-header §2.1)."""
    if not text.strip() or not (text.isascii() and text.isprintable()) or text != text.strip():
        raise ValueError(f"{text!r} is no idempotency key; write auto, or printable ASCII without spaces around it")
    return text


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that takes one of `choices`, and names the nearest otherwise."""

    def parse(text: str) -> str:
        if text in choices:
            return text
        raise ValueError(f"{text!r} is not one of {', '.join(choices)}{suggestion(text, choices)}")

    return parse


def suggestion(word: str, known: tuple[str, ...] | list[str]) -> str:
    """`; did you mean X?` for the nearest of `known`, or nothing."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def resolve_rule(text: str) -> tuple[str, int, str]:
    """`HOST:PORT:ADDR` of `--resolve`, as curl has it; an IPv6 address may stand in brackets."""
    host, _, rest = text.partition(":")
    port, _, address = rest.partition(":")
    if not host or not address or not is_port(port):
        raise ValueError(f"{text!r} is not HOST:PORT:ADDRESS")
    return host.lower(), int(port), address.strip("[]")


def connect_rule(text: str) -> tuple[str, int | None, str, int | None]:
    """`HOST1:PORT1:HOST2:PORT2` of `--connect-to`, as curl has it; each part may be empty."""
    parts: list[str] = []
    for piece in text.split(":"):
        if parts and parts[-1].startswith("[") and not parts[-1].endswith("]"):
            parts[-1] += ":" + piece
        else:
            parts.append(piece)
    if len(parts) != 4 or any(port and not is_port(port) for port in (parts[1], parts[3])):
        raise ValueError(f"{text!r} is not HOST1:PORT1:HOST2:PORT2")
    return (
        parts[0].strip("[]").lower(),
        int(parts[1]) if parts[1] else None,
        parts[2].strip("[]"),
        int(parts[3]) if parts[3] else None,
    )


def proxy_url(text: str) -> str:
    """The text, once it is known to name a proxy; an empty one means none."""
    if text:
        from rrcli.wire.proxy import parse

        parse(text)
    return text


TLS_VERSIONS = ("1.0", "1.1", "1.2", "1.3")
FORMATS = ("pretty", "raw", "json", "ndjson", "har", "curl", "mermaid")

# --- what every command takes ----------------------------------------------------------------------------


class Output(Optioned):
    """How the exchange is shown; nothing here changes what is sent."""

    json: bool = option("--json", kind="flag", help="Print the exchange as one JSON document.", group="Output")
    format: str | None = option(
        "--format", metavar="FORMAT", choices=FORMATS, parse=one_of(*FORMATS), group="Output",
        help="pretty on a terminal, raw (the answer's content alone) elsewhere, json, ndjson; har: for browsers; mermaid: a diagram; "
        "curl: the same by the protocol's own tool.",
    )  # fmt: skip
    query: str | None = option("--query", metavar="JMESPATH", help="Print only this part of the JSON document.", group="Output")
    verbose: bool = option("-v", "--verbose", kind="flag", help="Show the request as well, part by part.", group="Output")
    include: bool = option("-i", "--include", kind="flag", help="Print status and fields before the content.", group="Output")
    quiet: bool = option("-q", "--quiet", kind="flag", help="Print no result; the exit code tells.", group="Output")
    silent: bool = option("-s", "--silent", kind="flag", help="No progress, notes or warnings; the result stays.", group="Output")
    output: str | None = option("-o", "--output", metavar="FILE", help="Write the answer's content to FILE.", group="Output")
    color: str = option(
        "--color", default="auto", metavar="WHEN", choices=("auto", "always", "never"), parse=one_of("auto", "always", "never"),
        help="Colour: auto, always, never.", group="Output",
    )  # fmt: skip
    show_secrets: bool = option("--show-secrets", kind="flag", help="Do not mask credentials.", group="Output")


class Request(Optioned):
    """What every request has: the words of its command line, and the options that all protocols share.

    `HttpRequest("POST", "http://…", "name=ann", timeout=3.0)`: positional arguments become `words`.
    """

    words: tuple[str, ...] = ()
    needs_words: ClassVar[bool] = True  # False where an option can stand in for them
    event_keys: ClassVar[tuple[str, ...]] = ("at_ms", "type", "data", "json")  # of a stream's events: what --until may name
    at_once: ClassVar[int] = 8  # exchanges side by side: past about so many, threads distort their own measurements
    written: ClassVar[tuple[str, ...]] = ("dump_header",)  # fields that name a file to write: their `-` is standard output
    write_out: str | None = None  # what to print at the end, where a protocol has an option for it
    dump_header: str | None = None  # where to write status and fields
    forwards: bool = False  # the proxy gets the request itself, and is not asked for a tunnel
    warn_days: int = 14  # a certificate that ends sooner is noted

    wire: int | None = option(
        "--wire", kind="optional", parse=size, bare="1MiB", metavar="SIZE", group="Output",
        help="Record every byte both ways, up to SIZE (--wire=4MiB; 1MiB without).",
    )  # fmt: skip

    timeout: float | None = option("-m", "--timeout", parse=duration, metavar="TIME", help="Limit for each attempt.  [30s]", group="Time")
    connect_timeout: float = option(
        "--connect-timeout", default=10.0, parse=duration, metavar="TIME", help="Limit until the connection is ready.  [10s]", group="Time"
    )
    idle_timeout: float | None = option(
        "--idle-timeout", parse=duration, metavar="TIME", help="Limit for a silence of the peer.  [30s for streams and -o]", group="Time"
    )
    deadline: float | None = option("--deadline", parse=duration, metavar="TIME", help="Limit for the whole invocation.", group="Time")
    max_size: int = option(
        "--max-size", default=64 << 20, parse=size, metavar="SIZE", help="Content kept in memory at most.  [64MiB]", group="Time"
    )
    max_events: int | None = option("--max-events", parse=count, metavar="N", help="End a stream after N events.", group="Time")

    retry: int = option(
        "--retry", default=0, parse=retries, metavar="N", group="Retry",
        help="Try again up to N times where that can help and does no harm.",
    )  # fmt: skip
    retry_delay: float = option(
        "--retry-delay", default=0.5, parse=duration, metavar="TIME", group="Retry",
        help="Longest first wait, doubled each time up to 30s; each wait is a chance part of it.  [500ms]",
    )  # fmt: skip
    retry_max_time: float | None = option(
        "--retry-max-time", parse=duration, metavar="TIME", help="Limit for all attempts and waits together.", group="Retry"
    )
    retry_unsafe: bool = option(
        "--retry-unsafe", kind="flag", help="Also repeat what may then be done twice, as a POST without a key.", group="Retry"
    )
    idempotency_key: str | None = option(
        "--idempotency-key", parse=idempotency_key, metavar="auto|KEY", group="Retry",
        help="Send this key, or a new one with auto, on every attempt, so that a server that knows it acts once.",
    )  # fmt: skip

    until: str | None = option(
        "--until", metavar="EXPR", group="Wait",
        help="Repeat the exchange until this holds, as 'json.state == done'; on a stream, read events until one satisfies it. "
        "Without --deadline there is no limit.",
    )  # fmt: skip
    every: float = option(
        "--every", default=1.0, parse=duration, metavar="TIME", help="Wait between two exchanges of --until.  [1s]", group="Wait"
    )

    expect: tuple[str, ...] = option(
        "--expect", kind="many", metavar="EXPR", help="Check the answer: 'status == 200', 'time < 250ms', 'json.id exists'.", group="Checks"
    )
    ok: str | None = option("--ok", metavar="WHAT", help="What counts as success: any, 2xx,404 or an expression.", group="Checks")

    repeat: int | None = option(
        "--repeat", parse=times, metavar="N", group="Repeat",
        help="Send it N times over kept connections: counts, rate, percentiles; --expect 'series.timing.total_ms.p99 < 200ms' checks them.",
    )  # fmt: skip
    repeat_for: float | None = option(
        "--duration", parse=lasting, metavar="TIME", help="Repeat for so long; what has begun by then is let finish.", group="Repeat"
    )
    concurrency: int | None = option(
        "--concurrency", parse=concurrent, metavar="N", group="Repeat",
        help="Keep N under way at once: over HTTP/2 on one connection, else on N, in threads.  [1]",
    )  # fmt: skip
    rate: float | None = option(
        "--rate", parse=rate, metavar="PER_SECOND", group="Repeat",
        help="Begin so many a second, late or not; a late one's total counts from when it was due.",
    )  # fmt: skip
    warmup: int | None = option("--warmup", parse=times, metavar="N", help="Send N before, which are not counted.", group="Repeat")

    ipv4: bool = option("-4", "--ipv4", kind="flag", help="Use IPv4 only.", group="Connection")
    ipv6: bool = option("-6", "--ipv6", kind="flag", help="Use IPv6 only.", group="Connection")
    resolve: tuple[tuple[str, int, str], ...] = option(
        "--resolve", kind="many", parse=resolve_rule, metavar="HOST:PORT:ADDR", help="Use ADDR for HOST:PORT.", group="Connection"
    )
    connect_to: tuple[tuple[str, int | None, str, int | None], ...] = option(
        "--connect-to", kind="many", parse=connect_rule, metavar="HOST1:PORT1:HOST2:PORT2",
        help="Connect to HOST2:PORT2 in place of HOST1:PORT1.", group="Connection",
    )  # fmt: skip
    interface: str | None = option("--interface", metavar="NAME", help="Send from this interface or local address.", group="Connection")
    unix_socket: str | None = option("--unix-socket", metavar="PATH", help="Connect to this unix socket.", group="Connection")
    proxy: str | None = option(
        "--proxy", parse=proxy_url, metavar="URL", group="Connection",
        help="Connect through a proxy: [USER:PASSWORD@]HOST:PORT behind http://, https://, socks4://, socks4a://, socks5:// or socks5h://.",
    )  # fmt: skip
    all_addresses: bool = option("--all-addresses", kind="flag", help="Send to every address of the name, and compare.", group="Connection")

    cacert: str | None = option("--cacert", metavar="FILE", help="Trust the certificates in FILE.", group="TLS")
    cert: str | None = option("-E", "--cert", metavar="FILE", help="Client certificate (PEM, may hold the key).", group="TLS")
    key: str | None = option("--key", metavar="FILE", help="Key of the client certificate.", group="TLS")
    key_password: str | None = option("--pass", metavar="PHRASE", help="Pass phrase of the key.", group="TLS")
    insecure: bool = option("-k", "--insecure", kind="flag", help="Do not verify the peer's certificate.", group="TLS")
    sni: str | None = option("--sni", metavar="NAME", help="Name to ask for and to verify, in place of the host.", group="TLS")
    alpn: str | None = option("--alpn", metavar="NAMES", help="Protocols to offer, as h2,http/1.1.", group="TLS")
    tls_min: str | None = option(
        "--tls-min", metavar="VERSION", choices=TLS_VERSIONS, parse=one_of(*TLS_VERSIONS), help="Lowest TLS version.", group="TLS"
    )
    tls_max: str | None = option(
        "--tls-max", metavar="VERSION", choices=TLS_VERSIONS, parse=one_of(*TLS_VERSIONS), help="Highest TLS version.", group="TLS"
    )

    request_id: str | None = option(
        "--request-id", metavar="ID", help="Id of the exchange, sent where the protocol has a place: auto or your own.", group="Correlation"
    )
    traceparent: str | None = option(
        "--traceparent", metavar="VALUE", help="W3C trace context: auto or your own value.", group="Correlation"
    )

    @classmethod
    def stands_for(cls, values: dict[str, Any]) -> list[str] | None:  # noqa: ARG003
        """A command line that an option among the values read stands for; the option is taken out. Raises `usage`."""
        return None

    def asks_for_fields(self) -> bool:
        """Whether status and fields are the content that is wanted."""
        return False

    def appends(self) -> str | None:
        """The option that has something more printed after the result, where it was given."""
        return None

    def streams(self) -> bool:
        """Whether the answer is a stream of events, which takes as long as it takes."""
        return False

    def repeats(self) -> bool:
        """Whether any option asks for a series."""
        return not (self.repeat is self.repeat_for is self.concurrency is self.rate is self.warmup is None)

    def is_offline(self) -> bool:
        """Whether the request is only to be built and shown."""
        return False

    def hears_offline(self, sent: bytes) -> bytes:  # noqa: ARG002  # most need nothing
        """What a peer would have to say for all of the request to go out, once it has begun with `sent`."""
        return b""

    def download(self, output: Output) -> Download | None:  # noqa: ARG002  # most save nothing but to -o
        """How the content is saved, where there is more to it than writing it to the file of `-o`."""
        return None

    def several(self) -> tuple[Request, ...] | None:
        """The exchanges that this asks for side by side; `None` when its command line cannot ask for more than one.

        Raises `ExchangeError` of layer `usage`.
        """
        return None

    def __init__(self, *words: str, **values: Any) -> None:
        if words:
            values["words"] = words
        super().__init__(**values)
