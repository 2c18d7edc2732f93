"""The names that a plan's expressions use: each must be known by the time it is used, and is reported with its place where it is not."""

from __future__ import annotations

import os

from rrcli.options.parse import suggestion
from rrcli.plan.novalue import NoValue, Scope
from rrcli.plan.order import all_before, has_order
from rrcli.plan.rows import wrong_column
from rrcli.plan.template import Expression, Template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from rrcli.base.places import Path as Place
    from rrcli.base.sourcefile import Problems, SourceFile
    from rrcli.plan.model import Plan
    from rrcli.plan.step import Step

ROOTS = ("env", "secrets", "row", "index", "case", "steps", "run")  # first names that are no variables
LITERALS = ("true", "false", "null")
USER = "user.index"  # the number of a load's user; a variable named user may stand before it


def wrong_name(name: str) -> str:
    """What is wrong with a name of a variable, if anything."""
    if name in ROOTS:
        return f"{name} has a meaning of its own; give the variable another name"
    return wrong_column(name)


def known_of(plan: Plan) -> tuple[str, ...]:
    """Every first name that is known anywhere in a plan whose steps are not all read yet."""
    lists = [found for kind in ("setup", "step", "teardown") if isinstance(found := plan.source.values.get(kind), list)]
    tables = [table for found in lists for table in found if isinstance(table, dict)]
    tables += [table for table in plan.source.values.get("template", {}).values() if isinstance(table, dict)]
    captured = [name for table in tables if isinstance(table.get("capture"), dict) for name in table["capture"]]
    included = [table["name"] for table in tables if "run" in table and isinstance(table.get("name"), str)]
    return (*ROOTS, USER.partition(".")[0], *plan.variables, *plan.given, *captured, *included)


def check(plan: Plan, problems: Problems) -> None:
    """Tell unknown names, names used before they are set, and steps of one name."""
    seen: set[str] = set()
    for step in plan.steps:
        if step.name in seen:
            problems.add(step.source, (*step.path, "name"), f"two steps are named {step.name}")
        seen.add(step.name)
    before = {*ROOTS, *plan.variables, *plan.given}
    whole = {name: step for step in plan.steps for name in sets(step)}
    for name, value in plan.variables.items():
        source, path = plan.places[name]
        _check_value(plan, problems, value, path, before, whole, source=source)
    for step in plan.of("setup"):
        _check_step(plan, problems, step, before, whole)
        before.update(sets(step))
    if has_order(plan):
        _check_steps_with_order(plan, problems, before, whole)
    else:
        for step in plan.of("step"):
            _check_step(plan, problems, step, before, whole)
            before.update(sets(step))
    before.update(whole)
    for step in plan.of("teardown"):
        _check_step(plan, problems, step, before, whole)


def _check_steps_with_order(plan: Plan, problems: Problems, before: set[str], captures: dict[str, Step]) -> None:
    """The steps of a plan in which any says what it waits for: it knows what those have captured."""
    order, captured = all_before(plan), {step.name: sets(step) for step in plan.steps}
    for step in plan.of("step"):
        _check_order(plan, problems, step, order)
        known = before | {name for each in order[step.name] for name in captured.get(each, ())}
        _check_step(plan, problems, step, known, captures)


def _check_order(plan: Plan, problems: Problems, step: Step, order: dict[str, set[str]]) -> None:
    """What is wrong with `depends-on`: unknown names, and circles."""
    path = (*step.path, "depends-on")
    for name in step.depends_on or ():
        if name not in order:
            problems.add(plan.source, path, f"no step {name}{suggestion(name, list(order))}", token=f"{name}")
    if step.name in order[step.name]:
        problems.add(plan.source, path, f"the step {step.name} waits for itself", key=True)


def _check_step(plan: Plan, problems: Problems, step: Step, known: set[str], captures: dict[str, Step]) -> None:
    for path, value in _values(step):
        _check_value(plan, problems, value, path, known, captures, step)


