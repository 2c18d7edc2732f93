"""The hosts of `rrcli tls`: words and files of words told apart, and the ports where STARTTLS is spoken."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.files import read_local
from rrcli.base.url import host_port, split_host, split_url

PORT = 443
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


def listed(path: str) -> list[str]:
    """The words of a file, without its remarks. Raises `ExchangeError` of layer `local`."""
    text = read_local(path).decode("utf-8", "replace")
    return [word for line in text.splitlines() for word in line.partition("#")[0].split()]


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
