"""`--otlp`: what happened, sent as a trace to an OpenTelemetry collector, after the result was printed.

Where to and how is said by the variables of OpenTelemetry's exporters (opentelemetry-specification, protocol/exporter.md). A trace that
cannot be sent is a note: the exit code is that of the result, and it takes no longer than `LIMIT_S`.
"""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.fields import MASK
from rrcli.base.jsontext import dumps
from rrcli.base.output import to_stderr
from rrcli.base.record import Record
from rrcli.base.tracecontext import AUTO, WITHIN, new_trace, read
from rrcli.base.url import unquote
from rrcli.base.visible import visible
from rrcli.engine.manifest import load
from rrcli.engine.registry import by_scheme
from rrcli.plan.result import RunResult
from rrcli.policy.secrets import mask_url
from rrcli.report.formats.otlp import document, spans_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.options.request import Output, Request
    from rrcli.report.formats.otlp import Span
    from rrcli.report.reports import Result

PLACE = "http://localhost:4318"  # of a collector beside us
PATH = "/v1/traces"
PREFIX = "OTEL_EXPORTER_OTLP_"
LIMIT_S = 10.0  # as the exporters of OpenTelemetry have it
AFTER_SIGNAL_S = 2.0  # once somebody waits for the end
MOST_SPANS = 2000  # of one message: collectors take some megabytes at once


class Collector(Record):
    """Where a trace is sent: the URL, the fields that go with it, seconds that it may take, and whom to trust."""

    url: str
    fields: tuple[tuple[str, str], ...] = ()
    limit_s: float = LIMIT_S
    cacert: str | None = None


def trace_of(asked: str | None) -> str:
    """What `--traceparent` is with `--otlp`: spans of our own, below the parent that is given there or in `TRACEPARENT`, or in a new trace.

    Raises `usage` for a value that is no parent.
    """
    if asked and asked != AUTO:
        if not (found := read(asked)):
            raise usage(
                f"--traceparent {asked!r} is no parent of a trace", "write 00-TRACE-SPAN-01 with 32 and 16 hexadecimal digits, or auto"
            )
        return f"{WITHIN}{found}"
    inherited = read(os.environ.get("TRACEPARENT", "")) if not asked else None
    return f"{WITHIN}{inherited}" if inherited else new_trace()


def collector_of(asked: str) -> Collector:
    """The collector that `--otlp` names, with what the environment says beside. Raises `usage` for a variable that is wrong."""
    url = asked
    if asked == AUTO:
        url = _variable("TRACES_ENDPOINT") or _with_path(_variable("ENDPOINT") or PLACE)
    elif not asked.rstrip("/").endswith(PATH):
        url = _with_path(asked)
    entry = by_scheme(url)
    if entry is None or not entry.load_manifest().posts:
        raise usage(f"{PREFIX}ENDPOINT: {mask_url(url)!r} is no URL that a trace can be sent to", f"write it as {PLACE}")
    limit = _either("TIMEOUT") or ""
    seconds = int(limit) / 1000 if limit.isascii() and limit.isdecimal() and len(limit) < 10 else LIMIT_S
    return Collector(url=url, fields=tuple(_fields(_either("HEADERS") or "")), limit_s=min(seconds, LIMIT_S), cacert=_either("CERTIFICATE"))


def _with_path(url: str) -> str:
    return f"{url.rstrip('/')}{PATH}"


def _variable(name: str) -> str | None:
    return os.environ.get(PREFIX + name) or None


def _either(name: str) -> str | None:
    """A variable, that of traces before that of all signals."""
    return _variable(f"TRACES_{name}") or _variable(name)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """`name=value,name=value`, values percent-encoded (W3C Baggage)."""
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not pair.strip():
            continue
        name, value = name.strip(), unquote(value.strip())
        if not equals or not name or not f"{name}{value}".isprintable():
            raise usage(f"{PREFIX}HEADERS is not NAME=VALUE,NAME=VALUE")
        yield name, value


def resource() -> dict[str, str]:
    """Of whom the spans are: `OTEL_RESOURCE_ATTRIBUTES`, and `OTEL_SERVICE_NAME` before the name that stands there."""
    found = {"service.name": "rrcli"}
    for pair in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            found[unquote(name.strip())] = unquote(value.strip())
    service = os.environ.get("OTEL_SERVICE_NAME")
    return found | ({"service.name": service} if service else {})


def traced(request: Request, output: Output) -> Request:
    """The request within the trace that is sent afterwards. Raises `usage` for what cannot be one, or cannot be sent."""
    assert output.otlp
    collector_of(output.otlp)
    return request.replace(traceparent=trace_of(request.traceparent))


def send_trace(output: Output, trace: str, result: Result) -> None:
    """Send the spans of a result to the collector of `--otlp`. What goes wrong is a note."""
    from rrcli.base.deadline import Deadline

    assert output.otlp
    collector, parent = collector_of(output.otlp), read(trace)
    assert parent
    limit_s = min(collector.limit_s, AFTER_SIGNAL_S) if isinstance(result, RunResult) and result.is_interrupted else collector.limit_s
    said = _send(collector, parent.trace, spans_of(result, parent.span), Deadline.after(limit_s, f"{PREFIX}TIMEOUT"))
    if said and not output.silent:
        to_stderr(f"rrcli: note: the trace was not sent to {visible(mask_url(collector.url))}: {visible(said)}\n")


def _send(collector: Collector, trace: str, spans: Sequence[Span], whole: Deadline) -> str | None:
    """Send them in messages of so many over one connection; why that was given up, or what was not taken."""
    from rrcli.engine.client import Client

    entry = by_scheme(collector.url)
    assert entry
    options: dict[str, Any] = {"cacert": collector.cacert, "timeout": collector.limit_s, "connect_timeout": collector.limit_s}
    try:
        with Client(cookies=False) as client:
            for at in range(0, len(spans), MOST_SPANS):
                text = dumps(document(spans[at : at + MOST_SPANS], trace, resource()))
                content = text.replace(MASK[0], f"\\u{ord(MASK[0]):04x}")  # as it is no request of ours may hold a mask
                request = load(entry.load_manifest().posts)(collector.url, content, collector.fields, **options)
                exchange = client.send(request, until=whole)
                if exchange.error:
                    return exchange.error.message
                body = exchange.response.body if exchange.response else None
                if said := _refused(body.data if body else b""):
                    return said
    except ExchangeError as error:
        return error.message
    return None


def _refused(content: bytes) -> str | None:
    """What a collector that took a part of the spans says about the rest."""
    from rrcli.base.jsontext import loads

    try:
        found = loads((content or b"{}").decode())["partialSuccess"]
        rejected, said = int(found.get("rejectedSpans", 0)), str(found.get("errorMessage", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return f"{rejected} spans were refused: {said}" if rejected else said or None
