"""What a zone that means ill may cost: signatures and keys without number, hashes without end (CVE-2023-50387, CVE-2023-50868)."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any

import dns.dnssec
import dns.name
import dns.rdata
import dns.rrset
import pytest

from rrcli.adapters.dns import signatures
from rrcli.adapters.dns.denial import MOST_ITERATIONS, Denial
from rrcli.adapters.dns.signatures import Broken, Keys, Signatures, Unsigned
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError

ZONE = dns.name.from_text("trap.test.")
TAG, ED25519 = 4711, 15


def key_with_tag(number: int) -> Any:
    """One of very many keys that all have the tag: its last two bytes make up for the others (RFC 4034 appendix B)."""
    last = 0
    while True:
        data = b"\1\0\3\x0f" + number.to_bytes(30, "big") + last.to_bytes(2, "big")
        key: Any = dns.rdata.from_wire("IN", "DNSKEY", data, 0, len(data))
        if key.key_id() == TAG:
            return key
        last += (TAG - key.key_id()) % 65535


def signature(number: int) -> Any:
    """One that is valid by its dates, and of nothing that a key here signs."""
    made = b64encode(number.to_bytes(64, "big")).decode()
    return dns.rdata.from_text("IN", "RRSIG", f"DNSKEY {ED25519} 2 300 20990101000000 20200101000000 {TAG} trap.test. {made}")


@pytest.fixture(scope="module")
def trap() -> tuple[dns.rrset.RRset, dns.rrset.RRset]:
    """500 keys of one tag, and 440 signatures of them that none of these has made."""
    keys = dns.rrset.from_rdata_list(ZONE, 300, [key_with_tag(number) for number in range(1, 501)])
    return keys, dns.rrset.from_rdata_list(ZONE, 300, [signature(number) for number in range(1, 441)])


def test_keys_and_signatures_without_number_are_given_up_early(trap: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    keys, rrsigs = trap
    checks = []
    real = dns.dnssec.validate_rrsig

    def counted(*words: Any, **more: Any) -> None:
        checks.append(1)
        real(*words, **more)

    monkeypatch.setattr(dns.dnssec, "validate_rrsig", counted)
    with pytest.raises(Broken, match=r"^16 checks were in vain, the last in trap\.test\.: more are not made, as they only cost time"):
        Signatures(Deadline(None, "")).check(keys, [rrsigs], ZONE, Keys(keys))
    assert len(checks) == signatures.MOST_IN_VAIN + 1


def test_a_record_set_has_eight_signatures_checked(trap: tuple[Any, Any]) -> None:
    keys, rrsigs = trap
    with pytest.raises(Broken, match=r"^trap\.test\. DNSKEY has more signatures than the 8 that are checked"):
        Signatures(Deadline(None, "")).check(keys, [rrsigs], ZONE, Keys([keys[0]]))


def test_what_is_in_vain_is_counted_over_all_record_sets(trap: tuple[Any, Any]) -> None:
    keys, rrsigs = trap
    one = dns.rrset.from_rdata(ZONE, 300, rrsigs[0])
    checked = Signatures(Deadline(None, ""))
    for _ in range(signatures.MOST_IN_VAIN):
        with pytest.raises(Broken, match="does not fit its data"):
            checked.check(keys, [one], ZONE, Keys([keys[0]]))
    with pytest.raises(Broken, match="^16 checks were in vain"):
        checked.check(keys, [one], ZONE, Keys([keys[0]]))


def test_ds_records_that_mean_no_key_are_given_up_early(trap: tuple[Any, Any]) -> None:
    digests = [dns.rdata.from_text("IN", "DS", f"{TAG} {ED25519} 2 {number:064x}") for number in range(100)]
    with pytest.raises(Broken, match="^16 checks were in vain"):
        Signatures(Deadline(None, "")).vouched_for(Keys(trap[0]), digests, ZONE)


def test_the_deadline_holds_while_signatures_are_checked(trap: tuple[Any, Any]) -> None:
    keys, rrsigs = trap
    over = Deadline(time.monotonic_ns() - 1, "--deadline 3s")
    with pytest.raises(ExchangeError, match=r"^the time limit passed \(--deadline 3s\)$"):
        Signatures(over).check(keys, [rrsigs], ZONE, Keys(keys))


def hashed(number: int, salt: str, iterations: int = 1) -> dns.rrset.RRset:
    owner = dns.name.from_text(f"{number:032}".translate(str.maketrans("89", "ab")), ZONE)
    return dns.rrset.from_text(owner, 300, "IN", "NSEC3", f"1 0 {iterations} {salt} {'V' * 32} A RRSIG")


def test_a_name_is_hashed_once_however_many_records_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[dns.name.Name] = []
    real = dns.dnssec.nsec3_hash

    def counted(name: dns.name.Name, *more: Any) -> str:
        names.append(name)
        return real(name, *more)

    monkeypatch.setattr(dns.dnssec, "nsec3_hash", counted)
    deep = dns.name.from_text(f"{'a.' * 100}trap.test.")
    denial = Denial([hashed(number, f"{number:02x}", MOST_ITERATIONS) for number in range(200)], ZONE)
    assert denial.no_name(deep) == f"no NSEC3 record covers {deep}"
    assert len(denial.hashes) == 1
    assert len(names) == len(set(names)) <= 101


def test_the_deadline_holds_while_names_are_hashed() -> None:
    def over() -> None:
        Deadline(0, "--deadline 3s").expire()

    with pytest.raises(ExchangeError, match="--deadline 3s"):
        Denial([hashed(1, "-")], ZONE, over).no_name(dns.name.from_text("a.trap.test."))


def test_more_iterations_than_resolvers_make_leave_a_zone_unsigned() -> None:
    with pytest.raises(Unsigned, match=r"^trap\.test\. wants 151 iterations of its NSEC3 hash, and resolvers make 150 at most$"):
        Denial([hashed(1, "-", MOST_ITERATIONS + 1)], ZONE)
