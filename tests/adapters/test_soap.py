"""Calls of services that others have written, PHP's and spyne's, and answers that follow a script."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.ca import Authority
from peers.exchange import codes, content_of, failed_as, failure_of, json_of, notes, response_of
from peers.nginx import Nginx
from peers.script import Handler, hear, responder, say, script

from rrcli import Client
from rrcli.__main__ import main
from rrcli.adapters.soap.curl import as_command
from rrcli.adapters.soap.request import SoapRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps, loads
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked
from rrcli.responders.http import HttpResponder
from rrcli.responders.soap import wsdl

NAMESPACE = "http://schemas.xmlsoap.org/soap/envelope/"
BEGIN = f'<s:Envelope xmlns:s="{NAMESPACE}">'


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The URL of our own responder's WSDL."""
    with HttpResponder() as web:
        yield f"{web.url}/soap?wsdl"


def call(*words: str, **options: Any) -> Exchange:
    return send(SoapRequest(*words, **{"timeout": 10.0, **options}))


def data_of(exchange: Exchange) -> dict[str, Any]:
    """`response.data`, as JSON has it."""
    data: dict[str, Any] = document(exchange)["response"]["data"]
    return data


def result_of(exchange: Exchange) -> Any:
    assert exchange.error is None, exchange.error
    return data_of(exchange)["result"]


def fault_of(exchange: Exchange) -> dict[str, Any]:
    fault: dict[str, Any] = data_of(exchange)["fault"]
    return fault


def text_of(exchange: Exchange) -> str:
    return content_of(exchange).decode()


def http(content: bytes | str, status: str = "200 OK", kind: str = "text/xml; charset=utf-8") -> bytes:
    data = content if isinstance(content, bytes) else content.encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def envelope(body: str, header: str = "") -> str:
    return f"{BEGIN}{f'<s:Header>{header}</s:Header>' if header else ''}<s:Body>{body}</s:Body></s:Envelope>"


