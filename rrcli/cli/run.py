"""`rrcli run PLAN...`: plans of exchanges, drawn a line a step, or as one document."""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError
from rrcli.base.output import to_stderr
from rrcli.base.shellquote import quoted
from rrcli.base.visible import visible
from rrcli.cli.afterwards import deliver
from rrcli.cli.drawn import print_drawn
from rrcli.cli.show import color, print_document, print_text
from rrcli.cli.tooloptions import RunOptions
from rrcli.engine.interrupt import on_term
from rrcli.options.commandline import shown_command
from rrcli.options.request import Output
from rrcli.plan.choice import Choice
from rrcli.plan.defaults import requests
from rrcli.plan.execute import open_plans, run_all
from rrcli.plan.novalue import NoValue
from rrcli.plan.result import run_document
from rrcli.plan.step import KINDS
from rrcli.plan.variables import given_variables
from rrcli.policy.mask import Mask
from rrcli.report.formats.runreport import said
from rrcli.report.reports import RUN, check_reports
from rrcli.report.terminal.paint import Page, cells, pad, pieces
from rrcli.report.terminal.run import Columns, failures, heading, step_line
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.plan.model import Plan
    from rrcli.plan.result import RunResult, StepResult
    from rrcli.plan.scope import PlanScope
    from rrcli.plan.step import Step

    Plans = list[tuple[Plan, PlanScope]]

ROW = "[0] " + 8 * "x"  # about what a row adds to its step's name


def run(values: dict[str, Any]) -> int:
    """Run the plans, or with `--list` and `--dry-run` say what would be sent. Raises `usage` for all that is wrong in them."""
    paths = values.pop("arguments")
    output = Output(**{name: values.pop(name) for name in Output.options_ if name in values})
    trace = _trace(output, values.pop("traceparent", None))
    options = RunOptions(**values)
    plans = open_plans(
        paths,
        given_variables(options.vars, options.var),
        env=options.env,
        root=options.root,
        cases=options.cases,
        resolves=not options.list,
    )
    asked = ("only", "skip", "keep_going", "jobs", "update_snapshots")
    choices = [Choice(plan, **{name: getattr(options, name) for name in asked}, trace=trace) for plan, _ in plans]
    check_reports(output.report, RUN)
    if options.list or options.dry_run:
        _print_steps(plans, choices, output, filled=not options.list)
        return 0
    if is_load(options):
        from rrcli.cli.load import run_load

        result = run_load(plans, choices[0], options, output)
        return _reported(result, output, trace)
    drawn = not (output.json or output.quiet)
    columns = Columns([], width())
    in_color = color(output, 1)

    def begin(plan: Plan, scope: PlanScope) -> None:
        nonlocal columns
        columns = Columns([step.name + ROW * (step.rows is not None) for step in plan.steps], width())
        if drawn:
            case = scope.case and (scope.case if output.show_secrets else Mask(secrets_of(scope)).text(scope.case))
            print_drawn(heading(plan.name, case, width(), color=in_color))

    def report(step: StepResult) -> None:
        if drawn:
            print_drawn(step_line(step, columns, color=in_color, masks=not output.show_secrets))

    result = run_all(plans, choices, begin=begin, report=report, termination=on_term())
    if output.json:
        print_document(run_document(result, exact=True, masks=not output.show_secrets), 2)
    elif output.quiet:
        mask = result.mask()
        for step in result.failed():
            to_stderr(f"rrcli: {visible(mask.text(step.name))}: {visible(said(step, mask))}\n")
    else:
        print_text("")
        print_drawn(failures(result, width=width(), color=in_color, masks=not output.show_secrets))
    return _reported(result, output, trace)


def _trace(output: Output, asked: str | None) -> str | None:
    """What `--traceparent` is for all steps. Raises `usage`."""
    if asked == "auto":
        from rrcli.base.tracecontext import new_trace

        asked = new_trace()
    if output.otlp:
        from rrcli.cli.telemetry import collector_of, trace_of

        collector_of(output.otlp)
        return trace_of(asked)
    return asked


