"""Snapshots: written where there are none, compared by later runs, named so that no two meet, without any secret of the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from peers.orders import Orders
from peers.plans import Run
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

import rrcli
from rrcli.cli.commands import schema_text


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def plan(url: str, keys: str = "snapshot = true", *, name: str = "cart") -> str:
    return f'[[step]]\nname = "{name}"\nhttp = "GET {url}"\n{keys}\n'


def answers(*values: Any, fields: str = "") -> Any:
    """A peer that answers a request with each of these in turn, as JSON."""
    contents = [json.dumps(value).encode() for value in values]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + fields.encode() + b"Content-Length: %d\r\n\r\n"
    replies = iter([script(hear(b"\r\n\r\n"), say(head % len(content) + content)) for content in contents])
    return responder(lambda connection: next(replies)(connection))


def kept(name: str = "cart") -> Any:
    return json.loads(Path(f"p.snapshots/{name}.json").read_text())


def test_the_first_run_writes_and_the_second_compares(run_plan: Run) -> None:
    ignoring = 'snapshot = { ignore = ["json.items[*].at"] }'
    values = [{"items": [{"at": at, "price": price}]} for at, price in ((1, 9), (2, 9), (3, 12), (4, 12))]
    with answers(*values) as peer:
        text = plan(f"http://{peer.host}:{peer.port}/", ignoring)
        first = run_plan(text)
        assert (first.code, first.document["notes"]) == (0, ["snapshot p.snapshots/cart.json written"])
        assert kept()["response"]["body"] == {"json": {"items": [{"price": 9}]}}
        assert (run_plan(text).code, run_plan(text).code) == (0, 8)
        updated = run_plan(text, "--update-snapshots")
    assert (updated.code, kept()["response"]["body"]["json"]) == (0, {"items": [{"price": 12}]})


def test_only_what_has_changed_is_a_difference(run_plan: Run) -> None:
    with answers({"a": 1, "b": [1]}, {"b": [100], "a": 1}) as peer:
        text = plan(f"http://{peer.host}:{peer.port}/", "snapshot = true\ncapture = { a = 'json.a' }")
        assert run_plan(text).code == 0
        ran = run_plan(text)
    step = ran.step("cart")
    assert (ran.code, step["outcome"], step["captures"]) == (8, "failed", {})
    assert step["differences"] == [{"path": "response.body.json.b[0]", "values": [1, 100]}]
    jsonschema.validate(ran.document, json.loads(schema_text("run")))
    assert step["reason"] == "1 difference from the snapshot p.snapshots/cart.json: response.body.json.b[0]"
    assert step["exchange"]["error"]["kind"] == "check_failed"


def test_what_a_difference_looks_like(run_plan: Run) -> None:
    with answers({"a": 1}, {"a": 2}) as peer:
        text = plan(f"http://{peer.host}:{peer.port}/")
        run_plan(text)
        lines = run_plan(text, drawn=True).out.splitlines()
    at = lines.index("✘ cart  p.toml:1")
    assert lines[at + 1 : at + 4] == [
        "  the snapshot has - and the answer +",
        "    response.body.json.a  1  2",
        "  Keep it  --update-snapshots writes the snapshot anew",
    ]


def test_the_file_changes_only_with_what_is_compared(run_plan: Run) -> None:
    with answers({"b": "é", "a": "\x1b\u202e"}, fields="Date: now\r\nX-Request-Id: 1\r\nSet-Cookie: a=b; Expires=soon; Secure\r\n") as peer:
        run_plan(plan(f"http://{peer.host}:{peer.port}/"))
    text = Path("p.snapshots/cart.json").read_text()
    assert text.endswith("}\n")
    assert '      "json": {\n        "a": "\\u001b\\u202e",\n        "b": "é"\n      }\n' in text
    assert kept()["response"]["headers"] == {"content-type": "application/json", "set-cookie": ["a=‹secret›; Secure"]}


@pytest.mark.parametrize("value", ["1", "true"])
def test_nothing_is_written_where_ci_is_set(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CI", value)
    ran = run_plan(plan(f"{orders.url}/x"))
    assert (ran.code, Path("p.snapshots").exists()) == (8, False)
    assert ran.step("cart")["reason"].startswith("there is no snapshot p.snapshots/cart.json, and with CI set none is written")
    assert (run_plan(plan(f"{orders.url}/x"), "--update-snapshots").code, Path("p.snapshots").exists()) == (0, True)
    assert run_plan(plan(f"{orders.url}/x")).code == 0


def test_a_step_that_fails_leaves_the_snapshot_as_it_is(run_plan: Run, orders: Orders) -> None:
    text = plan(f"{orders.url}/x", "snapshot = true\nexpect = 'status == 404'")
    assert run_plan(text, "--update-snapshots").code == 8
    assert run_plan(plan(f"{orders.url}/x", "snapshot = true\ncapture = { a = 'json.nothing' }")).code == 8
    assert not Path("p.snapshots").exists()


def test_names_of_steps_rows_and_cases(run_plan: Run, orders: Orders) -> None:
    text = f"""[[case]]
