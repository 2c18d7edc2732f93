"""DNS as `dig` asks it: one question to one server, over UDP, TCP, TLS, HTTPS or QUIC.

What else a question may need are further hops: an answer that was cut (TC) is asked for again over TCP (RFC 7766 §5), a server
that wants its cookie is asked again with it, a search list goes on to the next name, and `--trace` walks down from the root.
"""

from __future__ import annotations

from rrcli.adapters.dns.ask import ask
from rrcli.adapters.dns.conclude import conclude
from rrcli.adapters.dns.hop import first_hop
from rrcli.adapters.dns.prepare import note_address, prepare, refuse_contradictions
from rrcli.adapters.dns.query import HttpFailure, Query
from rrcli.adapters.dns.questions import questions_of
from rrcli.codec.dns.tables import AXFR
from rrcli.engine.events import Finished, Received, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: DnsRequest, context: Context) -> Iterator[Event]:
    """Ask the one question, or take one step of a trace."""
    refuse_contradictions(request)
    if request.trace:
        from rrcli.adapters.dns.trace import step

        yield from step(request, context)
        return
    hop = context.state or first_hop(questions_of(request))
    query = Query(request, hop.question, hop.cookie)
    if context.state is None:
        note_address(query.question, context)
    prepare(query)
    yield Sent(message=query.message(), target=query.target())
    if query.question.kind == AXFR:
        from rrcli.adapters.dns.stream import transfer

        yield from transfer(query, context)
        return
    try:
        answer = ask(query, context)
    except HttpFailure as failure:
        yield Received(answer=failure.answer)
        yield Finished(answer=failure.answer)
    else:
        yield from conclude(query, answer, context)
