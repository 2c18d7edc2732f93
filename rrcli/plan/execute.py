"""Plans from their files to their results, for the command line and for programs."""

from __future__ import annotations

import os
from time import time_ns

from rrcli.base.deadline import now
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.sourcefile import Problems, read
from rrcli.engine.runner import new_id
from rrcli.plan.choice import Choice
from rrcli.plan.load import load_plan
from rrcli.plan.result import RunResult, StepResult
from rrcli.plan.run import run_plan, scope_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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
    resolves: bool = True,
) -> list[tuple[Plan, PlanScope]]:
    """Read plans, and with `resolves` find their variables and secrets. Raises `usage` with all that is wrong in any of them."""
    problems = Problems()
    found = []
    for path in plan_files(paths):
        plan = load_plan(_read(path), problems, dict(given), env=env, root=root)
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
    begin: Callable[[Plan], None] = lambda _: None,
    report: Callable[[StepResult], None] = lambda _: None,
    termination: Termination | None = None,
) -> RunResult:
    """Run plans one after the other; of several the result has a step for each. Ctrl-C and TERM end all of them."""
    started, began, results = time_ns(), now(), []
    for (plan, scope), choice in zip(plans, choices, strict=True):
        begin(plan)
        results.append(run_plan(plan, scope, choice, report=report, termination=termination))
        if results[-1].is_interrupted:
            break
    if len(plans) == 1:
        return results[0]
    steps = tuple(
        StepResult(
            name=run.name or "", kind="plan", exit_code=run.exit_code, started_at_ns=run.started_at_ns, elapsed_ns=run.elapsed_ns, run=run
        )
        for run in results
    )
    return RunResult(id=new_id(), plan=None, name=None, started_at_ns=started, elapsed_ns=now() - began, steps=steps)


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
) -> RunResult:
    """Run a plan, or the plans of a folder, and return what became of it: `ok`, `exit_code`, `steps`, and `document()`.

    `vars` are variables, which come before those of the plan. Raises `ExchangeError` of layer `usage`, whose `problems` are lines with
    places, for all that is wrong in the plan, and of layer `local` for a file that cannot be read: nothing was sent then.
    """
    plans = open_plans([os.fspath(plan)], vars or {}, env=env, root=root)
    return run_all(plans, [Choice(each, only=tuple(only), skip=tuple(skip), keep_going=keep_going, jobs=jobs) for each, _ in plans])
