"""Plans from their files to their results, for the command line and for programs."""

from __future__ import annotations

import os
from functools import partial
from time import time_ns

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.sourcefile import Problems, read
from rrcli.base.units import counted
from rrcli.engine.runner import new_id
from rrcli.plan.choice import Choice
from rrcli.plan.load import load_plan
from rrcli.plan.names import wrong_name
from rrcli.plan.result import CASE, PLAN, RunResult, StepResult
from rrcli.plan.run import run_plan, scope_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from rrcli.base.sourcefile import SourceFile
    from rrcli.engine.interrupt import Termination
    from rrcli.plan.model import Plan
    from rrcli.plan.scope import PlanScope

ENDING = ".plan.toml"


def plan_files(paths: Sequence[str]) -> list[str]:
    """The files of plans: a folder means its `*.plan.toml`. Raises `usage` for a folder without any."""
    found = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        names = sorted(name for name in os.listdir(path) if name.endswith(ENDING))
        if not names:
            raise usage(f"{path} has no *{ENDING}", "name the file of a plan")
        found += [os.path.join(path, name) for name in names]
    return found


def open_plans(
    paths: Sequence[str],
    given: Mapping[str, Any],
    *,
    env: str | None = None,
    root: str | None = None,
    cases: str | None = None,
    resolves: bool = True,
) -> list[tuple[Plan, PlanScope]]:
    """Read plans, and with `resolves` find their variables and secrets. Raises `usage` with all that is wrong in any of them."""
    problems = Problems()
    found = []
    if wrong := next((f"{name}: {why}" for name in given if (why := wrong_name(name))), ""):
        raise usage(f"--var {wrong}")
    for path in plan_files(paths):
        plan = load_plan(_read(path), problems, dict(given), env=env, root=root, cases=cases)
        scope = scope_of(plan)
        if resolves:
            scope.resolve(problems)
        found.append((plan, scope))
    problems.raise_any()
    return found


def _read(path: str) -> SourceFile:
    """The file of a plan. Raises `usage` where it cannot be read: a plan that cannot be loaded is a wrong one."""
    try:
        return read(path)
    except ExchangeError as error:
        raise (usage(error.message, error.hint) if error.layer == "local" else error) from None


def run_all(
    plans: Sequence[tuple[Plan, PlanScope]],
    choices: Sequence[Choice],
    *,
    begin: Callable[[Plan, PlanScope], None] = lambda _plan, _scope: None,
    report: Callable[[StepResult], None] = lambda _: None,
    termination: Termination | None = None,
) -> RunResult:
    """Run plans one after the other, each once for each of its cases; of several runs the result has a step for each.

    Ctrl-C and TERM end all of them. `begin` is told of each run, `report` of the result of each step.
    """

    def once(plan: Plan, scope: PlanScope, choice: Choice) -> RunResult:
        begin(plan, scope)
        return run_plan(plan, scope, choice, report=report, termination=termination)

    def whole(plan: Plan, scope: PlanScope, choice: Choice) -> RunResult:
        if plan.cases is None:
            return once(plan, scope, choice)
        told = [{"name": case.name, "kind": CASE, "line": case.line, "row": case.row} for case in plan.cases]
        steps, rest = _one_after_the_other(
            [(partial(once, plan, inner, choice), each) for inner, each in zip(scope.cases, told, strict=True)]
        )
        return _of_several(steps, rest, CASE, plan=plan.source.name, name=plan.name, env=plan.env)

    if len(plans) == 1:
        return whole(*plans[0], choices[0])
    runs = [partial(whole, plan, scope, choice) for (plan, scope), choice in zip(plans, choices, strict=True)]
    steps, rest = _one_after_the_other([(run, {"name": plan.name, "kind": PLAN}) for run, (plan, _) in zip(runs, plans, strict=True)])
    return _of_several(steps, rest, PLAN, plan=None, name=None)


def _one_after_the_other(runs: Iterable[tuple[Callable[[], RunResult], dict[str, Any]]]) -> tuple[list[StepResult], int]:
    """A step for each run, with these values, until one is interrupted; then how many there are left."""
    steps: list[StepResult] = []
    rest = 0
    for run_it, values in runs:
        if steps and steps[-1].run and steps[-1].run.is_interrupted:
            rest += 1
            continue
        run = run_it()
        steps.append(StepResult(**values, exit_code=run.exit_code, started_at_ns=run.started_at_ns, elapsed_ns=run.elapsed_ns, run=run))
    return steps, rest


def _of_several(steps: list[StepResult], rest: int, kind: str, **values: Any) -> RunResult:
    """The run that these are the steps of."""
    began = steps[0].started_at_ns if steps else time_ns()
    elapsed = time_ns() - began
    notes = (f"interrupted: {counted(rest, kind)} {'was' if rest == 1 else 'were'} not run",) if rest else ()
    return RunResult(id=new_id(), started_at_ns=began, elapsed_ns=elapsed, steps=tuple(steps), notes=notes, **values)


def run(
    plan: str | os.PathLike[str],
    *,
    vars: Mapping[str, Any] | None = None,
    env: str | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    keep_going: bool = False,
    jobs: int | None = None,
    root: str | None = None,
    cases: str | os.PathLike[str] | None = None,
    update_snapshots: bool = False,
) -> RunResult:
    """Run a plan, or the plans of a folder, and return what became of it: `ok`, `exit_code`, `steps`, and `document()`.

    `vars` are variables, which come before those of the plan, `cases` is a file of rows to run all of it for. With `update_snapshots`
    the snapshots are written anew.
    Raises `ExchangeError` of layer `usage`, whose `problems` are lines with places, for all that is wrong in the plan, and of layer
    `local` for a file that cannot be read: nothing was sent then.
    """
    plans = open_plans([os.fspath(plan)], vars or {}, env=env, root=root, cases=None if cases is None else os.fspath(cases))
    chosen = {"only": tuple(only), "skip": tuple(skip), "keep_going": keep_going, "jobs": jobs, "update_snapshots": update_snapshots}
    return run_all(plans, [Choice(each, **chosen) for each, _ in plans])  # type: ignore[arg-type]
