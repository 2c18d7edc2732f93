"""DNS in datagrams: asked again while nothing comes, each time of the next of the server's addresses.

Whatever does not answer the question is set aside until the deadline and counted, because anybody can send it (RFC 5452).
"""

from __future__ import annotations

from rrcli.adapters.dns.query import Query, counted
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.codec.dns import message as codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.context import Context
    from rrcli.wire.datagram import Turns
    from rrcli.wire.resolve import Address

RESEND = 1.0  # seconds until the question goes out again; each later wait is twice as long: 1, 3 and 7 s after the first
TIMEOUT = 10.0  # seconds in all, where the user names no limit


def ask(query: Query, context: Context) -> codec.Message:
    """The answer; it may be a cut one (TC). `query.question` is then to the server that gave it. Raises `ExchangeError`."""
    query.framing = "datagram"
    limit = _limit(query, context)
    hosts = _places(query, context, limit)
    turns = context.datagrams_in_turn([place for _, place in hosts], limit)
    hearing = _Hearing(query)
    try:
        answer = _next_answer(query, turns, hearing)
        host = next((host for host, place in hosts if place is turns.answered), query.question.host)
        query.question = query.question.replace(host=host, spare=())
        return answer
    except ExchangeError as error:
        if error.kind == "timeout":
            raise hearing.failure(error, turns.foreign_datagrams) from None
        raise
    finally:
        hearing.others["from other sources"] = turns.foreign_datagrams
        hearing.note(context)
        turns.close()


def _limit(query: Query, context: Context) -> Deadline:
    """When to give up: a lost datagram is no reason to wait as long as for a connection."""
    request = query.request
    if request.timeout is None:
        return context.deadline.sooner(Deadline.after(TIMEOUT, "--timeout"))
    return context.deadline.sooner(Deadline.after(request.idle_timeout, "--idle-timeout"))


def _places(query: Query, context: Context, limit: Deadline) -> list[tuple[str, Address]]:
    """The addresses of the server, then those of the ones that may be asked in its stead, each with its server's host."""
    question, found = query.question, []
    failure = None
    for host in (question.host, *question.spare):
        try:
            found += [(host, place) for place in context.datagram_places(host, question.port, limit)]
        except ExchangeError as error:
            failure = failure or error
    if failure and not found:
        raise failure
    return found


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
        self.spoilt: ExchangeError | None = None  # what is wrong with an answer that is ours by its id

    def wants(self, data: bytes) -> bool:
        """Whether it is the answer (RFC 5452 §9.1)."""
        try:
            self.answer = self._pick(data)
        except ExchangeError as error:
            self.broken += 1
            self.reason = error.message
            if len(data) >= codec.HEADER:
                self.spoilt = error
        return self.answer is not None

    def _pick(self, data: bytes) -> codec.Message | None:
        if len(data) >= codec.HEADER and codec.ident_of(data) != self.query.asked.id:
            self.others["with another id"] += 1
        elif len(data) >= codec.HEADER and not codec.is_answer(data):
            self.others["that were no answers"] += 1
        elif not codec.answers(answer := codec.read(data, may_be_cut=True), self.query.asked):
            self.others["to another question"] += 1
        elif self.query.is_foreign(answer):
            self.others["with another cookie"] += 1
        else:
            return answer
        return None

    def failure(self, error: ExchangeError, foreign_datagrams: int) -> ExchangeError:
        """What it means that no answer came in time: the answer that did come cannot be read, or there was none."""
        if self.spoilt:
            hint = "@tcp://SERVER shows whether the server or something on the way spoils it; --wire shows the bytes"
            return ExchangeError("protocol", "malformed", f"the only answer is broken: {self.spoilt.message}", hint=hint)
        if self.broken or foreign_datagrams or any(self.others.values()):
            error.hint = "what came was no answer to the question (see the notes): another service, or somebody who forges answers"
        else:
            error.hint = "nothing came back: a firewall drops it, or no name server is there; @tcp://SERVER tells the two apart"
        return error

    def note(self, context: Context) -> None:
        """Say in the notes what was ignored, and how often the question was repeated."""
        if others := ", ".join(f"{number} {what}" for what, number in self.others.items() if number):
            context.note("spoofed", f"datagrams were ignored: {others}")
        if self.broken:
            context.note("malformed-datagram", f"{counted(self.broken, 'broken datagram')} ignored; the last: {self.reason}")
        if (again := (self.query.tries or 1) - 1) and context.recorder.wrote:
            context.note("resent", f"no answer to the first datagram: asked again, {counted(again, 'time')}")


def _next_answer(query: Query, turns: Turns, hearing: _Hearing) -> codec.Message:
    """The first datagram that answers the question. It goes out again when a wait is over, and at once when an address refuses."""
    wait = RESEND
    query.tries = 0
    silence = Deadline(None, "")
    while not hearing.answer:
        if query.tries < query.request.tries:
            turns.send(query.wire, "the same question again" if query.tries else None)
            query.tries += 1
            silence = Deadline.after(wait, "") if query.tries < query.request.tries else Deadline(None, "")
        turns.receive(silence, hearing.wants)
        if silence.passed():
            wait *= 2
    return hearing.answer
