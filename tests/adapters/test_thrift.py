"""Calls over every transport and protocol, against the servers of Apache's library and against peers that follow a script."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from peers.base import LOOPBACK, accepts, free_port, need, running
from peers.ca import Authority
from peers.exchange import codes, content_of, failed_as, failure_of, json_of, response_of
from peers.nginx import Nginx
from peers.script import hear, hear_end, responder, say, script
from peers.thrift import IDL, Thrift

import rrcli
from rrcli.__main__ import main
from rrcli.adapters.thrift.request import ThriftRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps, loads
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked
from rrcli.responders.tcp import TcpResponder

FILE = str(IDL / "demo.thrift")
FORMS = [
    ("buffered-binary", "buffered", "binary"), ("buffered-compact", "buffered", "compact"), ("buffered-json", "buffered", "json"),
    ("framed-binary", "framed", "binary"), ("framed-compact", "framed", "compact"), ("framed-json", "framed", "json"),
    ("header-", "header", "binary"), ("header-", "header", "compact"), ("buffered-strict", "buffered", "binary"),
]  # fmt: skip


def place(servers: Thrift, form: str) -> str:
    return f"{servers.host}:{servers.ports[form]}"


def call(servers: Thrift, form: str, *words: str, **options: Any) -> Exchange:
    """What a call of the demo's IDL is answered by the server of that form."""
    return send(ThriftRequest(place(servers, form), FILE, *words, **{"timeout": 5.0, **options}))


# --- one call ----------------------------------------------------------------------------------------------


def test_the_parts_of_an_exchange(thrift_servers: Thrift) -> None:
    shown = document(call(thrift_servers, "buffered-binary", "Shop.add", "a=2", "b=3"))
    port = thrift_servers.ports["buffered-binary"]
    assert shown["target"] == {"url": f"thrift://127.0.0.1:{port}", "host": "127.0.0.1", "port": port}
    assert shown["request"]["summary"] == "CALL Shop.add"
    assert shown["request"]["body"]["json"] == {"a": "2", "b": "3"}
    assert shown["request"]["data"] == {
        "service": "Shop", "method": "add", "seqid": 0, "oneway": False, "safe": False, "idempotent": False,
    }  # fmt: skip
    assert {key: shown["response"][key] for key in ("summary", "status", "framing", "data")} == {
        "summary": "5",
        "status": {"code": None, "text": "OK", "ok": True},
        "framing": "struct-stop",
        "data": {
            "result": 5, "exception": None, "message_type": "reply", "seqid": 0, "transport": "buffered", "protocol": "binary",
            "unknown_fields": [],
        },
    }  # fmt: skip
    assert shown["response"]["body"]["text"] == "5"
    assert (shown["outcome"], shown["notes"], shown["history"]) == ("ok", [], [])
    phases = [phase for phase in ("connect", "handshake", "send", "wait", "receive") if shown["timing"][f"{phase}_ms"] is not None]
    assert phases == ["connect", "send", "wait", "receive"]


@pytest.mark.parametrize(("form", "transport", "protocol"), FORMS)
def test_every_transport_and_protocol(thrift_servers: Thrift, form: str, transport: str, protocol: str) -> None:
    exchange = call(thrift_servers, form, "add", "a=2", "b=3", transport=transport, protocol=protocol)
    assert content_of(exchange) == b"5"
    data = response_of(exchange).data
    assert (data["transport"], data["protocol"]) == (transport, protocol)
    assert response_of(exchange).framing == ("struct-stop" if transport == "buffered" else "length-prefix")


def test_an_inherited_method_is_called_by_the_service_that_has_it(thrift_servers: Thrift) -> None:
    assert content_of(call(thrift_servers, "buffered-binary", "Shop.ping")) == b'"pong"'


def test_items_are_read_by_their_types(thrift_servers: Thrift) -> None:
    words = ["item.name=x", "item.big:=9007199254740993", "item.color=GREEN", 'item.raw:={"base64":"/w=="}', 'item.counts:={"a":1}']
    found = json_of(call(thrift_servers, "buffered-binary", "Shop.echo", *words, "item.parts[0].name=y", "item.by_number.7[]=z"))
    assert (found["name"], found["big"], found["color"], found["qty"]) == ("x", 9007199254740993, "GREEN", 1)
    assert (found["raw"], found["counts"], found["by_number"]) == ({"base64": "/w=="}, {"a": 1}, {"7": ["z"]})
    assert found["parts"][0]["name"] == "y"


