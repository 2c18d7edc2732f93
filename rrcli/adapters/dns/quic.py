"""DNS over QUIC (RFC 9250): a stream for each question, the message behind its length, both directions ended by FIN."""

from __future__ import annotations

from rrcli.codec import dns
from rrcli.errors import ExchangeError, malformed, truncated
from rrcli.wire.quic import Quic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.context import Context

LARGEST = 65535 + 2


def ask(query: Query, context: Context) -> dns.Message:
    """The answer. Raises `ExchangeError`."""
    connection = Quic(context, query.question.host, query.question.port, ("doq",))
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
    if not dns.is_answer(message) or dns.ident_of(message) != query.asked.id:
        raise malformed("what came back is no answer to the question")
    answer = dns.read(message)
    if not dns.answers(answer, query.asked):
        raise malformed("the answer is to another question")
    return answer
