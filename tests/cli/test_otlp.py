"""`--otlp`: the spans that a collector gets, by OpenTelemetry's own schema, and what the servers saw of the trace."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from peers.collector import Collector, attributes
from peers.orders import Orders
from peers.plans import Run
from peers.redis_server import Redis
from peers.script import hear, responder, say, script

from rrcli.__main__ import main

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Run a command line quietly: its exit code, and standard error."""

    def call(*words: str) -> tuple[int, str]:
        code = main([*words, "--json"])
        return code, capfdbinary.readouterr().err.decode()

    return call


def sent(orders: Orders, at: int = -1) -> tuple[str, str]:
    """Trace and span that the server saw."""
    found = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01", orders.log[at][2]["traceparent"])
    assert found
    trace, span = found.groups()
    return trace, span


def test_a_plan_is_a_tree_of_spans(run_plan: Run, orders: Orders, redis: Redis, collector: Collector) -> None:
    orders.fails = 1
    text = f'''name = "shop"
[[step]]
name = "reserve"
http = "POST {orders.url}/orders"
json = {{ item = "book" }}
[[step]]
name = "retried"
http = "{orders.url}/echo?token=hunter-2222"
retry = 1
retry-delay = "1ms"
[[step]]
name = "kept"
redis = "{redis.url()}"
args = ["SET", "a", "hunter-2222"]
[[step]]
name = "fails"
http = "{orders.url}/a"
expect = "status == 201"
[[step]]
name = "not any more"
http = "{orders.url}/b"
'''
    text = text.replace('name = "reserve"', 'name = "reserve"\nretry = 1\nretry-unsafe = true\nretry-delay = "1ms"', 1)
    ran = run_plan(text, "--otlp", collector.url)
    assert (ran.code, ran.err) == (8, "")
    tree = [re.sub("^  (?=  (resolve|connect|send|wait|receive))", "  ", line) for line in collector.tree()]
    outer = [line for line in tree if line.strip() not in ("resolve", "connect", "handshake", "send", "wait", "receive")]
    assert outer == ["shop", "  reserve", "    POST", "    POST", "  retried", "  kept", "  fails"]
    assert tree[1:5] == ["  reserve", "    POST", "      connect", "      send"]
    spans = {span.name: span for span in collector.spans()}
    assert {(len(span.trace_id), len(span.span_id), span.trace_id.hex()) for span in collector.spans()} == {(16, 8, sent(orders)[0])}
    assert len({span.span_id for span in collector.spans()}) == len(collector.spans())
    steps = {step["name"]: step for step in ran.document["steps"]}
    for name in ("reserve", "retried", "kept", "fails"):
        assert (spans[name].end_time_unix_nano - spans[name].start_time_unix_nano) / 1e6 == pytest.approx(
            steps[name]["elapsed_ms"], abs=1e-3
        )
    phases = [span for span in collector.spans() if span.parent_span_id == spans["fails"].span_id]
    timing = steps["fails"]["exchange"]["timing"]
    assert {span.name: round((span.end_time_unix_nano - span.start_time_unix_nano) / 1e6, 3) for span in phases} == {
        name: timing[f"{name}_ms"] for name in ("send", "wait", "receive")
    }
    assert "hunter" not in collector.requests[0][2].decode()
    assert (spans["shop"].status.code, spans["fails"].status.code, spans["retried"].status.code) == (2, 2, 0)


def test_each_attempt_has_the_span_that_its_server_saw(run_plan: Run, orders: Orders, collector: Collector) -> None:
    orders.fails = 1
    run_plan(f'[[step]]\nname = "s"\nhttp = "{orders.url}/a"\nretry = 1\nretry-delay = "1ms"', "--otlp", collector.url)
    clients = [span for span in collector.spans() if span.kind == 3]
    assert [span.span_id.hex() for span in clients] == [sent(orders, at)[1] for at in (0, 1)]
    assert [attributes(span).get("http.request.resend_count") for span in clients] == [None, 1]
    assert [(attributes(span)["http.response.status_code"], attributes(span).get("error.type")) for span in clients] == [
        (503, "503"),
        (200, None),
    ]


