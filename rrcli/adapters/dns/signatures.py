"""The signatures of record sets, checked within bounds (RFC 4035 §5.3): a zone may hold keys and signatures made to waste time.

Many keys with one tag and many signatures by that tag have every pair of them tried (KeyTrap, CVE-2023-50387). The bounds are those of
resolvers: 8 signatures of a record set as in unbound, 16 checks in vain for a question as in BIND; and the deadline holds throughout.
dnspython checks one signature by one key, which needs `cryptography`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dns.name import Name
    from dns.rrset import RRset

    from rrcli.base.deadline import Deadline

DNSKEY, DS, RRSIG = 48, 43, 46
MOST_SIGNATURES = 8  # of one record set that are checked
MOST_KEYS = 4  # of one tag and algorithm that a signature or DS record is tried with
MOST_IN_VAIN = 16  # checks that do not hold, of all record sets of a question
ZONE_KEY = 0x100  # of a key's flags (RFC 4034 §2.1.1)
DIGESTS = {1: "SHA1", 2: "SHA256", 4: "SHA384"}
ALGORITHMS = (5, 7, 8, 10, 13, 14, 15, 16)


class Broken(Exception):
    """A link of the chain that does not hold, in one sentence."""


class Unsigned(Exception):
    """The zone above proves that this zone is not signed, or signed in a way that nobody here can check (RFC 4035 §5.2)."""


class Keys:
    """A zone's keys, found by tag and algorithm: a tag is a checksum over the whole key, and costs as much as that is long."""

    def __init__(self, keys: Iterable[Any]) -> None:
        self.by_tag: dict[tuple[int, int], list[Any]] = {}
        for key in keys:
            self.by_tag.setdefault((key.key_id(), int(key.algorithm)), []).append(key)

    @property
    def tags(self) -> list[int]:
        return [tag for (tag, _), keys in self.by_tag.items() for _ in keys]

    def of(self, tag: int, algorithm: int) -> list[Any]:
        """The keys that a signature or DS record may mean, as many as are tried."""
        return self.by_tag.get((tag, int(algorithm)), [])[:MOST_KEYS]


class Signatures:
    """Checks the signatures and DS records of one question, and counts what was in vain."""

    def __init__(self, deadline: Deadline) -> None:
        self.in_vain = 0
        self._deadline = deadline

    def look_at_the_clock(self) -> None:
        """Raise the time-out when the deadline has passed."""
        if self._deadline.passed():
            self._deadline.expire()

    def check(self, rrset: RRset, section: Iterable[RRset], zone: Name, keys: Keys) -> Any:
        """The first signature of `section` by which the zone's keys sign `rrset`. Raises `Broken` with what is wrong with the last one."""
        from rrcli.codec.dns.tables import type_name

        self.look_at_the_clock()
        what = f"{rrset.name} {type_name(rrset.rdtype)}"
        signatures = [
            signature
            for found in section
            if found.rdtype == RRSIG and found.name == rrset.name and found.covers == rrset.rdtype
            for signature in found
        ]
        if not signatures:
            raise Broken(f"there is no RRSIG for {what}, though {zone} is signed")
        why, checked = "", 0
        for signature in signatures:
            why = _misfit(rrset, signature, zone)
            if why:
                continue
            fitting = keys.of(signature.key_tag, signature.algorithm)
            if not fitting:
                why = f"is by key {signature.key_tag}, which {zone} does not have or nobody vouches for"
                continue
            if checked == MOST_SIGNATURES:
                raise Broken(f"{what} has more signatures than the {MOST_SIGNATURES} that are checked, and none of those holds")
            checked += 1
            why = self._fault(rrset, signature, zone, fitting)
            if not why:
                return signature
        raise Broken(f"the RRSIG of {what} {why}")

    def _fault(self, rrset: RRset, signature: Any, zone: Name, keys: list[Any]) -> str:
        """Why none of these keys made the signature; empty when one did."""
        import dns.dnssec
        import dns.exception
        import dns.rrset

        for key in keys:
            self.look_at_the_clock()
            try:
                dns.dnssec.validate_rrsig(rrset, signature, {zone: dns.rrset.from_rdata(zone, 0, key)})
            except dns.exception.UnsupportedAlgorithm:
                return f"is of algorithm {signature.algorithm}, which cannot be checked here"
            except (dns.exception.ValidationFailure, ValueError):
                self._count_in_vain(zone)
            else:
                return ""
        return f"does not fit its data: forged, or signed before it changed (key {signature.key_tag} of {zone})"

    def _count_in_vain(self, zone: Name) -> None:
        self.in_vain += 1
        if self.in_vain > MOST_IN_VAIN:
            raise Broken(f"{MOST_IN_VAIN} checks were in vain, the last in {zone}: more are not made, as they only cost time (KeyTrap)")

    def vouched_for(self, keys: Keys, trusted: Iterable[Any], zone: Name) -> list[Any]:
        """The keys that trust anchors or DS records mean (RFC 4034 §5.2). Raises `Broken` for too many that mean none."""
        import dns.dnssec

        found: list[Any] = []
        for record in trusted:
            self.look_at_the_clock()
            if record.rdtype == DNSKEY:
                same = keys.by_tag.get((record.key_id(), int(record.algorithm)), [])
                found += [key for key in same if key.key == record.key and key.protocol == record.protocol]
            elif is_supported(record):
                for key in keys.of(record.key_tag, record.algorithm):
                    if (
                        key.flags & 0x100
                        and dns.dnssec.make_ds(zone, key, DIGESTS[record.digest_type], validating=True).digest == record.digest
                    ):
                        found.append(key)
                    else:
                        self._count_in_vain(zone)
        return found


def _misfit(rrset: RRset, signature: Any, zone: Name) -> str:
    """What is wrong with a signature that can be told without a key; empty when nothing is."""
    from time import time

    if signature.signer != zone:
        return f"is by {signature.signer}, not by its zone {zone}"
    now = int(time())
    if now > signature.expiration:
        return f"expired on {date(signature.expiration)} (key {signature.key_tag} of {zone})"
    if now < signature.inception:
        return f"is not valid before {date(signature.inception)} (key {signature.key_tag} of {zone})"
    if signature.labels > len(rrset.name.labels) - 1:
        return "has more labels than the name"
    return ""


def is_supported(ds: Any) -> bool:
    """Whether digest and algorithm of a DS record can be checked here."""
    return ds.digest_type in DIGESTS and ds.algorithm in ALGORITHMS


def date(seconds: int) -> str:
    """A moment as people write it, in UTC."""
    from time import gmtime, strftime

    return strftime("%Y-%m-%d %H:%M:%S UTC", gmtime(seconds))
