"""A finished exchange as one line of shell for the tools people have: ncat, and openssl s_client for TLS.

They know no end of an answer but the connection's, so one that ended by silence or a count is given a limit.
"""

from __future__ import annotations

from rrcli.base.shellquote import quoted
from rrcli.base.url import host_port, split_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.model.values import Exchange
    from rrcli.options.request import TlsOptions

COUNTED = ("read-until", "read-bytes", "read-lines")
PAUSE = "1"  # seconds that the other tool waits for an answer whose end is a silence
S_CLIENT_VERSIONS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
CREDENTIALS = "$PROXY_AUTH"  # user:password


def as_command(exchange: Exchange, request: TlsOptions | None = None) -> str | None:
    """The line; `None` for what neither tool can do (TLS through a SOCKS proxy, a framing of their own)."""
    answer, data = exchange.response, exchange.request.data
    framing = answer.framing if answer else "read-idle"
    if framing == "length-prefix" and answer and answer.body:
        framing = "read-idle"  # the prefix is shown too
    secure = exchange.connection.tls is not None
    if not exchange.request.summary.startswith("connect to "):
        line = _client(exchange, request) if secure else _ncat(exchange, framing)
    elif secure:
        line = _client(exchange, request)
    else:
        return _ncat(exchange, "connect")
    if line is None:
        return None
    waits = exchange.target.url.startswith("udp://") or (secure and framing != "close" and not data.get("half_close"))
    words = _spoken(exchange, waits=waits)
    line = f"{words} | {line}" if words else line
    if framing in COUNTED and answer and answer.body:
        line += f" | head -c {answer.body.size}"
    return line


def remarks(_exchange: Exchange, request: TcpRequest) -> list[str]:
    """What the line does otherwise than was asked."""
    if any(kind == "--await" for kind, _ in request.steps):
        return ["the other tool sends all at once: it waits for none of what --await names"]
    return []


def printf(data: bytes) -> str:
    """`printf` of exactly these bytes (POSIX)."""
    text = "".join(
        {10: "\\n", 13: "\\r", 37: "%%", 92: "\\\\"}.get(code) or (chr(code) if 32 <= code < 127 and code != 39 else f"\\{code:03o}")
        for code in data
    )
    return f"printf -- '{text}'" if text.startswith("-") else f"printf '{text}'"


def _spoken(exchange: Exchange, *, waits: bool) -> str:
    """What is piped into the tool; with `waits` the pipe stays open while the answer comes, for tools that leave when it ends."""
    data = exchange.request.body.data if exchange.request.body else b""
    pieces = []
    for size in exchange.request.data.get("datagrams") or [len(data)]:
        pieces.append(printf(data[:size]))
        data = data[size:]
    if waits:
        return f"{{ {'; sleep 0.2; '.join(pieces)}; sleep {PAUSE}; }}"
    return pieces[0] if exchange.request.body else ""


def _ncat(exchange: Exchange, framing: str | None) -> str | None:
    target, data = exchange.target, exchange.request.data
    words = ["ncat"]
    if target.url.startswith("udp://"):
        words.append("--udp")
    if proxy := exchange.connection.proxy:
        url = split_url(proxy)
        kind = {"socks4a": "socks4", "socks5h": "socks5"}.get(url.scheme, url.scheme)
        if kind == "https":
            return None
        words += ["--proxy", host_port(url.host, url.port), "--proxy-type", kind]
        if exchange.secrets:
            words += ["--proxy-auth", f'"{CREDENTIALS}"']
    if framing == "connect":
        words.append("-z")
    elif exchange.request.body is None:
        words.append("--recv-only")
    elif not data.get("half_close"):
        words.append("--no-shutdown")
    if framing in ("read-idle", "datagram", *COUNTED):
        words += ["--idle-timeout", f"{PAUSE}s"]
    where = ["--unixsock", quoted(target.url[7:])] if target.url.startswith("unix://") else [quoted(target.host or ""), str(target.port)]
    return " ".join([*words, *where])


def _client(exchange: Exchange, request: TlsOptions | None) -> str | None:
    """openssl s_client, which verifies nothing unless told to; the certificates are what `rrcli tls` reports."""
    target, tls = exchange.target, exchange.connection.tls
    where = (
        ["-unix", quoted(target.url[7:])] if target.url.startswith("unix://") else ["-connect", host_port(target.host or "", target.port)]
    )
    words = ["openssl", "s_client", "-quiet", "-no_ign_eof", *where]
    if exchange.response and exchange.response.framing == "close" and not exchange.request.data.get("half_close"):
        words.remove("-no_ign_eof")
    words += tls_words(exchange, request)
    if proxy := exchange.connection.proxy:
        if not proxy.startswith("http://"):
            return None
        words += ["-proxy", proxy[7:]]
        if exchange.secrets:
            words += ["-proxy_user", '"$PROXY_USER"', "-proxy_pass", "env:PROXY_PASSWORD"]
    return " ".join(
        [*words, "2>/dev/null", *(["</dev/null"] if exchange.request.summary.startswith("connect to ") else [])] if tls else words
    )


def tls_words(exchange: Exchange, request: TlsOptions | None) -> list[str]:
    """What s_client is told of the handshake: the name, the protocol that starts it, ALPN, files and versions that were asked for."""
    tls = exchange.connection.tls
    words = []
    if tls and tls.sni:
        words += ["-servername", quoted(tls.sni)]
    if starttls := exchange.request.data.get("starttls"):
        words += ["-starttls", str(starttls)]
    if tls and tls.alpn:
        words += ["-alpn", quoted(tls.alpn)]
    if request:
        files = (("-CAfile", request.cacert), ("-cert", request.cert), ("-key", request.key))
        words += [word for flag, name in files if name for word in (flag, quoted(name))]
        versions = (("-min_protocol", request.tls_min), ("-max_protocol", request.tls_max))
        words += [word for flag, version in versions if version for word in (flag, S_CLIENT_VERSIONS[version])]
    return words
