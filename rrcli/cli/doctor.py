"""`rrcli doctor URL`: the layers one by one, at every address, and the first that fails with what to do about it.

Nothing is probed in a way of its own. One whole exchange goes to each address, and where it broke says how far it got; what
an exchange tells of each layer on its way is drawn here. So a diagnosis and the command it is about cannot disagree.
"""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.base.errors import EXIT_TERMINATED, ExchangeError, exit_code, usage
from rrcli.base.jsontext import dumps
from rrcli.base.output import to_stdout
from rrcli.base.record import Record
from rrcli.base.units import duration
from rrcli.base.url import literal_family
from rrcli.cli.settings import tool_defaults
from rrcli.cli.show import color
from rrcli.cli.tooloptions import DOCTOR_TAKES
from rrcli.engine import registry
from rrcli.engine.address import probe_of, protocol_of_url
from rrcli.engine.fanout import send_all
from rrcli.engine.interrupt import on_term
from rrcli.engine.target import target_of
from rrcli.model.document import days_left, set_document
from rrcli.model.values import Exchange, ExchangeSet
from rrcli.options.request import Output, Request
from rrcli.policy.redact import masked
from rrcli.policy.secrets import mask_url
from rrcli.report.terminal.next_steps import advice
from rrcli.report.terminal.paint import SEPARATOR, Page, pad, pieces
from rrcli.report.terminal.screen import width
from rrcli.report.terminal.verdict import status_words
from rrcli.wire.recorder import Timeline
from rrcli.wire.resolve import addresses, to_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Target
    from rrcli.report.terminal.paint import Line

LAYERS = ("resolve", "connect", "TLS", "protocol", "application")
RESOLVE, CONNECT, TLS, PROTOCOL, APPLICATION = range(len(LAYERS))
# Kinds that tell the layer whatever the phase: of a datagram the refusal comes while its answer is awaited.
KINDS = {"name_not_found": RESOLVE, "resolver_failed": RESOLVE, "refused": CONNECT, "unreachable": CONNECT, "proxy_refused": CONNECT}
PHASES = {"resolve": RESOLVE, "connect": CONNECT, "tls": TLS}  # every later one is the protocol's
BY_LAYER = {"tls": TLS, "protocol": PROTOCOL, "application": APPLICATION, "check": APPLICATION}
MARKS = {"good": "✔", "warn": "!", "bad": "✘", "dim": "·"}
COLUMN = 13  # where what is said of a layer begins
RESOLV_CONF = "/etc/resolv.conf"
HOSTS = "/etc/hosts"


class Finding(Record):
    """What is known of one layer: `role` is good, warn, bad, or dim for what was not reached."""

    name: str
    role: str
    lines: tuple[str, ...]


class Diagnosis(Record):
    """An exchange with each address, what they tell of each layer, and the exchange that broke first of all."""

    exchanges: tuple[Exchange, ...]
    findings: tuple[Finding, ...]
    broken: Exchange | None = None


def doctor(values: dict[str, Any]) -> int:
    """`rrcli doctor URL`: the exit code is that of the first layer that fails. Raises `usage` for what is no URL."""
    words = values.pop("arguments")
    output = Output(**{name: values.pop(name) for name in ("json", "color") if name in values})
    if len(words) != 1:
        raise usage(f"doctor takes one URL, got {len(words)}", "rrcli doctor https://example.com/")
    entry = protocol_of_url(words[0])
    values = {**tool_defaults(entry, values, DOCTOR_TAKES), **values}
    termination = on_term()
    found = diagnose(entry, probe_of(entry, words[0], values))
    if output.json:
        several = ExchangeSet(exchanges=tuple(map(masked, found.exchanges)))
        to_stdout((dumps(set_document(several, exact=True), 3) + "\n").encode("utf-8", "surrogateescape"))
    else:
        to_stdout(draw(entry, found, mask_url(words[0]), color=color(output, 1)).encode("utf-8", "surrogateescape"))
    if termination.arrived:
        return EXIT_TERMINATED
    return exit_code(found.broken.error) if found.broken else 0


# --- the exchanges ----------------------------------------------------------------------------------------


def diagnose(entry: registry.Protocol, request: Request) -> Diagnosis:
    """One exchange with each address of the URL's host. Raises `ExchangeError` of layer `usage` or `local`."""
    target = target_of(request)[0]
    parts, source = _parts(request, target)
    found = send_all(parts, request.deadline).exchanges
    secure = target.url.partition("://")[0] in entry.load_manifest().secure
    layers = [at for at in range(len(LAYERS)) if at != TLS or secure or any(exchange.connection.tls for exchange in found)]
    findings = tuple(_finding(at, entry, found, source) for at in layers)
    failed = [exchange for exchange in found if exchange.error]
    return Diagnosis(exchanges=found, findings=findings, broken=min(failed, key=_broke, default=None))


def _parts(request: Request, target: Target) -> tuple[tuple[Request, ...], str]:
    """The request for each address, and how the addresses were found; the request itself where that fails, which it reports."""
    host, port = target.host, target.port
    if not host or port is None:
        return (request,), "there is no name"
    host = to_ascii(host)
    if literal_family(host) is not None:
        return (request,), f"{host} is an address"
    timeline = Timeline()
    try:
        found = addresses(request, host, port, timeline, Deadline.after(request.connect_timeout, "--connect-timeout"))
    except ExchangeError as error:
        if error.layer == "usage":
            raise
        return (request,), ""
    timeline.finish()
    texts = [place.text for place in found]
    how = f"{_source(host, texts)}, {duration(timeline.total_ns)}" if timeline.total_ns else "--resolve"
    parts = (request.replace(resolve=((host.lower(), port, text), *request.resolve)) for text in texts)
    return tuple(parts), f"{host} is {', '.join(texts)}  ({how})"


