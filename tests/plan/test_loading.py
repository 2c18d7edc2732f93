"""A plan is checked as a whole before anything is sent: each fault with file, line and column, all of them at once."""

from __future__ import annotations

import pytest
from peers.orders import Orders
from peers.plans import Run


def faults(run: Run, text: str, *words: str) -> list[str]:
    """The lines that are told of a plan that is none."""
    ran = run(text, *words)
    assert ran.code == 2, ran.out
    assert ran.out == ""
    return ran.err.splitlines()


def test_unknown_keys_paths_and_variables_are_told_at_once_and_nothing_is_sent(run_plan: Run, orders: Orders) -> None:
    text = f"""[[step]]
name = "reserve"
http = "POST {orders.url}/orders/{{{{ordr}}}}"
timout = "2s"
expect = ["stauts == 200"]
capture = {{ order = "jsn.id" }}
"""
    at = text.splitlines()[2].index("{{ordr") + 1
    found = faults(run_plan, text)
    assert found[0] == f"p.toml:3:{at}: no variable ordr; did you mean order?" or found[0] == f"p.toml:3:{at}: no variable ordr"
    assert found[1] == "p.toml:4:1: http has no option timout; did you mean timeout?"
    assert found[2].startswith("p.toml:5:10: 'stauts' is no key of the document; did you mean status?")
    assert found[3].startswith("p.toml:6:21: 'jsn' in 'jsn.id' is no key of the document; did you mean json?")
    assert orders.log == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[stp]]\nhttp = "x"', "p.toml:1:3: a plan has no stp; did you mean step?"),
        ('[[step]]\nhtp = "http://x"', "p.toml:1:3: a step has exactly one command: htp is none; did you mean http?"),
        ('[[step]]\nhttp = "http://x"\nredis = "PING"', "p.toml:1:3: a step has exactly one command: it has http and redis"),
        ('[[step]]\nhttp = "GET -k http://x"', "p.toml:2:8: http: -k is an option: write it as a key, k = …"),
        ('[[step]]\nhttp = "http://x"\nretry = 99999', "p.toml:3:9: retry: '99999' is more than 1000 retries"),
        ('[[step]]\nhttp = "http://x"\ninsecure = "yes"', "p.toml:3:12: insecure is true or false, not a text"),
        ('[[step]]\nhttp = "http://x"\nuntil = "status == 200"', "p.toml:3:1: until needs a deadline, of the step or of the plan"),
        ('[[step]]\nhttp = "http://x"\non_failure = "stop"', "p.toml:3:1: http has no option on_failure; did you mean on-failure?"),
        ('[[step]]\nhttp = "http://x"\nuse = "a"\n[template.b]\nretry = 1', "p.toml:3:7: there is no [template.a]"),
        ('[[step]]\nhttp = "http://x"\nformat = "json"', "p.toml:3:1: http has no option format; did you mean form?"),
        ('[defaults]\ntimout = 1\n[[step]]\nhttp = "http://x"', "p.toml:2:1: not every command has timout; did you mean timeout?"),
        ('[secrets]\na = "s3cret"\n[[step]]\nhttp = "http://x"', "p.toml:2:5: a secret comes from env:NAME, file:PATH, prompt or capture"),
        ('[[step]]\nname = "a"\nhttp = "http://x"\n[[step]]\nname = "a"\nhttp = "http://x"', "p.toml:5:8: two steps are named a"),
        ('[[step]]\nhttp = "http://x/{{env.n || true}}"', "p.toml:2:18: no variable true; the value stands in backticks: `true`"),
        ('[[step]]\nhttp = "http://x/{{n || 3}}"', "p.toml:2:8: 'n || 3' is no JMESPath"),
        ('[[step]]\nhttp = "http://x/{{uid()}}"', "p.toml:2:8: no function uid(); did you mean uuid?"),
        ('[[step]]\nhttp = "http://x"\nexpect = "{{a}} == 1"\n[vars]\na = 1', "has a template in its path"),
        ('[[step]]\nhttp = "http://x/{{steps.b.json}}"', "p.toml:2:18: no step b"),
        ('[[step]]\nhttp = "http://x/{{secrets.b}}"', "p.toml:2:18: no secret b"),
        ('[[step]]\nhttp = "http://x"\nwhen = "!run.ok"', "write run.failed"),
        ('[vars]\na = "{{b}}"\nb = "{{a}}"\n[[step]]\nhttp = "http://x"', "variables need each other: a, b"),
        ('[[step]]\nname = "a"\nhttp = "http://x"\ndepends-on = ["b"]', "p.toml:4:16: no step b"),
        ('[[step]]\nname = "a"\nhttp = "http://x"\ndepends-on = ["a"]', "p.toml:4:1: the step a waits for itself"),
        ('jobs = 0\n[[step]]\nhttp = "http://x"', "p.toml:1:8: jobs is a number from 1 to 64"),
        ('name = "x"', "p.toml:1:1: a plan has at least one [[step]]"),
        ('[[step]]\nhttp = "http://x"\nfor-each = "missing.csv"', "p.toml:3:12: cannot read missing.csv"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(run_plan: Run, text: str, told: str) -> None:
    assert told in "\n".join(faults(run_plan, text))


def test_a_capture_that_comes_later_is_told(run_plan: Run) -> None:
    text = '[[step]]\nname = "a"\nhttp = "http://x/{{b}}"\n[[step]]\nname = "c"\nhttp = "http://x"\ncapture = { b = "json.b" }\n'
    assert faults(run_plan, text) == ["p.toml:3:18: b is captured by the step c, which is not over by then"]


def test_all_that_is_missing_is_named(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ONE", "TWO", "THREE"):
        monkeypatch.delenv(name, raising=False)
    text = f'[vars]\nbase = "{{{{env.THREE}}}}"\n[secrets]\na = "env:ONE"\nb = "env:TWO"\n[[step]]\nhttp = "{orders.url}"\n'
    found = faults(run_plan, text)
    assert [line.partition(": ")[2].split(";")[0] for line in found] == [
        "env.THREE is not set",
        "the secret a has no value: ONE is not set",
        "the secret b has no value: TWO is not set",
    ]
    assert orders.log == []


def test_syntax_faults_have_their_place_and_a_backslash_its_cure(run_plan: Run) -> None:
    assert faults(run_plan, '[[step]]\nhttp = "a\\d"')[0].endswith("in single quotes a backslash is a backslash: 'a\\d'")
    assert faults(run_plan, '[[step]]\nhttp = "a"\nhttp = "b"') == ["p.toml:3:1: http is given twice"]


def test_an_unknown_environment_is_told_with_those_there_are(run_plan: Run) -> None:
    text = '[env.staging]\ntimeout = 1\n[[step]]\nhttp = "http://x"'
    assert faults(run_plan, text, "--env", "stagin")[0].endswith("there is no environment stagin; did you mean staging? (it has staging)")
    assert "not every command has" in faults(run_plan, text.replace("timeout", "json"))[0]


def test_a_step_that_nobody_has_is_no_choice(run_plan: Run) -> None:
    ran = run_plan('[[step]]\nname = "reserve"\nhttp = "http://x"', "--only", "reserv")
    assert (ran.code, "did you mean reserve?" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[env.x]\nvars = 1\n", "p.toml:2:8: vars is a table: write [env.x.vars]"),
        ("[template]\nx = 1\n", "p.toml:2:5: x is a table: write [template.x]"),
        ("[template.x]\nuse = 'y'\n", "p.toml:2:1: a template uses no other"),
        ("[template.x]\ntimout = 1\n", "p.toml:2:1: no step has timout; did you mean timeout?"),
        ("[template.x]\nhttp = 'x'\nsql = 'x'\n", "p.toml:3:1: no step has sql"),
        ("[[step]]\nhttp = 'POST http://x'\njson = { a = inf }\n", "p.toml:3:8: inf and nan are no numbers of JSON"),
        ("[[step]]\nhttp = 'POST http://x'\nmultipart = { f = { fil = 'x' } }\n", "p.toml:3:13: multipart: f has no file"),
        ("[[step]]\nhttp = 'http://x'\nfor-each = 3\n", "p.toml:3:12: for-each is a list, a file of rows, or the path of a list"),
        ("[[step]]\nhttp = 'http://x'\nexpect = 'p99 < 2s'\n", "p.toml:3:10: p99 is what many exchanges amount to, and this is one (add"),
        ("[[step]]\nhttp = 'http://x'\nrepeat = 2\nretry = 1\n", "p.toml:1:3: --retry and a series exclude each other"),
        ("[[step]]\nhttp = 'http://x'\nrepeat = 2\noutput = 'x'\n", "p.toml:1:3: --output and a series exclude each other"),
    ],
)  # fmt: skip
def test_what_no_step_shows_is_told_too(run_plan: Run, text: str, told: str) -> None:
    assert told in "\n".join(faults(run_plan, text + '[[step]]\nname = "z"\nhttp = "http://x"\n'))


def test_a_variable_from_outside_has_a_name(run_plan: Run) -> None:
    for given in ("a b=1", "env=1", "steps=1"):
        assert faults(run_plan, '[[step]]\nhttp = "http://x"\n', "--var", given)[0].startswith("rrcli: --var ")
    assert "--vars: cannot read no.env" in faults(run_plan, '[[step]]\nhttp = "http://x"\n', "--vars", "no.env")[0]


def test_a_text_that_is_the_name_of_a_variable_is_noted(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'[vars]\nstate = "x"\n[[step]]\nhttp = "{orders.url}/x"\nexpect = "json.path != state"\n')
    assert ran.document["notes"] == ["p.toml:3: expect compares with the text state; the variable is {{state}}"]
