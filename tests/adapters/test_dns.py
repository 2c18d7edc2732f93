"""`rrcli dns` against BIND and Knot: what comes back is compared with what `dig` gets for the same words."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from peers.base import Peer, need
from peers.exchange import notes, response_of
from peers.names import BIND_NSID, KNOT_NSID
from peers.zone import BIG_TEXTS

from rrcli.adapters.dns import questions as dnswords
from rrcli.adapters.dns.hooks import HOOKS
from rrcli.adapters.dns.questions import name_servers, questions_of, searched
from rrcli.adapters.dns.request import DnsRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.fanout import send_all
from rrcli.engine.send import send
from rrcli.model.values import Exchange

QUESTIONS = """
www.example.test A
www.example.test AAAA
WWW.Example.TEST a
example.test MX
example.test TXT
example.test SOA
example.test NS
example.test CAA
example.test ANY
alias.example.test A
chain.example.test AAAA
dangling.example.test A
outside.example.test A
nowhere.example.test A
www.example.test MX
empty.example.test A
_sip._tcp.example.test SRV
odd.example.test TXT
anything.wild.example.test A
svc.example.test HTTPS
svc.example.test TYPE65
_443._tcp.www.example.test TLSA
host.example.test SSHFP
sip.example.test NAPTR
place.example.test LOC
unknown.example.test TYPE65280
www.child.example.test A
far.example.test NS
elsewhere.test A
80.2.0.192.in-addr.arpa PTR
""".strip().splitlines()


@pytest.fixture(params=["bind", "knot"])
def server(request: pytest.FixtureRequest) -> Peer:
    peer: Peer = request.getfixturevalue(request.param)
    return peer


def ask(peer: Peer, *words: str, **options: Any) -> Exchange:
    return send(DnsRequest(*words, f"@{peer.address}", **options))


def data(exchange: Exchange) -> list[str]:
    return [record["data"] for record in response_of(exchange).data["answer"]]


def dig(peer: Peer, *words: str) -> tuple[str, set[str], dict[str, list[tuple[object, ...]]]]:
    """Status, flags and sections that `dig` prints; the sections' records sorted, their data in wire form."""
    command = [need("dig"), f"@{peer.host}", "-p", str(peer.port), "+nocookie", "+noall", "+comments", *words]
    sections = ("+answer", "+authority", "+additional")
    printed = subprocess.run([*command, *sections], capture_output=True, text=True, check=True, timeout=10).stdout
    status, flags, section = "", set[str](), ""
    found: dict[str, list[tuple[object, ...]]] = {"answer": [], "authority": [], "additional": []}
    for line in printed.splitlines():
        if "status: " in line:
            status = line.split("status: ")[1].split(",")[0]
        elif line.startswith(";; flags:"):
            flags = set(line.removeprefix(";; flags: ").split(";")[0].split())
        elif line.startswith(";; ") and line.endswith(" SECTION:"):
            section = line.split()[1].lower()
        elif line and not line.startswith(";"):
            name, ttl, of_class, kind, text = line.split(None, 4)
            found[section].append((name.lower(), int(ttl), of_class, kind, wire(of_class, kind, text)))
    return status, flags, {key: sorted(records) for key, records in found.items()}


def wire(of_class: str, kind: str, text: str) -> bytes:
    """Data in wire form, which two spellings of it share."""
    named = dns.rdataclass.RdataClass[of_class], dns.rdatatype.from_text(kind)
    return dns.rdata.from_text(*named, text).to_digestable()


@pytest.mark.parametrize("words", QUESTIONS)
def test_the_answer_is_that_of_dig(server: Peer, words: str) -> None:
    answer = response_of(ask(server, *words.split()))
    status, flags, sections = dig(server, "+noad", *words.split())
    assert (answer.status.text, set(answer.data["flags"])) == (status, flags)
    for section, expected in sections.items():
        assert expected == sorted(
            (record["name"].lower(), record["ttl"], record["class"], record["type"], wire(record["class"], record["type"], record["data"]))
            for record in answer.data[section]
        )


@pytest.mark.parametrize(
    "words",
    [
        "example.test MX",
        "odd.example.test TXT",
        "alias.example.test A",
        "example.test CAA",
        "example.test SOA",
        "_sip._tcp.example.test SRV",
    ],
)
def test_the_content_is_that_of_dig_short(server: Peer, words: str) -> None:
    command = [need("dig"), f"@{server.host}", "-p", str(server.port), "+short", *words.split()]
    short = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    body = response_of(ask(server, *words.split())).body
    assert body is not None
    assert sorted(body.data.decode().split("\n")) == sorted(short.removesuffix("\n").split("\n"))


