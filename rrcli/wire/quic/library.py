"""The one place that knows the library of QUIC: qh3, an aioquic whose packets, streams and recovery are compiled.

It keeps the state of a connection and never touches a socket. What it does not offer in public is asked for here and nowhere else, and a
release that lacks one of those names is refused in words.
"""

from __future__ import annotations

import logging
import re
from _socket import AF_INET, AF_INET6, inet_ntop

from qh3._hazmat import CryptoError, pull_quic_header
from qh3.quic import events
from qh3.quic.configuration import QuicConfiguration
from qh3.quic.connection import QuicConnection, QuicConnectionError
from qh3.tls import load_pem_private_key, load_pem_x509_certificates

from rrcli.base.errors import ExchangeError, usage
from rrcli.wire.trust import trusted_pem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TextIO

    from qh3.quic.logger import QuicLogger

    from rrcli.options.request import TlsOptions
    from rrcli.wire.quic.tickets import Tickets

INSTALL = "pip install 'rrcli[h3]'"
VERSIONS = {1: "1", 0x6B3343CF: "2"}  # by their numbers on the wire
# What is no public name of the library, of its connection and of the core in that.
PRIVATE = ("_close_event", "_core", "_early_data_attempted", "_quic_logger", "_stream_can_send")
OF_CORE = ("bytes_in_flight", "congestion_window", "loss_total", "pto_count", "smoothed_rtt", "state", "version")
WINDOW = 16 << 20  # bytes that a server may be ahead of what has come in order
IDLE = 3600.0  # seconds after which the library would give up; it is the deadline that decides here
LONG_HEADER = 0x80  # in the first byte of a packet of the handshake
logging.getLogger("quic").addHandler(logging.NullHandler())  # its warnings are told as failures; they belong to no terminal
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


class StreamChunk:
    """What came on a stream: `data`, its `end`, the peer's `reset` of it or its wish that we stop, by their error codes."""

    __slots__ = ("data", "end", "reset", "stop", "stream")

    def __init__(self, stream: int, data: bytes = b"", *, end: bool = False, reset: int | None = None, stop: int | None = None) -> None:
        self.stream = stream
        self.data = data
        self.end = end
        self.reset = reset
        self.stop = stop


class Ended:
    """How the connection ended: by an error code of QUIC itself, or of the `application`.

    `ours` where we found the fault, `forgotten` where the peer knows nothing of the connection (RFC 9000 section 10.3).
    """

    __slots__ = ("application", "code", "forgotten", "ours", "reason")

    def __init__(self, code: int, reason: str, *, application: bool, ours: bool, forgotten: bool) -> None:
        self.code = code
        self.reason = reason
        self.application = application
        self.ours = ours
        self.forgotten = forgotten


