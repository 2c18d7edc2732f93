"""Whatever comes as an envelope, a WSDL or a multipart answer: a value, or a clean failure; and no value of an argument is a bug."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.mangled import mutated, outcome

from rrcli.adapters.soap.documents import Document
from rrcli.codec.soap import multipart, secrets
from rrcli.codec.soap.envelope import NoEnvelope, read_envelope
from rrcli.codec.soap.write import envelope
from rrcli.codec.soap.wsdl import scan
from rrcli.codec.soap.xml import Builder, normalized, read
from rrcli.responders.soap import wsdl

FAULT = "<soap:Fault><faultcode>soap:Client.X</faultcode><faultstring>no</faultstring><detail><a b='1'>x</a></detail></soap:Fault>"
ENVELOPES = (
    envelope("1.1", "<Add><a>1</a><a>2</a></Add>", "<h>1</h>"), envelope("1.2", FAULT), envelope("1.1", FAULT), b"<!DOCTYPE a []><a/>",
    '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"), b"<![CDATA[", b"</soap:Body>", b"&#0;&amp;", b"xmlns:soap=",
)  # fmt: skip
PARTS = b"--b\r\nContent-Type: text/xml\r\nContent-ID: <a>\r\n\r\n<a/>\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n/w==\r\n--b--"
SHOP = wsdl("http://127.0.0.1:1/soap").encode()


def enveloped(data: bytes, charset: str | None) -> object:
    try:
        return repr(read_envelope(normalized(data, charset, "it"), with_content=True))
    except NoEnvelope as error:
        return str(error)


@given(mutated(*ENVELOPES), st.sampled_from([None, "utf-8", "latin-1", "utf-16", "x"]))
def test_envelopes(data: bytes, charset: str | None) -> None:
    outcome(lambda: enveloped(data, charset))
    secrets.secret_texts(data)


@given(st.text(max_size=40))
def test_texts_come_back(text: str) -> None:
    from rrcli.codec.soap.write import escaped

    builder = Builder()
    result = outcome(lambda: read(f"<a>{escaped(text)}</a>".encode("utf-8", "surrogatepass"), builder, "it"))
    if result is None:
        assert builder.value == text


@given(
    mutated(PARTS, b'"', b"--b", b"\r\n\r\n"),
    st.sampled_from(['a/b; boundary="b"', "a/b; boundary=b; start=<a>", 'a/b; boundary="', "a/b"]),
)
def test_parts(data: bytes, kind: str) -> None:
    outcome(lambda: repr(multipart.split(data, kind)))


def understood(data: bytes) -> object:
    from rrcli.adapters.soap.library import Library
    from rrcli.adapters.soap.text import description, listing, sample

    found = scan(data, "x.wsdl")
    library = Library({"file:///x.wsdl": Document(key="file:///x.wsdl", url="file:///x.wsdl", data=data, enumerations=found.enumerations)})
    operations = library.chosen(service=None, port=None, version=None)
    return listing(operations), [description(library, each) for each in operations], [sample(library, each) for each in operations]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_wsdls_with_something_changed(data: st.DataObject) -> None:
    pytest.importorskip("zeep")
    text = SHOP
    words = text.split(b'"')
    for _ in range(data.draw(st.integers(1, 3))):  # names and values, in the places of others
        words[data.draw(st.integers(1, len(words) - 2))] = data.draw(st.sampled_from(words))
    outcome(lambda: understood(b'"'.join(words)))


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "qty", "price", "color", "tags", "@type", "base64", "x"]), inner, max_size=4),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "item", "x"]), values, max_size=3), st.sampled_from(["Add", "Echo", "Log"]))
def test_arguments(given: dict[str, object], name: str) -> None:
    pytest.importorskip("zeep")
    from rrcli.adapters.soap.calling import written
    from rrcli.adapters.soap.library import Library

    library = _known.setdefault("shop", None) or Library(
        {"file:///x": Document(key="file:///x", url="file:///x", data=SHOP, enumerations=scan(SHOP, "x").enumerations)}
    )
    _known["shop"] = library
    operation = library.operation(name)
    outcome(lambda: enveloped(written(library, operation, given, [], None), None))


_known: dict[str, object] = {}
