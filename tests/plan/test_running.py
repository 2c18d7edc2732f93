"""Plans as they run: values handed on, checks, teardown that always runs, exit codes, secrets masked over the whole run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from peers.orders import Orders
from peers.plans import Run
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

import rrcli


def shop(orders: Orders, *, body: str = 'json = { item = "book", count = 2 }', stored: str = "", expect: str = "status == 201") -> str:
    """A plan that reserves, looks, and cancels at the end."""
    return f"""name = "shop"
[vars]
base = "{{{{env.SHOP_URL || '{orders.url}'}}}}"
[[step]]
name = "reserve"
http = "POST {{{{base}}}}/orders"
{body}
expect = ["{expect}", "time < 10s"]
capture = {{ order = "json.id" }}
[[teardown]]
name = "cancel"
http = "DELETE {{{{base}}}}/orders/{{{{order}}}}"
ok = "2xx,404"
[[step]]
name = "stored"
{stored or 'http = "GET {{base}}/orders/{{order}}"'}
"""


def test_values_are_handed_on_and_the_teardown_runs_last(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(shop(orders))
    assert (ran.code, orders.seen()) == (0, ["POST /orders", "GET /orders/7", "DELETE /orders/7"])
    assert ran.outcomes == {"reserve": "passed", "stored": "passed", "cancel": "passed"}
    assert ran.document["counts"] == {"passed": 3, "failed": 0, "error": 0, "skipped": 0}
    assert ran.step("reserve")["captures"] == {"order": 7}
    assert [step["exchange"]["connection"]["reused"] for step in ran.document["steps"]] == [False, True, True]


def test_a_plan_of_several_protocols(run_plan: Run, orders: Orders, redis: Redis) -> None:
    redis_words = f'redis = "{redis.url()}"\nargs = ["SET", "order:{{{{order}}}}", "{{{{order}}}}"]'
    text = (
        shop(orders, stored=redis_words)
        + f'[[step]]\nname = "get"\nredis = "{redis.url()} GET order:{{{{order}}}}"\nexpect = "body == {{{{order}}}}"\n'
    )
    ran = run_plan(text.replace("body ==", "response.data.value =="))
    assert (ran.code, ran.outcomes["get"]) == (0, "passed"), ran.out
    assert ran.step("get")["checks"] == [{"expr": "response.data.value == 7", "ok": True, "actual": "7"}]


def stored_in(redis: Redis, deadline: str, key: str = "order:{{order}}") -> str:
    """The step that waits until the order is in Redis."""
    words = f'redis = "{redis.url()}"\nargs = ["GET", "{key}"]\n'
    return words + f'until = "response.data.value == reserved"\nevery = "20ms"\ndeadline = "{deadline}"'


@pytest.fixture
def stores(orders: Orders, redis: Redis) -> Orders:
    """The service of orders, which keeps them in Redis a moment after its answer."""

    def store(number: int) -> None:
        assert rrcli.send(rrcli.RedisRequest(redis.url(), "SET", f"order:{number}", "reserved")).outcome == "ok"

    orders.stores = store
    return orders


def test_an_order_is_waited_for_in_redis_and_cancelled(run_plan: Run, stores: Orders, redis: Redis) -> None:
    ran = run_plan(shop(stores, stored=stored_in(redis, "9s")))
    assert (ran.code, stores.seen()) == (0, ["POST /orders", "DELETE /orders/7"])
    assert (ran.step("stored")["attempts"] > 1, ran.step("stored")["exchange"]["response"]["data"]["value"]) == (True, "reserved")


def test_an_order_that_never_comes_is_a_timeout_and_is_cancelled(run_plan: Run, stores: Orders, redis: Redis) -> None:
    ran = run_plan(shop(stores, stored=stored_in(redis, "300ms", key="nobody:{{order}}")), "--report", "junit=j.xml")
    assert (ran.code, ran.outcomes) == (6, {"reserve": "passed", "stored": "error", "cancel": "passed"})
    assert stores.seen()[-1] == "DELETE /orders/7"
    cases = {case.name: case for suite in JUnitXml.fromfile("j.xml") for case in suite}
    assert [(name, [type(found).__name__ for found in case.result]) for name, case in cases.items()] == [
        ("reserve", []), ("stored", ["Error"]), ("cancel", []),
    ]  # fmt: skip
    assert cases["stored"].result[0].type == "timeout"


def test_what_was_never_made_need_not_be_undone(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(shop(orders, body='json = { item = "fail" }', expect="time < 9s"))
    assert (ran.code, orders.seen()) == (1, ["POST /orders"])
    assert ran.outcomes == {"reserve": "failed", "stored": "skipped", "cancel": "skipped"}
    assert ran.step("cancel")["reason"] == "{{order}} has no value: step reserve failed"
    assert (ran.step("cancel")["ok"], ran.step("stored")["ok"]) == (True, False)


def test_a_broken_check_is_8_and_the_teardown_runs_all_the_same(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(shop(orders, stored='http = "{{base}}/x"\nexpect = "json.path == {{order}}"'))
    assert (ran.code, orders.seen()[-1]) == (8, "DELETE /orders/7")
    assert ran.step("stored")["checks"] == [{"expr": "json.path == 7", "ok": False, "actual": "/x"}]


def test_until_waits_and_keeps_every_attempt(run_plan: Run, orders: Orders) -> None:
    orders.fails = 2
    text = f'[[step]]\nname = "a"\nhttp = "{orders.url}/x"\nuntil = "status == 200"\nevery = "5ms"\ndeadline = "5s"\n'
    ran = run_plan(text)
    assert (ran.code, ran.step("a")["attempts"], len(ran.step("a")["exchange"]["history"])) == (0, 3, 2)
    late = run_plan(text.replace("200", "299").replace('"5s"', '"50ms"'))
    assert (late.code, late.outcomes) == (6, {"a": "error"})


def test_types_are_kept_and_no_value_is_syntax(run_plan: Run, orders: Orders) -> None:
    text = f"""[vars]
