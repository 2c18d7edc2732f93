"""`rrcli tls` against nginx and openssl s_server: what is reported, and that a failure shows the chain as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.base import Peer, free_port
from peers.ca import Authority
from peers.nginx import Nginx
from peers.script import responder, say

from rrcli.adapters.tls import exchange as exchange_of
from rrcli.adapters.tls.handshake import summary
from rrcli.adapters.tls.hooks import HOOKS
from rrcli.adapters.tls.hosts import place
from rrcli.adapters.tls.request import TlsRequest
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.engine.context import Context, Shared
from rrcli.engine.events import Sent
from rrcli.engine.fanout import send_all
from rrcli.engine.send import send
from rrcli.model.values import Certificate, Exchange, TlsInfo


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
    parts = HOOKS.several(TlsRequest(*hosts, cacert=str(ca.root)))
    assert parts is not None
    found = send_all(parts)
    assert [exchange.outcome for exchange in found.exchanges] == ["ok", "error"]
    assert [exchange.target.url for exchange in found.exchanges] == [f"tls://{host}" for host in hosts]


def test_one_host_is_no_set() -> None:
    assert HOOKS.several(TlsRequest("example.test")) is None


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


# --- many hosts -------------------------------------------------------------------------------------------


def test_hosts_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("# ours\na.test\n\n  b.test:8443  # the other\n")
    parts = HOOKS.several(TlsRequest("first.test", hosts=str(file), warn_days=30))
    assert parts is not None
    assert [part.arguments for part in parts] == [("first.test",), ("a.test",), ("b.test:8443",)]
    assert {part.warn_days for part in parts} == {30}
    file.write_text("only.test\n")
    assert [part.arguments for part in HOOKS.several(TlsRequest(hosts=str(file))) or ()] == [("only.test",)]


@pytest.mark.parametrize(("text", "layer"), [("# nothing\n", "usage"), (None, "local")])
def test_a_file_without_hosts(tmp_path: Path, text: str | None, layer: str) -> None:
    file = tmp_path / "hosts"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ExchangeError) as caught:
        HOOKS.several(TlsRequest(hosts=str(file)))
    assert caught.value.layer == layer


@pytest.mark.parametrize(("days", "codes"), [(3, []), (4, ["near-expiry"]), (14, ["near-expiry"])])
def test_from_how_many_days_on_a_certificate_is_noted(nginx: Nginx, ca: Authority, days: int, codes: list[str]) -> None:
    assert [note.code for note in shake(nginx, ca, "expires_soon", warn_days=days).notes] == codes


def test_a_gate_over_many_hosts_names_the_one_that_fails(nginx: Nginx, ca: Authority) -> None:
    hosts = [f"localhost:{nginx.tls_ports[name]}" for name in ("good", "expires_soon")]
    gate = ("--expect", "connection.tls.days_left >= 14", "--format", "pretty")
    done = child.run("tls", *hosts, "--cacert", str(ca.root), *gate, env={"COLUMNS": "100"})
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 8
    assert [line.split()[0] for line in lines[1:3]] == hosts
    assert lines[2].endswith("✘ check failed")
    why = " ".join(" ".join(lines[-2:]).split())
    assert why == f"✘ {hosts[1]} check · connection.tls.days_left >= 14 does not hold: it is 3 days"


def test_a_handshake_that_starts_in_clear_text(smtp_starttls: Peer, ca: Authority) -> None:
    exchange = send(TlsRequest(f"localhost:{smtp_starttls.port}", starttls="smtp", cacert=str(ca.root), ipv4=True))
    assert exchange.outcome == "ok"
    assert exchange.connection.tls is not None
    assert exchange.connection.tls.verified
    assert exchange.request.data == {"safe": True, "idempotent": True, "starttls": "smtp"}
    assert list(exchange.timing.phases) == ["resolve", "connect", "handshake", "tls"]


def test_the_port_of_a_protocol_that_starts_tls() -> None:
    found = next(exchange_of(TlsRequest("a.test", starttls="imap"), Context(TlsRequest("a.test"), Shared(), Deadline(None, ""), "")))
    assert isinstance(found, Sent)
    assert found.target.url == "tls://a.test:143"


def test_a_file_alone_is_enough_on_the_command_line(tmp_path: Path, nginx: Nginx, ca: Authority) -> None:
    file = tmp_path / "hosts"
    file.write_text(f"localhost:{nginx.tls_ports['good']}\n")
    done = child.run("tls", "--cacert", str(ca.root), "--query", "exchanges[].outcome", "--from", str(file))
    assert (done.returncode, done.stdout) == (0, b'["ok"]\n')
    done = child.run("tls")
    assert (done.returncode, done.stderr) == (2, b"rrcli: tls takes HOST[:PORT]..., got nothing\n       rrcli tls --help shows examples\n")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_certificate_of_ours_that_is_demanded(s_server: Callable[..., Peer], ca: Authority, version: str) -> None:
    """TLS 1.3 refuses after the client's handshake is over; 1.2 within it, with an alert that says less."""
    server = s_server("-Verify", "1", "-verify_return_error", "-CAfile", str(ca.root), version, certificate=ca.good)
    exchange = send(TlsRequest(f"localhost:{server.port}", cacert=str(ca.root)))
    assert exchange.error
    assert (exchange.error.layer, exchange.error.phase) == ("tls", "tls")
    assert exchange.error.kind == ("handshake_failed" if version == "-tls1_2" else "client_certificate_required")
    assert "--cert" in str(exchange.error.hint)
