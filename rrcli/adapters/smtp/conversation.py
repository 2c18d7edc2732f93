"""The dialogue with a mail server: commands said, replies heard in their order, both with their times."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError, malformed
from rrcli.base.record import Record
from rrcli.codec.smtp import QUIT, Capabilities, Decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.smtp import Command, Reply
    from rrcli.engine.context import Context
    from rrcli.wire.stream import Stream

LAST_WAIT = 1.0  # seconds that the reply to QUIT is waited for
CLOSING = 421  # the server says that it closes the connection (RFC 5321 section 3.8)


class Turn(Record):
    """A reply, and what it answers. `ns` counts from the command, or from the reply before where commands went together."""

    command: str  # its verb; `connect` for the greeting, `message` for what follows DATA
    reply: Reply
    at_ns: int  # from the beginning of the exchange
    ns: int


class Recipient(Record):
    """An address and the reply that decided on it."""

    address: str
    turn: Turn


class SmtpConversation:
    """What was said so far, and how far it got. `decided` is the reply that the answer's status is made of."""

    def __init__(self, stream: Stream, context: Context) -> None:
        self.stream = stream
        self.context = context
        self.stage = "connect"
        self.turns: list[Turn] = []
        self.log: list[str | Turn] = []  # as it is drawn: lines of ours, and turns
        self.decided: Reply | None = None
        self.banner: str | None = None
        self.hello: Reply | None = None  # the reply to EHLO
        self.offers = Capabilities(keywords={})
        self.offered: tuple[str, ...] = ()  # the lines of the last EHLO
        self.auth: str | None = None
        self.recipients: list[Recipient] = []
        self.pipelines = False
        self.left = False  # the message has, with its final dot
        self.delivered = False  # to one recipient at least
        self._decoder = Decoder()
        self._waiting: list[tuple[Reply, int]] = []
        self._failure: ExchangeError | None = None
        self._since_ns = context.recorder.timeline.last_ns

    @property
    def last(self) -> Reply | None:
        """The reply before that to QUIT."""
        return next((turn.reply for turn in reversed(self.turns) if turn.command != "QUIT"), None)

    @property
    def closing(self) -> bool:
        """Whether the server said that it closes the connection."""
        return bool(self.turns) and self.turns[-1].reply.code == CLOSING

    @property
    def has_more(self) -> bool:
        """Whether anything has come that answers nothing."""
        return bool(self._waiting or self._failure or self._decoder.pending or self.stream.buffered)

    # --- saying

    def say(self, *commands: Command) -> None:
        """Send commands, in one write. Raises `malformed` when the server has talked on by itself."""
        if self._waiting or self._failure:
            if self._waiting and self._waiting[0][0].code == CLOSING:
                return  # that is the answer
            raise self._failure or malformed(f"the mail server sent a reply that nothing asked for: {self._waiting[0][0].code}")
        spans, at = [], 0
        for command in commands:
            spans += [(at + begin, at + end) for begin, end in command.secrets]
            at += len(command.data)
            self._draw(command.data[:-2].decode("utf-8", "replace"))
        self._write(b"".join(command.data for command in commands), _named(commands), spans)

    def say_message(self, data: bytes, size: int) -> None:
        """Send a message, with its final dot; the server has it from then on."""
        self._draw(f"(the message, {size} bytes)")
        self._write(data, "message", ())
        self.left = self.context.recorder.wrote = not self.stream.reset

    def _write(self, data: bytes, note: str, spans: object) -> None:
        try:
            self.stream.write(data, note, secrets=spans)  # type: ignore[arg-type]
        finally:
            self.context.recorder.wrote = self.left  # what comes before the final dot delivers nothing
        self._since_ns = self.context.recorder.timeline.last_ns

    def _draw(self, line: str) -> None:
        self.log.append(f"→ {line}")

    # --- hearing

    def hear(self, command: str) -> Reply:
        """The next reply. Raises what the codec raises, `closed` where the server leaves, and `timeout`."""
        while not self._waiting:
            if self._failure:
                raise self._failure
            self._receive(command)
        reply, at_ns = self._waiting.pop(0)
        timeline = self.context.recorder.timeline
        begin, self._since_ns = self._since_ns, at_ns
        turn = Turn(command=command, reply=reply, at_ns=at_ns - timeline.origin_ns, ns=max(0, at_ns - begin))
        self.turns.append(turn)
        self.log.append(turn)
        self.context.recorder.remark(f"{command}: {reply.code}")
        return reply

    def _receive(self, command: str) -> None:
        data = self.stream.receive()
        if not data:
            self._decoder.eof()
            raise ExchangeError("transport", "closed", f"the mail server closed the connection in place of {_awaited(command)}")
        at_ns = self.context.recorder.timeline.last_ns
        try:
            replies = self._decoder.feed(data)
        except ExchangeError as error:
            replies, self._failure = self._decoder.salvaged, error
        self._waiting += [(reply, at_ns) for reply in replies]

    def begin_anew(self) -> None:
        """TLS began: what was known of the server was said in clear text, and counts no longer (RFC 3207 section 4.2)."""
        self._decoder = Decoder()
        self.offers, self.offered = Capabilities(keywords={}), ()
        self._since_ns = self.context.recorder.timeline.last_ns
        tls = self.context.recorder.tls
        self.log.append(f"· {tls.version if tls else 'TLS'} from here on")

    # --- the end

    def quit(self) -> None:
        """Say goodbye, and hear it for a moment; nothing that happens here changes the answer."""
        if self.closing or self.stream.eof or self.stream.reset:
            return
        wrote, deadline = self.context.recorder.wrote, self.stream.deadline
        self.stream.deadline = deadline.sooner(Deadline.after(LAST_WAIT, ""))
        try:
            self.say(QUIT)
            self.hear("QUIT")
        except ExchangeError:
            pass  # what was answered before stands
        self.stream.deadline, self.context.recorder.wrote = deadline, wrote


def _named(commands: tuple[Command, ...]) -> str:
    """The verbs, those that repeat counted: `MAIL, RCPT ×3, DATA`."""
    names: list[list[object]] = []
    for command in commands:
        if names and names[-1][0] == command.verb:
            names[-1][1] = int(str(names[-1][1])) + 1
        else:
            names.append([command.verb, 1])
    return ", ".join(f"{name} ×{count}" if count != 1 else str(name) for name, count in names)


def _awaited(command: str) -> str:
    return "greeting us" if command == "connect" else f"answering {command}"
