"""Exchanges side by side: sent in threads, judged where a check that goes on for ever can be ended."""

from __future__ import annotations

import pytest
from peers.script import hear, responder, say, script

from rrcli import HttpRequest
from rrcli.base import timelimit
from rrcli.base.errors import ExchangeError
from rrcli.engine.fanout import send_all

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
