"""`--validate`: the chain of signatures from a trust anchor down to the answer, checked here (RFC 4035 §5, RFC 5155 §8).

From the anchor's zone every label down to the name is asked for its DS record, through the same server. Where there is one, a signed
zone begins, whose keys it vouches for; where the zone above proves that there is none at a delegation, what lies below is unsigned
(insecure). Nothing else is believed: an answer whose owner lies in a signed zone needs a signature by that zone's keys, and the absence
of one a proof by its NSEC or NSEC3 records.
"""

from __future__ import annotations

from rrcli.adapters.dns.denial import Denial, proven_cut
from rrcli.adapters.dns.signatures import Broken, Keys, Signatures, Unsigned, date, is_supported
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.files import read_local
from rrcli.base.record import Record
from rrcli.engine.events import Continue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dns.message import Message
    from dns.name import Name
    from dns.rrset import RRset

    from rrcli.adapters.dns.query import Query
    from rrcli.codec.dns import message as codec
    from rrcli.engine.context import Context

# The root's keys: KSK-2017 and KSK-2024 (https://data.iana.org/root-anchors/root-anchors.xml).
ROOT_ANCHOR = b"""
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
"""
A, NS, CNAME, SOA, DNAME, DS, RRSIG, NSEC, DNSKEY, NSEC3, ANY = 1, 2, 5, 6, 39, 43, 46, 47, 48, 50, 255
MOST_TAGS = 10  # of keys that a message names
LONGEST_ALIAS = 12  # CNAME records followed within an answer

NO_STATE = Continue(why="describe", state=None)  # a question of our own, on a connection of its own


class Verdict(Record):
    """`status` is secure, insecure or bogus; `chain` the links that were checked; `broken` the one that does not hold."""

    status: str
    chain: list[dict[str, Any]]
    broken: str | None = None


def validate(query: Query, answer: codec.Message, context: Context) -> Verdict:
    """Check `answer` against the anchors of `query`. Raises the time-out when the deadline passes meanwhile."""
    import dns.exception
    import dns.message
    import dns.name

    walk = _Walk(query, context, query.anchors)
    name = dns.name.from_text(query.question.name)
    status, broken = "secure", None
    try:
        message = dns.message.from_wire(answer.wire, ignore_trailing=True)
        walk.answer(message, name, query.question.kind)
    except Unsigned as reason:
        status = "insecure"
        context.note("dnssec-insecure", f"nothing protects this answer: {reason}")
    except Broken as reason:
        status, broken = "bogus", str(reason)
    except dns.exception.DNSException as error:
        status, broken = "bogus", f"the answer cannot be read strictly: {error}"
    except ExchangeError as error:
        error.hint = error.hint or "the answer came, but asking for its keys and checking its signatures takes longer: allow more"
        raise
    return Verdict(status=status, chain=walk.chain, broken=broken)


def load_anchors(path: str | None) -> dict[Name, list[Any]]:
    """The DS and DNSKEY records to trust, by zone. Raises `usage`, also without a `cryptography` that is new enough, or `local`."""
    try:
        import cryptography  # noqa: F401  # only whether it is there
    except ModuleNotFoundError as error:
        raise usage("--validate needs the module cryptography", "pip install 'rrcli[dnssec]'") from error
    import dns.dnssecalgs
    import dns.exception
    import dns.name
    import dns.zonefile

    if not dns.dnssecalgs.algorithms:  # dnspython does without a release that is too old for it
        raise usage("--validate needs a newer release of the module cryptography", "pip install 'rrcli[dnssec]'")

    text = read_local(path) if path else ROOT_ANCHOR
    hint = "write lines as `example.test. IN DS 12345 13 2 …`, or DNSKEY in its place"
    try:
        rrsets = dns.zonefile.read_rrsets(text.decode("utf-8", "replace"), origin=dns.name.root, rdclass=None, default_ttl=0)
    except (dns.exception.DNSException, ValueError) as error:
        raise usage(f"--anchor: {path} holds no records: {error}", hint) from error
    found: dict[Name, list[Any]] = {}
    for rrset in rrsets:
        if rrset.rdtype in (DS, DNSKEY):
            found.setdefault(rrset.name, []).extend(rrset)
    if not found:
        raise usage(f"--anchor: {path} holds no DS or DNSKEY record", hint)
    return found


