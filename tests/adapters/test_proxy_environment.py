"""Proxies of HTTP: those that the environment names by curl's rules, whole requests for plain HTTP, tunnels for the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.base import Peer, free_port
from peers.ca import Authority
from peers.exchange import notes
from peers.nginx import Nginx
from peers.proxy import USER
from peers.script import hear, responder, say, script

from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.options.request import PROXY_VARIABLES
from rrcli.policy.redact import masked
from rrcli.wire.proxy.environment import Found, chosen, excepted

WORD = "secret-word"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def status(exchange: Exchange) -> int | None:
    assert exchange.response, exchange.error
    return exchange.response.status.code


# --- which proxy


@pytest.mark.parametrize(
    ("scheme", "environ", "found"),
    [
        ("http", {"http_proxy": "p:1"}, Found(variable="http_proxy", url="p:1")),
        ("http", {"HTTP_PROXY": "p:1"}, None),  # httpoxy
        ("http", {"https_proxy": "p:1", "HTTPS_PROXY": "p:1"}, None),
        ("https", {"http_proxy": "p:1"}, None),
        ("https", {"https_proxy": "p:1", "HTTPS_PROXY": "q:1"}, Found(variable="https_proxy", url="p:1")),
        ("https", {"HTTPS_PROXY": "q:1"}, Found(variable="HTTPS_PROXY", url="q:1")),
        ("http", {"ALL_PROXY": "socks5h://p:1"}, Found(variable="ALL_PROXY", url="socks5h://p:1")),
        ("http", {"http_proxy": "p:1", "all_proxy": "q:1"}, Found(variable="http_proxy", url="p:1")),
        ("http", {"http_proxy": "", "all_proxy": ""}, None),
        ("http", {"http_proxy": "p:1", "no_proxy": "x.test"}, None),
        ("http", {"http_proxy": "p:1", "NO_PROXY": "*"}, None),
        ("http", {"http_proxy": "p:1", "NO_PROXY": "y.test"}, Found(variable="http_proxy", url="p:1")),
        ("http", {"http_proxy": "p:1", "no_proxy": "", "NO_PROXY": "x.test"}, None),
    ],
)
def test_the_variables(scheme: str, environ: dict[str, str], found: Found | None) -> None:
    assert chosen(scheme, "x.test", None, environ) == found


@pytest.mark.parametrize("name", PROXY_VARIABLES)
def test_every_variable_that_is_looked_for_names_a_proxy_of_some_scheme(name: str) -> None:
    found = [chosen(scheme, "x.test", None, {name: "p:1"}) for scheme in ("http", "https")]
    assert Found(variable=name, url="p:1") in found


def test_an_option_overrides_the_exceptions() -> None:
    environ = {"http_proxy": "p:1", "no_proxy": "x.test"}
    assert chosen("http", "x.test", "", environ) == Found(variable="http_proxy", url="p:1")
    assert chosen("http", "y.test", "y.test", environ) is None


EXCEPTIONS = [
    ("example.com", "example.com", True),
    ("www.example.com", "example.com", True),
    ("www.example.com", ".example.com", True),
    ("example.com", ".example.com", True),
    ("notexample.com", "example.com", False),
    ("example.com", "www.example.com", False),
    ("EXAMPLE.com", "a.test, example.COM ,b.test", True),
    ("example.com", "a.test example.com", True),
    ("example.com", "*", True),
    ("example.com", "*.com", False),
    ("localhost", "localhost", True),
    ("127.0.0.1", "localhost", False),
    ("127.0.0.1", "127.0.0.1", True),
    ("127.0.0.1", "127.0.0.0/8", True),
    ("128.0.0.1", "127.0.0.0/8", False),
    ("127.0.0.1", "0.0.1", False),
    ("::1", "::1", True),
    ("::1", "[::1]", True),
    ("fe80::1", "fe80::/10", True),
    ("fe80::1", "fc00::/7", False),
    ("example.com", "", False),
    ("example.com", ",", False),
]


@pytest.mark.parametrize(("host", "names", "holds"), EXCEPTIONS)
def test_the_exceptions(host: str, names: str, holds: bool) -> None:
    assert excepted(host, names) is holds


@pytest.mark.parametrize(("host", "names", "holds"), [case for case in EXCEPTIONS if case[1] not in ("", "*.com", "[::1]", "fe80::/10")])
def test_curl_has_the_same_exceptions(host: str, names: str, holds: bool) -> None:
    """Nothing listens at either port; which of the two was tried tells. Networks and brackets of IPv6 came to curl later."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    proxy, shown = free_port(), f"[{host}]" if ":" in host else host
    command = [curl, "-sqv", "--max-time", "2", "--connect-to", f"::127.0.0.1:{free_port()}", f"http://{shown}/"]
    environ = {"http_proxy": f"http://127.0.0.1:{proxy}", "no_proxy": names, "PATH": os.environ["PATH"]}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert (f"Trying 127.0.0.1:{proxy}" not in done.stderr) is holds, done.stderr


