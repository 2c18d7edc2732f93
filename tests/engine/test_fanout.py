"""Exchanges side by side: sent in threads, judged where a check that goes on for ever can be ended."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from peers.script import hear, responder, say, script

from rrcli import HttpRequest
from rrcli.base import timelimit
from rrcli.base.errors import ExchangeError
from rrcli.engine.fanout import send_all, set_exit_code
from rrcli.model.document import set_document
from rrcli.policy.redact import masked_set

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 61\r\n\r\n" + b"a" * 60 + b"b"


def test_each_is_judged_and_none_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelimit, "LIMIT", 0.05)
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        url = f"http://{peer.host}:{peer.port}/"
        checks = ("status == 200", "body matches (a+)+$", "status == 404")
        found = send_all(tuple(HttpRequest(url, expect=(check,)) for check in checks)).exchanges
    assert [(exchange.outcome, exchange.checks[0].ok) for exchange in found] == [
        ("ok", True),
        ("check_failed", False),
        ("check_failed", False),
    ]
    assert [note.code for note in found[1].notes] == ["slow-check"]


def test_a_wrong_check_costs_nothing() -> None:
    with pytest.raises(ExchangeError, match="statu"):
        send_all((HttpRequest("http://127.0.0.1:1/", expect=("statu == 200",)),))


DIFFERENT = (("HTTP/1.1 200 OK", b"one"), ("HTTP/1.1 200 OK", b"two"))


@pytest.mark.parametrize(
    ("answers", "options", "code"),
    [
        (DIFFERENT[:1] * 2, {}, 0),
        (DIFFERENT, {}, 1),
        (DIFFERENT, {"ok": "any"}, 0),
        (DIFFERENT, {"expect": ("status == 200",)}, 0),
        (DIFFERENT, {"expect": ("body exists",)}, 0),
        (DIFFERENT, {"ok": "2xx"}, 1),
        (DIFFERENT, {"all_addresses": False}, 0),
        (DIFFERENT, {"expect": ("body == one",)}, 8),
        (DIFFERENT, {"expect": ("same == true",)}, 8),
        (DIFFERENT, {"expect": ("same == false", "length(differences) == 1")}, 0),
        (DIFFERENT, {"expect": ("exchanges[*].status == [200, 200]", "max(exchanges[*].time) < 10s", "body exists")}, 0),
        (DIFFERENT, {"expect": ("exchanges[1].json.id exists",)}, 8),
    ],
)
def test_answers_that_differ_are_a_failure_unless_the_user_says_what_counts(
    answers: tuple[tuple[str, bytes], ...], options: dict[str, Any], code: int
) -> None:
    """One second apart: the date of an answer, and how old it is, are no difference."""
    with ExitStack() as stack:
        requests = []
        for number, (head, body) in enumerate(answers):
            told = f"{head}\r\nDate: Sat, 21 Nov 2026 10:00:0{number} GMT\r\nAge: {number}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            peer = stack.enter_context(responder(script(hear(b"\r\n\r\n"), say(told + body))))
            requests.append(HttpRequest(f"http://{peer.host}:{peer.port}/", **{"all_addresses": True, **options}))
        found = send_all(tuple(requests))
    assert set_exit_code(found) == code
    assert [check.expr for check in found.checks] == [
        text for text in options.get("expect", ()) if text.startswith(("same", "length", "ex", "max"))
    ]


def test_a_check_of_a_set_is_in_its_document_and_shows_no_secret() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(ANSWER))) as peer:
        request = HttpRequest(
            f"http://{peer.host}:{peer.port}/", bearer="hunter2222", expect=("exchanges[0].request.headers.authorization == x",)
        )
        found = masked_set(send_all((request,)))
    document = set_document(found)
    assert document["checks"] == [{"expr": request.expect[0], "ok": False, "actual": "Bearer ‹secret›"}]
    assert document["exchanges"][0]["checks"] == []
