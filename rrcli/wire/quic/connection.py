"""QUIC over our datagrams: the handshake as phase `tls`, streams of bytes, under our clock and deadline (RFC 9000).

aioquic keeps the state of the connection and never touches a socket; this module hands it datagrams and the time. What goes into
the transcript is the plaintext of the streams. Needs the extra `h3`.

The phases: `connect` is the opening of the UDP socket, with all the time that was spent on addresses tried in vain; `tls` the
handshake of the one that answers, in which QUIC's own is contained; `wait` ends with the first bytes on a stream that we opened,
not with what a server says of itself before.
"""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, too_large, truncated, usage
from rrcli.model.values import Attempt
from rrcli.wire.datagram import Datagrams
from rrcli.wire.quic.ending import chain_of, closed, describe, failure_of, name_refused, no_alpn
from rrcli.wire.race import redirected
from rrcli.wire.resolve import addresses, to_ascii
from rrcli.wire.tls import begin_key_log, make_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.options.request import QuicOptions, TransportOptions
    from rrcli.wire.quic.qlog import Qlog
    from rrcli.wire.quic.tickets import Tickets
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.resolve import Address

NO_TRANSPORT_ERROR = 0
FIRST_WORD = 1.0  # seconds after which a silent address gives way to the next
KEEP_ALIVE = 10.0  # seconds of silence after which we ask whether the peer is there still, so that it does not forget us
RECEIVE_BUFFER = 4 << 20  # bytes asked of the system: what does not fit is lost and has to come again
RESET_TOKEN, SHORTEST_RESET = 16, 21  # bytes (RFC 9000 section 10.3)


class StreamChunk:
    """What came on a stream: `data`, its `end`, the peer's `reset` of it or its wish that we stop, by their error codes."""

    __slots__ = ("data", "end", "reset", "stop", "stream")

    def __init__(self, stream: int, data: bytes = b"", *, end: bool = False, reset: int | None = None, stop: int | None = None) -> None:
        self.stream = stream
        self.data = data
        self.end = end
        self.reset = reset
        self.stop = stop


