"""QUIC over our datagrams: the handshake as phase `tls`, one stream of bytes each way, under our clock and deadline (RFC 9000).

aioquic keeps the state of the connection and never touches a socket; this module hands it datagrams and the time. What goes into
the transcript is the plaintext of the stream. Needs the extra `h3`.
"""

from __future__ import annotations

from rrcli.errors import ExchangeError, too_large, truncated, usage
from rrcli.model import TlsInfo
from rrcli.wire.clock import Deadline, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model import Certificate
    from rrcli.runner import Context
    from rrcli.wire.datagram import Datagrams

CRYPTO_ERROR = 0x100  # and a TLS alert above it (RFC 9001 §4.8)
BAD_CERTIFICATE, EXPIRED, NO_ALPN = 42, 45, 120
CLIENT_CERTIFICATE = (116, 49)
NO_TRANSPORT_ERROR = 0


class Quic:
    """An open connection, of which one stream is used: `write` what is asked, `read_all` what comes back."""

    def __init__(self, context: Context, host: str, port: int, alpn: tuple[str, ...]) -> None:
        """Shake hands. Raises `ExchangeError` of layer `network`, `transport`, `tls` or `usage`."""
        self.context = context
        self.trace = context.trace
        self.name = context.request.sni or host
        self._connection, self._events = _connection(context, self.name, alpn)
        self._socket: Datagrams = context.datagrams(host, port)
        self._socket.sealed = True
        self._deadline = context.deadline
        self._stream = 0
        self._received = bytearray()
        self._ended = self._ready = False
        try:
            self._shake_hands(context.request.connect_timeout)
        except BaseException:
            self._socket.close()
            raise

    def _shake_hands(self, seconds: float) -> None:
        whole = self._deadline
        self._socket.deadline = self._deadline = whole.sooner(Deadline.after(seconds, "--connect-timeout"))
        self.trace.timeline.enter("tls")
        self._connection.connect(self._socket.peer, now=_clock())
        try:
            while not self._ready:
                self._step()
        except ExchangeError:
            self._describe(verified=False)
            raise
        self._describe(verified=not self.context.request.insecure)
        self._flush()
        self.trace.timeline.leave()
        self._socket.deadline = self._deadline = whole

    def write(self, data: bytes) -> None:
        """All that is to be sent on the stream, and its end."""
        begin = now()
        self._stream = self._connection.get_next_available_stream_id()
        self._connection.send_stream_data(self._stream, data, end_stream=True)
        self._flush()
        self.trace.sent(data, begin)

    def read_all(self, limit: int) -> bytes:
        """Everything up to the end of the stream. Raises `too_large` over `limit` bytes."""
        while not self._ended:
            self._step()
            if len(self._received) > limit:
                raise too_large(f"the answer is larger than {limit} bytes")
        return bytes(self._received)

    def close(self) -> None:
        """Say goodbye, without waiting for an echo."""
        self._connection.close(error_code=NO_TRANSPORT_ERROR)
        for data, _ in self._connection.datagrams_to_send(now=_clock()):
            try:
                self._socket.sock.sendto(data, self._socket.peer)
            except OSError:
                break  # the peer is gone, which is what we were about to tell it
        self._socket.close()

    def _step(self) -> None:
        """Send what there is, then wait for a datagram of use or the connection's own timer."""
        self._flush()
        timer = self._connection.get_timer()
        until = Deadline(int(timer * 1e9), "") if timer is not None else None
        if self._socket.receive(until, self._feed) is None:
            if self._deadline.passed():
                self._deadline.expire()
            if timer is not None and _clock() >= timer:
                self._connection.handle_timer(now=_clock())
                self._take()

    def _flush(self) -> None:
        for data, _ in self._connection.datagrams_to_send(now=_clock()):
            self._socket.send(data)

    def _feed(self, data: bytes) -> bool:
        """Whether the datagram brought something that is waited for; what it has to be answered with is sent."""
        self._connection.receive_datagram(data, self._socket.peer, now=_clock())
        before = len(self._received), self._ended, self._ready
        self._take()
        self._flush()
        return before != (len(self._received), self._ended, self._ready)

    def _take(self) -> None:
        events = self._events
        while (event := self._connection.next_event()) is not None:
            if isinstance(event, events.HandshakeCompleted):
                self._ready = True
            elif isinstance(event, events.StreamDataReceived) and event.stream_id == self._stream:
                self._received += event.data
                self._ended = self._ended or event.end_stream
                if event.data:
                    self.trace.received(event.data, now())
            elif isinstance(event, (events.StreamReset, events.StopSendingReceived)) and event.stream_id == self._stream:
                raise ExchangeError("transport", "reset", f"the peer reset the stream (error {event.error_code})")
            elif isinstance(event, events.ConnectionTerminated):
                raise self._terminated(event.error_code, event.reason_phrase)

    def _terminated(self, code: int, reason: str) -> ExchangeError:
        """Why the connection ended, as the TLS wire names it."""
        if not CRYPTO_ERROR <= code < CRYPTO_ERROR + 256:
            if not self._ready:
                return ExchangeError(
                    "transport", "closed", f"the peer refused the connection (error {code}: {reason or 'no reason given'})"
                )
            if self._received:
                return truncated(f"the peer closed the connection before the end of the answer (error {code})")
            why = f"error {code}{f': {reason}' if reason else ''}"
            return ExchangeError("transport", "closed", f"the peer closed the connection without an answer ({why})")
        alert, reason = code - CRYPTO_ERROR, reason or f"alert {code - CRYPTO_ERROR}"
        untrusted = "give its root with --cacert FILE if you trust it; -k looks without verifying"
        if alert == EXPIRED:
            kind = "certificate_not_yet_valid" if "not valid yet" in reason else "certificate_expired"
            return ExchangeError("tls", kind, f"the certificate does not verify: {reason}", hint="-k looks without verifying")
        if alert == BAD_CERTIFICATE and "match" in reason:
            hint = "use a name the certificate has, or --sni NAME to verify that one; -k looks without verifying"
            return ExchangeError("tls", "certificate_hostname", f"the certificate does not verify: {reason}", hint=hint)
        if alert == BAD_CERTIFICATE:
            return ExchangeError("tls", "certificate_untrusted", f"the certificate does not verify: {reason}", hint=untrusted)
        if alert in CLIENT_CERTIFICATE:
            hint = "the server wants a client certificate that it trusts: --cert FILE --key FILE"
            return ExchangeError("tls", "client_certificate_required", f"the server refused us: {reason}", hint=hint)
        if alert == NO_ALPN:
            return ExchangeError("tls", "handshake_failed", "the server speaks QUIC, but not this protocol over it (ALPN)")
        return ExchangeError("tls", "handshake_failed", f"the QUIC handshake failed: {reason}")

    def _describe(self, *, verified: bool) -> None:
        """Write down what the handshake agreed on, as far as it got."""
        session = self._connection.tls
        if session is None:
            return
        peer = getattr(session, "_peer_certificate", None)
        found = [peer, *getattr(session, "_peer_certificate_chain", ())] if peer is not None else []
        suite = session.key_schedule.cipher_suite.name if getattr(session, "key_schedule", None) else None
        self.trace.tls = TlsInfo(
            version="TLSv1.3",
            cipher=f"TLS_{suite}" if suite and not suite.startswith("TLS_") else suite,
            alpn=getattr(session, "alpn_negotiated", None),
            sni=self.name,
            verified=verified,
            chain=tuple(map(_described, found)),
        )


