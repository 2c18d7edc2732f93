"""Where answers differ, and what is no difference."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import jmespath
import pytest

from rrcli.model.diff import differences, exchange_differences
from rrcli.model.diff.documents import document_differences
from rrcli.model.diff.places import Pattern, path_text
from rrcli.model.diff.rules import Rules
from rrcli.model.values import Variation
from rrcli.policy.ignored import pattern

A1, A2 = ({"name": "h.", "type": "A", "class": "IN", "ttl": 60, "data": f"192.0.2.{last}"} for last in (1, 2))
VARIATION = Variation(varies=("id", "edns", "transport", "answer[*].ttl"), unordered=("answer", "flags"), repeats=("answer",))
NUMBERS = count()
SIDE_BY_SIDE = Rules(has_tls=False, variation_of=lambda _: VARIATION)


def answered(*answer: dict[str, Any], asked: str = "A", outcome: str = "ok", code: str = "NOERROR", **more: Any) -> dict[str, Any]:
    """The parts of a DNS exchange's document that are compared."""
    text = "\n".join(record["data"] for record in answer)
    return {
        "request": {"data": {"type": asked, "id": id(answer)}},
        "outcome": outcome,
        "error": None,
        "response": {
            "summary": f"{len(answer)} records",
            "status": {"code": None, "text": code, "ok": True},
            "fields": [],
            "body": {"text": text, "size": len(text), "sha256": text} if answer else None,
            "data": {"answer": list(answer), "id": id(answer), **more},
        },
    }


def failed(kind: str) -> dict[str, Any]:
    return {"request": {"data": {"type": "A"}}, "outcome": "error", "error": {"kind": kind}, "response": None}


