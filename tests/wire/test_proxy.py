"""Connections by way of tinyproxy and microsocks, and by proxies that say what no real one can be told to say."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from peers.base import Peer, free_port
from peers.ca import Authority
from peers.exchange import content_of
from peers.nginx import Nginx
from peers.proxy import PASSWORD, USER
from peers.script import deaf, end, hear, hear_end, over_tls, reset, responder, say, script

import rrcli
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import dumps
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.options.proxyurl import Proxy, parse
from rrcli.policy.redact import masked

HELLO = script(say(b"hello\n"), hear_end)
QUOTED = "open%20sesame%21"


def ask(host: str, port: int, proxy: str, **options: Any) -> Exchange:
    """Read one line of what the target says."""
    return rrcli.send(rrcli.TcpRequest(f"{host}:{port}", proxy=proxy, **{"read_lines": 1, "timeout": 5.0, **options}))


def error(exchange: Exchange) -> tuple[str, str, str | None, str]:
    assert exchange.error
    return exchange.error.layer, exchange.error.kind, exchange.error.phase, exchange.error.message


# --- through real proxies ---------------------------------------------------------------------------------


def test_http_connect(http_proxy: Callable[..., Peer]) -> None:
    proxy = http_proxy()
    with responder(HELLO) as target:
        exchange = ask("localhost", target.port, f"http://{proxy.address}")
    assert content_of(exchange) == b"hello\n"
    assert exchange.connection.proxy == f"http://{proxy.address}"
    assert exchange.connection.peer == proxy.address
    assert exchange.connection.tls is None
    assert [name for name in exchange.timing.phases if name != "receive"] == ["connect", "handshake", *_waited(exchange)]
    assert exchange.response
    assert exchange.response.data == {"banner": "hello"}


def _waited(exchange: Exchange) -> list[str]:
    return ["wait"] if "wait" in exchange.timing.phases else []


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_socks5(socks_proxy: Callable[..., Peer], scheme: str, host: str) -> None:
    proxy = socks_proxy()
    with responder(HELLO) as target:
        exchange = ask(host, target.port, f"{scheme}://{proxy.address}", ipv4=True)
    assert content_of(exchange) == b"hello\n"
    assert exchange.connection.proxy == f"{scheme}://{proxy.address}"
    assert ("resolve" in exchange.timing.phases) == (scheme == "socks5" and host == "localhost")


def test_tls_with_the_target_comes_after_the_proxy(http_proxy: Callable[..., Peer], nginx: Nginx, ca: Authority) -> None:
    proxy = http_proxy()
    exchange = rrcli.send(
        rrcli.HttpRequest(f"https://localhost:{nginx.tls_ports['good']}/users.json", cacert=str(ca.root), proxy=f"http://{proxy.address}")
    )
    assert exchange.outcome == "ok"
    assert exchange.connection.tls
    assert exchange.connection.tls.sni == "localhost"
    phases = list(exchange.timing.phases)
    assert phases[:3] == ["connect", "handshake", "tls"]


def test_plain_http_is_tunnelled_too(socks_proxy: Callable[..., Peer], nginx: Nginx) -> None:
    exchange = rrcli.send(rrcli.HttpRequest(f"http://{nginx.host}:{nginx.port}/users.json", proxy=f"socks5h://{socks_proxy().address}"))
    assert exchange.outcome == "ok"


def test_redis_takes_it(socks_proxy: Callable[..., Peer], redis: Peer) -> None:
    exchange = rrcli.send(rrcli.RedisRequest(f"redis://{redis.address}", "PING", proxy=f"socks5://{socks_proxy().address}"))
    assert exchange.outcome == "ok"


def test_credentials(http_proxy: Callable[..., Peer]) -> None:
    proxy = http_proxy(f"BasicAuth {USER} secret-word")
    with responder(HELLO) as target:
        exchange = ask(target.host, target.port, f"http://{USER}:secret-word@{proxy.address}", wire=1 << 20)
        without = ask(target.host, target.port, f"http://{proxy.address}")
        wrong = ask(target.host, target.port, f"http://{USER}:wrong-word@{proxy.address}")
    assert content_of(exchange) == b"hello\n"
    assert exchange.connection.proxy == f"http://{proxy.address}"
    shown = dumps(document(masked(exchange)))
    for secret in ("secret-word", b64encode(f"{USER}:secret-word".encode()).decode()):
        assert secret not in shown
        for entry in masked(exchange).transcript or ():
            assert secret.encode() not in entry.data
    url = f"http://{proxy.address}"
    wants = '407 Proxy Authentication Required (Proxy-Authenticate: Basic realm="Tinyproxy")'
    assert error(without) == ("transport", "proxy_refused", "handshake", f"the proxy {url} refused: {wants}")
    assert without.error
    assert without.error.hint == (
        "it wants credentials; give them as --proxy SCHEME://USER:PASSWORD@HOST:PORT, percent-encoded where they hold : or @"
    )
    assert wrong.error
    assert str(wrong.error.hint).startswith("it does not take these credentials")
    assert (without.error.delivery, without.error.retry) == ("not_sent", "useless")


def test_credentials_of_socks5(socks_proxy: Callable[..., Peer]) -> None:
    proxy = socks_proxy("-u", USER, "-P", PASSWORD)
    with responder(HELLO) as target:
        good = ask(target.host, target.port, f"socks5://{USER}:{QUOTED}@{proxy.address}", wire=1 << 20)
        none = ask(target.host, target.port, f"socks5://{proxy.address}")
        wrong = ask(target.host, target.port, f"socks5://{USER}:other@{proxy.address}")
    assert content_of(good) == b"hello\n"
    assert all(PASSWORD.encode() not in entry.data for entry in masked(good).transcript or ())
    url = f"socks5://{proxy.address}"
    assert error(none) == ("transport", "proxy_refused", "handshake", f"the proxy {url} refused: it wants a user and a password")
    assert error(wrong) == ("transport", "proxy_refused", "handshake", f"the proxy {url} refused: it does not take these credentials")


def test_a_target_that_the_proxy_cannot_reach(http_proxy: Callable[..., Peer], socks_proxy: Callable[..., Peer]) -> None:
    over_http, over_socks = http_proxy(), socks_proxy()
    port = free_port()
    found = error(ask("127.0.0.1", port, f"http://{over_http.address}"))
    assert found[:3] == ("transport", "proxy_refused", "handshake")
    assert found[3].startswith(f"the proxy http://{over_http.address} refused: 50")
    found = error(ask("127.0.0.1", port, f"socks5://{over_socks.address}"))
    assert found == (
        "transport", "proxy_refused", "handshake", f"the proxy socks5://{over_socks.address} refused: the target refused the connection",
    )  # fmt: skip


def test_a_port_that_the_proxy_forbids(http_proxy: Callable[..., Peer]) -> None:
    proxy = http_proxy("ConnectPort 443")
    exchange = ask("127.0.0.1", free_port(), f"http://{proxy.address}")
    assert error(exchange)[3] == f"the proxy http://{proxy.address} refused: 403 Access violation"


def test_no_proxy_there() -> None:
    port = free_port()
    exchange = ask("example.test", 80, f"http://127.0.0.1:{port}")
    message = f"the proxy http://127.0.0.1:{port} cannot be reached: connecting to 127.0.0.1:{port}: connection refused"
    assert error(exchange) == ("transport", "refused", "connect", message)
    assert exchange.connection.proxy == f"http://127.0.0.1:{port}"


# --- a proxy over TLS -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [20_000, 200_000])  # records of one session lie across those of the other
@pytest.mark.parametrize("inner", [False, True])
def test_a_proxy_over_tls(ca: Authority, inner: bool, size: int) -> None:
    large = b"x" * (size - 1) + b"\n"
    heard: list[bytes] = []

    def proxied(connection: Any) -> None:
        hear(b"\r\n\r\n", into=heard)(connection)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
        if inner:
            _inner_tls(connection, ca, large)
        else:
            connection.sendall(large)
            hear_end(connection)

    with responder(over_tls(ca.good, proxied)) as proxy:
        options = {"tls": True} if inner else {}
        exchange = ask("example.test", 7, f"https://localhost:{proxy.port}", cacert=str(ca.root), **options)
    assert content_of(exchange) == large
    assert heard == [b"CONNECT example.test:7 HTTP/1.1\r\nHost: example.test:7\r\n\r\n"]
    tls = exchange.connection.tls
    assert (tls.sni if tls else None) == ("example.test" if inner else None)
    assert ("tls" in exchange.timing.phases) == inner


def _inner_tls(connection: Any, ca: Authority, data: bytes) -> None:
    """TLS within the TLS of the proxy, by hand: `ssl` wraps no socket twice."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca.good.chain, ca.good.key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_side=True)
    while True:
        try:
            session.do_handshake()
            break
        except ssl.SSLWantReadError:
            connection.sendall(outgoing.read())
            incoming.write(connection.recv(65536))
    session.write(data)
    connection.sendall(outgoing.read())
    hear_end(connection)


