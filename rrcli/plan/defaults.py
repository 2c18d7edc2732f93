"""The defaults of a step, and the request that comes of it with those that may go along.

A default that a command, or something nearer, cannot have beside it is passed over: only what is written in the step is an error.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.base.url import without_userinfo
from rrcli.engine.defaults import PATHS, READ, field_name, goes_to, in_url, is_for_one_peer, is_missing, path_beside, typed_fields
from rrcli.engine.settings import BASE_URL
from rrcli.plan.settings import Default, home_of
from rrcli.plan.step import fill
from rrcli.plan.template import Template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.base.sourcefile import Problems
    from rrcli.engine.settings import Setting
    from rrcli.options.option import Option
    from rrcli.options.request import Request
    from rrcli.plan.novalue import Scope
    from rrcli.plan.ownfiles import Root
    from rrcli.plan.step import Step

    Compile = Callable[[Option, Setting], Any]


def defaults_of(
    step: Step, settings: list[Setting], options: dict[str, Option], written: dict[str, Any], compile_own: Compile, problems: Problems
) -> list[Default]:
    """The settings that what is `written` leaves room for, the nearest first; `compile_own` reads a value of the plan."""
    words = [word.text for word in (*step.words, *step.data)]
    headers = _lines(written.get("header", ())) + [f"{name}:" for name in _keys(written.get("headers"))]
    taken = {options[key].name for key in written if key in options} | set(in_url(words))
    fields = typed_fields(taken, headers, words)
    found = []
    for setting in settings:
        declared = options.get(setting.key)
        if declared is None or setting.key == BASE_URL or (declared.name != "headers" and declared.name in taken):
            continue
        is_own = setting.source is step.source
        value = compile_own(declared, setting) if is_own else _value_of(declared, setting, problems)
        if declared.name == "headers":
            value = [line for line in (value if isinstance(value, list) else [value]) if field_name(_text(line)) not in fields]
            fields.update(field_name(_text(line)) for line in value)
            if not value:
                continue
        taken.add(declared.name)
        home = home_of(setting, settings) if setting.is_of_environment else None
        is_bound = setting.is_of_environment and is_for_one_peer(declared, setting.key) and not (is_own and home is None)
        found.append(Default(declared=declared, setting=setting, value=value, is_own=is_own, home=home, is_bound=is_bound))
    return found


def _value_of(declared: Option, setting: Setting, problems: Problems) -> Any:
    """The value of a settings file, which is none of templates."""
    value = setting.value
    if declared.metavar in PATHS and isinstance(value, str):
        value = path_beside(value, setting.source.name)
        if setting.key in READ and is_missing(value):
            problems.add(setting.source, (*setting.table, setting.key), f"{setting.key}: there is no file {value}")
    return value


def _lines(value: Any) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _text(line: Any) -> str:
    return line.text if isinstance(line, Template) else str(line)


# --- at its time


def requests(step: Step, scope: Scope, root: Root, note: Callable[[str], None]) -> Iterator[Request]:
    """The request of a step with its defaults; then, for whoever finds that wrong in itself, with fewer of them, the last with none.

    Raises what `Step.request` raises.
    """
    chosen = _at_home(step, scope, root, note)
    yield step.request(scope, root, chosen)
    if not chosen:
        return
    kept: list[Default] = []
    for default in chosen:
        try:
            _refuse_contradictions(step.request(scope, root, [*kept, default]))
        except ExchangeError:
            continue
        kept.append(default)
    if 0 < len(kept) < len(chosen):
        yield step.request(scope, root, kept)
    yield step.request(scope, root, [])


def _at_home(step: Step, scope: Scope, root: Root, note: Callable[[str], None]) -> list[Default]:
    """The defaults without those for one peer, unless the request goes there."""
    if not any(default.is_bound for default in step.defaults):
        return step.defaults
    assert step.entry
    asked = step.request(scope, root, [default for default in step.defaults if not default.is_bound])
    homes: dict[str, bool] = {}
    kept = []
    for default in step.defaults:
        home = str(fill(default.home, scope)) if default.is_own else default.home
        if default.is_bound and home is not None and home not in homes:
            homes[home] = goes_to(home, step.entry, asked)
        if not default.is_bound or (home is not None and homes[home]):
            kept.append(default)
            continue
        why = (
            f"it goes to {without_userinfo(home)} alone"
            if home
            else f"{default.setting.heading} has no {BASE_URL} that says where it may go"
        )
        note(f"{step.name}: {default.key} of {default.setting.heading} not sent: {why}")
    return kept


def _refuse_contradictions(request: Request) -> None:
    """Raise `usage` for what can be told to be wrong without sending anything."""
    from rrcli.engine.fanout import parts_of
    from rrcli.engine.registry import hooks_of
    from rrcli.engine.runner import judge_of
    from rrcli.engine.target import target_of
    from rrcli.options.request import Output
    from rrcli.series.contradictions import refuse_contradictions

    if request.repeats():
        refuse_contradictions(request, Output(), hooks_of(request))
    judge_of(request)
    for part in parts_of(request):
        target_of(part)
