"""`rrcli tls` against nginx and openssl s_server: what is reported, and that a failure shows the chain as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from peers.base import Peer, free_port
from peers.ca import Authority
from peers.nginx import Nginx
from peers.script import responder, say

from rrcli.adapters.tls import TlsRequest, place, summary
from rrcli.errors import ExchangeError
from rrcli.model import Certificate, Exchange, TlsInfo
from rrcli.runner import send
from rrcli.several import send_all


def shake(nginx: Nginx, ca: Authority, server: str, **options: Any) -> Exchange:
    return send(TlsRequest(f"localhost:{nginx.tls_ports[server]}", cacert=str(ca.root), **options))


@pytest.fixture(params=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_reports_a_verified_handshake(nginx: Nginx, ca: Authority, version: str) -> None:
    exchange = shake(nginx, ca, "good", tls_max=version)
    tls, answer = exchange.connection.tls, exchange.response
    assert exchange.outcome == "ok"
    assert tls is not None
    assert answer is not None
    assert (tls.version, tls.sni, tls.verified, len(tls.chain)) == (f"TLSv{version}", "localhost", True, 1)
    assert (answer.status.text, answer.status.ok, answer.status.code) == ("verified", True, None)
    assert answer.summary == summary(tls)
    assert (answer.body, answer.framing) == (None, None)
    assert exchange.request.summary == f"TLS handshake with localhost:{nginx.tls_ports['good']}"
    assert exchange.target.url == f"tls://localhost:{nginx.tls_ports['good']}"
    assert list(exchange.timing.phases) == ["resolve", "connect", "tls"]
    assert exchange.notes == ()


def test_the_whole_chain_is_reported(nginx: Nginx, ca: Authority) -> None:
    tls = shake(nginx, ca, "intermediate").connection.tls
    assert tls is not None
    assert len(tls.chain) == 2
    assert tls.chain[0].issuer == tls.chain[1].subject


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        ("expired", "certificate_expired"),
        ("not_yet_valid", "certificate_not_yet_valid"),
        ("wrong_host", "certificate_hostname"),
        ("self_signed", "certificate_untrusted"),
        ("missing_intermediate", "certificate_untrusted"),
    ],
)
def test_a_certificate_that_does_not_verify_is_shown(nginx: Nginx, ca: Authority, server: str, kind: str, version: str) -> None:
    exchange = shake(nginx, ca, server, tls_max=version)
    error, tls = exchange.error, exchange.connection.tls
    assert error is not None
    assert tls is not None
    assert (error.layer, error.kind, error.phase, error.delivery, error.retry) == ("tls", kind, "tls", "not_sent", "useless")
    assert exchange.response is None
    assert (len(tls.chain), tls.verified, tls.sni) == (1, False, "localhost")
    assert len(tls.chain[0].sha256) == 64


def test_an_authority_that_nobody_trusts(nginx: Nginx, version: str) -> None:
    exchange = send(TlsRequest(f"localhost:{nginx.tls_ports['good']}", tls_max=version))
    assert exchange.error is not None
    assert exchange.error.kind == "certificate_untrusted"
    assert exchange.connection.tls is not None
    assert len(exchange.connection.tls.chain) == 1


def test_insecure_reports_without_verifying(nginx: Nginx, ca: Authority) -> None:
    exchange = shake(nginx, ca, "expired", insecure=True)
    assert exchange.outcome == "ok"
    assert exchange.response is not None
    assert exchange.response.status.text == "unverified"
    assert exchange.response.summary.endswith(" · expired")


def test_a_certificate_near_its_end_is_noted(nginx: Nginx, ca: Authority) -> None:
    exchange = shake(nginx, ca, "expires_soon")
    assert exchange.outcome == "ok"
    assert exchange.connection.tls is not None
    subject = exchange.connection.tls.chain[0].subject
    assert [(note.code, note.message) for note in exchange.notes] == [("near-expiry", f"the certificate of {subject} expires in 3 days")]


def test_a_server_without_a_shared_version(s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server("-tls1_3")
    exchange = send(TlsRequest(f"localhost:{peer.port}", cacert=str(ca.root), tls_max="1.2"))
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("tls", "handshake_failed")


def test_alpn_is_offered(s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server("-alpn", "h2,http/1.1")
    exchange = send(TlsRequest(f"localhost:{peer.port}", cacert=str(ca.root), alpn="http/1.1"))
    assert exchange.connection.tls is not None
    assert exchange.connection.tls.alpn == "http/1.1"


def test_another_protocol_on_the_port() -> None:
    with responder(say(b"SSH-2.0-OpenSSH_9.2\r\n")) as peer:
        exchange = send(TlsRequest(f"tls://127.0.0.1:{peer.port}"))
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.message) == ("wrong_protocol", "expected TLS, got an SSH banner: 'SSH-2.0-OpenSSH_9.2'")


def test_nothing_listens() -> None:
    exchange = send(TlsRequest(f"127.0.0.1:{free_port()}"))
    assert exchange.error is not None
    assert (exchange.error.kind, exchange.error.phase) == ("refused", "connect")


def test_several_hosts_are_a_set(nginx: Nginx, ca: Authority) -> None:
    hosts = [f"localhost:{nginx.tls_ports[name]}" for name in ("good", "expired")]
    parts = TlsRequest(*hosts, cacert=str(ca.root)).several()
    assert parts is not None
    found = send_all(parts)
    assert [exchange.outcome for exchange in found.exchanges] == ["ok", "error"]
    assert [exchange.target.url for exchange in found.exchanges] == [f"tls://{host}" for host in hosts]


def test_one_host_is_no_set() -> None:
    assert TlsRequest("example.test").several() is None


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("example.test", ("example.test", 443)),
        ("example.test:8443", ("example.test", 8443)),
        ("tls://example.test", ("example.test", 443)),
        ("TLS://[::1]:8443/", ("::1", 8443)),
        ("::1", ("::1", 443)),
    ],
)
def test_words(word: str, found: tuple[str, int]) -> None:
    assert place(word) == found


@pytest.mark.parametrize("word", ["", "https://example.test", "tls://example.test/path", "tls://ann@example.test", "example.test/x", "a:b"])
def test_words_that_are_no_host(word: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        place(word)
    assert caught.value.layer == "usage"


def test_a_single_exchange_takes_one_host() -> None:
    with pytest.raises(ExchangeError, match="one exchange is with one HOST"):
        send(TlsRequest("a.test", "b.test"))


def test_summary_without_a_common_name() -> None:
    leaf = Certificate(subject="", issuer="CN=i", sans=("a.test", "b.test"), not_before=0, not_after=4_000_000_000, key="", sha256="")
    assert summary(TlsInfo(version="TLSv1.3", chain=(leaf,))).startswith("TLS 1.3 · a.test, b.test · ")
    assert summary(TlsInfo(version="TLSv1.3")) == "TLS 1.3 · no certificate"
