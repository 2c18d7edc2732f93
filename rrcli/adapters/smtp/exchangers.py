"""`--mx`: the mail exchangers of a domain, looked up and tried in their order (RFC 5321 section 5.1)."""

from __future__ import annotations

from rrcli.adapters.smtp.arguments import Exchangers, split_words
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Continue, Finished, Sent
from rrcli.model.values import RequestMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.smtp.mailing import Mailing
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange

# A server that cannot be reached, or does not greet, is no reason not to try the next; one that has the message is.
PASSED_OVER = ("name_not_found", "resolver_failed", "unreachable", "refused", "reset", "closed", "timeout")


def look_up(mailing: Mailing, context: Context) -> Iterator[Event]:
    """Ask for the exchangers and go on to the first. Raises `name_not_found` for a domain that has none, or takes no mail."""
    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.engine.send import send

    domain, request = mailing.place.host, mailing.request
    summary = f"{domain}. IN MX"
    yield Sent(message=RequestMessage(summary=summary, data={"safe": True, "idempotent": True}), target=mailing.place.target)
    timeline, servers = context.recorder.timeline, split_words(request)[1]
    lookup = DnsRequest(domain, "MX", *servers, ipv4=request.ipv4, ipv6=request.ipv6, interface=request.interface)
    timeline.enter("resolve")
    found = send(lookup, until=context.deadline)
    timeline.leave()
    context.recorder.peer = found.connection.peer
    exchangers = _exchangers(domain, found)
    yield Finished(answer=found.response, then=Continue(why="redirect", state=exchangers))


def _exchangers(domain: str, found: Exchange) -> Exchangers:
    """The exchangers in the answer, those preferred first; the domain itself where it names none."""
    answer = found.response
    status = answer.status.text if answer else ""
    if answer is None or status not in ("NOERROR", "NXDOMAIN"):
        why = found.error.message if found.error else status
        raise ExchangeError("network", "resolver_failed", f"the mail exchangers of {domain} cannot be looked up: {why}")
    if status == "NXDOMAIN":
        raise ExchangeError("network", "name_not_found", f"there is no domain {domain}")
    records = [record["data"].split() for record in answer.data["answer"] if record["type"] == "MX"]
    pairs = sorted((int(preference), name.rstrip(".")) for preference, name in records)
    if pairs and not any(name for _, name in pairs):
        raise ExchangeError("network", "name_not_found", f"{domain} takes no mail: it says so by a null MX (RFC 7505)")
    names = [name for _, name in pairs if name] or [domain]
    return Exchangers(host=names[0], others=tuple(names[1:]))


def or_next(context: Context, events: Iterator[Event]) -> Iterator[Event]:
    """The dialogue with one exchanger, or the way to the next where it could not begin, or the greeting refuses us."""
    state: Exchangers = context.state
    following = state.next
    if following is None:
        yield from events
        return
    last: list[Event] = []
    try:
        for event in events:
            if isinstance(event, Sent):
                yield event
            else:
                last.append(event)
    except ExchangeError as error:
        if error.kind in PASSED_OVER and not context.recorder.wrote:
            error.phase = error.phase or context.recorder.timeline.current
            yield Finished(answer=None, then=Continue(why="redirect", state=following), failure=error)
            return
        yield from last
        raise
    end = last[-1]
    assert isinstance(end, Finished)
    if end.answer and end.answer.data["stage"] in ("connect", "ehlo") and not end.answer.status.ok:
        yield Finished(answer=end.answer, then=Continue(why="redirect", state=following))
    else:
        yield from last