def of_set(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return differences(documents, SIDE_BY_SIDE)


@pytest.mark.parametrize(
    "documents",
    [
        [],
        [answered(A1)],
        [answered(A1), answered(A1)],
        [answered(A1, A2), answered(A2, A1)],
        [answered(A1), answered({**A1, "ttl": 5})],
        [answered(A1, transport="udp", edns=None), answered(A1, transport="tcp", edns={"size": 1232})],
        [answered(A1), answered(A2, asked="AAAA")],
        [failed("refused"), failed("refused")],
    ],
)
def test_what_is_no_difference(documents: list[dict[str, Any]]) -> None:
    assert of_set(documents) == []


def test_answers() -> None:
    assert of_set([answered(A1), answered(A2), answered(A1)]) == [{"path": "response.data.answer", "values": [[A1], [A2], [A1]]}]


def test_a_number_of_equal_records() -> None:
    assert of_set([answered(A1), answered(A1, A1)]) == [{"path": "response.data.answer", "values": [[A1], [A1, A1]]}]


def test_statuses_and_flags() -> None:
    found = of_set([answered(flags=["qr"]), answered(flags=["qr", "aa"], code="NXDOMAIN", outcome="application_error")])
    assert found == [
        {"path": "outcome", "values": ["ok", "application_error"]},
        {"path": "response.status.text", "values": ["NOERROR", "NXDOMAIN"]},
        {"path": "response.data.flags", "values": [["qr"], ["qr", "aa"]]},
    ]


def test_a_failure_beside_an_answer() -> None:
    assert of_set([answered(A1), failed("timeout")]) == [
        {"path": "outcome", "values": ["ok", "error"]},
        {"path": "error.kind", "values": [None, "timeout"]},
    ]


def test_kinds_of_failure() -> None:
    assert of_set([failed("timeout"), failed("refused")]) == [{"path": "error.kind", "values": ["timeout", "refused"]}]


def test_only_what_was_asked_alike_is_compared() -> None:
    found = of_set([answered(A1), answered(asked="AAAA"), answered(A2), answered(asked="AAAA")])
    assert found == [{"path": "response.data.answer", "values": [[A1], [A2]]}]


def test_a_key_that_one_answer_lacks() -> None:
    assert of_set([answered(extra=1), answered()]) == [{"path": "response.data.extra", "values": [1, None]}]


# --- exchanges of HTTP, as saved


def saved(body: Any = None, *, text: str | None = None, code: int = 200, tls: str | None = None, **headers: Any) -> dict[str, Any]:
    """The parts of a saved exchange that are compared, with this JSON or text as its content."""
    content = json.dumps(body) if text is None else text
    size = len(content)
    named = {"content-type": "application/json", "content-length": str(size), "date": str(number := next(NUMBERS))}
    return {
        "schema": "rrcli.exchange/1",
        "id": str(number),
        "protocol": "http",
        "request": {"data": {"method": "GET"}},
        "outcome": "ok" if code < 400 else "application_error",
        "error": None if code < 400 else {"kind": "bad_status"},
        "response": {
            "status": {"code": code, "text": str(code), "ok": code < 400},
            "headers": {**named, **{name.replace("_", "-"): value for name, value in headers.items()}},
            "trailers": [],
            "body": {"size": size, "text": content, "json": body if text is None else None, "sha256": content, "truncated": False},
            "data": {"version": "HTTP/1.1"},
        },
        "connection": {"tls": tls and {"version": tls, "cipher": "AES", "alpn": None, "verified": True}},
        "timing": {"total_ms": number},
    }


def found(one: dict[str, Any], other: dict[str, Any], *ignored: str, **rules: Any) -> list[dict[str, Any]]:
    """The differences, each of whose paths finds its values in both documents."""
    differing = exchange_differences([one, other], Rules(ignored=tuple(map(pattern, ignored)), **rules))
    for each in differing:
        assert [jmespath.search(each["path"], document) for document in (one, other)] == each["values"]
    return differing


def test_a_value_of_json_is_the_only_difference_though_lengths_differ() -> None:
    assert found(saved({"price": 9, "id": 7}), saved({"price": 12.5, "id": 7})) == [
        {"path": "response.body.json.price", "values": [9, 12.5]}
    ]


@pytest.mark.parametrize(
    ("one", "other", "differing"),
    [
        ([1, 2], [2, 1], [("[0]", [1, 2], None), ("[1]", [2, 1], None)]),
        ([1], [1, None], [("[1]", [None, None], [0])]),
        ({"a": None}, {}, [(".a", [None, None], [1])]),
        ({"a b": {"c": [{"d": 1}]}}, {"a b": {"c": [{"d": True}]}}, [('."a b".c[0].d', [1, True], None)]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({"a": {"b": 1}}, {"a": [1]}, [(".a", [{"b": 1}, [1]], None)]),
        ({"id": 7}, {"id": 8}, [(".id", [7, 8], None)]),
        ({"t": "‹secret›"}, {"t": 12345}, []),
        ({"t": "a ‹secret› b"}, {"t": "a token b"}, []),
        ({"t": "a ‹secret› b"}, {"t": "a token c"}, [(".t", ["a ‹secret› b", "a token c"], None)]),
    ],
)
def test_json_by_its_structure(one: Any, other: Any, differing: list[tuple[str, list[Any], list[int] | None]]) -> None:
    wanted = [
        {"path": f"response.body.json{path}", "values": values, **({"missing": missing} if missing else {})}
        for path, values, missing in differing
    ]
    assert found(saved(one), saved(other)) == wanted


def test_null_is_no_object() -> None:
    assert found(saved(None), saved({})) == [{"path": "response.body.json", "values": [None, {}]}]


def test_text_and_its_digest() -> None:
    assert found(saved(text="a\nb\n"), saved(text="a\nc\n")) == [{"path": "response.body.text", "values": ["a\nb\n", "a\nc\n"]}]
    one, other = saved(text=""), saved(text="")
    one["response"]["body"] |= {"text": None, "size": 3, "sha256": "1"}
    other["response"]["body"] |= {"text": None, "size": 3, "sha256": "2"}
    assert found(one, other) == [{"path": "response.body.sha256", "values": ["1", "2"]}]


def test_what_was_cut_is_compared_by_its_digest() -> None:
    one, other = saved(text="ab"), saved(text="ab")
    one["response"]["body"] |= {"truncated": True, "sha256": "1"}
    assert found(one, other) == [{"path": "response.body.sha256", "values": ["1", "ab"]}]


def test_a_status_is_told_once() -> None:
    assert found(saved({}), saved({}, code=404)) == [{"path": "response.status.code", "values": [200, 404]}]


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("x-request-id", "1", "2"),
        ("etag", '"1"', '"2"'),
        ("x-updated", "Wed, 21 Oct 2015 07:28:00 GMT", "Thu, 22 Oct 2015 07:28:00 GMT"),
        ("set-cookie", ["a=‹secret›; Expires=Wed, 21 Oct 2015 07:28:00 GMT"], ["a=1; Expires=Thu, 22 Oct 2015 07:28:00 GMT"]),
        ("authorization", "Bearer ‹secret›", "Bearer abc"),
    ],
)
def test_fields_that_are_no_difference(name: str, one: Any, other: Any) -> None:
    key = name.replace("-", "_")
    assert found(saved({}, **{key: one}), saved({}, **{key: other})) == []


