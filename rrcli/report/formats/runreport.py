"""What the reports of runs have in common: what a result is as a run, what is said of a step, and where it stands."""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, exit_code
from rrcli.base.units import counted
from rrcli.engine.runner import new_id
from rrcli.model.values import Exchange, ExchangeSet
from rrcli.plan.result import HOPS, WHOLE, RunResult, StepResult
from rrcli.policy.literals import sentence
from rrcli.policy.redact import masked, masked_by
from rrcli.report.terminal.paint import SEPARATOR, Page, pieces
from rrcli.report.terminal.verdict import _asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.model.values import Check
    from rrcli.policy.mask import Mask
    from rrcli.report.reports import Result
    from rrcli.series.tally import Series

WIDTH = 100  # columns of an exchange that is drawn within a report


def as_run(result: Result) -> RunResult:
    """The result as a run, a step for each exchange of what was none; what was checked on all of it together is a step of its own."""
    if isinstance(result, RunResult):
        return _with_checks(result)
    if isinstance(result, Exchange):
        steps = [_step_of(result)]
    elif isinstance(result, ExchangeSet):
        steps = [*map(_step_of, result.exchanges), *_of_all(result)]
    else:
        steps = [
            StepResult(
                name=_name(result.first),
                kind="step",
                exit_code=result.exit_code,
                started_at_ns=result.started_at_ns,
                elapsed_ns=result.elapsed_ns,
                series=result,
            )
        ]
    started = min((each.timing.started_at_ns for step in steps for each in _whole(step)), default=0)
    ended = max((each.timing.started_at_ns + each.timing.elapsed_ns for step in steps for each in step.exchanges()), default=0)
    elapsed = steps[0].elapsed_ns if steps[0].series else max(ended - started, 0)
    return RunResult(id=new_id(), plan=None, name=_name(result), started_at_ns=started, elapsed_ns=elapsed, steps=tuple(steps))


def _with_checks(run: RunResult) -> RunResult:
    """The run with a step for each check on all of it that is none of a single step's."""
    inner = any(step.run for step in run.steps)
    if not (run.checks or inner):
        return run
    steps = [step.replace(run=_with_checks(step.run)) if step.run and step.kind in WHOLE else step for step in run.steps]
    told = {check.expr for step in run.steps if step.series for check in step.series.checks}
    return run.replace(steps=(*steps, *(_of_check(check) for check in run.checks if check.expr not in told)))


def _of_check(check: Check) -> StepResult:
    return StepResult(
        name=check.expr, kind="check", exit_code=0 if check.ok else EXIT_CODES["check"], reason=None if check.ok else sentence(check)
    )  # fmt: skip


def _whole(step: StepResult) -> Iterator[Exchange]:
    """The exchanges of a step with those before them."""
    for exchange in step.exchanges():
        yield from (*exchange.history, exchange)


def _step_of(exchange: Exchange) -> StepResult:
    """A step of a run that has one exchange."""
    first = next(iter((*exchange.history, exchange)))
    return StepResult(
        name=_name(exchange), kind="step", exit_code=exit_code(exchange.error), started_at_ns=first.timing.started_at_ns,
        elapsed_ns=exchange.timing.elapsed_ns, exchange=exchange,
    )  # fmt: skip


def _of_all(several: ExchangeSet) -> Iterator[StepResult]:
    """The checks on all exchanges together, and whether those that must agree do."""
    from rrcli.model.document import set_differences

    yield from map(_of_check, several.checks)
    if several.must_agree:
        found = [str(each["path"]) for each in set_differences(several)]
        reason = f"the answers differ in {', '.join(found)}" if found else None
        yield StepResult(name="all answers agree", kind="step", exit_code=EXIT_CODES["application"] if found else 0, reason=reason)


def _name(result: Exchange | ExchangeSet | Series | None) -> str:
    """What was asked of whom: `GET http://…`, `PING redis://…`."""
    if isinstance(result, ExchangeSet):
        return counted(len(result.exchanges), "exchange")
    exchange = result if result is None or isinstance(result, Exchange) else result.first
    return SEPARATOR.join(_asked(masked(exchange), WIDTH)) if exchange else "rrcli"


def runs_of(run: RunResult) -> list[RunResult]:
    """The runs of one plan and one case that a result holds."""
    return run.single()


def place_of(run: RunResult, step: StepResult) -> str:
    """`FILE:LINE`, which CI systems make a link of; empty for what stands in no plan."""
    return f"{run.plan or '-'}:{step.line}" if step.line else ""


def said(step: StepResult, mask: Mask) -> str:
    """Why a step did not pass, in one sentence."""
    if step.reason:
        return mask.message(step.reason)
    broken = [sentence(check) for check in step.series.checks if not check.ok] if step.series else []
    failed = [each.error.message for each in step.exchanges() if each.error]
    return mask.message("; ".join(broken or failed) or f"exit {step.exit_code}")


def kind_of(step: StepResult) -> str:
    """The kind of its failure."""
    return next((each.error.kind for each in step.exchanges() if each.error), "check_failed" if step.outcome == "failed" else "input")


def drawn(exchange: Exchange, mask: Mask) -> str:
    """The exchange as `pretty` draws it, without colour."""
    from rrcli.engine.registry import BY_NAME
    from rrcli.report.terminal.render import render

    shown = masked_by(exchange, mask)
    return render(shown, BY_NAME[exchange.protocol], width=WIDTH, color=False, verbose=True, wire=False)


def differing(step: StepResult, mask: Mask, page: Page) -> None:
    """Draw where what came of a step differs from what it was compared with: a snapshot, what was saved, or each other."""
    from rrcli.report.terminal.differences import draw_differences

    shown = [{**each, "values": mask.json(each["values"])} for each in step.differences]
    count = len(shown[0]["values"])
    labels = ("what was expected", "what came") if count == 2 else tuple(f"number {number}" for number in range(1, count + 1))
    if count == 2:
        page.add([("- ", "removed"), *pieces(labels[0]), ("   + ", "added"), *pieces(labels[1])])
    draw_differences(shown, page, labels, indent=4)
    page.blank()


def attempts_of(exchange: Exchange) -> Iterator[Exchange]:
    """The earlier attempts and polls that failed."""
    return (each for each in exchange.history if each.why not in HOPS and each.error)