def _clock() -> float:
    """The time as aioquic wants it: in seconds, and of the clock that our deadlines have."""
    return now() / 1e9


def _connection(context: Context, name: str, alpn: tuple[str, ...]) -> tuple[Any, Any]:
    """A connection still to be opened, and the module of its events. Raises `usage` without aioquic."""
    try:
        import aioquic.quic.events as events
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.connection import QuicConnection
    except ModuleNotFoundError as error:
        raise usage(f"QUIC needs the module {error.name}", "pip install 'rrcli[h3]'") from error
    request = context.request
    if request.tls_max and request.tls_max < "1.3":
        raise usage(f"QUIC speaks TLS 1.3, and --tls-max is {request.tls_max}")
    configuration = QuicConfiguration(
        alpn_protocols=request.alpn.split(",") if request.alpn else list(alpn), server_name=name, verify_mode=0 if request.insecure else 2
    )
    configuration.cafile, configuration.capath = (None, None) if request.insecure else _trust(request.cacert)
    if request.cert:
        try:
            configuration.load_cert_chain(request.cert, request.key, request.key_password)
        except (OSError, ValueError) as error:
            raise usage(f"--cert: {request.cert} does not hold a certificate and its key: {error}") from error
    return QuicConnection(configuration=configuration), events


def _trust(cacert: str | None) -> tuple[str | None, str | None]:
    """File and folder of the certificates to trust. Raises `local` for a file that cannot be read."""
    import _ssl
    from os import environ
    from os.path import exists

    if cacert:
        from rrcli.localfile import read_local

        if b"-----BEGIN" not in read_local(cacert):
            raise usage(f"--cacert: {cacert} does not hold certificates in PEM form")
        return cacert, None
    file_name, file_default, dir_name, dir_default = _ssl.get_default_verify_paths()
    file = environ.get(file_name) or (file_default if exists(file_default) else None)
    folder = environ.get(dir_name) or (dir_default if exists(dir_default) else None)
    return file, folder


def _described(certificate: Any) -> Certificate:
    """A certificate of `cryptography` as the model has it."""
    from rrcli.wire.certificate import describe

    return describe(_Certificate(certificate))


class _Certificate:
    """Shows a certificate of `cryptography` as `_ssl` would."""

    def __init__(self, certificate: Any) -> None:
        self._certificate = certificate

    def public_bytes(self, _encoding: int) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding

        data: bytes = self._certificate.public_bytes(Encoding.DER)
        return data

    def get_info(self) -> dict[str, Any]:
        from cryptography import x509

        info: dict[str, Any] = {key: _parts(getattr(self._certificate, key)) for key in ("subject", "issuer")}
        try:
            names = self._certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError):
            return info
        info["subjectAltName"] = tuple(
            ("IP Address" if isinstance(name, x509.IPAddress) else "DNS", str(name.value))
            for name in names
            if isinstance(name, (x509.IPAddress, x509.DNSName))
        )
        return info


def _parts(name: Any) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(tuple((attribute.oid._name, str(attribute.value)) for attribute in part) for part in name.rdns)
