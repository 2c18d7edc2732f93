"""A run as TAP 13: a point a step, with what failed as YAML below it, written as JSON scalars, which are YAML."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.visible import visible
from rrcli.model.document import ms
from rrcli.report.formats.runreport import as_run, kind_of, place_of, runs_of, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.plan.result import RunResult, StepResult
    from rrcli.policy.mask import Mask
    from rrcli.report.reports import Result


def tap_report(result: Result) -> str:
    """The report. A step that was skipped because another failed is no success."""
    run = as_run(result)
    mask = run.mask()
    points = [(each, step) for each in runs_of(run) for step in each.steps]
    lines = ["TAP version 13", f"1..{len(points)}"]
    for number, (each, step) in enumerate(points, 1):
        lines += _point(number, each, step, mask)
    return "\n".join([*lines, ""])


def _point(number: int, run: RunResult, step: StepResult, mask: Mask) -> Iterator[str]:
    name = visible(mask.text(f"{run.case}: {step.name}" if run.case else step.name)).replace("#", r"\#")
    if step.skipped:
        yield f"ok {number} - {name} # SKIP {visible(mask.message(step.reason or '')).replace('#', '')}".rstrip()
        return
    yield f"{'ok' if step.ok else 'not ok'} {number} - {name}"
    if step.ok:
        return
    told = {
        "message": said(step, mask),
        "severity": "fail" if step.outcome == "failed" else "error",
        "kind": kind_of(step),
        **({"at": place} if (place := place_of(run, step)) else {}),
        "duration_ms": ms(step.elapsed_ns),
    }
    yield "  ---"
    yield from (f"  {key}: {visible(dumps(value))}" for key, value in told.items())
    for check in step.exchange.checks if step.exchange else ():
        if not check.ok:
            yield f"  got: {visible(dumps(mask.json(check.actual)))}"
            yield f"  expect: {visible(dumps(mask.text(check.expr)))}"
            break
    yield "  ..."