class Quic:
    """An open connection: `open` a stream, `put` bytes on it, `flush`, `receive` what comes on all of them.

    With `sending` every datagram is news: what waits for room may go on.
    """

    def __init__(
        self,
        options: TransportOptions,
        host: str,
        port: int,
        alpn: tuple[str, ...],
        recorder: Recorder,
        deadline: Deadline,
        note: Callable[[str, str], None],
        *,
        files: QuicOptions | None = None,
        continues_log: bool = False,
        limit: Deadline | None = None,
        early: Callable[[Quic], None] | None = None,
    ) -> None:
        """Shake hands with the first address that answers, before `deadline`, and before `limit` where there is one.

        `note` takes the code and the message of a note. `files` are the log and the ticket to write; with `continues_log` the
        log of an earlier connection goes on. `early` puts what is to be sent on its streams before the handshake is over, and is
        called where a ticket allows it.

        Raises `ExchangeError` of layer `network`, `transport`, `tls`, `protocol`, `usage` or `local`.
        """
        self.options = options
        self.recorder = recorder
        self.deadline = deadline  # of the whole exchange
        self.name = to_ascii(options.sni or host)
        self.sending = False
        self.datagrams = [0, 0]  # out, in
        self._deadline = deadline  # of what is done now
        self._note = note
        self._alpn = alpn
        self._early = early
        self._keys: Any = None
        self._log: Qlog | None = None
        self._arrived: list[StreamChunk] = []
        self._failure: ExchangeError | None = None
        self._ready = False
        self._until = Deadline(None, "")
        self._heard_ns = 0
        self._socket: Any = None
        self._setup = _load(options, alpn)
        self._tickets = _tickets(files, f"{self.name}:{port}", options)
        connect = Deadline.after(options.connect_timeout, "--connect-timeout")
        try:
            self._open_logs(files, continues=continues_log)
            self._reach(host, port, deadline.sooner(connect).sooner(limit or connect))
        except BaseException:
            self._close_all()
            raise

    # --- reaching the peer

    def _open_logs(self, files: QuicOptions | None, *, continues: bool) -> None:
        from os import environ

        if files and files.qlog:
            from rrcli.wire.quic.qlog import Qlog

            self._log = Qlog(files.qlog, more=continues)
        if path := environ.get("SSLKEYLOGFILE"):
            begin_key_log(path)
            self._keys = open(path, "a", encoding="ascii")  # noqa: SIM115

    def _reach(self, host: str, port: int, until: Deadline) -> None:
        """Try one address after the other. Raises the failure of the last."""
        options, timeline = self.options, self.recorder.timeline
        if options.proxy:
            raise usage("--proxy carries connections, no datagrams", "use TCP, or leave the proxy out")
        self._new_connection()
        host, port = redirected(options, to_ascii(host), port)
        places = addresses(options, host, port, timeline, until)
        for number, place in enumerate(places, 1):
            try:
                self._shake_hands(place, until, is_last=number == len(places))
                return
            except ExchangeError as error:
                if number == len(places) or error.layer not in ("transport", "network") or until.passed():
                    raise
            if self._socket:  # there is none for a family that this machine has no way for
                self._socket.close()
            timeline.count_in_vain()
            self._new_connection()

    def _new_connection(self) -> None:
        """State of a connection still to be opened; made before the clock looks."""
        self._connection: Any = self._setup.connection(self.options, self.name, self._alpn, (self._log, self._keys), self._tickets)
        self._losses: Any = self._setup.Losses(self._connection._loss)
        self._failure = None
        self._arrived = []

    def _shake_hands(self, place: Address, until: Deadline, *, is_last: bool) -> None:
        begin = now()
        self._socket = Datagrams(self.options, place, self.recorder, until)
        self._socket.sealed = True
        self._enlarge()
        self.recorder.timeline.enter("tls")
        self._socket.deadline = self._deadline = until
        silent = None if is_last else Deadline.after(FIRST_WORD, "")
        bytes_before = self.recorder.bytes_received
        try:
            self._connection.connect(self._socket.peer, now=_clock())
            if self._early and self._may_be_early():
                self._early(self)
            while not self._ready:
                if silent and silent.passed() and self.recorder.bytes_received == bytes_before:
                    raise ExchangeError("transport", "timeout", f"{place.endpoint} stays silent")
                self._step(silent)
                if self._failure:
                    raise self._failure
        except ExchangeError as error:
            self._describe(verified=False)
            if error.kind == "timeout" and self.recorder.bytes_received == bytes_before:
                where = f"UDP {place.endpoint}"
                error.hint = f"nothing answers on {where}: a firewall drops it, or no QUIC is spoken there"
            if error.layer in ("transport", "network"):
                self.recorder.attempts[-1] = Attempt(address=place.text, ns=now() - begin, error=error.kind)
            raise
        self._describe(verified=not self.options.insecure)
        self.flush()
        self.recorder.attempts[-1] = Attempt(address=place.text, ns=now() - begin)
        self.recorder.timeline.leave()
        self._socket.deadline = self._deadline = self.deadline

    def _may_be_early(self) -> bool:
        """Whether there are keys for data in the first flight."""
        from aioquic.tls import Epoch

        return bool(self._connection._cryptos[Epoch.ZERO_RTT].send.is_valid())

    def _enlarge(self) -> None:
        from _socket import SO_RCVBUF, SOL_SOCKET

        try:
            self._socket.sock.setsockopt(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER)
        except OSError:
            pass  # it stays as it is

    # --- streams

    def open(self, *, one_way: bool = False) -> int:
        """The number of a new stream."""
        number: int = self._connection.get_next_available_stream_id(is_unidirectional=one_way)
        self._connection.send_stream_data(number, b"")
        return number

    def put(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Have `data` sent, as soon as `flush` finds room for it. After the peer's wish that we stop, or our reset, it is dropped."""
        found = self._connection._streams.get(stream)
        if found is None or found.sender._reset_error_code is not None:
            return
        if data:
            self.tell_sent(stream, data)
        self._connection.send_stream_data(stream, data, end)

    def tell_sent(self, stream: int, data: bytes) -> None:  # noqa: ARG002
        """Write down what goes out on a stream."""
        self.recorder.sent(data, now())

    def tell_received(self, stream: int, data: bytes) -> None:  # noqa: ARG002
        """Write down what came in on a stream."""
        self.recorder.received(data, now())

    @property
    def arrived(self) -> bool:
        """Whether something has come that nobody has received."""
        return bool(self._arrived)

    def unsent(self, stream: int) -> int:
        """Bytes on a stream, its end counted as one, that wait for room in the peer's windows or on the way."""
        found = self._connection._streams.get(stream)
        if found is None or found.sender.is_finished or found.sender._reset_error_code is not None:
            return 0
        return int(sum(len(part) for part in found.sender._pending) + found.sender._pending_eof)

    def reset(self, stream: int, code: int) -> None:
        """Send no more on a stream, unless all is sent."""
        if stream in self._connection._streams:
            self._connection.reset_stream(stream, code)

    def flush(self) -> None:
        """Send what may go out now."""
        for data, _ in self._connection.datagrams_to_send(now=_clock()):
            self._socket.send(data)
            self.datagrams[0] += 1

    def receive(self, until: Deadline | None = None) -> list[StreamChunk]:
        """What came on the streams; nothing, if `until` passes first or, while `sending`, if there may be room.

        Raises `ExchangeError` at the deadline, after too long a silence, and when the connection ended and all that came is handed on.
        """
        idle = Deadline.after(self.options.idle_timeout, "--idle-timeout")
        while not self._arrived:
            if self._failure:
                raise self._failure
            if self._step(idle.sooner(until) if until else idle) and self.sending:
                break
            if not self._arrived and not self._failure:
                if until and until.passed():
                    break
                if idle.passed():
                    idle.expire()
        arrived, self._arrived = self._arrived, []
        return arrived

    def write(self, data: bytes) -> None:
        """All that is to be sent on the one stream, and its end."""
        self.put(self.open(), data, end=True)
        self.flush()

    def read_all(self, limit: int) -> bytes:
        """Everything up to the end of that stream. Raises `too_large` over `limit` bytes."""
        received = bytearray()
        while True:
            try:
                pieces = self.receive()
            except ExchangeError as error:
                if error.kind == "closed" and received:
                    raise truncated(f"{error.message}, before the end of the answer") from error
                raise
            for piece in pieces:
                if piece.stream:
                    continue
                if piece.reset is not None or piece.stop is not None:
                    raise ExchangeError("transport", "reset", f"the peer reset the stream (error {piece.reset or piece.stop or 0})")
                received += piece.data
                if len(received) > limit:
                    raise too_large(f"the answer is larger than {limit} bytes")
                if piece.end:
                    return bytes(received)

    def close(self, code: int = NO_TRANSPORT_ERROR, reason: str = "") -> None:
        """Say goodbye, without waiting for an echo, and keep the ticket for the next time."""
        if self._tickets:
            try:
                self._tickets.save()
            except ExchangeError as error:
                self._note("ticket-not-kept", error.message)
        self._connection.close(error_code=code, reason_phrase=reason)
        for data, _ in self._connection.datagrams_to_send(now=_clock()):
            try:
                self.recorder.bytes_sent += self._socket.sock.sendto(data, self._socket.peer)
            except OSError:
                break  # the peer is gone, which is what we were about to tell it
        self._close_all()

    def _close_all(self) -> None:
        for opened in (self._socket, self._keys, self._log):
            if opened is not None:
                opened.close()
        self._keys = self._log = None

    def _resumption(self) -> dict[str, Any]:
        """Where tickets are kept: whether one was taken, and what became of data in the first flight."""
        if self._tickets is None:
            return {}
        tls = self._connection.tls
        return {"resumed": bool(tls.session_resumed), "early_data": bool(self._early and tls.early_data_accepted)}

    def stats(self) -> dict[str, Any]:
        """What QUIC itself has to tell: its version, the path's round trip as it measured it, packets."""
        loss = self._connection._loss
        version = self._connection._version
        return {
            "version": {1: "1", 0x6B3343CF: "2"}.get(version, f"0x{version:x}"),
            "rtt_ms": round(loss._rtt_smoothed * 1000, 3) if loss._rtt_initialized else None,
            "packets_sent": self._connection._packet_number,
            "packets_lost": self._losses.count,
            "datagrams_sent": self.datagrams[0],
            "datagrams_received": self.datagrams[1],
            **self._resumption(),
        }

    # --- one step

    def _step(self, until: Deadline | None = None) -> bool:
        """Send what there is, then wait for a datagram of use, the connection's own timer, or `until`. Whether a datagram came."""
        self.flush()
        if self._deadline.passed():  # a peer that always has more does not move it
            self._deadline.expire()
        timer = self._connection.get_timer()
        quiet = self._heard_ns + int(KEEP_ALIVE * 1e9) if self._ready else None
        limits = (timer and int(timer * 1e9), quiet, until and until.at_ns, self._deadline.at_ns)
        if self._hear(min([at - 1 for at in limits if at], default=None)):
            return True
        if self._deadline.passed():
            self._deadline.expire()
        if timer is not None and _clock() >= timer:
            self._connection.handle_timer(now=_clock())
            self._take()
        if quiet and now() >= quiet:
            self._heard_ns = now()
            self._connection.send_ping(0)
        return False

    def _hear(self, until_ns: int | None) -> bool:
        """Whether a datagram of use came. A port that is closed after the handshake was open before: the peer may have read all."""
        self._until = Deadline(until_ns, "")
        try:
            return self._socket.receive(self._until, self._feed) is not None
        except ExchangeError as error:
            if error.kind == "refused" and self._ready:
                raise ExchangeError("transport", "reset", f"the peer is gone: {error.message}") from error
            raise

    def _feed(self, data: bytes) -> bool:
        """Whether the datagram brought something that is waited for."""
        self.datagrams[1] += 1
        self._heard_ns = now()
        before = self._ready
        if self._is_reset(data):
            hint = "the server forgot the connection: it was restarted, or something between lost its way to it"
            self._failure = ExchangeError("transport", "reset", "the peer reset the connection (stateless reset)", hint=hint)
            return True
        from service_identity import CertificateError

        try:
            self._connection.receive_datagram(data, self._socket.peer, now=_clock())
        except CertificateError:  # which aioquic lets through: an address as a DNS name in the certificate
            self._failure = name_refused(self.name, chain_of(self._connection.tls))
            return True
        news = self._take() or self.sending or before != self._ready
        if not news:
            self._until.at_ns = now()  # it may have set other timers: look at them
        return news

    def _is_reset(self, data: bytes) -> bool:
        """Whether the peer says by its token that it knows nothing of the connection (RFC 9000 section 10.3.1); aioquic looks for none."""
        token = self._connection._peer_cid.stateless_reset_token
        return bool(token) and len(data) >= SHORTEST_RESET and not data[0] & 0x80 and data[-RESET_TOKEN:] == token

    def _take(self) -> bool:
        """Take over what aioquic understood; whether there was something that ends the wait for an answer."""
        from aioquic.quic import events

        news = False
        while (event := self._connection.next_event()) is not None:
            if isinstance(event, events.HandshakeCompleted):
                self._ready = True
                if event.alpn_protocol is None:
                    self._failure = no_alpn()
            elif isinstance(event, events.StreamDataReceived):
                self._arrived.append(StreamChunk(event.stream_id, event.data, end=event.end_stream))
                if event.data:
                    self.tell_received(event.stream_id, event.data)
                news = news or event.stream_id % 4 == 0
            elif isinstance(event, events.StreamReset):
                self._arrived.append(StreamChunk(event.stream_id, reset=event.error_code))
                news = True
            elif isinstance(event, events.StopSendingReceived):
                self._arrived.append(StreamChunk(event.stream_id, stop=event.error_code))
                news = True
        ended = self._connection._close_event  # the event of it comes only when the last stragglers must have passed
        if ended is not None and self._failure is None:
            is_ours = self._connection._close_pending
            self.flush()
            if ended.frame_type is None:
                self._failure = closed(self.name_of(ended.error_code), ended.reason_phrase, ready=self._ready)
            else:
                chain = chain_of(self._connection.tls) if is_ours else None
                self._failure = failure_of(ended.error_code, ended.reason_phrase, self.name, chain, ready=self._ready)
            news = True
        return news

    # --- how it ended

    def name_of(self, code: int) -> str:
        """The name of an error code of the protocol above."""
        return f"error {code}"

    def _describe(self, *, verified: bool) -> None:
        """Write down what the handshake agreed on, as far as it got."""
        if self._connection.tls is not None:
            self.recorder.tls = describe(self._connection.tls, self.name, verified=verified)


def _clock() -> float:
    """The time as aioquic wants it: in seconds, and of the clock that our deadlines have."""
    return now() / 1e9


def _tickets(files: QuicOptions | None, origin: str, options: TransportOptions) -> Tickets | None:
    """The server's session tickets, where there is a file for them."""
    if files is None or not files.early_data:
        return None
    from rrcli.wire.quic.tickets import Tickets

    return Tickets(files.early_data, origin, options)


def _load(options: TransportOptions, alpn: tuple[str, ...]) -> Any:
    """The module that makes connections. Raises `usage` without aioquic, and, as TLS over TCP would, for what the options name."""
    try:
        from rrcli.wire.quic import setup
    except ModuleNotFoundError as error:
        raise usage(f"QUIC needs the module {error.name}", "pip install 'rrcli[h3]'") from error
    make_context(options, alpn)  # reads all files that aioquic would trip over
    return setup
