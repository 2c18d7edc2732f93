"""DNS over TCP and over TLS: each message behind its length (RFC 1035 §4.2.2, RFC 7858), and whole zones (RFC 5936)."""

from __future__ import annotations

from rrcli.adapters.dns.query import Query, counted, note_missing_question, oddities
from rrcli.base.errors import ExchangeError, malformed, too_large, truncated
from rrcli.codec.dns import message as codec
from rrcli.codec.dns.tables import SOA, type_name
from rrcli.engine.events import Content, Finished, Received

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.wire.stream import Stream


RECORD = 240  # bytes of memory that a record takes, its name and data aside


def ask(query: Query, context: Context) -> codec.Message:
    """The answer in one message. Raises `ExchangeError`."""
    stream = _open(query, context)
    try:
        answer = _first(query, context, stream)
        _leftover(stream, context)
        return answer
    finally:
        stream.close()


def transfer(query: Query, context: Context) -> Iterator[Event]:
    """A whole zone: messages until the SOA record that it began with comes again (RFC 5936 §2.2)."""
    stream = _open(query, context)
    try:
        first = _first(query, context, stream)
        note_missing_question(first, context)
        oddities(first, context)
        if first.rcode != "NOERROR":
            refused = query.answer(first, first.answer).replace(complete_text=query.whole(first, context))
            yield Received(answer=refused)
            yield Finished(answer=refused)
        else:
            yield from _zone(query, context, stream, first)
        _leftover(stream, context)
    finally:
        stream.close()


def _open(query: Query, context: Context) -> Stream:
    """A connection to the server, or to the first that can be asked in its stead. `query.question` is then to that one."""
    question = query.question
    *others, last = question.host, *question.spare
    for host in others:
        try:
            stream = context.connect(host, question.port, tls=question.transport == "tls", alpn=("dot",))
        except ExchangeError as error:
            if error.layer not in ("network", "transport") or context.deadline.passed():
                raise
        else:
            query.question = question.replace(host=host, spare=())
            return stream
    query.question = question.replace(host=last, spare=())
    return context.connect(last, question.port, tls=question.transport == "tls", alpn=("dot",))


def _first(query: Query, context: Context, stream: Stream) -> codec.Message:
    stream.write(len(query.wire).to_bytes(2, "big") + query.wire)
    answer = _read_message(query, context, stream)
    if not codec.answers(answer, query.asked):
        raise malformed("the answer is to another question")
    return answer


def _leftover(stream: Stream, context: Context) -> None:
    if stream.buffered:
        context.note("bytes-after-end", "bytes came after the end of the answer")


def _read_message(query: Query, context: Context, stream: Stream) -> codec.Message:
    """The next message after its length. Raises `closed`, `wrong_protocol`, `malformed`, `truncated`."""
    first = stream.receive(1)
    if not first and context.recorder.answered:
        raise truncated("the peer closed the connection before the end of the zone")
    if not first:
        raise ExchangeError("transport", "closed", "the peer closed the connection without an answer")
    size = first[0] << 8 | stream.read_exact(1)[0]
    if size < codec.HEADER:
        _refuse(context, f"the length before the message says {size} bytes; a header alone has {codec.HEADER}")
    start = stream.read_exact(codec.HEADER)
    if codec.ident_of(start) != query.asked.id:
        _refuse(context, f"the answer has the id {codec.ident_of(start)}, the question {query.asked.id}")
    if not codec.is_answer(start):
        _refuse(context, "what came back is no answer but a query")
    return codec.read(start + stream.read_exact(size - codec.HEADER))


def _refuse(context: Context, why: str) -> NoReturn:
    """Raise `wrong_protocol` when what came looks like another protocol, else `malformed`."""
    from rrcli.codec.recognise import recognise

    found = recognise(context.recorder.first).what
    if found.startswith(("b'", 'b"')):
        raise malformed(why)
    raise ExchangeError("protocol", "wrong_protocol", f"expected DNS, got {found}")


def _zone(query: Query, context: Context, stream: Stream, first: codec.Message) -> Iterator[Event]:
    if not first.answer or first.answer[0]["type"] != type_name(SOA):
        raise malformed("the transfer does not begin with the SOA record of the zone")
    yield Received(answer=query.answer(first, []))
    records: list[dict[str, Any]] = []
    room = query.request.max_size
    message = first
    while True:
        new, ended = _until_soa(message.answer, started=bool(records))
        yield Content(data=("\n" * bool(records) + "\n".join(map(_line, new))).encode())
        records += new
        if ended:
            break
        room -= sum(map(_cost, new))
        if room < 0:
            raise too_large(
                f"the zone takes more than {query.request.max_size} bytes: {counted(len(records), 'record')} came, and it goes on",
                "allow more with --max-size",
            )
        message = _read_message(query, context, stream)
        oddities(message, context)
        if message.rcode != "NOERROR":
            raise malformed(f"the transfer broke off with {message.rcode} after {counted(len(records), 'record')}")
    yield Finished(answer=query.answer(first, records))


def _until_soa(records: list[dict[str, Any]], *, started: bool) -> tuple[list[dict[str, Any]], bool]:
    """The records up to and with the SOA that ends a transfer, and whether it is among them."""
    for at, record in enumerate(records):
        if record["type"] == "SOA" and (started or at):
            return records[: at + 1], True
    return records, False


def _cost(record: dict[str, Any]) -> int:
    """The bytes that a record is counted as: in memory it is a multiple of what it is on the wire."""
    return RECORD + len(record["name"]) + 2 * len(record["data"])


def _line(record: dict[str, Any]) -> str:
    """A record of a zone on a line of its zone file: without its name its data would say little."""
    return f"{record['name']}\t{record['ttl']}\t{record['class']}\t{record['type']}\t{record['data']}"
