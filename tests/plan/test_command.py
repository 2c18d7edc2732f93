"""`rrcli run` on the command line: what is drawn, listed, chosen, and how variables are given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from peers.orders import Orders
from peers.plans import Run

PLAN = """name = "shop"
[vars]
base = "URL"
[secrets]
pass = "env:PASS"
[[setup]]
name = "login"
http = "POST {{base}}/login"
json = { p = "{{secrets.pass}}" }
[[step]]
name = "reserve"
tags = "slow"
http = "POST {{base}}/orders"
capture = { order = "json.id" }
[[step]]
name = "other"
http = "{{base}}/other"
[[step]]
name = "stored"
http = "{{base}}/orders/{{order}}"
expect = "json.path == '/orders/8'"
[[teardown]]
name = "cancel"
http = "DELETE {{base}}/orders/{{order}}"
"""


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASS", "hunter-2222")


def plain(text: str) -> list[str]:
    """The lines with times and white space made alike."""
    return [re.sub(r"\s+", " ", re.sub(r"[\d.]+ m?s\b", "T", line)).strip() for line in text.splitlines()]


def test_a_line_a_step_then_what_failed_and_where(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), drawn=True)
    assert ran.code == 8
    assert plain(ran.out) == [
        "shop",
        "✔ login POST /login 200 OK T setup",
        "✔ reserve POST /orders 201 Created T",
        "✔ other GET /other 200 OK T",
        '✘ stored GET /orders/7 "/orders/7" T',
        "✔ cancel DELETE /orders/7 204 No Content T teardown",
        "",
        "✘ stored p.toml:18",
        "json.path == '/orders/8' does not hold: it is \"/orders/7\"",
        "Next rrcli run p.toml --only stored --var order=7",
        "",
        "✘ 1 of 5 failed · T · exit 8",
    ]


def test_quiet_prints_what_failed_alone(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), "--quiet", drawn=True)
    assert (ran.out, ran.err) == ("", "rrcli: stored: json.path == '/orders/8' does not hold: it is /orders/7\n")


def test_a_plan_that_is_not_there_is_no_plan(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), "missing.toml")
    assert (ran.code, orders.log, "cannot read missing.toml" in ran.err) == (2, [], True)


def test_the_plan_of_the_readme_is_one(run_plan: Run) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    example = next(each for each in re.findall(r"^```toml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL) if "[[teardown]]" in each)
    ran = run_plan(example, "--list", drawn=True)
    assert (ran.code, ran.err, [line.split()[0] for line in ran.out.splitlines()]) == (0, "", ["reserve", "stored", "cancel"])


def test_only_takes_with_it_what_it_needs(run_plan: Run, orders: Orders) -> None:
    run_plan(PLAN.replace("URL", orders.url), "--only", "stored")
    assert orders.seen() == ["POST /login", "POST /orders", "GET /orders/7", "DELETE /orders/7"]
    orders.log.clear()
    assert run_plan(PLAN.replace("URL", orders.url), "--only", "stored", "--var", "order=8").code == 1  # of the teardown, a 404
    assert orders.seen() == ["POST /login", "GET /orders/8", "DELETE /orders/8"]


def test_skip_leaves_out_by_name_and_by_tag(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), "--skip", "slow", "--skip", "stored")
    assert (ran.code, orders.seen()) == (0, ["POST /login", "GET /other"])
    assert ran.step("reserve")["reason"] == "--skip names it"


def test_a_dry_run_shows_values_and_no_secret(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), "--dry-run", drawn=True)
    assert (ran.code, orders.log) == (0, [])
    assert f"http POST {orders.url}/orders" in ran.out
    assert f"'{orders.url}/orders/{{{{order}}}}'" in ran.out
    assert "hunter-2222" not in ran.out


def test_a_list_needs_no_secret_and_names_files_from_elsewhere(run_plan: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASS")
    ran = run_plan(PLAN.replace("[[setup]]", 'key = "file:/etc/key"\n[[setup]]'), "--list", drawn=True)
    assert (ran.code, ran.err) == (0, "")
    assert "reserve  http POST '{{base}}/orders'  [slow]" in ran.out
    assert "key      /etc/key  (file)" in ran.out


def test_variables_the_nearest_wins(run_plan: Run, orders: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "v.env").write_text('# more\nexport a="from file"\nb=file\n')
    (tmp_path / "v.json").write_text('{"c": 3}')
    monkeypatch.setenv("RRCLI_VAR_a", "environment")
    monkeypatch.setenv("RRCLI_VAR_d", "environment")
    text = "[vars]\n" + "".join(f'{name} = "plan"\n' for name in "abde") + f'[[step]]\nhttp = "POST {orders.url}/x"\n'
    text += 'json = ["{{a}}", "{{b}}", "{{c}}", "{{d}}", "{{e}}"]\n'
    assert run_plan(text, "--vars", "v.env", "--vars", "v.json", "--var", "b=line").code == 0
    assert orders.log[0][3] == b'["from file", "line", 3, "environment", "plan"]'


def test_a_variable_is_name_and_value(run_plan: Run) -> None:
    assert run_plan('[[step]]\nhttp = "x"', "--var", "x").code == 2


@pytest.mark.parametrize("columns", [60, 80, 110, 140])
def test_a_line_keeps_its_time_on_any_terminal(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = PLAN.replace("URL", orders.url).replace('name = "other"', 'name = "a name that is much longer than others"')
    out = run_plan(text.replace("/other", "/other/with/a/path/that/is/very/long/and/goes/on/and/on/for/ever"), drawn=True).out
    lines = [line for line in out.splitlines() if line.startswith(("  ✔", "  ✘"))]
    assert len(lines) == 5
    assert all(re.search(r"\d (ms|s)( |$)", line) and len(line) <= columns for line in lines), out
