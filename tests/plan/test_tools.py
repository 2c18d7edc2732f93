"""Steps that serve and that wait, and what a step keeps: files, rows side by side, connections, cookies."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from peers.orders import Orders
from peers.plans import Run
from peers.redis_server import Redis

# --- serve


def test_responders_are_there_as_long_as_the_plan_runs(run_plan: Run) -> None:
    ran = run_plan("""[[setup]]
name = "peers"
serve = ["http", "redis"]
capture = { base = "http", store = "redis" }
[[step]]
http = "{{base}}/status/201"
expect = "status == 201"
[[step]]
redis = "{{store}} SET k v"
[[step]]
http = "{{steps.peers.http}}/json"
[[teardown]]
name = "last"
http = "{{base}}/json"
""")
    assert (ran.code, ran.document["counts"]["passed"]) == (0, 5), ran.out
    served = ran.step("peers")["served"]
    assert (ran.step("peers")["captures"], list(served)) == ({"base": served["http"], "store": served["redis"]}, ["http", "redis"])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(served["http"].rpartition(":")[2])))


def test_a_responder_has_the_fault_and_the_port_that_are_asked_for(run_plan: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = '[[setup]]\nserve = "http"\nport = PORT\nFAULT\n[[step]]\nname = "a"\nhttp = "http://127.0.0.1:{{n}}/json"\n'
    for written in (str(port), f'"http={port}"', f"{{ http = {port} }}", '{ http = "{{n}}" }'):
        ran = run_plan(text.replace("PORT", written).replace("FAULT", ""), "--var", f"n={port}")
        assert (ran.code, ran.step("a")["attempts"]) == (0, 1), ran.out
    ran = run_plan(text.replace("PORT", str(port)).replace("FAULT", 'fault = "503-then-ok=1"'), "--var", f"n={port}")
    assert (ran.code, ran.step("a")["exchange"]["response"]["status"]["code"]) == (1, 503)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('serve = "htp"', "p.toml:3:9: there is no responder for 'htp'; did you mean http?; there are"),
        ('serve = "http"\nport = true', "p.toml:4:8: port takes NAME=PORT, not true or false"),
        ('serve = ["http", "redis"]\nport = 1', "p.toml:4:8: port: a number is for one responder; of several write { NAME = PORT }"),
        ('serve = "http"\nfault = "dely"', "p.toml:4:9: fault: "),
        ('serve = "http"\nfalt = "delay"', "p.toml:4:1: serve has no option falt; did you mean fault?"),
        ('serve = "http"\ncapture = { base = "htp" }', "p.toml:4:20: 'htp' in 'htp' is no key of serve; did you mean http?"),
        ('serve = "http"\nfresh = true', "p.toml:4:9: serve has no fresh"),
        ('serve = "http"\noutput = "x"', "p.toml:4:10: serve has no content for a file"),
        ("wait = []", "p.toml:3:8: wait takes URL..., got nothing"),
        ('wait = "foo://x"', "p.toml:3:8: foo://x is no URL that rrcli can send to"),
        ('wait = "http://x"\nexpect = "status == 200"', "p.toml:4:1: wait has no option expect"),
        ('wait = "http://x --every 1s"', "p.toml:3:8: wait: --every is an option: write it as a key, every = …"),
        ('wait = "http://x"\nhttp = "http://x"', "p.toml:2:3: a step has exactly one command: it has wait and http"),
        ('wiat = "http://x"', "a step has exactly one command: wiat is none; did you mean wait?"),
        ('http = "http://x"\njobs = 2', "p.toml:4:8: jobs is for the rows of for-each"),
        ('http = "http://x"\noutput = "../x"', "p.toml:4:10: ../x lies outside of"),
    ],
)
def test_a_fault_is_told_with_its_place(run_plan: Run, keys: str, told: str) -> None:
    ran = run_plan(f'\n[[step]]\n{keys}\n[[step]]\nname = "end"\nhttp = "http://x"\n')
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_a_port_that_is_taken_is_told(run_plan: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run_plan(f'[[step]]\nname = "a"\nserve = "http"\nport = {taken.getsockname()[1]}\n')
    assert (ran.code, "http cannot listen on 127.0.0.1:" in ran.step("a")["reason"]) == (2, True)


# --- wait


def test_a_step_waits_until_all_answer_well(run_plan: Run, orders: Orders, redis: Redis) -> None:
    orders.fails = 2
    ran = run_plan(f'[[step]]\nname = "up"\nwait = "{orders.url}/x {redis.url()}"\nevery = "10ms"\ndeadline = "9s"\n'
                   'capture = { codes = "exchanges[*].response.status.code" }\n')  # fmt: skip
    step = ran.step("up")
    assert (ran.code, len(orders.log), step["captures"]) == (0, 3, {"codes": [200]})
    assert [len(exchange["history"]) for exchange in step["set"]["exchanges"]] == [2, 0]


def test_what_never_answers_ends_it_with_its_layer(run_plan: Run, orders: Orders) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = f'[[step]]\nname = "up"\nwait = ["{orders.url}", "tcp://127.0.0.1:{port}"]\nevery = "10ms"\ndeadline = "100ms"\n'
    ran = run_plan(text + f'[[step]]\nname = "next"\nhttp = "{orders.url}"\n')
    assert (ran.code, ran.outcomes) == (6, {"up": "error", "next": "skipped"})
    assert ran.step("up")["reason"].startswith(f"tcp://127.0.0.1:{port} (transport: ")


def test_tools_are_drawn_and_listed(run_plan: Run) -> None:
    text = '[[setup]]\nname = "peers"\nserve = "http"\ncapture = { base = "http" }\n[[step]]\nname = "up"\nwait = "{{base}}/json"\n'
    out = run_plan(text, drawn=True).out
    assert "✔ peers   http" in out
    assert "1 of 1 answered" in out
    assert run_plan(text, "--dry-run", drawn=True).out == "peers  serve http  (setup)\nup     wait '{{base}}/json'\n"
    assert run_plan(text, "--list", drawn=True).out == "peers  serve http  (setup)\nup     wait '{{base}}/json'\n"


# --- files


def test_the_content_of_an_answer_goes_to_a_file_below_the_plan(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    text = f"""[[step]]
name = "a"
for-each = ["x", "y"]
http = "{orders.url}/{{{{row}}}}"
output = "{{{{row}}}}.json"
capture = {{ path = "json.path" }}
expect = "json.method == GET"
[[step]]
name = "b"
http = "{orders.url}/{{{{path[1]}}}}"
output = "b.json"
[[step]]
name = "c"
http = "POST {orders.url}/echo"
json = "{{{{steps.b.json.path}}}}"
"""
    ran = run_plan(text, name="inner/p.toml")
    assert (ran.code, sorted(each.name for each in (tmp_path / "inner").iterdir())) == (0, ["b.json", "p.toml", "x.json", "y.json"])
    assert json.loads((tmp_path / "inner" / "x.json").read_text()) == {"path": "/x", "method": "GET"}
    assert ran.step("b")["exchange"]["response"]["body"]["file"] == "inner/b.json"
    assert orders.log[-1][3] == b'"/y"'


def test_a_file_outside_is_refused_and_nothing_is_sent(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'[vars]\nn = "../x"\n[[step]]\nname = "a"\nhttp = "{orders.url}"\noutput = "{{{{n}}}}"\n')
    assert (ran.code, orders.log, "lies outside of" in ran.step("a")["reason"]) == (2, [], True)


@pytest.mark.parametrize("key", ["remote-name = true", 'write-out = "x"', 'dump-header = "x"'])
def test_what_only_the_command_line_does_is_refused(run_plan: Run, orders: Orders, key: str) -> None:
    ran = run_plan(f'[[step]]\nname = "a"\nhttp = "{orders.url}/x"\n{key}\n')
    assert (ran.code, orders.log) == (2, [])


# --- rows side by side


def test_rows_are_run_side_by_side_and_told_in_their_order(run_plan: Run, orders: Orders) -> None:
    orders.together = threading.Barrier(4, timeout=20)
    text = f'[[step]]\nname = "a"\nfor-each = [0, 1, 2, 3]\njobs = 4\nhttp = "{orders.url}/wait/{{{{row}}}}"\n'
    text += 'capture = { p = "json.path" }\n'
    ran = run_plan(text + f'[[step]]\nname = "b"\nhttp = "POST {orders.url}/echo"\njson = "{{{{p}}}}"\n')
    orders.together = None
    assert (ran.code, list(ran.outcomes)) == (0, ["a[0] 0", "a[1] 1", "a[2] 2", "a[3] 3", "b"])
    assert json.loads(orders.log[-1][3]) == ["/wait/0", "/wait/1", "/wait/2", "/wait/3"]


def test_a_row_that_fails_among_others_fails_the_step(run_plan: Run, orders: Orders) -> None:
    text = f'[[step]]\nname = "a"\nfor-each = [200, 404, 200]\njobs = 3\nhttp = "{orders.url}/x"\nexpect = "status == {{{{row}}}}"\n'
    ran = run_plan(text + f'[[step]]\nname = "b"\nhttp = "{orders.url}"\n')
    assert (ran.code, [step["outcome"] for step in ran.document["steps"]]) == (8, ["passed", "failed", "passed", "skipped"])


def test_an_interruption_ends_rows_side_by_side(orders: Orders, tmp_path: Path) -> None:
    text = f'[[step]]\nname = "a"\nfor-each = [1, 2, 3]\njobs = 3\nhttp = "{orders.url}/wait"\n'
    text += f'[[teardown]]\nname = "t"\nhttp = "{orders.url}/t"\n'
    (tmp_path / "p.toml").write_text(text)
    orders.together = threading.Barrier(4)  # the fourth comes at the end
    process = subprocess.Popen([sys.executable, "-m", "rrcli", "run", str(tmp_path / "p.toml"), "--json"], stdout=subprocess.PIPE)
    try:
        for _ in range(2000):
            if len(orders.log) == 3:
                break
            threading.Event().wait(0.01)
        process.send_signal(2)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        orders.together.abort()
        orders.together = None
    document = json.loads(out)
    assert (process.returncode, document["exit_code"]) == (130, 130)
    assert [(step["name"], step["outcome"]) for step in document["steps"]] == [("a", "error"), ("t", "passed")]


# --- connections and cookies


def test_series_and_sets_use_the_connections_and_cookies_of_the_run(run_plan: Run, orders: Orders) -> None:
    text = f"""[[step]]
