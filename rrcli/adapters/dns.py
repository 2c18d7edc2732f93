"""DNS over UDP and TCP: one question to one server, as `dig` asks it.

Over UDP whatever does not answer the question is set aside until the deadline and counted, because anybody can send
it (RFC 5452). An answer that was cut (TC) is no error: the next hop asks the same over TCP (RFC 7766 §5).
"""

from __future__ import annotations

from os import urandom

from rrcli.codec import dns, dnsname
from rrcli.codec.dnsdata import EVERYDAY
from rrcli.codec.dnstables import AXFR, SOA, TYPES, class_name, class_number, type_name
from rrcli.errors import ExchangeError, malformed, too_large, truncated, usage
from rrcli.events import Content, Finished, Received, Sent
from rrcli.model import Answer, Body, Message, Status, Target
from rrcli.options import Request, count, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, ClassVar, NoReturn

    from rrcli.adapters.dnswords import Question
    from rrcli.registry import Event
    from rrcli.runner import Context
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.stream import Stream

RESEND = 5.0  # seconds of silence after which a datagram counts as lost, as dig has it


def a_class(text: str) -> int:
    number = class_number(text)
    if number is None:
        raise ValueError(f"{text!r} is no class; known are IN, CH, HS and CLASSn")
    return number


def a_port(text: str) -> int:
    if not 0 < count(text) < 65536:
        raise ValueError(f"{text!r} is no port; a port is a number from 1 to 65535")
    return int(text)


def a_size(text: str) -> int:
    if count(text) > 65535:
        raise ValueError(f"{text!r} is more than a datagram holds (65535 bytes)")
    return int(text)


class DnsRequest(Request):
    """A name to ask for, of which types, of which servers: `DnsRequest("example.test", "MX", "@192.0.2.53")`."""

    completes: ClassVar[tuple[str, ...]] = tuple(TYPES)

    reverse: bool = option("-x", "--reverse", kind="flag", help="NAME is an address: ask for its name (PTR).")
    of_class: int | None = option("--class", parse=a_class, metavar="CLASS", help="Class to ask for: IN, CH, HS, CLASSn.  [IN]")
    port: int | None = option("-p", "--port", parse=a_port, metavar="PORT", help="Port of servers that are given without one.  [53]")
    tcp: bool = option("--tcp", kind="flag", help="Ask over TCP.")
    no_fallback: bool = option("--no-fallback", kind="flag", help="Take an answer that was cut (TC); do not ask again over TCP.")
    no_recurse: bool = option(
        "--no-recurse", "--norecurse", "--no-rd", kind="flag", help="Ask only for what the server itself knows (RD off)."
    )
    ad: bool = option("--ad", kind="flag", help="Ask whether the server validated the answer (AD).", group="DNSSEC and EDNS")
    cd: bool = option("--cd", kind="flag", help="Ask the server not to validate (CD).", group="DNSSEC and EDNS")
    dnssec: bool = option("--dnssec", "--do", kind="flag", help="Ask for DNSSEC records as well (DO).", group="DNSSEC and EDNS")
    bufsize: int | None = option(
        "--bufsize", parse=a_size, metavar="N", help="Largest datagram we take, in bytes.  [1232]", group="DNSSEC and EDNS"
    )
    nsid: bool = option("--nsid", kind="flag", help="Ask which server of several answered.", group="DNSSEC and EDNS")
    subnet: bytes | None = option(
        "--subnet", parse=dns.subnet, metavar="BLOCK", help="Ask on behalf of 192.0.2.0/24.", group="DNSSEC and EDNS"
    )
    no_edns: bool = option("--no-edns", kind="flag", help="Ask without EDNS.", group="DNSSEC and EDNS")

    def several(self) -> tuple[DnsRequest, ...] | None:
        """The requests of one question each, type by type and server by server; `None` when there is one at most."""
        from rrcli.adapters.dnswords import questions

        asked = questions(self)
        if len(asked) == 1:
            return None
        return tuple(self.replace(words=question.words(question.transport), reverse=False, of_class=None) for question in asked)