def test_the_whole_exchange(knot: Peer) -> None:
    exchange = ask(knot, "svc.example.test", "A", "IN")
    answer, asked = response_of(exchange), exchange.request.data
    assert exchange.request.summary == f"A svc.example.test. @{knot.address} (udp)"
    assert exchange.target.url == f"dns://{knot.address}/svc.example.test?type=A"
    assert (exchange.target.host, exchange.target.port) == (knot.host, knot.port)
    question = {"name": "svc.example.test.", "type": "A", "class": "IN"}
    edns = {"version": 0, "udp_size": 1232, "flags": [], "options": []}
    assert asked == {"question": question, "flags": ["rd"], "edns": edns, "id": asked["id"], "safe": True, "idempotent": True}
    assert answer.summary == "NOERROR, 0 answers, flags qr aa rd"
    assert (answer.status.code, answer.status.text, answer.status.ok) == (None, "NOERROR", True)
    assert answer.framing == "datagram"
    assert answer.body is not None
    assert answer.body.data == b""
    soa = "ns1.example.test. hostmaster.example.test. 2026010101 3600 600 86400 60"
    assert answer.data == {
        "question": [{**question, "ttl": None, "data": None}],
        "answer": [],
        "authority": [{"name": "example.test.", "type": "SOA", "class": "IN", "ttl": 60, "data": soa}],
        "additional": [],
        "flags": ["qr", "aa", "rd"],
        "edns": edns,
        "id": asked["id"],
        "transport": "udp",
        "server": knot.address,
        "tries": 1,
    }
    assert list(exchange.timing.phases) == ["connect", "send", "wait", "receive"]
    assert (exchange.outcome, exchange.history) == ("ok", ())
    assert notes(exchange) == [("no-data", "svc.example.test. exists, but has no A record (NODATA)")]


def test_a_failure_status(server: Peer) -> None:
    exchange = ask(server, "nowhere.example.test")
    assert exchange.outcome == "application_error"
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.delivery, exchange.error.retry) == ("bad_status", "answered", "useless")
    assert exchange.error.message == "NXDOMAIN, 0 answers, flags qr aa rd"


# --- UDP and TCP


def test_a_cut_answer_is_asked_for_again_over_tcp(server: Peer) -> None:
    exchange = ask(server, "big.example.test", "TXT", request_id="same")
    answer = response_of(exchange)
    assert sorted(data(exchange)) == sorted(f'"{text}"' for text in BIG_TEXTS)
    assert (answer.data["transport"], answer.framing) == ("tcp", "length-prefix")
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("truncated-udp", "the UDP answer was cut (TC); asked again over TCP")
    ]
    (earlier,) = exchange.history
    assert (earlier.id, earlier.why, exchange.id, exchange.why) == ("same", "retry", "same", None)
    assert (response_of(earlier).data["transport"], "tc" in response_of(earlier).data["flags"]) == ("udp", True)
    assert list(exchange.timing.phases) == list(earlier.timing.phases) == ["connect", "send", "wait", "receive"]
    assert exchange.request.summary == f"TXT big.example.test. @{server.address} (tcp)"


def test_checks_are_made_on_the_last_hop_alone(knot: Peer) -> None:
    exchange = ask(knot, "big.example.test", "TXT", expect=("response.data.transport == tcp",))
    assert [check.ok for check in exchange.checks] == [True]
    assert exchange.history[0].checks == ()


def test_no_fallback_takes_the_cut_answer(server: Peer) -> None:
    exchange = ask(server, "big.example.test", "TXT", no_fallback=True)
    assert "tc" in response_of(exchange).data["flags"]
    assert [(note.code, note.message) for note in exchange.notes] == [("truncated-udp", "the UDP answer was cut (TC)")]
    assert exchange.history == ()


def test_the_datagram_size_is_told(server: Peer) -> None:
    exchange = ask(server, "www.example.test", bufsize=4096)
    assert exchange.request.data["edns"]["udp_size"] == 4096
    assert response_of(exchange).data["transport"] == "udp"