name = "ann b"
[[case]]
name = "ü"
[[step]]
name = "GET /x: all"
http = "GET {orders.url}/x/{{{{case.name}}}}/{{{{row}}}}"
for-each = ["a", "b"]
snapshot = true
[[step]]
name = "y"
http = "GET {orders.url}/y"
snapshot = {{ name = "../.." }}
"""
    assert run_plan(text).code == 0
    assert sorted(path.name for path in Path("p.snapshots").iterdir()) == [
        "..-..--.json", "..-..-ann-b.json", "GET--x--all-0--.json", "GET--x--all-0-ann-b.json", "GET--x--all-1--.json",
        "GET--x--all-1-ann-b.json",
    ]  # fmt: skip
    assert run_plan(text).code == 0


def test_of_another_protocol(run_plan: Run, redis: Redis) -> None:
    set_it = f'[[setup]]\nname = "s"\nredis = "{redis.url()} SET snapped {{{{v}}}}"\n'
    text = "[vars]\nv = 1\n" + set_it + f'[[step]]\nname = "get"\nredis = "{redis.url()} GET snapped"\nsnapshot = true\n'
    assert (run_plan(text).code, run_plan(text).code) == (0, 0)
    assert kept("get")["response"]["data"]["value"] == "1"
    ran = run_plan(text, "--var", "v=2")
    assert (ran.code, ran.step("get")["differences"]) == (8, [{"path": "response.data.value", "values": ["1", "2"]}])


def test_a_secret_that_only_a_later_step_shows_is_not_in_the_file(run_plan: Run, orders: Orders) -> None:
    text = f"""[secrets]
