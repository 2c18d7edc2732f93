"""A way through a proxy: HTTP CONNECT (RFC 9110 §9.3.6), SOCKS4, SOCKS4a and SOCKS5 (RFC 1928, RFC 1929).

The stream is connected to the proxy already. What is said here is phase `handshake`; afterwards the stream is one to the
target, and bytes of the target that came with the proxy's last word are its first.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton
from binascii import b2a_base64

from rrcli.errors import ExchangeError, malformed, too_large, usage
from rrcli.record import Record
from rrcli.url import host_port, split_url
from rrcli.wire.dial import open_socket, redirected
from rrcli.wire.resolve import addresses, literal_family, to_ascii
from rrcli.wire.stream import Plain, Stream
from rrcli.wire.trace import FIRST_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any, NoReturn

    from rrcli.options import Request
    from rrcli.wire.clock import Deadline
    from rrcli.wire.trace import Trace

PORTS = {"http": 1080, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}  # as curl has them
OURS_TO_RESOLVE = ("socks4", "socks5")  # the other proxies look the target's name up themselves
MOST_SCHEMES, LONGEST_SCHEME = 4, 120  # of the ways to log in that a proxy names: how many are shown, and their characters
LONGEST_HEAD = 65536  # bytes of a proxy's answer to CONNECT
CREDENTIALS = "give them as --proxy SCHEME://USER:PASSWORD@HOST:PORT, percent-encoded where they hold : or @"

SOCKS5_REPLIES = {
    1: "a general failure", 2: "its rules do not allow it", 3: "the network is unreachable", 4: "the host is unreachable",
    5: "the target refused the connection", 6: "the time to live expired", 7: "it knows no CONNECT", 8: "it knows no such address type",
}  # fmt: skip
SOCKS4_REPLIES = {91: "rejected or failed", 92: "it cannot reach our identd", 93: "our identd names another user"}
STATUS_HINTS = {
    400: "it did not understand CONNECT: is it a proxy at all, or does it want TLS (https://)?",
    403: "its rules forbid this host or port; many allow CONNECT to port 443 alone",
    404: "this may be a web server, not a proxy",
    405: "this may be a web server, not a proxy: it knows no CONNECT",
    502: "it could not reach the target: check the name and the port as seen from the proxy",
    503: "it could not reach the target: check the name and the port as seen from the proxy",
    504: "the target did not answer the proxy in time",
}


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


def open_stream(request: Request, host: str, port: int, trace: Trace, deadline: Deadline) -> Stream:
    """A stream to the target by way of `request.proxy`. Raises what connecting to the proxy raises, and what `tunnel` does."""
    proxy = parse(str(request.proxy))
    if request.unix_socket:
        raise usage("--proxy and --unix-socket exclude each other")
    trace.proxy = proxy.url
    context = _tls_context(request) if proxy.scheme == "https" else None  # trust is loaded before the clock starts
    if not request.forwards:
        host, port = redirected(request, host, port)
    if proxy.scheme in OURS_TO_RESOLVE:
        wanted = request.replace(ipv4=True, ipv6=False) if proxy.scheme == "socks4" else request  # it has no room for IPv6
        host = addresses(wanted, host, port, trace.timeline, deadline)[0].text
    stream = Stream(Plain(_socket_to(proxy, request, trace, deadline), trace), trace, deadline, request.idle_timeout)
    try:
        if context or not request.forwards:
            trace.timeline.enter("handshake")
        if context:
            _start_tls(stream, context, proxy)
        if not request.forwards:
            tunnel(stream, proxy, host, port)
        trace.timeline.leave()
    except BaseException:
        stream.close()
        raise
    return stream


def _socket_to(proxy: Proxy, request: Request, trace: Trace, deadline: Deadline) -> socket:
    """A socket to the proxy itself, to which `--connect-to` does not apply."""
    try:
        return open_socket(request.replace(connect_to=()), to_ascii(proxy.host), proxy.port, trace, deadline)
    except ExchangeError as error:
        error.message = f"the proxy {proxy.url} cannot be reached: {error.message}"
        if error.kind == "refused":
            error.hint = "nothing listens there: is the proxy running, and is this its port?"
        raise


def _tls_context(request: Request) -> Any:
    """The settings for TLS with the proxy: trust as the user's for all, but no client certificate and no ALPN of the target's."""
    from rrcli.wire.tls import make_context

    return make_context(request.replace(cert=None, key=None, key_password=None, alpn=None), ("http/1.1",))


def _start_tls(stream: Stream, context: Any, proxy: Proxy) -> None:
    """Shake hands with the proxy, within phase `handshake`; `connection.tls` is the target's, or none."""
    from rrcli.wire.tls import Tls

    trace = stream.trace
    link = Tls(stream.link, context, to_ascii(proxy.host), trace)
    stream.replace_link(link)
    try:
        while not link.handshake():
            stream.wait()
    except ExchangeError as error:
        error.message = f"TLS with the proxy {proxy.url}: {error.message}"
        raise
    trace.tls = None


