"""Plans with anything in any place: each is read, or told with its place; nothing else ever comes of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.base.sourcefile import Problems, parse
from rrcli.plan.choice import Choice
from rrcli.plan.load import load_plan
from rrcli.plan.settings import PlanSettings

PLAN: dict[str, Any] = {
    "vars": {"n": 3, "base": "http://127.0.0.1:1"},
    "secrets": {"a": "env:HOME", "b": "capture"},
    "defaults": {"timeout": "3s", "http": {"user-agent": "x"}, "header": "X: 1"},
    "env": {"x": {"vars": {"q": 1}, "base-url": "http://x", "header": ["A: b"]}},
    "template": {"t": {"retry": 1, "http": "GET /x"}},
    "case": [{"name": "z", "v": 1}],
    "load": {"users": 2},
    "setup": [{"name": "sv", "serve": "http", "capture": {"u": "http"}, "port": {"http": 0}}],
    "teardown": [{"wait": "http://x", "when": "run.failed"}],
    "step": [
        {"name": "one", "http": "POST {{base}}/a", "json": {"a": "{{n}}"}, "form": {"f": 1}, "query": {"q": ["a", 1]}},
        {"name": "two", "redis": "redis://x", "args": ["SET", "k", "{{n}}"], "expect": ["status == 200", "json.id == {{n}}"]},
        {"name": "three", "tcp": "x:1", "steps": [{"send": "a{{n}}"}, {"await": "b"}], "tls": True, "until": "status == 1", "deadline": 1},
        {
            "name": "four",
            "use": "t",
            "for-each": [{"a": 1}],
            "jobs": 2,
            "headers": {"x": "{{row.a}}{{case.v}}{{secrets.a}}"},
            "output": "x",
        },
        {"name": "five", "graphql": "http://x", "query": "{a}", "variables": {"a": 1}, "capture": {"c": "json.x"}, "depends-on": ["one"]},
    ],
}
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "x", "{{", "{{n}}", "{{a.b", "{{`1`}}", "'", '"', "@", "-", "--x", "GET", "/x", "://", "\0",
    "status == 200", "1s", "{{steps.one}}", "{{row}}", "{{secrets}}", "..", "../x", [], {}, [[]], [1], ["x"], {"a": 1}, {"a": {"b": [1]}},
]  # fmt: skip
KEYS = [
    "name", "http", "redis", "run", "serve", "wait", "use", "vars", "json", "headers", "expect", "capture", "when", "for-each", "jobs",
    "depends-on", "repeat", "port", "fault", "output", "snapshot", "json-schema", "base-url", "cases", "case", "load", "env",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything within."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(value[key], (*path, key))


def changed(random: Random) -> dict[str, Any]:
    """The plan with a value replaced, taken out, or put in."""
    plan = copy.deepcopy(PLAN)
    for _ in range(random.randint(1, 3)):
        *path, last = random.choice(list(places(plan)))
        table: Any = plan
        for part in path:
            table = table[part]
        value, how = copy.deepcopy(random.choice(VALUES)), random.random()
        if how < 0.6 or not isinstance(table[last], (dict, list)):
            table[last] = value
        elif isinstance(table[last], dict):
            table[last][random.choice(KEYS)] = value
        else:
            table[last].append(value)
    return plan


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([None, "x"]))
def test_whatever_stands_in_a_plan_is_read_or_told(random: Random, env: str | None) -> None:
    problems = Problems()
    with suppress(ExchangeError):
        plan = load_plan(parse(json.dumps(changed(random)).encode(), "p.json"), problems, {}, settings=PlanSettings(env=env))
        problems.raise_any()
        Choice(plan)
