"""The DNS responder: the zone `rrcli.test.` and two loopback PTRs, over UDP and TCP on the same port (RFC 1035, RFC 7766).

dnspython reads and writes the messages; what to answer is decided here. Names that misbehave on purpose are in `ODD`.
"""

from __future__ import annotations

import socket
import struct
import threading
from functools import partial

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from rrcli.responders.base import Responder, ServerConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.responders.faulty import FaultyDatagram as Wire

APEX = "rrcli.test."
PAYLOAD = 1232  # bytes of a UDP message, ours and the most we send: never fragmented (DNS flag day 2020)
UNEXTENDED = 512  # bytes of a UDP message to a client without EDNS (RFC 1035 section 4.2.1)
TTL = 300
HEADER = struct.Struct("!HHHHHH")  # RFC 1035 section 4.1.1
CHASE = 8  # CNAMEs followed, at most
TRIES = 20  # free ports tried until one is free for both TCP and UDP

ZONE = {
    "rrcli.test.": {"SOA": ["ns.rrcli.test. hostmaster.rrcli.test. 1 3600 600 86400 60"], "NS": ["ns.rrcli.test."], "A": ["192.0.2.1"]},
    "ns.rrcli.test.": {"A": ["127.0.0.1"]},
    "www.rrcli.test.": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"]},
    "alias.rrcli.test.": {"CNAME": ["www.rrcli.test."]},
    "mail.rrcli.test.": {"MX": ["10 mx1.rrcli.test.", "20 mx2.rrcli.test."]},
    "mx1.rrcli.test.": {"A": ["192.0.2.25"]},
    "mx2.rrcli.test.": {"A": ["192.0.2.26"]},
    "txt.rrcli.test.": {"TXT": ['"v=spf1 -all"', '"one" "two" "three"', '"caf\\195\\169 \\"quoted\\""']},
    "srv.rrcli.test.": {"SRV": ["0 5 8080 www.rrcli.test.", "10 5 8081 www.rrcli.test."]},
    "caa.rrcli.test.": {"CAA": ['0 issue "ca.rrcli.test"', '0 iodef "mailto:hostmaster@rrcli.test"']},
    "big.rrcli.test.": {"TXT": [f'"{number:02} {"x" * 200}"' for number in range(10)]},
    "slow.rrcli.test.": {"A": ["192.0.2.3"]},
    "fail.rrcli.test.": {},
    "refused.rrcli.test.": {},
    "1.0.0.127.in-addr.arpa.": {"PTR": ["localhost."]},
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.": {"PTR": ["localhost."]},
}
ODD = {"fail.rrcli.test.": dns.rcode.SERVFAIL, "refused.rrcli.test.": dns.rcode.REFUSED}
DELAYS = {"slow.rrcli.test.": 0.5}  # seconds


class DnsResponder(Responder):
    """An authoritative server for `rrcli.test.`; it refuses every other name."""

    protocol = "dns"
    scheme = "dns"
    bare = True
    examples = ("rrcli dns www.rrcli.test @{address}", "dig @{host} -p {port} www.rrcli.test")

    datagram_type: Callable[[socket.socket, tuple[Any, ...], threading.Event], Wire] | None = None  # sends a datagram with faults

    def _listen(self) -> list[tuple[socket.socket, Callable[[], None]]]:
        """TCP on a free port may find the same port of UDP taken: then on to another one."""
        asked = self.port
        for left in reversed(range(TRIES)):
            sources = super()._listen()
            try:
                datagrams = self._bind(socket.SOCK_DGRAM, self.port)
            except OSError:
                sources[0][0].close()
                if asked or not left:
                    raise
                self.port = asked
            else:
                return [*sources, (datagrams, partial(self._datagram, datagrams))]
        raise AssertionError("the last try returns or raises")

    def _datagram(self, sock: socket.socket) -> None:
        try:
            data, peer = sock.recvfrom(64 << 10)
        except OSError:  # a checksum that did not hold, or an ICMP error for an earlier answer
            return
        reply, delay = respond(data, datagram=True)
        if reply is None:
            return
        if self.datagram_type:
            wire = self.datagram_type(sock, peer, self._stopping)
            self._spawn(lambda: wire.send(reply))
        elif not delay:
            send_to(sock, reply, peer)
        else:
            self._spawn(lambda: None if self._stopping.wait(delay) else send_to(sock, reply, peer))

    def converse(self, connection: ServerConnection) -> None:
        """Question after question on one connection, each after its length (RFC 7766 section 8)."""
        while True:
            (size,) = struct.unpack("!H", connection.read_exact(2))
            reply, delay = respond(connection.read_exact(size), datagram=False)
            if reply is None:
                return
            if delay:
                connection.pause(delay)
            connection.send(struct.pack("!H", len(reply)) + reply)