def test_fields() -> None:
    assert found(saved({}, x_a="1", set_cookie=["a=1"]), saved({}, x_a="2", set_cookie=["a=1; Secure"])) == [
        {"path": 'response.headers."x-a"', "values": ["1", "2"]},
        {"path": 'response.headers."set-cookie"[0]', "values": ["a=1", "a=1; Secure"]},
    ]
    assert found(saved({}, x_a="1"), saved({})) == [{"path": 'response.headers."x-a"', "values": ["1", None], "missing": [1]}]


def test_a_length_without_content() -> None:
    one, other = saved(text="", content_length="5"), saved(text="", content_length="6")
    assert found(one, other) == [{"path": 'response.headers."content-length"', "values": ["5", "6"]}]


def test_what_tls_agreed_on() -> None:
    one, other = saved({}, tls="TLSv1.2"), saved({}, tls="TLSv1.3")
    assert found(one, other) == [{"path": "connection.tls.version", "values": ["TLSv1.2", "TLSv1.3"]}]
    assert found(one, other, has_tls=False) == []
    assert found(one, other, "tls") == []


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        ("json.items[*].at", ["response.body.json.items[0].n"]),
        ("json.items[].at", ["response.body.json.items[0].n"]),
        ("json.items[1]", ["response.body.json.items[0].at", "response.body.json.items[0].n"]),
        ("json.items[*]", []),
        ("json.*", []),
        ("response.body.json", []),
        ("body", []),
        ("header.x-a", ["response.body.json.items[0].at", "response.body.json.items[0].n", "response.body.json.items[1].at"]),
    ],
)
def test_ignored_paths(ignored: str, left: list[str]) -> None:
    one = saved({"items": [{"at": 1, "n": 1}, {"at": 2, "n": 2}]})
    other = saved({"items": [{"at": 3, "n": 3}, {"at": 4, "n": 2}]})
    assert [each["path"] for each in found(one, other, ignored)] == left


