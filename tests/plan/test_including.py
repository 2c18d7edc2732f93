"""A plan that runs another: variables in, captures out, its teardown at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from peers.orders import Orders
from peers.plans import Run

LOGIN = """name = "login"
[secrets]
password = "env:SHOP_PASSWORD"
[[step]]
name = "in"
http = "POST {{base}}/login"
json = { user = "{{user}}", p = "{{secrets.password}}" }
capture = { token = "json.token" }
[[teardown]]
name = "logout"
http = "DELETE {{base}}/orders/{{base && `7`}}"
ok = "any"
"""
OUTER = """[vars]
base = "URL"
[[step]]
name = "login"
run = "parts/login.toml"
vars = { base = "{{base}}", user = "ann" }
[[step]]
name = "use"
http = "POST {{base}}/echo"
data-raw = "{{login.token}}"
[[teardown]]
name = "end"
http = "{{base}}/end"
"""


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the plan that is run by others."""
    monkeypatch.setenv("SHOP_PASSWORD", "hunter-2222-x")
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "login.toml").write_text(LOGIN)
    return folder


@pytest.mark.usefixtures("parts")
def test_captures_come_out_and_its_teardown_runs_at_the_end(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(OUTER.replace("URL", orders.url))
    assert (ran.code, orders.seen()) == (0, ["POST /login", "POST /echo", "GET /end", "DELETE /orders/7"])
    assert orders.log[1][3] == b"tok-2718281828"
    assert orders.log[1][2]["cookie"] == "sid=kept-314159"
    assert [(step["name"], step["outcome"]) for step in ran.document["steps"]] == [
        ("login", "passed"), ("use", "passed"), ("end", "passed"), ("logout", "passed"),
    ]  # fmt: skip
    assert [step["name"] for step in ran.step("login")["run"]["steps"]] == ["in"]
    assert "hunter-2222-x" not in ran.out
    assert "hunter-2222-x" not in run_plan(OUTER.replace("URL", orders.url), drawn=True).out


def test_what_fails_within_fails_the_step(run_plan: Run, orders: Orders, parts: Path) -> None:
    (parts / "login.toml").write_text(LOGIN.replace("json.token", "json.nothing"))
    ran = run_plan(OUTER.replace("URL", orders.url))
    assert (ran.code, ran.outcomes["login"], ran.outcomes["use"]) == (8, "failed", "skipped")
    assert ran.step("login")["reason"].startswith("in: the answer has nothing to capture")
    assert orders.seen() == ["POST /login", "GET /end", "DELETE /orders/7"]


@pytest.mark.parametrize(
    ("inner", "outer", "told"),
    [
        (LOGIN.replace("capture", "captur"), OUTER, "parts/login.toml:8:1: http has no option captur; did you mean capture?"),
        (LOGIN, OUTER.replace('user = "ann"', 'usr = "ann"'), "parts/login.toml:7:18: no variable user; did you mean usr?"),
        (LOGIN, OUTER.replace("parts/login.toml", "../login.toml"), "p.toml:5:7: ../login.toml lies outside of"),
        (LOGIN, OUTER.replace("parts/login.toml", "p.toml"), "p.toml:5:7: p.toml runs itself"),
        (LOGIN, OUTER.replace("parts/login.toml", "parts/no.toml"), "p.toml:5:7: cannot read parts/no.toml"),
        (LOGIN, OUTER.replace("vars = {", "retry = 1\nvars = {"), "p.toml:6:1: a step that runs a plan has no retry"),
        (LOGIN.replace("[[step]]", '[[step]]\nname = "x"\nrun = "../p.toml"\n[[step]]'), OUTER, "toml:6:7: parts/../p.toml runs itself"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(run_plan: Run, orders: Orders, parts: Path, inner: str, outer: str, told: str) -> None:
    (parts / "login.toml").write_text(inner)
    ran = run_plan(outer.replace("URL", orders.url))
    assert (ran.code, orders.log) == (2, [])
    assert told in ran.err


@pytest.mark.usefixtures("parts")
def test_a_secret_that_is_missing_within_is_told_before_anything_is_sent(
    run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_PASSWORD")
    ran = run_plan(OUTER.replace("URL", orders.url))
    assert (ran.code, orders.log) == (2, [])
    assert "parts/login.toml:3:12: the secret password has no value: SHOP_PASSWORD is not set" in ran.err


def test_what_is_captured_for_each_row_is_a_list(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "inner.toml").write_text('[[step]]\nhttp = "{{base}}/{{user}}"\ncapture = { path = "json.path" }\n')
    text = (
        f'[[step]]\nname = "in"\nfor-each = ["ann", "bob"]\nrun = "inner.toml"\nvars = {{ base = "{orders.url}", user = "{{{{row}}}}" }}\n'
    )
    assert run_plan(text + f'[[step]]\nhttp = "POST {orders.url}/echo"\njson = "{{{{in[1].path}}}}"\n').code == 0
    assert orders.log[-1][3] == b'"/bob"'
