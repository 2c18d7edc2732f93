"""A byte stream over a socket, plain or TLS: bounded reads, one read buffer, stamps beside the system calls.

A `Link` moves bytes without waiting; TLS is a link over a link (`wire/tls.py`). The `Stream` above it waits
under the deadline, owns the only read buffer, and tells the trace what went by.
"""

from __future__ import annotations

import errno
from select import POLLIN, POLLOUT, poll

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, too_large, truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterable
    from typing import Any, Protocol

    from rrcli.wire.ratelimit import RateLimit
    from rrcli.wire.recorder import Recorder

    class Link(Protocol):
        """Moves bytes without ever waiting."""

        @property
        def pending(self) -> bool: ...  # bytes accepted by `send` are not yet on their way

        def send(self, data: memoryview) -> int: ...  # how many were taken; 0: none now
        def flush(self) -> None: ...
        def recv(self, size: int) -> bytes | None: ...  # b"": the end; None: nothing yet
        def shutdown(self) -> None: ...
        def close(self) -> None: ...
        def fileno(self) -> int: ...
        def re_record(self, recorder: Recorder) -> None: ...


CHUNK = 65536
LARGE = 1 << 17  # bytes of a read whose place nobody keeps: half the system calls of a download
BACKLOG = 64 << 20  # bytes buffered while we send; a peer that talks on without listening has to wait then


def translate(error: OSError, doing: str) -> ExchangeError:
    """The failure that an `OSError` of a socket call means, while `doing` something ("connecting to …")."""
    code = error.errno
    reason = error.strerror or str(error)
    if code in (errno.ECONNREFUSED, errno.ENOENT):
        hint = "nothing listens there: is the server running, and is this its port?"
        return ExchangeError("transport", "refused", f"{doing}: {reason.lower()}", hint=hint)
    if code in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN):
        return ExchangeError("transport", "reset", f"{doing}: the peer reset the connection")
    if code == errno.EAGAIN:  # only a unix socket says so: it has no handshake to wait for
        return ExchangeError("transport", "refused", f"{doing}: its queue of connections is full", hint="the server does not accept them")
    if code in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        hint = "check the route, the VPN and the address family (-4, -6)"
        return ExchangeError("network", "unreachable", f"{doing}: {reason.lower()}", hint=hint)
    if code == errno.ETIMEDOUT:
        return ExchangeError("transport", "timeout", f"{doing}: the system gave up waiting for the peer")
    if code in (errno.EACCES, errno.EPERM):
        hint = "a local firewall or a missing permission refuses it"
        return ExchangeError("network", "unreachable", f"{doing}: {reason.lower()}", hint=hint)
    if code == errno.EADDRNOTAVAIL:
        return ExchangeError("network", "unreachable", f"{doing}: {reason.lower()}", hint="check --interface and the address")
    hint = "the system itself refuses: look at the route to it (ip route get ADDRESS); a black-hole route does so"
    return ExchangeError("network", "unreachable", f"{doing}: {reason.lower()}", hint=hint)


class Plain:
    """The link of a bare socket."""

    pending = False

    def __init__(self, sock: _socket.socket, recorder: Recorder) -> None:
        self.sock = sock
        self.recorder = recorder

    def send(self, data: memoryview) -> int:
        try:
            sent = self.sock.send(data[: 4 * CHUNK])
        except BlockingIOError:
            return 0
        except OSError as error:
            raise translate(error, "while sending") from error
        self.recorder.bytes_sent += sent
        self.recorder.timeline.wrote(now())
        return sent

    def flush(self) -> None:
        pass

    def recv(self, size: int) -> bytes | None:
        try:
            data = self.sock.recv(size)
        except BlockingIOError:
            return None
        except OSError as error:
            raise translate(error, "while receiving") from error
        self.recorder.bytes_received += len(data)
        return data

    def shutdown(self) -> None:
        try:
            self.sock.shutdown(1)  # SHUT_WR
        except OSError:
            pass  # the peer is gone; its answer may still be there, and reading tells how it went

    def close(self) -> None:
        self.sock.close()

    def fileno(self) -> int:
        return self.sock.fileno()

    def re_record(self, recorder: Recorder) -> None:
        self.recorder = recorder


class Silent:
    """The link of no connection: what was received before is all that there is."""

    pending = False

    def send(self, data: memoryview) -> int:
        return len(data)

    def flush(self) -> None:
        pass

    def recv(self, size: int) -> bytes | None:  # noqa: ARG002  # as all links have it
        return b""

    def shutdown(self) -> None:
        pass

    def close(self) -> None:
        pass

    def fileno(self) -> int:
        return 0  # nobody waits for it

    def re_record(self, recorder: Recorder) -> None:
        pass