def test_a_proxy_whose_certificate_does_not_verify(ca: Authority) -> None:
    with responder(over_tls(ca.wrong_host, hear_end)) as proxy:
        exchange = ask("example.test", 7, f"https://localhost:{proxy.port}", cacert=str(ca.root))
    found = error(exchange)
    assert found[:3] == ("tls", "certificate_hostname", "handshake")
    assert found[3].startswith(f"TLS with the proxy https://localhost:{proxy.port}: ")


# --- exact bytes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxy", "host", "sent"),
    [
        ("socks4", "127.0.0.1", b"\4\1\0\x07\x7f\0\0\1\0"),
        ("socks4a", "example.test", b"\4\1\0\x07\0\0\0\1\0example.test\0"),
        ("ann@socks4a", "example.test", b"\4\1\0\x07\0\0\0\1ann\0example.test\0"),
    ],
)
def test_socks4(proxy: str, host: str, sent: bytes) -> None:
    user, at, scheme = proxy.rpartition("@")
    heard: list[bytes] = []
    with responder(script(hear(sent, into=heard), say(b"\0\x5a" + bytes(6) + b"hello\n"), hear_end)) as peer:
        exchange = ask(host, 7, f"{scheme}://{user}{at}{peer.host}:{peer.port}")
    assert heard == [sent]
    assert content_of(exchange) == b"hello\n"
    assert exchange.response
    assert exchange.response.data == {"banner": "hello"}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("example.test", b"\3\x0cexample.test"),
        ("bücher.test", b"\3\x12xn--bcher-kva.test"),
        ("192.0.2.1", b"\1\xc0\0\2\1"),
        ("2001:db8::1", b"\4 \1\r\xb8" + bytes(11) + b"\1"),
    ],
)
def test_socks5_addresses(host: str, address: bytes) -> None:
    shown = f"[{host}]" if ":" in host else host
    request = b"\5\1\0" + address + b"\0\x07"
    steps = (hear(b"\5\1\0"), say(b"\5\0"), hear(request), say(b"\5\0\0\3\4here\0\1hello\n"), hear_end)
    with responder(script(*steps)) as peer:
        exchange = ask(shown, 7, f"socks5h://{peer.host}:{peer.port}")
    assert content_of(exchange) == b"hello\n"


