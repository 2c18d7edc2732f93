"""The bounded XML below SOAP, envelopes, what a WSDL imports, parts, tokens, and where secrets stand."""

from __future__ import annotations

import base64
import hashlib

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.codec.soap import xml
from rrcli.codec.soap.envelope import NAMESPACES, NoEnvelope, read_envelope
from rrcli.codec.soap.multipart import parameter, split
from rrcli.codec.soap.secrets import secret_spans, secret_texts
from rrcli.codec.soap.write import content_fields, envelope, username_token
from rrcli.codec.soap.wsdl import Import, line_of, scan
from rrcli.codec.soap.xml import Builder, Visitor, normalized, read

WSDL = '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema">'


def value_of(text: str) -> object:
    builder = Builder()
    read(text.encode(), builder, "it")
    return builder.value


def error_of(data: bytes) -> ExchangeError:
    with pytest.raises(ExchangeError) as caught:
        read(data, Visitor(), "it")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<a/>", ""),
        ("<a> x </a>", " x "),
        ("<a><b>1</b><c/></a>", {"b": "1", "c": ""}),
        ("<a><b>1</b><c>x</c><b>2</b><b>3</b></a>", {"b": ["1", "2", "3"], "c": "x"}),
        ("<a><b><c>1</c></b><b><c>2</c></b></a>", {"b": [{"c": "1"}, {"c": "2"}]}),
        ("<a k='v'>t</a>", {"@k": "v", "#text": "t"}),
        ("<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>", None),
        ("<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='b'>x</a>", "x"),
        ("<a>x&amp;<![CDATA[<y>]]><!-- no --></a>", "x&<y>"),
        ("<n:a xmlns:n='urn:n'><n:b n:c='1'/></n:a>", {"b": {"@c": "1"}}),
    ],
)
def test_values_of_elements(text: str, value: object) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", "malformed", "no element found"),
        (b"<a>", "malformed", "line 1, column 4: no element found"),
        (b"<a>\n</b>", "malformed", "line 2, column 3: mismatched tag"),
        (b"<a>&x;</a>", "malformed", "undefined entity"),
        (b"<!DOCTYPE a><a/>", "malformed", "document type (line 1)"),
        (b"\n<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "malformed", "document type (line 2)"),
        (b"<a>" * 201, "malformed", "deeper than 200"),
        (b"<a " + b"b" * (3 << 20), "too_large", "longer than 1 MiB"),
        (b"<a><!--" + b"b" * (3 << 20), "too_large", "longer than 1 MiB"),
    ],
)
def test_what_is_not_read(data: bytes, kind: str, words: str) -> None:
    error = error_of(data)
    assert error.kind == kind
    assert words in error.message


def test_200_levels_and_long_texts_are_read() -> None:
    read(b"<a>" * 200 + b"x" * 3_000_000 + b"</a>" * 200, Visitor(), "it")


def test_values_and_elements_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<a>" + "".join(f"<b{number} c='1'/>" for number in range(600)) + "</a>"
    monkeypatch.setattr(xml, "SPARE", 100_000)
    with pytest.raises(ExchangeError) as caught:
        value_of(text)
    assert (caught.value.kind, "as values" in caught.value.message) == ("too_large", True)
    monkeypatch.setattr(xml, "MOST_ELEMENTS", 600)
    error = error_of(text.encode())
    assert (error.kind, error.message) == ("too_large", "it has more than 600 elements")


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("<a>ü</a>".encode(), None, "<a>ü</a>"),
        (b"<a>\xfc</a>", "ISO-8859-1", "<a>ü</a>"),
        (b"<?xml version='1.0' encoding='latin1'?><a>\xfc</a>", None, "<a>ü</a>"),
        (b"<?xml version='1.0' encoding='latin1'?><a>\xc3\xbc</a>", "utf-8", "<a>ü</a>"),
        ("<?xml version='1.0' encoding='UTF-16'?><a>ü</a>".encode("utf-16"), None, "<a>ü</a>"),
        (b"\xef\xbb\xbf<a/>", "latin1", "<a/>"),
        (b"<?xml version='1.0' encoding='utf-8'?><a/>", None, "<?xml version='1.0' encoding='utf-8'?><a/>"),
    ],
)
def test_encodings(data: bytes, charset: str | None, text: str) -> None:
    assert normalized(data, charset, "it").decode() == text


@pytest.mark.parametrize(("data", "charset", "kind"), [(b"<a/>", "utf-99", "unsupported"), (b"<a/>", "base64", "unsupported"),
                                                       (b"\xff", "ascii", "malformed")])  # fmt: skip