class _Query:
    """A question and the message that asks it."""

    def __init__(self, request: DnsRequest, question: Question) -> None:
        self.request = request
        self.question = question
        flags = dns.flag_bits(*(name for name, on in (("rd", not request.no_recurse), ("ad", request.ad), ("cd", request.cd)) if on))
        name = dnsname.to_wire(question.name)
        self.wire = dns.query(int.from_bytes(urandom(2), "big"), flags, name, (question.kind, question.of_class), _edns(request))
        self.asked = dns.read(self.wire)

    def message(self) -> Message:
        question, asked = self.question, self.asked
        what = question.type if question.of_class == 1 else f"{class_name(question.of_class)} {question.type}"
        entry = asked.question[0]
        return Message(
            summary=f"{what} {question.name} @{question.server} ({question.transport})",
            data={
                "question": {key: entry[key] for key in ("name", "type", "class")},
                "flags": asked.flags,
                "edns": asked.edns,
                "id": asked.id,
                "safe": True,
                "idempotent": True,
            },
        )

    def target(self) -> Target:
        return Target(url=self.question.url, host=self.question.host, port=self.question.port)

    def answer(self, answer: dns.Message, records: list[dict[str, Any]]) -> Answer:
        """The answer as the model has it; `records` are those of its answer section, or of a whole transfer."""
        flags = f", flags {' '.join(answer.flags)}"
        return Answer(
            summary=f"{answer.rcode}, {_count(len(records), 'answer')}{flags}",
            status=Status(text=answer.rcode, ok=answer.rcode == "NOERROR"),
            body=Body(),
            framing="datagram" if self.question.transport == "udp" else "length-prefix",
            data={
                "question": answer.question,
                "answer": records,
                "authority": answer.authority,
                "additional": answer.additional,
                "flags": answer.flags,
                "edns": answer.edns,
                "id": answer.id,
                "transport": self.question.transport,
                "server": self.question.server,
            },
        )

    def finished(self, answer: dns.Message) -> Iterator[Event]:
        """The events of an answer in one message."""
        found = self.answer(answer, answer.answer)
        yield Received(answer=found)
        if answer.answer:
            yield Content(data="\n".join(record["data"] for record in answer.answer).encode())
        yield Finished(answer=found)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _edns(request: DnsRequest) -> dns.Edns | None:
    if request.no_edns:
        if request.dnssec or request.nsid or request.subnet is not None or request.bufsize is not None:
            raise usage("--no-edns excludes --dnssec, --bufsize, --nsid and --subnet", "they are all settings of EDNS")
        return None
    options = (*([(dns.NSID, b"")] if request.nsid else ()), *([(dns.ECS, request.subnet)] if request.subnet is not None else ()))
    size = dns.Edns.udp_size if request.bufsize is None else request.bufsize
    return dns.Edns(udp_size=size, flags=dns.DO if request.dnssec else 0, options=options)


def exchange(request: DnsRequest, context: Context) -> Iterator[Event]:
    """Ask the one question. A cut answer ends this hop, and TCP is the next one."""
    from rrcli.adapters.dnswords import questions

    asked = questions(request)
    if len(asked) != 1:
        raise usage(f"this asks {len(asked)} questions, and one exchange has one", "send each of request.several()")
    query = _Query(request, asked[0])
    _address_as_name(query.question, context)
    if query.question.kind not in EVERYDAY or request.dnssec:
        from rrcli.codec.dnsdata import load

        load()
    yield Sent(message=query.message(), target=query.target())
    yield from _over_udp(query, context) if query.question.transport == "udp" else _over_tcp(query, context)


def _address_as_name(question: Question, context: Context) -> None:
    from rrcli.wire.resolve import literal_family

    name = question.name.removesuffix(".")
    if literal_family(name) is not None:
        context.note("address-as-name", f"{name} was asked for as a name; -x asks for the name of an address")


def _oddities(answer: dns.Message, context: Context) -> None:
    """What in a message was accepted all the same."""
    if answer.extra:
        context.note("bytes-after-end", f"{_count(answer.extra, 'byte')} came after the end of the message")
    for reason in answer.unread:
        context.note("unreadable-data", reason)


# --- UDP


class _Ignored:
    """What came over UDP and was no answer to the question, counted."""

    def __init__(self) -> None:
        self.others = {"with another id": 0, "to another question": 0, "that were no answers": 0, "from other sources": 0}
        self.broken = 0
        self.reason = ""  # what was wrong with the last broken one
        self.resent = 0

    def note(self, context: Context) -> None:
        """Say in the notes what was ignored, and how often the question was repeated."""
        if others := ", ".join(f"{number} {what}" for what, number in self.others.items() if number):
            context.note("spoofed", f"datagrams were ignored: {others}")
        if self.broken:
            context.note("malformed-datagram", f"{_count(self.broken, 'broken datagram')} ignored; the last: {self.reason}")
        if self.resent:
            context.note("resent", f"no answer within {RESEND:g} s: asked again, {_count(self.resent, 'time')}")


def _over_udp(query: _Query, context: Context) -> Iterator[Event]:
    socket = context.datagrams(query.question.host, query.question.port)
    ignored = _Ignored()
    try:
        socket.send(query.wire)
        answer = _next_answer(query, context, socket, ignored)
    finally:
        ignored.others["from other sources"] = socket.strangers
        ignored.note(context)
        socket.close()
    _oddities(answer, context)
    if "tc" not in answer.flags:
        yield from query.finished(answer)
    elif query.request.no_fallback:
        context.note("truncated-udp", "the UDP answer was cut (TC)")
        yield from query.finished(answer)
    else:
        context.note("truncated-udp", "the UDP answer was cut (TC); asked again over TCP")
        again = query.request.replace(words=query.question.words("tcp"), reverse=False, of_class=None)
        yield Finished(answer=query.answer(answer, answer.answer), next=again, why="retry")


