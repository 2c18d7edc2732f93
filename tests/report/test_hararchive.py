"""A run as an HTTP archive: valid, read by haralyzer, with what DevTools asks of it, and nothing of other protocols."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
from haralyzer import HarParser
from peers.base import Peer
from peers.orders import Orders
from peers.plans import Run
from peers.redis_server import Redis
from peers.script import hear, responder, say, script
from report import exchanges as case

from rrcli.plan.result import RunResult, StepResult
from rrcli.report.formats.hararchive import har_report, note

SCHEMA = json.loads((Path(__file__).parent / "har.schema.json").read_text())
STREAM = b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 32\r\n\r\ndata: {"a": 1}\n\ndata: {"a": 2}\n\n'
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"


def moved(peer: Peer) -> str:
    return f"http://{peer.host}:{peer.port}/"


def test_entries_are_the_attempts_and_hops_of_http(run_plan: Run, orders: Orders, redis: Redis) -> None:
    orders.fails = 1
    fine = say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    moves, streams = script(hear(b"\r\n\r\n"), say(MOVED), hear(b"\r\n\r\n"), fine), script(hear(b"\r\n\r\n"), say(STREAM))
    with responder(moves) as peer, responder(streams) as events:
        text = f'''name = "all of them"
[[step]]
name = "retried"
http = "POST {orders.url}/a?x=1"
json = {{ token = "hunter-2222" }}
retry = 1
retry-delay = "1ms"
retry-unsafe = true
[[step]]
name = "moved"
http = "{moved(peer)}"
location = true
[[step]]
name = "kept"
redis = "{redis.url()}"
args = ["SET", "a", "1"]
[[step]]
name = "events"
sse = "{moved(events)}"
[[step]]
name = "refused"
http = "http://127.0.0.1:1/"
'''
        ran = run_plan(text, "--report", "har=a.har", drawn=True)
    assert ran.code == 4, ran.out
    assert "note: a.har: a HAR holds HTTP: left out are 1 exchange of other protocols (redis)" in ran.err
    found = json.loads(Path("a.har").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert "hunter" not in Path("a.har").read_text()
    (page,) = HarParser(found).pages
    assert (page.page_id, page.title) == ("page_1", "p.toml · all of them")
    assert [(entry.request.method, entry.response.status, entry["comment"]) for entry in page.entries] == [
        ("POST", 503, "retried · followed by another: retry"),
        ("POST", 200, "retried"),
        ("GET", 302, "moved · followed by another: redirect"),
        ("GET", 200, "moved"),
        ("GET", 200, "events"),
        ("GET", 0, "refused"),
    ]
    assert found["log"]["comment"].startswith("a HAR holds HTTP")
    for entry in found["log"]["entries"]:  # what the network panel of DevTools reads without asking whether it is there
        assert {"pageref", "startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        assert {"method", "url", "httpVersion", "headers", "queryString", "cookies", "headersSize", "bodySize"} <= set(entry["request"])
        assert {"status", "statusText", "httpVersion", "headers", "cookies", "content", "redirectURL"} <= set(entry["response"])
        assert {"size", "mimeType"} <= set(entry["response"]["content"])


def run(*steps: StepResult, **values: Any) -> RunResult:
    return RunResult(**{"id": "1", "plan": "p.toml", "name": "p", "steps": steps, **values})


def test_each_plan_is_a_page() -> None:
    inner = StepResult(name="s", kind="step", exchange=case.exchange())
    steps = [StepResult(name=name, kind="plan", run=run(inner, name=name)) for name in "ab"]
    found = json.loads(har_report(run(*steps)))["log"]
    assert [(page["id"], page["title"]) for page in found["pages"]] == [("page_1", "p.toml · a"), ("page_2", "p.toml · b")]
    assert [entry["pageref"] for entry in found["entries"]] == ["page_1", "page_2"]
    assert "comment" not in found


def test_a_run_without_http_is_an_archive_without_entries() -> None:
    one = run(StepResult(name="s", kind="step", exchange=case.redis_reply()))
    assert json.loads(har_report(one))["log"]["entries"] == []
    assert note(one) == "a HAR holds HTTP: left out are 1 exchange of other protocols (redis)"
