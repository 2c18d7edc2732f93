"""Mail servers: aiosmtpd for its banner and its replies, with STARTTLS, AUTH, refusals and as LMTP; Postfix' smtp-sink, which
takes commands in groups; OpenSMTPD, which has enhanced codes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
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


USER, PASSWORD = "bob", "s3cret-of-bob"

# Recipients whose name begins with `gone` or `later` are refused, and a message with `X-Reject: yes` is. What is taken goes to a file.
_FULL_SERVER = """
import base64, hmac, json, signal, ssl, sys
from pathlib import Path
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import AuthResult, LoginPassword, MISSING, SMTP

options = json.loads(sys.argv[1])
USER, PASSWORD = options["user"].encode(), options["password"].encode()


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data == LoginPassword(USER, PASSWORD), handled=False)


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("gone"):
            return "550 5.1.1 no such user"
        if address.startswith("later"):
            return "450-4.2.1 mailbox busy\\r\\n450 4.2.1 try again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if b"X-Reject: yes" in envelope.content:
            return "554 5.6.0 content refused"
        self.count += 1
        told = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "options": envelope.mail_options, "utf8": envelope.smtp_utf8}
        Path(f"{self.count}.eml").write_bytes(envelope.original_content)
        Path(f"{self.count}.json").write_text(json.dumps(told))
        if options["lmtp"]:
            full = [to.startswith("full") for to in envelope.rcpt_tos]
            return "\\r\\n".join("452 4.2.2 mailbox full" if one else "250 2.0.0 OK queued as 42" for one in full)
        return "250 2.0.0 OK queued as 42"

    async def auth_CRAM__MD5(self, server, args):
        challenge = b"<1.2@mail.example.test>"
        said = await server.challenge_auth(challenge)
        if said is MISSING:
            return said
        user, _, digest = said.partition(b" ")
        good = user == USER and hmac.compare_digest(digest.decode(), hmac.new(PASSWORD, challenge, "md5").hexdigest())
        return AuthResult(success=good, handled=False, auth_data=user)

    async def auth_XOAUTH2(self, server, args):
        if base64.b64decode(args[1]) == b"user=%b\\1auth=Bearer %b\\1\\1" % (USER, PASSWORD):
            return AuthResult(success=True, auth_data=USER)
        if await server.challenge_auth(b'{"status": "401"}') is MISSING:
            return MISSING
        return AuthResult(success=False, handled=False)


class Server(Controller):
    def factory(self):
        return LMTP(self.handler, **self.SMTP_kwargs) if options["lmtp"] else SMTP(self.handler, **self.SMTP_kwargs)


context = None
if options["chain"]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options["chain"], options["key"])
more = {"tls_context": context, "require_starttls": True} if context and not options["implicit"] else {}
controller = Server(
    Handler(), options["host"], options["port"], server_hostname="mail.example.test", ident="ESMTP peer", enable_SMTPUTF8=options["utf8"],
    auth_required=options["auth"], authenticator=authenticate, auth_require_tls=bool(more), decode_data=False,
    ssl_context=context if options["implicit"] else None, **more,
)
controller.start()
signal.sigwait({signal.SIGTERM})
controller.stop()
"""


@dataclass(frozen=True)
class Mail(Peer):
    """A mail server, and the folder of what it took: `1.eml` is the first message, `1.json` its envelope."""

    folder: Path

    def taken(self) -> list[tuple[bytes, dict[str, object]]]:
        """The messages so far with their envelopes, in the order in which they came."""
        files = sorted(self.folder.glob("*.eml"), key=lambda file: int(file.stem))
        return [(file.read_bytes(), json.loads(file.with_suffix(".json").read_text())) for file in files]


def _mail(
    folder: Path,
    certificate: tuple[Path, Path] | None = None,
    *,
    implicit: bool = False,
    auth: bool = False,
    lmtp: bool = False,
    utf8: bool = True,
) -> Iterator[Mail]:
    port = free_port()
    chain, key = map(str, certificate or ("", ""))
    options = {
        "host": LOOPBACK, "port": port, "user": USER, "password": PASSWORD, "chain": chain, "key": key, "implicit": implicit, "auth": auth,
        "lmtp": lmtp, "utf8": utf8,
    }  # fmt: skip
    with running([sys.executable, "-c", _FULL_SERVER, json.dumps(options)], folder, lambda: accepts(port)) as log:
        yield Mail(LOOPBACK, port, log, folder)


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[Mail]:
    """In clear, without login."""
    yield from _mail(tmp_path)


@pytest.fixture
def smtp_login(tmp_path: Path) -> Iterator[Mail]:
    """`USER` has to log in with `PASSWORD`, in clear: PLAIN, LOGIN, CRAM-MD5, XOAUTH2. It takes addresses in ASCII alone."""
    yield from _mail(tmp_path, auth=True, utf8=False)


@pytest.fixture
def smtp_starttls_login(tmp_path: Path, ca: Authority) -> Iterator[Mail]:
    """The same behind STARTTLS."""
    yield from _mail(tmp_path, (ca.good.chain, ca.good.key), auth=True)


@pytest.fixture
def smtp_tls(tmp_path: Path, ca: Authority) -> Iterator[Mail]:
    """TLS from the start, without login."""
    yield from _mail(tmp_path, (ca.good.chain, ca.good.key), implicit=True)


@pytest.fixture
def lmtp(tmp_path: Path) -> Iterator[Mail]:
    """LMTP: a reply for each recipient behind the message; those whose name begins with `full` have no room."""
    yield from _mail(tmp_path, lmtp=True)


def _smtp_sink(folder: Path, *options: str) -> Iterator[Peer]:
    program, port = Path(need("smtp-sink")), free_port()
    libraries = program.parent.parent / "lib/postfix"  # where the package was only unpacked
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [program, *as_nobody, *options, f"{LOOPBACK}:{port}", "16"]
    with running(command, folder, lambda: accepts(port), {"LD_LIBRARY_PATH": str(libraries)}) as log:
        yield Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def smtp_sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Postfix' smtp-sink: offers PIPELINING, takes everything, keeps nothing."""
    yield from _smtp_sink(tmp_path_factory.mktemp("smtp-sink"))


@pytest.fixture(scope="session")
def smtp_sink_refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The same, and every recipient is refused."""
    yield from _smtp_sink(tmp_path_factory.mktemp("smtp-sink-refusing"), "-f", "RCPT")


_SMTPD_CONF = """
listen on {host} port {port} hostname mail.example.test
action "local" maildir "{folder}/mail"
match from any for domain "ok.test" action "local"
"""


@pytest.fixture(scope="session")
def opensmtpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """OpenSMTPD, which takes mail for ok.test alone. Where its socket and its queue are is compiled in: it gets a /run of its own."""
    if os.geteuid() != 0:
        pytest.skip("OpenSMTPD runs as root only")
    program, unshare = need("smtpd"), need("unshare")
    folder, port = tmp_path_factory.mktemp("opensmtpd"), free_port()
    config = folder / "smtpd.conf"
    config.write_text(_SMTPD_CONF.format(host=LOOPBACK, port=port, folder=folder))
    config.chmod(0o600)
    own = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/spool && exec "
    command = [unshare, "--mount", "sh", "-c", f"{own}{shutil.which(program)} -d -f {config}"]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)