class _Walk:
    """The way down from the anchor, each zone's keys once; `chain` tells of it."""

    def __init__(self, query: Query, context: Context, anchors: dict[Name, list[Any]]) -> None:
        self.query = query
        self.context = context
        self.anchors = anchors
        self.chain: list[dict[str, Any]] = []
        self.keys: dict[Name, Keys] = {}
        self.signatures = Signatures(context.deadline)
        self.cuts: dict[Name, RRset | None] = {}

    # --- the answer

    def answer(self, message: Message, name: Name, kind: int) -> None:
        """Check every record set of the answer, and the proof where what was asked for is not there. Raises `Broken`, `Unsigned`."""
        zone = self.zone_of(name, kind)
        records = [rrset for rrset in message.answer if rrset.rdtype != RRSIG]
        for rrset in records:
            self.signatures.look_at_the_clock()
            if rrset.rdtype == CNAME and self._made_by_dname(rrset, records):
                continue  # signed is the DNAME that it is made of (RFC 6672 §5.3.1)
            owner_zone = self.zone_of(rrset.name, rrset.rdtype)
            labels = self.signed(rrset, message.answer, owner_zone)
            if labels < len(rrset.name.labels) - 1 - rrset.name.is_wild():
                self._wildcard(message, rrset, owner_zone, labels)
        end = self._end_of_aliases(name, kind, records)
        if end != name:
            zone = self.zone_of(end, kind)
        if not any(rrset.name == end and (rrset.rdtype == kind or kind == ANY) for rrset in records):
            self._denied(message, end, kind, zone)

    def _made_by_dname(self, alias: RRset, records: list[RRset]) -> bool:
        return any(
            rrset.rdtype == DNAME
            and alias.name.is_subdomain(rrset.name)
            and alias.name != rrset.name
            and alias[0].target == alias.name.relativize(rrset.name).derelativize(rrset[0].target)
            for rrset in records
        )

    def _end_of_aliases(self, name: Name, kind: int, records: list[RRset]) -> Name:
        """The name that the CNAME records of the answer lead to."""
        for _ in range(LONGEST_ALIAS if kind not in (CNAME, ANY) else 0):
            alias = next((rrset for rrset in records if rrset.rdtype == CNAME and rrset.name == name), None)
            if alias is None:
                break
            name = alias[0].target
        return name

    def _wildcard(self, message: Message, rrset: RRset, zone: Name, labels: int) -> None:
        """An answer made from a wildcard needs the proof that the name itself is not there (RFC 4035 §5.3.4)."""
        from rrcli.codec.dns.tables import type_name

        denial = self._denial(message, zone)
        closer = rrset.name.split(labels + 2)[1]
        if not denial.covers(closer if denial.hashed else rrset.name):
            raise Broken(f"no proof that {rrset.name} {type_name(rrset.rdtype)} may be answered from the wildcard of {zone}")

    def _denied(self, message: Message, name: Name, kind: int, zone: Name) -> None:
        """The answer says that there is nothing: the zone has to prove it."""
        from rrcli.codec.dns.tables import type_name

        denial = self._denial(message, zone)
        missing = denial.no_name(name) if message.rcode() == 3 else denial.no_type(name, kind)
        if missing == "opt-out":
            raise Unsigned(f"the NSEC3 records of {zone} leave out unsigned delegations, and {name} may be one (opt-out)")
        if missing:
            what = f"{name}" if message.rcode() == 3 else f"{name} {type_name(kind)}"
            raise Broken(f"no proof that {what} does not exist: {missing}")
        self._link(str(name), "nothing" if message.rcode() == 3 else f"no {type_name(kind)}", f"{denial.kind} of {zone}")

    def _denial(self, message: Message, zone: Name) -> Denial:
        """The signed NSEC and NSEC3 records of an answer. Raises `Broken` for one whose signature does not hold."""
        found = [rrset for rrset in message.authority if rrset.rdtype in (NSEC, NSEC3)]
        for rrset in found:
            self.signed(rrset, message.authority, zone, quiet=True)
        return Denial(found, zone, self.signatures.look_at_the_clock)

    # --- zones and their keys

    def zone_of(self, name: Name, kind: int) -> Name:
        """The signed zone that `name` is in; a DS record belongs to the zone above. Raises `Broken`, `Unsigned`."""
        import dns.name

        if kind == DS and name != dns.name.root:
            name = name.parent()
        above = [zone for zone in self.anchors if name.is_subdomain(zone)]
        if not above:
            raise Broken(f"no trust anchor is above {name}: there is one for {', '.join(map(str, self.anchors))}")
        zone = max(above, key=len)
        self._anchor(zone)
        for labels in range(len(zone) + 1, len(name) + 1):
            child = name.split(labels)[1]
            if child in self.keys or self._is_cut(child, zone):
                zone = child
        return zone

    def _anchor(self, zone: Name) -> None:
        if zone not in self.keys:
            trusted = self.anchors[zone]
            self.keys[zone] = self._keys(zone, trusted, f"the trust anchor of {zone}")

    def _is_cut(self, child: Name, zone: Name) -> bool:
        """Whether a signed zone begins at `child`; its keys are known then. Raises `Unsigned` when an unsigned one does."""
        if child not in self.cuts:
            self.cuts[child] = self._ds(child, zone)
        records = self.cuts[child]
        if records is None:
            return False
        self.keys[child] = self._keys(child, list(records), f"the DS record of {child} in {zone}")
        return True

    def _ds(self, child: Name, zone: Name) -> RRset | None:
        """The zone's DS records; `None` where no zone begins."""
        message = self._fetch(child, DS)
        records = next((rrset for rrset in message.answer if rrset.rdtype == DS and rrset.name == child), None)
        if records is not None:
            self.signed(records, message.answer, zone, quiet=True)
            return records
        if any(rrset.rdtype in (CNAME, DNAME) for rrset in message.answer):
            return None  # an alias is no delegation; what it leads to is checked by itself
        found = [rrset for rrset in message.authority if rrset.rdtype in (NSEC, NSEC3)]
        if not found:
            return None  # no proof of anything: what comes from there has to be signed by the zone above
        cut = proven_cut(self._denial(message, zone), child)
        if cut:
            self._link(str(child), "unsigned zone", cut, "insecure")
            raise Unsigned(f"{zone} proves that {child} is not signed ({cut})")
        return None

    def _keys(self, zone: Name, trusted: list[Any], by: str) -> Keys:
        """The zone's keys, when one that is trusted signs them all. Raises `Broken`, `Unsigned`."""
        message = self._fetch(zone, DNSKEY)
        records = next((rrset for rrset in message.answer if rrset.rdtype == DNSKEY and rrset.name == zone), None)
        if records is None:
            raise Broken(f"{zone} has no DNSKEY record, though {by} says that it is signed")
        given = [record for record in trusted if record.rdtype == DS]
        if len(given) == len(trusted) and not any(is_supported(record) for record in given):
            raise Unsigned(f"{zone} is signed with algorithms that cannot be checked here")
        keys = Keys(records)
        entries = self.signatures.vouched_for(keys, trusted, zone)
        if not entries:
            said = _numbers(record.key_id() if record.rdtype == DNSKEY else record.key_tag for record in trusted)
            raise Broken(f"{by} (key {said}) matches no DNSKEY of {zone}, which has the keys {_numbers(keys.tags)}")
        signature = self.signatures.check(records, message.answer, zone, Keys(entries))
        self._link(str(zone), "DNSKEY", f"key {signature.key_tag}, vouched for by {by}")
        return keys

    # --- signatures

    def signed(self, rrset: RRset, section: list[RRset], zone: Name, *, quiet: bool = False) -> int:
        """Check that the zone's keys sign `rrset`; the labels of the signature. Raises `Broken`."""
        from rrcli.codec.dns.tables import type_name

        signature = self.signatures.check(rrset, section, zone, self.keys[zone])
        if not quiet:
            self._link(str(rrset.name), type_name(rrset.rdtype), f"key {signature.key_tag} of {zone}, until {date(signature.expiration)}")
        return int(signature.labels)

    # --- asking

    def _fetch(self, name: Name, kind: int) -> Message:
        """A message of the chain, from the same server, in an exchange of its own. Raises `Broken`."""
        import dns.message

        from rrcli.codec.dns.tables import type_name

        try:
            found = self._ask(str(name), kind)
        except ExchangeError as error:
            if self.context.deadline.passed():
                raise
            raise Broken(f"the {type_name(kind)} records of {name} cannot be had: {error.message}") from error
        message = dns.message.from_wire(found.wire, ignore_trailing=True)
        if message.rcode() not in (0, 3):
            raise Broken(f"the server says {_rcode(message)} when asked for {name} {type_name(kind)}")
        return message

    def _ask(self, name: str, kind: int) -> codec.Message:
        """The answer to another question to the same server, over TCP where it was cut."""
        from rrcli.adapters.dns.ask import ask
        from rrcli.adapters.dns.query import Query

        question = self.query.question.replace(name=name, kind=kind, of_class=1, others=())
        context = self.context.hop(NO_STATE)
        context.notes = []  # what is odd about these messages is no matter of the exchange's
        found = ask(Query(self.query.request, question), context)
        if "tc" in found.flags and question.transport == "udp":
            found = ask(Query(self.query.request, question.replace(transport="tcp")), context.hop(NO_STATE))
        return found

    def _link(self, name: str, what: str, by: str, result: str = "secure") -> None:
        link = {"name": name, "what": what, "result": result, "by": by}
        if link not in self.chain:
            self.chain.append(link)


def _rcode(message: Message) -> str:
    from rrcli.codec.dns.tables import rcode_name

    return rcode_name(int(message.rcode()))


def _numbers(tags: Iterable[int]) -> str:
    """Key tags in their order, the first few of very many."""
    known = sorted(set(tags))
    return ", ".join(map(str, known[:MOST_TAGS])) + f" and {len(known) - MOST_TAGS} more" * (len(known) > MOST_TAGS)
