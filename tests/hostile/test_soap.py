"""`rrcli soap` against answers and WSDLs that break every rule, grow without end or would lead it elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from peers import flood
from peers.bounds import Run, as_json
from peers.flood import STEER_TEXT, forever
from peers.made import Made
from peers.script import Handler, drip, hear, hear_end, reset, say, script

from rrcli.adapters.soap.request import SoapRequest
from rrcli.codec.soap.write import envelope
from rrcli.engine.send import send
from rrcli.responders.soap import wsdl

XML = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
OPEN = envelope("1.1", "|").partition(b"|")[0]
SUM = b'<AddResponse xmlns="urn:rrcli:shop"><sum>%b</sum></AddResponse>'
LAUGHS = b'<!DOCTYPE a [<!ENTITY a "' + b"ha" * 50 + b'">' + b"".join(
    b'<!ENTITY %c "%b">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("b"), ord("l"))
) + b"]>"  # fmt: skip


def fault(code: bytes, detail: bytes = b"") -> bytes:
    return envelope("1.1", f"<soap:Fault><faultcode>{code.decode()}</faultcode>{detail.decode()}</soap:Fault>")


ANSWERS = Made(
    {
        "nothing": lambda: (b"", 0),
        "no XML": lambda: (b"\0\1\2\xff", 7),
        "a document type": lambda: (b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + OPEN, 7),
        "a billion laughs": lambda: (LAUGHS + OPEN + b"&k;", 7),
        "nested too deep": lambda: (OPEN + b"<a>" * 100_000, 7),
        "two million elements": lambda: (OPEN + b"<a/>" * 2_000_000, None),
        "a tag of 20 MB": lambda: (OPEN + b"<a " + b'b="' + b"x" * 20_000_000, None),
        "a comment of 20 MB": lambda: (OPEN + b"<!--" + b"x" * 20_000_000, None),
        "a hundred thousand attributes": lambda: (OPEN + b"<a " + b" ".join(b'b%d=""' % number for number in range(100_000)) + b"/>", None),
        "30 MB in one text": lambda: (envelope("1.1", (SUM % (b"1" * 30_000_000)).decode()), None),
        "a body without anything": lambda: (envelope("1.1", ""), 0),
        "a fault without anything": lambda: (envelope("1.1", "<soap:Fault/>"), 1),
        "a fault of a fault": lambda: (fault(b"a:b:c", b"<faultstring><faultstring/></faultstring><detail><Fault/></detail>"), 1),
        "a fault that steers": lambda: (fault(STEER_TEXT.translate(None, b"\x1b\x07\x08\x0b\x0c")), 1),
        "a thousand headers": lambda: (envelope("1.1", "", "<h/>" * 1000), 0),
        "another encoding": lambda: (b"\xfe\xff" + OPEN.decode().encode("utf-16-be"), 7),
    }
)


HEARD = b"</soap:Envelope>\n"


@pytest.fixture
def call(tmp_path: Path) -> str:
    """An envelope in a file: to send it needs no library."""
    path = tmp_path / "call.xml"
    path.write_bytes(envelope("1.1", "<Add/>"))
    return str(path)


def answer(content: bytes, heard: bytes = HEARD) -> Handler:
    return flood.answer(heard, XML + b"Content-Length: %d\r\n\r\n" % len(content), content)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer(name: str, serve, document_or_drawing: Run, call: str) -> None:
    content, code = ANSWERS[name]
    peer = serve(answer(content))
    ended = document_or_drawing("soap", f"http://{peer.host}:{peer.port}/", "--envelope", call, code=code)
    assert code is not None or ended.code in (6, 7)  # a busy machine may not come to the end of a large one


TYPED = Made(
    {
        "a number of 10,000 digits": lambda: (SUM % (b"1" * 10_000), "malformed"),
        "no number": lambda: (SUM % b"<sum/>", None),
        "a text where a number is": lambda: (SUM % b"x", "malformed"),
        "another element": lambda: (b"<Other/>", "malformed"),
        "an empty body": lambda: (b"", "malformed"),
        "30 MB in one text": lambda: (SUM % (b"1" * 30_000_000), "too_large"),
        "elements without number": lambda: (b"<a/>" * 600_000, "too_large"),
        "a type that is not there": lambda: (
            SUM.replace(b"<sum>", b"<sum xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='Q'>") % b"1",
            "malformed",
        ),
    }
)


@pytest.mark.parametrize("name", TYPED)
def test_an_answer_that_is_read_by_types(name: str, serve, tmp_path: Path) -> None:
    content, kind = TYPED[name]
    peer = serve(answer(envelope("1.1", content.decode()), b"</soap-env:Envelope>\n"))
    path = tmp_path / "shop.wsdl"
    path.write_text(wsdl(f"http://{peer.host}:{peer.port}/soap"))
    exchange = send(SoapRequest(str(path), "Add", "a=1", "b=2", timeout=30.0))
    assert (exchange.error.kind if exchange.error else None) == kind


ENDINGS = {
    "an endless text": forever(XML + b"\r\n" + OPEN, b"x" * 4096, HEARD),
    "endless elements": forever(XML + b"\r\n" + OPEN, b"<a/>" * 1024, HEARD),
    "a byte at a time": script(hear(HEARD), drip(XML + b"\r\n" + OPEN, 0.05)),
    "a reset within": script(hear(HEARD), say(XML + b"Content-Length: 999\r\n\r\n" + OPEN), reset),
    "silence": script(hear(HEARD), hear_end),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_answer_without_end(name: str, serve, call: str) -> None:
    peer = serve(ENDINGS[name])
    words = ["soap", f"http://{peer.host}:{peer.port}/", "--envelope", call, "--deadline", "700ms", "--max-size", "8MiB"]
    assert as_json(*words).code in (4, 6, 7)


def definitions(inner: str) -> bytes:
    begin = '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t"'
    return f'{begin} targetNamespace="urn:t">{inner}</definitions>'.encode()


WSDLS = Made(
    {
        "nothing": lambda: (b"", 7),
        "no XML": lambda: (b"\xff\xfe\0", 7),
        "a document type": lambda: (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/">' + definitions(""), 7),
        "a billion laughs": lambda: (LAUGHS + definitions("&k;"), 7),
        "nested too deep": lambda: (definitions("<types>" * 100_000), 7),
        "a file of this machine": lambda: (definitions('<import location="file:///etc/passwd"/>'), 7),
        "another scheme": lambda: (definitions('<import location="gopher://127.0.0.1/x"/>'), 7),
        "no URL": lambda: (definitions('<import location="http://[::1/x"/>'), 7),
        "a thousand imports": lambda: (definitions("".join(f'<import location="{number}"/>' for number in range(1000))), 7),
        "names that steer": lambda: (definitions('<import location="gopher://\u202e&#x9b;2J"/>'), 7),
    }
)


@pytest.mark.parametrize("name", WSDLS)
def test_a_wsdl(name: str, serve, document_or_drawing: Run) -> None:
    content, code = WSDLS[name]
    peer = serve(answer(content, b"\r\n\r\n"))
    document_or_drawing("soap", f"http://{peer.host}:{peer.port}/?wsdl", "Add", "a=1", "b=2", code=code)


EXTENSION = '<x:complexType name="{0}"><x:complexContent><x:extension base="t:{1}"/></x:complexContent></x:complexType>'
UNDERSTOOD = {
    "nothing in it": (definitions(""), "unsupported"),
    "itself": (definitions('<import location="?wsdl"/>'), "malformed"),
    "a circle of types": (
        definitions(
            f'<types><x:schema targetNamespace="urn:t">{EXTENSION.format("A", "B")}{EXTENSION.format("B", "A")}</x:schema></types>'
        ),
        "unsupported",
    ),
    "an address that is a file": (wsdl("file:///etc/passwd").encode(), "usage"),
    "a service without an address": (wsdl("").encode(), "usage"),
    "half a schema": (wsdl("http://127.0.0.1:1/").replace("xs:sequence>", "xs:sequense>").encode(), "malformed"),
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_wsdl_that_has_to_be_understood(name: str, serve) -> None:
    content, kind = UNDERSTOOD[name]
    peer = serve(answer(content, b"\r\n\r\n"))
    exchange = send(SoapRequest(f"http://{peer.host}:{peer.port}/?wsdl", "Add", "a=1", "b=2", timeout=30.0))
    assert exchange.error is not None
    assert exchange.error.kind == kind
