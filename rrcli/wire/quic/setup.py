"""A QUIC connection of aioquic made ready: trust, certificates, key log, bounds, the count of losses. Loaded with the extra `h3` alone."""

from __future__ import annotations

import logging
import re

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import Limit, QuicConnection
from aioquic.tls import load_pem_private_key, load_pem_x509_certificates

from rrcli.base.errors import usage
from rrcli.wire.trust import trusted_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from aioquic.quic.logger import QuicLogger

    from rrcli.options.request import TlsOptions
    from rrcli.wire.quic.tickets import Tickets

WINDOW = 16 << 20  # bytes that a server may be ahead of what has come in order
IDLE = 3600.0  # seconds after which aioquic would give up; it is the deadline that decides here
logging.getLogger("quic").addHandler(logging.NullHandler())  # aioquic's warnings are told as failures; they belong to no terminal
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)


class Window(Limit):
    """How much may come on the connection. Left to itself aioquic doubles it as often as half of it is used, so that in the
    end a server could leave a gap as large as all that it sent before, and we would keep as much in memory."""

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        value = min(value, self.used + WINDOW)
        current = getattr(self, "_value", 0)
        if not current or value - current >= WINDOW // 4 or value < WINDOW:  # not with every packet
            self._value = value


class Losses:
    """Counts the packets that aioquic's recovery takes for lost (RFC 9002 section 6)."""

    def __init__(self, recovery: Any) -> None:
        self.count = 0
        self._lost = recovery._on_packets_lost
        recovery._on_packets_lost = self

    def __call__(self, *, packets: Any, **more: Any) -> None:
        packets = list(packets)
        if more.get("congestion_event", True):  # else they are only sent once more, to be safe
            self.count += len(packets)
        self._lost(packets=packets, **more)


def connection(
    options: TlsOptions, name: str, alpn: tuple[str, ...], logs: tuple[QuicLogger | None, TextIO | None], tickets: Tickets | None
) -> Any:
    """A connection still to be opened, for a server called `name`; `logs` are for qlog and for its keys.

    Raises `usage` or `local` for what cannot be used.
    """
    if options.tls_max and options.tls_max < "1.3":
        raise usage(f"QUIC speaks TLS 1.3, and --tls-max is {options.tls_max}")
    configuration = QuicConfiguration(
        alpn_protocols=options.alpn.split(",") if options.alpn else list(alpn),
        server_name=name.rstrip("."),
        verify_mode=0 if options.insecure else 2,
        idle_timeout=IDLE,
        quic_logger=logs[0],
        secrets_log_file=logs[1],
        session_ticket=tickets.ticket if tickets else None,
    )
    if not options.insecure:
        configuration.cafile, configuration.capath = trusted_paths(options.cacert)
    if options.cert:
        _load_certificate(configuration, options)
    made = QuicConnection(configuration=configuration, session_ticket_handler=tickets.keep if tickets else None)
    limit = made._local_max_data
    made._local_max_data = Window(limit.frame_type, limit.name, limit.value)
    return made


def _load_certificate(configuration: QuicConfiguration, options: TlsOptions) -> None:
    """The client's certificate and its key, of one file or of two. That both can be read has been seen before."""
    from rrcli.base.files import read_local

    pem = read_local(str(options.cert))
    found = KEY.search(read_local(options.key) if options.key else pem)
    try:
        certificates = load_pem_x509_certificates(b"".join(CERTIFICATE.findall(pem)))
        password = options.key_password.encode("utf-8", "surrogateescape") if options.key_password else None
        configuration.private_key = load_pem_private_key(found[0], password) if found else None
    except (TypeError, ValueError) as error:
        raise usage(f"--cert: {options.cert} does not hold a certificate and its key for QUIC: {error}") from error
    configuration.certificate, configuration.certificate_chain = certificates[0], certificates[1:]