mine = "capture"
[[step]]
name = "first"
http = "GET {orders.url}/{{{{'secret-path-1'}}}}"
snapshot = true
[[step]]
name = "second"
http = "GET {orders.url}/secret-path-1"
capture = {{ mine = "json.path" }}
"""
    assert run_plan(text).code == 0
    assert "secret-path-1" not in Path("p.snapshots/first.json").read_text()
    assert run_plan(text).code == 0


def test_of_a_plan_that_a_step_runs(run_plan: Run, orders: Orders) -> None:
    Path("inner.toml").write_text(plan(f"{orders.url}/x"))
    text = '[[step]]\nname = "all"\nrun = "inner.toml"\n'
    assert run_plan(text).code == 0
    written = Path("inner.snapshots/cart.json")
    written.write_text(written.read_text().replace("/x", "/y"))
    ran = run_plan(text)
    assert (ran.code, ran.step("all")["run"]["steps"][0]["differences"][0]["values"]) == (8, ["/y", "/x"])
    assert run_plan(text, "--update-snapshots").code == 0
    assert run_plan(text).code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD\n{}", "the snapshot p.snapshots/cart.json is no JSON: it breaks at line 1, column 1"),
        ("[]", "p.snapshots/cart.json is no snapshot"),
        ('{"response": {"status": 1}}', "p.snapshots/cart.json is no snapshot"),
    ],
)
def test_a_file_that_is_no_snapshot(run_plan: Run, orders: Orders, text: str, said: str) -> None:
    Path("p.snapshots").mkdir()
    Path("p.snapshots/cart.json").write_text(text)
    ran = run_plan(plan(f"{orders.url}/x"))
    assert (ran.code, ran.step("cart")["reason"][: len(said)]) == (2, said)


def test_a_file_that_cannot_be_written(run_plan: Run, orders: Orders) -> None:
    Path("p.snapshots").write_text("in the way")
    ran = run_plan(plan(f"{orders.url}/x"))
    assert (ran.code, ran.document["notes"]) == (9, ["cannot write the snapshot p.snapshots/cart.json: not a directory"])


def test_a_folder_that_leads_elsewhere(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    Path("p.snapshots").symlink_to(outside)
    ran = run_plan(plan(f"{orders.url}/x"))
    assert (ran.code, list(outside.iterdir())) == (2, [])
    assert "lies outside of" in ran.step("cart")["reason"]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([("a b", "snapshot = true"), ("a-b", "snapshot = true")], "p.toml:8:1: the snapshot a-b is that of the step a b, too"),
        ([("A", "snapshot = true"), ("a", "snapshot = true")], "p.toml:8:1: the snapshot a is that of the step A, too"),
        (
            [("a", "snapshot = true\nfor-each = [1, 2]"), ("a-1", "snapshot = true")],
            "p.toml:9:1: the snapshot a-1 is that of the step a, too",
        ),
        (
            [("x", ""), ("a", "snapshot = true\nfor-each = 'steps.x.json.all'"), ("a-1", "snapshot = true")],
            "p.toml:13:1: the snapshot a-1 could be that of a row of the step a, too",
        ),
        ([("a", "snapshot = 'yes'")], "p.toml:4:12: snapshot is true, or a table"),
        ([("a", "snapshot = { nam = 'x' }")], "p.toml:4:12: snapshot is true, or a table"),
        ([("a", "snapshot = { ignore = ['jsn.a'] }")], "p.toml:4:12: 'jsn' in 'jsn.a' is no key of the document; did you mean json?"),
        ([("a", "snapshot = true\nrepeat = 2")], "p.toml:4:1: snapshot is of one answer"),
        ([("a", "snapsot = true")], "p.toml:4:1: http has no option snapsot; did you mean snapshot?"),
    ],
)
def test_what_is_wrong_with_snapshots(run_plan: Run, orders: Orders, steps: list[tuple[str, str]], said: str) -> None:
    ran = run_plan("".join(plan(orders.url, keys, name=name) for name, keys in steps))
    assert (ran.code, orders.seen(), Path("p.snapshots").exists()) == (2, [], False)
    assert said in ran.err


def test_two_cases_of_one_name(run_plan: Run, orders: Orders) -> None:
    cases = "[[case]]\nname = 'a'\nn = 1\n[[case]]\nname = 'a'\nn = 2\n"
    ran = run_plan(cases + plan(orders.url))
    assert (ran.code, "the snapshot cart-a is that of another row or case, too" in ran.err) == (2, True)


def test_from_a_program(orders: Orders, tmp_path: Path) -> None:
    path = tmp_path / "shop.plan.toml"
    path.write_text(plan(f"{orders.url}/x"))
    assert rrcli.run(path).ok
    written = tmp_path / "shop.plan.snapshots" / "cart.json"
    written.write_text(written.read_text().replace("/x", "/y"))
    assert rrcli.run(path).exit_code == 8
    assert rrcli.run(path, update_snapshots=True).ok
    assert rrcli.run(path).ok