def test_json_has_the_arguments_and_items_add_to_them(thrift_servers: Thrift, tmp_path: Path) -> None:
    file = tmp_path / "args.json"
    file.write_text('{"a": 40, "b": 1}\n')
    assert json_of(call(thrift_servers, "buffered-binary", "add", data='{"a": 1, "b": 2}')) == 3
    assert json_of(call(thrift_servers, "buffered-binary", "add", "b=2", data=f"@{file}")) == 42


def test_a_method_without_a_result_answers_null(thrift_servers: Thrift) -> None:
    assert content_of(call(thrift_servers, "buffered-binary", "nothing")) == b"null"


# --- what is no result -------------------------------------------------------------------------------------


def test_a_declared_exception_is_an_answer_of_its_name(thrift_servers: Thrift) -> None:
    exchange = call(thrift_servers, "framed-compact", "Shop.reserve", "sku=s", transport="framed", protocol="compact")
    shown = document(exchange)
    assert shown["response"]["data"]["exception"] == {"name": "OutOfStock", "fields": {"sku": "s", "left": 0}}
    assert shown["response"]["status"] == {"code": None, "text": "OutOfStock", "ok": False}
    assert shown["response"]["summary"] == 'OutOfStock {"sku": "s", "left": 0}'
    assert (shown["outcome"], shown["error"]["delivery"], shown["error"]["layer"]) == ("application_error", "answered", "application")


def test_an_exception_of_the_library_has_its_number(thrift_servers: Thrift, tmp_path: Path) -> None:
    exchange = call(thrift_servers, "buffered-binary", "Shop.crash")
    assert response_of(exchange).status.code == 6
    assert response_of(exchange).summary == "INTERNAL_ERROR: Internal error"
    assert "log" in (failure_of(exchange).hint or "")
    newer = tmp_path / "newer.thrift"
    newer.write_text("service Shop { void nope() }")
    exchange = send(ThriftRequest(place(thrift_servers, "buffered-binary"), str(newer), "nope", timeout=5.0))
    assert (response_of(exchange).status.code, response_of(exchange).status.text) == (1, "UNKNOWN_METHOD")
    fields = {"message": "Unknown function nope", "type": 1}
    assert response_of(exchange).data["exception"] == {"name": "TApplicationException", "fields": fields}


def test_a_missing_result_is_malformed(thrift_servers: Thrift) -> None:
    exchange = call(thrift_servers, "buffered-binary", "none")
    assert failed_as(exchange)[:2] == ("protocol", "malformed")
    assert "MISSING_RESULT" in failure_of(exchange).message


def test_a_oneway_call_is_sent_and_nothing_is_awaited(thrift_servers: Thrift) -> None:
    exchange = call(thrift_servers, "buffered-binary", "fire", "what=from the adapter")
    assert exchange.error is None
    response = response_of(exchange)
    assert (response.status.text, response.framing, codes(exchange)) == ("sent", "none", ["oneway"])
    fired = thrift_servers.folder / "fired"
    call(thrift_servers, "buffered-binary", "slow", "ms=200")
    assert "from the adapter\n" in fired.read_text()


def test_a_slow_method_ends_at_the_limit(thrift_servers: Thrift) -> None:
    exchange = call(thrift_servers, "buffered-binary", "slow", "ms=2000", timeout=0.3)
    assert failed_as(exchange) == ("transport", "timeout", "wait", "unknown")


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("framed-binary", {}),
        ("buffered-binary", {"transport": "framed"}),
        ("framed-compact", {}),
        ("multiplexed-binary", {}),
        ("buffered-compact", {}),
    ],
)
def test_a_form_that_the_server_does_not_speak_is_told(thrift_servers: Thrift, form: str, options: dict[str, Any]) -> None:
    exchange = call(thrift_servers, form, "add", "a=2", "b=3", **options)
    layer, kind, _, delivery = failed_as(exchange)
    assert (layer, delivery) == ("transport", "unknown")
    assert kind in ("closed", "reset")
    assert "--transport auto" in (failure_of(exchange).hint or "")


# --- ways to a service -------------------------------------------------------------------------------------


def test_a_service_among_several_is_named_in_the_call(thrift_servers: Thrift) -> None:
    assert json_of(call(thrift_servers, "multiplexed-binary", "Shop.add", "a=2", "b=3", multiplexed="")) == 5
    assert json_of(call(thrift_servers, "multiplexed-binary", "add", "a=2", "b=3", multiplexed="Shop")) == 5


