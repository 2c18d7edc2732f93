"""What an answer comes to: the end of the exchange, or another hop; and what one means that holds nothing of what was asked for."""

from __future__ import annotations

from rrcli.adapters.dns.hop import DnsHop
from rrcli.base.errors import malformed
from rrcli.codec.dns.edns import COOKIE
from rrcli.codec.dns.tables import AXFR
from rrcli.engine.events import Content, Continue, Finished, Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.dns.query import Query
    from rrcli.codec.dns import message as codec
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Status


CNAME, ANY = 5, 255
OF_EDNS = ("FORMERR", "NOTIMP", "BADVERS")  # what servers say that do not know EDNS, or not this version of it (RFC 6891 §7)


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


# --- nothing of what was asked for


def end_of_aliases(name: str, answer: codec.Message) -> str:
    """The name that the CNAME records of an answer lead to; `name` itself where there is none."""
    aliases = {record["name"].lower(): record["data"] for record in answer.answer if record["type"] == "CNAME"}
    for _ in range(len(aliases)):
        if (target := aliases.get(name.lower())) is None:
            break
        name = target
    return name


def understood(status: Status, query: Query, answer: codec.Message) -> Status:
    """The status with its reason, where the code alone would mislead."""
    name = query.question.name
    if answer.rcode == "NXDOMAIN" and (end := end_of_aliases(name, answer)) != name:
        from rrcli.base.shellquote import quoted

        return status.replace(
            reason=f"{name} is an alias of {end}, and that does not exist",
            hint=f"mend the alias, or where it leads to: rrcli dns {quoted(name)} CNAME shows the one, rrcli dns {quoted(end)} the other",
            explain_as=("", ""),  # what NXDOMAIN means in general is said of the name that was asked for
        )
    if answer.rcode in OF_EDNS and query.asked.edns is not None and answer.edns is None:
        return status.replace(hint="servers that do not know EDNS answer so: ask again with --no-edns")
    return status


def note_emptiness(query: Query, answer: codec.Message, context: Context) -> None:
    """Note that a success holds no record of the type asked for (RFC 2308 §2.2), or only says who may know."""
    question = query.question
    if answer.rcode != "NOERROR" or "tc" in answer.flags or question.kind == AXFR:
        return
    if any(record["type"] == question.type or question.kind == ANY for record in answer.answer):
        return
    end = end_of_aliases(question.name, answer)
    zones = [record["name"] for record in answer.authority if record["type"] == "NS"]
    if zones and "aa" not in answer.flags and not any(record["type"] == "SOA" for record in answer.authority):
        servers = ", ".join(record["data"] for record in answer.authority if record["type"] == "NS")
        context.note("referral", f"the server does not know it, and refers to those of {zones[0]}: {servers}")
    elif end != question.name:
        context.note("no-data", f"{question.name} is an alias of {end}, of which there is no {question.type} record here")
    else:
        context.note("no-data", f"{question.name} exists, but has no {question.type} record (NODATA)")