class Connection:
    """A connection of the library's, still to be opened, for a server called `name`. Times are seconds of our clock.

    `logs` are for qlog and for its keys. Raises `usage` or `local` for what cannot be used.
    """

    def __init__(
        self,
        options: TlsOptions,
        name: str,
        alpn: tuple[str, ...],
        logs: tuple[QuicLogger | None, TextIO | None],
        tickets: Tickets | None,
    ) -> None:
        configuration = QuicConfiguration(
            alpn_protocols=options.alpn.split(",") if options.alpn else list(alpn),
            server_name=name.rstrip("."),
            verify_mode=0 if options.insecure else 2,
            idle_timeout=IDLE,
            max_data=WINDOW,
            max_stream_data=WINDOW,
            quic_logger=logs[0],
            session_ticket=tickets.ticket if tickets else None,
            supported_versions=list(VERSIONS),
        )
        if logs[1]:
            configuration.secrets_log_file = logs[1]
        if not options.insecure:
            configuration.cadata = trusted_pem(options.cacert)
        if options.cert:
            _load_certificate(configuration, options)
        self._made: Any = QuicConnection(configuration=configuration, session_ticket_handler=tickets.keep if tickets else None)
        if lacking := [name for name in PRIVATE if not hasattr(self._made, name)]:
            raise usage(f"this release of qh3 lacks {', '.join(lacking)}", INSTALL)
        self._peer: Any = None
        self.ready = False  # the handshake is over
        self.alpn: str | None = None  # the protocol that it agreed on
        self._logged: dict[str, Any] = {}  # metrics, as they were last in the qlog
        self._packets = 0  # sent

    # --- datagrams and time

    def connect(self, peer: Any, now_s: float) -> None:
        """Begin the handshake with the peer at an address."""
        self._peer = peer
        self._guarded(self._made.connect, peer, now_s)
        if lacking := [name for name in OF_CORE if not hasattr(self._made._core, name)]:
            raise usage(f"this release of qh3 lacks {', '.join(lacking)}", INSTALL)

    def receive(self, datagrams: list[bytes], now_s: float) -> None:
        """Take what came from the peer."""
        self._guarded(self._made.receive_many_datagrams, datagrams, self._peer, now_s)
        if self._made._quic_logger:
            self._log_metrics()

    def to_send(self, now_s: float) -> list[bytes]:
        """The datagrams that may go out now."""
        found = [data for data, _ in self._guarded(self._made.datagrams_to_send, now_s)]
        self._packets += sum(map(_packets_in, found))
        return found

    def timer(self) -> float | None:
        """When `on_timer` is to be called."""
        found: float | None = self._made.get_timer()
        return found

    def on_timer(self, now_s: float) -> None:
        self._guarded(self._made.handle_timer, now_s)

    def ping(self) -> None:
        """Have the peer say that it is there still."""
        self._made.send_ping(0)

    def close(self, code: int, reason: str) -> None:
        """Say goodbye with the next datagram."""
        self._made.close(error_code=code, reason_phrase=reason)

    def _log_metrics(self) -> None:
        """Write to the qlog what the library keeps to itself: recovery, where it has changed."""
        core, trace = self._made._core, self._made._quic_logger
        metrics = {
            "smoothed_rtt": trace.encode_time(self.round_trip_s or 0.0),
            "congestion_window": core.congestion_window,
            "bytes_in_flight": core.bytes_in_flight,
            "pto_count": core.pto_count,
        }
        changed = {name: value for name, value in metrics.items() if self._logged.get(name) != value}
        if changed:
            self._logged.update(changed)
            trace.log_event(category="recovery", event="metrics_updated", data=changed)

    # --- streams

    def open(self, *, one_way: bool) -> int:
        """The number of a new stream."""
        number: int = self._made.get_next_available_stream_id(is_unidirectional=one_way)
        self._guarded(self._made.send_stream_data, number, b"")
        return number

    def takes(self, stream: int) -> bool:
        """Whether more can be sent on a stream: neither side has reset it, and the peer has not asked to stop."""
        return bool(self._made._stream_can_send(stream))

    def put(self, stream: int, data: bytes, *, end: bool) -> None:
        self._guarded(self._made.send_stream_data, stream, data, end)

    def unsent(self, stream: int) -> int:
        """Bytes on a stream that wait for room in the peer's windows or on the way."""
        return int(self._made.get_send_buffer_size(stream))

    def reset(self, stream: int, code: int) -> None:
        self._guarded(self._made.reset_stream, stream, code)

    def news(self) -> Iterator[StreamChunk]:
        """What came on streams."""
        while (event := self._made.next_event()) is not None:
            if isinstance(event, events.StreamDataReceived):
                if trace := self._made._quic_logger:
                    moved = {"stream_id": event.stream_id, "length": len(event.data), "from": "transport", "to": "application"}
                    trace.log_event(category="transport", event="data_moved", data=moved)
                yield StreamChunk(event.stream_id, event.data, end=event.end_stream)
            elif isinstance(event, events.HandshakeCompleted):
                self.ready, self.alpn = True, event.alpn_protocol
            elif isinstance(event, events.StreamReset):
                yield StreamChunk(event.stream_id, reset=event.error_code)
            elif isinstance(event, events.StopSendingReceived):
                yield StreamChunk(event.stream_id, stop=event.error_code)

    # --- what there is to tell

    @property
    def ended(self) -> Ended | None:
        """How it ended; told at once, and not only when the last stragglers must have passed."""
        event = self._made._close_event
        if event is None:
            return None
        state = self._made._core.state
        forgotten = state == "terminated" and not event.error_code  # at once, without a close of either side
        return Ended(
            event.error_code, event.reason_phrase, application=event.frame_type is None, ours=state == "closing", forgotten=forgotten
        )

    @property
    def may_send_early(self) -> bool:
        """Whether there are keys for data in the first flight."""
        return bool(self._made._early_data_attempted)

    @property
    def resumption(self) -> tuple[bool, bool]:
        """Whether the server took a ticket, and whether it took data of the first flight."""
        tls = self._made.tls
        return bool(tls.session_resumed), bool(tls.early_data_accepted)

    @property
    def cipher(self) -> str | None:
        """The cipher suite agreed on, if the handshake got so far."""
        suite = self._made.get_cipher()
        return f"TLS_{suite.name}" if suite else None

    @property
    def certificates(self) -> list[Certificate]:
        """What the peer showed, its own first."""
        own = self._made.get_peercert()
        return [] if own is None else [Certificate(one) for one in (own, *self._made.get_issuercerts())]

    @property
    def version(self) -> str:
        number = self._made._core.version
        return VERSIONS.get(number, f"0x{number:x}")

    @property
    def round_trip_s(self) -> float | None:
        """The path's, as it was measured (RFC 9002 section 5)."""
        found: float | None = self._made._core.smoothed_rtt
        return found

    @property
    def packets(self) -> tuple[int, int]:
        """How many were sent, and how many of them were taken for lost (RFC 9002 section 6)."""
        return self._packets, int(self._made._core.loss_total)

    @staticmethod
    def _guarded(act: Any, *arguments: Any) -> Any:
        """Call the library. What its core cannot go on after is a failure of the exchange, and no bug of ours."""
        try:
            return act(*arguments)
        except QuicConnectionError as error:
            raise ExchangeError("protocol", "malformed", f"QUIC cannot go on: {error.reason_phrase}") from error