# --- on the way


def test_plain_http_is_sent_whole(http_proxy: Callable[..., Peer], nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = http_proxy(f"BasicAuth {USER} {WORD}")
    monkeypatch.setenv("http_proxy", f"http://{USER}:{WORD}@{proxy.address}")
    exchange = send(HttpRequest(nginx.url("/echo")))
    assert exchange.request.summary == f"GET {nginx.url('/echo')} HTTP/1.1"
    assert status(exchange) == 200
    assert notes(exchange) == [
        ("environment-proxy",
         f"sent through the proxy http://{proxy.address}, which the variable http_proxy names; --proxy '' goes there directly")
    ]  # fmt: skip
    assert (exchange.connection.proxy, exchange.connection.peer) == (f"http://{proxy.address}", proxy.address)
    assert "handshake" not in exchange.timing.phases
    assert exchange.response
    assert exchange.response.body
    assert b"roxy-" not in exchange.response.body.data
    shown = repr(document(masked(exchange)))
    assert WORD not in shown


def test_https_asks_for_a_tunnel(http_proxy: Callable[..., Peer], nginx: Nginx, ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = http_proxy()
    monkeypatch.setenv("HTTPS_PROXY", proxy.address)
    exchange = send(HttpRequest(nginx.https("/users.json"), cacert=str(ca.root)))
    assert (status(exchange), exchange.connection.proxy) == (200, f"http://{proxy.address}")
    assert {"handshake", "tls"} < exchange.timing.phases.keys()


def test_socks_for_all(socks_proxy: Callable[..., Peer], nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = socks_proxy()
    monkeypatch.setenv("ALL_PROXY", f"socks5h://{proxy.address}")
    exchange = send(HttpRequest(nginx.url("/users.json")))
    assert (status(exchange), exchange.request.summary) == (200, "GET /users.json HTTP/1.1")
    assert "handshake" in exchange.timing.phases


@pytest.mark.parametrize("options", [{"proxy": ""}, {"no_proxy": "127.0.0.1"}])
def test_it_can_be_turned_off(options: dict[str, Any], nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    exchange = send(HttpRequest(nginx.url("/"), **options))
    assert (status(exchange), exchange.connection.proxy, notes(exchange)) == (200, None, [])


def test_a_variable_that_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "ftp://ann:hunter2@p:1")
    with pytest.raises(ExchangeError) as caught:
        send(HttpRequest("http://127.0.0.1:1/"))
    assert (caught.value.layer, caught.value.hint) == ("usage", "mend it, or add --proxy '' to go there directly")
    assert caught.value.message.startswith("the variable http_proxy names no proxy: ftp:// is no kind of proxy")


def test_each_hop_has_its_own(http_proxy: Callable[..., Peer], nginx: Nginx, ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = http_proxy()
    monkeypatch.setenv("http_proxy", f"http://ann:hunter2hunter2@{proxy.address}")
    moved = f"HTTP/1.1 302 Found\r\nLocation: {nginx.https('/echo')}\r\nContent-Length: 0\r\n\r\n".encode()
    with responder(script(hear(b"\r\n\r\n"), say(moved))) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", location=True, cacert=str(ca.root)))
    assert [hop.connection.proxy for hop in (*exchange.history, exchange)] == [f"http://{proxy.address}", None]
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data.startswith(b"GET /echo HTTP/1.1") or exchange.response.summary.startswith("HTTP/2")
    assert [name for name, _ in exchange.request.fields if name.startswith("Proxy")] == []


def test_a_proxy_that_wants_credentials(http_proxy: Callable[..., Peer], nginx: Nginx, ca: Authority) -> None:
    proxy = http_proxy(f"BasicAuth {USER} {WORD}")
    whole = send(HttpRequest(nginx.url("/"), proxy=f"http://{proxy.address}"))
    assert status(whole) == 407
    assert whole.error
    assert whole.error.layer == "application"
    tunnel = send(HttpRequest(nginx.https("/"), proxy=f"http://{proxy.address}", cacert=str(ca.root)))
    assert tunnel.error
    assert (tunnel.error.layer, tunnel.error.kind, tunnel.error.phase) == ("transport", "proxy_refused", "handshake")
    assert "407" in tunnel.error.message
    assert "Proxy-Authenticate: Basic realm=" in tunnel.error.message


def test_the_target_of_a_whole_request(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", heard), say(OK))) as proxy:
        url = f"http://{proxy.host}:{proxy.port}"
        send(HttpRequest("http://ann:hunter2@x.test/a/../b?c=d#e", proxy=url))
        send(HttpRequest("http://[::1]:8080/", "Host:y.test", proxy=url))
    lines = [each.split(b"\r\n")[:2] for each in heard]
    assert lines == [
        [b"GET http://x.test/b?c=d HTTP/1.1", b"Host: x.test"],
        [b"GET http://[::1]:8080/ HTTP/1.1", b"User-Agent: " + heard[1].split(b"\r\n")[1][12:]],
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("http://other.test/abc", b"http://other.test/abc"),
        ("other.test:80", b"other.test:80"),
        ("*", b"http://x.test"),
        ("/b", b"http://x.test/b"),
    ],
)
def test_a_target_of_the_users_own_is_made_no_nonsense(given: str, sent: bytes) -> None:
    heard: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", heard), say(OK))) as proxy:
        send(HttpRequest("OPTIONS", "http://x.test/", request_target=given, proxy=f"http://{proxy.host}:{proxy.port}"))
    assert heard[0].partition(b"\r\n")[0] == b"OPTIONS " + sent + b" HTTP/1.1"


def test_a_proxy_keeps_http3_from_being_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("qh3")
    heard: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", heard), say(b"HTTP/1.1 403 Forbidden\r\n\r\n"))) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.host}:{proxy.port}")
        exchange = send(HttpRequest("https://x.test/", http3=True))
    assert heard == [b"CONNECT x.test:443 HTTP/1.1\r\nHost: x.test:443\r\n\r\n"]
    assert [code for code, _ in notes(exchange)] == ["environment-proxy", "http3-fallback"]


def test_the_command_line_says_which_variable(http_proxy: Callable[..., Peer], nginx: Nginx) -> None:
    proxy = http_proxy()
    environ = {"http_proxy": f"http://ann:hunter2@{proxy.address}"}
    done = child.run("http", nginx.url("/users.json"), text=True, check=True, env=environ)
    way = f"sent through the proxy http://{proxy.address}, which the variable http_proxy names"
    assert done.stderr == f"rrcli: note: {way}; --proxy '' goes there directly\n"


# --- unix sockets


def test_a_unix_socket(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # there is no way through it
    exchange = send(HttpRequest("http://any.test/echo", unix_socket=str(nginx.unix_socket)))
    assert exchange.response
    assert exchange.response.body
    assert b"\r\nHost: any.test\r\n" in exchange.response.body.data
    assert (exchange.connection.peer, notes(exchange)) == (str(nginx.unix_socket), [])


def test_tls_over_a_unix_socket(nginx: Nginx, ca: Authority, tmp_path: Path) -> None:
    place = tmp_path / "tls.sock"
    socat = shutil.which("socat")
    if socat is None:
        pytest.skip("socat is not installed")
    process = subprocess.Popen([socat, f"UNIX-LISTEN:{place}", f"TCP:127.0.0.1:{nginx.tls_ports['good']}"])
    try:
        while not place.exists():
            assert process.poll() is None
        exchange = send(HttpRequest("https://localhost/users.json", unix_socket=str(place), cacert=str(ca.root)))
    finally:
        process.terminate()
        process.wait()
    assert status(exchange) == 200
    assert exchange.connection.tls
    assert (exchange.connection.tls.verified, exchange.connection.tls.sni) == (True, "localhost")


def test_no_socket_there(tmp_path: Path) -> None:
    exchange = send(HttpRequest("http://x.test/", unix_socket=str(tmp_path / "none")))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind, exchange.error.phase) == ("transport", "refused", "connect")
    assert exchange.error.message == f"connecting to {tmp_path}/none: no such file or directory"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
def test_a_socket_that_others_may_not_use(nginx: Nginx) -> None:
    """As nobody, who may not enter the folder of root's test files."""
    words = [sys.executable, "-m", "rrcli", "http", "--json", "--unix-socket", str(nginx.unix_socket), "http://x.test/"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", *words],
        env=environ, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not done.stdout:
        pytest.skip("nobody may not read this Python")
    from rrcli.base.jsontext import loads

    error = loads(done.stdout)["error"]
    assert (done.returncode, error["kind"], error["phase"]) == (3, "unreachable", "connect")
    assert error["message"] == f"connecting to {nginx.unix_socket}: permission denied"
    assert error["hint"] == "this user may not use the socket: look at the mode of it and of the folders above it (ls -l)"


def test_a_tunnel_for_plain_http_where_it_is_asked_for(http_proxy: Callable[..., Peer], nginx: Nginx) -> None:
    exchange = send(HttpRequest(nginx.url("/users.json"), proxy=f"http://{http_proxy().address}", proxytunnel=True))
    assert (status(exchange), exchange.request.summary) == (200, "GET /users.json HTTP/1.1")
    assert "handshake" in exchange.timing.phases


def test_an_exception_holds_for_the_option_too_and_is_told(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    exchange = send(HttpRequest(nginx.url("/"), proxy="http://127.0.0.1:1"))
    assert status(exchange) == 200
    assert notes(exchange) == [("proxy-not-used", "--proxy is not used for 127.0.0.1: --noproxy or NO_PROXY names it")]


@pytest.mark.parametrize(
    ("challenge", "message", "hint"),
    [
        (
            b"Proxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\n",
            "refused: 407 No (Proxy-Authenticate: Negotiate, NTLM)",
            "it takes none of what rrcli can give: Basic is not among them",
        ),
        (
            b'Proxy-Authenticate: Basic realm="x"\r\n',
            'refused: 407 No (Proxy-Authenticate: Basic realm="x")',
            "it wants credentials; give them as --proxy SCHEME://USER:PASSWORD@HOST:PORT, percent-encoded where they hold : or @",
        ),
    ],
)
def test_what_a_proxy_wants_is_told(challenge: bytes, message: str, hint: str) -> None:
    answer = b"HTTP/1.1 407 No\r\n" + challenge + b"Content-Length: 0\r\n\r\n"
    with responder(script(hear(b"\r\n\r\n"), say(answer))) as peer:
        exchange = send(HttpRequest("https://x.test/", proxy=f"{peer.host}:{peer.port}"))
    assert exchange.error
    assert exchange.error.message.endswith(message)
    assert exchange.error.hint == hint
