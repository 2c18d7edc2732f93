"""`rrcli grpc` against grpcio: reflection, files, the four kinds of call, metadata, statuses and their details, TLS, health, questions."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import pytest
from peers.ca import Authority
from peers.child import piped
from peers.exchange import failed_as, failure_of, notes, response_of
from peers.grpc import PROTO, Grpc

import rrcli
from rrcli.adapters.grpc.request import GrpcRequest
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange

DEMO = "rr.demo.v1.Demo"


def call(*words: str, **options: Any) -> Exchange:
    return send(GrpcRequest(*words, **{"timeout": 8.0, **options}))


def data_of(exchange: Exchange) -> dict[str, Any]:
    return dict(response_of(exchange).data)


def messages(exchange: Exchange) -> list[Any]:
    assert exchange.error is None, exchange.error
    found: list[Any] = data_of(exchange)["messages"]
    return found


# --- types


def test_a_call_by_reflection_has_json_on_both_sides(grpc_servers: Grpc) -> None:
    items = ("big:=9007199254740993", "color=RED", "nums:=[1,2]", "at=2026-01-01T00:00:00Z", "raw=/w==", "inner.key=k", "inners.a.key=v")
    exchange = call(grpc_servers.at(), f"{DEMO}/Echo", *items)
    [message] = messages(exchange)
    assert message == {
        "name": "", "big": "9007199254740993", "color": "RED", "nums": [1, 2], "at": "2026-01-01T00:00:00Z", "raw": "/w==", "flag": False,
        "inner": {"key": "k", "more": []}, "inners": {"a": {"key": "v", "more": []}},
    }  # fmt: skip
    found = data_of(exchange)
    assert found["reflection"] == {"version": "v1", "files": 3}
    assert found["method"] == {"name": f"{DEMO}/Echo", "type": "unary", "idempotency": "NO_SIDE_EFFECTS"}
    assert [event["type"] for event in found["events"]] == ["header", "message", "trailer"]
    assert (found["events"][1]["size"], found["events"][1]["wire_size"]) == (41, 46)
    assert (response_of(exchange).status.code, response_of(exchange).framing) == (0, "trailers")
    assert (exchange.request.data["safe"], exchange.request.data["idempotent"]) == (True, True)
    assert exchange.timing.phases["handshake"] > 0


def test_fields_at_their_default_can_be_left_out(grpc_servers: Grpc) -> None:
    assert messages(call(grpc_servers.at(), f"{DEMO}/Echo", "name=x", no_defaults=True)) == [{"name": "x"}]


def test_the_older_reflection_is_taken_where_there_is_no_other(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at("v1alpha"), "grpc.health.v1.Health/Check")
    assert (messages(exchange), data_of(exchange)["reflection"]["version"]) == ([{"status": "SERVING"}], "v1alpha")
    assert [code for code, _ in notes(exchange)] == ["reflection-v1alpha"]


def test_the_newer_reflection_alone_does(grpc_servers: Grpc) -> None:
    assert data_of(call(grpc_servers.at("v1"), f"{DEMO}/Echo"))["reflection"]["version"] == "v1"


def test_without_reflection_a_file_is_asked_for_and_nothing_is_sent(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at("none"), f"{DEMO}/Echo", "name=x")
    assert failed_as(exchange) == ("protocol", "unsupported", "handshake", "not_sent")
    assert "--proto" in (failure_of(exchange).hint or "")


@pytest.mark.parametrize("source", ["proto", "protoset"])
def test_types_out_of_files_need_no_reflection(grpc_servers: Grpc, source: str) -> None:
    options: dict[str, Any] = {"protoset": (str(grpc_servers.protoset),)}
    if source == "proto":
        options = {"proto": ("demo.proto",), "import_path": (str(PROTO),)}
    exchange = call(grpc_servers.at("none"), f"{DEMO}/Echo", "name=x", **options)
    assert (messages(exchange)[0]["name"], data_of(exchange)["reflection"]) == ("x", None)
    assert "handshake" not in exchange.timing.phases


def test_what_protoc_has_against_a_file_is_told(tmp_path: Any) -> None:
    (tmp_path / "bad.proto").write_text('syntax = "proto3";\nmessage A { Strange b = 1; }\n')
    with pytest.raises(rrcli.ExchangeError, match=r'bad.proto:2:13: "Strange" is not defined') as caught:
        call("127.0.0.1:1", "A/B", proto=(str(tmp_path / "bad.proto"),))
    assert caught.value.layer == "usage"


@pytest.mark.parametrize("word", [f"{DEMO}.Echo", "Echo", "Demo/Echo", f"/{DEMO}/Echo"])
def test_a_method_can_be_named_shortly(grpc_servers: Grpc, word: str) -> None:
    assert data_of(call(grpc_servers.at(), word))["method"]["name"] == f"{DEMO}/Echo"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((f"{DEMO}/Echo", "nmae=x"), "nmae: rr.demo.v1.EchoRequest has no field nmae; did you mean name?"),
        ((f"{DEMO}/Echo", "inner.more[].kee=x"), "inner.more[0].kee: rr.demo.v1.Inner has no field kee; did you mean key?"),
        ((f"{DEMO}/Echo", "color=GREAN"), "color: rr.demo.v1.Color has no value GREAN; did you mean GREEN?"),
        ((f"{DEMO}/Echo", 'big:="x"'), "big: 'x' is no number"),
        ((f"{DEMO}/Echo", "flag=true"), "flag: a bool is true or false, not the text 'true'"),
        ((f"{DEMO}/Ecko",), "rr.demo.v1.Demo has no method Ecko; did you mean Echo?"),
        (("rr.demo.v1.Dema/Echo",), "there is no service rr.demo.v1.Dema; did you mean rr.demo.v1.Demo?"),
        (("Nothing",), "no service has a method Nothing"),
    ],
)
def test_what_the_types_do_not_have_is_named_and_not_sent(grpc_servers: Grpc, words: tuple[str, ...], message: str) -> None:
    exchange = call(grpc_servers.at(), *words)
    assert failed_as(exchange) == ("usage", "usage", "handshake", "not_sent")
    assert failure_of(exchange).message.startswith(message)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ((), {}),
        (("127.0.0.1:1",), {}),
        (("http://127.0.0.1:1", "A/B"), {}),
        (("grpc://user@127.0.0.1:1", "A/B"), {}),
        (("grpc://127.0.0.1:1/path", "A/B"), {}),
        (("grpcs://127.0.0.1:1", "A/B"), {"plaintext": True}),
        (("127.0.0.1:1", "A/B"), {"plaintext": True, "tls": True}),
        (("127.0.0.1:1", "A/B", "a=1"), {"data": ("{}",)}),
        (("127.0.0.1:1", "A/B"), {"data": ("{",)}),
        (("127.0.0.1:1", "A/B", "a:b"), {}),
        (("127.0.0.1:1", "A/B"), {"headers": ("a: b\r\nc: d",)}),
        (("127.0.0.1:1", "A/B"), {"headers": ("grpc-status: 0",)}),
        (("127.0.0.1:1", "A/B"), {"headers": ("x-bin: ?",)}),
        (("127.0.0.1:1", "A/B"), {"headers": ("no-colon",)}),
        (("127.0.0.1:1",), {"health": True, "describe": True}),
        (("127.0.0.1:1",), {"template": True}),
        (("127.0.0.1:1", "A/B"), {"watch": True}),
    ],
)
def test_what_does_not_fit_together_is_refused(words: tuple[str, ...], options: dict[str, Any]) -> None:
    with pytest.raises(rrcli.ExchangeError) as caught:
        call(*words, **options)
    assert caught.value.layer == "usage"


# --- the kinds of call


def test_each_message_of_a_stream_has_its_time(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Server", "count:=3", "delay_ms:=60")
    times = [event["at_ms"] for event in data_of(exchange)["events"] if event["type"] == "message"]
    assert messages(exchange) == [{"number": 1}, {"number": 2}, {"number": 3}]
    assert all(after - before >= 50 for before, after in pairwise(times))
    assert exchange.timing.phases["receive"] > 100e6


def test_a_stream_of_requests_is_one_value_after_another(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Client", data=('{"number":1}{"number":2}',))
    assert messages(exchange) == [{"number": 3}]
    assert [each["size"] for each in exchange.request.data["messages"]] == [2, 2]


def test_one_message_is_all_that_a_unary_method_takes(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Echo", data=("{}", "{}"))
    assert failure_of(exchange).message == "rr.demo.v1.Demo/Echo takes one message, got 2"


def test_messages_go_out_as_standard_input_brings_them(grpc_servers: Grpc) -> None:
    command = [sys.executable, "-m", "rrcli", "grpc", grpc_servers.at(), f"{DEMO}/Bidi", "-d", "@-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(b'{"number": 1}\n')
        assert child.stdout.readline() == b'{"number": 2}\n'
        child.stdin.write(b'{"number"')
        time.sleep(0.1)
        child.stdin.write(b": 5}")
        child.stdin.close()
        assert child.stdout.read() == b'{"number": 10}\n'
    assert child.returncode == 0


def test_raw_is_one_json_value_a_line(grpc_servers: Grpc) -> None:
    ended = piped("grpc", grpc_servers.at(), f"{DEMO}/Server", "count:=2")
    assert (ended.code, ended.out) == (0, b'{"number": 1}\n{"number": 2}\n')


def test_a_stream_ends_after_as_many_messages_as_were_asked_for(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Server", "count:=1000", "delay_ms:=10", max_events=2)
    assert [event["data"] for event in data_of(exchange)["events"] if event["type"] == "message"] == [{"number": 1}, {"number": 2}]


def test_until_reads_the_messages(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Server", "count:=1000", "delay_ms:=10", until="json.number == 3")
    assert exchange.error is None
    assert data_of(exchange)["events"][-1]["data"] == {"number": 3}


def test_until_asks_a_method_with_one_answer_again(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Echo", "name=x", until="json.name == y", every=0.05, deadline=0.6)
    assert failed_as(exchange)[:2] == ("transport", "timeout")
    assert len(exchange.history) >= 1


# --- statuses


def test_a_status_is_told_with_its_name_and_message(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Fail", "code:=5", "message=gone")
    status = response_of(exchange).status
    assert (status.code, status.text, status.reason) == (5, "NOT_FOUND", "gone")
    assert failed_as(exchange) == ("application", "bad_status", None, "answered")
    assert document(exchange)["response"]["status"] == {"code": 5, "text": "NOT_FOUND", "ok": False, "reason": "gone"}


def test_details_are_read_and_the_message_decoded(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Fail", "code:=3", "message=bad héé%", "details=x")
    [detail] = data_of(exchange)["status_details"]
    assert detail == {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "name", "description": "x"}]}
    assert response_of(exchange).status.reason == "bad héé%"


def test_a_detail_of_an_unknown_type_is_told_as_it_is(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Fail", "code:=3", "details=strange")
    assert data_of(exchange)["status_details"] == [{"@type": "type.googleapis.com/no.such.Type", "value": "CAE="}]
    assert [code for code, _ in notes(exchange)] == ["details-undecoded"]


@pytest.mark.parametrize(("code", "retry"), [(14, "unsafe"), (3, "useless"), (8, "unsafe"), (12, "useless")])
def test_whether_a_retry_helps_follows_from_the_status(grpc_servers: Grpc, code: int, retry: str) -> None:
    assert failure_of(call(grpc_servers.at(), f"{DEMO}/Fail", f"code:={code}")).retry == retry


def test_the_limit_is_the_servers_too_and_passing_it_is_a_timeout(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Slow", "delay_ms:=2000", timeout=0.3)
    assert failed_as(exchange) == ("transport", "timeout", "wait", "unknown")
    assert failure_of(exchange).retry == "safe"  # the method's option says that it is idempotent
    assert 0 < exchange.request.data["grpc_timeout_ms"] <= 300


# --- metadata, compression, size


def test_metadata_goes_both_ways(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Metadata", headers=("a: b", "c-bin: AA=="), timeout=5.0)
    name = messages(exchange)[0]["name"]
    assert "a='b'" in name
    assert "c-bin=b'\\x00'" in name
    assert 3.0 < float(name.partition("remaining=")[2]) < 5.1
    assert {"x-init": "1", "x-data-bin": "AAE"}.items() <= dict(response_of(exchange).fields).items()
    assert ("x-trail", "2") in response_of(exchange).trailers


def test_messages_are_compressed_both_ways(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at("gzip"), f"{DEMO}/Echo", f"name={'x' * 1000}", compress="gzip")
    [event] = [event for event in data_of(exchange)["events"] if event["type"] == "message"]
    assert event["wire_size"] < event["size"] == 1003
    assert [code for code, _ in notes(exchange)] == ["compressed"]


def test_a_message_may_be_as_long_as_the_limit_and_no_longer(grpc_servers: Grpc) -> None:
    assert len(messages(call(grpc_servers.at(), f"{DEMO}/Big", "number:=5000000"))[0]["name"]) == 5_000_000
    exchange = call(grpc_servers.at(), f"{DEMO}/Big", "number:=100000", max_size=50_000)
    assert failed_as(exchange)[:2] == ("protocol", "too_large")


def test_secrets_in_metadata_are_shown_nowhere(grpc_servers: Grpc) -> None:
    words = ("-H", "authorization: Bearer SEKRET-1", "-H", "x-token-bin: U0VLUkVULTI=", "--wire")
    for show in (["--json"], ["--format", "pretty", "-v"], ["--format", "curl"], ["--format", "mermaid"]):
        ended = piped("grpc", *show, *words, grpc_servers.at("gzip"), f"{DEMO}/Echo", "name=x")
        assert ended.code == 0
        assert b"SEKRET" not in ended.all
        assert b"U0VLUkVULTI" not in ended.all


def test_the_transcript_shows_frames(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), f"{DEMO}/Echo", wire=1 << 20)
    said = "\n".join(entry.note or "" for entry in exchange.transcript or ())
    assert "HEADERS stream 3 END_HEADERS" in said
    assert "DATA stream 3" in said
    assert "grpc-status: 0" in said


# --- connections


def test_tls_is_agreed_on_with_h2(grpc_servers: Grpc, ca: Authority) -> None:
    exchange = call(f"grpcs://{grpc_servers.at('tls')}", "grpc.health.v1.Health/Check", cacert=str(ca.root))
    assert messages(exchange) == [{"status": "SERVING"}]
    assert exchange.connection.tls
    assert exchange.connection.tls.alpn == "h2"


def test_tls_to_a_clear_port_names_what_speaks_there(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), health=True, tls=True)
    assert failed_as(exchange)[:2] == ("tls", "wrong_protocol")
    assert "HTTP/2 frames" in failure_of(exchange).message


def test_a_port_that_wants_tls_is_guessed(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at("tls"), health=True, plaintext=True)
    assert failure_of(exchange).layer == "transport"
    assert "TLS" in (failure_of(exchange).hint or "")


def test_a_client_certificate_that_is_asked_for_is_named(grpc_servers: Grpc, ca: Authority) -> None:
    exchange = call(grpc_servers.at("mtls"), health=True, tls=True, cacert=str(ca.root))
    assert failed_as(exchange) == ("tls", "client_certificate_required", "tls", "not_sent")
    given = {"cert": str(ca.client.chain), "key": str(ca.client.key)}
    assert messages(call(grpc_servers.at("mtls"), health=True, tls=True, cacert=str(ca.root), **given)) == [{"status": "SERVING"}]


# --- health and questions


@pytest.mark.parametrize(
    ("service", "text", "ok"), [(None, "OK", True), (DEMO, "OK", True), ("down", "NOT_SERVING", False), ("nope", "NOT_FOUND", False)]
)
def test_the_health_of_a_service(grpc_servers: Grpc, service: str | None, text: str, ok: bool) -> None:
    exchange = call(grpc_servers.at("none"), *([service] if service else []), health=True)
    assert (response_of(exchange).status.text, exchange.error is None) == (text, ok)


def test_health_is_watched(grpc_servers: Grpc) -> None:
    exchange = call(grpc_servers.at(), health=True, watch=True, max_events=1)
    assert [event["data"] for event in data_of(exchange)["events"] if event["type"] == "message"] == [{"status": "SERVING"}]


def test_services_and_methods_are_listed(grpc_servers: Grpc) -> None:
    assert {DEMO, "grpc.health.v1.Health"} <= set(data_of(call(grpc_servers.at(), list_names=True))["services"])
    body = response_of(call("127.0.0.1:1", DEMO, list_names=True, protoset=(str(grpc_servers.protoset),))).body
    assert body
    assert body.data.decode().split()[:2] == [f"{DEMO}/Echo", f"{DEMO}/Fail"]


def test_a_symbol_is_described_as_in_a_proto_file(grpc_servers: Grpc) -> None:
    body = response_of(call(grpc_servers.at(), "rr.demo.v1.EchoRequest", describe=True)).body
    assert body
    lines = body.data.decode().splitlines()
    assert lines[0] == "message rr.demo.v1.EchoRequest {"
    assert "  map<string, rr.demo.v1.Inner> inners = 9;" in lines
    assert "    double right = 12;" in lines


def test_a_template_is_a_message_that_the_method_takes(grpc_servers: Grpc) -> None:
    body = response_of(call(grpc_servers.at(), f"{DEMO}/Server", template=True)).body
    assert body
    assert json.loads(body.data) == {"count": 0, "delayMs": 0}
    assert messages(call(grpc_servers.at(), f"{DEMO}/Server", data=(body.data.decode(),))) == []


def test_a_series_learns_the_types_once(grpc_servers: Grpc) -> None:
    ended = piped("grpc", "--json", "--repeat", "20", "--concurrency", "4", grpc_servers.at(), f"{DEMO}/Echo", "name=x")
    found = json.loads(ended.out)
    assert (found["count"], found["connections"]) == (20, 1)


def test_the_command_of_grpcurl(grpc_servers: Grpc) -> None:
    ended = piped("grpc", "--format", "curl", "-H", "a: b", grpc_servers.at(), f"{DEMO}/Echo", "name=x y")
    where = grpc_servers.at()
    assert ended.out.decode() == f"""grpcurl -plaintext -H 'a: b' -emit-defaults -d '{{"name": "x y"}}' {where} {DEMO}/Echo\n"""


@pytest.mark.parametrize("form", ["both", "none"])
def test_the_doctor_asks_for_health(grpc_servers: Grpc, form: str) -> None:
    assert piped("doctor", f"grpc://{grpc_servers.at(form)}").code == 0


def test_the_document_is_whole(grpc_servers: Grpc) -> None:
    found = document(call(grpc_servers.at(), f"{DEMO}/Fail", "code:=7"))
    assert found["command"][:2] == ["grpc", "--timeout"]
    assert found["error"]["hint"].startswith("Have the permission given")


def test_without_the_extra_one_sentence_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['google.protobuf'] = None; from rrcli.__main__ import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, "grpc", "127.0.0.1:1", "A/B"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "rrcli: grpc needs the module google.protobuf\n       pip install 'rrcli[grpc]'\n"