def _packets_in(datagram: bytes) -> int:
    """How many packets a datagram of ours has: several of the handshake may share one (RFC 9000 section 12.2)."""
    count = at = 0
    while at < len(datagram):
        count += 1
        if not datagram[at] & LONG_HEADER:
            break
        try:
            at = pull_quic_header(datagram, at, 0)[9]
        except ValueError:
            break
    return count


def _load_certificate(configuration: QuicConfiguration, options: TlsOptions) -> None:
    """The client's certificate and its key, of one file or of two. That both can be read has been seen before."""
    from rrcli.base.files import read_local

    pem = read_local(str(options.cert))
    found = KEY.search(read_local(options.key) if options.key else pem)
    try:
        certificates = load_pem_x509_certificates(b"".join(CERTIFICATE.findall(pem)))
        password = options.key_password.encode("utf-8", "surrogateescape") if options.key_password else None
        configuration.private_key = load_pem_private_key(found[0], password) if found else None
    except (TypeError, ValueError, CryptoError) as error:
        raise usage(f"--cert: {options.cert} does not hold a certificate and its key for QUIC: {error}") from error
    configuration.certificate, configuration.certificate_chain = certificates[0], certificates[1:]


class Certificate:
    """Shows a certificate of the library's as `_ssl` would."""

    KINDS = {b"DNSName": "DNS", b"IPAddress": "IP Address", b"RFC822Name": "email", b"URI": "URI"}

    def __init__(self, certificate: Any) -> None:
        self._certificate = certificate

    def public_bytes(self, _encoding: int) -> bytes:
        """The certificate in DER."""
        data: bytes = self._certificate.public_bytes()
        return data

    def get_info(self) -> dict[str, Any]:
        """Subject, issuer and names."""
        return {
            "subject": _parts(self._certificate.subject),
            "issuer": _parts(self._certificate.issuer),
            "subjectAltName": tuple(
                (self.KINDS[kind], _alternative(kind, value[:-1]))
                for kind, _, value in (name.partition(b"(") for name in self._certificate.get_subject_alt_names())
                if kind in self.KINDS
            ),
        }


def _parts(name: list[tuple[str, str, bytes]]) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(((kind or number, value.decode("utf-8", "replace")),) for number, kind, value in name)


def _alternative(kind: bytes, value: bytes) -> str:
    """One name; the library gives an address in hexadecimal."""
    if kind != b"IPAddress":
        return value.decode("utf-8", "replace")
    data = bytes.fromhex(value.decode().replace(":", ""))
    return inet_ntop(AF_INET if len(data) == 4 else AF_INET6, data) if len(data) in (4, 16) else data.hex()