def added(total: object) -> str:
    return f'<AddResponse xmlns="urn:rrcli:shop"><sum>{total}</sum></AddResponse>'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The WSDL of the shop in a file."""
    path = tmp_path / "shop.wsdl"
    path.write_text(wsdl("http://127.0.0.1:1/soap"))
    return path


def answered(file: Path, answer: bytes, *words: str, heard: list[bytes] | None = None, **options: Any) -> Exchange:
    """What becomes of an answer to Add; the WSDL is a file."""
    with responder(script(hear(b"</soap-env:Envelope>\n", heard), say(answer))) as peer:
        file.write_text(wsdl(f"http://{peer.host}:{peer.port}/soap"))
        return call(str(file), *(words or ("Add", "a=2", "b=3")), **options)


def error_of(*words: str, **options: Any) -> ExchangeError:
    with pytest.raises(ExchangeError) as caught:
        call(*words, **options)
    assert caught.value.layer == "usage"
    return caught.value


# --- PHP's SoapServer -------------------------------------------------------------------------------------------


def test_the_operations_are_listed_one_a_line_with_their_arguments(php_soap: str) -> None:
    exchange = call(f"{php_soap}?wsdl")
    assert text_of(exchange) == "Add(a: int, b: int) -> int\nWho() -> string"
    assert data_of(exchange)["operations"][0] == {
        "name": "Add", "signature": "Add(a: int, b: int) -> int", "service": "Calculator", "port": "Calculator11", "soap": "1.1",
        "action": "urn:rr:php#Add", "endpoint": php_soap,
    }  # fmt: skip
    assert text_of(call(f"{php_soap}?wsdl", list_operations=True)) == text_of(exchange)


def test_a_call_has_its_result_and_its_action(php_soap: str) -> None:
    exchange = call(f"{php_soap}?wsdl", "Add", "a=2", "b=3")
    shown = document(exchange)
    assert shown["response"]["data"] == {
        "version": "HTTP/1.1", "result": 5, "headers": [], "fault": None, "operation": "Add", "action": "urn:rr:php#Add", "soap": "1.1",
        "attachments": [],
    }  # fmt: skip
    assert ["SOAPAction", '"urn:rr:php#Add"'] in shown["request"]["fields"]
    assert ["Content-Type", "text/xml; charset=utf-8"] in shown["request"]["fields"]
    assert shown["request"]["data"] == {
        "method": "POST", "safe": False, "idempotent": False, "operation": "Add", "action": "urn:rr:php#Add", "soap": "1.1",
    }  # fmt: skip
    assert (shown["outcome"], shown["notes"], shown["target"]["url"]) == ("ok", [], php_soap)


def test_the_wsdl_stands_in_the_history_with_its_own_timing(php_soap: str) -> None:
    shown = document(call(f"{php_soap}?wsdl", "Add", "a=2", "b=3"))
    (described,) = shown["history"]
    assert (described["why"], described["request"]["summary"]) == ("describe", "GET /?wsdl HTTP/1.1")
    assert "<definitions" in described["response"]["body"]["text"]
    assert described["timing"]["total_ms"] > 0
    assert shown["timing"]["total_ms"] < shown["timing"]["elapsed_ms"] - described["timing"]["total_ms"]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_fault_of_either_version_has_the_same_keys(php_soap: str, version: str) -> None:
    exchange = call(f"{php_soap}?wsdl", "Add", "a=13", "b=1", soap=version)
    fault = fault_of(exchange)
    assert (response_of(exchange).status.code, fault["code"], fault["string"]) == (500, "Client.Unlucky", "unlucky")
    assert fault["detail"] == {"OutOfStock": {"sku": "x1", "left": 0}}
    assert "OutOfStock>" in fault["detail_xml"]
    assert sorted(fault) == ["actor", "code", "detail", "detail_xml", "node", "role", "string", "subcodes"]
    assert failed_as(exchange)[:2] == ("application", "bad_status")
    assert failure_of(exchange).message == "Fault Client.Unlucky: unlucky"
    assert data_of(exchange)["soap"] == version


def test_soap_1_2_has_the_action_in_the_media_type(php_soap: str) -> None:
    exchange = call(f"{php_soap}?wsdl", "Add", "a=2", "b=3", soap="1.2")
    assert result_of(exchange) == 5
    fields = dict(exchange.request.fields)
    assert fields["Content-Type"] == 'application/soap+xml; charset=utf-8; action="urn:rr:php#Add"'
    assert "SOAPAction" not in fields


def test_an_empty_action_is_sent_in_its_quotes(php_soap: str) -> None:
    exchange = call(f"{php_soap}?wsdl", "Who")
    assert (result_of(exchange), dict(exchange.request.fields)["SOAPAction"]) == ("nobody", '""')


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("Addd",), "there is no operation Addd; did you mean Add?", "there are Add, Who"),
        (("Add", "a=2"), "b is missing", "--template shows all that OPERATION takes"),
        (("Add", "a=x", "b=1"), "a: 'x' is no int", "write a whole number"),
        (("Add", "a=99999999999", "b=1"), "a: '99999999999' is no int", "it goes from -2147483648 to 2147483647"),
        (("Add", "a=1", "b=1", "c=1"), "Add has no c", "it has a, b"),
        (("Add", "a=1", "a=2", "b=1"), "a takes one value, and 2 are given", None),
        (("Who", "x=1"), "Who has no x", "it takes no arguments"),
    ],
)
def test_what_the_schema_does_not_take_is_told_and_nothing_is_posted(
    php_soap: str, words: tuple[str, ...], message: str, hint: str | None
) -> None:
    exchange = call(f"{php_soap}?wsdl", *words)
    failure = failure_of(exchange)
    assert (failure.layer, failure.message, failure.hint, failure.delivery) == ("usage", message, hint, "not_sent")
    assert [hop.why for hop in exchange.history] == ["describe"]
    assert exchange.request.body is None


def test_a_template_is_filled_in_and_sent_again(php_soap: str, tmp_path: Path) -> None:
    assert json_of(call(f"{php_soap}?wsdl", "Add", template="json")) == {"a": 0, "b": 0}
    filled = tmp_path / "e.xml"
    filled.write_bytes(content_of(call(f"{php_soap}?wsdl", "Add", template="xml")).replace(b">0<", b">4<"))
    exchange = call(php_soap, envelope=str(filled), action="urn:rr:php#Add")
    assert result_of(exchange) == "8"
    assert ["SOAPAction", '"urn:rr:php#Add"'] in document(exchange)["request"]["fields"]
    assert (data_of(exchange)["operation"], data_of(exchange)["action"]) == (None, "urn:rr:php#Add")


def test_an_envelope_of_1_2_is_known_by_its_namespace(php_soap: str, tmp_path: Path) -> None:
    filled = tmp_path / "e.xml"
    filled.write_bytes(content_of(call(f"{php_soap}?wsdl", "Add", template="xml", soap="1.2")))
    exchange = call(php_soap, envelope=str(filled), action="urn:rr:php#Add")
    assert dict(exchange.request.fields)["Content-Type"] == 'application/soap+xml; charset=utf-8; action="urn:rr:php#Add"'
    assert (result_of(exchange), data_of(exchange)["soap"]) == ("0", "1.2")


@pytest.mark.parametrize("digest", [False, True])
def test_a_username_token_reaches_the_service_and_is_shown_nowhere(php_soap: str, digest: bool) -> None:
    exchange = call(f"{php_soap}?wsdl", "Who", wsse="bob:SEKRET", wsse_digest=digest, wire=1 << 20)
    user, password = result_of(exchange).split(" ")
    assert (user, password == "SEKRET") == ("bob", not digest)
    assert exchange.request.body is not None
    sent = exchange.request.body.data
    assert (b"#PasswordDigest" in sent, b"<wsse:Nonce" in sent, b"SEKRET" in sent) == (digest, digest, not digest)
    shown = dumps(document(masked(exchange)))
    assert "SEKRET" not in shown
    assert password not in shown
    assert "<wsse:Username>bob</wsse:Username>" in shown


def test_a_password_with_signs_of_xml_is_masked_in_both_forms(php_soap: str) -> None:
    exchange = call(f"{php_soap}?wsdl", "Who", wsse="bob:A&B<C>rest")
    shown = dumps(document(masked(exchange)))
    assert "rest" not in shown
    assert "&amp;B" not in shown


def test_credentials_are_sent_for_the_wsdl_and_the_call_to_their_origin(php_soap: str) -> None:
    endpoint = f"{php_soap}private"
    assert result_of(call(f"{php_soap}?wsdl", "Add", "a=1", "b=1", endpoint=endpoint, user="ann:SEKRET")) == 2
    exchange = call(f"{php_soap}?wsdl", "Add", "a=1", "b=1", endpoint=endpoint)
    assert (response_of(exchange).status.code, data_of(exchange)["fault"]) == (401, None)


def test_a_series_reads_the_wsdl_once(php_soap: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["soap", f"{php_soap}?wsdl", "Add", "a=2", "b=3", "--repeat", "10", "--json"]) == 0
    found = loads(capfd.readouterr().out)
    assert (found["count"], found["failed"], len(found["first"]["history"]), len(found["worst"]["history"]) <= 1) == (10, 0, 1, True)
    with Client() as client:
        assert [len(client.send(SoapRequest(f"{php_soap}?wsdl", "Who")).history) for _ in range(2)] == [1, 0]


def test_until_repeats_the_call(php_soap: str) -> None:
    exchange = call(f"{php_soap}?wsdl", "Add", "a=2", "b=3", until="response.data.result == 5", every=0.01)
    assert result_of(exchange) == 5


# --- spyne ------------------------------------------------------------------------------------------------------


def test_items_are_read_by_the_schemas_types_and_numbers_keep_their_digits(spyne_soap: str, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["item.name=x", "item.qty=3", "item.price=1.50", "item.tags=a", "item.tags=b"]
    assert main(["soap", f"{spyne_soap}?wsdl", "Echo", *words, "--json"]) == 0
    assert '"result": {"name": "x", "qty": 3, "price": 1.50, "tags": ["a", "b"]}' in capfd.readouterr().out


def test_json_has_the_arguments_with_their_digits_and_items_add_to_them(
    spyne_soap: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "item.json"
    given.write_text('{"item": {"name": "x", "price": 0.10, "tags": ["a"]}}\n')
    assert main(["soap", f"{spyne_soap}?wsdl", "Echo", "item.qty:=2", "-d", f"@{given}", "--json"]) == 0
    assert '"result": {"name": "x", "qty": 2, "price": 0.10, "tags": ["a"]}' in capfd.readouterr().out


def test_a_fault_of_spyne_has_no_prefix_and_its_detail(spyne_soap: str) -> None:
    fault = fault_of(call(f"{spyne_soap}?wsdl", "Reserve", "sku=s1"))
    assert (fault["code"], fault["string"], fault["detail"]) == ("Client.OutOfStock", "none left", {"sku": "s1"})


def test_a_list_is_unwrapped_also_an_empty_one(spyne_soap: str) -> None:
    assert [item["name"] for item in result_of(call(f"{spyne_soap}?wsdl", "List", "count=2"))] == ["item 0", "item 1"]
    assert result_of(call(f"{spyne_soap}?wsdl", "List", "count=0")) == []


def test_an_operation_without_a_result_and_one_that_crashes(spyne_soap: str) -> None:
    assert result_of(call(f"{spyne_soap}?wsdl", "Nothing")) is None
    exchange = call(f"{spyne_soap}?wsdl", "Crash")
    assert (response_of(exchange).status.code, fault_of(exchange)["code"]) == (500, "Server")
    assert "log" in (failure_of(exchange).hint or "")


def test_a_slow_operation_ends_at_the_limit(spyne_soap: str) -> None:
    call(f"{spyne_soap}?wsdl")  # spyne makes its WSDL with the first request for it
    exchange = call(f"{spyne_soap}?wsdl", "Slow", "ms=2000", timeout=0.4)
    assert (failed_as(exchange), failure_of(exchange).retry) == (("transport", "timeout", "wait", "unknown"), "unsafe")


# --- the WSDL ---------------------------------------------------------------------------------------------------


def test_a_wsdl_that_cannot_be_had_is_that_exchange_of_http(nginx: Nginx) -> None:
    exchange = call(nginx.url("/nothing?wsdl"), "Add")
    assert (response_of(exchange).status.code, failed_as(exchange)[:2]) == (404, ("application", "bad_status"))
    assert exchange.history == ()


def test_a_page_in_place_of_a_wsdl_is_named(nginx: Nginx) -> None:
    with responder(script(hear(b"\r\n\r\n"), say(http("<!DOCTYPE html><html><title>Hi</title></html>", kind="text/html")))) as peer:
        exchange = call(f"http://{peer.host}:{peer.port}/?wsdl")
    assert failed_as(exchange)[:2] == ("protocol", "wrong_protocol")
    assert "got HTML: 'Hi'" in failure_of(exchange).message
    assert b"<title>" in response_of(exchange).body.data  # type: ignore[union-attr]
    assert failed_as(call(nginx.url("/users.json")))[:2] == ("protocol", "malformed")


def test_an_untrusted_certificate_ends_it_at_the_wsdl(nginx: Nginx) -> None:
    exchange = call(nginx.https("/?wsdl"), "Add")
    assert failed_as(exchange)[:2] == ("tls", "certificate_untrusted")
    assert exchange.request.summary.startswith("GET ")


def test_a_redirect_of_the_wsdl_is_followed_where_that_is_asked_for(shop: str) -> None:
    moved = f"HTTP/1.1 302 Found\r\nLocation: {shop}\r\nContent-Length: 0\r\n\r\n".encode()
    with responder(script(hear(b"\r\n\r\n"), say(moved))) as peer:
        url = f"http://{peer.host}:{peer.port}/?wsdl"
        exchange = call(url, "Add", "a=1", "b=2", location=True)
        assert (result_of(exchange), [hop.why for hop in exchange.history]) == (3, ["redirect", "describe"])
        stayed = call(url, "Add", "a=1", "b=2")
    assert (failed_as(stayed)[:2], failure_of(stayed).hint) == (("protocol", "malformed"), "-L follows redirects")


SECRET_FILE = "file:///etc/hostname"
DOCTYPES = {
    "an entity of a file": f'<!DOCTYPE definitions [<!ENTITY x SYSTEM "{SECRET_FILE}">]><definitions>&x;</definitions>',
    "a document type elsewhere": '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:{port}/x"><definitions/>',
    "a parameter entity": '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/x">%p;]><d/>',
}


@pytest.mark.parametrize("name", DOCTYPES)
def test_a_document_type_is_refused_and_nothing_is_fetched_for_it(name: str, tmp_path: Path) -> None:
    reached: list[socket.socket] = []
    path = tmp_path / "x.wsdl"
    with responder(reached.append) as listener:
        path.write_text(DOCTYPES[name].replace("{port}", str(listener.port)))
        exchange = call(str(path), "Add")
    assert failed_as(exchange)[:2] == ("protocol", "malformed")
    assert "document type (line 1)" in failure_of(exchange).message
    assert Path("/etc/hostname").read_text().strip() not in dumps(document(exchange))
    assert reached == []


def serving(files: dict[str, str | bytes], heard: list[bytes]) -> Handler:
    """Answers GETs with these files, and a call of Add with 7."""

    def handle(connection: socket.socket) -> None:
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = connection.recv(1)
                if not byte:
                    return
                head += byte
            heard.append(head)
            path = head.split(b" ")[1].decode()
            if head.startswith(b"POST"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
                while length:
                    length -= len(connection.recv(length))
                connection.sendall(http(envelope(added(7))))
            elif path in files:
                connection.sendall(http(files[path]))
            else:
                connection.sendall(http("no", "404 Not Found"))

    return handle


def in_two(location: str, where: str = "http://127.0.0.1:1/soap") -> tuple[str, str]:
    """The shop's WSDL with its schema in a file of its own, which it imports."""
    whole = wsdl(where)
    begin, end = whole.index("<xs:schema"), whole.index("</types>")
    schema = whole[begin:end].replace("<xs:schema ", '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:rrcli:shop" ')
    imported = f'<xs:schema><xs:import namespace="urn:rrcli:shop" schemaLocation="{location}"/></xs:schema>'
    return whole[:begin] + imported + whole[end:], schema