n = 3
q = "a&b=c #d"
evil = 'x", "admin": true, "y": "'
[[step]]
name = "echo"
http = "POST {orders.url}/echo?raw={{{{q}}}}"
headers = {{ X-One = "{{{{q}}}}", X-Two = ["a", "b"] }}
query = {{ q = "{{{{q}}}}", n = "{{{{n}}}}" }}
json = {{ n = "{{{{n}}}}", text = "n={{{{n}}}}", list = [1, true, {{ deep = "{{{{evil}}}}" }}], none = "{{{{`null`}}}}" }}
"""
    assert run_plan(text).code == 0
    _, path, fields, content = orders.log[0]
    assert path == "/echo?raw=a&b=c%20%23d&q=a%26b%3Dc%20%23d&n=3"
    assert (fields["x-one"], fields["content-type"]) == ("a&b=c #d", "application/json")
    assert json.loads(content) == {"n": 3, "text": "n=3", "list": [1, True, {"deep": 'x", "admin": true, "y": "'}], "none": None}


@pytest.mark.parametrize(
    ("keys", "kind", "content"),
    [
        ('form = { a = "x y", b = ["1", "2"] }', "application/x-www-form-urlencoded", b"a=x%20y&b=1&b=2"),
        ("json = '[1.5, \"{{n}}\"]'", "application/json", b"[1.5, 3]"),
        ("json = '\"text\"'", "application/json", b'"text"'),
        ('data-raw = "@{{n}}"', "application/x-www-form-urlencoded", b"@3"),
        ('items = ["a={{n}}", "b:={{n}}"]', "application/json", b'{"a": "3", "b": 3}'),
    ],
)
def test_content_is_what_the_key_says(run_plan: Run, orders: Orders, keys: str, kind: str, content: bytes) -> None:
    assert run_plan(f'[vars]\nn = 3\n[[step]]\nhttp = "POST {orders.url}/echo"\n{keys}\n').code == 0
    assert (orders.log[0][2]["content-type"], orders.log[0][3]) == (kind, content)


@pytest.mark.parametrize("value", ["=@/etc/passwd", "@/etc/passwd", ":=1", "a\\:b"])
def test_a_value_is_no_syntax_of_an_item(run_plan: Run, orders: Orders, value: str) -> None:
    ran = run_plan(
        f"[vars]\nv = '{value}'\n[[step]]\nname = 'a'\nhttp = 'POST {orders.url}/echo'\nitems = ['{{{{v}}}}=1', 'x={{{{v}}}}']\n"
    )
    assert (ran.code, orders.log) == (2, [])
    assert "would be read as syntax" in ran.step("a")["reason"]


def test_files_lie_below_the_plan(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "in.txt").write_text("inside")
    (tmp_path / "out.txt").write_text("outside")
    text = f'[[step]]\nname = "a"\nhttp = "POST {orders.url}/echo"\ndata = "@FILE"\n'
    assert run_plan(text.replace("FILE", "in.txt"), name="inner/p.toml").code == 0
    assert orders.log[0][3] == b"inside"
    ran = run_plan(text.replace("FILE", "../out.txt"), name="inner/p.toml")
    assert (ran.code, "lies outside of" in ran.step("a")["reason"]) == (2, True)
    assert run_plan(text.replace("FILE", "../out.txt"), "--root", ".", name="inner/p.toml").code == 0
    multipart = f'[[step]]\nhttp = "POST {orders.url}/echo"\nmultipart = {{ f = {{ file = "in.txt", type = "image/png" }}, t = "@x" }}\n'
    assert run_plan(multipart, name="inner/p.toml").code == 0
    assert b'filename="in.txt"\r\nContent-Type: image/png\r\n\r\ninside' in orders.log[-1][3]
    assert b'name="t"\r\n\r\n@x' in orders.log[-1][3]


def test_rows_are_run_each_also_after_one_that_failed(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text('name,item\nann,"a\nbook"\nbob,fail\neve,pen\n')
    text = f"""[[step]]