def tunnel(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    """Ask the proxy for a connection to the target.

    Raises `proxy_refused` of layer `transport` when it says no, `wrong_protocol` when it is no such proxy.
    """
    if proxy.scheme in ("http", "https"):
        _connect(stream, proxy, host_port(host, port))
    elif proxy.scheme in ("socks5", "socks5h"):
        _socks5(stream, proxy, host, port)
    else:
        _socks4(stream, proxy, host, port)
    early = _peek(stream)
    stream.trace.first = early[:FIRST_BYTES]
    stream.trace.answered = bool(early)


def _peek(stream: Stream) -> bytes:
    """What has arrived already and is not read yet; it stays unread."""
    data = stream.receive() if stream.buffered else b""
    stream.unread(data)
    return data


def _refused(proxy: Proxy, why: str, hint: str | None = None) -> NoReturn:
    hint = hint or "check from the proxy's side whether the target can be reached, and what its rules allow"
    raise ExchangeError("transport", "proxy_refused", f"the proxy {proxy.url} refused: {why}", hint=hint)


def _no_proxy(stream: Stream, proxy: Proxy, data: bytes) -> NoReturn:
    from rrcli.codec.recognise import recognise

    kind = "HTTP" if proxy.scheme.startswith("http") else proxy.scheme.rstrip("ah").upper()
    stream.trace.first = b""  # what the target said first, and that is nothing
    hint = "check the scheme of --proxy: http, https, socks4, socks4a, socks5 or socks5h"
    raise ExchangeError("protocol", "wrong_protocol", f"expected {kind} from the proxy {proxy.url}, got {recognise(data).what}", hint=hint)


# --- HTTP ------------------------------------------------------------------------------------------------


def _connect(stream: Stream, proxy: Proxy, authority: str) -> None:
    """One request and its head; a 2xx has no content (RFC 9110 §9.3.6)."""
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.basic:
        lines.append(f"Proxy-Authorization: Basic {proxy.basic}")
    stream.write("\r\n".join([*lines, "", ""]).encode("ascii"), "CONNECT to the proxy")
    first = _line(stream, proxy)
    status = first[9:12]
    if not first.startswith(b"HTTP/1.") or not status.isdigit():
        _no_proxy(stream, proxy, first)
    left = LONGEST_HEAD
    schemes: list[str] = []
    while (line := stream.read_line()) not in (b"\r\n", b"\n"):
        left -= len(line)
        name, _, value = line.partition(b":")
        if name.lower() == b"proxy-authenticate" and len(schemes) < MOST_SCHEMES:
            schemes.append(value.strip().decode("utf-8", "replace")[:LONGEST_SCHEME])
        if left < 0:
            raise too_large(f"the proxy's answer to CONNECT is longer than {LONGEST_HEAD} bytes")
    if status[:1] == b"2":
        return
    code, words = int(status), first[9:].strip().decode("utf-8", "replace")
    hint = STATUS_HINTS.get(code)
    if code in (401, 407):
        words, hint = _challenged(proxy, words, schemes)
    _refused(proxy, words, hint)


def _challenged(proxy: Proxy, words: str, schemes: list[str]) -> tuple[str, str]:
    """What a proxy that wants credentials said, and what to do: only those of Basic can be given."""
    if schemes:
        words = f"{words} (Proxy-Authenticate: {', '.join(schemes)})"
        if not any(scheme.lower().startswith("basic") for scheme in schemes):
            return words, "it takes none of what rrcli can give: Basic is not among them"
    if proxy.user is not None:
        return words, f"it does not take these credentials, or not as Basic; {CREDENTIALS}"
    return words, f"it wants credentials; {CREDENTIALS}"


def _line(stream: Stream, proxy: Proxy) -> bytes:
    """The status line; at most as much as shows that it is none."""
    try:
        return stream.read_line(4096)
    except ExchangeError as error:
        if error.kind == "truncated" and not _peek(stream):
            raise _closed(proxy) from error
        if error.kind not in ("truncated", "too_large"):
            raise
        _no_proxy(stream, proxy, _peek(stream))


def _closed(proxy: Proxy) -> ExchangeError:
    hint = "check the scheme of --proxy, and the proxy's rules and log"
    return ExchangeError("transport", "proxy_refused", f"the proxy {proxy.url} closed the connection without an answer", hint=hint)


# --- SOCKS -----------------------------------------------------------------------------------------------


def _exactly(stream: Stream, proxy: Proxy, size: int, version: int) -> bytes:
    """That many bytes of an answer that begins with `version`."""
    try:
        data = stream.read_exact(size)
    except ExchangeError as error:
        if error.kind != "truncated":
            raise
        if early := _peek(stream):
            _no_proxy(stream, proxy, early)
        raise _closed(proxy) from error
    if data[0] != version:
        _no_proxy(stream, proxy, data + _peek(stream))
    return data


def _socks5(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    methods = b"\0\2" if proxy.user is not None else b"\0"  # none, or a user and a password
    stream.write(bytes([5, len(methods)]) + methods, "SOCKS5 greeting")
    method = _exactly(stream, proxy, 2, 5)[1]
    if method == 2 and proxy.user is not None:
        _log_in(stream, proxy)
    elif method != 0:
        wrong = "it takes none of the ways to log in that we know" if proxy.user is not None else "it wants a user and a password"
        _refused(proxy, wrong, CREDENTIALS)
    stream.write(b"\5\1\0" + _socks5_address(host) + port.to_bytes(2, "big"), f"SOCKS5 CONNECT {host_port(host, port)}")
    reply = _exactly(stream, proxy, 4, 5)
    if reply[1]:
        _refused(proxy, SOCKS5_REPLIES.get(reply[1], f"reply {reply[1]}"))
    if reply[3] not in (1, 3, 4):
        raise malformed(f"the proxy's reply has the unknown address type {reply[3]}")
    stream.read_exact((4 if reply[3] == 1 else 16 if reply[3] == 4 else stream.read_exact(1)[0]) + 2)


def _log_in(stream: Stream, proxy: Proxy) -> None:
    user, password = ((part or "").encode("utf-8", "surrogateescape") for part in (proxy.user, proxy.password))
    stream.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password, "SOCKS5 user and password")
    if _exactly(stream, proxy, 2, 1)[1]:
        _refused(proxy, "it does not take these credentials", CREDENTIALS)


def _socks5_address(host: str) -> bytes:
    family = literal_family(host)
    if family == AF_INET:
        return b"\1" + inet_pton(AF_INET, host)
    if family:
        return b"\4" + inet_pton(AF_INET6, host.partition("%")[0])
    name = to_ascii(host).encode()
    if len(name) > 255:
        raise usage("the name is longer than the 255 bytes that SOCKS has room for")
    return bytes([3, len(name)]) + name


def _socks4(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    user = (proxy.user or "").encode("utf-8", "surrogateescape")
    family = literal_family(host)
    if family == AF_INET6:
        raise usage("SOCKS4 knows no IPv6 addresses", "use socks5://")
    address, name = (inet_pton(AF_INET, host), b"") if family else (b"\0\0\0\1", to_ascii(host).encode() + b"\0")
    stream.write(b"\4\1" + port.to_bytes(2, "big") + address + user + b"\0" + name, f"SOCKS4 CONNECT {host_port(host, port)}")
    code = _exactly(stream, proxy, 8, 0)[1]
    if code != 90:
        _refused(proxy, SOCKS4_REPLIES.get(code, f"reply {code}"))