@pytest.mark.parametrize(("server_word", "options"), [("@{}", {"tcp": True}), ("@tcp://{}", {}), ("@TCP://{}/", {})])
def test_tcp(server: Peer, server_word: str, options: dict[str, bool]) -> None:
    exchange = send(DnsRequest("www.example.test", server_word.format(server.address), **options))
    assert sorted(data(exchange)) == ["192.0.2.80", "192.0.2.81"]
    assert (response_of(exchange).data["transport"], response_of(exchange).framing) == ("tcp", "length-prefix")


def test_a_whole_zone(server: Peer) -> None:
    exchange = ask(server, "example.test", "AXFR")
    lines = subprocess.run(
        [need("dig"), f"@{server.host}", "-p", str(server.port), "+noall", "+answer", "+nocookie", "example.test", "AXFR"],
        capture_output=True, text=True, check=True, timeout=10,
    ).stdout.splitlines()  # fmt: skip
    records = response_of(exchange).data["answer"]
    assert len(records) == len(lines)
    assert sorted((record["name"], record["type"]) for record in records) == sorted((line.split()[0], line.split()[3]) for line in lines)
    assert (records[0], records[0]["type"]) == (records[-1], "SOA")
    assert response_of(exchange).summary.startswith(f"NOERROR, {len(records)} answers, flags qr ")
    body = response_of(exchange).body
    assert body is not None
    assert body.data.decode().split("\n") == [
        "\t".join(str(record[key]) for key in ("name", "ttl", "class", "type", "data")) for record in records
    ]


def test_a_zone_that_is_not_given_away(bind: Peer) -> None:
    exchange = ask(bind, "elsewhere.test", "AXFR")
    assert response_of(exchange).status.text in ("REFUSED", "NOTAUTH")


# --- EDNS and flags


def test_nsid(bind: Peer, knot: Peer) -> None:
    for peer, name in ((bind, BIND_NSID), (knot, KNOT_NSID)):
        assert response_of(ask(peer, "www.example.test", nsid=True)).data["edns"]["options"] == [{"code": 3, "name": "NSID", "data": name}]


def test_without_edns(server: Peer) -> None:
    exchange = ask(server, "www.example.test", no_edns=True)
    assert (exchange.request.data["edns"], response_of(exchange).data["edns"]) == (None, None)


def test_dnssec_sets_do(server: Peer) -> None:
    exchange = ask(server, "www.example.test", dnssec=True, ad=True, cd=True, no_recurse=True)
    assert (exchange.request.data["flags"], exchange.request.data["edns"]["flags"]) == (["ad", "cd"], ["do"])
    assert response_of(exchange).data["edns"]["flags"] == ["do"]
    assert "rd" not in response_of(exchange).data["flags"]


def test_an_extended_error_is_named_and_noted(knot: Peer) -> None:
    exchange = ask(knot, "elsewhere.test")
    assert response_of(exchange).data["edns"]["options"] == [{"code": 15, "name": "EDE", "data": "20 (Not Authoritative)"}]
    assert [(note.code, note.message) for note in exchange.notes] == [("extended-error", "the server adds: 20 (Not Authoritative)")]


def test_a_cookie_is_sent_and_the_servers_shown(bind: Peer) -> None:
    exchange = ask(bind, "www.example.test", cookie=b"")
    (sent,) = exchange.request.data["edns"]["options"]
    (came,) = response_of(exchange).data["edns"]["options"]
    assert (sent["name"], len(sent["data"]), came["name"], len(came["data"])) == ("COOKIE", 16, "COOKIE", 48)
    assert came["data"].startswith(sent["data"])
    again = ask(bind, "www.example.test", cookie=bytes.fromhex(came["data"]))
    assert again.request.data["edns"]["options"] == [came]
    assert response_of(again).status.ok


def test_padding_on_request(bind: Peer) -> None:
    exchange = ask(bind, "www.example.test", padding=True)
    assert exchange.request.data["edns"]["options"] == [{"code": 12, "name": "PADDING", "data": "79 bytes"}]
    assert exchange.connection.bytes_sent == 128


def test_cookies_and_padding_are_no_difference(bind: Peer, knot: Peer) -> None:
    from rrcli.model.document import set_document

    parts = HOOKS.several(DnsRequest("mail.example.test", f"@{bind.address}", f"@{knot.address}", cookie=b""))
    assert parts is not None
    document = set_document(send_all(parts))
    assert (document["same"], document["differences"]) == (True, [])


