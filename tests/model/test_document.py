"""The JSON document: every key of the contract, in its order, for every kind of exchange."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.jsontext import Verbatim, dumps
from rrcli.model.document import KEYS, SET_KEYS, body_text, days_left, document, headers, iso_seconds, ms, set_document
from rrcli.model.values import (
    Attempt,
    Body,
    Certificate,
    Check,
    Connection,
    Exchange,
    ExchangeSet,
    Failure,
    Note,
    RequestMessage,
    Response,
    Status,
    Target,
    Timing,
    TlsInfo,
    TranscriptEntry,
)

DAY = 86400
REQUEST = RequestMessage(
    summary="POST /users HTTP/1.1",
    fields=(("Host", "h"), ("X-A", "1"), ("x-a", "2")),
    body=Body(data=b"{}", size=2, sha256="44", media_type="application/json"),
    data={"method": "POST", "safe": False, "idempotent": False},
)
ANSWER = Response(
    summary="HTTP/1.1 201 Created",
    status=Status(code=201, text="Created"),
    fields=(("Set-Cookie", "a=1"), ("set-cookie", "b=2, c")),
    trailers=(("X-T", "v"),),
    body=Body(data=b'{"id":7}\n', size=9, sha256="ab", media_type="application/json"),
    framing="content-length",
    data={"version": "HTTP/1.1"},
    display="never in the JSON",
)
TIMING = Timing(
    started_at_ns=1_795_255_200_123_456_789, phases={"connect": 200_000, "wait": 12_000_400}, total_ns=13_100_000, elapsed_ns=13_900_000
)
LEAF = Certificate(subject="CN=h", issuer="CN=ca", sans=("h", "*.h"), not_before=0, not_after=1_795_255_200, key="EC 256", sha256="00")
CONNECTION = Connection(
    local="127.0.0.1:5",
    peer="127.0.0.1:80",
    attempts=(Attempt(address="::1", ns=100_000, error="refused"), Attempt(address="127.0.0.1", ns=5)),
    bytes_sent=140,
    bytes_received=120,
)


def exchange(**values: Any) -> Exchange:
    plain = {
        "id": "0190", "protocol": "http", "target": Target(url="http://h/users", host="h", port=80), "request": REQUEST,
        "response": ANSWER, "timing": TIMING, "connection": CONNECTION,
    }  # fmt: skip
    return Exchange(**{**plain, **values})


WHOLE: dict[str, Any] = {
    "schema": "rrcli.exchange/1",
    "id": "0190",
    "protocol": "http",
    "target": {"url": "http://h/users", "host": "h", "port": 80},
    "command": None,
    "request": {
        "summary": "POST /users HTTP/1.1",
        "fields": [["Host", "h"], ["X-A", "1"], ["x-a", "2"]],
        "headers": {"host": "h", "x-a": "1, 2"},
        "body": {
            "media_type": "application/json", "size": 2, "text": "{}", "base64": None, "json": {}, "truncated": False, "sha256": "44",
            "file": None,
        },
        "data": {"method": "POST", "safe": False, "idempotent": False},
    },
    "response": {
        "summary": "HTTP/1.1 201 Created",
        "status": {"code": 201, "text": "Created", "ok": True},
        "fields": [["Set-Cookie", "a=1"], ["set-cookie", "b=2, c"]],
        "headers": {"set-cookie": ["a=1", "b=2, c"]},
        "trailers": [["X-T", "v"]],
        "body": {
            "media_type": "application/json", "size": 9, "text": '{"id":7}\n', "base64": None, "json": {"id": 7}, "parse_ms": 0.5,
            "truncated": False, "sha256": "ab", "file": None,
        },
        "framing": "content-length",
        "data": {"version": "HTTP/1.1"},
    },
    "timing": {
        "started_at": "2026-11-21T10:00:00.123456Z",
        "resolve_ms": None, "connect_ms": 0.2, "tls_ms": None, "handshake_ms": None, "send_ms": None, "wait_ms": 12.0, "receive_ms": None,
        "total_ms": 13.1, "elapsed_ms": 13.9,
    },
    "connection": {
        "local": "127.0.0.1:5", "peer": "127.0.0.1:80", "reused": False, "proxy": None,
        "attempts": [{"address": "::1", "ms": 0.1, "error": "refused"}, {"address": "127.0.0.1", "ms": 0.0, "error": None}],
        "tls": None, "bytes_sent": 140, "bytes_received": 120,
    },
    "outcome": "ok",
    "error": None,
    "notes": [],
    "checks": [],
    "history": [],
    "transcript": None,
}  # fmt: skip


def timeless(value: dict[str, Any]) -> dict[str, Any]:
    """The document with the measured time of parsing set, after a look at it."""
    for one in (value, *value["history"]):
        body = (one["response"] or {}).get("body")
        if body and body["json"] is not None:
            assert 0 <= body["parse_ms"] < 1000
            body["parse_ms"] = 0.5
    return value


def same(value: dict[str, Any], expected: dict[str, Any]) -> None:
    """Equal, the order of keys included."""
    assert json.dumps(timeless(value), indent=1) == json.dumps(expected, indent=1)


def test_a_success() -> None:
    same(document(exchange()), WHOLE)


def test_a_failure_before_any_answer() -> None:
    failed = exchange(
        response=None,
        timing=Timing(),
        connection=Connection(peer="127.0.0.1:80"),
        outcome="error",
        error=Failure(layer="transport", kind="refused", message="refused", phase="connect", hint="start it", retry="safe"),
    )
    expected: dict[str, Any] = {
        **WHOLE,
        "response": None,
        "timing": {**dict.fromkeys(WHOLE["timing"]), "started_at": "1970-01-01T00:00:00.000000Z", "total_ms": 0.0, "elapsed_ms": 0.0},
        "connection": {
            "local": None, "peer": "127.0.0.1:80", "reused": False, "proxy": None, "attempts": [], "tls": None, "bytes_sent": 0,
            "bytes_received": 0,
        },
        "outcome": "error",
        "error": {
            "layer": "transport", "kind": "refused", "phase": "connect", "message": "refused", "hint": "start it",
            "delivery": "not_sent", "retry": "safe",
        },
    }  # fmt: skip
    same(document(failed), expected)


def test_notes_checks_history_and_transcript() -> None:
    value = document(
        exchange(
            notes=(Note(code="bare-lf", message="a bare LF"),),
            checks=(Check(expr="status == 201", ok=True, actual=201),),
            history=(exchange(why="redirect"),),
            transcript=(
                TranscriptEntry(at_ns=1_500, direction="sent", data=b"\xff\n"),
                TranscriptEntry(at_ns=2_000_000, direction="received", data=b"", note="n"),
            ),
        )
    )
    expected: dict[str, Any] = {
        **WHOLE,
        "notes": [{"code": "bare-lf", "message": "a bare LF"}],
        "checks": [{"expr": "status == 201", "ok": True, "actual": 201}],
        "history": [{**WHOLE, "why": "redirect"}],
        "transcript": [
            {"at_ms": 0.002, "direction": "sent", "base64": "/wo=", "note": None},
            {"at_ms": 2.0, "direction": "received", "base64": "", "note": "n"},
        ],
    }
    same(value, expected)


def test_an_empty_transcript_is_a_list() -> None:
    assert document(exchange(transcript=()))["transcript"] == []


def test_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.model.document.time", lambda: LEAF.not_after - 3 * DAY - 1)
    info = TlsInfo(version="TLSv1.3", cipher="C", alpn="h2", sni="h", verified=True, chain=(LEAF, LEAF.replace(not_after=0)))
    same_tls = {
        "version": "TLSv1.3", "cipher": "C", "alpn": "h2", "sni": "h", "verified": True, "days_left": 3,
        "chain": [
            {
                "subject": "CN=h", "issuer": "CN=ca", "sans": ["h", "*.h"], "not_before": "1970-01-01T00:00:00Z",
                "not_after": "2026-11-21T10:00:00Z", "days_left": 3, "key": "EC 256", "sha256": "00",
            },
            {
                "subject": "CN=h", "issuer": "CN=ca", "sans": ["h", "*.h"], "not_before": "1970-01-01T00:00:00Z",
                "not_after": "1970-01-01T00:00:00Z", "days_left": -20776, "key": "EC 256", "sha256": "00",
            },
        ],
    }  # fmt: skip
    assert json.dumps(document(exchange(connection=Connection(tls=info)))["connection"]["tls"]) == json.dumps(same_tls)
    assert document(exchange(connection=Connection(tls=TlsInfo())))["connection"]["tls"] == {
        "version": None, "cipher": None, "alpn": None, "sni": None, "verified": False, "days_left": None, "chain": [],
    }  # fmt: skip


@pytest.mark.parametrize(("left", "days"), [(DAY, 1), (DAY - 1, 0), (0, 0), (-1, -1), (-DAY, -1), (-DAY - 1, -2)])
def test_whole_days_left(left: int, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.model.document.time", lambda: LEAF.not_after - left)
    assert days_left(LEAF) == days


def test_a_set() -> None:
    several = ExchangeSet(exchanges=(exchange(), exchange(response=ANSWER.replace(framing=None, status=Status(code=200, text="Created")))))
    value = set_document(several)
    assert list(value) == list(SET_KEYS)
    assert value["schema"] == "rrcli.set/1"
    assert timeless(value["exchanges"][0]) == WHOLE
    assert (value["same"], value["differences"]) == (False, [{"path": "response.status.code", "values": [201, 200]}])
    assert set_document(ExchangeSet(exchanges=(exchange(), exchange())))["same"] is True
    assert json.loads(dumps(set_document(several, exact=True)))["exchanges"][0]["response"]["body"]["json"] == {"id": 7}


def test_the_known_first_names_are_the_keys() -> None:
    assert list(WHOLE) == list(KEYS)


# --- bodies


def body_of(data: bytes, **values: Any) -> dict[str, Any]:
    body = Body(data=data, size=len(data), sha256=hashlib.sha256(data).hexdigest(), **values)
    found = document(exchange(response=ANSWER.replace(body=body)))["response"]["body"]
    return {key: found[key] for key in ("text", "base64", "json")}


JSON = {"media_type": "application/json"}


@pytest.mark.parametrize(
    ("data", "values", "text", "exact", "value"),
    [
        (b"", {}, "", False, None),
        (b"plain", {}, "plain", False, None),
        ("é".encode(), {}, "é", False, None),
        (b"\xe9", {"charset": "latin-1"}, "é", True, None),
        (b"e", {"charset": "latin-1"}, "e", False, None),
        (b"\xe9", {}, None, True, None),
        (b"a\0b", {}, None, True, None),
        ("é".encode("utf-16"), {"charset": "utf-16"}, "é", True, None),
        (b"\xef\xbb\xbf{}", {}, "\ufeff{}", False, {}),
        (b"a", {"charset": "no-such"}, None, True, None),
        (b"a", {"charset": "hex"}, None, True, None),
        (b"a", {"charset": "undefined"}, None, True, None),
        (b"a", {"charset": "a\0b"}, None, True, None),
        (b"a", {"charset": "\ud800"}, None, True, None),
        (b"a", {"charset": "PunyCode"}, None, True, None),
        (b"7", JSON, "7", False, 7),
        (b"7", {"media_type": "application/problem+json"}, "7", False, 7),
        (b"7", {"media_type": "text/plain"}, "7", False, None),
        (b" [1]", {"media_type": "text/plain"}, " [1]", False, [1]),
        (b"{a}", JSON, "{a}", False, None),
        (b'{"a":1}', {**JSON, "truncated": True}, '{"a":1}', False, None),
        (b'"\xe9"', {**JSON, "charset": "latin-1"}, '"é"', True, "é"),
    ],
)
def test_bodies(data: bytes, values: dict[str, Any], text: str | None, exact: bool, value: Any) -> None:
    encoded = base64.b64encode(data).decode() if exact else None
    assert body_of(data, **values) == {"text": text, "base64": encoded, "json": value}


def test_no_body_is_null() -> None:
    assert document(exchange(response=ANSWER.replace(body=None)))["response"]["body"] is None


def test_a_body_that_is_no_json_costs_no_parsing() -> None:
    assert document(exchange(response=ANSWER.replace(body=Body(data=b"a"))))["response"]["body"]["parse_ms"] is None


def test_exact_keeps_the_text_of_json() -> None:
    body = ANSWER.body.replace(data=b'\xef\xbb\xbf {"b": 1.0, "a": 1e2}\n')  # type: ignore[union-attr]
    value = document(exchange(response=ANSWER.replace(body=body)), exact=True)["response"]["body"]["json"]
    assert type(value) is Verbatim
    assert value.text == '{"b": 1.0, "a": 1e2}'


@given(st.binary(), st.sampled_from([None, "utf-8", "latin-1", "utf-16", "utf-7", "shift_jis", "ascii"]))
def test_text_or_base64_give_the_bytes_back(data: bytes, charset: str | None) -> None:
    found = body_of(data, charset=charset)
    if found["base64"] is not None:
        assert base64.b64decode(found["base64"]) == data
    else:
        assert found["text"].encode() == data


@given(st.binary(), st.text())
def test_any_charset_is_survived(data: bytes, charset: str) -> None:
    text = body_text(Body(data=data, charset=charset))
    assert text is None or "\0" not in text


# --- small parts


def test_headers_join_repeats() -> None:
    fields = (("A", "1"), ("b", "2"), ("a", "3"), ("SET-COOKIE", "x"))
    assert headers(fields) == {"a": "1, 3", "b": "2", "set-cookie": ["x"]}


@pytest.mark.parametrize(("ns", "expected"), [(None, None), (0, 0.0), (1, 0.0), (1_234_567, 1.235), (10**12, 10**6)])
def test_milliseconds(ns: int | None, expected: float | None) -> None:
    assert ms(ns) == expected


@pytest.mark.parametrize(
    ("epoch", "text"), [(0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (253402300799, "9999-12-31T23:59:59Z")]
)
def test_dates(epoch: int, text: str) -> None:
    assert iso_seconds(epoch) == text
