"""aiosmtpd: a mail server for its banner and its replies, which come before or after what the client sends."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, running
from peers.ca import Authority

BANNER = b"220 mail.example.test ESMTP peer\r\n"

_SERVER = """
import signal, sys
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

controller = Controller(Sink(), sys.argv[1], int(sys.argv[2]), server_hostname="mail.example.test", ident="ESMTP peer")
controller.start()
signal.sigwait({signal.SIGTERM})
controller.stop()
"""


@pytest.fixture(scope="session")
def smtp_banner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A mail server that greets with `BANNER` and throws its mail away."""
    folder, port = tmp_path_factory.mktemp("smtp"), free_port()
    with running([sys.executable, "-c", _SERVER, LOOPBACK, str(port)], folder, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)


_STARTTLS_SERVER = """
import signal, ssl, sys
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
names = {"server_hostname": "mail.example.test", "ident": "ESMTP peer"}
controller = Controller(Sink(), sys.argv[1], int(sys.argv[2]), **names, tls_context=context, require_starttls=True)
controller.start()
signal.sigwait({signal.SIGTERM})
controller.stop()
"""


@pytest.fixture(scope="session")
def smtp_starttls(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Peer]:
    """A mail server that takes nothing before STARTTLS."""
    folder, port = tmp_path_factory.mktemp("smtp-starttls"), free_port()
    command = [sys.executable, "-c", _STARTTLS_SERVER, LOOPBACK, str(port), ca.good.chain, ca.good.key]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)