def test_imports_are_fetched_each_in_the_history() -> None:
    heard: list[bytes] = []
    files: dict[str, str | bytes] = {}
    with responder(serving(files, heard)) as peer:
        url = f"http://{peer.host}:{peer.port}"
        files["/a/shop?wsdl"], files["/xsd/types.xsd"] = in_two("../xsd/types.xsd", f"{url}/soap")
        exchange = call(f"{url}/a/shop?wsdl", "Add", "a=1", "b=1", "X-Key:abc", user="ann:pw")
        listed = call(f"{url}/a/shop?wsdl")
    assert result_of(exchange) == 7
    assert [(hop.why, hop.request.summary) for hop in exchange.history] == [
        ("describe", "GET /a/shop?wsdl HTTP/1.1"), ("describe", "GET /xsd/types.xsd HTTP/1.1"),
    ]  # fmt: skip
    assert all(b"Authorization: Basic " in head and b"X-Key: abc" in head for head in heard[:3])
    assert (text_of(listed).splitlines()[0], len(listed.history)) == ("Add(a: int, b: int) -> int", 1)


def test_no_credentials_go_to_the_origin_of_an_import() -> None:
    here: list[bytes] = []
    there: list[bytes] = []
    files: dict[str, str | bytes] = {}
    others: dict[str, str | bytes] = {}
    with responder(serving(files, here)) as peer, responder(serving(others, there)) as other:
        url = f"http://{peer.host}:{peer.port}"
        location = f"http://{other.host}:{other.port}/types.xsd"
        files["/?wsdl"], others["/types.xsd"] = in_two(location, f"{url}/soap")
        options: dict[str, Any] = {"user": "ann:pw", "headers": ("X-Api-Key: k3y", "X-Plain: yes"), "cookies": ("sid=1",)}
        exchange = call(f"{url}/?wsdl", "Add", "a=1", "b=1", "Authorization:token abc", **options)
    assert result_of(exchange) == 7
    assert (b"k3y" in here[0], b"sid=1" in here[0], b"k3y" in here[1]) == (True, True, True)
    assert b"X-Plain: yes" in there[0]
    assert not any(secret in there[0] for secret in (b"k3y", b"sid=1", b"abc", b"Authorization"))