def test_subnet(bind: Peer) -> None:
    exchange = ask(bind, "www.example.test", subnet=b"\0\1\x18\0\xc0\0\2")
    assert exchange.request.data["edns"]["options"] == [{"code": 8, "name": "ECS", "data": "192.0.2.0/24/0"}]
    assert response_of(exchange).status.ok


def test_the_server_says_its_version(bind: Peer) -> None:
    exchange = ask(bind, "version.bind", "CHAOS", "TXT")
    assert exchange.target.url == f"dns://{bind.address}/version.bind?class=CH;type=TXT"
    assert exchange.request.summary == f"CH TXT version.bind. @{bind.address} (udp)"
    (record,) = response_of(exchange).data["answer"]
    assert (record["class"], record["type"], record["data"][:3]) == ("CH", "TXT", '"9.')


def test_reverse(server: Peer) -> None:
    assert data(ask(server, "192.0.2.80", reverse=True)) == ["www.example.test."]
    assert data(ask(server, "2001:db8::80", reverse=True)) == ["www.example.test."]


def test_an_address_asked_for_as_a_name_is_noted(bind: Peer) -> None:
    exchange = ask(bind, "192.0.2.80")
    message = "192.0.2.80 was asked for as a name; -x asks for the name of an address"
    assert [(note.code, note.message) for note in exchange.notes] == [("address-as-name", message)]


# --- several


def test_types_and_servers_are_a_set(bind: Peer, knot: Peer) -> None:
    parts = HOOKS.several(DnsRequest("A", "www.example.test", f"@{bind.address}", "AAAA", f"@tcp://{knot.address}"))
    assert parts is not None
    found = send_all(parts)
    assert [exchange.request.summary for exchange in found.exchanges] == [
        f"A www.example.test. @{bind.address} (udp)",
        f"A www.example.test. @{knot.address} (tcp)",
        f"AAAA www.example.test. @{bind.address} (udp)",
        f"AAAA www.example.test. @{knot.address} (tcp)",
    ]
    assert [exchange.outcome for exchange in found.exchanges] == ["ok"] * 4


def test_one_question_is_no_set() -> None:
    assert HOOKS.several(DnsRequest("example.test", "MX", "@127.0.0.1")) is None
    assert HOOKS.several(DnsRequest("example.test")) is None


def test_a_single_exchange_has_one_question() -> None:
    with pytest.raises(ExchangeError, match="this asks 2 questions"):
        send(DnsRequest("example.test", "A", "MX", "@127.0.0.1"))


def test_options_hold_for_every_question() -> None:
    parts = HOOKS.several(DnsRequest("192.0.2.1", "@127.0.0.1", "@[::1]:5353", reverse=True, of_class=3, tcp=True, timeout=1.0))
    assert parts is not None
    assert [part.arguments for part in parts] == [
        ("192.0.2.1", "TYPE12", "CLASS3", "@tcp://127.0.0.1:53"),
        ("192.0.2.1", "TYPE12", "CLASS3", "@tcp://[::1]:5353"),
    ]
    assert [part.timeout for part in parts] == [1.0, 1.0]
    assert [questions_of(part)[0].url for part in parts] == [
        "dns://127.0.0.1:53/1.2.0.192.in-addr.arpa?class=CH;type=PTR",
        "dns://[::1]:5353/1.2.0.192.in-addr.arpa?class=CH;type=PTR",
    ]


