"""A result as OpenTelemetry spans: run, step, attempt or hop, and its phases, as OTLP/HTTP has them in JSON (opentelemetry-proto).

Names of attributes are those of the semantic conventions; what a protocol calls its own its manifest brings (`span`). An attempt that
sent a span's id to the server has that id, so that the server's spans stand below it.
"""

from __future__ import annotations

from rrcli.base import __version__
from rrcli.base.fields import first, readable
from rrcli.base.record import Record
from rrcli.base.tracecontext import NO_SPAN, new_span, read
from rrcli.engine.manifest import load
from rrcli.engine.registry import BY_NAME
from rrcli.plan.result import RunResult
from rrcli.policy.redact import masked_by
from rrcli.report.formats.runreport import as_run, runs_of, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from rrcli.model.values import Exchange
    from rrcli.plan.result import StepResult
    from rrcli.policy.mask import Mask
    from rrcli.report.reports import Result

INTERNAL, CLIENT = 1, 3  # of SpanKind
ERROR = 2  # of StatusCode
LONGEST = 1024  # letters of an attribute
STATES = {"passed": "pass", "failed": "fail", "error": "fail"}


class Span(Record):
    """One span, before it is written. `error` is what went wrong, where anything did."""

    id: str
    parent: str
    name: str
    kind: int
    start_ns: int
    ns: int
    attributes: Mapping[str, Any] = {}
    error: str | None = None


def spans_of(result: Result, parent: str) -> list[Span]:
    """The spans of a result below the span `parent`, or below none where it is `NO_SPAN`, the outer ones first."""
    run = as_run(result)
    made = _Spans(run.mask(), is_plan=isinstance(result, RunResult))
    if made.is_plan or len(run.steps) > 1:
        made.run(run, parent)
    else:
        made.step(run, run.steps[0], parent)
    return made.found


class _Spans:
    """Gathers the spans; no id stands twice, whatever a peer or a fixed field makes of it."""

    def __init__(self, mask: Mask, *, is_plan: bool) -> None:
        """Without a plan steps are called as what they send is."""
        self.is_plan = is_plan
        self.found: list[Span] = []
        self._mask = mask
        self._ids = {NO_SPAN}

    def run(self, run: RunResult, parent: str) -> None:
        """The span of a run, and of all that it holds."""
        state = "success" if run.ok else "aborted" if run.is_interrupted else "failure"
        attributes: dict[str, Any] = {f"rrcli.run.{outcome}": count for outcome, count in run.counts().items()}
        if self.is_plan:
            attributes |= {"test.suite.name": self._mask.text(run.title), "test.suite.run.status": state, "code.file.path": run.plan}
        attributes["rrcli.run.id"] = run.id
        failed = None if run.ok else f"exit {run.exit_code}"
        name = self._mask.text(run.title or run.plan or "rrcli")
        own = self._add(parent, name, INTERNAL, run.started_at_ns, run.elapsed_ns, attributes, failed)
        if runs_of(run)[0] is run:
            for step in run.steps:
                self.step(run, step, own)
        else:
            for inner in (step.run for step in run.steps if step.run):
                self.run(inner, own)

    def step(self, run: RunResult, step: StepResult, parent: str) -> None:
        """The span of a step; of one that sent once it is that of the exchange too."""
        if step.skipped or not step.started_at_ns:
            return
        failed = None if step.exit_code == 0 else said(step, self._mask)
        attributes: dict[str, Any] = {}
        if self.is_plan:
            attributes = {"test.case.name": self._mask.text(step.name), "test.case.result.status": STATES[step.outcome]}
            attributes |= {"code.file.path": run.plan, "code.line.number": step.line or None, "rrcli.step.kind": step.kind}
        exchange = step.exchange and masked_by(step.exchange, self._mask)
        name = self._mask.text(step.name)
        if exchange and not exchange.history:
            described, own = _described(exchange, 0)
            name = name if self.is_plan else described
            own_id = self._add(parent, name, CLIENT, step.started_at_ns, step.elapsed_ns, own | attributes, failed, exchange)
            self._phases(exchange, own_id)
            return
        if exchange and not self.is_plan:
            name = _described(exchange, 0)[0]
        if step.series:
            attributes |= _figures(step)
        own_id = self._add(parent, name, INTERNAL, step.started_at_ns, step.elapsed_ns, attributes, failed)
        for one in (exchange, *(step.several.exchanges if step.several else ()), *_kept(step)):
            if one:
                self._attempts(masked_by(one, self._mask), own_id)
        if step.run:
            self.run(step.run, own_id)

    def _attempts(self, exchange: Exchange, parent: str) -> None:
        """The span of each attempt and hop, in the order sent."""
        for number, one in enumerate((*exchange.history, exchange)):
            name, attributes = _described(one, number)
            failure = one.error.message if one.error else None
            self._phases(one, self._add(parent, name, CLIENT, one.timing.started_at_ns, one.timing.total_ns, attributes, failure, one))

    def _phases(self, exchange: Exchange, parent: str) -> None:
        """A span for each phase, one after the other as they happened."""
        begin = exchange.timing.started_at_ns
        failed = exchange.error.phase if exchange.error and exchange.error.layer not in ("application", "check") else None
        for phase, ns in exchange.timing.phases.items():
            self._add(parent, phase, INTERNAL, begin, ns, {}, exchange.error.message if exchange.error and phase == failed else None)
            begin += ns

    def _add(
        self,
        parent: str,
        name: str,
        kind: int,
        start_ns: int,
        ns: int,
        attributes: Mapping[str, Any],
        error: str | None = None,
        exchange: Exchange | None = None,
    ) -> str:
        """Keep a span; its id, which is the one that the exchange has sent, where it has sent one."""
        own = _sent_span(exchange) if exchange else None
        while own is None or own in self._ids:
            own = new_span()
        self._ids.add(own)
        kept = {key: value for key, value in attributes.items() if value is not None}
        self.found.append(Span(id=own, parent=parent, name=name, kind=kind, start_ns=start_ns, ns=ns, attributes=kept, error=error))
        return own


