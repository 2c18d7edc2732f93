"""The result of a load: a run whose steps hold series, and what the thresholds make of it."""

from __future__ import annotations

from time import time_ns

from rrcli.base.deadline import now
from rrcli.base.errors import EXIT_CODES
from rrcli.plan.pace import Threshold
from rrcli.plan.result import RunResult, StepResult
from rrcli.policy.paths import series_names
from rrcli.series.tally import Series, Tally, series_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.load.counts import Counts, Path, StepCount
    from rrcli.model.values import Check
    from rrcli.plan.model import Plan


class Facts:
    """What is known of a load beside its counts."""

    def __init__(self) -> None:
        self.users = 0
        self.rate: float | None = None
        self.unsent = 0
        self.code = 0  # of what ended it early: a signal, a worker that was lost
        self.notes: list[str] = []
        self.started_at_ns = time_ns()
        self.began_ns = now()
        self.run_id = ""


def result_of(counts: Counts, facts: Facts, thresholds: Sequence[Threshold]) -> RunResult:
    """The result of a load that is over. With thresholds these alone decide whether it was good."""
    whole = _series(counts.iterations, facts, rate=facts.rate, unsent=facts.unsent)
    documents = {path: series_document(series) for path, series in _all_series(counts, facts).items()}
    checks: list[Check] = []
    of_steps: dict[str, list[Check]] = {}
    for threshold in thresholds:
        of_step = documents.get((threshold.step,)) if threshold.step is not None else None
        check = threshold.check(series_names(of_step or series_document(whole)))
        checks.append(check)
        if threshold.step is not None:
            of_steps.setdefault(threshold.step, []).append(check)
    plan = counts.plan
    steps = _steps(plan, counts, facts, of_steps, decided=bool(thresholds))
    return RunResult(
        id=facts.run_id, plan=plan.source.name, name=plan.name, env=plan.env, started_at_ns=facts.started_at_ns,
        elapsed_ns=now() - facts.began_ns, steps=tuple(steps), secrets=tuple(counts.secrets), notes=tuple(facts.notes),
        series=whole, checks=tuple(checks), code=facts.code,
    )  # fmt: skip


def _all_series(counts: Counts, facts: Facts) -> dict[Path, Series]:
    return {path: _series(count.tally, facts, connections=count.connections) for path, count in counts.steps.items()}


def _steps(plan: Plan, counts: Counts, facts: Facts, checks: dict[str, list[Check]], *, decided: bool) -> list[StepResult]:
    """A result for each step, in the plan's order; those that only came up as it ran stand behind."""
    found: list[StepResult] = []
    groups: dict[str, dict[Path, StepCount]] = {}
    for path, count in counts.steps.items():
        groups.setdefault(path[0], {})[path[1:]] = count
    lines = {step.name: step for step in plan.steps}
    for name, group in groups.items():
        step = lines.get(name)
        if () in group:
            found.append(_result(name, group[()], facts, tuple(checks.get(name, ())), decided=decided))
        else:
            inner = tuple(_result("/".join(path), count, facts, (), decided=decided) for path, count in group.items())
            assert step
            assert step.included
            included = step.included
            run = RunResult(
                id=facts.run_id, plan=included.source.name, name=included.name, env=included.env, started_at_ns=facts.started_at_ns,
                elapsed_ns=now() - facts.began_ns, steps=inner,
            )  # fmt: skip
            found.append(
                StepResult(
                    name=name,
                    kind=step.kind,
                    line=step.line,
                    tags=step.tags,
                    run=run,
                    exit_code=run.exit_code,
                    skipped=all(each.skipped for each in inner),
                    started_at_ns=facts.started_at_ns,
                    elapsed_ns=run.elapsed_ns,
                )
            )
    return found


def _result(name: str, count: StepCount, facts: Facts, checks: tuple[Check, ...], *, decided: bool) -> StepResult:
    tally = count.tally
    code = _checked(checks) if decided else tally.exit_code
    series = _series(tally, facts, connections=count.connections).replace(checks=checks, exit_code=code)
    never = tally.count == 0
    return StepResult(
        name=name, kind=count.kind, line=count.line, tags=count.tags, exit_code=code, skipped=never, is_wanted=never and count.is_wanted,
        reason=count.reason or ("nobody came to it" if never else None), started_at_ns=facts.started_at_ns,
        elapsed_ns=series.elapsed_ns, series=series,
    )  # fmt: skip


def _checked(checks: Sequence[Check]) -> int:
    return 0 if all(check.ok for check in checks) else EXIT_CODES["check"]


def _series(tally: Tally, facts: Facts, *, connections: int = 0, rate: float | None = None, unsent: int = 0) -> Series:
    """The series of a tally."""
    return Series(
        count=tally.count, failed=tally.failed, statuses=dict(tally.statuses), errors=dict(tally.errors), times=dict(tally.times),
        elapsed_ns=max(0, tally.ended_ns - tally.began_ns) if tally.count else 0, connections=connections, first=tally.first,
        worst=tally.worst, at_once=facts.users, exit_code=tally.exit_code, started_at_ns=facts.started_at_ns, target_rate_per_s=rate,
        unsent=unsent, bytes_sent=tally.bytes_sent, bytes_received=tally.bytes_received, timeline=tuple(tally.timeline.points()),
    )  # fmt: skip
