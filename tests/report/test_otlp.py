"""Spans by value: what each protocol says of itself, ids, and large runs in several messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from peers.collector import Collector
from report import exchanges as case

from rrcli.base.jsontext import dumps
from rrcli.cli import telemetry
from rrcli.model.values import Body, Exchange, ExchangeSet, RequestMessage, Response, Status, Target
from rrcli.options.request import Output
from rrcli.plan.result import RunResult, StepResult
from rrcli.report.formats.otlp import document, spans_of

NONE = "0" * 16
GENERAL = ("server.", "network.", "rrcli.", "tls.")


def told(exchange: Exchange) -> tuple[str, dict[str, Any]]:
    """Name and attributes of the span of an exchange, those aside that all have."""
    span = spans_of(exchange, NONE)[0]
    return span.name, {name: value for name, value in span.attributes.items() if not name.startswith(GENERAL)}


def asked(protocol: str, url: str, summary: str, data: dict[str, Any], **more: Any) -> Exchange:
    answer = Response(summary="", status=Status(text="OK"))
    request = RequestMessage(summary=summary, data=data, body=more.pop("body", None))
    values: dict[str, Any] = {"response": answer, "timing": case.timing(wait=1)}
    return Exchange(id="1", protocol=protocol, target=Target(url=url), request=request, **{**values, **more})


def test_http() -> None:
    name, attributes = told(case.exchange())
    assert name == "POST"
    assert attributes == {"http.request.method": "POST", "url.full": "http://127.0.0.1:8080/users", "http.response.status_code": 201}
    failed = case.refused_by_status(503, "Busy", "later")
    assert told(failed)[1]["error.type"] == "503"
    odd = case.exchange(request=case.exchange().request.replace(data={"method": "BREW"}))
    name, attributes = told(odd)
    assert (name, attributes["http.request.method"], attributes["http.request.method_original"]) == ("HTTP", "_OTHER", "BREW")
    assert told(case.timed_out())[1]["error.type"] == "timeout"


def test_graphql() -> None:
    data = {"method": "POST", "operation": "query", "operation_name": "Hero"}
    name, attributes = told(case.exchange(protocol="graphql", request=case.exchange().request.replace(data=data)))
    assert (name, attributes["graphql.operation.type"], attributes["graphql.operation.name"]) == ("query Hero", "query", "Hero")


def test_redis_tells_the_key_and_not_the_data() -> None:
    data = {"command": "SET", "args": ["user:7", "hunter-2222", "EX", "10"]}
    name, attributes = told(asked("redis", "redis://h:6379/2", "SET user:7 hunter-2222 EX 10", data))
    assert (name, attributes) == (
        "SET",
        {"db.system.name": "redis", "db.operation.name": "SET", "db.query.text": "SET user:7 ? ? ?", "db.namespace": "2"},
    )
    failed = Response(summary="", status=Status(text="WRONGTYPE", ok=False))
    assert told(asked("redis", "redis://h", "GET a", data, response=failed))[1]["db.response.status_code"] == "WRONGTYPE"


@pytest.mark.parametrize(
    ("sql", "parameters", "shown"),
    [
        ("select * from t where id = $1 and n = 7", 1, "select * from t where id = $1 and n = 7"),
        ("select * from t2 where id = 42 and n = 'O''Hara' or x > 1.5e3", 0, "select * from t2 where id = ? and n = ? or x > ?"),
        ("insert into t values ($q$it's$q$, 1)", 0, "insert into t values (?, ?)"),
        ('select "a1" from t', 0, 'select "a1" from t'),
    ],
)
def test_postgresql_tells_no_literals(sql: str, parameters: int, shown: str) -> None:
    body = Body(data=sql.encode(), size=len(sql))
    name, attributes = told(asked("pg", "postgresql://h:5432/shop", sql, {"parameters": parameters}, body=body))
    assert name == f"{sql.split()[0].upper()} shop"
    assert (attributes["db.query.text"], attributes["db.system.name"], attributes["db.namespace"]) == (shown, "postgresql", "shop")


def test_calls_questions_and_messages() -> None:
    name, attributes = told(asked("grpc", "grpc://h:1/Demo/Count", "POST /Demo/Count HTTP/2", {"method": "Demo/Count"}))
    assert (name, attributes) == (
        "Demo/Count", {"rpc.system.name": "grpc", "rpc.method": "Demo/Count", "rpc.response.status_code": "OK"},
    )  # fmt: skip
    name, attributes = told(asked("thrift", "thrift://h:1", "CALL x", {"service": "Shop", "method": "find"}))
    assert (name, attributes["rpc.method"]) == ("Shop/find", "Shop/find")
    question = {"question": {"name": "a.test.", "type": "MX"}}
    assert told(asked("dns", "dns://h", "MX a.test.", question)) == ("DNS MX", {"dns.question.name": "a.test."})
    name, attributes = told(asked("nats", "nats://h", "PUB a", {"subject": "a", "size": 5}))
    assert (name, attributes["messaging.destination.name"], attributes["messaging.operation.type"]) == ("send a", "a", "send")
    assert told(asked("tcp", "tcp://h:1", "", {})) == ("tcp", {})


def test_no_id_stands_twice_whatever_was_sent() -> None:
    fields = (("traceparent", f"00-{'a' * 32}-{'b' * 16}-01"),)
    same = case.exchange(request=case.exchange().request.replace(fields=fields))
    spans = spans_of(ExchangeSet(exchanges=(same, same)), NONE)
    assert [span.id for span in spans].count("b" * 16) == 1
    assert len({span.id for span in spans}) == len(spans)


def test_values_are_written_as_the_protocol_has_them() -> None:
    (span,) = spans_of(case.exchange(), NONE)[:1]
    spans = [span.replace(attributes={"a": True, "b": 7, "c": 0.5, "d": ["x", 1], "e": "\udce9" * 2000})]
    ((resource,),) = json.loads(dumps(document(spans, "c" * 32, {"service.name": "s"}))).values()
    (written,) = resource["scopeSpans"][0]["spans"]
    values = {each["key"]: each["value"] for each in written["attributes"]}
    assert values["e"] == {"stringValue": "é" * 1024 + "…"}
    assert [values[key] for key in "abcd"] == [
        {"boolValue": True}, {"intValue": "7"}, {"doubleValue": 0.5}, {"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": "1"}]}},
    ]  # fmt: skip
    assert "parentSpanId" not in written


def test_many_spans_are_several_messages(collector: Collector) -> None:
    steps = [StepResult(name=f"s{at}", kind="step", exchange=case.exchange(), started_at_ns=1, elapsed_ns=1) for at in range(1000)]
    trace = telemetry.trace_of(None)
    telemetry.send_trace(Output(otlp=collector.url), trace, RunResult(id="1", plan="p", name="p", started_at_ns=1, steps=tuple(steps)))
    spans = collector.spans()
    assert len(collector.requests) == -(-len(spans) // telemetry.MOST_SPANS) > 1
    assert len({span.trace_id for span in spans}) == 1
    assert len([span for span in spans if span.name.startswith("s") and span.kind == 3]) == 1000