def test_tls(thrift_servers: Thrift, ca: Authority) -> None:
    port = thrift_servers.ports["tls-binary"]
    for words, options in ((f"thrift+tls://localhost:{port}", {}), (f"localhost:{port}", {"tls": True})):
        exchange = send(ThriftRequest(words, FILE, "ping", cacert=str(ca.root), timeout=5.0, **options))
        assert json_of(exchange) == "pong"
        assert exchange.connection.tls
        assert exchange.target.url == f"thrift+tls://localhost:{port}"
    exchange = send(ThriftRequest(f"thrift+tls://localhost:{port}", FILE, "ping", timeout=5.0))
    assert failed_as(exchange)[:2] == ("tls", "certificate_untrusted")


@pytest.mark.parametrize("protocol", ["binary", "json"])
def test_http(thrift_servers: Thrift, protocol: str) -> None:
    url = f"http://{thrift_servers.host}:{thrift_servers.ports[f'http-{protocol}']}/shop"
    exchange = send(ThriftRequest(url, FILE, "add", "a=2", "b=3", protocol=protocol, timeout=5.0, headers=("X-A: b",)))
    assert json_of(exchange) == 5
    assert exchange.target.url == url
    assert ("X-A", "b") in exchange.request.fields
    assert send(ThriftRequest(url, FILE, "fire", "what=by http", protocol=protocol, timeout=5.0)).error is None


def test_a_header_goes_with_theader(thrift_servers: Thrift) -> None:
    exchange = call(thrift_servers, "header-", "ping", transport="header", headers=("trace: 7",), wire=1 << 20)
    assert json_of(exchange) == "pong"
    assert exchange.transcript
    assert b"\x05trace\x017" in exchange.transcript[0].data


def test_the_old_form_without_a_version(thrift_servers: Thrift) -> None:
    exchange = call(thrift_servers, "buffered-binary", "ping", no_strict=True, wire=1 << 20)
    assert json_of(exchange) == "pong"
    assert exchange.transcript
    assert exchange.transcript[0].data.startswith(b"\0\0\0\x04ping")
    assert [entry.note for entry in exchange.transcript] == ["CALL ping", "REPLY ping"]


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("buffered-binary", "buffered binary"), ("framed-compact", "framed compact"), ("buffered-json", "buffered json"),
        ("framed-json", "framed json"), ("header-", "framed binary"), ("buffered-compact", "buffered compact"),
    ],
)  # fmt: skip
def test_auto_finds_what_a_server_speaks(thrift_servers: Thrift, form: str, found: str) -> None:
    exchange = call(thrift_servers, form, "add", "a=2", "b=3", transport="auto", protocol="auto", timeout=20.0)
    assert json_of(exchange) == 5
    data = response_of(exchange).data
    assert f"{data['transport']} {data['protocol']}" == found
    assert {earlier.why for earlier in exchange.history} <= {"retry"}
    assert exchange.timing.phases["handshake"] > 0
    asked = send(ThriftRequest(place(thrift_servers, form), timeout=20.0))
    assert content_of(asked) == found.encode()
    assert asked.request.data["safe"]


def test_auto_over_http_and_of_several_services(thrift_servers: Thrift) -> None:
    url = f"http://{thrift_servers.host}:{thrift_servers.ports['http-json']}/"
    exchange = send(ThriftRequest(url, FILE, "ping", protocol="auto", timeout=20.0))
    assert (json_of(exchange), response_of(exchange).data["protocol"]) == ("pong", "json")
    assert content_of(send(ThriftRequest(place(thrift_servers, "multiplexed-binary"), multiplexed="Shop"))) == b"buffered binary"
    failed = send(ThriftRequest(place(thrift_servers, "multiplexed-binary"), timeout=20.0))
    assert "none of 8 forms is answered" in failure_of(failed).message
    assert "--multiplexed" in (failure_of(failed).hint or "")


# --- what is shown and not sent ----------------------------------------------------------------------------


def shown(*words: str, **options: Any) -> str:
    exchange = send(ThriftRequest("127.0.0.1:1", FILE, *words, **options))
    assert exchange.connection.attempts == ()
    return content_of(exchange).decode()


