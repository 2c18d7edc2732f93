"""The schemas: a run's document holds to its own, and that of a plan takes what the loader takes."""

from __future__ import annotations

import json

import jsonschema
import pytest
import tomli
from peers.orders import Orders
from peers.plans import Run
from plan.test_command import PLAN

from rrcli.cli.commands import schema_text

PLANS = jsonschema.Draft202012Validator(json.loads(schema_text("plan")))
RUNS = jsonschema.Draft202012Validator(json.loads(schema_text("run")))


def test_the_document_of_a_run_holds_to_its_schema(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASS", "hunter-2222")
    more = '[[step]]\nname = "series"\nhttp = "{{base}}/x"\nrepeat = 2\n[[step]]\nname = "set"\nhttp = "{{base}}/x"\nall-addresses = true\n'
    text = PLAN.replace("URL", orders.url) + more
    RUNS.validate(run_plan(text, "--keep-going").document)
    RUNS.validate(run_plan(text).document)
    RUNS.validate(run_plan(text, "p.toml").document)


def test_the_schema_of_a_plan_takes_good_plans() -> None:
    PLANS.validate(tomli.loads(PLAN))
    PLANS.validate(
        tomli.loads('[[step]]\nredis = "PING"\nargs = ["a"]\nretry = 2\n[[step]]\ntcp = ["a:1"]\nsteps = [{ send = "x" }]\ntls = true')
    )


@pytest.mark.parametrize(
    "text",
    [
        '[template.x]\nhttp = "GET /x"\n[[step]]\nuse = "x"\n',
        '[[step]]\nserve = ["http", "redis"]\nport = { http = 1 }\nfault = "delay=1s"\ncapture = { a = "http" }\n',
        '[[step]]\nwait = "http://x"\ndeadline = 3\nevery = "1s"\n[[step]]\nrun = "x.toml"\nvars = { a = 1 }\nfor-each = "x.csv"\n',
        'cases = "x.csv"\n[[step]]\nhttp = "x"\noutput = "y"\nsnapshot = true\nform = { a = 1 }\nmultipart = { f = { file = "x" } }\n',
        '[[step]]\npg = "dsn"\nsql = "select"\nparams = [1, true]\n[[step]]\ndns = "x"\ntypes = ["A"]\nservers = "@1.1.1.1"\n',
    ],
)
def test_the_schema_of_a_plan_takes_what_the_loader_takes(text: str) -> None:
    PLANS.validate(tomli.loads(text))


@pytest.mark.parametrize("text", ['[[step]]\nhttp = "x"\ntimout = 1', "a = 1", "[[step]]\nhttp = 1", '[[step]]\nredis = "PING"\njson = 1'])
def test_the_schema_of_a_plan_refuses_others(text: str) -> None:
    assert not PLANS.is_valid(tomli.loads(text))