# --- words


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("a.test", "@s"), ("a.test.", "A", 1, "s:53", "udp")),
        (("@s:54", "mx", "a.test"), ("a.test.", "MX", 1, "s:54", "udp")),
        (("a.test", "type65280", "@s"), ("a.test.", "TYPE65280", 1, "s:53", "udp")),
        (("a.test", "65", "@s"), ("a.test.", "HTTPS", 1, "s:53", "udp")),
        (("a.test", "CLASS32", "@s"), ("a.test.", "A", 32, "s:53", "udp")),
        (("hs", "a.test", "@s"), ("a.test.", "A", 4, "s:53", "udp")),
        (("mx.", "@s"), ("mx.", "A", 1, "s:53", "udp")),
        ((".", "NS", "@s"), (".", "NS", 1, "s:53", "udp")),
        (("a.test", "@::1"), ("a.test.", "A", 1, "[::1]:53", "udp")),
        (("a.test", "@[::1]:54"), ("a.test.", "A", 1, "[::1]:54", "udp")),
        (("a.test", "@udp://s"), ("a.test.", "A", 1, "s:53", "udp")),
        (("a.test", "@tls://s"), ("a.test.", "A", 1, "s:853", "tls")),
        (("a.test", "@TLS://[::1]:8853/"), ("a.test.", "A", 1, "[::1]:8853", "tls")),
        (("a.test", "@quic://s"), ("a.test.", "A", 1, "s:853", "quic")),
        (("a.test", "@https://s/dns-query"), ("a.test.", "A", 1, "s:443", "https")),
        (("a.test", "AXFR", "@s"), ("a.test.", "AXFR", 1, "s:53", "tcp")),
        (("_dmarc.bücher.test", "TXT", "@s"), ("_dmarc.xn--bcher-kva.test.", "TXT", 1, "s:53", "udp")),
        ((r"a\.b\032c.test", "@s"), (r"a\.b\032c.test.", "A", 1, "s:53", "udp")),
        (("dns://s:54/a.test?type=mx",), ("a.test.", "MX", 1, "s:54", "udp")),
        (("dns://s/a.test?class=CH;type=TXT",), ("a.test.", "TXT", 3, "s:53", "udp")),
        (("dns://s/a%5C.b.test",), (r"a\.b.test.", "A", 1, "s:53", "udp")),
        (("DNS:///a.test", "@s", "NS"), ("a.test.", "NS", 1, "s:53", "udp")),
        (("dns://s/", "a.test"), ("a.test.", "A", 1, "s:53", "udp")),
    ],
)
def test_words(words: tuple[str, ...], found: tuple[str, str, int, str, str]) -> None:
    (question,) = questions_of(DnsRequest(*words))
    assert (question.name, question.type, question.of_class, question.server, question.transport) == found


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("@s",), {}, "which name?"),
        (("MX", "@s"), {}, "which name?"),
        (("a.test", "AAA", "@s"), {}, "dns takes one NAME, got a.test and AAA"),
        (("", "@s"), {}, "'' is no domain name: a label of it is empty"),
        (("a..test", "@s"), {}, "'a..test' is no domain name: a label of it is empty"),
        (("x" * 64, "@s"), {}, f"'{'x' * 64}' is no domain name: a label of it has 64 bytes, and 63 is the most"),
        ((".".join(["x" * 60] * 5), "@s"), {}, f"'{'.'.join(['x' * 60] * 5)}' is no domain name: it takes 306 bytes, and 255 is the most"),
        ((r"a\999", "@s"), {}, r"'a\\999' is no domain name: \999 is no escape; \DDD is a byte in decimal, up to \255"),
        (("a.test", "@doh://s"), {}, "@doh://s: no way to ask over 'doh'; known are udp://, tcp://, tls://, https://, quic://"),
        (("a.test", "@tls://s/path"), {}, "@tls://s/path names no server"),
        (("example.test", "AXFR", "@https://s"), {}, "AXFR and an https:// server exclude each other: one answer is one message there"),
        (("a.test", "@"), {}, "@ names no server"),
        (("a.test", "@s:x"), {}, "'x' is no port (in 's:x')"),
        (("a.test", "IN", "CH", "@s"), {}, "a question has one class, got IN and CH"),
        (("a.test", "IXFR", "@s"), {}, "IXFR asks for what changed since a serial number, which cannot be given here"),
        (("a.test", "@udp://s"), {"tcp": True}, "--tcp and a udp:// server exclude each other"),
        (("a.test", "AXFR", "@udp://s"), {}, "AXFR and a udp:// server exclude each other"),
        (("a.test", "@s"), {"reverse": True}, "'a.test' is no address"),
        (("http://a.test",), {}, "'http://a.test' is neither a name nor a dns URL"),
        (("dns://s/a.test?x=1",), {}, "'x=1' means nothing in 'dns://s/a.test?x=1'"),
        (("dns://s/a.test?type=nothing",), {}, "'type=nothing' means nothing in 'dns://s/a.test?type=nothing'"),
    ],
)
def test_words_that_are_wrong(words: tuple[str, ...], options: dict[str, bool], message: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        HOOKS.several(DnsRequest(*words, **options))
    assert (caught.value.layer, caught.value.message) == ("usage", message)


def test_a_type_that_is_nearly_one_is_suggested() -> None:
    with pytest.raises(ExchangeError) as caught:
        questions_of(DnsRequest("a.test", "AAA", "@s"))
    assert caught.value.hint == "AAA is no type; did you mean AAAA?"


@pytest.mark.parametrize(
    ("word", "url", "again"),
    [
        ("@https://s", "https://s/dns-query", "@https://s:443/dns-query"),
        ("@https://s:8443/", "https://s:8443/dns-query", "@https://s:8443/dns-query"),
        ("@https://s/a/b{?dns}", "https://s/a/b", "@https://s:443/a/b"),
        ("@https://[::1]/q?x=1", "https://[::1]/q?x=1", "@https://[::1]:443/q?x=1"),
    ],
)
def test_paths_of_https_servers(word: str, url: str, again: str) -> None:
    (question,) = questions_of(DnsRequest("a.test", word))
    assert (question.url, question.arguments("a.test")[-1]) == (url, again)


@pytest.mark.parametrize("option", [{"dnssec": True}, {"nsid": True}, {"bufsize": 512}, {"subnet": b"\0\1\0\0"}])
def test_edns_options_need_edns(option: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError, match="--no-edns excludes"):
        send(DnsRequest("a.test", "@127.0.0.1", no_edns=True, **option))


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--class", "nothing"),
        ("--port", "0"),
        ("--port", "65536"),
        ("--bufsize", "65536"),
        ("--subnet", "x/24"),
        ("--cookie", "12"),
        ("--cookie", "x"),
    ],
)
def test_option_values_that_are_wrong(flag: str, text: str) -> None:
    (declared,) = (option for option in DnsRequest.options_.values() if flag in option.flags)
    with pytest.raises(ValueError, match="is "):
        declared.parse(text)


