"""DNS as `dig` asks it: one question to one server, over UDP, TCP, TLS, HTTPS or QUIC.

What else a question may need are further hops: an answer that was cut (TC) is asked for again over TCP (RFC 7766 §5), a server
that wants its cookie is asked again with it, a search list goes on to the next name, and `--trace` walks down from the root.
"""

from __future__ import annotations

from rrcli.adapters.dns.ask import ask
from rrcli.adapters.dns.prepare import _address_as_name, prepare
from rrcli.adapters.dns.query import Query
from rrcli.base.errors import malformed, usage
from rrcli.base.record import Record
from rrcli.codec.dns import message as codec
from rrcli.codec.dns.edns import COOKIE
from rrcli.codec.dns.tables import AXFR
from rrcli.engine.continuation import Continue
from rrcli.engine.events import Content, Finished, Received, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.dns.questions import Question
    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange


class DnsHop(Record):
    """What one hop asks, and with which cookie of the server's."""

    question: Question
    cookie: bytes | None = None


def exchange(request: DnsRequest, context: Context) -> Iterator[Event]:
    """Ask the one question, or take one step of a trace."""
    from rrcli.adapters.dns.questions import questions

    _check(request)
    if request.trace:
        from rrcli.adapters.dns.trace import step

        yield from step(request, context)
        return
    hop = context.state or _first(questions(request))
    query = Query(request, hop.question, hop.cookie)
    if context.state is None:
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
    from rrcli.adapters.dns.dig import as_command

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


def _conclude(query: Query, answer: codec.Message, context: Context) -> Iterator[Event]:
    """The end of the exchange, or of this hop of it."""
    again = _again(query, answer, context)
    if again:
        yield Finished(answer=query.answer(answer, answer.answer), then=Continue(why="retry", state=again))
        return
    found = query.answer(answer, answer.answer).replace(complete_text=query.whole(answer, context))
    broken = None
    if query.request.validate:
        from rrcli.adapters.dns.validation import validate

        context.recorder.timeline.finish()  # the answer is here: checking it is no waiting for it
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


def _first(asked: list[Question]) -> DnsHop:
    """What to begin with. Raises `usage` for more than one question."""
    if len(asked) != 1:
        raise usage(f"this asks {len(asked)} questions, and one exchange has one", "send each of request.several()")
    return DnsHop(question=asked[0])


def _again(query: Query, answer: codec.Message, context: Context) -> DnsHop | None:
    """What the next hop asks, or `None`."""
    request, question = query.request, query.question
    if "tc" in answer.flags and question.transport == "udp":
        if not request.no_fallback:
            context.note("truncated-udp", "the UDP answer was cut (TC); asked again over TCP")
            return DnsHop(question=question.replace(transport="tcp"), cookie=query.cookie)
        context.note("truncated-udp", "the UDP answer was cut (TC)")
    given, sent = answer.option(COOKIE), query.asked.option(COOKIE)
    if answer.rcode == "BADCOOKIE" and given and sent and given != sent and len(given) >= 16:
        context.note("bad-cookie", "the server wants its own cookie; asked again with it")
        return DnsHop(question=question, cookie=given)
    if answer.rcode == "NXDOMAIN" and question.others:
        name, *others = question.others
        return DnsHop(question=question.replace(name=name, others=tuple(others)), cookie=query.cookie)
    return None
