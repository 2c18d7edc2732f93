"""A handshake as a command of openssl."""

from __future__ import annotations

from rrcli.adapters.tcp.shell import tls_words
from rrcli.base.url import host_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Exchange
    from rrcli.options.request import TlsOptions


def as_command(exchange: Exchange, request: TlsOptions | None = None) -> str | None:
    """The same handshake by openssl s_client, which shows the certificates; `None` through a proxy that it does not know."""
    proxy = exchange.connection.proxy
    if exchange.target.host is None or (proxy and not proxy.startswith("http://")):
        return None
    through = ["-proxy", proxy[7:]] if proxy else []
    where = host_port(exchange.target.host, exchange.target.port)
    return " ".join(["openssl", "s_client", "-connect", where, *tls_words(exchange, request), *through, "-showcerts", "</dev/null"])
