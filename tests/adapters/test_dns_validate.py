"""`rrcli dns --validate` against zones signed by BIND's tools: what holds, what is unsigned, and which link is broken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from peers.signed import SignedZones

from rrcli.adapters.dns.request import DnsRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Note


def validate(peer: SignedZones, *words: str, **options: Any) -> Exchange:
    return send(DnsRequest(*words, f"@{peer.address}", **{"validate": True, "anchor": str(peer.anchor), **options}))


def status(exchange: Exchange) -> str:
    assert exchange.response is not None, exchange.error
    found: str = exchange.response.data["validation"]
    return found


def chain(exchange: Exchange) -> list[tuple[str, str, str]]:
    assert exchange.response is not None
    return [(link["name"], link["what"], link["result"]) for link in exchange.response.data["chain"]]


def why(exchange: Exchange) -> str:
    """Why it is bogus, with the numbers of keys, which are made anew for each run, as N."""
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "malformed")
    return re.sub(r"\bkey(s?) [0-9, ]*[0-9]", r"key\1 N", exchange.error.message)


def odd(exchange: Exchange) -> list[Note]:
    """The notes, but for those that say that there is nothing of what was asked for."""
    return [note for note in exchange.notes if note.code not in ("no-data", "referral")]


SECURE = """
www.signed.test A
www.signed.test AAAA
nowhere.signed.test A
deep.nowhere.signed.test A
signed.test SOA
signed.test DNSKEY
alias.signed.test A
alias.signed.test CNAME
any.wild.signed.test A
any.wild.signed.test MX
void.signed.test A
www.tree.signed.test A
child.signed.test DS
plain.signed.test DS
www.child.signed.test A
nowhere.child.signed.test A
www.hashed.signed.test A
www.hashed.signed.test AAAA
nowhere.hashed.signed.test A
deep.nowhere.hashed.signed.test A
any.wild.hashed.signed.test A
any.wild.hashed.signed.test MX
void.hashed.signed.test A
www.optout.signed.test A
www.optout.signed.test MX
""".strip().splitlines()


@pytest.mark.parametrize("words", SECURE)
def test_secure(signed: SignedZones, words: str) -> None:
    exchange = validate(signed, *words.split())
    assert (exchange.error is None or exchange.error.kind == "bad_status", status(exchange)) == (True, "secure"), exchange.error
    assert odd(exchange) == []


def test_the_chain_is_told(signed: SignedZones) -> None:
    exchange = validate(signed, "www.child.signed.test")
    assert chain(exchange) == [
        ("signed.test.", "DNSKEY", "secure"),
        ("child.signed.test.", "DNSKEY", "secure"),
        ("www.child.signed.test.", "A", "secure"),
    ]
    assert exchange.response is not None
    assert exchange.response.summary == "NOERROR, 3 answers, flags qr aa rd cd, secure"
    assert exchange.request.data["edns"]["flags"] == ["do"]
    assert exchange.request.data["flags"] == ["rd", "cd"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("www.plain.signed.test A", "signed.test. proves that plain.signed.test. is not signed (NSEC: NS without DS)"),
        ("www.plain.optout.signed.test A", "optout.signed.test. proves that plain.optout.signed.test. is not signed (NSEC3 with opt-out)"),
        ("nowhere.optout.signed.test A", None),
    ],
)
def test_insecure(signed: SignedZones, words: str, message: str | None) -> None:
    exchange = validate(signed, *words.split())
    assert status(exchange) == "insecure"
    (note,) = odd(exchange)
    assert note.code == "dnssec-insecure"
    if message:
        assert note.message == f"nothing protects this answer: {message}"


BROKEN = """
expired: the RRSIG of ZONE DNSKEY expired on 2020-02-01 00:00:00 UTC (key N of ZONE)
future: the RRSIG of ZONE DNSKEY is not valid before 2040-01-01 00:00:00 UTC (key N of ZONE)
swapped: the RRSIG of www.ZONE A does not fit its data: forged, or signed before it changed (key N of ZONE)
bare: there is no RRSIG for www.ZONE A, though ZONE is signed
bogus: the DS record of ZONE in signed.test. (key N) matches no DNSKEY of ZONE, which has the keys N
stray: the DS record of ZONE in signed.test. (key N) matches no DNSKEY of ZONE, which has the keys N
nodenial: no proof that nowhere.ZONE does not exist: no NSEC record covers nowhere.ZONE
""".strip().splitlines()


@pytest.mark.parametrize("broken", BROKEN)
def test_the_broken_link_is_named(signed: SignedZones, broken: str) -> None:
    child, _, message = broken.partition(": ")
    host = "nowhere" if child == "nodenial" else "www"
    exchange = validate(signed, f"{host}.{child}.signed.test")
    assert why(exchange) == f"DNSSEC: {message}".replace("ZONE", f"{child}.signed.test.")
    assert status(exchange) == "bogus"
    assert exchange.response is not None
    assert exchange.response.body is not None
    assert exchange.response.body.data == b""


def test_a_key_may_be_the_anchor(signed: SignedZones) -> None:
    assert status(validate(signed, "www.child.signed.test", anchor=str(signed.anchor_key))) == "secure"


def test_a_wrong_anchor(signed: SignedZones) -> None:
    exchange = validate(signed, "www.signed.test", anchor=str(signed.wrong_anchor))
    assert why(exchange) == "DNSSEC: the trust anchor of signed.test. (key N) matches no DNSKEY of signed.test., which has the keys N"


def test_no_anchor_above(signed: SignedZones) -> None:
    assert (
        why(validate(signed, "www.elsewhere.test")) == "DNSSEC: no trust anchor is above www.elsewhere.test.: there is one for signed.test."
    )


def test_the_root_is_trusted_by_itself(signed: SignedZones) -> None:
    exchange = validate(signed, "www.signed.test", anchor=None)
    assert why(exchange) == "DNSSEC: the server says REFUSED when asked for . DNSKEY"


@pytest.mark.parametrize("text", ["nothing", "a.test. IN A 192.0.2.1\n"])
def test_what_is_no_anchor(signed: SignedZones, tmp_path: Path, text: str) -> None:
    file = tmp_path / "anchor"
    file.write_text(text)
    with pytest.raises(ExchangeError, match="--anchor: "):
        validate(signed, "www.signed.test", anchor=str(file))


def test_an_anchor_alone_means_nothing(signed: SignedZones) -> None:
    with pytest.raises(ExchangeError, match="--anchor says whom --validate trusts"):
        validate(signed, "www.signed.test", validate=False)


def test_a_cryptography_that_is_too_old_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dns.dnssecalgs.algorithms", {})
    with pytest.raises(ExchangeError) as caught:
        send(DnsRequest("example.test", "@192.0.2.1", validate=True))
    error = caught.value
    assert (error.layer, error.message, error.hint) == (
        "usage",
        "--validate needs a newer release of the module cryptography",
        "pip install 'rrcli[dnssec]'",
    )