name = "create"
for-each = "users.csv"
http = "POST {orders.url}/orders"
json = {{ item = "{{{{row.item}}}}", n = "{{{{index}}}}" }}
capture = {{ ids = "json.id" }}
"""
    ran = run_plan(text + '[[teardown]]\nname = "end"\nhttp = "DELETE ' + orders.url + '/orders/{{ids[0]}}"\n')
    assert (ran.code, ran.outcomes) == (
        1,
        {"create[0] ann": "passed", "create[1] bob": "failed", "create[2] eve": "passed", "end": "passed"},
    )
    assert (orders.seen()[-1], json.loads(orders.log[0][3])) == ("DELETE /orders/7", {"item": "a\nbook", "n": 0})
    assert ran.step("create[2] eve")["row"] == {"name": "eve", "item": "pen"}


def test_rows_may_come_from_an_earlier_step(run_plan: Run, orders: Orders) -> None:
    text = f'[[step]]\nname = "a"\nhttp = "POST {orders.url}/echo"\njson = {{ list = [1, 2] }}\n'
    text += 'capture = { sent = "request.body.json.list" }\n'
    ran = run_plan(text + f'[[step]]\nname = "b"\nfor-each = "sent"\nhttp = "{orders.url}/{{{{row}}}}"\n')
    assert (ran.code, orders.seen()[1:]) == (0, ["GET /1", "GET /2"])


def test_conditions(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAST", "yes")
    text = f'''[[step]]
name = "slow"
when = "env.FAST != 'yes'"
http = "{orders.url}/slow"
[[step]]
name = "bad"
http = "POST {orders.url}/orders"
data = "fail"
on-failure = "continue"
[[step]]
name = "after"
http = "{orders.url}/after"
[[teardown]]
name = "compensate"
when = "run.failed"
http = "{orders.url}/compensate"
[[teardown]]
name = "never"
when = "run.ok"
http = "{orders.url}/never"
'''
    ran = run_plan(text)
    assert (ran.code, orders.seen()) == (1, ["POST /orders", "GET /after", "GET /compensate"])
    assert ran.outcomes == {"slow": "skipped", "bad": "failed", "after": "passed", "never": "skipped", "compensate": "passed"}
    assert ran.step("slow")["ok"] is True


def test_a_setup_that_fails_skips_all_steps(run_plan: Run, orders: Orders) -> None:
    text = f'[[step]]\nname = "a"\nhttp = "{orders.url}/a"\n[[setup]]\nname = "s"\nhttp = "{orders.url}/s"\nexpect = "status == 201"\n'
    ran = run_plan(text)
    assert (ran.code, ran.outcomes, orders.seen()) == (8, {"s": "failed", "a": "skipped"}, ["GET /s"])
    assert ran.step("a")["reason"] == "the step s failed"
    assert run_plan(text, "--keep-going").outcomes == {"s": "failed", "a": "passed"}


def test_a_capture_that_finds_nothing_fails_the_step(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'[[step]]\nname = "a"\nhttp = "{orders.url}"\ncapture = {{ x = "json.nothing", y = "json.nothing || \'d\'" }}\n')
    assert (ran.code, ran.outcomes) == (8, {"a": "failed"})
    assert ran.step("a")["reason"] == "the answer has nothing to capture for x = 'json.nothing'"


def test_the_deadline_of_the_plan_ends_steps_and_not_the_teardown(run_plan: Run, orders: Orders) -> None:
    text = (
        f'deadline = "150ms"\n[[step]]\nname = "a"\nhttp = "{orders.url}/a"\ndelay = "10s"\n[[step]]\nname = "b"\nhttp = "{orders.url}/b"\n'
    )
    ran = run_plan(text + f'[[teardown]]\nname = "t"\nhttp = "{orders.url}/t"\n')
    assert (ran.code, ran.outcomes, orders.seen()[-1]) == (6, {"a": "error", "b": "skipped", "t": "passed"}, "GET /t")


def test_cookies_are_kept_unless_they_are_not_wanted(run_plan: Run, orders: Orders) -> None:
    text = f'[[step]]\nhttp = "{orders.url}/login"\n[[step]]\nname = "me"\nhttp = "{orders.url}/me"\n'
    for changed, sent in ((text, "sid=kept-314159"), ("cookies = false\n" + text, None), (text + "cookies = false\n", None)):
        orders.log.clear()
        assert run_plan(changed).code == 0
        assert orders.log[1][2].get("cookie") == sent


def test_defaults_templates_and_environments_the_nearest_wins(run_plan: Run, orders: Orders) -> None:
    text = f"""[vars]
