"""The whole plan once a row: `[[case]]`, `cases`, `--cases`; each a run of its own."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from peers.orders import Orders
from peers.plans import Run

import rrcli

PLAN = """name = "orders"
[vars]
who = "user {{case.name}}"
[[step]]
name = "order"
http = "POST URL/orders"
json = { item = "{{case.item}}", who = "{{who}}" }
capture = { order = "json.id" }
[[teardown]]
name = "cancel"
http = "DELETE URL/orders/{{order}}"
"""
CASES = '[[case]]\nname = "ann"\nitem = "book"\n[[case]]\nname = "bob"\nitem = "fail"\n[[case]]\nname = "eve"\nitem = "pen"\n'


def test_each_case_is_a_whole_run_also_after_one_that_failed(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url) + CASES)
    assert (ran.code, orders.seen()) == (1, ["POST /orders", "DELETE /orders/7", "POST /orders", "POST /orders", "DELETE /orders/7"])
    assert [json.loads(content)["who"] for method, _, _, content in orders.log if method == "POST"] == ["user ann", "user bob", "user eve"]
    document = ran.document
    assert [(step["name"], step["kind"], step["outcome"], step["line"]) for step in document["steps"]] == [
        ("[0] ann", "case", "passed", 12), ("[1] bob", "case", "failed", 15), ("[2] eve", "case", "passed", 18),
    ]  # fmt: skip
    assert document["counts"] == {"passed": 4, "failed": 1, "error": 0, "skipped": 1}
    inner = document["steps"][1]
    assert (inner["row"], inner["run"]["case"]) == ({"name": "bob", "item": "fail"}, "[1] bob")
    assert [step["outcome"] for step in inner["run"]["steps"]] == ["failed", "skipped"]


def test_connections_and_cookies_are_each_cases_own(run_plan: Run, orders: Orders) -> None:
    text = f'[[case]]\na = 1\n[[case]]\na = 2\n[[step]]\nhttp = "{orders.url}/login"\n[[step]]\nhttp = "{orders.url}/me"\n'
    assert run_plan(text).code == 0
    assert [fields.get("cookie") for _, _, fields, _ in orders.log] == [None, "sid=kept-314159", None, "sid=kept-314159"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.csv", "name,item\nann,book\n"),
        ("c.json", '[{"name": "ann", "item": "book"}]'),
        ("c.ndjson", '{"name": "ann", "item": "book"}\n\n'),
        ("c.toml", '[[user]]\nname = "ann"\nitem = "book"\n'),
    ],
)
def test_cases_of_a_file(run_plan: Run, orders: Orders, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    text = PLAN.replace("URL", orders.url)
    for given in (run_plan(f'cases = "{name}"\n{text}'), run_plan(text + CASES, "--cases", name)):
        assert (given.code, [step["name"] for step in given.document["steps"]]) == (0, ["[0] ann"])
    assert rrcli.run(tmp_path / "p.toml", cases=tmp_path / name).document()["steps"][0]["run"]["case"] == "[0] ann"


def test_several_plans_may_have_cases(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "q.toml").write_text(f'name = "q"\n[[step]]\nhttp = "{orders.url}/q"\n')
    ran = run_plan(PLAN.replace("URL", orders.url) + CASES, "q.toml", "--report", "junit=j.xml", "--report", "tap=t.tap")
    assert [(step["name"], step["kind"]) for step in ran.document["steps"]] == [("orders", "plan"), ("q", "plan")]
    assert ran.document["counts"] == {"passed": 5, "failed": 1, "error": 0, "skipped": 1}
    root = ElementTree.parse("j.xml").getroot()
    assert [suite.get("name") for suite in root] == ["orders [0] ann", "orders [1] bob", "orders [2] eve", "q"]
    assert root.get("tests") == "7"
    assert "ok 2 - [0] ann: cancel" in Path("t.tap").read_text()


def test_cases_are_drawn_with_their_names(run_plan: Run, orders: Orders) -> None:
    out = run_plan(PLAN.replace("URL", orders.url) + CASES, drawn=True).out
    headings = [line for line in out.splitlines() if line.startswith("orders")]
    assert headings == [f"orders  ·  {name}" for name in ("[0] ann", "[1] bob", "[2] eve")]
    assert "✘ order  p.toml:4  [1] bob" in out


def test_a_dry_run_has_the_values_of_each_case(run_plan: Run, orders: Orders) -> None:
    out = run_plan(PLAN.replace("URL", orders.url) + CASES, "--dry-run", drawn=True).out
    assert [line.split("  ")[0] for line in out.splitlines()][:2] == ["[0] ann order", "[0] ann cancel"]
    assert " item=pen " in out
    assert len(run_plan(PLAN.replace("URL", orders.url) + CASES, "--list", drawn=True).out.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('cases = "c.csv"\n' + PLAN + CASES, "p.toml:1:1: a plan has [[case]] tables or cases, not both"),
        ('cases = "no.csv"\n' + PLAN, "p.toml:1:9: cannot read no.csv"),
        ('cases = "../c.csv"\n' + PLAN, "p.toml:1:9: ../c.csv lies outside of"),
        ("cases = []\n" + PLAN, "p.toml:1:9: cases: cases are tables, at least one"),
        ('cases = "long.csv"\n' + PLAN, "p.toml:1:9: long.csv: line 2 has more values than there are columns"),
        ('cases = "odd.csv"\n' + PLAN, "p.toml:1:9: odd.csv: 'full name' is no name: write letters, digits and _"),
        ('cases = "twice.csv"\n' + PLAN, "p.toml:1:9: twice.csv: there are two columns a"),
        (PLAN, "no cases: write [[case]] tables, or give --cases FILE"),
        (PLAN.replace("case.item", "case.itm") + CASES, "p.toml:7:18: no row has itm; did you mean item?"),
        ("[vars]\ncase = 1\n" + PLAN.replace("[vars]", ""), "p.toml:2:1: case has a meaning of its own"),
        ('[[step]]\nhttp = "http://x/{{row.a}}"', "p.toml:2:18: row has a value in a step with for-each"),
        ('[[step]]\nhttp = "http://x/{{row.b}}"\nfor-each = [{ a = 1 }]', "p.toml:2:18: no row has b"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(run_plan: Run, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "long.csv").write_text("a,b\n1,2,3\n")
    (tmp_path / "odd.csv").write_text("full name\nann\n")
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    (tmp_path / "c.csv").write_text("a\n1\n")
    ran = run_plan(text)
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_a_plan_that_another_runs_has_no_cases(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "inner.toml").write_text(f'[[case]]\na = 1\n[[step]]\nhttp = "{orders.url}"\n')
    ran = run_plan('[[step]]\nrun = "inner.toml"\n')
    assert (ran.code, "inner.toml:1:3: a plan that another runs has no cases of its own" in ran.err) == (2, True)


def test_a_load_has_no_cases(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url) + CASES, "--repeat", "2")
    assert (ran.code, orders.log, "p.toml has cases, and a load runs the plan for itself" in ran.err) == (2, [], True)
