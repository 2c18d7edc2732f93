"""QUIC over our datagrams: the handshake as phase `tls`, streams of bytes, under our clock and deadline (RFC 9000).

The library (`library.py`) keeps the state of the connection and never touches a socket; this module hands it datagrams and the time.
What goes into the transcript is the plaintext of the streams. Needs the extra `h3`.

The phases: `connect` is the opening of the UDP socket, with all the time that was spent on addresses tried in vain; `tls` the
handshake of the one that answers, in which QUIC's own is contained; `wait` ends with the first bytes on a stream that we opened,
not with what a server says of itself before.
"""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, too_large, truncated, usage
from rrcli.model.values import Attempt
from rrcli.wire.datagram import Datagrams
from rrcli.wire.quic.ending import NO_COMMON_VERSION, chain_of, closed, describe, failure_of, forgotten, no_alpn
from rrcli.wire.race import redirected
from rrcli.wire.resolve import addresses, to_ascii
from rrcli.wire.tls import begin_key_log, make_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.options.request import QuicOptions, TransportOptions
    from rrcli.wire.quic.library import Connection, StreamChunk
    from rrcli.wire.quic.qlog import Qlog
    from rrcli.wire.quic.tickets import Tickets
    from rrcli.wire.recorder import Recorder
    from rrcli.wire.resolve import Address

NO_TRANSPORT_ERROR = 0
FIRST_WORD = 1.0  # seconds after which a silent address gives way to the next
KEEP_ALIVE = 10.0  # seconds of silence after which we ask whether the peer is there still, so that it does not forget us
RECEIVE_BUFFER = 4 << 20  # bytes asked of the system: what does not fit is lost and has to come again


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
        self._library = _load(options, alpn)
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
        self._connection: Connection = self._library.Connection(self.options, self.name, self._alpn, (self._log, self._keys), self._tickets)
        self._failure = None
        self._arrived = []

    def _shake_hands(self, place: Address, until: Deadline, *, is_last: bool) -> None:
        begin = now()
        self._socket = Datagrams(self.options, place, self.recorder, until)
        self._socket.sealed = True
        self._socket.enlarge(RECEIVE_BUFFER)
        self.recorder.timeline.enter("tls")
        self._socket.deadline = self._deadline = until
        silent = None if is_last else Deadline.after(FIRST_WORD, "")
        bytes_before = self.recorder.bytes_received
        try:
            self._connection.connect(self._socket.peer, _clock())
            if self._early and self._connection.may_send_early:
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

    # --- streams

    def open(self, *, one_way: bool = False) -> int:
        """The number of a new stream."""
        return self._connection.open(one_way=one_way)

    def put(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Have `data` sent, as soon as `flush` finds room for it. After the peer's wish that we stop, or our reset, it is dropped."""
        if not self._connection.takes(stream):
            return
        if data:
            self.tell_sent(stream, data)
        self._connection.put(stream, data, end=end)

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
        """Bytes on a stream that wait for room in the peer's windows or on the way."""
        return self._connection.unsent(stream)

    def reset(self, stream: int, code: int) -> None:
        """Send no more on a stream, unless all is sent."""
        if self._connection.takes(stream):
            self._connection.reset(stream, code)

    def flush(self) -> None:
        """Send what may go out now."""
        for data in self._connection.to_send(_clock()):
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
        self._connection.close(code, reason)
        for data in self._connection.to_send(_clock()):
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
        resumed, early = self._connection.resumption
        return {"resumed": resumed, "early_data": bool(self._early and early)}

    def stats(self) -> dict[str, Any]:
        """What QUIC itself has to tell: its version, the path's round trip as it measured it, packets."""
        round_trip_s, (sent, lost) = self._connection.round_trip_s, self._connection.packets
        return {
            "version": self._connection.version,
            "rtt_ms": None if round_trip_s is None else round(round_trip_s * 1000, 3),
            "packets_sent": sent,
            "packets_lost": lost,
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
        timer = self._connection.timer()
        quiet = self._heard_ns + int(KEEP_ALIVE * 1e9) if self._ready else None
        limits = (timer and int(timer * 1e9), quiet, until and until.at_ns, self._deadline.at_ns)
        if self._hear(min([at - 1 for at in limits if at], default=None)):
            return True
        if self._deadline.passed():
            self._deadline.expire()
        if timer is not None and _clock() >= timer:
            self._connection.on_timer(_clock())
            self._take()
        if quiet and now() >= quiet:
            self._heard_ns = now()
            self._connection.ping()
        return False

    def _hear(self, until_ns: int | None) -> bool:
        """Whether a datagram of use came. A port that is closed after the handshake was open before: the peer may have read all."""
        self._until = Deadline(until_ns, "")
        try:
            return bool(self._socket.receive_many(self._until, self._feed))
        except ExchangeError as error:
            if error.kind == "refused" and self._ready:
                raise ExchangeError("transport", "reset", f"the peer is gone: {error.message}") from error
            raise

    def _feed(self, datagrams: list[bytes]) -> bool:
        """Whether the datagrams brought something that is waited for."""
        self.datagrams[1] += len(datagrams)
        self._heard_ns = now()
        before = self._ready
        self._connection.receive(datagrams, _clock())
        news = self._take() or self.sending or before != self._ready
        if not news:
            self._until.at_ns = now()  # it may have set other timers: look at them
        return news

    def _take(self) -> bool:
        """Take over what the library understood; whether there was something that ends the wait for an answer."""
        news = False
        for piece in self._connection.news():
            self._arrived.append(piece)
            if piece.data:
                self.tell_received(piece.stream, piece.data)
            news = news or piece.stream % 4 == 0 or piece.reset is not None or piece.stop is not None
        if self._connection.ready and not self._ready:
            self._ready = True
            if self._connection.alpn is None:
                self._failure = no_alpn()
        ended = self._connection.ended
        if ended is not None and self._failure is None:
            self.flush()
            if ended.forgotten:
                self._failure = forgotten()
            elif ended.application and ended.reason != NO_COMMON_VERSION:
                self._failure = closed(self.name_of(ended.code), ended.reason, ready=self._ready)
            else:
                chain = chain_of(self._connection) if ended.ours else None
                self._failure = failure_of(ended.code, ended.reason, self.name, chain, ready=self._ready)
            news = True
        return news

    # --- how it ended

    def name_of(self, code: int) -> str:
        """The name of an error code of the protocol above."""
        return f"error {code}"

    def _describe(self, *, verified: bool) -> None:
        """Write down what the handshake agreed on, as far as it got."""
        self.recorder.tls = describe(self._connection, self.name, verified=verified)


def _clock() -> float:
    """The time as the library wants it: in seconds, and of the clock that our deadlines have."""
    return now() / 1e9


def _tickets(files: QuicOptions | None, origin: str, options: TransportOptions) -> Tickets | None:
    """The server's session tickets, where there is a file for them."""
    if files is None or not files.early_data:
        return None
    from rrcli.wire.quic.tickets import Tickets

    return Tickets(files.early_data, origin, options)


def _load(options: TransportOptions, alpn: tuple[str, ...]) -> Any:
    """The module that makes connections. Raises `usage` without the extra, and, as TLS over TCP would, for what the options name."""
    try:
        from rrcli.wire.quic import library
    except ModuleNotFoundError as error:
        raise usage(f"QUIC needs the module {error.name}", "pip install 'rrcli[h3]'") from error
    if options.tls_max and options.tls_max < "1.3":
        raise usage(f"QUIC speaks TLS 1.3, and --tls-max is {options.tls_max}")
    make_context(options, alpn)  # reads all files that the library would trip over
    return library