class Stream:
    """Reads and writes under `deadline`, which may be replaced while the stream lives (connect, then exchange)."""

    def __init__(self, link: Link, recorder: Recorder, deadline: Deadline, idle: float | None = None) -> None:
        self.link = link
        self.recorder = recorder
        self.deadline = deadline
        self.idle = idle
        self.eof = False
        self.reset = False  # the peer reset the connection, but had answered before: nothing more can be sent
        self.pace: RateLimit | None = None  # limits the speed of both directions
        self.session: Any = None  # what its protocol knows of the connection, for the next exchange over it
        self._buffer = bytearray()
        self._written = 0  # bytes of what is written next that have left before
        self._failure: ExchangeError | None = None  # that was met then
        self._poller = poll()
        self._poller.register(link.fileno(), POLLIN)

    # --- writing

    def write(self, data: bytes, note: str | None = None, *, secrets: Iterable[tuple[int, int]] = ()) -> None:
        """Send all of `data`, or as much of it as a peer takes that answers and then resets the connection.

        What arrives meanwhile is buffered, so that two talkers cannot block each other. `secrets` are the parts of `data`, each from
        its first byte to behind its last one, that a masked transcript does not show. Raises `ExchangeError` (reset, timeout).
        """
        for start, end in secrets:
            self.recorder.secret_span(start, end)
        rest = memoryview(data)
        while (rest or self.link.pending) and not self.reset:
            rest = rest[self.write_until_input(rest, note) :]

    def write_until_input(self, data: bytes | memoryview, note: str | None = None) -> int:
        """Send `data`, but return early, with the number of bytes that left, once something has arrived."""
        link, view, done = self.link, memoryview(data), 0
        if self._written or self._failure:
            done = self._skip(len(view))
            if done == len(view):
                return done
        begin, before = now(), done
        self.recorder.timeline.writing(begin)
        try:
            while done < len(view) or link.pending:
                taken = self._send(view[done:]) if done < len(view) else 0
                done += taken
                if link.pending:
                    link.flush()
                if self.pace and done < len(view) and self._wait(self._ear(), Deadline(now(), ""), strict=False) and self._collect():
                    break  # there was room to send, so nothing else would look for an answer
                if (link.pending or not taken) and self._wait(POLLOUT | self._ear(), self._idle()) & ~POLLOUT and self._collect():
                    break
        except ExchangeError as error:
            # A server that refuses an upload answers first and resets then: its answer is worth more than our error.
            if error.kind != "reset" or not self._answered_before_reset():
                raise
            self.reset = True
        finally:
            if done > before:
                self.recorder.sent(view[before:done], begin, note)
        return done

    def _skip(self, size: int) -> int:
        """How much of so many bytes has left before. Raises what the rest failed with."""
        done = min(self._written, size)
        self._written -= done
        if done < size:
            self._raise_failure()
        return done

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure:
            raise failure

    def _send(self, view: memoryview) -> int:
        """Send what the link takes of it, or what the pace allows, which is rested for before."""
        if self.pace is None:
            return self.link.send(view)
        self.pace.sleep(self.deadline)
        taken = self.link.send(view[: self.pace.allows(len(view))])
        self.pace.passed(taken)
        return taken

    def _idle(self) -> Deadline:
        """When the peer, from now on, has been silent or deaf for too long."""
        return Deadline.after(self.idle, "--idle-timeout")

    def _ear(self) -> int:
        """The event of input, while there is any to expect and room for it."""
        return 0 if self.eof or len(self._buffer) > BACKLOG else POLLIN

    def _answered_before_reset(self) -> bool:
        """Whether something to read came before the reset. Raises what a TLS alert says, which is why the peer left."""
        try:
            data = self.link.recv(CHUNK)
        except ExchangeError as error:
            if error.layer == "tls":
                raise
            data = None
        if data:  # an end is none of the answer's: it leaves the blame with the sending
            self._arrived(data)
            self._buffer += data
        return bool(self._buffer)

    def finish_writing(self) -> None:
        """Close our half: the peer reads the end of what we sent."""
        self.link.shutdown()

    # --- reading

    @property
    def buffered(self) -> bool:
        """Something has arrived that nobody has read."""
        return bool(self._buffer)

    def receive(self, limit: int = LARGE) -> bytes:
        """What has arrived, at least one byte and at most `limit`; `b""` at the end of the stream."""
        return self._cut(limit) if self._buffer else self._await(limit)

    def _cut(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def unread(self, data: bytes) -> None:
        """Put back what a codec did not want."""
        self._buffer[:0] = data

    def read_exact(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises `truncated` when the stream ends before."""
        while len(self._buffer) < size:
            if not self._fill():
                raise truncated(f"the stream ended after {len(self._buffer)} of {size} bytes")
        return self._cut(size)

    def read_line(self, limit: int = CHUNK) -> bytes:
        """Up to and with the next LF. Raises `too_large` over `limit`, `truncated` at the end of the stream."""
        start = 0
        while (end := self._buffer.find(b"\n", start, limit)) < 0:
            start = len(self._buffer)
            if start >= limit:
                raise too_large(f"a line is longer than {limit} bytes")
            if not self._fill():
                raise truncated(f"the stream ended within a line, after {start} bytes of it")
        return self._cut(end + 1)

    def has_arrived(self) -> bool:
        """Whether bytes or their end are there by now; nobody waits for them, so that no phase begins. Raises at the deadline."""
        return bool(self._buffer) or self.eof or self._collect() or self.eof

    def wait_readable(self, seconds: float) -> bool:
        """Whether bytes, or their end, come within `seconds`. Raises `ExchangeError` at the deadline."""
        self.recorder.timeline.reading(now())
        until = Deadline.after(seconds, "")
        while not (self._buffer or self.eof or self._collect()):
            if not self.eof and not self._wait(self._input(), until, strict=False):
                return False
        return True

    def _fill(self) -> bool:
        """Wait for more bytes in the buffer; false at the end of the stream."""
        data = self._await(CHUNK)
        self._buffer += data
        return bool(data)

    def _await(self, size: int) -> bytes:
        """The next bytes from the link, waited for; `b""` at the end of the stream."""
        self.recorder.timeline.reading(now())
        if self.pace:
            self.pace.sleep(self.deadline)
        idle = self._idle()
        while not self.eof:
            if data := self._take(size):
                return data
            if not self.eof:
                self._wait(self._input(), idle)
        return b""

    def _take(self, size: int) -> bytes | None:
        """What the link has now, written down: `None` when there is nothing yet, `b""` at the end."""
        if self._failure:
            self._raise_failure()
        if self.deadline.passed():  # a peer that always has more does not move it
            self.deadline.expire()
        data = self.link.recv(self.pace.allows(size) if self.pace else size)
        if data is not None:
            self._arrived(data)
            if self.pace:
                self.pace.passed(len(data))
        return data

    def _arrived(self, data: bytes) -> None:
        at_ns = now()
        if data:
            self.recorder.timeline.read(at_ns)
            self.recorder.received(data, at_ns)
        else:
            self.recorder.timeline.ended(at_ns)
            self.eof = True

    def _collect(self) -> bool:
        """Buffer what is there without waiting; true when the buffer grew."""
        data = self._take(CHUNK)
        if data:
            self._buffer += data
        return bool(data)

    def _wait(self, events: int, other: Deadline | None = None, *, strict: bool = True) -> int:
        """Poll for `events`, which are returned. Raises at the stream's deadline; at the `other` only when `strict`, else 0."""
        deadline = self.deadline.sooner(other) if other else self.deadline
        self._poller.modify(self.link.fileno(), events)
        while True:
            left = deadline.remaining_ms()
            seen = self._poller.poll(None if left is None else left + 0.5)
            if self.deadline.passed():
                self.deadline.expire()
            if seen:
                return int(seen[0][1])
            if deadline.passed():
                if strict:
                    deadline.expire()
                return 0

    def wait(self) -> None:
        """Wait until the link can go on: for bytes, and for room while it has some to send."""
        self._wait(self._input())

    def _input(self) -> int:
        return POLLIN | POLLOUT if self.link.pending else POLLIN

    # --- TLS and the end

    def hear_refusal(self, seconds: float) -> None:
        """Raise what the peer has against us right after the handshake: in TLS 1.3 it refuses a client's certificate then.

        Belongs to no phase. Session tickets are read over; anything else ends the waiting.
        """
        until = Deadline.after(seconds, "")
        if self.recorder.tls is None or self.recorder.tls.version != "TLSv1.3":
            return
        try:
            while self._wait(POLLIN, until, strict=False) and self.link.recv(CHUNK) is None:
                pass
        except ExchangeError as error:
            if error.kind != "timeout":  # the handshake was in time
                error.phase = error.phase or "tls"
                raise

    def replace_link(self, link: Link) -> None:
        """Continue over `link`, which wraps the present one. Bytes buffered in clear text would be injected ones."""
        if self._buffer:
            raise ExchangeError(
                "protocol", "malformed", f"{len(self._buffer)} bytes of clear text came after the switch to TLS was agreed",
                hint="a buggy server, or somebody between who injects commands (CVE-2011-0411)",
            )  # fmt: skip
        self.link = link

    def re_record(self, recorder: Recorder) -> None:
        """Another exchange goes over this connection: write down what happens in its trace from now on."""
        self.recorder = recorder
        self.link.re_record(recorder)

    def hand_over(self, recorder: Recorder, deadline: Deadline, idle: float | None = None) -> None:
        """The connection was kept, and goes to another exchange, whose recorder tells whose it is."""
        before = self.recorder
        recorder.local, recorder.peer, recorder.proxy, recorder.tls = before.local, before.peer, before.proxy, before.tls
        recorder.reused = True
        self.re_record(recorder)
        self.deadline, self.idle = deadline, idle

    def take(self) -> bytes | None:
        """What has arrived, written down, without waiting; `None` when nothing has, `b""` at the end. Raises at the deadline."""
        return self._take(LARGE)

    def take_up(self, written: int, received: bytes, failure: ExchangeError | None) -> None:
        """Let whoever goes on with an exchange find it as if they had begun it.

        So many bytes of what they write first have left, this has arrived since, and then came the failure, if one did.
        """
        self._written, self._failure = written, failure
        self._buffer += received

    @property
    def is_ahead(self) -> bool:
        """Whether what is written next has left before."""
        return self._written > 0

    def close(self) -> None:
        self.link.close()