def _kept(step: StepResult) -> list[Exchange]:
    """The exchanges of a series that are known, each once."""
    series = step.series
    return list({id(one): one for one in (series.first, series.worst) if one}.values()) if series else []


def _figures(step: StepResult) -> dict[str, Any]:
    """What a series amounts to."""
    series = step.series
    assert series
    found: dict[str, Any] = {
        "rrcli.series.count": series.count,
        "rrcli.series.failed": series.failed,
        "rrcli.series.rate": series.rate_per_s,
    }
    total = series.times["total"]
    return found | ({f"rrcli.series.p{percent}_ms": total.percentile(percent) / 1e6 for percent in (50, 99)} if total.count else {})


def _sent_span(exchange: Exchange) -> str | None:
    """The id that went out in `traceparent`."""
    sent = first(exchange.request.fields, "traceparent")
    found = read(sent) if sent else None
    return found.span if found else None


def _described(exchange: Exchange, number: int) -> tuple[str, dict[str, Any]]:
    """The name and the attributes of an exchange, the protocol's own among them."""
    entry = BY_NAME.get(exchange.protocol)
    reference = entry.load_manifest().span if entry else ""
    name, own = load(reference)(exchange, number) if reference else (exchange.protocol, {})
    connection, answer, failure = exchange.connection, exchange.response, exchange.error
    address, _, port = (connection.peer or "").rpartition(":")
    attributes = {
        "server.address": exchange.target.host,
        "server.port": exchange.target.port,
        "network.peer.address": address.strip("[]") or None,
        "network.peer.port": int(port) if address and port.isdecimal() else None,
        "tls.protocol.version": (connection.tls and (connection.tls.version or "").removeprefix("TLSv")) or None,
        "rrcli.protocol": exchange.protocol,
        "rrcli.exchange.id": exchange.id,
        "rrcli.why": exchange.why,
    }
    if failure:
        status = answer.status.text if answer and failure.layer == "application" else ""
        attributes["error.type"] = status or failure.kind
    return name, attributes | own


# --- as JSON


def document(spans: Sequence[Span], trace: str, resource: Mapping[str, str]) -> dict[str, Any]:
    """The body of a request to `/v1/traces`: ids in hexadecimal, 64-bit numbers as text."""
    scope = {"scope": {"name": "rrcli", "version": __version__}, "spans": [_span(span, trace) for span in spans]}
    return {"resourceSpans": [{"resource": {"attributes": list(_attributes(resource))}, "scopeSpans": [scope]}]}


def _span(span: Span, trace: str) -> dict[str, Any]:
    found: dict[str, Any] = {"traceId": trace, "spanId": span.id}
    if span.parent != NO_SPAN:
        found["parentSpanId"] = span.parent
    found |= {"name": _text(span.name), "kind": span.kind}
    found |= {"startTimeUnixNano": str(span.start_ns), "endTimeUnixNano": str(span.start_ns + span.ns)}
    found["attributes"] = list(_attributes(span.attributes))
    found["status"] = {"code": ERROR, "message": _text(span.error)} if span.error is not None else {}
    return found


def _attributes(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in values.items():
        yield {"key": key, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": _text(str(value))}


def _text(text: str) -> str:
    return readable(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
