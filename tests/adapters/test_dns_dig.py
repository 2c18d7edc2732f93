"""`rrcli dns` off a terminal, beside `dig` with the same words: the answers as `+short` has them, with `-i` the whole message."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from peers import child
from peers.base import Peer, need
from peers.signed import SignedZones
from peers.unbound import Resolver

MESSAGES = """
www.example.test A
nowhere.example.test A
www.example.test MX
odd.example.test TXT
unknown.example.test TYPE65280
svc.example.test HTTPS
_443._tcp.www.example.test TLSA
place.example.test LOC
sip.example.test NAPTR
a-name-that-is-longer-than-the-column.example.test A
far.example.test NS
elsewhere.test A
""".strip().splitlines()


def rrcli(peer: Peer, *words: str) -> str:
    done = child.run("dns", *words, f"@{peer.address}", text=True, env={"TZ": "UTC", "RRCLI_NO_CONFIG": "1"})
    return str(done.stdout)


def dig(peer: Peer, *words: str) -> str:
    command = [need("dig"), f"@{peer.host}", "-p", str(peer.port), "+nocmd", *words]
    return subprocess.run(command, env={**os.environ, "TZ": "UTC"}, capture_output=True, text=True, check=True, timeout=10).stdout


def comparable(text: str) -> list[str]:
    """The lines without what differs from run to run: id, cookie, times; records of a section sorted, because servers rotate them."""
    text = re.sub(r"id: \d+", "id: N", text)
    text = re.sub(r"COOKIE: [0-9a-f]+", "COOKIE: N", text)
    text = re.sub(r"Query time: \d+", "Query time: N", text)
    text = re.sub(r"WHEN: .*", "WHEN: N", text)
    blocks = text.strip("\n").split("\n\n")
    found: list[str] = []
    for block in blocks:
        head, *rest = block.split("\n")
        found += [head, *(sorted(rest) if head.endswith(" SECTION:") else rest), ""]
    return found


@pytest.fixture(params=["bind", "knot"])
def server(request: pytest.FixtureRequest) -> Peer:
    peer: Peer = request.getfixturevalue(request.param)
    return peer


@pytest.mark.parametrize("words", MESSAGES)
def test_the_whole_message(server: Peer, words: str) -> None:
    ours = comparable(rrcli(server, "-i", "--ad", "--cookie", *words.split()))
    assert ours == comparable(dig(server, *words.split()))


def test_with_everything_asked_for(bind: Peer) -> None:
    ours = rrcli(bind, "-i", "--ad", "--do", "--cd", "--no-rd", "--nsid", "--ecs", "192.0.2.0/24", "--tcp", "www.example.test")
    theirs = dig(bind, "+dnssec", "+cd", "+norec", "+nsid", "+subnet=192.0.2.0/24", "+tcp", "+nocookie", "www.example.test")
    assert comparable(ours) == comparable(theirs)


def test_without_edns(bind: Peer) -> None:
    ours = rrcli(bind, "-i", "--ad", "--no-edns", "www.example.test")
    assert comparable(ours) == comparable(dig(bind, "+noedns", "+nocookie", "www.example.test"))


def test_an_extended_error(knot: Peer) -> None:
    ours = comparable(rrcli(knot, "-i", "--ad", "elsewhere.test"))
    theirs = comparable(dig(knot, "+nocookie", "elsewhere.test"))
    assert ours == theirs
    assert any(line.startswith("; EDE: ") for line in ours)


@pytest.mark.parametrize("words", ["www.example.test A", "alias.example.test A", "example.test MX", "nowhere.example.test A"])
def test_short(server: Peer, words: str) -> None:
    assert sorted(rrcli(server, *words.split()).splitlines()) == sorted(dig(server, "+short", *words.split()).splitlines())


@pytest.mark.parametrize(
    "words", ["signed.test DNSKEY", "child.signed.test DS", "www.hashed.signed.test A +do", "nowhere.signed.test A +do"]
)
def test_what_dnssec_adds(signed: SignedZones, words: str) -> None:
    asked = words.removesuffix(" +do").split()
    do = words.endswith("+do")
    ours = comparable(rrcli(signed, "-i", "--ad", *(["--do"] if do else []), *asked))
    assert ours == comparable(dig(signed, "+nocookie", "+ignore", *(["+dnssec"] if do else []), *asked))


def test_a_resolver(unbound: Resolver) -> None:
    def aged(text: str) -> list[str]:  # a cache counts the seconds down
        return comparable(re.sub(r"\t(300|29\d)\tIN", "\tTTL\tIN", text))

    assert aged(rrcli(unbound, "-i", "--ad", "mail.example.test")) == aged(dig(unbound, "+nocookie", "mail.example.test"))


@pytest.mark.parametrize(
    "words", ["svc.example.test HTTPS", "_443._tcp.www.example.test TLSA", "place.example.test LOC", "host.example.test SSHFP"]
)
def test_short_of_rarer_types(server: Peer, words: str) -> None:
    assert rrcli(server, *words.split()) == dig(server, "+short", *words.split())