where = "plan"
[env.other]
user-agent = "env"
header = "X-Env: 1"
vars = {{ where = "other" }}
[defaults]
request-id = "d1"
[defaults.http]
user-agent = "default"
[template.post]
headers = {{ X-A = "template", X-B = "template" }}
[[step]]
http = "POST {orders.url}/{{{{where}}}}"
use = "post"
headers = {{ X-B = "step" }}
[[step]]
dns = "x"
when = "run.failed"
"""
    text = text.replace('user-agent = "env"\n', "").replace("[defaults]", '[env.other.http]\nuser-agent = "env"\n[defaults]')
    assert run_plan(text).code == 0
    assert run_plan(text, "--env", "other").code == 0
    assert run_plan(text, "--env", "other", "--var", "where=line").code == 0
    assert orders.seen() == ["POST /plan", "POST /other", "POST /line"]
    assert [entry[2]["user-agent"] for entry in orders.log] == ["default", "env", "env"]
    assert (orders.log[0][2]["x-a"], orders.log[0][2]["x-b"], orders.log[1][2]["x-env"]) == ("template", "step", "1")


def test_secrets_are_masked_over_the_whole_run_also_before_they_were_known(
    run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "hunter-2222-x")
    text = f"""[secrets]
password = "env:SHOP_PASSWORD"
session = "capture"
[[step]]
name = "early"
http = "POST {orders.url}/echo"
json = {{ said = "tok-2718281828" }}
[[step]]
name = "login"
http = "POST {orders.url}/login"
headers = {{ X-Said = "{{{{base64(secrets.password)}}}}" }}
json = {{ user = "ann", p = "{{{{secrets.password}}}}" }}
capture = {{ session = "json.token" }}
[[step]]
name = "use"
http = "POST {orders.url}/echo"
bearer = "{{{{session}}}}"
expect = "json.fields.authorization == {{{{session}}}}"
"""
    ran = run_plan(text)
    assert json.loads(orders.log[1][3])["p"] == "hunter-2222-x"
    assert orders.log[2][2]["authorization"] == "Bearer tok-2718281828"
    for secret in ("hunter-2222-x", "tok-2718281828", "aHVudGVyLTIyMjIteA=="):
        assert secret not in ran.out
        assert secret not in run_plan(text, drawn=True).out
        assert secret in run_plan(text, "--show-secrets").out
    assert ran.step("login")["captures"] == {"session": "‹secret›"}


def test_a_plan_of_json_and_standard_input_send_the_same(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    plan = {"step": [{"name": "a", "http": f"POST {orders.url}/echo", "json": {"x": 1}}]}
    assert run_plan(json.dumps(plan), name="p.json").code == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(plan).encode())))
    assert rrcli.run("-").exit_code == 0
    assert orders.log[0][:2] == orders.log[1][:2]
    assert orders.log[0][3] == orders.log[1][3]


def test_several_plans_and_a_folder_of_them(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("b", "a"):
        (tmp_path / "d" / f"{name}.plan.toml").write_text(f'[[step]]\nname = "{name}"\nhttp = "{orders.url}/{name}"\n')
    ran = run_plan(f'name = "first"\n[[step]]\nhttp = "{orders.url}/first"\nexpect = "status == 404"\n', "d")
    assert (ran.code, orders.seen()) == (8, ["GET /first", "GET /a", "GET /b"])
    assert [(step["name"], step["kind"], step["outcome"]) for step in ran.document["steps"]] == [
        ("first", "plan", "failed"), ("a", "plan", "passed"), ("b", "plan", "passed"),
    ]  # fmt: skip
    assert ran.document["counts"] == {"passed": 2, "failed": 1, "error": 0, "skipped": 0}


def test_from_python_the_document_is_that_of_the_command_line(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    printed = run_plan(shop(orders)).document
    orders.orders.clear()
    result = rrcli.run(tmp_path / "p.toml", vars={"base": orders.url})
    found = result.document()
    assert (result.ok, found.keys(), found["counts"]) == (True, printed.keys(), printed["counts"])
    assert [step.keys() for step in found["steps"]] == [step.keys() for step in printed["steps"]]
    with pytest.raises(rrcli.ExchangeError) as caught:
        rrcli.run(tmp_path / "p.toml", only=["nobody"])
    assert caught.value.layer == "usage"


def test_a_series_and_a_set_are_steps_too(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'[[step]]\nname = "load"\nhttp = "{orders.url}/x"\nrepeat = 3\nexpect = ["series.count == 3", "status == 200"]\n')
    assert (ran.code, ran.step("load")["series"]["count"], orders.seen()) == (0, 3, ["GET /x"] * 3)
    ran = run_plan(f'[[step]]\nname = "load"\nhttp = "{orders.url}/x"\nrepeat = 2\nretry = 1\n')
    assert (ran.code, "exclude each other" in ran.err) == (2, True)
    ran = run_plan(f'[[step]]\nname = "all"\nhttp = "{orders.url}/x"\nall-addresses = true\n')
    assert (ran.code, len(ran.step("all")["set"]["exchanges"])) == (0, 1)


def waiting_plan(orders: Orders, *names: str) -> str:
    """A step for each name, a teardown for one behind a `/`; `b` and `t2` ask again and again for what never comes."""
    waits = 'until = "status == 299"\nevery = "10ms"\ndeadline = "60s"\n'
    steps = [("teardown" if name[0] == "/" else "step", name.strip("/")) for name in names]
    return "".join(
        f'[[{kind}]]\nname = "{name}"\nhttp = "{orders.url}/{name}"\n{waits if name in ("b", "t2") else ""}' for kind, name in steps
    )


def ended(plan: Path, number: signal.Signals, orders: Orders, ready: str, *, again: bool = False) -> tuple[int, dict[str, Any]]:
    """Run a plan in a process of its own and end it once the service has seen `ready` twice."""
    process = subprocess.Popen([sys.executable, "-m", "rrcli", "run", "--json", plan], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while orders.seen().count(ready) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    if again:
        while orders.seen().count("GET /t2") < 2 and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert err == b""
    return process.returncode, json.loads(out)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "TERM"])
def test_a_signal_ends_the_steps_and_the_teardown_still_runs(orders: Orders, tmp_path: Path, number: signal.Signals, code: int) -> None:
    plan = tmp_path / "p.toml"
    plan.write_text(waiting_plan(orders, "a", "b", "c", "/t"))
    found, document = ended(plan, number, orders, "GET /b")
    assert (found, orders.seen()[0], orders.seen()[-1]) == (code, "GET /a", "GET /t")
    assert [step["outcome"] for step in document["steps"]] == ["passed", "error", "skipped", "passed"]
    assert document["exit_code"] == code


def test_a_second_signal_ends_the_teardown(orders: Orders, tmp_path: Path) -> None:
    plan = tmp_path / "p.toml"
    plan.write_text(waiting_plan(orders, "a", "b", "/t3", "/t2", "/t"))
    code, document = ended(plan, signal.SIGINT, orders, "GET /b", again=True)
    assert (code, "GET /t3" in orders.seen()) == (130, False)
    assert [step["outcome"] for step in document["steps"]] == ["passed", "error", "passed", "error", "skipped"]


def test_a_dialogue_keeps_its_order(run_plan: Run) -> None:
    greeting = script(say(b"220 hi\r\n"), hear(b"EHLO x\\r\r\n"), say(b"250 ok\r\n"))
    with responder(greeting) as peer:
        text = f"""[[step]]