def test_each_hop_sends_a_span_of_its_own(call: Call, collector: Collector) -> None:
    seen: list[bytes] = []

    def keep(connection: Any) -> None:
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += connection.recv(65536)
        seen.append(data)

    moved = say(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    fine = say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    answers = iter((moved, fine))

    def serve(connection: Any) -> None:
        keep(connection)
        next(answers)(connection)

    with responder(serve) as peer:
        assert call("http", f"http://{peer.host}:{peer.port}/a", "-L", "--otlp", collector.url) == (0, "")
    fields = [re.search(rb"traceparent: 00-(\w+)-(\w+)-01\r\n", head) for head in seen]
    assert all(fields)
    assert [line.strip() for line in collector.tree() if line.strip().isupper()] == ["GET", "GET", "GET"]
    clients = [span for span in collector.spans() if span.kind == 3]
    assert [(span.trace_id.hex(), span.span_id.hex()) for span in clients] == [
        (found[1].decode(), found[2].decode()) for found in fields if found
    ]


def test_an_exchange_is_the_outermost_span(call: Call, orders: Orders, collector: Collector) -> None:
    assert call("http", f"{orders.url}/echo?password=hunter-2222", "--otlp", collector.url) == (0, "")
    span = collector.spans()[0]
    assert (span.name, span.kind, span.parent_span_id, (span.trace_id.hex(), span.span_id.hex())) == ("GET", 3, b"", sent(orders))
    host, _, port = orders.url.rpartition("//")[2].partition(":")
    told = attributes(span)
    assert told.pop("rrcli.exchange.id")
    assert told.pop("user_agent.original").startswith("rrcli/")
    assert told == {
        "http.request.method": "GET",
        "url.full": f"{orders.url}/echo?password=‹secret›",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": host,
        "server.port": int(port),
        "network.peer.address": host,
        "network.peer.port": int(port),
        "rrcli.protocol": "http",
    }


@pytest.mark.parametrize("where", ["option", "environment"])
def test_a_given_traceparent_is_the_parent(
    call: Call, orders: Orders, collector: Collector, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    words = ("--traceparent", PARENT)
    if where == "environment":
        monkeypatch.setenv("TRACEPARENT", PARENT)
        words = ()
    assert call("http", orders.url, "--otlp", collector.url, *words) == (0, "")
    span = collector.spans()[0]
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)
    assert sent(orders) == (TRACE, span.span_id.hex())


def test_of_a_run_too(run_plan: Run, orders: Orders, collector: Collector) -> None:
    run_plan(f'[[step]]\nhttp = "{orders.url}"', "--otlp", collector.url, "--traceparent", PARENT)
    (run,) = [span for span in collector.spans() if span.parent_span_id.hex() == SPAN]
    assert (run.kind, sent(orders)[0]) == (1, TRACE)


def test_without_a_collector_a_run_has_a_traceparent_too(run_plan: Run, orders: Orders) -> None:
    run_plan(f'[[step]]\nhttp = "{orders.url}/a"\n[[step]]\nhttp = "{orders.url}/b"', "--traceparent", "auto")
    assert sent(orders, 0)[0] == sent(orders, 1)[0]
    assert sent(orders, 0)[1] != sent(orders, 1)[1]


def test_a_series_and_several_are_spans(call: Call, orders: Orders, collector: Collector) -> None:
    assert call("http", orders.url, "--repeat", "3", "--otlp", collector.url) == (0, "")
    outer, *inner = [span for span in collector.spans() if span.kind == 3 or not span.parent_span_id]
    assert (attributes(outer)["rrcli.series.count"], len({span.name for span in inner})) == (3, 1)
    collector.requests.clear()
    assert call("dns", "a.test", "@127.0.0.1:1", "@127.0.0.1:2", "--timeout", "2s", "--otlp", collector.url)[0] == 4
    outer, *inner = [span for span in collector.spans() if span.kind == 3 or not span.parent_span_id]
    assert [span.name for span in inner] == ["DNS A", "DNS A"]


def test_environment(call: Call, orders: Orders, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/base/",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=hunter-2222%3D,x-tenant=7",
        "OTEL_SERVICE_NAME": "checks",
        "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,deployment.environment.name=st%20aging",
    }.items():
        monkeypatch.setenv(name, value)
    assert call("http", orders.url, "--otlp", "auto") == (0, "")
    path, fields, _ = collector.requests[0]
    assert (path, fields["api-key"], fields["x-tenant"], fields["content-type"]) == (
        "/base/v1/traces", "hunter-2222=", "7", "application/json",
    )  # fmt: skip
    assert collector.resource() == {"service.name": "checks", "deployment.environment.name": "st aging"}
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/as/it/is")
    assert call("http", orders.url, "--otlp", "auto") == (0, "")
    assert collector.requests[1][0] == "/as/it/is"
    assert call("http", orders.url, "--otlp", f"{collector.url}/v1/traces") == (0, "")
    assert collector.requests[2][0] == "/v1/traces"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b"busy"), "HTTP/1.1 503 Service Unavailable"),
        (
            (200, b'{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too \\u001b[1m many"}}'),
            r"2 spans were refused: too \x1b[1m many",
        ),
        ((200, b"no json"), ""),
    ],
)
def test_what_a_collector_refuses_is_a_note(call: Call, orders: Orders, collector: Collector, answer: tuple[int, bytes], said: str) -> None:
    collector.answer = answer
    code, err = call("http", orders.url, "--otlp", collector.url)
    assert (code, err) == (0, f"rrcli: note: the trace was not sent to {collector.url}/v1/traces: {said}\n" if said else "")


