"""A plan as a load on the command line: what it is asked for, who sees it run, what is printed, the exit code."""

from __future__ import annotations

import os

from rrcli.base.errors import usage
from rrcli.base.output import to_stderr
from rrcli.base.units import counted
from rrcli.base.visible import visible
from rrcli.cli.drawn import print_drawn
from rrcli.cli.show import color, print_document
from rrcli.engine.events import Observer
from rrcli.engine.interrupt import on_term
from rrcli.load.counts import Counts
from rrcli.load.refusals import refuse_steps, thresholds_of
from rrcli.load.run import Load
from rrcli.plan.result import run_document
from rrcli.policy.literals import sentence
from rrcli.report.live.progress import Progress
from rrcli.report.terminal.load import render_load
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.cli.tooloptions import RunOptions
    from rrcli.options.request import Output
    from rrcli.plan.choice import Choice
    from rrcli.plan.model import Plan
    from rrcli.plan.pace import Pace
    from rrcli.plan.result import RunResult
    from rrcli.plan.scope import PlanScope


def run_load(plans: Sequence[tuple[Plan, PlanScope]], choice: Choice, options: RunOptions, output: Output) -> RunResult:
    """Run the plan as a load, and print what it amounts to. Raises `usage` for what has no meaning for one."""
    if len(plans) > 1:
        raise usage(f"a load is made of one plan, and these are {len(plans)}", "run each by itself")
    if options.update_snapshots:
        raise usage("--update-snapshots is for one run of the plan, and a load only compares", "leave one of them out")
    ((plan, scope),) = plans
    pace = pace_of(plan.pace, options)
    if not pace.is_long:
        raise usage("it is not said how long the load is", "add --repeat N or --duration TIME")
    refuse_steps(plan)
    thresholds = thresholds_of(plan, pace)
    counts = Counts(plan)
    load = Load(scope, choice, counts, pace)
    on_term()
    progress = _progress(load, pace, output)
    try:
        result = load.run(thresholds)
    finally:
        if progress:
            progress.finish()
    print_load(result, output)
    return result


def pace_of(pace: Pace, options: RunOptions) -> Pace:
    """`[load]` of the plan under what was typed."""
    typed = {"repeat": options.repeat, "duration": options.repeat_for, "users": options.concurrency, "rate": options.rate}
    typed["warmup"] = options.warmup
    given = {name: value for name, value in typed.items() if value is not None}
    if options.repeat is not None or options.repeat_for is not None:  # how long it is stands in one place
        pace = pace.replace(repeat=None, duration=None)
    return pace.replace(**given, **({"expect": (*pace.expect, *options.expect)} if options.expect else {}))


def print_load(result: RunResult, output: Output) -> None:
    """Print the result as it was asked for; what is wrong goes to standard error where that is not a drawn report."""
    if output.json:
        print_document(run_document(result, exact=True, masks=not output.show_secrets), 2)
    elif not output.quiet:
        print_drawn(render_load(result, width=width(), color=color(output, 1), masks=not output.show_secrets))
        return
    mask = result.mask()
    for check in result.checks:
        if not check.ok:
            to_stderr(f"rrcli: {visible(mask.message(sentence(check)))}\n")
    if not output.quiet:
        for note in result.notes:
            to_stderr(f"rrcli: note: {visible(mask.message(note))}\n")


class _LoadProgress(Progress):
    """How far the load is, for somebody who waits at a terminal."""

    def __init__(self, load: Load, pace: Pace) -> None:
        super().__init__(Observer(), to_stderr, retries=0, yields_terminal=False)
        self._load = load
        self._pace = pace

    def line(self) -> str:
        from rrcli.base.deadline import now

        tally, pace = self._load.counts.iterations, self._pace
        seconds = max(0.001, (now() - self._load.began_ns) / 1e9)
        done = f"{tally.count:,} of {pace.repeat:,} iterations" if pace.repeat else counted(tally.count, "iteration")
        time = f"{seconds:.0f} of {pace.duration:g} s" if pace.duration else f"{seconds:.0f} s"
        parts = [time, done, f"{tally.count / seconds:,.0f}/s", counted(self._load.users, "user")]
        parts += [f"{tally.failed:,} failed"] if tally.failed else []
        return " · ".join(parts)[: self.columns]


def _progress(load: Load, pace: Pace, output: Output) -> Progress | None:
    if output.quiet or not os.isatty(2) or os.environ.get("TERM") == "dumb":
        return None
    progress = _LoadProgress(load, pace)
    progress.request_started()
    return progress
