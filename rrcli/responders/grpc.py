"""The gRPC responder: the service of `demo.proto`, health checks and both versions of reflection, over our own HTTP/2.

It needs no extra. All calls of a connection are stepped by its one thread, so that a slow one holds up no other.
"""

from __future__ import annotations

import time
from binascii import b2a_base64
from collections import deque

from rrcli.base.errors import ExchangeError
from rrcli.codec.grpc.framing import Unframer, frame
from rrcli.codec.grpc.status import DEADLINE_EXCEEDED, DETAILS, INTERNAL, RESOURCE_EXHAUSTED, UNIMPLEMENTED, percent_encoded, seconds_of
from rrcli.codec.http.h2frames import PREFACE, Broken
from rrcli.codec.http.h2server import Abandoned, H2Server, RequestContent, RequestHead
from rrcli.responders.base import Responder, ServerConnection
from rrcli.responders.grpc_methods import METHODS, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Fields
    from rrcli.responders.grpc_methods import Method, Steps

LARGEST = 4 << 20  # bytes of a message, as grpcio has it
MESSAGES = 100_000  # of one call
TOTAL = 64 << 20  # bytes of the messages of one call
AT_ONCE = 32 << 10  # bytes of a call's answer, before others have their turn
HEAD = ((":status", "200"), ("content-type", "application/grpc"))
NO_HTTP2 = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
WORDS = b"this port speaks gRPC, which is HTTP/2 without an upgrade\n"


class Call:
    """One call under way."""

    def __init__(self, stream: int, method: Method, encoding: str, *, gzip: bool, deadline: float | None) -> None:
        self.stream = stream
        self.method = method
        self.gzip = gzip  # messages go out so
        self.deadline = deadline
        self.unframer = Unframer(LARGEST, encoding)
        self.messages: list[bytes] = []
        self.steps: deque[Steps] = deque()
        self.due = 0.0  # when the next step is
        self.begun = False  # the head has left
        self.asked_all = False
        self.ended = False
        self._total = 0

    def take(self, data: bytes, *, end: bool) -> None:
        """Take content. Raises `Failed` for what is no message, and for more or fewer than the method takes."""
        try:
            new = [framed.data for framed in self.unframer.feed(data)]
            if end:
                self.unframer.finish()
        except ExchangeError as error:
            code = {"too_large": RESOURCE_EXHAUSTED, "unsupported": UNIMPLEMENTED}.get(error.kind, INTERNAL)
            raise Failed(code, error.message) from None
        if self.method.each:
            self.steps += [self.method.act([message]) for message in new]
        else:
            self.messages += new
        self._total += sum(map(len, new))
        if self._total > TOTAL:
            raise Failed(RESOURCE_EXHAUSTED, f"the messages of the call are longer than {TOTAL} bytes")
        if len(self.messages) > (MESSAGES if self.method.streams else 1) or len(self.steps) > MESSAGES:
            raise Failed(INTERNAL, "more messages came than the method takes")
        if not end:
            return
        self.asked_all = True
        if not self.method.streams and not self.messages:
            raise Failed(INTERNAL, "the call ended without a message")
        if not self.method.each:
            self.steps.append(self.method.act(self.messages))

    @property
    def wakes(self) -> float | None:
        """When it has to be looked at again, whatever comes."""
        if self.ended:
            return None
        times = [at for at in (self.deadline, self.due if self.steps else None) if at is not None]
        return min(times, default=None)


class GrpcResponder(Responder):
    """`rrcli.v1.Demo`, `grpc.health.v1.Health`, and `grpc.reflection.v1` and `v1alpha`."""

    protocol = "grpc"
    scheme = "grpc"
    alpn = ("h2",)
    examples = ("rrcli grpc {url} --list", "rrcli grpc {url} rrcli.v1.Demo/Echo text=hello")
    secure_examples = ("rrcli grpc -k {url} --health",)

    def converse(self, connection: ServerConnection) -> None:
        _Conversation(connection, self.idle).run()


