"""What content is read as: JSON that is none, large JSON that an expression asks for, charsets, and fields that are no UTF-8."""

from __future__ import annotations

import pytest
from peers.exchange import codes, failure_of, notes, serving
from peers.script import hear, say

import rrcli
from rrcli.adapters.http.request import HttpRequest
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.paths import Path, names


def answered(content: bytes, *fields: bytes, **options: object) -> Exchange:
    lines = b"".join(field + b"\r\n" for field in fields)
    head = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (lines, len(content))
    with serving(hear(b"\r\n\r\n"), say(head + content)) as url:
        return send(HttpRequest(url, **options))


JSON = b"Content-Type: application/json"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"a":1,"b":', "the media type says JSON, and it breaks at line 1, column 12: expecting value"),
        (b'{"a":NaN}', "the media type says JSON, and it breaks at line 1, column 6: NaN is not JSON"),
        (b')]}\',\n{"a":1}', "the media type says JSON, and it breaks at line 1, column 1: expecting value"),
        (b"", "the content is empty"),
    ],
)
def test_a_check_on_json_says_that_there_is_none(content: bytes, why: str) -> None:
    exchange = answered(content, JSON, expect=("json.a == 1",))
    assert codes(exchange) == (["bad-json"] if content else [])
    assert failure_of(exchange).message == f"json.a == 1 does not hold: {why}"


def test_a_check_on_another_value_says_what_it_is() -> None:
    exchange = answered(b"{", JSON, expect=("header.x-a == 1",))
    assert failure_of(exchange).message == "header.x-a == 1 does not hold: it is null"


def test_large_json_is_parsed_where_an_expression_asks_for_it() -> None:
    content = b"[" + b",".join([b'{"id":[]}'] * 700_000) + b"]"
    exchange = answered(content, JSON, expect=("json[0].id == []", "header.content-type contains json"))
    assert (exchange.outcome, codes(exchange)) == ("ok", ["json-not-parsed"])
    assert document(exchange)["response"]["body"]["json"] is None
    assert Path("json[-1].id").find(names(document(exchange, whole=True, parsed=True))) == []


def test_a_note_tells_how_content_is_read() -> None:
    exchange = answered("日本".encode("shift_jis"), b"Content-Type: text/plain; charset=x-sjis", expect=("body == 日本",))
    assert (exchange.outcome, codes(exchange)) == ("ok", ["charset"])
    assert codes(answered(b"plain", b"Content-Type: text/html")) == []


def test_fields_that_are_no_utf8_are_read_as_latin_1() -> None:
    exchange = answered(b"", b"X-A: \xe9", "X-B: é".encode(), expect=("header.x-a == é", "header.x-b == é"))
    assert exchange.outcome == "ok"
    response = document(exchange)["response"]
    assert response["fields"][:2] == [["X-A", "é"], ["X-B", "é"]]
    assert (response["headers"]["x-a"], response["headers"]["x-b"]) == ("é", "é")
    drawn = rrcli.render(exchange)
    assert "  X-A: é\n  X-B: é\n" in drawn
    assert exchange.response is not None
    assert exchange.response.fields[0] == ("X-A", "\udce9")  # what -i and -D write is exact


def test_a_content_coding_that_is_none_is_noted_once() -> None:
    assert notes(answered(b"x", b"Content-Encoding: utf-8")) == [
        ("unknown-content-coding", "Content-Encoding says 'utf-8', which is no content coding; the content is left so")
    ]


def test_a_port_of_http2_without_tls_is_told_with_the_option() -> None:
    with serving(hear(b"\r\n\r\n"), say(bytes.fromhex("000006040000000000000300000064"))) as url:
        failure = failure_of(send(HttpRequest(url)))
    assert (failure.kind, failure.message) == ("wrong_protocol", "expected HTTP, got HTTP/2 frames")
    hint = "this port speaks HTTP/2 without agreeing on it: rrcli http --http2-prior-knowledge, or rrcli grpc://127.0.0.1:"
    assert (failure.hint or "").startswith(hint)