def test_a_wsdl_does_not_lead_credentials_to_another_origin(shop: str, tmp_path: Path) -> None:
    heard: list[bytes] = []
    files: dict[str, str | bytes] = {}
    with responder(serving(files, heard)) as peer:
        files["/?wsdl"] = wsdl(shop.partition("?")[0])
        url = f"http://{peer.host}:{peer.port}/?wsdl"
        for options in ({"user": "ann:pw"}, {"wsse": "ann:pw"}, {"headers": ("X-Api-Key: k3y",)}):
            failure = failure_of(call(url, "Add", "a=1", "b=2", **options))
            assert (failure.layer, failure.delivery) == ("usage", "not_sent")
            assert failure.hint == f"add --endpoint {shop.partition('?')[0]} if that is meant"
        assert result_of(call(url, "Add", "a=1", "b=2")) == 3
        assert result_of(call(url, "Add", "a=1", "b=2", wsse="ann:pw", endpoint=shop.partition("?")[0])) == 3
    path = tmp_path / "own.wsdl"
    path.write_text(wsdl(shop.partition("?")[0]))
    assert result_of(call(str(path), "Add", "a=1", "b=2", user="ann:pw")) == 3


def test_what_comes_from_the_network_imports_no_file() -> None:
    with responder(serving({"/?wsdl": in_two("file:///etc/passwd")[0]}, [])) as peer:
        exchange = call(f"http://{peer.host}:{peer.port}/?wsdl", "Add")
    assert failed_as(exchange)[:2] == ("protocol", "malformed")
    assert "imports a file of this machine" in failure_of(exchange).message