name = "talk"
tcp = "{peer.host}:{peer.port}"
steps = [{{ await = "220" }}, {{ send = 'EHLO {{{{who}}}}\\r\\n' }}, {{ await = "250" }}]
[vars]
who = 'x\\r'
"""
        ran = run_plan(text)
    assert ran.code == 0
    assert ran.step("talk")["exchange"]["response"]["body"]["text"].startswith("220 hi\r\n250")


def side_by_side(orders: Orders, **depends: str) -> str:
    """Steps that wait for what they say; `wait` holds an answer back until two requests are there."""
    return "".join(f'[[step]]\nname = "{name}"\nhttp = "{orders.url}/{name}"\n{more}\n' for name, more in depends.items())


def test_steps_run_side_by_side_and_are_told_in_the_order_of_the_plan(run_plan: Run, orders: Orders) -> None:
    orders.together = threading.Barrier(3, timeout=20)
    text = side_by_side(orders, wait1="depends-on = []", wait2="depends-on = []", wait3="depends-on = []", last="")
    ran = run_plan(text)
    assert (ran.code, orders.seen()[-1], list(ran.outcomes)) == (0, "GET /last", ["wait1", "wait2", "wait3", "last"])


def test_one_job_is_one_step_at_a_time(run_plan: Run, orders: Orders) -> None:
    text = side_by_side(orders, c='depends-on = ["a"]', a="depends-on = []", b='depends-on = ["c"]')
    for jobs in ("1", "3"):
        orders.log.clear()
        assert (run_plan(text, "--jobs", jobs).code, orders.seen()) == (0, ["GET /a", "GET /c", "GET /b"])


def test_a_capture_is_for_those_that_wait_for_it(run_plan: Run, orders: Orders) -> None:
    text = f'[[step]]\nname = "a"\nhttp = "POST {orders.url}/orders"\ncapture = {{ id = "json.id" }}\ndepends-on = []\n'
    text += f'[[step]]\nname = "b"\nhttp = "{orders.url}/{{{{id}}}}"\ndepends-on = DEPENDS\n'
    assert (run_plan(text.replace("DEPENDS", '["a"]')).code, orders.seen()) == (0, ["POST /orders", "GET /7"])
    ran = run_plan(text.replace("DEPENDS", "[]"))
    assert (ran.code, "id is captured by the step a, which is not over by then" in ran.err) == (2, True)


def test_a_failure_ends_those_that_have_not_begun(run_plan: Run, orders: Orders) -> None:
    text = side_by_side(orders, a='depends-on = []\nexpect = "status == 500"', b='depends-on = ["a"]', c='depends-on = ["b"]')
    ran = run_plan(text + f'[[teardown]]\nname = "t"\nhttp = "{orders.url}/t"\n')
    assert (ran.code, ran.outcomes) == (8, {"a": "failed", "b": "skipped", "c": "skipped", "t": "passed"})


def test_a_signal_ends_steps_side_by_side(orders: Orders, tmp_path: Path) -> None:
    plan = tmp_path / "p.toml"
    plan.write_text(waiting_plan(orders, "a", "b", "c", "/t").replace('name = "c"', 'name = "c"\ndepends-on = ["b"]'))
    code, document = ended(plan, signal.SIGINT, orders, "GET /b")
    assert (code, "GET /t" in orders.seen()) == (130, True)
    assert [(step["name"], step["outcome"]) for step in document["steps"]] == [
        ("a", "passed"), ("b", "error"), ("c", "skipped"), ("t", "passed"),
    ]  # fmt: skip


def test_dates_of_toml_are_texts(run_plan: Run, orders: Orders) -> None:
    text = f'[vars]\nday = 2026-11-21\n[[step]]\nhttp = "POST {orders.url}/echo"\n'
    text += 'json = { day = "{{day}}", at = 2026-11-21T07:32:00Z, local = 2026-11-21 07:32:00.5, time = 07:32:00 }\n'
    assert run_plan(text).code == 0
    found = json.loads(orders.log[0][3])
    assert found == {"day": "2026-11-21", "at": "2026-11-21T07:32:00Z", "local": "2026-11-21T07:32:00.500000", "time": "07:32:00"}


def test_rows_that_are_none_are_told(run_plan: Run, orders: Orders) -> None:
    text = f'[[step]]\nname = "a"\nfor-each = []\nhttp = "{orders.url}/x"\ncapture = {{ ids = "json.id" }}\n'
    ran = run_plan(text + f'[[step]]\nname = "b"\nhttp = "POST {orders.url}/echo"\njson = "{{{{ids}}}}"\n')
    assert (ran.code, ran.outcomes, ran.step("a")["reason"]) == (0, {"a": "skipped", "b": "passed"}, "for-each has no rows")
    assert orders.log[0][3] == b"[]"


def test_functions_of_expressions(run_plan: Run, orders: Orders) -> None:
    calls = ["now()", "now('+1h')", "base64('x')", "sha256('x')", "hmac_sha256('k', 'x')", "urlencode('a b/')", "length(uuid())"]
    text = f'[[step]]\nhttp = "POST {orders.url}/echo"\njson = {json.dumps(["{{" + call + "}}" for call in calls])}\n'
    assert run_plan(text).code == 0
    now, later, *rest = json.loads(orders.log[0][3])
    assert now < later
    assert rest == [
        "eA==", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        "c38edc8815c8489f64738978f44008f8596345545f0baa68ef6fcf5c53e57189", "a%20b%2F", 36,
    ]  # fmt: skip


OUTSIDE = [
    'http = "POST {url}"\ncookie = "{file}"',
    'http = "POST {url}"\nheader = "@{file}"',
    'http = "POST {url}"\nparts = [{{ F = "f=@{file}" }}]',
    'http = "POST {url}"\nparts = [{{ F = "f=<{file}" }}]',
    'http = "POST {url}"\nsession = "{file}"',
    'http = "POST {url}"\noutput = "{file}"',
    'graphql = "{url}"\nquery = "{{a}}"\nvariables = "@{file}"',
    'grpc = "127.0.0.1:1 a.B/c"\ndata = "@{file}"',
    'pg = "postgresql://127.0.0.1:1/x"\nsql = "select $1"\nparam-file = "1={file}"',
    'smtp = "127.0.0.1:1"\nfrom = "a@x.test"\nto = "b@x.test"\ntext = "@{file}"',
    'thrift = "127.0.0.1:1 {file} A.b"',
    'soap = "{file} Op"',
    'redis = "redis://127.0.0.1:1"\npipeline = "{file}"',
]


@pytest.mark.parametrize("keys", OUTSIDE)
def test_no_step_reads_outside_of_the_plan(run_plan: Run, orders: Orders, tmp_path: Path, keys: str) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "out.txt").write_text("outside")
    step = f'[[step]]\nname = "a"\n{keys.format(url=orders.url, file=tmp_path / "out.txt")}\n'
    ran = run_plan(step, name="inner/p.toml")
    said = ran.err or ran.step("a")["reason"]
    assert (ran.code, orders.log, "lies outside of" in said) == (2, [], True), said


def test_a_value_names_no_file(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("{}")
    ran = run_plan(f'[vars]\nv = "@in.txt"\n[[step]]\nname = "a"\ngraphql = "{orders.url}"\nquery = "{{a}}"\nvariables = "{{{{v}}}}"\n')
    assert (ran.code, orders.log) == (2, [])
    assert "a value that begins with @ would be read as a file" in ran.step("a")["reason"]


def test_an_idl_lies_beside_the_plan(run_plan: Run, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.thrift").write_text("service A { string ping() }")
    ran = run_plan('[[step]]\nname = "a"\nthrift = "127.0.0.1:1 a.thrift A.ping"\n', name="inner/p.toml")
    assert (ran.code, ran.step("a")["exchange"]["error"]["kind"]) == (4, "refused")


def test_bytes_that_begin_with_an_at_sign_are_sent_as_they_are(run_plan: Run) -> None:
    with responder(script(hear(b"@x\n"), say(b"ok\n"))) as peer:
        ran = run_plan(f'[[step]]\ntcp = "{peer.host}:{peer.port}"\nsend = "@x\\n"\nread-lines = 1\n')
    assert ran.code == 0


@pytest.mark.parametrize(
    "text",
    [
        '{secrets}\n[vars]\nmade = "{{{{base64(secrets.password)}}}}"\n[[step]]\nhttp = "{url}/x"\nheaders = {{ X-Said = "{{{{made}}}}" }}',
        (
            '{secrets}\n[vars]\na = "hunter-{{{{secrets.password}}}}"\nb = "{{{{base64(a)}}}}"\n'
            '[[step]]\nhttp = "{url}/x"\nheaders = {{ X-Said = "{{{{b}}}}" }}'
        ),
        '{secrets}\n[[step]]\nhttp = "{url}/x"\nheaders = {{ X-Said = "{{{{base64(secrets.password)}}}}" }}',
        '{secrets}\n[[step]]\nrun = "in.toml"\nvars = {{ v = "{{{{secrets.password}}}}" }}',
    ],
    ids=["a variable", "a variable of a variable", "a step", "an included plan"],
)
def test_what_is_made_of_a_secret_is_masked_too(
    run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "pw-2718281828")
    (tmp_path / "in.toml").write_text(
        f'[vars]\nv = ""\n[[step]]\nhttp = "{orders.url}/x"\nok = "any"\nheaders = {{ X-Said = "{{{{base64(v)}}}}" }}'
    )
    plan = text.format(url=orders.url, secrets='[secrets]\npassword = "env:SHOP_PASSWORD"')
    shown = [
        run_plan(plan).out,
        run_plan(plan, "--report", "har=r.har").out,
        (tmp_path / "r.har").read_text(),
        run_plan(plan, "--dry-run").out,
    ]
    said = str(orders.log[0][2]["x-said"])
    assert len(said) > 15
    assert not any(said in each for each in shown)
