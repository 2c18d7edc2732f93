"""What is said to a proxy before it passes bytes on: CONNECT (RFC 9110 section 9.3.6), SOCKS4 and SOCKS5 (RFC 1928)."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton

from rrcli.base.errors import ExchangeError, malformed, too_large, usage
from rrcli.base.url import host_port, literal_family
from rrcli.codec.http.h1head import parse_status_line
from rrcli.options.proxyurl import CREDENTIALS, LONGEST_SCHEME, MOST_SCHEMES
from rrcli.wire.recorder import FIRST_BYTES
from rrcli.wire.resolve import to_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from rrcli.options.proxyurl import Proxy
    from rrcli.wire.stream import Stream

LONGEST_HEAD = 65536  # bytes of a proxy's answer to CONNECT


SOCKS5_REPLIES = {
    1: "a general failure", 2: "its rules do not allow it", 3: "the network is unreachable", 4: "the host is unreachable",
    5: "the target refused the connection", 6: "the time to live expired", 7: "it knows no CONNECT", 8: "it knows no such address type",
}  # fmt: skip


SOCKS4_REPLIES = {91: "rejected or failed", 92: "it cannot reach our identd", 93: "our identd names another user"}


PAGE = 4096  # bytes of the page behind a refusal that are read
PAGE_SHOWN = 200  # letters of it that are shown
STATUS_HINTS = {
    400: "it did not understand CONNECT: is it a proxy at all, or does it want TLS (https://)?",
    403: "its rules forbid this host or port; many allow CONNECT to port 443 alone",
    404: "this may be a web server, not a proxy",
    405: "this may be a web server, not a proxy: it knows no CONNECT",
    502: "it could not reach the target: check the name and the port as seen from the proxy",
    503: "it could not reach the target: check the name and the port as seen from the proxy",
    504: "the target did not answer the proxy in time",
}


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
    stream.recorder.first = early[:FIRST_BYTES]
    stream.recorder.answered = bool(early)


def _peek(stream: Stream) -> bytes:
    """What has arrived already and is not read yet; it stays unread."""
    data = stream.receive() if stream.buffered else b""
    stream.unread(data)
    return data


def _page(stream: Stream, length: int) -> str:
    """The beginning of what the proxy's page says, without markup: often the only reason that it gives."""
    try:
        data = stream.read_exact(min(length, PAGE)) if length else _peek(stream)[:PAGE]
    except ExchangeError:
        data = _peek(stream)[:PAGE]
    import re

    text = re.sub(r"(?is)<(style|script|title)\b.*?(</\1>|$)|<[^>]*>", " ", data.decode("utf-8", "replace"))
    words = " ".join(text.split())
    return words if len(words) <= PAGE_SHOWN else f"{words[:PAGE_SHOWN]}…"


def _refused(proxy: Proxy, why: str, hint: str | None = None, page: str = "") -> NoReturn:
    hint = hint or "check from the proxy's side whether the target can be reached, and what its rules allow"
    hint += f"; its page says: {page}" if page else ""
    raise ExchangeError("transport", "proxy_refused", f"the proxy {proxy.url} refused: {why}", hint=hint)


def _no_proxy(stream: Stream, proxy: Proxy, data: bytes) -> NoReturn:
    from rrcli.codec.recognise import recognise

    kind = "HTTP" if proxy.scheme.startswith("http") else proxy.scheme.rstrip("ah").upper()
    stream.recorder.first = b""  # what the target said first, and that is nothing
    hint = "check the scheme of --proxy: http, https, socks4, socks4a, socks5 or socks5h"
    raise ExchangeError("protocol", "wrong_protocol", f"expected {kind} from the proxy {proxy.url}, got {recognise(data).what}", hint=hint)


def _connect(stream: Stream, proxy: Proxy, authority: str) -> None:
    """One request and its head; a 2xx has no content (RFC 9110 §9.3.6)."""
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.basic:
        lines.append(f"Proxy-Authorization: Basic {proxy.basic}")
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    end = len(head) - 4  # the credentials stand before the empty line
    stream.write(head, "CONNECT to the proxy", secrets=((end - len(proxy.basic), end),) if proxy.basic else ())
    code, reason = _status(stream, proxy)
    left = LONGEST_HEAD
    schemes: list[str] = []
    length = 0
    while (line := stream.read_line()) not in (b"\r\n", b"\n"):
        left -= len(line)
        name, _, value = line.partition(b":")
        if name.lower() == b"proxy-authenticate" and len(schemes) < MOST_SCHEMES:
            schemes.append(value.strip().decode("utf-8", "replace")[:LONGEST_SCHEME])
        if name.lower() == b"content-length" and value.strip().isdigit():
            length = int(value.strip()[:9])
        if left < 0:
            raise too_large(f"the proxy's answer to CONNECT is longer than {LONGEST_HEAD} bytes")
    if 200 <= code < 300:
        return
    words = f"{code} {reason}".rstrip()
    hint = STATUS_HINTS.get(code)
    if code in (401, 407):
        _refused(proxy, *_challenged(proxy, words, schemes))
    _refused(proxy, words, hint, _page(stream, length))


def _status(stream: Stream, proxy: Proxy) -> tuple[int, str]:
    """Code and reason of the answer to CONNECT. Raises `wrong_protocol` for what has none."""
    line = _line(stream, proxy)
    if line[:5].upper() == b"HTTP/":
        try:
            _, code, reason = parse_status_line(line.rstrip(b"\r\n"), lambda _code, _message: None)
            return code, reason.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        except ExchangeError:
            pass  # what it is instead says more to the user
    _no_proxy(stream, proxy, line)


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
    login = bytes([1, len(user)]) + user + bytes([len(password)]) + password
    stream.write(login, "SOCKS5 user and password", secrets=((len(login) - len(password), len(login)),))
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