def test_a_file_imports_files_beside_it(tmp_path: Path) -> None:
    whole, schema = in_two("types.xsd")
    (tmp_path / "shop.wsdl").write_text(whole)
    with pytest.raises(ExchangeError) as caught:
        call(str(tmp_path / "shop.wsdl"))
    assert (caught.value.layer, "types.xsd" in caught.value.message) == ("local", True)
    (tmp_path / "types.xsd").write_text(schema)
    assert text_of(call(str(tmp_path / "shop.wsdl"))).startswith("Add(a: int, b: int) -> int\n")


def test_imports_have_an_end(tmp_path: Path) -> None:
    for number in range(110):
        (tmp_path / f"{number}.wsdl").write_text(
            f'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><import location="{number + 1}.wsdl"/></definitions>'
        )
    exchange = call(str(tmp_path / "0.wsdl"))
    assert failed_as(exchange)[:2] == ("protocol", "too_large")
    assert "more than 100 files" in failure_of(exchange).message


BROKEN = {
    "a type that is not there": ("tns:Item", "tns:Itme", 12),
    "an element that is not there": ('element="tns:Add"', 'element="tns:Ad"', None),
    "bindings that are not there": ('binding="tns:Shop1', 'binding="tns:Shap1', None),
    "no end": ("</definitions>", "", 45),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wsdl_that_cannot_be_understood_is_malformed_with_file_and_line(name: str, file: Path) -> None:
    old, new, line = BROKEN[name]
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    exchange = call(str(file), "Add")
    assert failed_as(exchange)[:2] == ("protocol", "malformed" if "bindings" not in name else "unsupported")
    assert str(file) in failure_of(exchange).message
    assert line is None or f"line {line}" in failure_of(exchange).message


def test_well_known_schemas_are_asked_of_nobody(tmp_path: Path) -> None:
    text = wsdl("http://127.0.0.1:1/").replace(
        '<xs:element name="a" type="xs:int"/>',
        '<xs:element name="a" type="xs:int"/><xs:element name="codes" type="tns:Codes" minOccurs="0"/>',
    )
    known = (
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/" schemaLocation="http://schemas.xmlsoap.org/soap/encoding/"/>'
        '<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="http://www.w3.org/2001/xml.xsd"/>'
        '<xs:complexType name="Codes" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/">'
        '<xs:complexContent><xs:restriction base="e:Array">'
        '<xs:attribute ref="e:arrayType" xmlns:w="http://schemas.xmlsoap.org/wsdl/" w:arrayType="xs:string[]"/>'
        "</xs:restriction></xs:complexContent></xs:complexType>"
    )
    path = tmp_path / "x.wsdl"
    path.write_text(text.replace('<xs:simpleType name="Color">', known + '<xs:simpleType name="Color">'))
    exchange = call(str(path))
    assert "codes?: Codes" in text_of(exchange)
    assert exchange.history == ()


# --- answers ----------------------------------------------------------------------------------------------------


def test_an_answer_of_http_without_a_fault_stays_one_of_http(file: Path) -> None:
    page = "<html><title>Bad Gateway</title></html>"
    exchange = answered(file, http(page, "502 Bad Gateway", "text/html"))
    assert (response_of(exchange).status.code, data_of(exchange)["fault"]) == (502, None)
    assert failed_as(exchange)[:2] == ("application", "bad_status")
    assert response_of(exchange).body.data == page.encode()  # type: ignore[union-attr]
    assert failed_as(answered(file, http("", "503 Service Unavailable")))[:2] == ("application", "bad_status")
    assert failed_as(answered(file, http('{"error": 1}', "500 Oops", "application/json")))[:2] == ("application", "bad_status")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http("<!doctype html><html><title>Hi</title>", kind="text/html"), "wrong_protocol", "got HTML: 'Hi'"),
        (http('{"a": 1}', kind="application/json"), "malformed", "got application/json: '{\"a\": 1}'"),
        (http("<a/>"), "malformed", "the root <a>"),
        (http(f"{BEGIN}<s:Body>"), "malformed", "no well-formed XML: line 1"),
        (http(envelope(added("x"))), "malformed", "not of its type"),
        (http(envelope(added(1)).replace("AddResponse", "Other")), "malformed", "expected <AddResponse> in the body, got <Other>"),
        (http(envelope(added("1</sum><more/><sum>2"))), "malformed", "does not fit the schema"),
        (http(f"{BEGIN}<s:Header/></s:Envelope>"), "malformed", "no body"),
        (http(f"<!DOCTYPE x>{envelope(added(1))}"), "malformed", "document type"),
        (http(f"<!DOCTYPE x>{envelope(added(1))}", "500 Oops"), "malformed", "document type"),
        (http(envelope("<a>" * 300 + "</a>" * 300)), "malformed", "deeper than 200"),
        (http(envelope(added(1)).replace(NAMESPACE, "urn:soap-9")), "malformed", "no version that is known"),
        (http(b"\xff\xfe<\0a"), "malformed", "utf-16"),
        (http(envelope(added(1)), kind="text/xml; charset=utf-99"), "unsupported", "utf-99"),
    ],
)
def test_an_answer_that_is_no_envelope(file: Path, answer: bytes, kind: str, words: str) -> None:
    exchange = answered(file, answer)
    assert failed_as(exchange)[:2] == ("protocol", kind)
    assert words in failure_of(exchange).message
    assert exchange.response is not None
    assert data_of(exchange)["result"] is None