@pytest.mark.parametrize(
    ("scheme", "answer", "kind", "message"),
    [
        ("http", b"HTTP/1.1 502 Bad\r\n\r\n", "proxy_refused", "the proxy {url} refused: 502 Bad"),
        ("http", b"SSH-2.0-x\r\n", "wrong_protocol", "expected HTTP from the proxy {url}, got an SSH banner: 'SSH-2.0-x'"),
        ("http", b"\x05\x00", "wrong_protocol", "expected HTTP from the proxy {url}, got a SOCKS5 reply"),
        ("http", b"", "proxy_refused", "the proxy {url} closed the connection without an answer"),
        ("socks5", b"", "proxy_refused", "the proxy {url} closed the connection without an answer"),
        ("socks5", b"HTTP/1.1 400 Bad\r\n", "wrong_protocol", "expected SOCKS5 from the proxy {url}, got HTTP/1.1 400 Bad"),
        ("socks5", b"\5\xff", "proxy_refused", "the proxy {url} refused: it wants a user and a password"),
        ("socks5", b"\5\0\5\2\0\1" + bytes(6), "proxy_refused", "the proxy {url} refused: its rules do not allow it"),
        ("socks5", b"\5\0\5\x63\0\1" + bytes(6), "proxy_refused", "the proxy {url} refused: reply 99"),
        ("socks5", b"\5\0\5\0\0\x09" + bytes(6), "malformed", "the proxy's reply has the unknown address type 9"),
        ("socks4a", b"\0\x5b" + bytes(6), "proxy_refused", "the proxy {url} refused: rejected or failed"),
        ("socks4a", b"220 x ESMTP\r\n", "wrong_protocol", "expected SOCKS4 from the proxy {url}, got an SMTP reply: '220 x ESMTP'"),
    ],
)  # fmt: skip
def test_proxies_that_do_not_help(scheme: str, answer: bytes, kind: str, message: str) -> None:
    def handle(connection: Any) -> None:
        connection.recv(4096)
        connection.sendall(answer)
        end(connection)
        hear_end(connection)

    with responder(handle) as peer:
        url = f"{scheme}://{peer.host}:{peer.port}"
        exchange = ask("example.test" if scheme != "socks5" else "192.0.2.1", 7, url)
    found = error(exchange)
    assert (found[1], found[2], found[3]) == (kind, "handshake", message.format(url=url))