def _next_answer(query: _Query, context: Context, socket: Datagrams, ignored: _Ignored) -> dns.Message:
    """The first datagram that answers the question; it is asked again after each `RESEND` seconds of silence."""
    from rrcli.wire.clock import Deadline

    until = Deadline.after(RESEND, "")
    while True:
        data = socket.receive(until)
        if data is None:
            ignored.resent += 1
            socket.send(query.wire, "the same question again")
            until = Deadline.after(RESEND, "")
            continue
        answer = _pick(query, data, ignored)
        if answer:
            return answer
        context.trace.timeline.enter("wait")  # the answer has yet to come
        if context.deadline.passed():  # a flood of such datagrams does not move the deadline
            context.deadline.expire()


def _pick(query: _Query, data: bytes, ignored: _Ignored) -> dns.Message | None:
    """The message when it answers the question (RFC 5452 §9.1); else it is counted."""
    try:
        if len(data) >= dns.HEADER and dns.ident_of(data) != query.asked.id:
            ignored.others["with another id"] += 1
        elif len(data) >= dns.HEADER and not dns.is_answer(data):
            ignored.others["that were no answers"] += 1
        elif dns.answers(answer := dns.read(data), query.asked):
            return answer
        else:
            ignored.others["to another question"] += 1
    except ExchangeError as error:
        ignored.broken += 1
        ignored.reason = error.message
    return None


# --- TCP


def _over_tcp(query: _Query, context: Context) -> Iterator[Event]:
    stream = context.connect(query.question.host, query.question.port)
    try:
        stream.write(len(query.wire).to_bytes(2, "big") + query.wire)
        answer = _read_message(query, context, stream)
        if not dns.answers(answer, query.asked):
            raise malformed("the answer is to another question")
        if query.question.kind == AXFR and answer.rcode == "NOERROR":
            yield from _transfer(query, context, stream, answer)
        else:
            yield from query.finished(answer)
        if stream.buffered:
            context.note("bytes-after-end", "bytes came after the end of the answer")
    finally:
        stream.close()


def _read_message(query: _Query, context: Context, stream: Stream) -> dns.Message:
    """The next message after its length (RFC 1035 §4.2.2). Raises `closed`, `wrong_protocol`, `malformed`, `truncated`."""
    first = stream.receive(1)
    if not first and context.trace.answered:
        raise truncated("the peer closed the connection before the end of the zone")
    if not first:
        raise ExchangeError("transport", "closed", "the peer closed the connection without an answer")
    size = first[0] << 8 | stream.read_exact(1)[0]
    if size < dns.HEADER:
        _refuse(context, f"the length before the message says {size} bytes; a header alone has {dns.HEADER}")
    start = stream.read_exact(dns.HEADER)
    if dns.ident_of(start) != query.asked.id:
        _refuse(context, f"the answer has the id {dns.ident_of(start)}, the question {query.asked.id}")
    if not dns.is_answer(start):
        _refuse(context, "what came back is no answer but a query")
    answer = dns.read(start + stream.read_exact(size - dns.HEADER))
    _oddities(answer, context)
    return answer


def _refuse(context: Context, why: str) -> NoReturn:
    """Raise `wrong_protocol` when what came looks like another protocol, else `malformed`."""
    from rrcli.codec.recognise import recognise

    found = recognise(context.trace.first).what
    if found.startswith(("b'", 'b"')):
        raise malformed(why)
    raise ExchangeError("protocol", "wrong_protocol", f"expected DNS, got {found}")


def _transfer(query: _Query, context: Context, stream: Stream, first: dns.Message) -> Iterator[Event]:
    """A whole zone: messages until the SOA record that it began with comes again (RFC 5936 §2.2)."""
    soa = type_name(SOA)
    if not first.answer or first.answer[0]["type"] != soa:
        raise malformed("the transfer does not begin with the SOA record of the zone")
    yield Received(answer=query.answer(first, []))
    records: list[dict[str, Any]] = []
    message = first
    while True:
        new, ended = _until_soa(message.answer, started=bool(records))
        yield Content(data=("\n" * bool(records) + "\n".join(map(_line, new))).encode())
        records += new
        if ended:
            break
        if context.trace.bytes_received > query.request.max_size:
            raise too_large(f"the zone is larger than {query.request.max_size} bytes", "allow more with --max-size")
        message = _read_message(query, context, stream)
        if message.rcode != "NOERROR":
            raise malformed(f"the transfer broke off with {message.rcode} after {_count(len(records), 'record')}")
    yield Finished(answer=query.answer(first, records))


def _until_soa(records: list[dict[str, Any]], *, started: bool) -> tuple[list[dict[str, Any]], bool]:
    """The records up to and with the SOA that ends a transfer, and whether it is among them."""
    for at, record in enumerate(records):
        if record["type"] == "SOA" and (started or at):
            return records[: at + 1], True
    return records, False


def _line(record: dict[str, Any]) -> str:
    """A record of a zone on a line of its zone file: without its name its data would say little."""
    return f"{record['name']}\t{record['ttl']}\t{record['class']}\t{record['type']}\t{record['data']}"
