"""Expressions over the document: `--expect`, `--ok`, `--query` (contract, section 3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.model.document import document
from rrcli.model.values import Body, Check, Exchange, Failure, RequestMessage, Response, Status, Target, Timing
from rrcli.policy.expect import Expectation, Judge, Path, names

JSON = {
    "id": 7,
    "name": "ann",
    "price": 1.5,
    "on": True,
    "none": None,
    "items": [{"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": []}],
    "text": "5",
    "a-b": {"c d": 1},
    "header": {"X-Y": "kept"},
    "empty": "",
}


def exchange(code: int | None = 200, text: str = "OK", *, ok: bool = True, **values: Any) -> Exchange:
    answer = Response(
        summary=f"HTTP/1.1 {code} {text}",
        status=Status(code=code, text=text, ok=ok),
        fields=(("Content-Type", "application/json"), ("ETag", '"x"'), ("Set-Cookie", "a=1")),
        body=Body(data=json.dumps(JSON).encode(), media_type="application/json"),
    )
    plain = {
        "id": "1", "protocol": "http", "target": Target(url="http://h/"), "request": RequestMessage(summary="GET / HTTP/1.1"),
        "response": answer, "timing": Timing(phases={"wait": 250_000_000}, total_ns=1_500_000_000),
    }  # fmt: skip
    return Exchange(**{**plain, **values})


VALUE = names(document(exchange()))
FAILED = names(document(exchange(response=None)))


@pytest.mark.parametrize(
    "expression",
    [
        # every operator
        "status == 200", "status != 404", "status < 201", "status <= 200", "status > 199", "status >= 200", "status==200", "status>=200",
        "json.name contains nn", "json.name matches ^a.n$", "json.name in bob, ann", "json.id exists",
        # each negated, in front or before the operator
        "not status == 404", "status not == 404", "not status != 200", "status not < 200", "status not <= 199", "status not > 200",
        "status not >= 201", "json.name not contains x", "json.name not matches ^n", "json.name not in bob,eve", "json.nope not exists",
        "not json.nope exists", "not json.name contains x", "not json.name not contains n", "not status not == 200",
        # numbers, as numbers
        "json.price == 1.50", "json.price < 2", "json.id == 7.0", "json.id in 1,7", "json.id in [1, 7]", "json.id in (1, 7)",
        # texts, quoted or not; a number in a text can be compared
        "json.name == ann", "json.name == 'ann'", 'json.name == "ann"', "json.name == `\"ann\"`", "json.name in ['bob', 'ann']",
        'json.name in ["a,b", "ann"]', 'json.name in "ann", x', 'json.name == "\\u0061nn"', "json.text == 5", "json.text == '5'",
        "json.text < 10", "json.text >= 5", "json.name < b", "json.name > 'ab'", "json.name >= ann", "json.empty == ''",
        'json.empty == ""', "json.name != 'a == b'", 'header.etag == "\\"x\\""', "header.etag == '\"x\"'",
        # the other JSON values
        "json.on == true", "json.none == null", "json.none not exists", "json.nope == null", "json.items[1].tags == []", "json.id == `7`",
        "json.items[0].tags == [\"a\", \"b\"]",
        # durations are milliseconds
        "time < 2s", "time == 1500ms", "time == 1.5s", "time == 1500", "timing.wait_ms <= 250ms", "timing.wait_ms < 1m", "time < 1h",
        # shorthands
        "body contains \"ann\"", "body matches \"id\": 7", "json exists", "header exists", "header.content-type contains json",
        "header.Content-Type == application/json", "header.\"content-type\" == application/json", "header.nope not exists",
        "header.set-cookie contains a=1", "header contains etag", "json contains name", "json.items contains {\"id\": 2, \"tags\": []}",
        "json.items[0].tags contains a", "json.id contains 7",
        # plain paths
        "response.status.text == OK", "response.status.ok == true", "json.items[0].id == 1", "json.items[-1].id == 2",
        "json.items[5] not exists", "json.items[-3] not exists", "json.items.id not exists", "json.a-b exists", 'json.a-b."c d" == 1',
        "json[0] not exists", "response.headers.content-type contains json", "request.body == null", "error == null", "exchanges == null",
        # JMESPath
        "length(json.items) == 2", "length(json.items) >= 1", "json.items[?id == `2`] | [0].id == 2", "json.items[*].id == [1, 2]",
        "sum(json.items[].id) == 3", "length(header.content-type) == 16", "length(header.ETag) == 3", "length(header.\"Content-Type\") > 3",
        "contains(header.content-type, 'json') == true", "join('-', json.items[0].tags) == a-b", "json.header.\"X-Y\" == kept",
        "length(json.nope) not exists", "floor(json.name) not exists", "json.items[::0] not exists", "to_number('nan') exists",
        "json.name || 'x' == ann", "contains(json.name, '==') == false", "@.status == 200", "[status, json.id] == [200, 7]",
        "json.header.\"X-Y\" | length(@) == 4",
        # patterns and white space
        "json.name matches /^ann$/", "json.name matches 'a.n'", "json.items matches tags",
        "  status   ==   200  ", "json.id   exists ", "json.name  not  in  bob",
    ],
)  # fmt: skip
def test_what_holds(expression: str) -> None:
    check = Expectation(expression).check(VALUE)
    assert check.ok, check
    assert check.expr == expression


@pytest.mark.parametrize(
    "expression",
    [
        "status == 404", "status == '200'", "status == OK", "status == true", "status > 200ms",
        "json.nope exists", "json.none exists", "json.name == Ann", "json.name == 'ann ", "json.on == 1",
        "json.on == 'true'", "json.none == 'null'", "json.none contains n", "json.none matches .", "json.none == 0", "json.none < 1",
        "json.on < 2", "json.items < 2", "json.items == 2", "json.name < 5", "json.id < 'x'", "json.id < x",
        "json.name in bob", "json.name in []", "json.name contains N", "json.nope contains x", "json.items contains 1",
        "header contains ETag",        "time < 1s", "time == 250ms", "not status == 200", "json.nope != null",
    ],
)  # fmt: skip
def test_what_does_not_hold(expression: str) -> None:
    assert not Expectation(expression).check(VALUE).ok


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "'' is no expectation"),
        ("status", "'status' is no expectation"),
        ("status = 200", "'status = 200' is no expectation"),
        ("status 200", "'status 200' is no expectation"),
        ("json.id in", "'json.id in' is no expectation"),
        ("json.id exists now", "'json.id exists now' is no expectation"),
        ("== 200", "'== 200' lacks a path before or a value behind =="),
        ("status ==", "'status ==' lacks a path before or a value behind =="),
        ("json.name == ''x' == 'y'", None),
        ("statsu == 200", "'statsu' in 'statsu' is no key of the document; did you mean status?"),
        ("zzz exists", "'zzz' in 'zzz' is no key of the document"),
        ("respnse.status.code == 200", "'respnse' in 'respnse.status.code' is no key of the document; did you mean response?"),
        ("length(jsn.items) == 1", "'jsn' in 'length(jsn.items)' is no key of the document; did you mean json?"),
        ("headers.x == 1", "'headers' in 'headers.x' is no key of the document; did you mean header?"),
        ("{code: stauts} exists", "'stauts' in '{code: stauts}' is no key of the document; did you mean status?"),
        ("&status contains 0", "'&status' has & where a value belongs"),
        ("not_null(&status) exists", "'not_null(&status)' has & where a value belongs"),
        ("{a: [&status]} exists", "'{a: [&status]}' has & where a value belongs"),
        ('"stat us" == 1', "'stat us' in '\"stat us\"' is no key of the document; did you mean status?"),
        ("json..id == 1", "'json..id' is no JMESPath: "),
        ("nofunc(json) exists and(", "'nofunc(json) exists and(' is no expectation"),
        ("json.name matches (", "'(' is no regular expression: missing ), unterminated subpattern at position 0"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(expression: str, message: str | None) -> None:
    if message is None:
        assert not Expectation(expression).check(VALUE).ok
        return
    with pytest.raises(ExchangeError) as raised:
        Expectation(expression)
    assert (raised.value.layer, raised.value.kind) == ("usage", "usage")
    assert raised.value.message.startswith(message)
    assert message.endswith(": ") or raised.value.message == message


def test_an_answer_that_never_came_has_no_values() -> None:
    for expression in ("status exists", "body exists", "json exists", "header exists", "header.a exists", "json.id == 7", "time < 2s"):
        assert Expectation(expression).check(FAILED).ok is (expression == "time < 2s"), expression


def test_status_is_the_text_where_there_is_no_code() -> None:
    value = names(document(exchange(None, "NXDOMAIN")))
    assert Expectation("status == NXDOMAIN").check(value) == Check(expr="status == NXDOMAIN", ok=True, actual="NXDOMAIN")


FRAGMENTS = st.sampled_from(
    ["status", "json", "header.x-y", "json.items", "[", "]", "(", ")", "{", "}", "'", '"', "`", "==", "!=", "<", ">=", "not", "in",
     "contains", "matches", "exists", " ", " ", ".", ",", "*", "?", "|", "&", "@", "-", "0", "1", ":", "::0", "length(", "to_number(",
     "floor(",      "sort_by(",      "\\", "'nan'", "999999999999999999999", "é", "\n", "250ms", "/"]
)  # fmt: skip


DEPRECATED = pytest.mark.filterwarnings("ignore:deprecated string literal:PendingDeprecationWarning")  # JMESPath of old


@DEPRECATED
@settings(max_examples=400)
@given(st.text() | st.lists(FRAGMENTS, max_size=12).map("".join) | st.lists(FRAGMENTS, max_size=8).map(" ".join))
@example("json[" + "9" * 5000 + "] exists")
@example("json" + "[-]" + " exists")
@example("(" * 3000 + "json" + ")" * 3000 + " exists")
@example("json == " + "9" * 5000 + "ms")
@example("floor(to_number('inf')) exists")
@example('json.name == "\\ud800"')
def test_never_anything_but_a_check_or_a_usage_error(text: str) -> None:
    for value in (VALUE, FAILED):
        try:
            check = Expectation(text).check(value)
            assert type(check.ok) is bool
        except ExchangeError as error:
            assert error.layer == "usage"  # noqa: PT017  # it need not be raised


@DEPRECATED
@settings(max_examples=300)
@given(st.lists(FRAGMENTS, max_size=8).map("".join))
def test_a_path_finds_a_value_or_is_a_usage_error(text: str) -> None:
    try:
        Path(text).find(VALUE)
    except ExchangeError as error:
        assert error.layer == "usage"  # noqa: PT017  # it need not be raised


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status", 200),
        ("json.items[*].id", [1, 2]),
        ("response.headers.etag", '"x"'),
        ("header.ETag", '"x"'),
        (" json.name ", "ann"),
        ("json.nope", None),
        ("keys(json.items[0])", ["id", "tags"]),
    ],
)
def test_paths(text: str, found: Any) -> None:
    assert Path(text).find(VALUE) == found


# --- the verdict


def judged(one: Exchange, *expect: str, ok: str | None = None) -> tuple[str, str | None, list[bool]]:
    """Outcome, kind of the failure, and how the checks came out."""
    found = Judge(expect, ok).judge(one)
    assert found.response == one.response  # response.status.ok stays the protocol's
    return found.outcome, found.error.kind if found.error else None, [check.ok for check in found.checks]


BAD = Failure(layer="application", kind="bad_status", message="HTTP/1.1 404 Not Found", delivery="answered")
NOT_FOUND = exchange(404, "Not Found", ok=False, outcome="application_error", error=BAD)
SYMBOLIC = exchange(None, "NXDOMAIN", ok=False, outcome="application_error", error=BAD)
BROKEN = exchange(response=None, outcome="error", error=Failure(layer="transport", kind="reset", message="reset"))


@pytest.mark.parametrize(
    ("one", "expect", "ok", "verdict"),
    [
        (exchange(), ("json.id == 7",), None, ("ok", None, [True])),
        (exchange(), ("json.id == 8", "status == 200"), None, ("check_failed", "check_failed", [False, True])),
        # an expectation on the status replaces the verdict, others do not
        (NOT_FOUND, ("status == 404",), None, ("ok", None, [True])),
        (NOT_FOUND, ("response.status.code == 404",), None, ("ok", None, [True])),
        (NOT_FOUND, ("response.status.ok == false",), None, ("ok", None, [True])),
        (NOT_FOUND, ("status in 200,404", "json.id == 7"), None, ("ok", None, [True, True])),
        (NOT_FOUND, ("json.id == 7",), None, ("application_error", "bad_status", [True])),
        (NOT_FOUND, ("status == 200",), None, ("check_failed", "check_failed", [False])),
        (NOT_FOUND, ("json.id == 8",), None, ("check_failed", "check_failed", [False])),
        # --ok
        (NOT_FOUND, (), "any", ("ok", None, [])),
        (NOT_FOUND, (), "2xx,404", ("ok", None, [])),
        (NOT_FOUND, (), "4xx", ("ok", None, [])),
        (NOT_FOUND, (), "4XX, 500", ("ok", None, [])),
        (NOT_FOUND, (), "2xx,500", ("application_error", "bad_status", [])),
        (NOT_FOUND, (), "status < 500", ("ok", None, [])),
        (NOT_FOUND, (), "json.id == 8", ("application_error", "bad_status", [])),
        (exchange(), (), "404", ("application_error", "bad_status", [])),
        (exchange(), (), "2xx", ("ok", None, [])),
        (exchange(), (), "json.id == 8", ("application_error", "bad_status", [])),
        (SYMBOLIC, (), "nxdomain", ("ok", None, [])),
        (
            exchange(None, "WRONGTYPE", ok=False, outcome="application_error", error=BAD),
            (),
            "NOERROR",
            ("application_error", "bad_status", []),
        ),
        (NOT_FOUND, ("json.id == 8",), "any", ("check_failed", "check_failed", [False])),
        # an exchange that broke stays broken
        (BROKEN, ("status == 200", "error.kind == reset"), "any", ("error", "reset", [False, True])),
    ],
)
def test_the_verdict(one: Exchange, expect: tuple[str, ...], ok: str | None, verdict: tuple[str, str | None, list[bool]]) -> None:
    assert judged(one, *expect, ok=ok) == verdict


def test_a_check_that_failed_says_what_there_is() -> None:
    found = Judge(("json.id == 8", "json.items[0] exists", "json.items[1] == 2"), None).judge(exchange())
    assert found.error == Failure(
        layer="check",
        kind="check_failed",
        message='json.id == 8 does not hold, it is 7; json.items[1] == 2 does not hold, it is {"id": 2, "tags": []}',
        delivery="answered",
        retry="useless",
    )
    assert [check.actual for check in found.checks] == [7, {"id": 1, "tags": ["a", "b"]}, {"id": 2, "tags": []}]


def test_what_is_not_ok_by_the_user_says_so() -> None:
    error = Judge((), "404").judge(exchange()).error
    assert error
    assert (error.layer, error.message) == ("application", "HTTP/1.1 200 OK is not what --ok names")


@pytest.mark.parametrize(("expect", "ok"), [(("nonsense",), None), ((), "nonsense == 1"), ((), "a b")])
def test_a_wrong_check_is_refused_before_anything_is_sent(expect: tuple[str, ...], ok: str | None) -> None:
    with pytest.raises(ExchangeError):
        Judge(expect, ok)
