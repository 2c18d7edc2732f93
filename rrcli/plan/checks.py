"""What can be told of a plan before anything is sent, beside its keys and names: templates that nothing uses, contradictions of a series,
and what is likely meant otherwise, which is noted.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.engine import registry
from rrcli.engine.manifest import load
from rrcli.options.parse import suggestion
from rrcli.options.request import SeriesOptions
from rrcli.plan.keys import STEP_KEYS, commands, keys_of, word_names
from rrcli.plan.names import expressions
from rrcli.plan.novalue import Scope
from rrcli.plan.step import EXPRESSIONS, INCLUDE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.base.sourcefile import Problems, SourceFile
    from rrcli.plan.model import Plan
    from rrcli.plan.step import Step


def check_templates(source: SourceFile, problems: Problems) -> None:
    """Tell the keys of `[template.NAME]` that no step could have."""
    for name, table in source.values.get("template", {}).items():
        if not isinstance(table, dict):
            problems.add(source, ("template", name), f"{name} is a table: write [template.{name}]")
            continue
        if "use" in table:
            problems.add(source, ("template", name, "use"), "a template uses no other", key=True)
        own = [key for key in table if key in commands()]
        known = {*STEP_KEYS, INCLUDE, "vars", *commands(), *(key for command in own or commands() for key in _all_keys(command))}
        for key in table:
            if key not in known:
                problems.add(source, ("template", name, key), f"no step has {key}{suggestion(key, sorted(known))}", key=True)


def _all_keys(command: str) -> set[str]:
    """All keys that belong to a command alone."""
    found = set(keys_of(command))
    if entry := registry.BY_NAME.get(command):
        try:
            typed = entry.request_type.typed_keys
        except ExchangeError:
            return found
        found |= {*(load(typed) if typed else ()), *word_names(entry.load_manifest().synopsis)}
    return found


def check_series(plan: Plan, problems: Problems) -> None:
    """Tell what has no meaning for a series, where no template leaves it open, and a check on a series where there is none."""
    for step in plan.steps:
        if step.entry is None:
            continue
        names = {declared.name for declared, _ in step.options.values()} | {default.declared.name for default in step.defaults}
        if names & set(SeriesOptions.options_):
            _refuse_contradictions(plan, step, problems)
        elif "expect" in step.options:
            from rrcli.policy.expect import of_one

            for text in _texts(step.options["expect"][1]):
                try:
                    of_one(text)
                except ExchangeError as error:
                    problems.add(step.source, (*step.path, "expect"), f"{error.message} ({error.hint})")


def _texts(value: Any) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _refuse_contradictions(plan: Plan, step: Step, problems: Problems) -> None:
    from rrcli.engine.registry import hooks_of
    from rrcli.options.request import Output
    from rrcli.series.contradictions import refuse_contradictions

    if any(next(expressions(value), None) for _, value in step.options.values()):
        return
    scope = Scope({})
    scope.is_dry = True
    try:
        request = step.request(scope, plan.root)
        if request.repeats():
            refuse_contradictions(request, Output(output="FILE" if step.output is not None else None), hooks_of(request))
    except ExchangeError as error:
        hint = f" ({error.hint})" if error.hint else ""
        problems.add(step.source, step.path, f"{error.message}{hint}", key=True)


def notes_of(plan: Plan) -> Iterator[str]:
    """What is allowed, and likely meant otherwise: a word in an expectation that is the name of a variable."""
    names = {*plan.variables, *plan.given, *(name for step in plan.steps for name in step.captures)}
    for step in plan.steps:
        for key, (declared, value) in step.options.items():
            if declared.name in EXPRESSIONS:
                for text in _texts(value):
                    word = text.rpartition(" ")[2]
                    if word in names and word != text:
                        yield f"{step.source.name}:{step.line}: {key} compares with the text {word}; the variable is {{{{{word}}}}}"
