"""`rrcli smtp --mx`: the exchangers of a domain, looked up at a name server and tried in their order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rrset
import pytest
from peers.script import datagram_responder, hear, pause, responder, say, script

from rrcli.adapters.smtp.request import SmtpRequest
from rrcli.base.errors import exit_code
from rrcli.engine.send import send
from rrcli.model.values import Exchange
from rrcli.responders.smtp import SmtpResponder


@contextmanager
def names(*records: str, code: int = 0) -> Iterator[str]:
    """A name server that answers every question with these MX records; its address."""

    def answer(data: bytes) -> bytes:
        question = dns.message.from_wire(data)
        reply = dns.message.make_response(question)
        reply.set_rcode(dns.rcode.Rcode(code))
        if records:
            reply.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "MX", *records))
        return reply.to_wire()

    with datagram_responder(lambda server, data, sender: server.sendto(answer(data), sender)) as peer:
        yield f"@{peer.host}:{peer.port}"


def mail(domain: str, server: str, port: int, *addresses: str, **options: object) -> Exchange:
    found = {name: address for name, _, address in (each.partition("=") for each in addresses)}
    resolve = tuple((name, port, address) for name, address in found.items())
    given = {"sender": "a@x.test", "recipients": ("b@x.test",), "text": "hi", "mx": True, "resolve": resolve, "timeout": 5.0, **options}
    return send(SmtpRequest(f"{domain}:{port}", server, **given))


@pytest.fixture
def mailer() -> Iterator[SmtpResponder]:
    with SmtpResponder() as responder:
        yield responder


def hosts(exchange: Exchange) -> list[tuple[str | None, str | None]]:
    return [(each.target.host, each.why) for each in (*exchange.history, exchange)]


def test_the_exchanger_that_is_preferred_is_tried_first_and_then_the_next(mailer: SmtpResponder) -> None:
    with names("20 good.test.", "10 dead.test.") as server:
        exchange = mail("x.test", server, mailer.port, "good.test=127.0.0.1", "dead.test=127.0.0.9")
    assert exchange.error is None, exchange.error
    assert hosts(exchange) == [("x.test", "redirect"), ("dead.test", "redirect"), ("good.test", None)]
    assert exchange.history[0].response
    assert [record["type"] for record in exchange.history[0].response.data["answer"]] == ["MX", "MX"]
    assert exchange.history[0].timing.phases["resolve"] > 0
    failure = exchange.history[1].error
    assert failure
    assert (failure.kind, failure.delivery) == ("refused", "not_sent")


def test_an_exchanger_that_does_not_greet_is_passed_over() -> None:
    busy: list[bytes] = []

    def answers(connection: object) -> None:
        busy.append(b"")
        steps = [say(b"421 busy\r\n")] if len(busy) == 1 else [say(b"220 x\r\n"), hear(b"\r\n"), say(b"250 x\r\n"), pause(0.1)]
        script(*steps)(connection)  # type: ignore[arg-type]

    with names("10 one.test.", "20 two.test.") as server, responder(answers) as peer:
        exchange = mail("x.test", server, peer.port, f"one.test={peer.host}", f"two.test={peer.host}", stop_after="ehlo")
    assert exchange.error is None, exchange.error
    assert hosts(exchange) == [("x.test", "redirect"), ("one.test", "redirect"), ("two.test", None)]


def test_a_refusal_of_the_message_is_no_reason_to_try_another(mailer: SmtpResponder) -> None:
    with names("10 one.test.", "20 two.test.") as server:
        exchange = mail("x.test", server, mailer.port, "one.test=127.0.0.1", "two.test=127.0.0.1", recipients=("gone@x.test",))
    assert hosts(exchange) == [("x.test", "redirect"), ("one.test", None)]
    assert exchange.response
    assert exchange.response.status.code == 550


def test_a_domain_without_exchangers_is_its_own(mailer: SmtpResponder) -> None:
    with names() as server:
        exchange = mail("x.test", server, mailer.port, "x.test=127.0.0.1")
    assert exchange.error is None, exchange.error
    assert hosts(exchange) == [("x.test", "redirect"), ("x.test", None)]


@pytest.mark.parametrize(
    ("records", "code", "kind", "word"),
    [(("0 .",), 0, "name_not_found", "null MX"), ((), 3, "name_not_found", "no domain"), ((), 2, "resolver_failed", "SERVFAIL")],
)
def test_a_domain_that_takes_no_mail(records: tuple[str, ...], code: int, kind: str, word: str) -> None:
    with names(*records, code=code) as server:
        exchange = mail("x.test", server, 25)
    assert exchange.error
    assert (exit_code(exchange.error), exchange.error.kind, word in exchange.error.message) == (3, kind, True), exchange.error.message
