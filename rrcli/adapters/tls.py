"""A TLS handshake and nothing after it: what was agreed on, and the certificates, are in `connection.tls`."""

from __future__ import annotations

from rrcli.document import days_left
from rrcli.errors import usage
from rrcli.events import Finished, Sent
from rrcli.localfile import read_local
from rrcli.model import Answer, Message, Status, Target
from rrcli.options import Request, count, option
from rrcli.url import host_port, split_host, split_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import ClassVar

    from rrcli.context import Context
    from rrcli.model import Exchange, TlsInfo
    from rrcli.registry import Event
    from rrcli.wire.stream import Stream

PORT = 443
LATE = 0.1  # seconds in which a server may still refuse us after the handshake
# Where a protocol that starts TLS in clear text usually listens.
PORTS = {
    "smtp": 25, "lmtp": 24, "imap": 143, "pop3": 110, "ftp": 21, "nntp": 119, "sieve": 4190, "irc": 6667, "xmpp": 5222, "ldap": 389,
    "postgres": 5432, "mysql": 3306,
}  # fmt: skip
STARTTLS = tuple(PORTS)


def protocol(text: str) -> str:
    """The name of a protocol that has STARTTLS. Raises `ValueError`."""
    from rrcli.wire import starttls

    return starttls.protocol(text)


class TlsRequest(Request):
    """Hosts to shake hands with, each `HOST[:PORT]` or `tls://HOST[:PORT]`."""

    needs_words: ClassVar[bool] = False  # a file of hosts does

    hosts: str | None = option(
        "--from", metavar="FILE", help="Take hosts from FILE as well, one a line, # for remarks; - is standard input."
    )
    starttls: str | None = option(
        "--starttls", parse=protocol, metavar="PROTO", choices=STARTTLS,
        help="Begin in clear text as PROTO does: smtp, imap, pop3, ftp, ldap, postgres, mysql, xmpp, ...",
    )  # fmt: skip
    warn_days: int = option("--warn-days", default=14, parse=count, metavar="N", help="Note certificates with less than N days left.  [14]")

    def several(self) -> tuple[Request, ...] | None:
        """One request for each host; `None` when the command line names one. Raises `usage` and `local` errors."""
        words = (*self.words, *listed(self.hosts)) if self.hosts else self.words
        if not words and self.hosts:
            raise usage(f"{self.hosts} names no host", "write one HOST[:PORT] a line")
        if len(words) < 2 and not self.hosts:
            return None
        return tuple(self.replace(words=(word,), hosts=None) for word in words)


def listed(path: str) -> list[str]:
    """The words of a file, without its remarks. Raises `ExchangeError` of layer `local`."""
    text = read_local(path).decode("utf-8", "replace")
    return [word for line in text.splitlines() for word in line.partition("#")[0].split()]


def exchange(request: TlsRequest, context: Context) -> Iterator[Event]:
    """Connect, agree on TLS where that is needed, shake hands, close."""
    if not request.words:
        raise usage("tls takes HOST[:PORT]..., got nothing", "rrcli tls --help shows examples")
    if len(request.words) != 1:
        raise usage(f"one exchange is with one HOST[:PORT], got {len(request.words)}", "send each of request.several()")
    host, port = place(request.words[0], PORTS.get(request.starttls or "", PORT))
    where = host_port(host, port)
    special = {"starttls": request.starttls} if request.starttls else {}
    message = Message(summary=f"TLS handshake with {where}", data={"safe": True, "idempotent": True, **special})
    yield Sent(message=message, target=Target(url=f"tls://{where}", host=host, port=port))
    stream = _start_tls(request, context, host, port) if request.starttls else context.connect(host, port, tls=True)
    try:
        stream.hear_refusal(LATE)
    finally:
        stream.close()
    agreed = context.trace.tls
    assert agreed
    status = Status(text="verified" if agreed.verified else "unverified")
    yield Finished(answer=Answer(summary=summary(agreed), status=status, data={"banner": None}))


def _start_tls(request: TlsRequest, context: Context, host: str, port: int) -> Stream:
    from rrcli.wire.resolve import to_ascii
    from rrcli.wire.starttls import upgrade

    tls = context.tls_context()  # trust is loaded before the clock starts
    stream = context.connect(host, port)
    try:
        upgrade(stream, str(request.starttls), tls, to_ascii(request.sni or host))
    except BaseException:
        stream.close()
        raise
    return stream


def as_command(exchange: Exchange, _request: object = None) -> str | None:
    """The same handshake by openssl s_client, which shows the certificates; `None` through a proxy that it does not know."""
    from rrcli.adapters.tcp.tool import tls_words

    proxy = exchange.connection.proxy
    if exchange.target.host is None or (proxy and not proxy.startswith("http://")):
        return None
    through = ["-proxy", proxy[7:]] if proxy else []
    where = host_port(exchange.target.host, exchange.target.port)
    return " ".join(["openssl", "s_client", "-connect", where, *tls_words(exchange), *through, "-showcerts", "</dev/null"])


def place(text: str, default_port: int = PORT) -> tuple[str, int]:
    """Host and port of one word. Raises `usage`."""
    if "://" in text:
        url = split_url(text)
        if url.scheme != "tls" or url.user is not None or url.path not in ("", "/") or url.query is not None:
            raise usage(f"{text!r} is not tls://HOST[:PORT]")
        text = host_port(url.host, url.port)
    host, port = split_host(text, default_port)
    if not host or port is None or "/" in host:
        raise usage(f"{text!r} names no host", "write HOST[:PORT], [2001:db8::1]:443 or tls://HOST[:PORT]")
    return host, port


def summary(agreed: TlsInfo) -> str:
    """`TLS 1.3 · CN=example.test · 90 days left`."""
    version = (agreed.version or "TLS").replace("TLSv", "TLS ")
    if not agreed.chain:
        return f"{version} · no certificate"
    leaf = agreed.chain[0]
    name = next((part for part in leaf.subject.split(", ") if part.startswith("CN=")), leaf.subject or ", ".join(leaf.sans))
    days = days_left(leaf)
    left = f"{days} day{'s' * (days != 1)} left" if days >= 0 else "expired"
    return f"{version} · {name} · {left}"
