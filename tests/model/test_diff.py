"""Where answers differ, and what is no difference."""

from __future__ import annotations

from typing import Any

import pytest

from rrcli.model.diff import differences

A1, A2 = ({"name": "h.", "type": "A", "class": "IN", "ttl": 60, "data": f"192.0.2.{last}"} for last in (1, 2))


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
    assert differences(documents) == []


def test_answers() -> None:
    assert differences([answered(A1), answered(A2), answered(A1)]) == [{"path": "response.data.answer", "values": [[A1], [A2], [A1]]}]


def test_a_number_of_equal_records() -> None:
    assert differences([answered(A1), answered(A1, A1)]) == [{"path": "response.data.answer", "values": [[A1], [A1, A1]]}]


def test_statuses_and_flags() -> None:
    found = differences([answered(flags=["qr"]), answered(flags=["qr", "aa"], code="NXDOMAIN", outcome="application_error")])
    assert found == [
        {"path": "outcome", "values": ["ok", "application_error"]},
        {"path": "response.status.text", "values": ["NOERROR", "NXDOMAIN"]},
        {"path": "response.data.flags", "values": [["qr"], ["qr", "aa"]]},
    ]


def test_a_failure_beside_an_answer() -> None:
    good, bad = answered(A1), failed("timeout")
    assert differences([good, bad]) == [
        {"path": "outcome", "values": ["ok", "error"]},
        {"path": "response", "values": [{**good["response"], "body": None}, None]},
        {"path": "error.kind", "values": [None, "timeout"]},
    ]


def test_kinds_of_failure() -> None:
    assert differences([failed("timeout"), failed("refused")]) == [{"path": "error.kind", "values": ["timeout", "refused"]}]


def test_only_what_was_asked_alike_is_compared() -> None:
    found = differences([answered(A1), answered(asked="AAAA"), answered(A2), answered(asked="AAAA")])
    assert found == [{"path": "response.data.answer", "values": [[A1], [A2]]}]


def test_a_key_that_one_answer_lacks() -> None:
    assert differences([answered(extra=1), answered()]) == [{"path": "response.data.extra", "values": [1, None]}]