def _reported(result: RunResult, output: Output, trace: str | None) -> int:
    """Deliver what was printed in the other ways that are asked for; the exit code of all of it."""
    if os.environ.get("GITHUB_ACTIONS"):
        from rrcli.report.formats.github import is_github, publish

        if is_github():
            publish(result)
    return deliver(output, result, result.exit_code, trace)


def is_load(options: RunOptions) -> bool:
    """Whether anything is typed that only a load has."""
    given = (options.repeat, options.repeat_for, options.concurrency, options.rate, options.warmup)
    return bool(options.expect) or any(each is not None for each in given)


# --- what would be sent


def _print_steps(plans: Plans, choices: list[Choice], output: Output, *, filled: bool) -> None:
    """Print the steps that would be run, in order: as they are written, or with all values that are known by now."""
    rows: list[dict[str, Any]] = []
    for (plan, scope), choice in zip(plans, choices, strict=True):
        steps = [step for kind in KINDS for step in plan.of(kind) if choice.takes(step) and not choice.skips(step)]
        for one in scope.cases or [scope] if filled else [scope]:
            one.is_dry = True
            for step in steps if filled else ():
                try:
                    one.learn_secrets(step.templates())
                except (ExchangeError, NoValue):
                    pass  # as `_command` tells
            mask = Mask(() if output.show_secrets else secrets_of(one))
            for step in steps:
                command = mask.text(_command(step, one, plan)) if filled else _written(step)
                name = f"{mask.text(one.case)} {step.name}" if one.case else step.name
                rows.append(_row(plan, name, step.kind, command, step))
        if not filled:
            rows += [_row(plan, name, "file", path) for name, path in _files(plan)]
    if output.json:
        print_document({"steps": rows}, 2)
        return
    page = Page(width())
    column = max((cells(str(row["name"])) for row in rows), default=0) + 2
    for row in rows:
        tags = f"  [{', '.join(row['tags'])}]" if row["tags"] else ""
        kind = "" if row["kind"] == "step" else f"  ({row['kind']})"
        page.add([*pad(pieces(str(row["name"]), "strong"), column), *pieces(str(row["command"])), *pieces(kind + tags, "dim")], 0)
    print_text(page.text(color=color(output, 1)))


def secrets_of(scope: PlanScope) -> tuple[str, ...]:
    """The secrets that are known before the run."""
    return (*map(str, scope.values["secrets"].values()), *scope.made_of_secrets)


def _row(plan: Plan, name: str, kind: str, command: str, step: Step | None = None) -> dict[str, Any]:
    line, tags = (step.line, list(step.tags)) if step else (None, [])
    return {"plan": plan.source.name, "name": name, "kind": kind, "line": line, "tags": tags, "command": command}


def _written(step: Step) -> str:
    """The command of a step as it is written."""
    if step.included:
        return f"run {quoted(step.included.source.name)}"
    return " ".join([step.command, *(quoted(word.text) for word in (*step.words, *step.data))])


def _command(step: Step, scope: PlanScope, plan: Plan) -> str:
    """The command line of a step, templates without a value left as they are, secrets masked where their place tells."""
    try:
        if step.tool:
            return " ".join([step.command, *map(quoted, step.tool_values(scope, plan.root)[0])])
        if step.entry is None:
            return _written(step)
        request = next(requests(step, scope, plan.root, lambda _note: None))
    except (ExchangeError, NoValue) as error:
        return f"{_written(step)}  # {error}"
    words = shown_command(step.entry.name, request, options_end=request.options_end_at_data)
    return _written(step) if words is None else " ".join(map(quoted, words))


def _files(plan: Plan) -> list[tuple[str, str]]:
    """The files that a plan reads and that may lie anywhere: of secrets, and of certificates."""
    found = [(name, place.removeprefix("file:")) for name, place in plan.secrets.items() if place.startswith("file:")]
    for step in plan.steps:
        found += [(step.name, str(step.options[key][1])) for key in ("cacert", "cert", "key") if key in step.options]
        found += [(step.name, str(default.value)) for default in step.defaults if default.key in ("cacert", "cert", "key")]
    return found