class _Conversation:
    """One connection and its calls."""

    def __init__(self, connection: ServerConnection, idle: float) -> None:
        self._connection = connection
        self._idle = idle
        self._http2 = H2Server()
        self._calls: dict[int, Call] = {}

    def run(self) -> None:
        """Answer until the client leaves, is idle, or breaks HTTP/2."""
        first = self._connection.peek()
        if not PREFACE.startswith(first[: len(PREFACE)]) and b" HTTP/1." in first.split(b"\n")[0]:
            self._connection.send(NO_HTTP2 % (len(WORDS), WORDS))
            return
        self._connection.send(self._http2.greeting())
        while self._connection.wait_input(self._left()) or self._calls:
            if not self._hears():
                return
            self._step()
        self._http2.goodbye()
        self._flush()

    def _left(self) -> float:
        """Seconds until something has to be done."""
        times = [call.wakes for call in self._calls.values() if call.wakes is not None and not self._http2.is_blocked(call.stream)]
        return max(0.0, min(times) - time.monotonic()) if times else self._idle

    def _hears(self) -> bool:
        """Take what has come, if anything; false when the connection is over."""
        if not self._connection.wait_input(0):
            return True
        data = self._connection.receive()
        try:
            for event in self._http2.feed(data):
                if isinstance(event, RequestHead):
                    self._begin(event)
                elif isinstance(event, RequestContent):
                    self._take(event)
                elif isinstance(event, Abandoned):
                    self._calls.pop(event.stream, None)
        except Broken:
            self._flush()
            return False
        self._flush()
        return bool(data)

    def _flush(self) -> None:
        if owed := self._http2.take_control():
            self._connection.deliver(owed)

    def _send(self, call: Call, data: bytes) -> None:
        if data:
            (self._connection.deliver if call.method.plain else self._connection.send)(data)

    # --- calls -----------------------------------------------------------------------------------------------

    def _begin(self, head: RequestHead) -> None:
        fields = dict(head.fields)
        method = METHODS.get(fields.get(":path", ""))
        encoding = fields.get("grpc-encoding", "identity")
        if not fields.get("content-type", "").startswith("application/grpc"):
            said = ((":status", "415"), ("content-type", "text/plain"))
            self._connection.send(self._http2.send_fields(head.stream, said, end=True))
        elif method is None:
            end = _status(Failed(UNIMPLEMENTED, f"there is no method {fields.get(':path', '')[:200]}"))
            self._connection.send(self._http2.send_fields(head.stream, (*HEAD, *end), end=True))
        else:
            seconds = seconds_of(fields.get("grpc-timeout", ""))
            deadline = None if seconds is None else time.monotonic() + seconds
            call = Call(head.stream, method, encoding, gzip=encoding == "gzip", deadline=deadline)
            self._calls[head.stream] = call
            if head.end:
                self._take(RequestContent(stream=head.stream, data=b"", end=True))

    def _take(self, content: RequestContent) -> None:
        call = self._calls.get(content.stream)
        if call is None or call.ended:
            return
        try:
            call.take(content.data, end=content.end)
        except Failed as failed:
            self._send(call, self._end(call, failed))

    def _step(self) -> None:
        """Go on with each call as far as it goes now."""
        for call in list(self._calls.values()):
            if self._http2.is_blocked(call.stream):
                self._send(call, self._http2.resume(call.stream))
            if not call.ended:
                self._go_on(call)
            if call.ended and not self._http2.is_blocked(call.stream):
                del self._calls[call.stream]

    def _go_on(self, call: Call) -> None:
        """Send what a call yields, until it waits for a time, for the client's window, or for a message."""
        out = b""
        try:
            if call.deadline is not None and time.monotonic() >= call.deadline:
                raise Failed(DEADLINE_EXCEEDED, "the deadline of the call is over")
            while call.steps and call.due <= time.monotonic() and len(out) < AT_ONCE and not self._http2.is_blocked(call.stream):
                step = next(call.steps[0], None)
                if step is None:
                    call.steps.popleft()
                elif isinstance(step, bytes):
                    out += self._head(call) + self._http2.send_content(call.stream, frame(step, gzip=call.gzip))
                else:
                    call.due = time.monotonic() + step
            if call.asked_all and not call.steps:
                out += self._head(call) + self._end(call, None)
        except Failed as failed:
            out += self._end(call, failed)
        self._send(call, out)

    def _head(self, call: Call) -> bytes:
        """The head of the answer, once."""
        if call.begun:
            return b""
        call.begun = True
        more = (("grpc-encoding", "gzip"),) if call.gzip else ()
        return self._http2.send_fields(call.stream, (*HEAD, *more, ("grpc-accept-encoding", "gzip")))

    def _end(self, call: Call, failed: Failed | None) -> bytes:
        """The end of a call with its status, which without an answer before it is all of the answer."""
        call.ended = True
        fields = _status(failed) if call.begun else (*HEAD, *_status(failed))
        return self._http2.send_fields(call.stream, fields, end=True)


def _status(failed: Failed | None) -> Fields:
    """The trailers."""
    if failed is None:
        return (("grpc-status", "0"),)
    said = (("grpc-status", str(failed.code)), ("grpc-message", percent_encoded(failed.message)))
    if not failed.details:
        return said
    return (*said, (DETAILS, b2a_base64(failed.details, newline=False).decode().rstrip("=")))
