"""A plan under Locust: one master and two workers on loopback, headless. Counts are equal wherever anybody counts."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from peers.nats import Nats
from peers.orders import Orders
from peers.postgres import Postgres
from peers.redis_server import Redis

from rrcli.__main__ import main

from .conftest import Locust

Until = Callable[[Callable[[], bool]], None]

SHOP = """name = "shop"
[vars]
base = "URL"
[[setup]]
name = "login"
http = "POST {{base}}/login"
capture = { token = "json.token" }
[[step]]
name = "reserve"
http = "POST {{base}}/orders"
json = { item = "book", by = "{{user.index}}" }
capture = { order = "json.id" }
[[teardown]]
name = "cancel"
http = "GET {{base}}/cancel?order={{order}}"
[[teardown]]
name = "logout"
http = "GET {{base}}/logout?user={{user.index}}"
"""


def heads(orders: Orders) -> dict[str, int]:
    paths = [path.partition("?")[0] for _, path, *_ in orders.log]
    return {path: paths.count(path) for path in paths}


def test_a_master_and_two_workers_count_what_locust_and_the_servers_count(
    locust: Locust, orders: Orders, redis: Redis, postgres: Postgres, nats_service: Nats
) -> None:
    """Files, rows and another plan travel with the plan, and each worker has the secret from its own environment."""
    table = f"load_{time.monotonic_ns()}"
    postgres.psql(f"create table {table} (n serial); grant all on {table} to public; grant all on sequence {table}_n_seq to public")
    (locust.folder / "rows.csv").write_text("name\nann\nbob\n")
    (locust.folder / "body.json").write_text('{"item": "from a file"}')
    (locust.folder / "inner.toml").write_text(f'[[step]]\nname = "in"\nhttp = "{orders.url}/inner?who={{{{who}}}}"\n')
    plan = (
        SHOP.replace("URL", orders.url)
        + f"""
