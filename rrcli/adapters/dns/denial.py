"""What NSEC (RFC 4035 §5.4) and NSEC3 records (RFC 5155 §8) prove: that a name, or a type at it, does not exist.

The records are signed; that has been checked before they come here.
"""

from __future__ import annotations

from rrcli.adapters.dns.signatures import Unsigned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dns.name import Name
    from dns.rrset import RRset

NS, CNAME, SOA, DNAME, DS, NSEC, NSEC3 = 2, 5, 6, 39, 43, 47, 50
OPT_OUT = 1
MOST_ITERATIONS = 150  # more would let a zone spend our time (RFC 9276 §3.2)


class Denial:
    """The NSEC or NSEC3 records of one zone that came with an answer. `tick` is called before work that may be much."""

    def __init__(self, rrsets: list[RRset], zone: Name, tick: Callable[[], None] = lambda: None) -> None:
        """Raise `Unsigned` where NSEC3 asks for more iterations than resolvers make (RFC 9276 §3.2)."""
        self.zone = zone
        self.plain = [(rrset.name, rrset[0]) for rrset in rrsets if rrset.rdtype == NSEC]
        hashed = [rrset for rrset in rrsets if rrset.rdtype == NSEC3 and rrset.name.parent() == zone and rrset[0].algorithm == 1]
        if costly := next((rrset[0].iterations for rrset in hashed if rrset[0].iterations > MOST_ITERATIONS), 0):
            raise Unsigned(f"{zone} wants {costly} iterations of its NSEC3 hash, and resolvers make {MOST_ITERATIONS} at most")
        # All have one salt and one number of iterations (RFC 5155 §8.2): were each taken with its own, a name would be hashed for each.
        self._salt: bytes = hashed[0][0].salt if hashed else b""
        self._iterations: int = hashed[0][0].iterations if hashed else 0
        self.hashes = [
            (rrset.name.labels[0].decode("ascii", "replace").upper(), rrset[0])
            for rrset in hashed
            if (rrset[0].salt, rrset[0].iterations) == (self._salt, self._iterations)
        ]
        self._hashed: dict[Name, str] = {}
        self._tick = tick

    @property
    def hashed(self) -> bool:
        return bool(self.hashes)

    @property
    def kind(self) -> str:
        return "NSEC3" if self.hashed else "NSEC"

    def matching(self, name: Name) -> Any:
        """The record at `name`; `None` when there is none."""
        if self.hashed:
            wanted = self._hash(name)
            return next((record for owner, record in self.hashes if owner == wanted), None)
        return next((record for owner, record in self.plain if owner == name), None)

    def covers(self, name: Name) -> Any:
        """The record whose gap `name` falls into; `None` when there is none."""
        if self.hashed:
            wanted = self._hash(name)
            return next((record for owner, record in self.hashes if _within(owner, wanted, _next_hash(record))), None)
        return next((record for owner, record in self.plain if self._in_gap(name, owner, record)), None)

    def no_type(self, name: Name, kind: int) -> str:
        """What is missing for the proof that `name` exists without a record of `kind`; empty when nothing is."""
        record = self.matching(name)
        if record is not None:
            if _has(record, kind) or _has(record, CNAME):
                return f"the {self.kind} record of {name} says that there is one"
            if kind != DS and _has(record, NS) and not _has(record, SOA):
                return f"the {self.kind} record of {name} is that of the zone above"
            return ""
        if self._is_empty_name(name):
            return ""
        encloser = self._closest_encloser(name)
        if encloser is None:
            return f"there is no {self.kind} record for {name}"
        wild = self._wildcard(encloser)
        record = self.matching(wild)
        if record is not None and not _has(record, kind) and not _has(record, CNAME):
            return ""
        return "opt-out" if self._opted_out(name, encloser) else f"there is no {self.kind} record for {name}"

    def no_name(self, name: Name) -> str:
        """What is missing for the proof that neither `name` nor a wildcard for it exists; empty when nothing is."""
        encloser = self._closest_encloser(name)
        if encloser is None:
            return f"no {self.kind} record covers {name}"
        if self._opted_out(name, encloser):
            return "opt-out"
        if self.covers(self._wildcard(encloser)) is None:
            return f"no {self.kind} record covers the wildcard {self._wildcard(encloser)}"
        return ""

    def opted_out(self, name: Name) -> bool:
        """Whether `name` may be an unsigned delegation that the records leave out (RFC 5155 §6)."""
        encloser = self._closest_encloser(name)
        return encloser is not None and self._opted_out(name, encloser)

    def _opted_out(self, name: Name, encloser: Name) -> bool:
        record = self.covers(name.split(len(encloser) + 1)[1]) if self.hashed else None
        return record is not None and bool(record.flags & OPT_OUT)

    def _closest_encloser(self, name: Name) -> Name | None:
        """The longest existing name above `name`, when it is proven that the next longer one does not exist."""
        if not self.hashed:
            record = self.covers(name)
            if record is None:
                return None
            owner = next(owner for owner, found in self.plain if found is record)
            ends = [name.fullcompare(end)[2] for end in (owner, record.next)]
            return name.split(max(ends))[1]
        for labels in range(len(name) - 1, len(self.zone) - 1, -1):
            encloser = name.split(labels)[1]
            record = self.matching(encloser)
            if record is not None:
                delegated = _has(record, DNAME) or (_has(record, NS) and not _has(record, SOA))
                return encloser if not delegated and self.covers(name.split(labels + 1)[1]) is not None else None
        return None

    def _is_empty_name(self, name: Name) -> bool:
        """Whether the gap into which `name` falls ends below it: it exists then, without records of its own."""
        record = None if self.hashed else self.covers(name)
        return record is not None and record.next.is_subdomain(name)

    def _wildcard(self, encloser: Name) -> Name:
        import dns.name

        return dns.name.Name((b"*", *encloser.labels))

    def _in_gap(self, name: Name, owner: Name, record: Any) -> bool:
        """Whether `name` lies behind `owner`, in canonical order, and before the next name that its record tells.

        The last gap ends at the zone's own name. One below a cut is not in it.
        """
        if not name.is_subdomain(self.zone) or not owner.is_subdomain(self.zone):
            return False
        if name.is_subdomain(owner) and name != owner and (_has(record, DNAME) or (_has(record, NS) and not _has(record, SOA))):
            return False
        return bool(owner < name and (name < record.next or record.next == self.zone))

    def _hash(self, name: Name) -> str:
        """The hash of a name, made once."""
        if name not in self._hashed:
            import dns.dnssec

            self._tick()
            self._hashed[name] = dns.dnssec.nsec3_hash(name, self._salt, self._iterations, 1)
        return self._hashed[name]


def proven_cut(denial: Denial, child: Name) -> str:
    """How the records prove that an unsigned zone begins at `child`; empty when they do not."""
    record = denial.matching(child)
    if record is not None:
        unsigned = _has(record, NS) and not _has(record, SOA) and not _has(record, DS)
        return f"{denial.kind}: NS without DS" if unsigned else ""
    return "NSEC3 with opt-out" if denial.opted_out(child) else ""


def _has(record: Any, kind: int) -> bool:
    """Whether the record's bitmap holds the type (RFC 4034 §4.1.2)."""
    window, bit = kind >> 8, kind & 255
    return any(number == window and len(bits) > bit >> 3 and bits[bit >> 3] & (0x80 >> (bit & 7)) for number, bits in record.windows)


def _next_hash(record: Any) -> str:
    from base64 import b32hexencode

    return b32hexencode(record.next).decode().rstrip("=")


def _within(begin: str, found: str, end: str) -> bool:
    """Whether a hash lies in a gap; the last one goes round to the first."""
    return begin < found < end if begin < end else found > begin or found < end
