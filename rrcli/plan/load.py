"""A plan file read and checked as a whole: whatever is wrong in it is told at once, with its place, before anything is sent."""

from __future__ import annotations

import os

from rrcli.base.sourcefile import read
from rrcli.engine.settings import Settings
from rrcli.options.parse import duration, suggestion
from rrcli.plan.checks import check_series, check_templates, notes_of
from rrcli.plan.model import Plan
from rrcli.plan.names import wrong_name
from rrcli.plan.ownfiles import Root
from rrcli.plan.pace import read_pace
from rrcli.plan.reading import Reader
from rrcli.plan.settings import read_plan_settings
from rrcli.plan.step import KINDS, compiled
from rrcli.plan.told import told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rrcli.base.sourcefile import Problems, SourceFile
    from rrcli.plan.settings import PlanSettings

TOP_KEYS = (
    "name", "doc", "tags", "deadline", "teardown-deadline", "jobs", "fresh", "cookies", "vars", "secrets", "env", "defaults", "template",
    "case", "cases", "load", *KINDS,
)  # fmt: skip
MOST_JOBS = 64
DEEPEST = 16  # plans that run others
SOURCES = ("env:", "file:")


def load_plan(
    source: SourceFile,
    problems: Problems,
    given: dict[str, Any],
    *,
    env: str | None = None,
    root: str | None = None,
    cases: str | None = None,
    settings: PlanSettings | None = None,
    chain: tuple[str, ...] = (),
) -> Plan:
    """Read a plan. What is wrong is told to `problems`, and then the plan is none to run.

    `given` are the variables from outside, `env` the environment chosen, `root` the folder outside of which no file may lie,
    `cases` a file of rows in place of the plan's own, `settings` and `chain` the settings and the files of the plans that run this one.
    """
    folder = "" if source.name == "-" else os.path.dirname(source.name)
    plan = Plan(source, Root(folder, folder if root is None else root))
    plan.given = {**_from_environment(), **given}
    plan.settings = settings or read_plan_settings(source.name, env, problems)
    plan.env = plan.settings.env
    values = source.values
    for key in values:
        if key not in TOP_KEYS:
            problems.add(source, (key,), f"a plan has no {key}{suggestion(key, list(TOP_KEYS))}", key=True)
    plan.chain = chain
    _read_top(plan, problems)
    plan.chain = (*chain, os.path.realpath(source.name))
    _read_variables(plan, problems)
    _read_secrets(plan, problems)
    if chain and (own := next((key for key in ("case", "cases") if key in values), None)):
        problems.add(source, (own,), "a plan that another runs has no cases of its own; for-each on that step runs it once a row", key=True)
    elif cases or "case" in values or "cases" in values:
        from rrcli.plan.cases import read_cases

        read_cases(plan, problems, cases)

    def include(path: str, names: Iterable[str]) -> Plan:
        """Another plan, run by this one with variables of these names. Raises `ValueError` for one that runs itself."""
        path = plan.root.resolve(path)
        if os.path.realpath(path) in plan.chain:
            raise ValueError(f"{path} runs itself")
        if len(plan.chain) >= DEEPEST:
            raise ValueError(f"plans run others {DEEPEST} deep at most")
        given = dict.fromkeys(names)
        return load_plan(read(path), problems, given, root=plan.root.root, settings=plan.settings, chain=plan.chain)

    reader = Reader(plan, problems, include)
    for kind in KINDS:
        tables = values.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            problems.add(source, (kind,), f"{kind} is a list of tables: write [[{kind}]]", key=True)
            continue
        plan.steps += [reader.step(kind, number, table) for number, table in enumerate(tables)]
    if not values.get("step"):
        problems.add(source, (), "a plan has at least one [[step]]")
    reader.finish()
    if values.get("template"):
        check_templates(source, problems)
    check_series(plan, problems)
    plan.notes = list(notes_of(plan))
    plan.pace = read_pace(source, {step.name: bool(step.included) for step in plan.steps}, problems)
    return plan


def _read_top(plan: Plan, problems: Problems) -> None:
    """The keys of the plan that are values."""
    values, source = plan.source.values, plan.source
    for key in ("deadline", "teardown-deadline"):
        if key in values:
            try:
                setattr(plan, key.replace("-", "_"), duration(str(values[key])))
            except ValueError as error:
                problems.add(source, (key,), f"{key}: {error}")
    if "jobs" in values:
        if isinstance(values["jobs"], int) and not isinstance(values["jobs"], bool) and 0 < values["jobs"] <= MOST_JOBS:
            plan.jobs = values["jobs"]
        else:
            problems.add(source, ("jobs",), f"jobs is a number from 1 to {MOST_JOBS}")
    for key in ("fresh", "cookies"):
        if not isinstance(values.get(key, True), bool):
            problems.add(source, (key,), f"{key} is true or false")
    for key in ("vars", "secrets", "env", "defaults", "template"):
        if not isinstance(values.get(key, {}), dict):
            problems.add(source, (key,), f"{key} is a table: write [{key}]")
            values[key] = {}
    known = [*values.get("env", {}), *plan.settings.environments]
    if plan.env is not None and plan.env not in known and not plan.chain:
        there = f"it has {', '.join(known)}" if known else "it has none"
        problems.add(source, (), f"there is no environment {plan.env}{suggestion(plan.env, known)} ({there})")


def _read_variables(plan: Plan, problems: Problems) -> None:
    """`[vars]` of the user's and the project's settings and of the plan, and those of the environment before them, in that order."""
    tables = [(each.source, *table) for each in (*plan.settings.files[::-1], Settings(plan.source, plan.env)) for table in each.variables]
    for source, path, table in [each for each in tables if len(each[1]) == 1] + [each for each in tables if len(each[1]) > 1]:
        for name, value in table.items():
            if why := wrong_name(name):
                problems.add(source, (*path, name), why, key=True)
                continue
            with told(problems, source, (*path, name)):
                plan.variables[name], plan.places[name] = compiled(value), (source, (*path, name))


def _read_secrets(plan: Plan, problems: Problems) -> None:
    for name, value in plan.source.values.get("secrets", {}).items():
        place = ("secrets", name)
        if why := wrong_name(name):
            problems.add(plan.source, place, why, key=True)
        elif not isinstance(value, str) or not (value in ("prompt", "capture") or value.startswith(SOURCES)):
            problems.add(plan.source, place, f"a secret comes from env:NAME, file:PATH, prompt or capture, and is no value itself: {name}")
        else:
            plan.secrets[name] = value


def _from_environment() -> dict[str, Any]:
    """Variables as `RRCLI_VAR_name`."""
    prefix = "RRCLI_VAR_"
    return {name[len(prefix) :]: value for name, value in os.environ.items() if name.startswith(prefix)}