def test_lax_takes_what_does_not_fit_and_notes_it(file: Path) -> None:
    exchange = answered(file, http(envelope(added("1</sum><more>x</more><more>y"))).replace(b"</more></sum>", b"</sum>"), lax=True)
    assert exchange.error is not None  # broken XML is broken all the same
    strange = envelope('<AddResponse xmlns="urn:rrcli:shop"><sum>1</sum><more>x</more></AddResponse>')
    exchange = answered(file, http(strange), lax=True)
    assert (result_of(exchange), codes(exchange)) == ({"sum": 1, "more": "x"}, ["lax"])
    assert notes(exchange)[0][1] == "an element that the schema does not have: more"
    exchange = answered(file, http(envelope(added("many"))), lax=True)
    assert (result_of(exchange), codes(exchange)) == (None, ["lax"])


def test_a_fault_with_http_200_is_a_failure_and_noted(file: Path) -> None:
    said = envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring xml:lang='en'>no &amp; no</faultstring></s:Fault>")
    exchange = answered(file, http(said))
    assert (response_of(exchange).status.ok, codes(exchange)) == (False, ["fault-status"])
    assert failure_of(exchange).message == "Fault Server: no & no"
    assert (fault_of(exchange)["detail"], fault_of(exchange)["actor"]) == (None, None)


def test_a_fault_of_1_2_has_subcodes_role_node_and_the_english_reason(file: Path) -> None:
    body = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:w='urn:w'>w:FailedAuthentication</s:Value><s:Subcode>"
        "<s:Value>w:Deep</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason><s:Text xml:lang='de'>nein</s:Text>"
        "<s:Text xml:lang='en-GB'>no</s:Text></s:Reason><s:Node>urn:n</s:Node><s:Role>urn:r</s:Role></s:Fault>"
    )
    answer = envelope(body).replace(NAMESPACE, "http://www.w3.org/2003/05/soap-envelope")
    exchange = answered(file, http(answer, "400 Bad Request", "application/soap+xml"))
    fault = fault_of(exchange)
    assert (fault["code"], fault["subcodes"], fault["string"]) == ("Sender", ["FailedAuthentication", "Deep"], "no")
    assert (fault["role"], fault["node"], codes(exchange)) == ("urn:r", "urn:n", ["soap-version"])
    assert "does not believe the token" not in failure_of(exchange).message
    assert "--wsse" in (failure_of(exchange).hint or "")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
