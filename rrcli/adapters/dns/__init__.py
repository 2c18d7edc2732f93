"""DNS as `dig` asks it: one question to one server, over UDP, TCP, TLS, HTTPS or QUIC.

What else a question may need are further hops: an answer that was cut (TC) is asked for again over TCP (RFC 7766 §5), a server
that wants its cookie is asked again with it, a search list goes on to the next name, and `--trace` walks down from the root.
"""

from __future__ import annotations

from rrcli.adapters.dns.query import Query, oddities
from rrcli.codec import dns
from rrcli.codec.dnsdata import EVERYDAY
from rrcli.codec.dnsedns import COOKIE, cookie, subnet
from rrcli.codec.dnstables import AXFR, TYPES, class_number
from rrcli.errors import malformed, usage
from rrcli.events import Content, Finished, Received, Sent
from rrcli.options import Request, count, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import ClassVar

    from rrcli.adapters.dns.trace import Trail
    from rrcli.adapters.dns.words import Question
    from rrcli.context import Context
    from rrcli.model import Exchange
    from rrcli.registry import Event

EDNS = "DNSSEC and EDNS"
WAY = "Transport"


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

    others: tuple[str, ...] = ()  # names of the search list still to be tried
    trail: Trail | None = None  # where a trace is

    reverse: bool = option("-x", "--reverse", kind="flag", help="NAME is an address: ask for its name (PTR).")
    of_class: int | None = option("--class", parse=a_class, metavar="CLASS", help="Class to ask for: IN, CH, HS, CLASSn.  [IN]")
    search: bool = option("--search", kind="flag", help="Try the search list and ndots of /etc/resolv.conf.")
    trace: bool = option("--trace", kind="flag", help="Follow the delegations from the root; @SERVER or --hints says where that is.")
    hints: str | None = option("--hints", metavar="FILE", help="Root servers for --trace: NS and address records.  [IANA's]")
    no_recurse: bool = option(
        "--no-recurse", "--norecurse", "--no-rd", kind="flag", help="Ask only for what the server itself knows (RD off)."
    )

    port: int | None = option("-p", "--port", parse=a_port, metavar="PORT", help="Port of servers without one.  [53, 853, 443]", group=WAY)
    tcp: bool = option("--tcp", kind="flag", help="Ask over TCP.", group=WAY)
    no_fallback: bool = option("--no-fallback", kind="flag", help="Take an answer that was cut (TC); do not ask again over TCP.", group=WAY)
    get: bool = option("--get", kind="flag", help="Ask an https:// server with GET, in place of POST: caches can answer it.", group=WAY)

    dnssec: bool = option("--dnssec", "--do", kind="flag", help="Ask for DNSSEC records as well (DO).", group=EDNS)
    ad: bool = option("--ad", kind="flag", help="Ask whether the server validated the answer (AD).", group=EDNS)
    cd: bool = option("--cd", kind="flag", help="Ask the server not to validate (CD).", group=EDNS)
    validate: bool = option("--validate", kind="flag", help="Check the chain of signatures here; a broken one is exit 7.", group=EDNS)
    anchor: str | None = option(
        "--anchor", metavar="FILE", help="Trust anchors for --validate: DS or DNSKEY records.  [the root's]", group=EDNS
    )
    bufsize: int | None = option(
        "--bufsize", "--edns-size", parse=a_size, metavar="N", help="Largest datagram we take, in bytes.  [1232]", group=EDNS
    )
    nsid: bool = option("--nsid", kind="flag", help="Ask which server of several answered.", group=EDNS)
    subnet: bytes | None = option(
        "--subnet", "--ecs", parse=subnet, metavar="BLOCK", help="Ask on behalf of 192.0.2.0/24 (ECS).", group=EDNS
    )
    cookie: bytes | None = option(
        "--cookie", kind="optional", parse=cookie, bare="", metavar="HEX", help="Send a cookie: random, or --cookie=HEX.", group=EDNS
    )
    padding: bool = option("--padding", kind="flag", help="Pad to 128 bytes; always so over TLS, HTTPS and QUIC.", group=EDNS)
    no_padding: bool = option("--no-padding", kind="flag", help="Never pad.", group=EDNS)
    no_edns: bool = option("--no-edns", kind="flag", help="Ask without EDNS.", group=EDNS)

    def several(self) -> tuple[DnsRequest, ...] | None:
        """The requests of one question each, type by type and server by server; `None` when there is one at most."""
        from rrcli.adapters.dns.words import questions

        asked = questions(self)
        if self.trace or len(asked) == 1:
            return None
        return tuple(self.to(question, question.transport) for question in asked)

    def to(self, question: Question, transport: str) -> DnsRequest:
        """The request for this question alone."""
        words = question.words(transport)
        return self.replace(words=words, reverse=False, of_class=None, search=False, others=question.others)


