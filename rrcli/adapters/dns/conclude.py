"""What an answer comes to: the end of the exchange, or another hop."""

from __future__ import annotations

from rrcli.adapters.dns.emptiness import note_emptiness, understood
from rrcli.adapters.dns.hop import DnsHop
from rrcli.base.errors import malformed
from rrcli.codec.dns.edns import COOKIE
from rrcli.engine.events import Content, Continue, Finished, Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.dns.query import Query
    from rrcli.codec.dns import message as codec
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def conclude(query: Query, answer: codec.Message, context: Context) -> Iterator[Event]:
    """The end of the exchange, or of this hop of it."""
    again = _again(query, answer, context)
    if again:
        yield Finished(answer=query.answer(answer, answer.answer), then=Continue(why="retry", state=again))
        return
    found = query.answer(answer, answer.answer).replace(complete_text=query.whole(answer, context))
    found = found.replace(status=understood(found.status, query, answer))
    note_emptiness(query, answer, context)
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


def _again(query: Query, answer: codec.Message, context: Context) -> DnsHop | None:
    """What the next hop asks, or `None`."""
    request, question = query.request, query.question
    if "tc" in answer.flags and question.transport == "udp":
        if not request.no_fallback:
            context.note("truncated-udp", "the UDP answer was cut (TC); asked again over TCP")
            return DnsHop(question=question.replace(transport="tcp"), cookie=query.cookie)
        context.note("truncated-udp", f"the UDP answer was cut (TC){', within a record' * answer.cut}")
    given, sent = answer.option(COOKIE), query.asked.option(COOKIE)
    if answer.rcode == "BADCOOKIE" and given and sent and given != sent and len(given) >= 16:
        context.note("bad-cookie", "the server wants its own cookie; asked again with it")
        return DnsHop(question=question, cookie=given)
    if answer.rcode == "NXDOMAIN" and question.others:
        name, *others = question.others
        return DnsHop(question=question.replace(name=name, others=tuple(others)), cookie=query.cookie)
    return None
