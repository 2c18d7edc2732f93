"""The URL of a proxy (`--proxy`, and the environment's variables) taken apart."""

from __future__ import annotations

from binascii import b2a_base64

from rrcli.base.errors import ExchangeError
from rrcli.base.record import Record
from rrcli.base.url import host_port, split_url

PORTS = {"http": 1080, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}  # as curl has them


OURS_TO_RESOLVE = ("socks4", "socks5")  # the other proxies look the target's name up themselves


MOST_SCHEMES, LONGEST_SCHEME = 4, 120  # of the ways to log in that a proxy names: how many are shown, and their characters


CREDENTIALS = "give them as --proxy SCHEME://USER:PASSWORD@HOST:PORT, percent-encoded where they hold : or @"


class Proxy(Record):
    """Where the proxy is and how to speak to it; `url` is without the credentials."""

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{host_port(self.host, self.port)}"

    @property
    def basic(self) -> str | None:
        """The credentials as the `Basic` scheme has them (RFC 7617); `None` without any."""
        if self.user is None:
            return None
        pair = f"{self.user}:{self.password or ''}".encode("utf-8", "surrogateescape")
        return b2a_base64(pair, newline=False).decode()

    @property
    def secrets(self) -> tuple[str | None, ...]:
        """What is never shown of it."""
        return self.password, self.basic


def parse(text: str) -> Proxy:
    """The proxy of `[SCHEME://][USER:PASSWORD@]HOST[:PORT]`; without a scheme it is an HTTP proxy. Raises `ValueError`."""
    try:
        url = split_url(text if "://" in text else f"http://{text}")
    except ExchangeError as error:
        raise ValueError(error.message) from None
    if url.scheme not in PORTS:
        raise ValueError(f"{url.scheme}:// is no kind of proxy; known are {', '.join(PORTS)}")
    if not url.host or url.path not in ("", "/") or url.query is not None:
        raise ValueError(f"{url.scheme}:// of a proxy is followed by HOST:PORT alone")
    if any(len((part or "").encode("utf-8", "surrogateescape")) > 255 for part in (url.user, url.password)):
        raise ValueError("the user or the password of the proxy is longer than 255 bytes")
    return Proxy(scheme=url.scheme, host=url.host, port=url.port or PORTS[url.scheme], user=url.user, password=url.password)