[secrets]
key = "env:KEY"
[[step]]
name = "rows"
for-each = "rows.csv"
http = "POST {{{{base}}}}/rows?name={{{{row.name}}}}"
data = "@body.json"
headers = {{ X-Key = "{{{{secrets.key}}}}" }}
[[step]]
name = "inner"
run = "inner.toml"
vars = {{ who = "{{{{order}}}}" }}
[[step]]
name = "incr"
redis = "{redis.url()} INCR load"
[[step]]
name = "insert"
pg = "postgresql://rr:s3cret@{postgres.address}/rr"
sql = "insert into {table} default values returning n"
[[step]]
name = "ask"
nats = "nats://{nats_service.address} svc.echo"
payload = "hello"
"""
    )
    env = {"KEY": "master-key-1234"}
    own = ({"KEY": "worker-key-0000"}, {"KEY": "worker-key-1111"})
    locust.start(plan, "--users", "4", "--spawn-rate", "100", "--duration", "3s", env=env, own=own)
    ran = locust.finish()
    assert (ran.code, ran.failures) == (0, []), ran.err
    seen, counts = heads(orders), ran.counts
    iterations = ran.document["series"]["count"]
    assert iterations > 0
    expected = {"login": 4, "logout": 4, "rows": 2 * iterations}
    assert counts == {name: expected.get(name, iterations) for name in counts}
    assert list(counts) == ["login", "reserve", "rows", "incr", "insert", "ask", "logout", "cancel"]
    assert {name: count for name, count in ran.csv.items() if name != "inner/in"} == counts
    assert ran.csv["inner/in"] == ran.document["steps"][3]["run"]["steps"][0]["series"]["count"] == iterations
    assert seen == {
        "/login": 4, "/orders": iterations, "/rows": 2 * iterations, "/inner": iterations, "/cancel": iterations, "/logout": 4,
    }  # fmt: skip
    found = subprocess.run(["redis-cli", "-p", str(redis.port), "get", "load"], capture_output=True, text=True, check=True)
    assert int(found.stdout) == iterations
    assert int(postgres.psql(f"select count(*) from {table}")) == iterations
    assert {fields["x-key"] for _, path, fields, _ in orders.log if path.startswith("/rows")} == {"worker-key-0000", "worker-key-1111"}
    assert {content for _, path, _, content in orders.log if path.startswith("/rows")} == {b'{"item": "from a file"}'}
    assert {json.loads(content)["by"] for _, path, _, content in orders.log if path == "/orders"} == {0, 1, 2, 3}
    assert "worker-key" not in ran.out
    histogram = ran.document["steps"][1]["series"]["histogram"]["buckets"]
    assert sum(count for _, count in histogram) == iterations
    assert sum(point["count"] for point in ran.document["steps"][1]["series"]["timeline"]) == iterations
    assert ran.document["steps"][1]["series"]["worst"]["request"]["summary"].startswith("POST /orders")


def test_one_process_alone_with_thresholds_and_a_report(locust: Locust, orders: Orders) -> None:
    orders.fails = 3
    plan = SHOP.replace("URL", orders.url).replace("[[setup]]", '[[setup]]\nok = "any"').replace('"json.token"', "\"json.token || 'x'\"")
    words = ("--users", "2", "--duration", "2s", "--expect", "steps.cancel.series.failed_ratio < 0.5", "--expect", "series.failed == 0")
    ran = locust.alone(plan, *words, "--report", "json=run.json", "--", "--csv", "l")
    assert ran.code == 8, ran.err
    assert [check["ok"] for check in ran.document["checks"]] == [True, False]
    assert ran.counts == ran.csv
    assert ran.counts["reserve"] == heads(orders)["/orders"]
    assert json.loads((locust.folder / "run.json").read_text())["exit_code"] == 8
    assert "series.failed == 0 does not hold: it is" in ran.err
    with (locust.folder / "l_failures.csv").open() as file:
        assert {row["Name"] for row in csv.DictReader(file)} >= {"reserve"}


def test_processes_of_one_machine(locust: Locust, orders: Orders, until: Until) -> None:
    plan = SHOP.replace("URL", orders.url) + "[load]\nwarmup = 3\nusers = 3\n"
    locust.start(plan, "--processes", "2", workers=0)
    until(lambda: heads(orders).get("/cancel", 0) > 20)
    assert locust.master
    locust.master.send_signal(signal.SIGINT)
    ran = locust.finish()
    assert ran.code == 130, ran.err
    seen = heads(orders)
    seen["/orders"], seen["/cancel"] = seen["/orders"] - 3, seen["/cancel"] - 3  # the warm-up
    assert ran.counts == ran.csv == {name: seen[path] for name, path in {
        "login": "/login", "reserve": "/orders", "logout": "/logout", "cancel": "/cancel",
    }.items()}  # fmt: skip
    assert seen["/login"] == 3


def test_a_stalled_server_does_not_flatter(locust: Locust, orders: Orders) -> None:
    """50 a second for 2 s, and nothing is answered: what came due counts from then, or as never begun."""
    orders.together = threading.Barrier(99)
    plan = f'[[step]]\nname = "a"\nhttp = "{orders.url}/wait"\ntimeout = "300ms"\n'
    ran = locust.alone(plan, "--users", "2", "--rate", "50", "--duration", "2s", "--", "--csv", "l")
    orders.together.abort()
    orders.together = None
    series = ran.document["series"]
    assert ran.code == 6
    assert 80 <= series["count"] + series["unsent"] <= 120
    assert series["unsent"] > 4 * series["count"]
    assert series["timing"]["total_ms"]["p50"] > 2 * 300  # though no exchange took more than 300 ms by itself
    assert f"{series['unsent']} iterations were due and never begun" in ran.notes


def test_a_worker_without_its_secret_is_named_and_nothing_is_sent(locust: Locust, orders: Orders) -> None:
    plan = SHOP.replace("URL", orders.url) + '[secrets]\nkey = "env:LOAD_KEY"\n'
    locust.start(plan, "--users", "2", "--duration", "30s", own=({"LOAD_KEY": "x"}, {}))
    ran = locust.finish()
    assert ran.code == 2
    assert "cannot run the plan" in ran.notes
    assert "worker " in ran.notes
    assert "the secret key has no value: LOAD_KEY is not set" in ran.notes


def test_a_worker_that_dies_is_named_and_counted(locust: Locust, orders: Orders, until: Until) -> None:
    locust.start(SHOP.replace("URL", orders.url), "--users", "2", "--duration", "5s")
    until(lambda: heads(orders).get("/orders", 0) > 5)
    locust.workers[0].kill()
    ran = locust.finish()
    assert ran.code == 4
    assert "is gone: nothing was heard of it any more: it had reported" in ran.notes
    assert ran.counts["reserve"] <= heads(orders)["/orders"]


@pytest.mark.parametrize(("number", "code", "workers"), [(signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 0)])
def test_a_signal_ends_it_with_the_teardown_and_the_result(
    locust: Locust, orders: Orders, until: Until, number: int, code: int, workers: int
) -> None:
    locust.start(SHOP.replace("URL", orders.url), "--users", "2", workers=workers)
    until(lambda: heads(orders).get("/cancel", 0) > 5)
    assert locust.master
    os.kill(locust.master.pid, number)
    ran = locust.finish()
    assert ran.code == code, ran.err
    seen = heads(orders)
    assert (seen["/orders"], seen["/logout"]) == (seen["/cancel"], 2)
    assert ran.counts == ran.csv
    assert ran.counts["reserve"] == seen["/orders"]


def test_a_locustfile_of_its_own(locust: Locust, orders: Orders) -> None:
    """For those who start Locust themselves."""
    import sys

    import rrcli.load

    (locust.folder / "p.toml").write_text(SHOP.replace("URL", orders.url))
    words = ["--headless", "-u", "2", "-t", "2", "--plan", "p.toml", "--only-summary", "--stop-timeout", "5"]
    command = [sys.executable, "-W", "ignore", "-m", "locust", "-f", str(rrcli.load.__file__), *words]
    done = subprocess.run(command, cwd=locust.folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "rrcli.run/1"
    assert {step["name"]: step["series"]["count"] for step in found["steps"]}["reserve"] == heads(orders)["/orders"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "locust takes PLAN, got nothing"),
        (["p.toml", "--users", "2", "--master", "--processes", "2"], "--processes begins workers of this machine"),
        (["--worker", "--users", "2"], "--users is the master's, and this is a --worker"),
        (["--worker", "--report", "json=x"], "--report is the master's"),
        (["p.toml", "--workers", "2"], "--workers is the master's"),
        (["p.toml", "--master-host", "x"], "--master-host is a worker's"),
        (["p.toml", "--duration", "1500ms"], "Locust counts whole seconds"),
        (["p.toml", "--expect", "steps.x.series.p99 < 1s"], "no step x"),
        (["p.toml", "--only", "x"], "has no step and no tag of that name"),
        (["p.toml", "other.toml"], "'other.toml' is another word"),
        (["bad.toml"], "bad.toml:3:1: http has no option timout; did you mean timeout?"),
        (["often.toml"], "[load] says how often, with repeat, and Locust ends by time"),
        (["p.toml", "--bind", "x:y", "--master"], "'x:y' is not HOST or HOST:PORT"),
    ],
)
def test_what_is_wrong_is_told_before_locust_begins(
    locust: Locust, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(locust.folder)
    monkeypatch.setattr("os.execve", lambda *_: pytest.fail("Locust was begun"))
    Path("p.toml").write_text('[[step]]\nname = "a"\nhttp = "http://127.0.0.1:1/"\n')
    Path("often.toml").write_text('[[step]]\nname = "a"\nhttp = "http://127.0.0.1:1/"\n[load]\nrepeat = 3\n')
    Path("bad.toml").write_text('[[step]]\nhttp = "http://127.0.0.1:1/"\ntimout = 3\n')
    assert main(["locust", *words]) == 2
    assert said in " ".join(capfd.readouterr().err.split())


def test_a_missing_locust_names_its_extra(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("rrcli.cli.locust.find_spec", lambda _: None)
    assert main(["locust", "p.toml"]) == 2
    assert "pip install 'rrcli[locust]'" in capfd.readouterr().err


def test_a_load_that_no_user_is_left_of_ends(locust: Locust, orders: Orders) -> None:
    orders.fails = 2
    ran = locust.alone(SHOP.replace("URL", orders.url), "--users", "2", "--duration", "40s")
    assert (ran.code, "no user is left" in ran.notes, ran.counts["login"]) == (1, True, 2)
    assert heads(orders) == {"/login": 2, "/logout": 2}


def test_its_own_page_starts_and_stops_tests(locust: Locust, orders: Orders, until: Until) -> None:
    """The page begins a test, stops it, and begins another; the result is the latest one's."""
    import urllib.parse
    import urllib.request

    from peers.base import accepts, free_port

    port = free_port()
    locust.master = locust._start(
        [locust._plan(SHOP.replace("URL", orders.url)), "--web", "--", "--web-port", str(port)], locust.folder, None
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"

    def get(path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(base + path, data=data, timeout=20) as answer:
            return str(answer.read().decode())

    until(lambda: accepts(port))
    for users in ("1", "2"):
        orders.log.clear()
        assert json.loads(get("/swarm", user_count=users, spawn_rate="10"))["success"]
        until(lambda: heads(orders).get("/cancel", 0) > 3)
        get("/stop", now="1")
    stats = {each["name"]: each["num_requests"] for each in json.loads(get("/stats/requests"))["stats"]}
    locust.master.send_signal(signal.SIGINT)
    ran = locust.finish()
    assert ran.code == 0, ran.err
    assert ran.counts == {name: stats[name] for name in ran.counts}
    seen = heads(orders)
    assert (ran.counts["login"], ran.counts["reserve"], seen["/logout"]) == (2, seen["/orders"], 2)


def test_a_worker_that_comes_late_asks_for_the_plan(locust: Locust, orders: Orders, until: Until) -> None:
    locust.start(SHOP.replace("URL", orders.url), "--users", "4", "--", "--enable-rebalancing", workers=1)
    until(lambda: heads(orders).get("/orders", 0) > 3)
    assert locust.master
    place = next(word for word in locust.workers[0].args if str(word).startswith("127.0.0.1:"))  # type: ignore[union-attr]
    (locust.folder / "late").mkdir()
    locust.workers.append(locust._start(["--worker", "--master-host", str(place)], locust.folder / "late", None))

    def indexes() -> set[int]:
        return {json.loads(content)["by"] for _, path, _, content in orders.log[:] if path == "/orders"}

    until(lambda: max(indexes()) > 3)  # the late one's users have their own
    locust.master.send_signal(signal.SIGINT)
    ran = locust.finish()
    assert ran.code == 130, ran.err
    assert ran.counts["reserve"] == heads(orders)["/orders"]