@pytest.mark.parametrize(
    ("name", "conf", "names"),
    [
        ("www.", "search a.test b.test\n", ["www.a.test.", "www.b.test.", "www."]),
        ("www.x.", "search a.test\n", ["www.x.", "www.x.a.test."]),
        ("www.x.", "search a.test\noptions rotate ndots:2\n", ["www.x.a.test.", "www.x."]),
        ("www.x.", "options ndots:x\ndomain a.test.\n", ["www.x.", "www.x.a.test."]),
        ("www.", "search a.test\nsearch . b.test\n", ["www.", "www.b.test."]),
        ("www.", "", ["www."]),
    ],
)
def test_the_search_list(name: str, conf: str, names: list[str]) -> None:
    assert searched(name, conf) == names


def test_search_goes_on_to_the_next_name(knot: Peer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("search nowhere.example.test example.test\n")
    monkeypatch.setattr(dnswords, "RESOLV_CONF", str(conf))
    exchange = ask(knot, "mail", search=True)
    assert [(step.request.data["question"]["name"], step.why) for step in (*exchange.history, exchange)] == [
        ("mail.nowhere.example.test.", "retry"),
        ("mail.example.test.", None),
    ]
    assert data(exchange) == ["192.0.2.25"]
    parts = HOOKS.several(DnsRequest("mail", "A", "AAAA", f"@{knot.address}", search=True))
    assert parts is not None
    assert [exchange.request.data["question"]["name"] for exchange in send_all(parts).exchanges] == ["mail.example.test."] * 2
    assert ask(knot, "mail").request.data["question"]["name"] == "mail."
    assert ask(knot, "mail.", search=True).request.data["question"]["name"] == "mail."


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("# none\nsearch a.test\n", ["127.0.0.1"]),
        ("", ["127.0.0.1"]),
        ("; comment\nnameserver 192.0.2.53\nnameserver 192.0.2.54\nnameserver 192.0.2.53\n", ["192.0.2.53", "192.0.2.54"]),
        ("nameserver\tfe80::1%eth0\n", ["fe80::1%eth0"]),
        ("nameserver\nnameserver ::1 # ours\n", ["::1"]),
        ("".join(f"nameserver 192.0.2.{number}\n" for number in range(1, 6)), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
    ],
)
def test_the_systems_name_servers(text: str, servers: list[str]) -> None:
    assert name_servers(text) == servers


def test_without_a_server_the_system_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dnswords, "RESOLV_CONF", str(tmp_path / "resolv.conf"))
    assert questions_of(DnsRequest("a.test"))[0].server == "127.0.0.1:53"
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    assert questions_of(DnsRequest("a.test", port=5353))[0].server == "192.0.2.53:5353"