def test_a_collector_that_is_down_is_a_note_and_silent_ones_say_nothing(call: Call, orders: Orders) -> None:
    code, err = call("http", f"{orders.url}/a", "--otlp", "http://user:hunter-2222@127.0.0.1:1")
    assert (code, "note: the trace was not sent" in err, "hunter" in err) == (0, True, False)
    assert call("http", orders.url, "--otlp", "http://127.0.0.1:1", "--silent") == (0, "")


def test_a_collector_that_never_answers_takes_a_bounded_time(call: Call, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "50")
    with responder(script(hear(b"\r\n\r\n"), lambda connection: connection.recv(1 << 20) and connection.recv(1))) as peer:
        code, err = call("http", orders.url, "--otlp", f"http://{peer.host}:{peer.port}")
    assert (code, "the time limit passed" in err) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--otlp", "localhost:4318"), "neither auto nor a URL"),
        (("--otlp", "auto", "--traceparent", "00-1-2-3"), "is no parent of a trace"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_sent(call: Call, orders: Orders, words: tuple[str, ...], said: str) -> None:
    code, err = call("http", orders.url, *words)
    assert (code, said in err, orders.log) == (2, True, [])


def test_offline_nothing_is_sent_there_either(call: Call, orders: Orders, collector: Collector) -> None:
    assert call("http", orders.url, "--offline", "--otlp", collector.url, "--traceparent", PARENT) == (0, "")
    assert (orders.log, collector.requests) == ([], [])


def test_a_wrong_variable_is_told_before_anything_is_sent(call: Call, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317")
    code, err = call("http", orders.url, "--otlp", "auto")
    assert (code, "is no URL that a trace can be sent to" in err, orders.log) == (2, True, [])
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "hunter-2222")
    code, err = call("http", orders.url, "--otlp", "auto")
    assert (code, "HEADERS is not NAME=VALUE" in err, "hunter" in err, orders.log) == (2, True, False, [])
