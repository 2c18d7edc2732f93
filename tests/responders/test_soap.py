"""The SOAP responder, as zeep and PHP's SoapClient see it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from peers.soap import php_call

from rrcli.adapters.http.request import HttpRequest
from rrcli.engine.send import send
from rrcli.responders.http import HttpResponder

BODY = '<s:Envelope xmlns:s="{namespace}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"


@pytest.fixture(scope="module")
def where() -> Iterator[str]:
    with HttpResponder() as web:
        yield f"{web.url}/soap"


@pytest.fixture(scope="module", params=["Shop11", "Shop12"])
def service(where: str, request: pytest.FixtureRequest) -> Any:
    """zeep's view of it, in either version."""
    zeep = pytest.importorskip("zeep")
    return zeep.Client(f"{where}?wsdl").bind("Shop", request.param)


def test_zeep_calls_it(service: Any) -> None:
    assert service.Add(a=2, b=3) == 5
    echoed = service.Echo(item={"name": "x & <y>", "qty": 2, "price": Decimal("1.50"), "color": "RED", "tags": ["a", "b"]})
    assert (echoed.name, echoed.qty, echoed.price, echoed.color, echoed.tags) == ("x & <y>", 2, Decimal("1.50"), "RED", ["a", "b"])
    first = service.Reserve(sku="pen")
    assert service.Reserve(sku="pen") == first + 1
    assert service.Log(text="hi") is None


def test_zeep_reads_its_faults(service: Any) -> None:
    from zeep.exceptions import Fault

    with pytest.raises(Fault, match="there is no gone left") as caught:
        service.Reserve(sku="gone")
    fault = caught.value
    code = fault.subcodes[0].localname if fault.subcodes else fault.code.rpartition(":")[2].rpartition(".")[2]
    assert code == "OutOfStock"
    assert fault.detail[0][0].text == "gone"
    with pytest.raises(Fault, match="too large"):
        service.Add(a=2**31 - 1, b=1)


def test_zeeps_username_token_is_taken(where: str) -> None:
    zeep = pytest.importorskip("zeep")
    from zeep.wsse.username import UsernameToken

    for digest in (False, True):
        client = zeep.Client(f"{where}?wsdl", wsse=UsernameToken("bob", "SEKRET", use_digest=digest))
        assert client.service.Add(a=1, b=1) == 2


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_phps_client_calls_it_and_reads_its_faults(where: str, version: str) -> None:
    assert php_call(f"{where}?wsdl", "Add", {"a": 2, "b": 3}, version) == {"sum": 5}
    assert php_call(f"{where}?wsdl", "Echo", {"item": {"name": "x", "tags": ["a", "b"]}}, version) == {
        "item": {"name": "x", "tags": ["a", "b"]}
    }
    fault = php_call(f"{where}?wsdl", "Reserve", {"sku": "gone"}, version)
    assert (fault["string"], fault["detail"]) == ("there is no gone left", {"OutOfStock": {"sku": "gone", "left": "0"}})


def posted(where: str, content: str, *items: str) -> tuple[int | None, str]:
    answer = send(HttpRequest("POST", where, "Content-Type:text/xml", *items, data=(("--data-raw", content),))).response
    assert answer is not None
    assert answer.body is not None
    return answer.status.code, answer.body.data.decode()


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ("no XML", 500, "Client"),
        ("<a/>", 500, "expected an envelope, got &lt;a&gt;"),
        (BODY.format(namespace="urn:other", header="", body=""), 500, "VersionMismatch"),
        (BODY.format(namespace=SOAP_11, header="", body="<Nope/>"), 500, "there is no operation Nope"),
        (BODY.format(namespace=SOAP_12, header="", body="<Nope/>"), 400, "<soap:Value>soap:Sender</soap:Value>"),
        (BODY.format(namespace=SOAP_11, header="", body="<Add><a>1</a></Add>"), 500, "whole numbers"),
        (BODY.format(namespace=SOAP_11, header="<T s:mustUnderstand='1'/>", body="<Log/>"), 500, "MustUnderstand"),
        ("<!DOCTYPE a>" + BODY.format(namespace=SOAP_11, header="", body="<Log/>"), 500, "document type"),
    ],
)
def test_what_is_no_call_is_a_fault(where: str, content: str, status: int, words: str) -> None:
    code, text = posted(where, content)
    assert code == status
    assert words in text


def test_the_wsdl_names_the_place_that_it_was_asked_of(where: str) -> None:
    answer = send(HttpRequest(f"{where}?wsdl", "Host:shop.test:8080")).response
    assert answer is not None
    assert answer.body is not None
    assert b'location="http://shop.test:8080/soap"' in answer.body.data
    plain = send(HttpRequest(where)).response
    assert plain is not None
    assert plain.status.code == 405
