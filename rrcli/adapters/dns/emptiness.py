"""What an answer means that holds nothing of what was asked for: whose name is missing, which type, or why the server refuses."""

from __future__ import annotations

from rrcli.codec.dns.tables import AXFR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.codec.dns.message import Message
    from rrcli.engine.context import Context
    from rrcli.model.values import Status

CNAME, ANY = 5, 255
OF_EDNS = ("FORMERR", "NOTIMP", "BADVERS")  # what servers say that do not know EDNS, or not this version of it (RFC 6891 §7)


def end_of_aliases(name: str, answer: Message) -> str:
    """The name that the CNAME records of an answer lead to; `name` itself where there is none."""
    aliases = {record["name"].lower(): record["data"] for record in answer.answer if record["type"] == "CNAME"}
    for _ in range(len(aliases)):
        if (target := aliases.get(name.lower())) is None:
            break
        name = target
    return name


def understood(status: Status, query: Query, answer: Message) -> Status:
    """The status with its reason, where the code alone would mislead."""
    name = query.question.name
    if answer.rcode == "NXDOMAIN" and (end := end_of_aliases(name, answer)) != name:
        return status.replace(
            reason=f"{name} is an alias of {end}, and that does not exist",
            action=f"mend the alias, or the name that it leads to: rrcli dns {name} CNAME shows the one, rrcli dns {end} the other",
            explain_as=("", ""),  # what NXDOMAIN means in general is said of the name that was asked for
        )
    if answer.rcode in OF_EDNS and query.asked.edns is not None and answer.edns is None:
        return status.replace(action="servers that do not know EDNS answer so: ask again with --no-edns")
    return status


def note_emptiness(query: Query, answer: Message, context: Context) -> None:
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
