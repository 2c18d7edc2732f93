"""`rrcli dns` over TLS, HTTPS and QUIC, against unbound, BIND's clients' own answers and aioquic's server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dns.message
import dns.rrset
import pytest
from peers.base import LOOPBACK, Peer, free_port, need
from peers.ca import Authority
from peers.exchange import response_of
from peers.script import Responder, hear, over_tls, responder, say, script
from peers.unbound import UNBOUND_NSID, Resolver

from rrcli.adapters.dns.request import DnsRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.registry import protocol_of
from rrcli.engine.send import send
from rrcli.model.values import Exchange
from rrcli.report.terminal.render import render

NAME = "www.example.test"


def at(scheme: str, port: int, host: str = LOOPBACK, path: str = "") -> str:
    return f"@{scheme}://{host}:{port}{path}"


def addresses(exchange: Exchange) -> list[str]:
    return sorted(record["data"] for record in response_of(exchange).data["answer"])


def failure(exchange: Exchange) -> tuple[str, str]:
    assert exchange.error is not None
    return exchange.error.layer, exchange.error.kind


@pytest.fixture(params=["tls", "https", "https-get", "quic"])
def sealed(request: pytest.FixtureRequest, ca: Authority) -> tuple[str, dict[str, Any]]:
    """The word that names a server, and the options to ask it: the same DNS behind each."""
    scheme, _, get = request.param.partition("-")
    if scheme == "quic":
        port = request.getfixturevalue("doq").port
    else:
        unbound: Resolver = request.getfixturevalue("unbound")
        port = unbound.tls_port if scheme == "tls" else unbound.https_port
    return at(scheme, port), {"cacert": str(ca.root), **({"get": True} if get else {})}


def test_the_answer_comes_through(sealed: tuple[str, dict[str, Any]]) -> None:
    server, options = sealed
    exchange = send(DnsRequest(NAME, server, **options))
    assert addresses(exchange) == ["192.0.2.80", "192.0.2.81"]
    assert (exchange.outcome, exchange.notes) == ("ok", ())
    assert response_of(exchange).data["transport"] == server.removeprefix("@").partition(":")[0]
    assert list(exchange.timing.phases) == ["connect", "tls", "send", "wait", "receive"]
    tls = exchange.connection.tls
    assert tls is not None
    assert (tls.version, tls.verified, tls.sni, tls.chain[0].sans) == (
        "TLSv1.3", True, None, ("localhost", "127.0.0.1", "::1", "example.test"),
    )  # fmt: skip


def test_failures_are_those_of_dns(sealed: tuple[str, dict[str, Any]]) -> None:
    server, options = sealed
    exchange = send(DnsRequest("nowhere.example.test", server, **options))
    assert (exchange.outcome, response_of(exchange).status.text) == ("application_error", "NXDOMAIN")


def test_large_answers(sealed: tuple[str, dict[str, Any]]) -> None:
    server, options = sealed
    exchange = send(DnsRequest("big.example.test", "TXT", server, **options))
    assert len(response_of(exchange).data["answer"]) == 12
    assert exchange.history == ()


def test_a_foreign_root_is_not_trusted(sealed: tuple[str, dict[str, Any]], tmp_path: Any) -> None:
    import trustme

    root = tmp_path / "root.pem"
    trustme.CA().cert_pem.write_to_path(root)
    server, options = sealed
    exchange = send(DnsRequest(NAME, server, **{**options, "cacert": str(root)}))
    assert failure(exchange) == ("tls", "certificate_untrusted")
    assert exchange.connection.tls is not None
    assert not exchange.connection.tls.verified
    assert addresses(send(DnsRequest(NAME, server, **{**options, "cacert": None, "insecure": True}))) == ["192.0.2.80", "192.0.2.81"]


def test_the_certificates_name_is_checked(sealed: tuple[str, dict[str, Any]]) -> None:
    server, options = sealed
    assert failure(send(DnsRequest(NAME, server, sni="other.test", **options))) == ("tls", "certificate_hostname")
    assert addresses(send(DnsRequest(NAME, server, sni="example.test", **options))) == ["192.0.2.80", "192.0.2.81"]


def test_questions_are_padded_to_whole_blocks(sealed: tuple[str, dict[str, Any]]) -> None:
    server, options = sealed
    for name in ("a.example.test", "a-rather-longer-name.example.test"):
        exchange = send(DnsRequest(name, server, wire=1 << 16, **options))
        (padding,) = exchange.request.data["edns"]["options"]
        assert padding["name"] == "PADDING"
        size = 12 + len(name) + 2 + 4 + 11 + 4 + int(padding["data"].removesuffix(" bytes"))
        assert size == 128
    assert send(DnsRequest(NAME, server, no_padding=True, **options)).request.data["edns"]["options"] == []


def test_nobody_there(sealed: tuple[str, dict[str, Any]]) -> None:
    server, options = sealed
    gone = server.rpartition(":")[0] + f":{free_port()}"
    assert failure(send(DnsRequest(NAME, gone, **options))) == ("transport", "refused")


def test_a_silent_server(sealed: tuple[str, dict[str, Any]], tcp_silent: Responder, udp_silent: Responder) -> None:
    server, options = sealed
    peer = udp_silent if server.startswith("@quic") else tcp_silent
    exchange = send(DnsRequest(NAME, server.rpartition(":")[0] + f":{peer.port}", timeout=0.3, **options))
    assert failure(exchange) == ("transport", "timeout")
    assert exchange.error is not None
    assert exchange.error.phase == "tls"


@pytest.fixture
def tcp_silent() -> Iterator[Responder]:
    from peers.script import pause

    with responder(script(pause(1))) as peer:
        yield peer


@pytest.fixture
def udp_silent() -> Iterator[Responder]:
    from peers.script import datagram_responder

    with datagram_responder(lambda *_: None) as peer:
        yield peer


# --- each in its own way


def test_tls_agrees_on_dot(unbound: Resolver, ca: Authority) -> None:
    exchange = send(DnsRequest(NAME, at("tls", unbound.tls_port), cacert=str(ca.root), nsid=True))
    assert exchange.request.summary == f"A {NAME}. @{LOOPBACK}:{unbound.tls_port} (tls)"
    assert response_of(exchange).framing == "length-prefix"
    nsid = {"code": 3, "name": "NSID", "data": UNBOUND_NSID}
    assert nsid in response_of(exchange).data["edns"]["options"]


def test_https_is_http2_with_unbound(unbound: Resolver, ca: Authority) -> None:
    exchange = send(DnsRequest(NAME, at("https", unbound.https_port), cacert=str(ca.root)))
    assert exchange.target.url == f"https://{LOOPBACK}:{unbound.https_port}/dns-query"
    assert response_of(exchange).framing == "end-stream"
    assert exchange.connection.tls is not None
    assert (exchange.connection.tls.alpn, exchange.request.data["id"]) == ("h2", 0)


@pytest.mark.parametrize("options", [{}, {"get": True}])
def test_a_path_that_is_not_the_servers(unbound: Resolver, ca: Authority, options: dict[str, bool]) -> None:
    exchange = send(DnsRequest(NAME, at("https", unbound.https_port, path="/elsewhere"), cacert=str(ca.root), **options))
    assert failure(exchange) == ("application", "bad_status")
    assert exchange.error is not None
    assert (exchange.error.message, exchange.error.hint) == (
        "the server answers HTTP 404 Not Found",
        "is /elsewhere the server's path? its own is given as @https://HOST/PATH",
    )


def test_quic_says_doq(doq: Peer, ca: Authority) -> None:
    exchange = send(DnsRequest(NAME, at("quic", doq.port), cacert=str(ca.root), wire=1 << 16))
    assert exchange.connection.tls is not None
    assert (exchange.connection.tls.alpn, exchange.request.data["id"], response_of(exchange).framing) == ("doq", 0, "length-prefix")
    assert exchange.transcript is not None
    sent, *received = exchange.transcript
    assert (sent.direction, len(sent.data)) == ("sent", 2 + 128)
    assert {entry.direction for entry in received} == {"received"}


@pytest.mark.parametrize(("name", "kind"), [("cut", ("protocol", "truncated")), ("silent", ("transport", "closed"))])
def test_quic_streams_that_end_early(doq: Peer, ca: Authority, name: str, kind: tuple[str, str]) -> None:
    assert failure(send(DnsRequest(f"{name}.example.test", at("quic", doq.port), cacert=str(ca.root)))) == kind


def test_quic_without_this_protocol(doq: Peer, ca: Authority) -> None:
    exchange = send(DnsRequest(NAME, at("quic", doq.port), cacert=str(ca.root), alpn="h3"))
    assert exchange.error is not None
    assert (failure(exchange), exchange.error.message) == (
        ("tls", "handshake_failed"),
        "the server speaks QUIC, but not this protocol over it (ALPN)",
    )


# --- HTTP/1.1, which a server may choose


@contextmanager
def web(ca: Authority, head: bytes, content: bytes = b"") -> Iterator[str]:
    """A web server of HTTP/1.1 with one answer, and the word that names it."""
    reply = head + b"\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    with responder(over_tls(ca.good, script(hear(b"\r\n\r\n"), say(reply)))) as peer:
        yield at("https", peer.port)


def wire_answer() -> bytes:
    answer = dns.message.make_response(dns.message.make_query(NAME, "A", id=0))
    answer.answer.append(dns.rrset.from_text(f"{NAME}.", 300, "IN", "A", "192.0.2.80"))
    return answer.to_wire()


FINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/dns-message"


@pytest.mark.parametrize("get", [False, True])
def test_http1(ca: Authority, get: bool) -> None:
    with web(ca, FINE, wire_answer()) as server:
        exchange = send(DnsRequest(NAME, server, cacert=str(ca.root), get=get, wire=1 << 16))
    assert addresses(exchange) == ["192.0.2.80"]
    assert response_of(exchange).framing == "content-length"
    assert exchange.transcript is not None
    method = exchange.transcript[0].data.split(b" ")[0]
    assert method == (b"GET" if get else b"POST")


@pytest.mark.parametrize(
    ("head", "content", "kind", "message"),
    [
        (b"HTTP/1.1 405 Method Not Allowed", b"", ("application", "bad_status"), "the server answers HTTP 405 Method Not Allowed"),
        (
            b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://other.test/dns-query", b"", ("application", "bad_status"),
            "the server answers HTTP 301 Moved Permanently, and leads to https://other.test/dns-query",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8", b"<p>", ("protocol", "malformed"),
            "the answer is no DNS message: its content is text/html, not application/dns-message",
        ),
        (
            b"HTTP/1.1 200 OK", b"x", ("protocol", "malformed"),
            "the answer is no DNS message: it has no media type, not application/dns-message",
        ),
        (FINE, b"x", ("protocol", "malformed"), "a message of 1 bytes; its header alone has 12"),
        (FINE, b"\0\1" + wire_answer()[2:], ("protocol", "malformed"), "the answer is to another question"),
    ],
)  # fmt: skip
def test_answers_of_http_that_are_none_of_dns(ca: Authority, head: bytes, content: bytes, kind: tuple[str, str], message: str) -> None:
    with web(ca, head, content) as server:
        exchange = send(DnsRequest(NAME, server, cacert=str(ca.root)))
    assert exchange.error is not None
    assert (failure(exchange), exchange.error.message) == (kind, message)


@pytest.mark.parametrize(
    ("head", "status", "hint"),
    [
        (b"HTTP/1.1 404 Not Found", (404, "Not Found"), "is /dns-query the server's path? its own is given as @https://HOST/PATH"),
        (b"HTTP/1.1 503", (503, "Service Unavailable"), "rrcli explain 503 says what it means"),
        (b"HTTP/1.1 307 X\r\nLocation: /other", (307, "X"), "ask there: @https://{here}/other"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://doh.test:444/q?x=1", (302, "Found"), "ask there: '@https://doh.test:444/q?x=1'"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://doh.test/q", (302, "Found"),
            "DNS is asked over https:// alone, and without a user: is it the server you meant?",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: ftp://doh.test/q", (302, "Found"),
            "it cannot be followed: the redirect leads to ftp:, not to http or https",
        ),
    ],
    ids=["missing", "later", "relative", "absolute", "plain", "other"],
)  # fmt: skip
def test_a_status_of_http_is_an_answer(ca: Authority, head: bytes, status: tuple[int, str], hint: str) -> None:
    with web(ca, head, b"<p>") as server:
        exchange = send(DnsRequest(NAME, server, cacert=str(ca.root)))
    answer, error = response_of(exchange), exchange.error
    assert error is not None
    assert (answer.status.code, answer.status.text, answer.status.ok) == (*status, False)
    assert (exchange.outcome, error.layer, error.kind, error.delivery) == ("application_error", "application", "bad_status", "answered")
    assert error.hint == hint.format(here=server.partition("://")[2].partition("/")[0])
    assert (answer.data["answer"], answer.data["transport"], answer.body) == ((), "https", None)
    first = render(exchange, protocol_of(DnsRequest(NAME)), width=120, color=False, verbose=False, wire=False).split("\n")[0]
    assert first.startswith(f"✘ {status[0]} {status[1]}")


@pytest.mark.parametrize("scheme", ["https", "quic"])
def test_no_transfer_over(scheme: str) -> None:
    with pytest.raises(ExchangeError, match="AXFR"):
        send(DnsRequest("example.test", "AXFR", f"@{scheme}://{LOOPBACK}"))


def test_kdig_gets_the_same_over_tls(unbound: Resolver, ca: Authority) -> None:
    command = [need("kdig"), "+tls", f"+tls-ca={ca.root}", "+tls-host=localhost", f"@{LOOPBACK}", "-p", str(unbound.tls_port), "+short"]
    short = subprocess.run([*command, NAME, "A"], capture_output=True, text=True, check=True, timeout=10).stdout
    assert addresses(send(DnsRequest(NAME, at("tls", unbound.tls_port), cacert=str(ca.root)))) == sorted(short.split())