def test_a_field_is_ignored_in_any_case() -> None:
    one, other = saved({}, x_a="1"), saved({}, x_a="2")
    assert found(one, other, "header.X-A") == found(one, other, 'response.headers."X-a"') == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no path to ignore"),
        ("json[", "is no path to ignore"),
        ("json[?a]", "is no path to ignore"),
        ("length(json)", "is no path to ignore"),
        ("json.", "is no path to ignore"),
        ('json."a', "is no path to ignore"),
        ("[*].a", "begins with no name"),
        ("jsn.a", "did you mean json?"),
        ("alpn", "did you mean connection.tls.alpn?"),
    ],
)
def test_what_is_no_path_to_ignore(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?").replace("[", r"\[")):
        pattern(text)


def test_all_compares_what_is_volatile_too() -> None:
    one, other = saved({"a": 1}, etag="1"), saved({"a": 1}, etag="2")
    paths = [each["path"] for each in found(one, other, whole=True)]
    assert {"id", "response.headers.etag", "response.headers.date", "timing.total_ms"} <= set(paths)
    assert "response.headers.etag" not in [each["path"] for each in found(one, other, "header.etag", whole=True)]


@pytest.mark.parametrize("steps", [("a", 0, "b c", 'd"e', "", "ü"), ("1a",), ("a-b", 12)])
def test_paths_are_read_as_they_are_written(steps: tuple[str | int, ...]) -> None:
    assert Pattern(path_text(steps)).matches(steps)
    value: Any = 1
    for step in reversed(steps):
        value = {step: value} if isinstance(step, str) else [0] * step + [value]
    assert jmespath.search(path_text(steps), value) == 1


# --- runs, sets and series


def step(name: str, exchange: dict[str, Any] | None = None, outcome: str = "passed", **held: Any) -> dict[str, Any]:
    return {"name": name, "outcome": outcome, "exchange": exchange, "set": None, "series": None, "run": None, **held}


def run(*steps: dict[str, Any], exit_code: int = 0) -> dict[str, Any]:
    return {"schema": "rrcli.run/1", "exit_code": exit_code, "steps": list(steps)}


def test_runs_step_by_step() -> None:
    one = run(step("a", saved({"n": 1})), step("b c", saved({"n": 1})), step("gone"))
    other = run(step("new"), step("b c", saved({"n": 2}), outcome="failed"), step("a", saved({"n": 1})))
    assert document_differences(one, other, Rules()) == [
        {"path": 'steps."b c".outcome', "values": ["passed", "failed"]},
        {"path": 'steps."b c".exchange.response.body.json.n', "values": [1, 2]},
        {"path": "steps.gone.outcome", "values": ["passed", None], "missing": [1]},
        {"path": "steps.new.outcome", "values": [None, "passed"], "missing": [0]},
    ]
    ignoring = Rules(ignored=(pattern("json.n"), pattern("steps.*.outcome")))
    assert document_differences(one, other, ignoring) == []
    assert document_differences(run(exit_code=0), run(exit_code=130), Rules()) == [{"path": "exit_code", "values": [0, 130]}]


def test_a_run_within_a_run_and_a_set() -> None:
    several = [{"schema": "rrcli.set/1", "exchanges": [saved({"n": n})]} for n in (1, 2)]
    one, other = (run(step("all", run=run(step("in", set=each)))) for each in several)
    assert document_differences(one, other, Rules()) == [
        {"path": "steps.all.run.steps.in.set.exchanges[0].response.body.json.n", "values": [1, 2]}
    ]


def test_a_set_that_lacks_one() -> None:
    one, other = ({"schema": "rrcli.set/1", "exchanges": [saved({})] * number} for number in (1, 2))
    assert document_differences(one, other, Rules()) == [
        {"path": "exchanges[1].schema", "values": [None, "rrcli.exchange/1"], "missing": [0]}
    ]


def series(rate: float, p50: float, p99: float, failed_ratio: float = 0.0) -> dict[str, Any]:
    total = {"min": 1, "p50": p50, "p99": p99, "max": 100}
    return {"schema": "rrcli.series/1", "rate_per_s": rate, "failed_ratio": failed_ratio, "timing": {"total_ms": total}}


@pytest.mark.parametrize(
    ("other", "paths"),
    [
        (series(1000, 1, 2), []),
        (series(905, 1.09, 2.19), []),
        (series(2000, 0.1, 0.2), []),
        (series(890, 1, 2), ["rate_per_s"]),
        (series(1000, 1.2, 2), ["timing.total_ms.p50"]),
        (series(1000, 1.2, 2.3, 0.01), ["failed_ratio", "timing.total_ms.p50", "timing.total_ms.p99"]),
    ],
)
def test_a_series_may_not_be_worse(other: dict[str, Any], paths: list[str]) -> None:
    one = series(1000, 1, 2)
    differing = document_differences(one, other, Rules())
    assert [each["path"] for each in differing] == paths
    for each in differing:
        assert [jmespath.search(each["path"], document) for document in (one, other)] == each["values"]
    assert document_differences(one, other, Rules(tolerance=1000.0, ignored=(pattern("failed_ratio"),))) == []


def test_a_figure_that_one_series_lacks_is_not_compared() -> None:
    assert document_differences(series(1000, 1, 2), {**series(1000, 1, 2), "timing": {"total_ms": None}}, Rules()) == []
