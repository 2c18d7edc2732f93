"""Options: each is declared once, as a field of a request, and everything else is made from that declaration.

The fast path's parser, the Typer command with its help and errors, the completions and the README's reference
all read `Request.options_` and `Output.options_`. An option's `parse` turns one word of the command line into the
field's value and raises `ValueError` with a sentence for the user.

Options stand in groups, and a request type is composed of the groups it has: `Request` of those that all share, the
types of each protocol of that and of their own. Who needs a part of them, as the wire, takes the group.
"""

from __future__ import annotations

from rrcli.options.option import Optioned, option
from rrcli.options.parse import (
    FORMATS,
    TLS_VERSIONS,
    collector,
    concurrent,
    connect_rule,
    connect_text,
    count,
    duration,
    expression,
    idempotency_key,
    lasting,
    one_of,
    rate,
    report_rule,
    report_text,
    resolve_rule,
    resolve_text,
    retries,
    size,
    times,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from rrcli.base.errors import ExchangeError


def written(asked: str) -> str:
    """What `--traceparent` says, for another time: a trace that was begun is none then."""
    return "auto" if asked.startswith("auto:") else asked


# Seconds, where the user gives no limit.
DEFAULT_TIMEOUT = 30.0  # of one attempt
IDLE_TIMEOUT = 30.0  # of silence, that end a stream or a download

# --- words to values -------------------------------------------------------------------------------------


# Where --proxy is not given, the variables of the environment that name one, by scheme and for every scheme, as curl reads them.
# `http_proxy` is read in lower case alone: a CGI program gets the field `Proxy` of its client as `HTTP_PROXY` (httpoxy).
PROXY_OF_SCHEME = {"http": ("http_proxy",), "https": ("https_proxy", "HTTPS_PROXY")}
PROXY_OF_ALL = ("all_proxy", "ALL_PROXY")
PROXY_VARIABLES = (*PROXY_OF_SCHEME["http"], *PROXY_OF_SCHEME["https"], *PROXY_OF_ALL)


def proxy_url(text: str) -> str:
    """The text, once it is known to name a proxy; an empty one means none."""
    if text:
        from rrcli.options.proxyurl import parse

        parse(text)
    return text


# --- the groups of options that every command takes --------------------------------------------------------


class TimeOptions(Optioned):
    """How long it may take, and how much of an answer is taken."""

    timeout: float | None = option("-m", "--timeout", parse=duration, metavar="TIME", help="Limit for each attempt.  [30s]", group="Time")
    deadline: float | None = option("--deadline", parse=duration, metavar="TIME", help="Limit for the whole invocation.", group="Time")
    max_size: int = option(
        "--max-size", default=64 << 20, parse=size, metavar="SIZE", help="Content kept in memory at most.  [64MiB]", group="Time"
    )
    max_events: int | None = option("--max-events", parse=count, metavar="N", help="End a stream after N events.", group="Time")


class RetryOptions(Optioned):
    """When a request that failed is sent again."""

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


class WaitOptions(Optioned):
    """What is waited for."""

    until: str | None = option(
        "--until", parse=expression, metavar="EXPR", group="Wait",
        help="Repeat the exchange until this holds, as 'json.state == done'; on a stream, read events until one satisfies it. "
        "Without --deadline there is no limit.",
    )  # fmt: skip
    every: float = option(
        "--every", default=1.0, parse=duration, metavar="TIME", help="Wait between two exchanges of --until.  [1s]", group="Wait"
    )


class CheckOptions(Optioned):
    """What the answer is checked for."""

    expect: tuple[str, ...] = option(
        "--expect", kind="many", metavar="EXPR", help="Check the answer: 'status == 200', 'time < 250ms', 'json.id exists'.", group="Checks"
    )
    ok: str | None = option("--ok", metavar="WHAT", help="What counts as success: any, 2xx,404 or an expression.", group="Checks")


class SeriesOptions(Optioned):
    """How often the request is sent, and how fast: counts and percentiles come of it."""

    repeat: int | None = option(
        "--repeat", parse=times, metavar="N", group="Repeat",
        help="Send it N times over kept connections: counts, rate, percentiles; --expect 'series.timing.total_ms.p99 < 200ms' checks them.",
    )  # fmt: skip
    repeat_for: float | None = option(
        "--duration",
        parse=lasting,
        metavar="TIME",
        help="Repeat for so long; what has begun by then is let finish, what was due counts as unsent.",
        group="Repeat",
    )
    concurrency: int | None = option(
        "--concurrency", parse=concurrent, metavar="N", group="Repeat",
        help="Keep N under way at once: over HTTP/2 on one connection, else on N.  [1; with --rate as many as it takes, up to 64]",
    )  # fmt: skip
    rate: float | None = option(
        "--rate", parse=rate, metavar="PER_SECOND", group="Repeat",
        help="Begin so many a second, late or not; a late one's total counts from when it was due.",
    )  # fmt: skip
    warmup: int | None = option("--warmup", parse=times, metavar="N", help="Send N before, which are not counted.", group="Repeat")


class ConnectOptions(Optioned):
    """How a connection is reached: addresses, sockets, proxies, and the limits on each."""

    connect_timeout: float = option(
        "--connect-timeout", default=10.0, parse=duration, metavar="TIME", help="Limit until the connection is ready.  [10s]", group="Time"
    )
    idle_timeout: float | None = option(
        "--idle-timeout", parse=duration, metavar="TIME", help="Limit for a silence of the peer.  [30s for streams and -o]", group="Time"
    )
    ipv4: bool = option("-4", "--ipv4", kind="flag", help="Use IPv4 only.", group="Connection")
    ipv6: bool = option("-6", "--ipv6", kind="flag", help="Use IPv6 only.", group="Connection")
    resolve: tuple[tuple[str, int, str], ...] = option(
        "--resolve",
        kind="many",
        parse=resolve_rule,
        write=resolve_text,
        metavar="HOST:PORT:ADDR",
        help="Use ADDR for HOST:PORT.",
        group="Connection",
    )
    connect_to: tuple[tuple[str, int | None, str, int | None], ...] = option(
        "--connect-to", kind="many", parse=connect_rule, write=connect_text, metavar="HOST1:PORT1:HOST2:PORT2",
        help="Connect to HOST2:PORT2 in place of HOST1:PORT1.", group="Connection",
    )  # fmt: skip
    interface: str | None = option("--interface", metavar="NAME", help="Send from this interface or local address.", group="Connection")
    unix_socket: str | None = option("--unix-socket", metavar="PATH", help="Connect to this unix socket.", group="Connection")
    proxy: str | None = option(
        "--proxy", parse=proxy_url, metavar="URL", group="Connection", secret="rrcli.options.commandline:proxy_shown",
        help="Connect through a proxy: [USER:PASSWORD@]HOST:PORT behind http://, https://, socks4://, socks4a://, socks5:// or socks5h://.",
    )  # fmt: skip
    all_addresses: bool = option("--all-addresses", kind="flag", help="Send to every address of the name, and compare.", group="Connection")


class TlsOptions(Optioned):
    """Whom TLS trusts, who we are, and what is offered."""

    cacert: str | None = option("--cacert", metavar="FILE", help="Trust the certificates in FILE.", group="TLS")
    cert: str | None = option(
        "-E", "--cert", metavar="FILE", group="TLS", help="Client certificate (PEM, may hold the key), as curl's FILE or FILE:PHRASE."
    )
    key: str | None = option("--key", metavar="FILE", help="Key of the client certificate.", group="TLS")
    key_password: str | None = option(
        "--pass", metavar="PHRASE", secret="rrcli.options.commandline:hidden", help="Pass phrase of the key.", group="TLS"
    )
    insecure: bool = option("-k", "--insecure", kind="flag", help="Do not verify the peer's certificate.", group="TLS")
    sni: str | None = option("--sni", metavar="NAME", help="Name to ask for and to verify, in place of the host.", group="TLS")
    alpn: str | None = option("--alpn", metavar="NAMES", help="Protocols to offer, as h2,http/1.1.", group="TLS")
    tls_min: str | None = option(
        "--tls-min", metavar="VERSION", choices=TLS_VERSIONS, parse=one_of(*TLS_VERSIONS), help="Lowest TLS version.", group="TLS"
    )
    tls_max: str | None = option(
        "--tls-max", metavar="VERSION", choices=TLS_VERSIONS, parse=one_of(*TLS_VERSIONS), help="Highest TLS version.", group="TLS"
    )


class TransportOptions(ConnectOptions, TlsOptions):
    """All that opening a connection takes."""


class CorrelationOptions(Optioned):
    """By what an exchange is found in the logs of others."""

    request_id: str | None = option(
        "--request-id", metavar="ID", help="Id of the exchange, sent where the protocol has a place: auto or your own.", group="Correlation"
    )
    traceparent: str | None = option(
        "--traceparent", write=written, metavar="VALUE", help="W3C trace context: auto or your own value.", group="Correlation"
    )


class QuicOptions(Optioned):
    """Files beside a connection of QUIC; for the protocols that have them, none is shared by all."""

    qlog: str | None = option(
        "--qlog", metavar="FILE", group="Version",
        help="Write what QUIC does under HTTP/3 as qlog, for its owner alone; it holds no field and no content.",
    )  # fmt: skip
    early_data: str | None = option(
        "--early-data", metavar="FILE", group="Version",
        help="Keep the server's HTTP/3 ticket in FILE; with one there a safe request leaves with the first packet (0-RTT).",
    )  # fmt: skip


# --- the request -----------------------------------------------------------------------------------------


class Request(TimeOptions, RetryOptions, WaitOptions, CheckOptions, SeriesOptions, TransportOptions, CorrelationOptions):
    """What every request has: the arguments of its command line, and the options that all protocols share.

    `HttpRequest("POST", "http://…", "name=ann", timeout=3.0)`: positional arguments become `arguments`.
    """

    arguments: tuple[str, ...] = ()
    needs_arguments: ClassVar[bool] = True  # False where an option can stand in for them
    event_keys: ClassVar[tuple[str, ...]] = ("at_ms", "type", "data", "json")  # of a stream's events: what --until may name
    line_events: ClassVar[bool] = False  # an answer may turn out to be a stream of events: lines of JSON
    without_effect: ClassVar[tuple[str, ...]] = ()  # options that change nothing here, or are refused: help leaves them out
    shown_arguments: ClassVar[str] = ""  # MODULE:FUNCTION that gives the arguments with their secrets masked
    at_once: ClassVar[int] = 8  # exchanges side by side: past about so many, threads distort their own measurements
    options_end_at_data: ClassVar[bool] = False  # options are read up to the first argument that is no URL: all behind it is data
    place_first: ClassVar[bool] = False  # where they are: the first argument says where to connect, whatever it looks like
    lines: ClassVar[bool] = False  # the content of an answer is lines of text: `raw` ends it with a newline
    multiplexes: ClassVar[bool] = False  # several exchanges of a series may share one connection at the same time
    wordless: ClassVar[tuple[str, ...]] = ()  # fields that no word says; the command without them sends the same to the same peer
    written: ClassVar[tuple[str, ...]] = ()  # fields that name a file to write: their `-` is standard output
    typed_keys: ClassVar[str] = ""  # MODULE:NAME of the keys of a plan's step that have typed values, beside the options
    typed_words: ClassVar[str] = ""  # MODULE:FUNCTION that puts words and options under those keys where they say the same
    keyed_words: ClassVar[str] = ""  # MODULE:FUNCTION that tells the arguments apart as a plan's step has them, see `plan/written.py`
    retarget: ClassVar[str] = ""  # MODULE:FUNCTION that gives the arguments for another server, where the first URL does not tell it alone
    dry: ClassVar[tuple[str, ...]] = ()  # fields that have the request built and not sent
    word_parts: ClassVar[str] = ""  # MODULE:FUNCTION that splits a later argument at its syntax; without it all of it is data
    file_argument: ClassVar[int | None] = None  # the argument that is a file, or a URL
    fills: ClassVar[tuple[str, ...]] = ()  # names whose {{NAME}} the request fills in itself
    input_option: ClassVar[str | None] = None  # how standard input is asked for, where it can be
    warn_days: int = 14  # a certificate that ends sooner is noted

    wire: int | None = option(
        "--wire", kind="optional", parse=size, bare="1MiB", metavar="SIZE", group="Output",
        help="Record every byte both ways, up to SIZE (--wire=4MiB; 1MiB without).",
    )  # fmt: skip

    @property
    def stdin(self) -> bool:
        """Whether standard input is read for what no option's value says, as a flag of its own or an argument `-` may ask."""
        return False

    @property
    def own_checks(self) -> tuple[str, ...]:
        """The expectations that an option of the protocol's own stands for, checked as those of `--expect` are."""
        return ()

    def repeats(self) -> bool:
        """Whether any option asks for a series."""
        return not (self.repeat is self.repeat_for is self.concurrency is self.rate is self.warmup is None)

    def __init__(self, *arguments: str, **values: Any) -> None:
        """Raises `ExchangeError` of layer `usage` for a keyword that this protocol has not."""
        if arguments:
            values["arguments"] = arguments
        if ":" in str(values.get("cert") or ""):
            from rrcli.options.parse import certificate

            values["cert"], phrase = certificate(str(values["cert"]))
            if values.get("key_password") is None:
                values["key_password"] = phrase
        super().__init__(**values)

    @classmethod
    def _unknown_fields(cls, names: list[str]) -> ExchangeError:
        """As the command line refuses an unknown option: with the nearest that is known."""
        from rrcli.base.errors import usage
        from rrcli.options.parse import suggestion

        known = ("arguments", *cls.options_)
        return usage(f"{cls.__name__} has no {' and no '.join([name + suggestion(name, known) for name in names])}")


def without_attempt_timeout(request: Request, idle_limit: float = IDLE_TIMEOUT) -> Request:
    """The request without a limit for a whole attempt, but for silence: for streams and downloads (contract, section 1)."""
    idle = idle_limit if request.idle_timeout is None else request.idle_timeout
    return request.replace(timeout=request.timeout or 0.0, idle_timeout=idle)


def timeout_of(request: Request) -> float | None:
    """The limit of one attempt in seconds."""
    return DEFAULT_TIMEOUT if request.timeout is None else request.timeout


class Output(Optioned):
    """How the exchange is shown; nothing here changes what is sent."""

    json: bool = option("--json", kind="flag", help="Print the exchange as one JSON document.", group="Output")
    format: str | None = option(
        "--format", metavar="FORMAT", choices=FORMATS, parse=one_of(*FORMATS), group="Output",
        help="pretty on a terminal, raw (the answer's content alone) elsewhere; body: the content laid out; json, ndjson; "
        "har: for browsers; mermaid: a diagram; curl: the same by the protocol's own tool; plan: a step of a plan.",
    )  # fmt: skip
    query: str | None = option("--query", metavar="JMESPATH", help="Print only this part of the JSON document.", group="Output")
    verbose: bool = option("-v", "--verbose", kind="flag", help="Show the request as well, part by part.", group="Output")
    include: bool = option("-i", "--include", kind="flag", help="Print status and fields before the content.", group="Output")
    quiet: bool = option("-q", "--quiet", kind="flag", help="Print no result; what failed is one line each on stderr.", group="Output")
    silent: bool = option("-s", "--silent", kind="flag", help="No progress, notes or warnings; the result stays.", group="Output")
    output: str | None = option("-o", "--output", metavar="FILE", help="Write the answer's content to FILE.", group="Output")
    color: str = option(
        "--color", default="auto", metavar="WHEN", choices=("auto", "always", "never"), parse=one_of("auto", "always", "never"),
        help="Colour: auto, always, never.", group="Output",
    )  # fmt: skip
    show_secrets: bool = option("--show-secrets", kind="flag", help="Do not mask credentials.", group="Output")
    otlp: str | None = option(
        "--otlp", parse=collector, metavar="URL|auto", group="Output",
        help="Send what happened as a trace to this OpenTelemetry collector; auto: as OTEL_EXPORTER_OTLP_ENDPOINT says.",
    )  # fmt: skip
    report: tuple[tuple[str, str], ...] = option(
        "--report", kind="many", parse=report_rule, write=report_text, metavar="KIND=FILE", group="Output",
        help="Write a report as well: junit, tap, html, har or json, and of a series csv, hgrm or openmetrics; repeatable.",
    )  # fmt: skip


class SettingsOptions(Optioned):
    """Which of the user's settings hold beside what is typed."""

    env: str | None = option(
        "--env", metavar="NAME", group="Settings",
        help="Take the options and the base-url of [env.NAME] in rrcli.toml; a URL may then be a /path.  [RRCLI_ENV]",
    )  # fmt: skip


BESIDE_REQUEST = {**Output.options_, **SettingsOptions.options_}  # what a command has beside the options of its request