def test_encodings_that_are_none(data: bytes, charset: str, kind: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        normalized(data, charset, "it")
    assert caught.value.kind == kind


def test_an_envelope_that_is_written_is_read() -> None:
    for version in NAMESPACES:
        found = read_envelope(envelope(version, "<Add><a>1</a></Add>", "<t:T xmlns:t='urn:t'>x</t:T>"), with_content=True)
        assert (found.version, found.body, found.content, found.fault) == (version, "Add", {"a": "1"}, None)
        assert found.headers == ({"name": "T", "namespace": "urn:t", "value": "x"},)


def test_a_body_of_one_element_alone_counts() -> None:
    found = read_envelope(envelope("1.1", "<A>1</A><B>2</B>"), with_content=True)
    assert (found.body, found.content) == ("A", "1")
    assert read_envelope(envelope("1.1", "")).body is None


def test_what_is_no_envelope() -> None:
    with pytest.raises(NoEnvelope, match="html"):
        read_envelope(b"<html/>")
    for data, words in ((b"<Envelope/>", "no version"), (envelope("1.1", "").replace(b"soap:Body", b"soap:Bodi"), "no body"),
                        (envelope("1.1", "</soap:Body><soap:Body>"), "two bodies")):  # fmt: skip
        with pytest.raises(ExchangeError, match=words):
            read_envelope(data)


def test_faults_with_odd_parts() -> None:
    said = "<soap:Fault><faultcode/><faultcode>x</faultcode><faultstring><b>1</b></faultstring><detail>just text</detail></soap:Fault>"
    fault = read_envelope(envelope("1.1", said)).fault
    assert fault is not None
    assert (fault.code, fault.string, fault.detail, fault.detail_xml) == ("", "", "just text", "<detail>just text</detail>")
    fault = read_envelope(envelope("1.2", "<soap:Fault/>")).fault
    assert fault is not None
    assert (fault.code, fault.subcodes, fault.string, fault.detail) == ("", (), "", None)


def test_a_wsdl_names_its_imports_and_enumerations() -> None:
    text = (
        f'{WSDL}\n<import location="a.wsdl"/>\n<types><xs:schema targetNamespace="urn:t"><xs:include schemaLocation=" b.xsd "/>'
        '<xs:import namespace="urn:n"/><xs:simpleType name="C"><xs:restriction base="xs:string"><xs:enumeration value="R"/>'
        '<xs:enumeration value="G"/></xs:restriction></xs:simpleType><xs:element name="e"><xs:simpleType><xs:restriction base="xs:int">'
        '<xs:enumeration value="1"/></xs:restriction></xs:simpleType></xs:element></xs:schema></types></definitions>'
    )
    found = scan(text.encode(), "x.wsdl")
    assert found.imports == (Import(location="a.wsdl", line=2), Import(location="b.xsd", line=3))
    assert found.enumerations == {("urn:t", "C"): ("R", "G"), ("urn:t", "e"): ("1",)}
    assert line_of(text.encode(), "C") == 3
    assert line_of(text.encode(), "D") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html/>", "root <html>, and no WSDL"),
        ("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>", "root <schema>, and no WSDL"),
        ("<description xmlns='http://www.w3.org/ns/wsdl'/>", "WSDL 2.0"),
        ("<s:Envelope xmlns:s='urn:s'/>", "SOAP envelope, and no WSDL"),
    ],
)
def test_what_is_no_wsdl(text: str, words: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        scan(text.encode(), "it")
    assert words in caught.value.message
    if "schema" in text:
        assert scan(text.encode(), "it", root=False).imports == ()


def test_parts_of_a_multipart_answer() -> None:
    data = b"preamble\r\n--b\nContent-Type: text/xml\n\n<a/>\n--b\r\ncontent-id: <x>\r\n"
    data += b"Content-Transfer-Encoding: base64\r\n\r\n/w==\r\n--b--\r\n"
    root, others = split(data, 'multipart/related; boundary="b"')
    assert (root.data, root.media_type, root.id) == (b"<a/>", "text/xml", None)
    assert [(part.id, part.data, part.media_type) for part in others] == [("x", b"\xff", "text/plain")]
    assert parameter('a/b; c="d; e"; f=g', "f") == "g"


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "malformed"), (b"--b\r\nno end", "malformed"), (b"--b\r\n\r\n" * 1002, "too_large"),
     (b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%=\r\n--b--", "malformed")],
)  # fmt: skip
def test_parts_that_are_none(data: bytes, kind: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        split(data, "multipart/related; boundary=b")
    assert caught.value.kind == kind


def test_a_digest_is_that_of_the_profile() -> None:
    token = username_token("a<b", "p&w", created="2026-01-01T00:00:00Z", nonce=b"0123456789abcdef")
    digest = base64.b64encode(hashlib.sha1(b"0123456789abcdef2026-01-01T00:00:00Zp&w").digest()).decode()
    assert f'#PasswordDigest">{digest}<' in token.xml
    assert "<wsse:Username>a&lt;b</wsse:Username>" in token.xml
    assert (digest in token.secrets, "p&w" in token.xml) == (True, False)
    plain = username_token("a", "p&w", created="")
    assert ("p&amp;w" in plain.xml, plain.secrets) == (True, ("p&w", "p&amp;w"))


def test_an_action_is_quoted_and_cannot_leave_its_quotes() -> None:
    assert content_fields("1.1", None) == (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", '""'))
    assert content_fields("1.1", 'a"b')[1] == ("SOAPAction", '"a\\"b"')
    assert content_fields("1.2", "urn:x") == (("Content-Type", 'application/soap+xml; charset=utf-8; action="urn:x"'),)
    assert content_fields("1.2", "") == (("Content-Type", "application/soap+xml; charset=utf-8"),)


def test_secrets_in_an_envelope() -> None:
    data = b"<a><p:Password q='>'>x&amp;y</p:Password><authToken>t</authToken><b>n</b><secret><c>i</c></secret><key>k</key></a>"
    data = data.replace(b"<a>", b"<a xmlns:p='urn:p'>")
    assert [data[begin:end] for begin, end in secret_spans(data)] == [b"x&amp;y", b"t"]
    assert secret_texts(data) == ("x&y", "t", "x&amp;y")
    assert secret_texts(b"<password>x</password><no") == ("x",)
    assert secret_spans(b"no XML") == []
