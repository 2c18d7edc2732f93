"""One question over the transport that was chosen: UDP, TCP, TLS, HTTPS or QUIC."""

from __future__ import annotations

from rrcli.adapters.dns.query import note_missing_question, oddities

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.codec.dns import message as codec
    from rrcli.engine.context import Context


def ask(query: Query, context: Context) -> codec.Message:
    """The answer, over whichever transport the question names. Raises `ExchangeError`."""
    module = {"udp": "udp", "https": "https", "quic": "quic"}.get(query.question.transport, "stream")
    answer: codec.Message = __import__(f"rrcli.adapters.dns.{module}", fromlist=["ask"]).ask(query, context)
    note_missing_question(answer, context)
    oddities(answer, context)
    return answer
