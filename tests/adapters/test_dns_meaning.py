"""What `rrcli dns` says of answers that hold nothing, and what it makes of the habits of dig."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest
from peers.base import Peer
from peers.exchange import notes, response_of
from peers.script import datagram_responder

from rrcli.__main__ import main
from rrcli.adapters.dns import plus
from rrcli.adapters.dns.details import details
from rrcli.adapters.dns.dig import as_command
from rrcli.adapters.dns.request import DnsRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.registry import protocol_of, translated
from rrcli.engine.send import send
from rrcli.model.values import Exchange
from rrcli.report.terminal.render import render


def ask(server: str, *words: str, **options: Any) -> Exchange:
    return send(DnsRequest(*words, f"@{server}", **options))


@contextmanager
def answering(rcode: str, *, edns: bool = False, records: tuple[str, ...] = (), wire: bytes | None = None) -> Iterator[str]:
    """A server of one answer; `records` are its answer section. `wire` is the data of a CAA record in their place."""

    def handle(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        answer = dns.message.make_response(dns.message.from_wire(data))
        answer.set_rcode(dns.rcode.from_text(rcode))
        if not edns:
            answer.use_edns(False)
        for text in records:
            name, kind, target = text.split(" ", 2)
            answer.answer.append(dns.rrset.from_text(name, 300, "IN", kind, target))
        made = answer.to_wire()
        if wire is not None:
            made = made[:6] + b"\0\1" + made[8:] + b"\xc0\x0c\1\1\0\1\0\0\0\1" + len(wire).to_bytes(2, "big") + wire
        server.sendto(made, sender)

    with datagram_responder(handle) as peer:
        yield f"{peer.host}:{peer.port}"


# --- nothing of what was asked for


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ("svc.example.test A", ("no-data", "svc.example.test. exists, but has no A record (NODATA)")),
        ("leaf.empty.example.test AAAA", ("no-data", "leaf.empty.example.test. exists, but has no AAAA record (NODATA)")),
        (
            "alias.example.test MX",
            ("no-data", "alias.example.test. is an alias of www.example.test., of which there is no MX record here"),
        ),
        (
            "outside.example.test A",
            ("no-data", "outside.example.test. is an alias of www.elsewhere.test., of which there is no A record here"),
        ),
        (
            "www.far.example.test A",
            ("referral", "the server does not know it, and refers to those of far.example.test.: ns.elsewhere.test."),
        ),
    ],
)
def test_a_success_without_what_was_asked_for_is_noted(knot: Peer, words: str, note: tuple[str, str]) -> None:
    exchange = ask(knot.address, *words.split())
    assert (exchange.outcome, notes(exchange)) == ("ok", [note])


@pytest.mark.parametrize("words", ["www.example.test A", "alias.example.test CNAME", "example.test ANY", "chain.example.test A"])
def test_a_success_with_it_is_not(knot: Peer, words: str) -> None:
    assert notes(ask(knot.address, *words.split())) == []


@pytest.mark.parametrize(("name", "end"), [("dangling", "nowhere"), ("DANGLING", "nowhere")])
def test_an_alias_of_a_name_that_does_not_exist(bind: Peer, name: str, end: str) -> None:
    exchange = ask(bind.address, f"{name}.example.test")
    error = exchange.error
    assert error is not None
    assert (response_of(exchange).status.text, exchange.outcome) == ("NXDOMAIN", "application_error")
    assert error.message == f"{name}.example.test. is an alias of {end}.example.test., and that does not exist"
    shown = render(exchange, protocol_of(DnsRequest("x")), width=100, color=False, verbose=False, wire=False)
    assert "The name does not exist" not in shown
    assert error.message in " ".join(shown.split())


def test_a_name_that_does_not_exist_itself_is_told_as_before(bind: Peer) -> None:
    exchange = ask(bind.address, "nowhere.example.test")
    shown = render(exchange, protocol_of(DnsRequest("x")), width=100, color=False, verbose=False, wire=False)
    assert "The name does not exist" in shown


@pytest.mark.parametrize("rcode", ["NOTIMP", "FORMERR"])
def test_a_server_that_does_not_know_edns(rcode: str) -> None:
    with answering(rcode) as server:
        exchange, without = ask(server, "a.test"), ask(server, "a.test", no_edns=True)
    assert exchange.error is not None
    assert without.error is not None
    assert exchange.error.hint == "servers that do not know EDNS answer so: ask again with --no-edns"
    assert "--no-edns" not in (without.error.hint or "")


def test_a_server_that_knows_edns_means_something_else() -> None:
    with answering("NOTIMP", edns=True) as server:
        error = ask(server, "a.test").error
    assert error is not None
    assert "--no-edns" not in (error.hint or "")


# --- text of servers within one line


TAG = b'x \n0 issue "evil.example"\n0 z'


def test_the_tag_of_a_caa_record_forges_no_line() -> None:
    with answering("NOERROR", wire=b"\0" + bytes([len(TAG)]) + TAG + b"v") as server:
        exchange = ask(server, "a.test", "CAA")
    (record,) = response_of(exchange).data["answer"]
    assert record["data"] == r'0 x\032\0100\032issue\032\"evil.example\"\0100\032z "v"'
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data.count(b"\n") == 0
    assert exchange.response.complete_text is not None
    assert "\n0 issue" not in exchange.response.complete_text


# --- what -v tells


def test_the_details_of_a_query_and_its_answer(bind: Peer) -> None:
    exchange = ask(bind.address, "www.example.test", dnssec=True, cookie=bytes(8))
    ident = str(exchange.request.data["id"])
    assert details(exchange.request.data) == [("id", ident), ("flags", "rd"), ("EDNS", f"version 0, udp 1232, do, COOKIE {'0' * 16}")]
    id_, flags, edns = details(response_of(exchange).data)
    assert (id_, flags) == (("id", ident), ("flags", "qr aa rd"))
    assert edns[1].startswith("version 0, udp 1232, do, COOKIE ")
    shown = render(exchange, protocol_of(DnsRequest("x")), width=100, color=False, verbose=True, wire=False)
    assert f"  id     {ident}\n  flags  rd\n  EDNS   version 0, udp 1232, do, COOKIE {'0' * 16}\n" in shown


def test_a_query_without_edns_says_so() -> None:
    assert details({"id": 0, "flags": [], "edns": None}) == [("id", "0"), ("flags", "none"), ("EDNS", "none")]


# --- the habits of dig


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        ("a.test +short", "a.test --format raw"),
        ("a.test MX +tcp +dnssec @192.0.2.1", "a.test MX --tcp --dnssec @192.0.2.1"),
        ("+norec +CD +ad a.test", "--no-recurse --cd --ad a.test"),
        ("a.test +noedns", "a.test --no-edns"),
        ("a.test +bufsize=4096 +subnet=192.0.2.0/24", "a.test --bufsize=4096 --subnet=192.0.2.0/24"),
        ("a.test +cookie +tries=2", "a.test --cookie --tries=2"),
        ("a.test +cookie=0102030405060708 +retry=1", "a.test --cookie=0102030405060708 --tries=2"),
        ("a.test +rec +notcp +edns=0", "a.test"),
        ("+1.a.test +a.test", "+1.a.test +a.test"),
    ],
)
def test_an_option_of_dig_gets_what_it_means(words: str, ours: str) -> None:
    assert translated(["dns", *words.split()]) == ["dns", *ours.split()]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("+noall", "-i prints the answer as dig does; --query 'response.data.answer' its records"),
        ("+tls", "write @tls://SERVER"),
        ("+yaml", "write --json"),
        ("+time=2", "--timeout is for all tries together"),
        ("+shrot", "rrcli dns --help lists what there is; did you mean short?"),
    ],
)
def test_one_without_a_counterpart_is_answered_with_a_hint(word: str, hint: str) -> None:
    for failing in (lambda: translated(["dns", "a.test", word]), lambda: send(DnsRequest("a.test", word))):
        with pytest.raises(ExchangeError) as caught:
            failing()
        error = caught.value
        assert (error.layer, error.message, error.hint) == ("usage", f"{word} is an option of dig", hint)


def test_other_commands_keep_their_plus_signs() -> None:
    assert translated(["http", "+short"]) == ["http", "+short"]


@pytest.mark.parametrize("flag", plus.OPTIONS)
def test_the_dashes_of_dig_are_answered_too(flag: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["dns", "a.test", flag, "X"]) == 2
    assert plus.OPTIONS[flag] in " ".join(capfd.readouterr().err.split())


def test_what_dig_is_told_comes_back(bind: Peer) -> None:
    """Every option that our own command for dig writes is one that is understood here."""
    exchange = ask(bind.address, "www.example.test", dnssec=True, cd=True, no_recurse=True, nsid=True, bufsize=4096)
    words = (as_command(exchange) or "").split()[1:]
    assert [word for word in plus.translate(words) if word.startswith("--")] == [
        "--no-recurse", "--cd", "--bufsize=4096", "--dnssec", "--nsid",
    ]  # fmt: skip