def send_to(sock: socket.socket, reply: bytes, peer: tuple[Any, ...]) -> None:
    try:
        sock.sendto(reply, peer)
    except OSError:  # closed meanwhile, or the peer cannot be reached: as with every lost datagram
        return


def respond(data: bytes, *, datagram: bool) -> tuple[bytes | None, float]:
    """The wire form of the answer to a wire query, `None` for what deserves none, and the seconds to wait before it."""
    if len(data) < HEADER.size or data[2] & 0x80:  # no header, or a response: answering those could loop
        return None, 0.0
    try:
        query = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError):
        return bare(data, dns.rcode.FORMERR), 0.0
    if query.opcode() != dns.opcode.QUERY:
        return bare(data, dns.rcode.NOTIMP), 0.0
    if len(query.question) != 1:
        return bare(data, dns.rcode.FORMERR), 0.0
    response = answer(query)
    asked = query.question[0].name.to_text().lower()
    return to_wire(query, response, datagram), DELAYS.get(asked, 0.0)


def bare(data: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """A response of a header alone, for a query that was not understood: its id, opcode and RD are sent back."""
    ident, flags, *_ = HEADER.unpack_from(data)
    return HEADER.pack(ident, dns.flags.QR | (flags & (0x7800 | dns.flags.RD)) | int(rcode), 0, 0, 0, 0)


def answer(query: dns.message.Message) -> dns.message.Message:
    """The response to a query with one question."""
    response = dns.message.make_response(query, our_payload=PAYLOAD)
    if query.edns >= 0:
        nsid: list[dns.edns.Option] = []
        if any(option.otype == dns.edns.NSID for option in query.options):
            nsid.append(dns.edns.NSIDOption(b"rrcli"))
        response.use_edns(0, query.ednsflags & dns.flags.DO, PAYLOAD, options=nsid)
    if query.edns > 0:
        response.set_rcode(dns.rcode.BADVERS)  # RFC 6891 section 6.1.3
        return response
    question = query.question[0]
    name = question.name.to_text().lower()
    inside = name.endswith("." + APEX) or name in ZONE
    if question.rdclass != dns.rdataclass.IN or not inside:
        response.set_rcode(dns.rcode.REFUSED)
    elif name in ODD:
        response.set_rcode(ODD[name])
    else:
        response.flags |= dns.flags.AA
        look_up(response, name, question.rdtype)
    return response


def look_up(response: dns.message.Message, name: str, rdtype: dns.rdatatype.RdataType) -> None:
    """Fill in the answer, CNAMEs followed (RFC 1034 section 4.3.2), or the SOA that says there is none (RFC 2308)."""
    wanted = dns.rdatatype.to_text(rdtype)
    for _ in range(CHASE):
        sets = ZONE.get(name)
        if sets is None:
            response.set_rcode(dns.rcode.SERVFAIL if response.answer else dns.rcode.NXDOMAIN)
            break
        types = list(sets) if wanted == "ANY" else [kind for kind in (wanted, "CNAME") if kind in sets][:1]
        response.answer += [dns.rrset.from_text(name, TTL, "IN", kind, *sets[kind]) for kind in types]
        if types != ["CNAME"] or wanted in ("CNAME", "ANY"):
            break
        name = sets["CNAME"][0]
    if not response.answer and name.endswith(APEX):
        response.authority.append(dns.rrset.from_text(APEX, 60, "IN", "SOA", *ZONE[APEX]["SOA"]))


def to_wire(query: dns.message.Message, response: dns.message.Message, datagram: bool) -> bytes:
    """The bytes; a datagram that would be too long is emptied and marked TC, for the client to come back over TCP."""
    limit = min(max(UNEXTENDED, query.payload), PAYLOAD) if query.edns >= 0 else UNEXTENDED
    try:
        return response.to_wire(max_size=limit if datagram else 65535, want_shuffle=False)  # the same bytes every time
    except dns.exception.TooBig:
        response.answer.clear()
        response.authority.clear()
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=limit)