def sets(step: Step) -> tuple[str, ...]:
    """The names that a step gives values: its captures, and its own name where it runs another plan, whose captures are below it."""
    return (*step.captures, *((step.name,) if step.runs_plan else ()))


def used_by(step: Step) -> set[str]:
    """The names that a step uses; of `steps.NAME` the step's."""
    found: set[str] = set()
    for _, value in _values(step):
        for expression in expressions(value):
            first, second = expression.first_two
            found.update((second,) if first == "steps" else expression.names)
    return found


def _values(step: Step) -> Iterator[tuple[Place, Any]]:
    """What a step has that may use names, each with its place."""
    table: Any = step.source.values
    for part in step.path:
        table = table[part]
    yield (*step.path, step.command), step.words
    yield (*step.path, "vars"), step.variables
    for key, (_, value) in step.options.items():
        yield (*step.path, key), value
    for default in step.defaults:
        yield (*default.setting.table, default.key), default.value
    for key, value in step.typed.items():
        yield (*step.path, key), value
    yield step.path, step.data
    yield (*step.path, "output"), step.output
    if step.rows is not None:
        yield (*step.path, "for-each"), step.rows
    if step.when and step.when.expression:
        yield (*step.path, "when"), step.when.expression


def _check_value(
    plan: Plan,
    problems: Problems,
    value: Any,
    path: Place,
    known: Iterable[str],
    captures: dict[str, Step],
    step: Step | None = None,
    source: SourceFile | None = None,
) -> None:
    """Tell what is wrong with the names in a value, of a `step` or of a variable."""
    for expression in expressions(value):
        text = expression.text
        found = [_unknown(name, known, captures) for name in expression.names if name not in known and not _is_user(name, text)]
        if why := _wrong_part(plan, expression) or _wrong_row(plan, expression, step):
            found.append(why)
        elif expression.names == ("env",) and not (step and step.when) and _is_unset(expression):
            found.append(f"{text} is not set; give a default: {{{{{text} || '…'}}}}")
        for what in found:
            problems.add(source or plan.source, path, what, token=f"{{{{{text}")


def _is_user(name: str, text: str) -> bool:
    """Whether a name in the text of an expression is that of a load's user."""
    return name == USER.partition(".")[0] and USER in text


def _unknown(name: str, known: Iterable[str], captures: dict[str, Step]) -> str:
    if name in captures:
        return f"{name} is captured by the step {captures[name].name}, which is not over by then"
    if name in LITERALS:
        return f"no variable {name}; the value stands in backticks: `{name}`"
    return f"no variable {name}{suggestion(name, [*known, *captures])}"


def _wrong_part(plan: Plan, expression: Expression) -> str:
    """What is wrong with the second name of `secrets.NAME` and `steps.NAME`."""
    first, second = expression.first_two
    if first == "secrets" and second not in plan.secrets:
        return f"no secret {second}{suggestion(second, list(plan.secrets))}"
    if first == "steps" and second not in (names := [step.name for step in plan.steps]):
        return f"no step {second}{suggestion(second, names)}"
    return ""


def _wrong_row(plan: Plan, expression: Expression, step: Step | None) -> str:
    """What is wrong with `row`, `index` and `case`, where they have no value or no such column; `||` may give a default."""
    name, column = expression.first_two if expression.first_two[0] else (expression.text, "")
    if name == "case":
        if plan.cases is None:
            return "the plan has no cases: write [[case]] tables, or give --cases FILE"
        rows: Any = [case.row for case in plan.cases]
    elif name in ("row", "index"):
        if step is None or step.rows is None:
            return f"{name} has a value in a step with for-each"
        rows = step.rows
    else:
        return ""
    if not (column and isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        return ""
    known = list(dict.fromkeys(key for row in rows for key in row))
    return "" if column in known else f"no row has {column}{suggestion(column, known)}"


def _is_unset(expression: Expression) -> bool:
    try:
        return expression.value(Scope({"env": dict(os.environ)})) is None
    except NoValue:
        return True


def expressions(value: Any) -> Iterator[Expression]:
    """All expressions within a value."""
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, Template):
        yield from value.expressions()
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from expressions(each)