def exchange(request: DnsRequest, context: Context) -> Iterator[Event]:
    """Ask the one question, or take one step of a trace."""
    from rrcli.adapters.dns.words import questions

    _check(request)
    if request.trace:
        from rrcli.adapters.dns.trace import step

        yield from step(request, context)
        return
    asked = questions(request)
    if len(asked) != 1:
        raise usage(f"this asks {len(asked)} questions, and one exchange has one", "send each of request.several()")
    query = Query(request, asked[0])
    _address_as_name(query.question, context)
    prepare(query)
    yield Sent(message=query.message(), target=query.target())
    if query.question.kind == AXFR:
        from rrcli.adapters.dns.stream import transfer

        yield from transfer(query, context)
    else:
        yield from _conclude(query, ask(query, context), context)


def as_command(exchange: Exchange, _request: object = None) -> str | None:
    """The same with dig, or with kdig over QUIC, for a shell."""
    from rrcli.adapters.dns.tool import as_command

    return as_command(exchange)


def _check(request: DnsRequest) -> None:
    """Raise `usage` for options that go only with others."""
    if request.hints and not request.trace:
        raise usage("--hints says where --trace begins", "add --trace")
    if request.anchor and not request.validate:
        raise usage("--anchor says whom --validate trusts", "add --validate")
    if request.trace and request.validate:
        raise usage("--trace and --validate exclude each other", "validate through a resolver: --validate @SERVER")
    if request.trace and request.search:
        raise usage("--trace and --search exclude each other", "give the whole name")


def prepare(query: Query) -> None:
    """Load what will be needed, so that it does not happen between question and answer. Raises what `load_anchors` raises."""
    if query.question.kind not in EVERYDAY or query.request.dnssec or query.request.validate:
        from rrcli.codec.dnsdata import load

        load()
    if query.request.validate:
        from rrcli.adapters.dns.validation import load_anchors

        query.anchors = load_anchors(query.request.anchor)


def ask(query: Query, context: Context) -> dns.Message:
    """The answer, over whichever transport the question names. Raises `ExchangeError`."""
    module = {"udp": "udp", "https": "https", "quic": "quic"}.get(query.question.transport, "stream")
    answer: dns.Message = __import__(f"rrcli.adapters.dns.{module}", fromlist=["ask"]).ask(query, context)
    oddities(answer, context)
    return answer


def _address_as_name(question: Question, context: Context) -> None:
    from rrcli.wire.resolve import literal_family

    name = question.name.removesuffix(".")
    if literal_family(name) is not None:
        context.note("address-as-name", f"{name} was asked for as a name; -x asks for the name of an address")


def _conclude(query: Query, answer: dns.Message, context: Context) -> Iterator[Event]:
    """The end of the exchange, or of this hop of it."""
    again = _again(query, answer, context)
    if again:
        following, why = again
        yield Finished(answer=query.answer(answer, answer.answer), next=following, why=why)
        return
    found = query.answer(answer, answer.answer).replace(whole=query.whole(answer, context))
    broken = None
    if query.request.validate:
        from rrcli.adapters.dns.validation import validate

        context.trace.timeline.finish()  # the answer is here: checking it is no waiting for it
        verdict = validate(query, answer, context)
        broken = verdict.broken
        found = found.replace(
            summary=f"{found.summary}, {verdict.status}", data={**found.data, "validation": verdict.status, "chain": verdict.chain}
        )
    yield Received(answer=found)
    if answer.answer and not broken:  # what is forged is shown as data, but is nobody's answer
        yield Content(data="\n".join(record["data"] for record in answer.answer).encode())
    yield Finished(answer=found)
    if broken:
        raise malformed(
            f"DNSSEC: {broken}", "the zone's owner has to mend it; --cd --dnssec without --validate shows the records all the same"
        )


def _again(query: Query, answer: dns.Message, context: Context) -> tuple[DnsRequest, str] | None:
    """The request of the next hop and why there is one, or `None`."""
    request, question = query.request, query.question
    if "tc" in answer.flags and question.transport == "udp":
        if not request.no_fallback:
            context.note("truncated-udp", "the UDP answer was cut (TC); asked again over TCP")
            return request.to(question, "tcp"), "retry"
        context.note("truncated-udp", "the UDP answer was cut (TC)")
    given, sent = answer.option(COOKIE), query.asked.option(COOKIE)
    if answer.rcode == "BADCOOKIE" and given and sent and given != sent and len(given) >= 16:
        context.note("bad-cookie", "the server wants its own cookie; asked again with it")
        return request.to(question, question.transport).replace(cookie=given), "retry"
    if answer.rcode == "NXDOMAIN" and question.others:
        name, *others = question.others
        return request.to(question.replace(name=name, others=tuple(others)), question.transport), "retry"
    return None
