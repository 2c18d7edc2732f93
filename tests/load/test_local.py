"""`rrcli run PLAN` as a load on this machine: what is counted, who is a user, what is due, what decides, how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from peers.child import environment
from peers.orders import Orders
from peers.plans import Run
from peers.redis_server import Redis

import rrcli

PLAN = """name = "shop"
[vars]
base = "URL"
me = "{{uuid()}}"
[[setup]]
name = "login"
http = "POST {{base}}/login"
headers = { X-User = "{{user.index}}" }
capture = { token = "json.token" }
[[step]]
name = "reserve"
http = "POST {{base}}/orders"
json = { item = "book" }
ok = "any"
[[step]]
name = "look"
http = "GET {{base}}/look?me={{me}}&token={{token}}"
capture = { at = "json.path" }
[[teardown]]
name = "cancel"
http = "GET {{base}}/cancel?at={{at}}"
[[teardown]]
name = "logout"
http = "GET {{base}}/logout?user={{user.index}}"
"""


def heads(orders: Orders) -> dict[str, int]:
    """How often each path came, without its query."""
    paths = [path.partition("?")[0] for _, path, *_ in orders.log]
    return {path: paths.count(path) for path in paths}


def test_setup_once_a_user_steps_once_an_iteration_and_the_teardown_where_it_belongs(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), "--repeat", "20", "--concurrency", "4")
    assert ran.code == 0, ran.err
    assert heads(orders) == {"/login": 4, "/orders": 20, "/look": 20, "/cancel": 20, "/logout": 4}
    assert {step["name"]: step["series"]["count"] for step in ran.document["steps"]} == {
        "login": 4, "reserve": 20, "look": 20, "cancel": 20, "logout": 4,
    }  # fmt: skip
    assert (ran.document["series"]["count"], ran.document["series"]["failed"]) == (20, 0)
    assert sum(count for _, count in ran.step("look")["series"]["histogram"]["buckets"]) == 20


def test_each_user_has_connections_cookies_and_variables_of_its_own(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), "--repeat", "12", "--concurrency", "3")
    assert sorted(fields["x-user"] for _, path, fields, _ in orders.log if path == "/login") == ["0", "1", "2"]
    assert len({path for _, path, *_ in orders.log if path.startswith("/look")}) <= 3  # a variable is worked out once a user
    assert all(fields.get("cookie") == "sid=kept-314159" for _, path, fields, _ in orders.log if not path.startswith("/login"))
    assert [ran.step(name)["series"]["connections"] for name in ("login", "reserve", "look")] == [3, 0, 0]
    assert ran.step("look")["series"]["warm"]["count"] == 12


def test_a_warm_up_is_not_counted(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(PLAN.replace("URL", orders.url), "--repeat", "5", "--warmup", "3")
    assert (heads(orders)["/orders"], ran.step("reserve")["series"]["count"], ran.document["series"]["count"]) == (8, 5, 5)


def test_a_failed_step_ends_its_iteration_and_the_next_one_begins(run_plan: Run, orders: Orders) -> None:
    text = PLAN.replace("URL", orders.url).replace('ok = "any"', "")
    orders.fails = 3  # the login, then two orders
    ran = run_plan(text.replace("[[setup]]", '[[setup]]\nok = "any"').replace('"json.token"', "\"json.token || 'none'\""), "--repeat", "6")
    assert ran.code == 1
    assert heads(orders) == {"/login": 1, "/orders": 6, "/look": 4, "/cancel": 4, "/logout": 1}
    assert (ran.document["series"]["failed"], ran.document["series"]["errors"]) == (2, {"bad_status": 2})
    assert (ran.outcomes["reserve"], ran.step("reserve")["series"]["status"]) == ("failed", {"201": 4, "503": 2})


def test_thresholds_alone_decide(run_plan: Run, orders: Orders) -> None:
    orders.fails = 2
    text = PLAN.replace("URL", orders.url).replace('ok = "any"', "").replace("[[setup]]", '[[setup]]\nok = "any"')
    words = ("--repeat", "10", "--expect", "series.failed_ratio < 0.2", "--expect", "steps.look.series.p99 < 20s")
    good = run_plan(text.replace("json.token", "json.token || 'none'"), *words)
    assert (good.code, good.outcomes["reserve"], [check["ok"] for check in good.document["checks"]]) == (0, "passed", [True, True])
    bad = run_plan(text, *words, "--expect", "steps.reserve.series.count == 11")
    assert (bad.code, bad.outcomes["reserve"], bad.outcomes["look"]) == (8, "failed", "passed")
    assert bad.document["checks"][2] == {"expr": "steps.reserve.series.count == 11", "ok": False, "actual": 10}
    assert bad.step("reserve")["checks"] == bad.document["checks"][2:]
    assert "steps.reserve.series.count == 11 does not hold: it is 10" in bad.err


def test_a_stall_is_not_flattered_and_what_is_due_is_counted(run_plan: Run, orders: Orders) -> None:
    """100 a second for a second with one user, and a server that stalls: all that came due in the stall count from then."""
    orders.together = threading.Barrier(2)
    text = f'[[step]]\nname = "a"\nhttp = "{orders.url}/{{{{path}}}}"\n'
    stall = threading.Timer(0.5, orders.together.wait)
    stall.start()
    ran = run_plan(
        f'[vars]\npath = "wait"\n{text}', "--rate", "100", "--duration", "1s", "--concurrency", "1", "--var", "path=wait", name="stall.toml"
    )
    series = ran.document["series"]
    orders.together.abort()
    orders.together = None
    assert series["target_rate_per_s"] == 100
    assert series["count"] + series["unsent"] == 100
    assert ran.document["notes"]
    assert series["count"] < 100 or series["timing"]["total_ms"]["p50"] > 100
    assert ran.step("a")["series"]["timing"]["late_ms"]["max"] == pytest.approx(series["timing"]["late_ms"]["max"], abs=1)


def test_a_rate_takes_as_many_users_as_it_needs(run_plan: Run, orders: Orders) -> None:
    orders.together = threading.Barrier(4)  # four have to be under way at the same time
    ran = run_plan(f'[[step]]\nname = "a"\nhttp = "{orders.url}/wait"\n', "--rate", "40", "--repeat", "4")
    orders.together = None
    assert (ran.code, ran.step("a")["series"]["count"]) == (0, 4)
    assert any("4 users were begun" in note for note in ran.document["notes"])


def test_the_load_of_the_plan_is_under_what_is_typed(run_plan: Run, orders: Orders) -> None:
    load = '[load]\nusers = 3\nrepeat = 50\nthink = ["1ms", "2ms"]\nexpect = "series.count == 6"\n'
    ran = run_plan(PLAN.replace("URL", orders.url) + load, "--repeat", "6")
    assert (ran.code, ran.document["checks"]) == (0, [{"expr": "series.count == 6", "ok": True, "actual": 6}])
    assert heads(orders)["/login"] == 3
    orders.log.clear()
    assert run_plan(PLAN.replace("URL", orders.url) + load).code == 0  # without a word of a load it is no load
    assert heads(orders)["/orders"] == 1


def test_a_step_that_runs_another_plan_has_no_series_of_its_own(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "inner.toml").write_text(f'[[step]]\nname = "b"\nhttp = "{orders.url}/x"\n')
    ran = run_plan('[[step]]\nname = "a"\nrun = "inner.toml"\n[load]\nexpect = "steps.a.series.p99 < 1s"\n', "--repeat", "2")
    assert (ran.code, orders.log) == (2, [])
    assert "p.toml:5:" in ran.err
    assert "a runs another plan, whose steps have a series each" in ran.err


@pytest.mark.parametrize(
    ("load", "line", "said"),
    [
        ("[load]\nuser = 3\n", 5, "[load] has no user; did you mean users?"),
        ('[load]\nthink = ["2s", "1s"]\n', 5, "think: think begins at most at its end: 2s is more than 1s"),
        ('[load]\nexpect = "steps.b.series.p99 < 1s"\n', 5, "no step b"),
        ('[load]\nexpect = "steps.a.series.p99 < 200"\n', 5, "no unit"),
        ('[load]\nexpect = "status == 200"\n', 5, "not about a load"),
        ("[load]\nrate = 0\n", 5, "is no rate"),
        ("load = 3\n", 0, "load is a table"),
    ],
)
def test_what_is_wrong_in_the_load_is_told_with_its_place(run_plan: Run, orders: Orders, load: str, line: int, said: str) -> None:
    text = f'[[step]]\nname = "a"\nhttp = "{orders.url}/x"\n'
    ran = run_plan(load + text if line == 0 else text + load, "--repeat", "2")
    assert (ran.code, orders.log) == (2, [])
    assert f"p.toml:{line or 1}:" in ran.err
    assert said in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--concurrency", "3"), "it is not said how long the load is"),
        (("--expect", "series.p99 < 1s"), "it is not said how long the load is"),
        (("--repeat", "3", "--expect", "json.ok == true"), "not about a load"),
        (("--repeat", "3", "--expect", "steps.x.series.count == 1"), "no step x"),
        (("--repeat", "3", "p.toml"), "a load is made of one plan"),
        (("--repeat", "3", "--update-snapshots"), "--update-snapshots is for one run"),
    ],
)
def test_what_has_no_meaning_is_refused_before_anything_is_sent(run_plan: Run, orders: Orders, words: tuple[str, ...], said: str) -> None:
    ran = run_plan(f'[[step]]\nname = "a"\nhttp = "{orders.url}/x"\n', *words)
    assert (ran.code, orders.log) == (2, [])
    assert said in ran.err


def test_a_step_that_is_a_series_is_refused(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'[[step]]\nname = "a"\nhttp = "{orders.url}/x"\nrepeat = 3\n', "--repeat", "2")
    assert (ran.code, orders.log) == (2, [])
    assert "p.toml:1: the step a has repeat, and a load repeats the plan itself" in ran.err


def test_counts_of_a_real_server_are_ours(run_plan: Run, redis: Redis) -> None:
    key = f"load:{time.monotonic_ns()}"
    ran = run_plan(f'[[step]]\nname = "incr"\nredis = "{redis.url()} INCR {key}"\n', "--repeat", "300", "--concurrency", "4")
    found = rrcli.send(rrcli.RedisRequest(redis.url(), "GET", key))
    assert found.response
    assert (ran.code, ran.step("incr")["series"]["count"], found.response.data["value"]) == (0, 300, "300")
    assert ran.step("incr")["series"]["connections"] == 4


def test_a_plan_that_a_step_runs_is_counted_step_by_step(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "inner.toml").write_text(
        f'[[step]]\nname = "in"\nhttp = "{orders.url}/in"\ncapture = {{ at = "json.path" }}\n'
        f'[[teardown]]\nname = "out"\nhttp = "{orders.url}/out?{{{{at}}}}"\n'
    )
    text = f'[[step]]\nname = "login"\nrun = "inner.toml"\n[[step]]\nname = "look"\nhttp = "{orders.url}/look?{{{{login.at}}}}"\n'
    ran = run_plan(text, "--repeat", "3")
    assert ran.code == 0, ran.out
    assert heads(orders) == {"/in": 3, "/look": 3, "/out": 3}
    (inner,) = [step for step in ran.step("login")["run"]["steps"] if step["name"] == "in"]
    assert inner["series"]["count"] == 3


def test_secrets_are_masked_in_what_is_kept(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASS", "hunter-2222")
    text = f'[secrets]\np = "env:PASS"\n[[step]]\nname = "echo"\nhttp = "POST {orders.url}/echo"\njson = {{ p = "{{{{secrets.p}}}}" }}\n'
    ran = run_plan(text, "--repeat", "3", "--concurrency", "2")
    assert (ran.code, "hunter" in ran.out, "‹secret›" in ran.out) == (0, False, True)
    assert b"hunter-2222" in orders.log[0][3]


@pytest.mark.parametrize("users", [1, 2])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_the_teardown_runs(orders: Orders, tmp_path: Path, number: int, code: int, users: int) -> None:
    (tmp_path / "p.toml").write_text(PLAN.replace("URL", orders.url))
    command = [sys.executable, "-m", "rrcli", "run", "p.toml", "--duration", "60s", "--concurrency", str(users), "--json"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as child:
        while heads(orders).get("/cancel", 0) < 3:
            time.sleep(0.01)
        child.send_signal(number)
        out, _ = child.communicate(timeout=20)
    found = json.loads(out)
    assert (child.returncode, found["exit_code"]) == (code, code)
    seen = heads(orders)
    assert (seen["/login"], seen["/logout"], seen["/look"]) == (users, users, seen["/cancel"])
    assert {step["name"]: step["series"]["count"] for step in found["steps"]}["look"] == seen["/look"]
    assert any("interrupted" in note for note in found["notes"])


def test_what_is_drawn(run_plan: Run, orders: Orders) -> None:
    orders.fails = 1
    ran = run_plan(PLAN.replace("URL", orders.url).replace('ok = "any"', "").replace("[[setup]]", '[[setup]]\nwhen = "user.index == 9"'),
                   "--repeat", "4", drawn=True)  # fmt: skip
    lines = [re.sub(r"\s+", " ", re.sub(r"[\d.,]+ m?s\b", "T", line)).strip() for line in ran.out.splitlines()]
    assert lines[:2] == ["shop", "count failed p50 p90 p99 max"]
    assert "- login when 'user.index == 9' does not hold" in lines
    assert "✘ reserve 4 1 T T T T" in lines