def _source(host: str, addresses: list[str]) -> str:
    """Who has said what the name is: the file of hosts, where all that was found stands there, else the resolver."""
    try:
        with open(HOSTS, encoding="utf-8", errors="replace") as file:
            lines = [line.partition("#")[0].lower().split() for line in file.read(1 << 20).splitlines()]
    except OSError:
        return _resolver()
    listed = {words[0] for words in lines if host.lower().rstrip(".") in words[1:]}
    return HOSTS if listed.issuperset(address.partition("%")[0].lower() for address in addresses) else _resolver()


def _resolver() -> str:
    """Who looks names up: the system, and the name servers that it would ask."""
    try:
        with open(RESOLV_CONF, encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file.read(65536).splitlines()]
    except OSError:
        return "the system's resolver"
    servers = [words[1] for words in lines if words[:1] == ["nameserver"] and len(words) > 1]
    return f"the system's resolver, name server {', '.join(servers)}" if servers else "the system's resolver"


# --- what they tell ---------------------------------------------------------------------------------------


def _broke(exchange: Exchange) -> int:
    """The layer at which an exchange broke; one past the last for one that did not."""
    failure = exchange.error
    if failure is None:
        return len(LAYERS)
    if failure.kind in KINDS:
        return KINDS[failure.kind]
    if failure.layer in BY_LAYER:
        return BY_LAYER[failure.layer]
    return PHASES.get(failure.phase or "", PROTOCOL)


def _finding(at: int, entry: registry.Protocol, exchanges: tuple[Exchange, ...], source: str) -> Finding:
    """One layer: bad where an exchange broke at it, dim where none got to it."""
    name = LAYERS[at]
    reached = [exchange for exchange in exchanges if _broke(exchange) >= at]
    if not reached:
        return Finding(name=name, role="dim", lines=("not reached",))
    broken = [exchange for exchange in reached if _broke(exchange) == at]
    role = "good" if not broken else "bad" if len(broken) == len(reached) else "warn"
    if at == RESOLVE and not broken:
        return Finding(name=name, role=role, lines=(source,))
    lines = [_said(at, entry, exchange) for exchange in reached]
    if len(exchanges) > 1:
        lines = [f"{exchange.connection.peer}  {line}" for exchange, line in zip(reached, lines, strict=True)]
    return Finding(name=name, role=role, lines=tuple(lines))


def _said(at: int, entry: registry.Protocol, exchange: Exchange) -> str:
    """What one exchange tells of a layer that it got to."""
    exchange = masked(exchange)
    if _broke(exchange) == at and exchange.error:
        return exchange.error.message
    return (_connected, _connected, _secured, _understood, _answered)[at](exchange, entry)


def _connected(exchange: Exchange, _entry: registry.Protocol) -> str:
    taken = exchange.timing.phases.get("connect")
    return f"{exchange.connection.peer} in {duration(taken)}" if taken is not None else f"{exchange.connection.peer}, without a connection"


def _secured(exchange: Exchange, _entry: registry.Protocol) -> str:
    tls = exchange.connection.tls
    if tls is None:
        return "agreed"
    trust = "verified" if tls.verified else "not verified"
    if not tls.chain:
        return f"{tls.version}, {trust}"
    days = days_left(tls.chain[0])
    return f"{tls.version}, {trust}, {tls.chain[0].subject}, {days} day{'s' * (days != 1)} left"


def _understood(exchange: Exchange, entry: registry.Protocol) -> str:
    waited = exchange.timing.phases.get("wait")
    label = entry.load_manifest().label
    return f"{label}, answered in {duration(waited)}" if waited is not None else label


def _answered(exchange: Exchange, _entry: registry.Protocol) -> str:
    return status_words(exchange.response.status) if exchange.response else "nothing to answer"


# --- the report -------------------------------------------------------------------------------------------


def draw(entry: registry.Protocol, found: Diagnosis, url: str, *, color: bool) -> str:
    """The layers in their order, each with what is known of it, then what to do about the first that fails."""
    page = Page(width())
    role = "bad" if found.broken else "warn" if any(exchange.notes for exchange in found.exchanges) else "good"
    words = f"{LAYERS[_broke(found.broken)]} fails" if found.broken else "all layers work"
    page.add_flow(
        [[(MARKS["bad" if found.broken else "good"], role), (" ", ""), (words, role)], pieces(url)], indent=0, separator=SEPARATOR
    )
    page.blank()
    for finding in found.findings:
        _draw_finding(finding, page)
    page.blank()
    notes = {note.message: note for exchange in found.exchanges for note in masked(exchange).notes}
    for note in notes.values():
        page.add_hanging([("! ", "warn"), *pieces(note.code, "warn"), (": ", "")], note.message)
    page.blank()
    if found.broken:
        page.labelled([pair for pair in advice(masked(found.broken), entry) if pair[0] in ("Means", "Next")], role="strong")
    return page.text(color=color)


def _draw_finding(finding: Finding, page: Page) -> None:
    head: Line = pad([(MARKS[finding.role], finding.role), (" ", ""), (finding.name, "strong")], COLUMN + 2)
    for line in finding.lines:
        page.add_hanging(head, line, role="dim" if finding.role == "dim" else "")
        head = [(" " * (COLUMN + 2), "")]
