"""A way through a proxy: HTTP CONNECT (RFC 9110 §9.3.6), SOCKS4, SOCKS4a and SOCKS5 (RFC 1928, RFC 1929).

The stream is connected to the proxy already. What is said here is phase `handshake`; afterwards the stream is one to the
target, and bytes of the target that came with the proxy's last word are its first.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.options.proxyurl import OURS_TO_RESOLVE, parse
from rrcli.wire.proxy.handshake import tunnel
from rrcli.wire.race import open_socket, redirected
from rrcli.wire.resolve import addresses, to_ascii
from rrcli.wire.stream import Plain, Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.options.proxyurl import Proxy
    from rrcli.options.request import TransportOptions
    from rrcli.wire.recorder import Recorder


def open_stream(options: TransportOptions, host: str, port: int, recorder: Recorder, deadline: Deadline, *, forwards: bool) -> Stream:
    """A stream to the target by way of `options.proxy`. Raises what connecting to the proxy raises, and what `tunnel` does."""
    proxy = parse(str(options.proxy))
    if options.unix_socket:
        raise usage("--proxy and --unix-socket exclude each other")
    recorder.proxy = proxy.url
    context = _tls_context(options) if proxy.scheme == "https" else None  # trust is loaded before the clock starts
    if not forwards:
        host, port = redirected(options, host, port)
    if proxy.scheme in OURS_TO_RESOLVE:
        wanted = options.replace(ipv4=True, ipv6=False) if proxy.scheme == "socks4" else options  # it has no room for IPv6
        host = addresses(wanted, host, port, recorder.timeline, deadline)[0].text
    stream = Stream(Plain(_socket_to(proxy, options, recorder, deadline), recorder), recorder, deadline, options.idle_timeout)
    try:
        if context or not forwards:
            recorder.timeline.enter("handshake")
        if context:
            _start_tls(stream, context, proxy)
        if not forwards:
            tunnel(stream, proxy, host, port)
        recorder.timeline.leave()
    except BaseException:
        stream.close()
        raise
    return stream


def _socket_to(proxy: Proxy, options: TransportOptions, recorder: Recorder, deadline: Deadline) -> socket:
    """A socket to the proxy itself, to which `--connect-to` does not apply."""
    try:
        return open_socket(options.replace(connect_to=()), to_ascii(proxy.host), proxy.port, recorder, deadline)
    except ExchangeError as error:
        error.message = f"the proxy {proxy.url} cannot be reached: {error.message}"
        if error.kind == "refused":
            error.hint = "nothing listens there: is the proxy running, and is this its port?"
        raise


def _tls_context(options: TransportOptions) -> Any:
    """The settings for TLS with the proxy: trust as the user's for all, but no client certificate and no ALPN of the target's."""
    from rrcli.wire.tls import make_context

    return make_context(options.replace(cert=None, key=None, key_password=None, alpn=None), ("http/1.1",))


def _start_tls(stream: Stream, context: Any, proxy: Proxy) -> None:
    """Shake hands with the proxy, within phase `handshake`; `connection.tls` is the target's, or none."""
    from rrcli.wire.tls import Tls

    recorder = stream.recorder
    link = Tls(stream.link, context, to_ascii(proxy.host), recorder)
    stream.replace_link(link)
    try:
        while not link.handshake():
            stream.wait()
    except ExchangeError as error:
        error.message = f"TLS with the proxy {proxy.url}: {error.message}"
        raise
    recorder.tls = None


# --- HTTP ------------------------------------------------------------------------------------------------


# --- SOCKS -----------------------------------------------------------------------------------------------
