"""An exchange of `rrcli dns` as a command of dig or kdig: the command that is written, and what it prints when a shell runs it."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from peers.base import Peer, free_port, need
from peers.ca import Authority
from peers.delegation import ZONE, Delegations
from peers.unbound import UNBOUND_NSID, Resolver

from rrcli.adapters.dns.dig import as_command
from rrcli.adapters.dns.request import DnsRequest
from rrcli.engine.send import send
from rrcli.model.values import Connection, Exchange, RequestMessage, Response, Target

QUIET = "+noadflag +nocookie"  # what dig does unless told not to


def ask(*words: str, **options: Any) -> tuple[Exchange, str]:
    exchange = send(DnsRequest(*words, **options))
    command = as_command(exchange)
    assert command is not None
    return exchange, command


def answered(exchange: Exchange) -> Response:
    assert exchange.response is not None, exchange.error
    return exchange.response


def agrees(exchange: Exchange, command: str) -> None:
    """The command's status, flags and answers are those of the exchange."""
    need(command.split()[0])
    printed = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=10).stdout
    status = re.search(r"status: (\w+)", printed)
    flags = re.search(r";; [Ff]lags: ([a-z ]*);", printed)
    assert status, printed
    assert flags, printed
    answer = answered(exchange)
    assert (status[1], flags[1].split()) == (answer.status.text, answer.data["flags"])
    section = printed.partition(";; ANSWER SECTION:\n")[2].partition("\n\n")[0]
    records = [line.split(None, 4)[4] for line in section.splitlines() if line]
    assert sorted(records) == sorted(record["data"] for record in answer.data["answer"])


@pytest.mark.parametrize(
    ("words", "options", "shown"),
    [
        ("www.example.test", {}, f"{QUIET} www.example.test. A"),
        ("example.test MX", {"tcp": True}, f"+tcp {QUIET} example.test. MX"),
        ("example.test ANY", {}, f"+notcp {QUIET} example.test. ANY"),
        ("192.0.2.80", {"reverse": True}, f"{QUIET} -x 192.0.2.80"),
        ("2001:db8::80", {"reverse": True}, f"{QUIET} -x 2001:db8::80"),
        ("nowhere.example.test AAAA", {"no_recurse": True}, f"+norecurse {QUIET} nowhere.example.test. AAAA"),
        ("unknown.example.test TYPE65280", {"ad": True, "cd": True}, "+adflag +cdflag +nocookie unknown.example.test. TYPE65280"),
        ("www.example.test", {"dnssec": True, "bufsize": 4096}, "+noadflag +bufsize=4096 +dnssec +nocookie www.example.test. A"),
        ("www.example.test", {"padding": True, "nsid": True}, "+noadflag +nsid +nocookie +padding=128 www.example.test. A"),
        ("www.example.test", {"subnet": b"\0\1\x18\0\xc0\0\2"}, "+noadflag +subnet=192.0.2.0/24 +nocookie www.example.test. A"),
        ("www.example.test", {"cookie": bytes(8)}, "+noadflag +cookie=0000000000000000 www.example.test. A"),
        ("www.example.test", {"no_edns": True}, "+noadflag +noedns www.example.test. A"),
        ("big.example.test TXT", {"no_fallback": True}, f"+ignore {QUIET} big.example.test. TXT"),
        ("version.bind TXT CH", {}, f"{QUIET} version.bind. TXT -c CH"),
        ("-odd.example.test", {}, f"{QUIET} -q -odd.example.test. -t A"),
        (r"a\.b'c.example.test", {}, f"""{QUIET} 'a\\.b'\\''c.example.test.' A"""),
    ],
)
def test_dig_gets_the_same_answer(bind: Peer, words: str, options: dict[str, Any], shown: str) -> None:
    exchange, command = ask(*words.split(), f"@{bind.address}", **options)
    assert command == f"dig @{bind.host} -p {bind.port} {shown}"
    agrees(exchange, command)


@pytest.mark.parametrize(
    ("scheme", "options", "way"),
    [("tls", {}, "+tls"), ("https", {}, "+https=/dns-query"), ("https", {"get": True}, "+https-get=/dns-query")],
)
def test_sealed_transports(unbound: Resolver, ca: Authority, scheme: str, options: dict[str, Any], way: str) -> None:
    port = unbound.tls_port if scheme == "tls" else unbound.https_port
    server = f"@{scheme}://{unbound.host}:{port}"
    exchange, command = ask("www.example.test", server, cacert=str(ca.root), nsid=True, **options)
    trust = f"+tls-ca={ca.root} +tls-hostname={unbound.host}"
    assert command == f"dig @{unbound.host} -p {port} {way} {trust} +noadflag +nsid +nocookie +padding=128 www.example.test. A"
    agrees(exchange, command)
    assert answered(exchange).data["edns"]["options"][0]["data"] == UNBOUND_NSID
    _, command = ask("www.example.test", server, insecure=True, no_padding=True, **options)
    assert command == f"dig @{unbound.host} -p {port} {way} {QUIET} www.example.test. A"


def test_kdig_speaks_quic(doq: Peer, ca: Authority) -> None:
    exchange, command = ask("www.example.test", f"@quic://{doq.address}", cacert=str(ca.root))
    trust = f"+tls-ca={ca.root} +tls-hostname={doq.host}"
    assert command == f"kdig @{doq.host} -p {doq.port} {trust} +quic +noadflag +edns=0 +nocookie www.example.test. A"
    agrees(exchange, command)


def test_a_trace_over_another_port_is_its_last_step(delegations: Delegations) -> None:
    exchange, command = ask("www.example.test", trace=True, hints=str(delegations.hints), port=delegations.port)
    assert command == f"dig @{ZONE} -p {delegations.port} +norecurse {QUIET} www.example.test. A"
    agrees(exchange, command)


def hop(host: str, why: str | None, *history: Exchange) -> Exchange:
    data = {
        "question": {"name": "a.test.", "type": "A", "class": "IN"},
        "flags": [],
        "edns": {"version": 0, "udp_size": 1232, "flags": [], "options": []},
    }
    request = RequestMessage(summary=f"A a.test. @{host}:53 (udp)", data=data)
    return Exchange(id="", protocol="dns", target=Target(url="", host=host, port=53), request=request, why=why, history=history)


def test_a_trace_over_the_usual_port_is_digs_own() -> None:
    assert as_command(hop("192.0.2.9", None, hop("192.0.2.1", "redirect"))) == "dig @192.0.2.1 +trace +nocookie a.test. A"


def test_a_search_list_is_the_name_that_was_found() -> None:
    assert as_command(hop("192.0.2.9", None, hop("192.0.2.1", "retry"))) == f"dig @192.0.2.9 +norecurse {QUIET} a.test. A"


def test_a_question_that_nobody_answers() -> None:
    port = free_port()
    _, command = ask("www.example.test", f"@tcp://127.0.0.1:{port}")
    assert command == f"dig @127.0.0.1 -p {port} +tcp {QUIET} www.example.test. A"


@pytest.mark.parametrize("connection", [Connection(proxy="socks5://p:1"), Connection(peer="/run/dns.sock")])
def test_what_dig_cannot_do(connection: Connection) -> None:
    assert as_command(hop("192.0.2.9", None).replace(connection=connection)) is None
