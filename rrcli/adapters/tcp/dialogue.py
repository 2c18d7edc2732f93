"""A conversation over one stream: send, await, change to TLS, in the order given; then the answer up to its end.

Whatever is read on the way is content of the answer, so that nothing the peer said is lost.
"""

from __future__ import annotations

from rrcli.adapters.tcp.content import in_bytes, message, named
from rrcli.adapters.tcp.picture import Talk
from rrcli.base.errors import ExchangeError
from rrcli.base.timelimit import LIMIT
from rrcli.codec.boundary import AfterBytes, AfterFrame, AfterLines, AfterMatch, AfterText, Boundary
from rrcli.engine.events import Content, Finished, Received, Sent
from rrcli.model.values import Body, Response, Status
from rrcli.options.steps import filled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from re import Pattern

    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Target
    from rrcli.options.steps import Step
    from rrcli.wire.stream import Stream

IDLE = 1.0  # seconds of silence that end an answer when the user named no end
SILENCE = 3.0  # seconds in which a peer that was sent nothing may begin to speak


class Dialogue:
    """The state of one conversation: what was captured, sent and heard so far."""

    def __init__(self, request: TcpRequest, context: Context, stream: Stream, target: Target) -> None:
        self.request = request
        self.context = context
        self.stream = stream
        self.target = target
        self.answer = Response(summary="", status=Status(text="answered"), body=Body())
        self.captures: dict[str, bytes] = {}
        self.size = 0
        self.heard = False
        self.spoke = False  # something was sent
        self.talk = Talk()

    def run(self, steps: list[Step]) -> Iterator[Event]:
        """All steps, then the answer's end. Raises `truncated`, `closed` and `timeout`, which name the step that waited."""
        boundary = boundary_of(self.request)
        last_send = max((at for at, (flag, _) in enumerate(steps) if _sends(flag)), default=-1)
        if self.request.half_close and last_send < 0:
            self.stream.finish_writing()
        told = list(steps)
        for at, (flag, value) in enumerate(steps):
            if flag == "--await":
                assert not isinstance(value, str)
                yield from self._await(at + 1, value)
            elif flag == "--starttls":
                self._start_tls(str(value), opened=at > 0)
            elif isinstance(value, bytes):
                data = filled(value, self.captures) if flag == "--send" and self.captures else value
                told[at] = flag, data
                self.stream.write(data)
                self.spoke = self.spoke or bool(data)
                self.talk.say("sent", data)
                if at == last_send and self.request.half_close:
                    self.stream.finish_writing()
        if self.captures:
            yield Sent(message=message(self.request, self.target, told), target=self.target)
        if boundary is None and steps and steps[-1][0] == "--await":
            framing = "read-until"
            self._note_rest(0)
        else:
            framing = yield from self._read(boundary)
        spoke_first = self.heard and (last_send < 0 or not _sends(steps[0][0]))
        answer = named(self.context, self.answer, self.size, framing, spoke_first=spoke_first)
        if not self.heard:
            answer = answer.replace(summary="not read")
            if boundary is None:
                answer = answer.replace(summary="silent", status=Status(text="silent"), framing=None)
        yield Finished(answer=answer.replace(display=self.talk.drawn()))

    def _start_tls(self, protocol: str, *, opened: bool) -> None:
        """Change to TLS; in a dialogue that has begun the protocol's opening is behind us."""
        from rrcli.wire.resolve import to_ascii
        from rrcli.wire.starttls import upgrade

        timeline = self.context.recorder.timeline
        name = to_ascii(self.request.sni or self.target.host or "")
        upgrade(self.stream, protocol, self.context.tls_context(), name, opened=opened)
        if "receive" in timeline.phases:
            timeline.enter("receive")  # the answer, which had begun, goes on

    def _await(self, number: int, wanted: bytes | Pattern[bytes]) -> Iterator[Event]:
        """Read up to and with what is wanted; what a regular expression names is captured."""
        step = f"step {number}, --await {_shown(wanted)}"
        boundary = AfterText(wanted) if isinstance(wanted, bytes) else AfterMatch(wanted)
        before = self.size
        while True:
            try:
                data = self.stream.receive()
            except ExchangeError as error:
                if error.kind in ("timeout", "reset"):
                    error.message += f" in {step}, after {in_bytes(self.size - before)}"
                raise
            if not data:
                raise _closed_in(step, self.size - before, heard=self.heard)
            end = self._end(boundary, data)
            yield from self._take(data if end is None else data[:end])
            if end is not None:
                self.stream.unread(data[end:])
                break
        if isinstance(boundary, AfterMatch) and boundary.found:
            self.captures.update({name: value or b"" for name, value in boundary.found.groupdict().items()})

    def _end(self, boundary: Boundary, data: bytes) -> int | None:
        """How many bytes still belong to the answer; a pattern is looked for until the deadline at most."""
        left = self.stream.deadline.remaining_ms()
        if isinstance(boundary, AfterMatch) and left is not None:
            boundary.patience = min(LIMIT, left / 1000)
        return boundary.feed(data)

    def _take(self, data: bytes) -> Iterator[Event]:
        """Content, and before the first of it that there is an answer."""
        if not self.heard:
            yield Received(answer=self.answer)
        self.heard = True
        self.size += len(data)
        self.talk.say("received", data)
        yield Content(data=data)

    def _read(self, boundary: Boundary | None) -> Generator[Event, None, str]:
        """The answer's bytes up to their end; returns what told the end."""
        idle = self.request.read_idle or IDLE
        if boundary and boundary.feed(b"") is not None:  # no bytes, or no lines: nothing is waited for
            return boundary.framing
        if self._is_silent(boundary):
            return "read-idle"
        while boundary is not None or not self.heard or self.stream.wait_readable(idle):
            data = self.stream.receive()
            if not data:
                break
            end = self._end(boundary, data) if boundary else None
            skipped = boundary.skipped if boundary else 0
            if end is not None or skipped < len(data):
                yield from self._take(data[skipped:end])
            if end is not None and boundary is not None:
                self._note_rest(len(data) - end)
                return boundary.framing
        else:
            return "read-idle"
        self._check_end(boundary)
        return "close"

    def _is_silent(self, boundary: Boundary | None) -> bool:
        """Whether a peer that was sent nothing, and of which nothing is expected, does not begin to speak; that is noted."""
        if boundary or self.spoke or self.heard or self.request.read_idle is not None or self.stream.wait_readable(SILENCE):
            return False
        self.context.note("silent", f"nothing was sent, and the peer said nothing for {SILENCE:g} s; --send TEXT says something")
        return True

    def _note_rest(self, size: int) -> None:
        if size or self.stream.buffered:
            self.context.note("bytes-after-end", f"{max(1, size)} or more bytes came after the end of the answer")

    def _check_end(self, boundary: Boundary | None) -> None:
        """Raise where the peer's closing is not the end that was asked for."""
        if not self.heard and not self.context.recorder.answered:
            raise ExchangeError("transport", "closed", "the peer closed the connection without sending a byte")
        if boundary is not None and boundary.framing != "close":
            raise ExchangeError(
                "protocol", "truncated",
                f"the peer closed before the end that --{boundary.framing} asks for, after {in_bytes(self.size)}",
            )  # fmt: skip


def boundary_of(request: TcpRequest) -> Boundary | None:
    """The rule that ends the answer besides the peer's closing; `None` when silence does."""
    if request.read_until:
        wanted = request.read_until
        return AfterText(wanted) if isinstance(wanted, bytes) else AfterMatch(wanted)
    if request.read_bytes is not None:
        return AfterBytes(request.read_bytes)
    if request.read_lines is not None:
        return AfterLines(request.read_lines)
    if request.length_prefix:
        return AfterFrame(request.length_prefix, request.max_size)
    return Boundary() if request.read_eof else None


def _sends(flag: str) -> bool:
    return flag not in ("--await", "--starttls")


def _shown(wanted: bytes | Pattern[bytes]) -> str:
    """What was waited for, as it may be written on a command line."""
    if isinstance(wanted, bytes):
        return repr(wanted)[1:]
    return f"/{wanted.pattern.decode('utf-8', 'replace')}/"


def _closed_in(step: str, size: int, *, heard: bool) -> ExchangeError:
    said = f"the peer closed in {step}, after {in_bytes(size)}"
    return ExchangeError("protocol", "truncated", said) if heard else ExchangeError("transport", "closed", said)