def test_a_one_way_operation_has_no_result(file: Path, answer: bytes) -> None:
    exchange = answered(file, answer, "Log", "text=hi")
    assert (result_of(exchange), codes(exchange)) == (None, [])
    assert codes(answered(file, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) == ["empty-answer"]


def test_headers_of_the_answer_are_shown(file: Path) -> None:
    header = '<t:Ticket xmlns:t="urn:t" s:mustUnderstand="1"><t:id>7</t:id></t:Ticket>'
    exchange = answered(file, http(envelope(added(5), header)))
    assert result_of(exchange) == 5
    assert data_of(exchange)["headers"] == [{"name": "Ticket", "namespace": "urn:t", "value": {"id": "7"}}]


def test_the_root_part_of_a_multipart_answer_is_read(file: Path) -> None:
    root = envelope(added(5)).encode()
    parts = b"--B\r\nContent-Type: image/png\r\nContent-ID: <pic@x>\r\n\r\n\x89PNG\r\n--B\r\nContent-Type: application/xop+xml\r\n"
    parts += b"Content-ID: <root@x>\r\n\r\n" + root + b"\r\n--B--\r\n"
    exchange = answered(file, http(parts, kind='multipart/related; type="application/xop+xml"; start="<root@x>"; boundary=B'))
    assert result_of(exchange) == 5
    assert data_of(exchange)["attachments"] == [{"id": "pic@x", "media_type": "image/png", "size": 4}]
    assert failed_as(answered(file, http(parts, kind="multipart/related")))[:2] == ("protocol", "malformed")


def test_an_answer_in_another_encoding_is_read(file: Path) -> None:
    said = '<EchoResponse xmlns="urn:rrcli:shop"><item><name>Grüße</name></item></EchoResponse>'
    for data, kind in (
        (f'<?xml version="1.0" encoding="ISO-8859-1"?>{envelope(said)}'.encode("latin-1"), "text/xml"),
        (envelope(said).encode("latin-1"), "text/xml; charset=ISO-8859-1"),
        (f'<?xml version="1.0" encoding="UTF-16"?>{envelope(said)}'.encode("utf-16"), "text/xml"),
    ):
        assert result_of(answered(file, http(data, kind=kind), "Echo", "item.name=x"))["name"] == "Grüße"


def test_values_that_json_has_no_type_for(tmp_path: Path) -> None:
    members = "".join(
        f'<xs:element name="{name}" type="xs:{kind}" minOccurs="0"/>'
        for name, kind in (("at", "dateTime"), ("day", "date"), ("month", "gYearMonth"), ("raw", "base64Binary"), ("big", "integer"),
                           ("rate", "double"), ("yes", "boolean"), ("span", "duration"), ("hex", "hexBinary"))
    )  # fmt: skip
    given = {
        "at": "2026-01-31T12:00:00Z", "day": "2026-01-31", "month": "2026-01", "raw": {"base64": "/w=="}, "big": 12345678901234567890123,
        "rate": 0.5, "yes": True, "span": "P1DT2H", "hex": "00ff",
    }  # fmt: skip
    xml = "".join(
        f"<{name}>{value['base64'] if isinstance(value, dict) else str(value).lower() if value is True else value}</{name}>"
        for name, value in given.items()
    )
    path = tmp_path / "x.wsdl"
    heard: list[bytes] = []
    answer = http(envelope(f'<EchoResponse xmlns="urn:rrcli:shop"><item>{xml}</item></EchoResponse>'))
    with responder(script(hear(b"</soap-env:Envelope>\n", heard), say(answer))) as peer:
        text = wsdl(f"http://{peer.host}:{peer.port}/soap")
        begin = text.index('<xs:element name="name"')
        path.write_text(text[:begin] + members + text[text.index("</xs:sequence></xs:complexType>\n<xs:element name=") :])
        exchange = call(str(path), "Echo", data=(("-d", dumps({"item": given})),))
    assert result_of(exchange) == given
    for part in (b"12:00:00Z<", b">2026-01<", b">/w==<", b">12345678901234567890123<", b">0.5<", b">true<", b">P1DT2H<", b">00ff<"):
        assert part in heard[0]


# --- arguments --------------------------------------------------------------------------------------------------


def test_values_of_an_enumeration(file: Path, shop: str) -> None:
    assert result_of(call(shop, "Echo", "item.name=x", "item.color=GREEN"))["color"] == "GREEN"
    error = error_of(str(file), "Echo", "item.name=x", "item.color=GREN")
    assert (error.message, error.hint) == ("item.color: 'GREN' is no Color; did you mean GREEN?", "it is one of RED, GREEN")


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("Echo",), {}, "item is missing"),
        (("Echo", "item=x"), {}, "item takes an object with name, qty, price, color, tags, and not 'x'"),
        (("Echo", "item.qty=1"), {}, "item.name is missing"),
        (("Echo", "item.nam=1"), {}, "item has no nam; did you mean name?"),
        (("Echo", "item.name=x", "item.price=1,5"), {}, "item.price: '1,5' is no decimal"),
        (("Echo", "item.name=x", "item.qty:=true"), {}, "item.qty: true is no int"),
        (("Echo", "item.name:=null"), {}, "item.name cannot be null"),
        (("Echo", "item.name:=[1,2]"), {}, "item.name takes one value, and 2 are given"),
        (("Echo", "item.name=a\x01b"), {}, "item.name has a character that XML cannot carry"),
        (("Echo", "item.name=a\udcffb"), {}, "item.name has a character that XML cannot carry"),
        (("Add", "a@x"), {}, "a@x is no argument"),
        (("Add",), {"data": (("-d", "[1]"),)}, "the arguments are a JSON object"),
        (("Add",), {"data": (("-d", "{a}"),)}, "-d '{a}' is no JSON: "),
        (("Add", "a=1", "b=2"), {"service": "Shp"}, "the WSDL has no service Shp; did you mean Shop?"),
        (("Add", "a=1", "b=2"), {"port": "Shop1"}, "the WSDL has no port Shop1; did you mean Shop1"),
        (("Add", "a=1", "b=2"), {"method": "PUT"}, "-X has no place in SOAP"),
        (("Add", "a=1"), {"describe": True}, "--describe calls nothing: there is no place for arguments"),
        ((), {"describe": True}, "--describe takes the OPERATION behind the WSDL"),
        (("Add",), {"describe": True, "template": "json"}, "--describe and --template exclude each other"),
        (("Add",), {"wsse_digest": True}, "--wsse-digest takes its user and password from --wsse"),
        (("Add",), {"action": "urn:x"}, "--action is for --envelope"),
        ((), {"envelope": "x.xml", "wsse": "a:b"}, "--wsse and --envelope exclude each other"),
        (("a=1",), {"envelope": "x.xml"}, "--envelope is the whole content: there is no place for arguments"),
        (("Add", "a=1", "b=2"), {"soap_headers": ("<a>",)}, "--soap-header is no well-formed XML: line 1, column 4: no element found"),
        (("Add", "a=1", "b=2"), {"soap_headers": ("<!DOCTYPE a><a/>",)}, "--soap-header has a document type (line 1), which is never read"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_is_sent(file: Path, words: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    assert error_of(str(file), *words, **options).message.startswith(message)


def test_a_header_of_ones_own_goes_into_the_envelope(file: Path) -> None:
    heard: list[bytes] = []
    header = '<t:Ticket xmlns:t="urn:t" soap:mustUnderstand="1"><t:authToken>k3yk3yk3y</t:authToken></t:Ticket>'
    exchange = answered(file, http(envelope(added(5))), soap_headers=(header,), heard=heard, wire=1 << 20)
    assert result_of(exchange) == 5
    assert b'<soap-env:Header><t:Ticket xmlns:t="urn:t"' in heard[0]
    assert b'mustUnderstand="1"' in heard[0]
    assert "k3yk3yk3y" not in dumps(document(masked(exchange)))


def test_a_secret_argument_is_masked_wherever_it_is_shown(file: Path) -> None:
    exchange = answered(file, http(envelope(added(5)).replace("<s:Body>", "<s:Header><a>hunter22</a></s:Header><s:Body>")),
                        "Log", "text=x", soap_headers=("<password>hunter22</password>",), wire=1 << 20)  # fmt: skip
    assert "hunter22" in dumps(document(exchange))
    assert "hunter22" not in dumps(document(masked(exchange)))


def test_an_envelope_is_sent_as_it_is_with_its_secrets_masked(tmp_path: Path) -> None:
    content = envelope("<a>\u00fc</a>", "<w:Password xmlns:w='urn:w'>SEKRET</w:Password>").encode("latin-1")
    path = tmp_path / "e.xml"
    path.write_bytes(content)
    heard: list[bytes] = []
    with responder(script(hear(b"s:Envelope>", heard), say(http(envelope("<b><c>1</c></b>"))))) as peer:
        exchange = call(f"http://{peer.host}:{peer.port}/", envelope=str(path), wire=1 << 20)
    assert heard[0].endswith(b"\r\n\r\n" + content)
    assert result_of(exchange) == "1"
    assert dict(exchange.request.fields)["SOAPAction"] == '""'
    assert "SEKRET" not in dumps(document(masked(exchange)))


def test_fields_of_http_are_given_as_items_and_win(file: Path) -> None:
    heard: list[bytes] = []
    words = ("Add", "a=2", "b=3", "SOAPAction:urn:mine", "X-A:b", "trace==1")
    exchange = answered(file, http(envelope(added(5))), *words, heard=heard)
    assert result_of(exchange) == 5
    assert heard[0].startswith(b"POST /soap?trace=1 HTTP/1.1\r\n")
    assert heard[0].count(b"SOAPAction") == 1
    assert b"\r\nSOAPAction: urn:mine\r\nX-A: b\r\n" in heard[0]


# --- what is shown ----------------------------------------------------------------------------------------------


def test_an_operation_is_described(shop: str) -> None:
    told = text_of(call(shop, "Reserve", describe=True)).splitlines()
    where = shop.partition("?")[0]
    assert told == [
        "Reserve(sku: string) -> int", f"  endpoint  {where}", "  action    'urn:rrcli:shop#Reserve'",
        "  binding   SOAP 1.1, document, port Shop11 of Shop", "  argument  sku: string", "  result    order: int",
        "  fault     OutOfStock: {sku: string, left: int}", "              sku: string", "              left: int",
    ]  # fmt: skip


def test_the_command_is_made_again_without_secrets(shop: str) -> None:
    exchange = call(shop, "Add", "a=2", "b=3", "token=x", wsse="ann:SEKRET", soap="1.2")
    assert masked(exchange).command is None or "SEKRET" not in " ".join(masked(exchange).command or ())


def test_curl_sends_the_same_post(shop: str) -> None:
    request = SoapRequest(shop, "Add", "a=2", "b=3", wsse="bob:SEKRET")
    line = as_command(send(request), request)
    assert line is not None
    assert "-H 'SOAPAction: \"urn:rrcli:shop#Add\"'" in line
    assert line.endswith(shop.partition("?")[0])
    assert "SEKRET" not in line
    assert "</ns0:a><ns0:b>3<" in line


def test_offline_builds_the_call_of_a_file(file: Path) -> None:
    exchange = call(str(file), "Add", "a=2", "b=3", offline=True)
    assert exchange.request.summary == "POST /soap HTTP/1.1"
    assert exchange.request.body is not None
    assert b"<ns0:a>2</ns0:a>" in exchange.request.body.data


def test_a_certificate_of_ones_own_is_trusted_for_both(ca: Authority, nginx: Nginx) -> None:
    exchange = call(nginx.https("/nothing?wsdl"), "Add", cacert=str(ca.root))
    assert response_of(exchange).status.code == 404


def test_a_checks_path_reads_the_fault(shop: str, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["soap", shop, "Reserve", "sku=gone", "--ok", "any", "--json"]
    assert main([*words, "--expect", "response.data.fault.code == 'Client.OutOfStock'"]) == 0
    assert loads(capfd.readouterr().out)["checks"][0]["ok"] is True


def test_without_its_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "zeep", None)
    error = error_of(str(file), "Add", "a=1", "b=2")
    assert (error.message, error.hint) == ("soap needs the module zeep", "pip install 'rrcli[soap]'; --envelope FILE needs none")