http = "{orders.url}/login"
[[step]]
name = "series"
http = "{orders.url}/x"
repeat = 3
[[step]]
name = "set"
http = "{orders.url}/x"
all-addresses = true
[[step]]
name = "again"
http = "{orders.url}/x"
"""
    ran = run_plan(text)
    assert ran.code == 0
    assert [fields.get("cookie") for _, _, fields, _ in orders.log] == [None, *["sid=kept-314159"] * 5]
    assert ran.step("series")["series"]["connections"] == 0
    assert ran.step("again")["exchange"]["connection"]["reused"] is True


def test_a_plan_that_is_run_keeps_what_its_step_says(run_plan: Run, orders: Orders, tmp_path: Path) -> None:
    (tmp_path / "inner.toml").write_text(f'[[step]]\nname = "me"\nhttp = "{orders.url}/me"\n')
    text = f'[[step]]\nhttp = "{orders.url}/login"\n[[step]]\nname = "in"\nrun = "inner.toml"\n'
    for keys, cookie, reused in (
        ("", "sid=kept-314159", True),
        ("cookies = false\n", None, True),
        ("fresh = true\n", "sid=kept-314159", False),
    ):
        orders.log.clear()
        ran = run_plan(text + keys)
        assert orders.log[1][2].get("cookie") == cookie
        assert ran.step("in")["run"]["steps"][0]["exchange"]["connection"]["reused"] is reused


def test_the_deadline_of_the_plan_ends_a_series(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(f'deadline = "200ms"\n[[step]]\nname = "a"\nhttp = "{orders.url}/x"\nrepeat = 1000000\n')
    assert (ran.code, ran.outcomes) == (6, {"a": "error"})
