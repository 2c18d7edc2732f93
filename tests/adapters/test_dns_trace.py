"""`rrcli dns --trace` through a small internet of Knot DNS servers: delegations, glue, lame servers, circles."""

from __future__ import annotations

from typing import Any

import pytest
from peers.delegation import DEAD, ROOT, TLD, ZONE, Delegations
from peers.exchange import notes

from rrcli.adapters.dns.request import DnsRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.values import Exchange


def trace(net: Delegations, *words: str, **options: Any) -> Exchange:
    return send(DnsRequest(*words, **{"trace": True, "hints": str(net.hints), "port": net.port, **options}))


def way(exchange: Exchange) -> list[tuple[str | None, str, str, str | None]]:
    """Host, question, what came of it and why it went on, of each step."""
    return [
        (
            step.target.host,
            step.request.summary.split(" @")[0],
            step.response.summary if step.response else str(step.error and step.error.kind),
            step.why,
        )
        for step in (*exchange.history, exchange)
    ]


def failure(exchange: Exchange) -> tuple[str, str, str]:
    assert exchange.error is not None
    return exchange.error.layer, exchange.error.kind, exchange.error.message


TO_EXAMPLE = [
    (ROOT, "A www.example.test.", "NOERROR, test. is delegated", "redirect"),
    (TLD, "A www.example.test.", "NOERROR, example.test. is delegated", "redirect"),
]


def test_from_the_hints_to_the_answer(delegations: Delegations) -> None:
    exchange = trace(delegations, "www.example.test")
    assert way(exchange) == [*TO_EXAMPLE, (ZONE, "A www.example.test.", "NOERROR, 2 answers, flags qr aa", None)]
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert sorted(exchange.response.body.data.decode().split("\n")) == ["192.0.2.80", "192.0.2.81"]
    assert exchange.request.data["flags"] == []
    assert (exchange.outcome, notes(exchange)) == ("ok", [])
    assert [list(step.timing.phases) for step in (*exchange.history, exchange)] == [["connect", "send", "wait", "receive"]] * 3


def test_the_given_server_is_the_root(delegations: Delegations) -> None:
    exchange = trace(delegations, "www.example.test", f"@{ROOT}:{delegations.port}", hints=None, port=None)
    assert [step[0] for step in way(exchange)] == [ROOT, TLD, ZONE]


def test_a_name_that_does_not_exist(delegations: Delegations) -> None:
    exchange = trace(delegations, "nowhere.example.test")
    assert (exchange.outcome, way(exchange)[-1][2]) == ("application_error", "NXDOMAIN, 0 answers, flags qr aa")


def test_a_server_without_glue_is_looked_up_from_the_root(delegations: Delegations) -> None:
    assert way(trace(delegations, "www.far.test")) == [
        (ROOT, "A www.far.test.", "NOERROR, test. is delegated", "redirect"),
        (TLD, "A www.far.test.", "NOERROR, far.test. is delegated", "redirect"),
        (ROOT, "A ns.hosting.other.", "NOERROR, other. is delegated", "redirect"),
        (TLD, "A ns.hosting.other.", "NOERROR, 1 answer, flags qr aa", "redirect"),
        (ZONE, "A www.far.test.", "NOERROR, 2 answers, flags qr aa", None),
    ]


def test_a_dead_server_is_passed_over_and_named(delegations: Delegations) -> None:
    exchange = trace(delegations, "www.half.test")
    dead = f"ns1.half.test. ({DEAD}), a server of half.test., gives no answer: waiting for {DEAD}:{delegations.port}: connection refused"
    assert way(exchange)[2:] == [
        (DEAD, "A www.half.test.", "refused", "retry"),
        (ZONE, "A www.half.test.", "NOERROR, 2 answers, flags qr aa", None),
    ]
    assert notes(exchange) == [("lame", dead)]
    assert exchange.outcome == "ok"


@pytest.mark.parametrize(
    ("name", "note", "zone"),
    [
        ("www.lame.test", f"ns.lame.test. ({ZONE}), a server of lame.test., says REFUSED", "lame.test."),
        (
            "www.up.test",
            f"ns.up.test. ({ROOT}), a server of up.test., leads to test., which is not on the way down from up.test. to www.up.test.",
            "up.test.",
        ),
    ],
)
def test_lame_servers_are_named(delegations: Delegations, name: str, note: str, zone: str) -> None:
    exchange = trace(delegations, name)
    assert failure(exchange) == ("network", "resolver_failed", f"no server of {zone} answers for {name}.")
    assert notes(exchange)[-1] == ("lame", note)
    assert exchange.response is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("www.noglue.test", "the delegation of noglue.test. goes in a circle: www.noglue.test. → ns.noglue.test."),
        (
            "www.circle.test",
            "the delegation of circle.test. goes in a circle: www.circle.test. → ns.circle.other. → ns.circle.test. → ns.circle.other.",
        ),
    ],
)
def test_circles_are_named(delegations: Delegations, name: str, message: str) -> None:
    assert failure(trace(delegations, name)) == ("network", "resolver_failed", message)


def test_a_cut_answer_is_fetched_over_tcp(delegations: Delegations) -> None:
    exchange = trace(delegations, "big.example.test", "TXT", bufsize=1232)
    assert [(step[0], step[3]) for step in way(exchange)[2:]] == [(ZONE, "retry"), (ZONE, None)]
    assert exchange.response is not None
    assert exchange.response.data["transport"] == "tcp"


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("a.test", "A", "MX"), {}, "--trace follows one type, got A and MX"),
        (("a.test", "@tls://s"), {}, "--trace asks over udp or tcp, not over tls"),
        (("a.test", "@s"), {"hints": "x"}, "--hints and @SERVER exclude each other under --trace: both say where the root is"),
        (("a.test", "@s"), {"validate": True}, "--trace and --validate exclude each other"),
        (("a.test", "@s"), {"search": True}, "--trace and --search exclude each other"),
        (("a.test", "@s"), {"hints": "x", "trace": False}, "--hints says where --trace begins"),
    ],
)
def test_what_does_not_go_together(words: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        send(DnsRequest(*words, **{"trace": True, **options}))
    assert (caught.value.layer, caught.value.message) == ("usage", message)
