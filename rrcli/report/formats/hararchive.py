"""A run, or what else there is a report of, as an HTTP Archive: a page for each plan, an entry for each attempt and hop."""

from __future__ import annotations

from rrcli.base.fields import readable
from rrcli.base.jsontext import pieces
from rrcli.base.units import counted
from rrcli.engine.registry import BY_NAME
from rrcli.model.document import ms
from rrcli.policy.redact import masked_by
from rrcli.report.formats.har import CREATOR, UNKNOWN, check, entry_of, moment
from rrcli.report.formats.runreport import as_run, runs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Exchange
    from rrcli.plan.result import StepResult
    from rrcli.report.reports import Result

__all__ = ["check", "har_report", "note"]


def har_report(result: Result) -> str:
    """A result as an archive: a page for each plan, an entry for each attempt and hop of its exchanges of HTTP, in the order sent."""
    run = as_run(result)
    mask, pages, found = run.mask(), [], []
    for number, each in enumerate(runs_of(run), 1):
        page = f"page_{number}"
        title = mask.text(" · ".join(filter(None, (each.plan, each.title))))
        times = {"onContentLoad": UNKNOWN, "onLoad": ms(each.elapsed_ns)}
        pages.append({"startedDateTime": moment(each.started_at_ns), "id": page, "title": readable(title), "pageTimings": times})
        for step in each.steps:
            name = readable(mask.text(step.name))
            for exchange in filter(_is_held, _kept(step)):
                found += [(hop.timing.started_at_ns, page, name, hop) for hop in _sent(masked_by(exchange, mask))]
    found.sort(key=lambda one: one[0])
    entries = [{"pageref": page, **entry_of(hop, name)} for _, page, name, hop in found]
    log = {"version": "1.2", "creator": CREATOR, "pages": pages, "entries": entries}
    said = note(result)
    return "".join(pieces({"log": log | ({"comment": said} if said else {})}, 5)) + "\n"


def note(result: Result) -> str | None:
    """How many exchanges a report leaves out: those of other protocols, and those of a series that were only counted."""
    run = as_run(result)
    steps = [step for each in runs_of(run) for step in each.steps]
    others: dict[str, int] = {}
    for exchange in (exchange for step in steps for exchange in _kept(step) if not _is_held(exchange)):
        others[exchange.protocol] = others.get(exchange.protocol, 0) + 1 + len(exchange.history)
    counted_only = sum(step.series.count - len(_kept(step)) for step in steps if step.series)
    parts = [f"{counted(sum(others.values()), 'exchange')} of other protocols ({', '.join(sorted(others))})"] if others else []
    parts += [f"{counted(counted_only, 'exchange')} of series, which are only counted"] if counted_only > 0 else []
    return f"a HAR holds HTTP: left out are {' and '.join(parts)}" if parts else None


def _kept(step: StepResult) -> list[Exchange]:
    """The exchanges of a step, each once: the first of a series may be the worst."""
    return list({id(exchange): exchange for exchange in step.exchanges()}.values())


def _is_held(exchange: Exchange) -> bool:
    entry = BY_NAME.get(exchange.protocol)
    return entry is not None and entry.load_manifest().is_http


def _sent(exchange: Exchange) -> tuple[Exchange, ...]:
    """The attempts and hops of an exchange; what was never sent is none."""
    return tuple(hop for hop in (*exchange.history, exchange) if hop.request.data.get("method"))
