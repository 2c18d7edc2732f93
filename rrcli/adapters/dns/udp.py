"""DNS in datagrams. Whatever does not answer the question is set aside until the deadline and counted, because anybody
can send it (RFC 5452)."""

from __future__ import annotations

from rrcli.adapters.dns.query import Query, counted
from rrcli.base.errors import ExchangeError
from rrcli.codec.dns import message as codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.context import Context
    from rrcli.wire.datagram import Datagrams

RESEND = 5.0  # seconds of silence after which a datagram counts as lost, as dig has it


def ask(query: Query, context: Context) -> codec.Message:
    """The answer; it may be a cut one (TC). Raises `ExchangeError`."""
    query.framing = "datagram"
    socket = context.datagrams(query.question.host, query.question.port)
    hearing = _Hearing(query)
    try:
        socket.send(query.wire)
        return _next_answer(query, socket, hearing)
    except ExchangeError as error:
        if error.kind == "timeout":
            error.hint = hearing.hint(socket.foreign_datagrams)
        raise
    finally:
        hearing.others["from other sources"] = socket.foreign_datagrams
        hearing.note(context)
        socket.close()


class _Hearing:
    """Tells the answer from what else comes over UDP, and counts that."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.answer: codec.Message | None = None
        self.others = dict.fromkeys(
            ("with another id", "to another question", "with another cookie", "that were no answers", "from other sources"), 0
        )
        self.broken = 0
        self.reason = ""  # what was wrong with the last broken one
        self.resent = 0

    def wants(self, data: bytes) -> bool:
        """Whether it is the answer (RFC 5452 §9.1)."""
        try:
            self.answer = self._pick(data)
        except ExchangeError as error:
            self.broken += 1
            self.reason = error.message
        return self.answer is not None

    def _pick(self, data: bytes) -> codec.Message | None:
        if len(data) >= codec.HEADER and codec.ident_of(data) != self.query.asked.id:
            self.others["with another id"] += 1
        elif len(data) >= codec.HEADER and not codec.is_answer(data):
            self.others["that were no answers"] += 1
        elif not codec.answers(answer := codec.read(data), self.query.asked):
            self.others["to another question"] += 1
        elif self.query.is_foreign(answer):
            self.others["with another cookie"] += 1
        else:
            return answer
        return None

    def hint(self, foreign_datagrams: int) -> str:
        """What to do where no answer came in time."""
        if self.broken or foreign_datagrams or any(self.others.values()):
            return "what came was no answer to the question (see the notes): another service, or somebody who forges answers"
        return "nothing came back: a firewall drops it, or no name server is there; @tcp://SERVER tells the two apart"

    def note(self, context: Context) -> None:
        """Say in the notes what was ignored, and how often the question was repeated."""
        if others := ", ".join(f"{number} {what}" for what, number in self.others.items() if number):
            context.note("spoofed", f"datagrams were ignored: {others}")
        if self.broken:
            context.note("malformed-datagram", f"{counted(self.broken, 'broken datagram')} ignored; the last: {self.reason}")
        if self.resent:
            context.note("resent", f"no answer within {RESEND:g} s: asked again, {counted(self.resent, 'time')}")


def _next_answer(query: Query, socket: Datagrams, hearing: _Hearing) -> codec.Message:
    """The first datagram that answers the question; it is asked again after each `RESEND` seconds of silence."""
    from rrcli.base.deadline import Deadline

    while not hearing.answer:
        if socket.receive(Deadline.after(RESEND, ""), hearing.wants) is None:
            hearing.resent += 1
            socket.send(query.wire, "the same question again")
    return hearing.answer