def test_an_endless_answer_ends() -> None:
    def handle(connection: Any) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x: y\r\n" * 1000)

    with responder(handle) as peer:
        found = error(ask("example.test", 7, f"http://{peer.host}:{peer.port}"))
    assert found == ("protocol", "too_large", "handshake", "the proxy's answer to CONNECT is longer than 65536 bytes")


def test_a_silent_proxy_is_a_timeout_of_the_handshake() -> None:
    with responder(hear_end) as peer:
        found = error(ask("example.test", 7, f"http://{peer.host}:{peer.port}", connect_timeout=0.1))
    assert found[:3] == ("transport", "timeout", "handshake")
    with deaf() as peer:
        assert error(ask("example.test", 7, f"http://{peer.host}:{peer.port}", connect_timeout=0.1))[:3] == (
            "transport",
            "timeout",
            "connect",
        )


@pytest.mark.parametrize("length", ["Content-Length: 62\r\n", "Content-Length: 9999\r\n", ""])
def test_the_page_of_a_refusal_is_told(length: str) -> None:
    page = "<title>502</title><h1>No</h1>\n<p>upstream  is <b>down</b></p>     "
    head = f"HTTP/1.1 502 Bad Gateway\r\n{length}\r\n"
    with responder(script(hear(b"\r\n\r\n"), say((head + page).encode()))) as peer:
        failure = ask("example.test", 7, f"http://{peer.host}:{peer.port}").error
    assert failure is not None
    assert (failure.hint or "").endswith("as seen from the proxy; its page says: No upstream is down")


def test_a_proxy_that_resets() -> None:
    with responder(script(hear(b"\r\n\r\n"), reset)) as peer:
        assert error(ask("example.test", 7, f"http://{peer.host}:{peer.port}"))[:3] == ("transport", "reset", "handshake")


def test_connect_to_changes_the_target_alone() -> None:
    heard: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", into=heard), say(b"HTTP/1.1 200 OK\r\n\r\nhello\n"), hear_end)) as peer:
        rule = ("", None, "other.test", 9)
        assert content_of(ask("example.test", 7, f"{peer.host}:{peer.port}", connect_to=(rule,))) == b"hello\n"
    assert heard == [b"CONNECT other.test:9 HTTP/1.1\r\nHost: other.test:9\r\n\r\n"]


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:3128", ("http", "127.0.0.1", 3128, None, None)),
        ("http://proxy.test", ("http", "proxy.test", 1080, None, None)),
        ("https://proxy.test/", ("https", "proxy.test", 443, None, None)),
        ("SOCKS5h://a%40b:c%3Ad@[::1]:9", ("socks5h", "::1", 9, "a@b", "c:d")),
        ("socks5://ann@proxy.test", ("socks5", "proxy.test", 1080, "ann", None)),
    ],
)
def test_parse(text: str, found: tuple[str, str, int, str | None, str | None]) -> None:
    scheme, host, port, user, password = found
    assert parse(text) == Proxy(scheme=scheme, host=host, port=port, user=user, password=password)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ftp://proxy.test", "ftp:// is no kind of proxy; known are http, https, socks4, socks4a, socks5, socks5h"),
        ("http://proxy.test/path", "http:// of a proxy is followed by HOST:PORT alone"),
        ("", "http:// of a proxy is followed by HOST:PORT alone"),
        ("http://proxy.test:x", "'x' is no port (in 'proxy.test:x')"),
        (f"socks5://{'u' * 256}:p@proxy.test", "the user or the password of the proxy is longer than 255 bytes"),
    ],
)
def test_parse_refuses(text: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is compared whole
        parse(text)
    assert str(caught.value) == why


@pytest.mark.parametrize("options", [{"udp": True}, {"unix_socket": "/nowhere"}])
def test_what_no_proxy_carries(options: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError) as caught:
        rrcli.send(rrcli.TcpRequest("127.0.0.1:7", proxy="http://127.0.0.1:1", steps=(("--send", b"x"),), **options))
    assert caught.value.layer == "usage"