def test_list_describe_and_template() -> None:
    assert shown() == shown(list_services=True)
    assert "service Shop extends base.Base\n  i32 add(1: i32 a, 2: i32 b)\n" in shown()
    assert "enum Color" in shown("Item", describe=True)
    assert shown("Shop.add", template=True) == '{\n  "a": 0,\n  "b": 0\n}'
    exchange = send(ThriftRequest("127.0.0.1:1", FILE))
    assert [service["name"] for service in response_of(exchange).data["services"]] == ["Shop", "base.Base"]


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        (["Shop.ad"], {}, "did you mean 'add'?"),
        (["Shop.add", "a=2", "c=3"], {}, "args.c: the method has no argument of that name"),
        (["Shop.echo"], {}, "args.item is missing"),
        (["add", "a=99999999999", "b=1"], {}, "args.a: 99999999999 is outside i32"),
        (["echo", "item.name=x", "item.color=BLUE"], {}, 'args.item.color: enum Color has no "BLUE"'),
        (["add", "a==2"], {}, "a==2 is no argument"),
        (["add"], {"data": "{"}, "is no JSON"),
        (["add"], {"headers": ("a: b",)}, "-H is for THeader and for HTTP"),
        (["add"], {"transport": "header", "protocol": "json"}, "--transport header carries binary or compact"),
        ([], {"describe": True}, "--describe takes the NAME behind the IDL"),
        (["a"], {"describe": True, "template": True}, "--describe and --template exclude each other"),
        (["add"], {"list_services": True}, "--list sends nothing"),
    ],
)
def test_what_is_wrong_in_itself_is_told_before_anything_is_sent(words: list[str], options: dict[str, Any], said: str) -> None:
    with pytest.raises(ExchangeError, match=r"^") as caught:
        send(ThriftRequest("127.0.0.1:1", FILE, *words, **options))
    assert caught.value.layer == "usage"
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("idl", "said"),
    [
        ("service S {\n  void f(\n", "bad.thrift:3:1: "),
        ("service S {\n  Nothing f()\n}\n", "bad.thrift:2:3: unknown type 'Nothing'"),
        ('include "none.thrift"\n', "bad.thrift:1:1: expected the file 'none.thrift' in"),
    ],
)
def test_an_idl_that_is_wrong_is_told_with_its_place(idl: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.thrift").write_text(idl)
    with pytest.raises(ExchangeError) as caught:
        send(ThriftRequest("127.0.0.1:1", str(tmp_path / "bad.thrift"), "f"))
    assert caught.value.layer == "usage"
    assert said in caught.value.message


def test_included_files_are_looked_for_in_the_named_folders(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "more.thrift").write_text("service More { void f() }")
    (tmp_path / "outer.thrift").write_text('include "more.thrift"\nservice Outer extends more.More {}')
    exchange = send(ThriftRequest("127.0.0.1:1", str(tmp_path / "outer.thrift"), include=(str(tmp_path / "inner"),)))
    assert b"service Outer extends more.More\n  void f()" in content_of(exchange)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "thrift takes HOST:PORT"),
        (["localhost"], "'localhost' names no port"),
        (["redis://h:1"], "redis:// is no URL of Thrift"),
        (["thrift://h:1/path"], "a URL of Thrift is SCHEME://HOST:PORT and nothing more"),
    ],
)
def test_a_place_that_is_none(words: list[str], said: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        send(ThriftRequest(*words))
    assert said in caught.value.message


# --- beside other clients and other peers ------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["binary", "compact", "json"])
def test_the_bytes_are_those_of_apaches_client(thrift_servers: Thrift, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from thrift.protocol import TBinaryProtocol, TCompactProtocol, TJSONProtocol
    from thrift.transport import TTransport

    monkeypatch.syspath_prepend(str(thrift_servers.folder / "gen-py"))
    from demo import Shop  # type: ignore[import-not-found]  # generated

    written = TTransport.TMemoryBuffer()
    made = {"binary": TBinaryProtocol.TBinaryProtocol, "compact": TCompactProtocol.TCompactProtocol, "json": TJSONProtocol.TJSONProtocol}
    Shop.Client(made[protocol](written)).send_add(2, 3)
    exchange = call(thrift_servers, f"buffered-{protocol}", "add", "a=2", "b=3", protocol=protocol, wire=1 << 20)
    assert exchange.transcript
    assert [(entry.direction, entry.note) for entry in exchange.transcript] == [("sent", "CALL add"), ("received", "REPLY add")]
    assert exchange.transcript[0].data == written.getvalue()


def test_another_protocol_is_recognised(nginx: Nginx) -> None:
    exchange = send(ThriftRequest(f"{nginx.host}:{nginx.port}", FILE, "ping", timeout=5.0))
    assert failed_as(exchange)[:2] == ("protocol", "wrong_protocol")
    assert failure_of(exchange).message.startswith("expected Thrift, got HTTP/1.1 400")
    found_out = send(ThriftRequest(f"{nginx.host}:{nginx.port}", timeout=5.0))
    assert (failed_as(found_out)[1], found_out.history) == ("wrong_protocol", ())


def test_an_http_status_is_no_answer(nginx: Nginx) -> None:
    exchange = send(ThriftRequest(f"http://{nginx.host}:{nginx.port}/nowhere", FILE, "ping", timeout=5.0))
    assert failed_as(exchange)[:2] == ("application", "bad_status")
    assert failure_of(exchange).message.startswith("the server answers HTTP 4")


def test_a_silent_peer_ends_at_the_limit() -> None:
    with responder(script(hear(b"ping\0\0\0\0\0"), hear_end)) as peer:
        exchange = send(ThriftRequest(f"{peer.host}:{peer.port}", FILE, "ping", timeout=0.4))
    assert failed_as(exchange) == ("transport", "timeout", "wait", "unknown")
    assert "--transport auto" in (failure_of(exchange).hint or "")


def test_an_answer_in_another_form_is_told_with_the_option() -> None:
    framed = b"\0\0\0\x19\x80\1\0\2\0\0\0\4ping\0\0\0\0\x0b\0\0\0\0\0\4pong\0"
    with responder(script(hear(b"ping\0\0\0\0\0"), say(framed), hear_end)) as peer:
        exchange = send(ThriftRequest(f"{peer.host}:{peer.port}", FILE, "ping", timeout=5.0))
    assert failed_as(exchange)[:2] == ("protocol", "wrong_protocol")
    assert failure_of(exchange).message == "expected a buffered binary answer, got a framed binary one"
    assert failure_of(exchange).hint == "use --transport framed"


def test_a_series_goes_over_one_connection(thrift_servers: Thrift, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["thrift", "--json", "--repeat", "50", place(thrift_servers, "framed-compact"), FILE, "add", "a=2", "b=3"]
    assert main([*words, "--transport", "framed", "--protocol", "compact"]) == 0
    found = loads(capfd.readouterr().out)
    assert (found["count"], found["failed"], found["connections"]) == (50, 0, 1)


def test_doctor_asks_what_changes_nothing(thrift_servers: Thrift, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", f"thrift://{place(thrift_servers, 'buffered-binary')}"]) == 0
    assert "Thrift, answered in" in capfd.readouterr().out


def test_no_other_tool_has_a_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["thrift", "--format", "curl", "127.0.0.1:1", FILE, "ping"]) == 2
    assert "no other tool has a command for this protocol" in capfd.readouterr().err


def test_a_secret_header_is_masked(thrift_servers: Thrift) -> None:
    exchange = call(thrift_servers, "header-", "ping", transport="header", headers=("x-auth-token: abcdefgh-secret",), wire=1 << 20)
    shown_text = dumps(document(masked(exchange)))
    assert "abcdefgh-secret" not in shown_text
    assert b64encode(b"abcdefgh-secret").decode()[:12] not in shown_text


def test_a_series_over_http_keeps_its_connection(thrift_servers: Thrift, tmp_path: Path) -> None:
    port = free_port()
    folders = " ".join(f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    server = f"server {{ listen {LOOPBACK}:{port}; location / {{ proxy_pass http://{LOOPBACK}:{thrift_servers.ports['http-binary']}; }} }}"
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr; events {{ }} http {{ access_log off; {folders} {server} }}"
    )
    with running([need("nginx"), "-p", tmp_path, "-c", config, "-e", "stderr"], tmp_path, lambda: accepts(port)), rrcli.Client() as client:
        request = ThriftRequest(f"http://{LOOPBACK}:{port}/", FILE, "add", "a=2", "b=3", timeout=5.0)
        exchanges = [client.send(request) for _ in range(3)]
    assert [response_of(each).data["result"] for each in exchanges] == [5, 5, 5]
    assert [each.connection.reused for each in exchanges] == [False, True, True]


def test_who_sends_back_what_it_hears_is_no_thrift_server() -> None:
    with TcpResponder() as echo:
        for words in ((), (FILE, "add", "a=2", "b=3")):
            failure = failure_of(send(ThriftRequest(echo.address, *words, timeout=5.0)))
            assert (failure.kind, "the answer is a CALL" in failure.message) == ("malformed", True)
