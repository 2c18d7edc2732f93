"""DNS over QUIC (RFC 9250): a stream for each question, the message behind its length, both directions ended by FIN."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, truncated
from rrcli.codec.dns import message as codec
from rrcli.wire.quic.connection import Quic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.engine.context import Context

LARGEST = 65535 + 2


def ask(query: Query, context: Context) -> codec.Message:
    """The answer. Raises `ExchangeError`."""
    connection = Quic(context.request, query.question.host, query.question.port, ("doq",), context.recorder, context.deadline, context.note)
    context.note_trust(context.request)
    try:
        connection.write(len(query.wire).to_bytes(2, "big") + query.wire)
        data = connection.read_all(LARGEST)
    finally:
        connection.close()
    if not data:
        raise ExchangeError("transport", "closed", "the peer ended the stream without an answer")
    size = int.from_bytes(data[:2], "big")
    if len(data) < 2 + size:
        raise truncated(f"the stream ended after {max(len(data) - 2, 0)} of {size} bytes")
    if len(data) > 2 + size:
        context.note("bytes-after-end", "bytes came after the end of the answer")
    message = data[2 : 2 + size]
    if not codec.is_answer(message) or codec.ident_of(message) != query.asked.id:
        raise malformed("what came back is no answer to the question")
    answer = codec.read(message)
    if not codec.answers(answer, query.asked):
        raise malformed("the answer is to another question")
    return answer
