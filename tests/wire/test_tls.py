"""TLS: what was agreed on, who the peer says he is, and a sentence for each way in which a handshake fails."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from peers.base import Peer, need
from peers.ca import Authority, Certificate
from peers.exchange import content_of, failed_as, failure_of
from peers.script import Handler, hear, hear_end, over_tls, pause, reset, responder, say, script

import rrcli
from rrcli.base.errors import ExchangeError
from rrcli.model.values import Exchange, TlsInfo

VERSIONS = ("1.2", "1.3")
BIG = bytes(range(256)) * 16_384  # 4 MiB
MORE = "-k looks without verifying"
Start = Callable[..., Peer]


def ask(host: str, port: int, **options: Any) -> Exchange:
    """Over TLS: say hello, read a line."""
    given = {"steps": (("--send", b"hello\n"),), "read_lines": 1, "timeout": 5.0, "tls": True, **options}
    return rrcli.send(rrcli.TcpRequest(f"{host}:{port}", **given))


def tls_of(exchange: Exchange) -> TlsInfo:
    assert exchange.connection.tls
    return exchange.connection.tls


def answering(certificate: Certificate) -> Handler:
    return over_tls(certificate, script(hear(b"\n"), say(b"olleh\n")))


def serving(certificate: Certificate, handle: Callable[[ssl.SSLSocket], None], configure: Callable[[ssl.SSLContext], None]) -> Handler:
    """A TLS server configured further, whose end says no close_notify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    configure(context)

    def step(connection: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection.dup(), server_side=True) as secure:
            handle(secure)

    return step


def at_most(version: str) -> Callable[[ssl.SSLContext], None]:
    def configure(context: ssl.SSLContext) -> None:
        context.maximum_version = getattr(ssl.TLSVersion, f"TLSv{version.replace('.', '_')}")

    return configure


@pytest.fixture(autouse=True)
def no_trust_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


# --- what is agreed on


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_versions(s_server: Start, ca: Authority, version: str) -> None:
    peer = s_server(f"-tls{version.replace('.', '_').removesuffix('_0')}", "-cipher", "DEFAULT:@SECLEVEL=0")
    exchange = ask("localhost", peer.port, cacert=str(ca.root), tls_min=version)
    assert tls_of(exchange).version == ("TLSv1" if version == "1.0" else f"TLSv{version}")
    assert tls_of(exchange).verified is True
    assert content_of(exchange) == b"olleh\n"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_the_highest_version_alone_may_be_an_old_one(s_server: Start, ca: Authority) -> None:
    peer = s_server("-cipher", "DEFAULT:@SECLEVEL=0")
    assert tls_of(ask("localhost", peer.port, cacert=str(ca.root), tls_max="1.1")).version == "TLSv1.1"


def test_the_highest_version_is_kept_to(s_server: Start, ca: Authority) -> None:
    assert tls_of(ask("localhost", s_server().port, cacert=str(ca.root), tls_max="1.2")).version == "TLSv1.2"


@pytest.mark.parametrize(("server", "options"), [("-tls1_3", {"tls_max": "1.2"}), ("-tls1_2", {"tls_min": "1.3"})])
def test_no_version_in_common(s_server: Start, ca: Authority, server: str, options: dict[str, str]) -> None:
    exchange = ask("localhost", s_server(server).port, cacert=str(ca.root), **options)
    assert failed_as(exchange) == ("tls", "handshake_failed", "tls", "not_sent")
    assert failure_of(exchange).message == "the TLS handshake failed: tlsv1 alert protocol version"
    assert failure_of(exchange).hint == "client and server share no TLS version: change --tls-min or --tls-max"
    assert tls_of(exchange).chain == ()


def test_a_lowest_version_above_the_highest() -> None:
    with pytest.raises(ExchangeError, match="^--tls-min 1.3 is above --tls-max 1.2$"):
        ask("localhost", 9, tls_min="1.3", tls_max="1.2")


def test_the_cipher(s_server: Start, ca: Authority) -> None:
    peer = s_server("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305")
    assert tls_of(ask("localhost", peer.port, cacert=str(ca.root))).cipher == "ECDHE-ECDSA-CHACHA20-POLY1305"


@pytest.mark.parametrize(
    ("offered", "agreed"), [("http/1.1,h2", "h2"), ("http/1.1", "http/1.1"), (" http/1.1 , x", "http/1.1"), ("smtp", None), (None, None)]
)
def test_alpn(ca: Authority, offered: str | None, agreed: str | None) -> None:
    handle = serving(ca.good, script(hear(b"\n"), say(b"olleh\n")), lambda context: context.set_alpn_protocols(["h2", "http/1.1"]))
    with responder(handle) as peer:
        assert tls_of(ask("localhost", peer.port, cacert=str(ca.root), alpn=offered)).alpn == agreed


@pytest.mark.parametrize("names", [",", "h2,", "x" * 256])
def test_alpn_that_is_none(names: str) -> None:
    with pytest.raises(ExchangeError, match="a protocol's name has 1 to 255 bytes") as caught:
        ask("localhost", 9, alpn=names)
    assert caught.value.layer == "usage"


@pytest.mark.parametrize(
    ("host", "options", "name"),
    [
        ("localhost", {}, "localhost"),
        ("LocalHost", {}, "LocalHost"),
        ("127.0.0.1", {}, None),
        ("127.0.0.1", {"sni": "example.test"}, "example.test"),
        ("127.0.0.1", {"sni": "example.test."}, "example.test"),
        ("127.0.0.1", {"sni": "bücher.test", "insecure": True}, "xn--bcher-kva.test"),
    ],
)
def test_the_name_asked_for(ca: Authority, host: str, options: dict[str, Any], name: str | None) -> None:
    asked: list[str | None] = []

    def configure(context: ssl.SSLContext) -> None:
        context.sni_callback = lambda _, wanted, __: asked.append(wanted)

    with responder(serving(ca.good, script(hear(b"\n"), say(b"olleh\n")), configure)) as peer:
        exchange = ask(host, peer.port, cacert=str(ca.root), **options)
    assert content_of(exchange) == b"olleh\n"
    assert asked == [name]


@pytest.mark.parametrize("name", [".", "x" * 300, "a\0b"])
def test_a_name_that_nobody_can_be_asked_for(ca: Authority, name: str) -> None:
    with responder(answering(ca.good)) as peer:
        error = failure_of(ask(peer.host, peer.port, cacert=str(ca.root), sni=name))
    assert (error.layer, error.kind, error.message) == ("usage", "usage", f"{name!r} is no name that TLS can ask for")


# --- who the peer says he is


def _own_root(folder: Path, key: Any) -> tuple[Certificate, Path]:
    """A certificate for localhost with this key, signed by a root of its own."""
    root_key = ec.generate_private_key(ec.SECP384R1())
    root_name = x509.Name.from_rfc4514_string("CN=Own Root,O=Test")
    now = datetime.datetime.now(datetime.UTC)

    def build(subject: x509.Name, public: Any, *extensions: x509.ExtensionType) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(root_key, hashes.SHA256())

    root = build(root_name, root_key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
    sans = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("*.example.test")])
    leaf = build(x509.Name.from_rfc4514_string("CN=Leaf,O=Test"), key.public_key(), sans)
    certificate = Certificate(folder / "chain.pem", folder / "leaf.key")
    certificate.chain.write_bytes(leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM))
    certificate.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    return certificate, folder / "root.pem"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (rsa.generate_private_key(65537, 2048), "RSA 2048"),
        (ec.generate_private_key(ec.SECP521R1()), "EC P-521"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
    ids=["RSA", "EC", "Ed25519"],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_chain_is_shown_as_it_is(tmp_path: Path, key: Any, name: str, version: str) -> None:
    certificate, root = _own_root(tmp_path, key)
    with responder(answering(certificate)) as peer:
        tls = tls_of(ask("localhost", peer.port, cacert=str(root), tls_max=version))
    leaf, issuer = x509.load_pem_x509_certificates(certificate.chain.read_bytes())
    assert [shown.sha256 for shown in tls.chain] == [read.fingerprint(hashes.SHA256()).hex() for read in (leaf, issuer)]
    shown = tls.chain[0]
    assert (shown.subject, shown.issuer, shown.key) == ("O=Test, CN=Leaf", "O=Test, CN=Own Root", name)
    assert shown.sans == ("localhost", "*.example.test")
    assert (shown.not_before, shown.not_after) == (int(leaf.not_valid_before_utc.timestamp()), int(leaf.not_valid_after_utc.timestamp()))
    assert (tls.verified, tls.sni) == (True, "localhost")


def test_an_intermediate(ca: Authority) -> None:
    with responder(answering(ca.intermediate)) as peer:
        tls = tls_of(ask("localhost", peer.port, cacert=str(ca.root)))
    assert len(tls.chain) == 2
    assert tls.chain[0].issuer == tls.chain[1].subject
    assert tls.verified is True


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_host_is_verified_by_name_or_by_address(ca: Authority, host: str) -> None:
    with responder(answering(ca.good)) as peer:
        assert content_of(ask(host, peer.port, cacert=str(ca.root))) == b"olleh\n"


# What fails, its kind, what the message ends with, the hint; with the root given.
FAULTS = [
    (
        "expired",
        "certificate_expired",
        "certificate has expired",
        f"renew it on the server; check the clock here; {MORE}",
    ),
    (
        "not_yet_valid",
        "certificate_not_yet_valid",
        "certificate is not yet valid",
        f"check the clock here and on the server; {MORE}",
    ),
    (
        "wrong_host",
        "certificate_hostname",
        "it is for other.test, not for localhost",
        f"use a name the certificate has, or --sni NAME to verify that one; {MORE}",
    ),
    (
        "self_signed",
        "certificate_untrusted",
        "self-signed certificate",
        f"self-signed: give it with --cacert FILE if you trust it; {MORE}",
    ),
    (
        "missing_intermediate",
        "certificate_untrusted",
        "unable to get local issuer certificate",
        "the server sent no complete chain, or its root is not trusted: add the intermediate there, or --cacert FILE here",
    ),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("fault", "kind", "why", "hint"), FAULTS, ids=[fault for fault, *_ in FAULTS])
def test_a_certificate_that_does_not_verify(ca: Authority, fault: str, kind: str, why: str, hint: str, version: str) -> None:
    certificate: Certificate = getattr(ca, fault)
    with responder(answering(certificate)) as peer:
        exchange = ask("localhost", peer.port, cacert=str(ca.root), tls_max=version)
        unverified = ask("localhost", peer.port, insecure=True, tls_max=version)
    assert failed_as(exchange) == ("tls", kind, "tls", "not_sent")
    tls = tls_of(exchange)
    assert failure_of(exchange).message == f"the certificate of {tls.chain[0].subject} does not verify: {why}"
    assert failure_of(exchange).hint == hint
    assert failure_of(exchange).retry == "useless"
    leaf = x509.load_pem_x509_certificates(certificate.chain.read_bytes())[0]
    assert tls.chain[0].sha256 == leaf.fingerprint(hashes.SHA256()).hex()
    assert tls.verified is False
    assert content_of(unverified) == b"olleh\n"
    unverified_tls = tls_of(unverified)
    assert (unverified_tls.chain, unverified_tls.verified, unverified_tls.version) == (tls.chain, False, f"TLSv{version}")


def test_a_root_that_is_not_trusted(ca: Authority) -> None:
    with responder(answering(ca.good)) as peer:
        exchange = ask("localhost", peer.port)
    assert failure_of(exchange).kind == "certificate_untrusted"
    assert failure_of(exchange).message.endswith("does not verify: unable to get local issuer certificate")


def test_a_root_that_is_sent_and_not_trusted(tmp_path: Path, ca: Authority) -> None:
    certificate, _ = _own_root(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    with responder(answering(certificate)) as peer:
        exchange = ask("localhost", peer.port, cacert=str(ca.root))
    assert failure_of(exchange).kind == "certificate_untrusted"
    assert failure_of(exchange).message.endswith("does not verify: self-signed certificate in certificate chain")
    assert failure_of(exchange).hint == f"its root is not among the trusted ones: give the root with --cacert FILE; {MORE}"


def test_an_address_the_certificate_does_not_have(ca: Authority) -> None:
    with responder(answering(ca.good), host="127.0.0.3") as peer:
        exchange = ask("127.0.0.3", peer.port, cacert=str(ca.root))
    assert failure_of(exchange).kind == "certificate_hostname"
    assert failure_of(exchange).message.endswith("it is for localhost, 127.0.0.1, ::1, example.test, not for 127.0.0.3")


# --- trust


def test_trust_from_the_environments_file(ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.root))
    with responder(answering(ca.good)) as peer:
        assert tls_of(ask("localhost", peer.port)).verified is True


def test_trust_from_the_environments_folder(ca: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [need("openssl"), "x509", "-noout", "-subject_hash", "-in", str(ca.root)]
    name = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    (tmp_path / f"{name}.0").write_bytes(ca.root.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with responder(answering(ca.good)) as peer:
        assert tls_of(ask("localhost", peer.port)).verified is True


def test_a_folder_without_hashes_gives_way_to_the_bundle(ca: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca-bundle.crt").write_bytes(ca.root.read_bytes())
    paths = ("SSL_CERT_FILE", str(tmp_path / "ca-bundle.crt"), "SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setattr("_ssl.get_default_verify_paths", lambda: paths)
    with responder(answering(ca.good)) as peer:
        assert tls_of(ask("localhost", peer.port)).verified is True


def test_cacert_goes_before_the_environment(ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    with responder(answering(ca.good)) as peer:
        assert tls_of(ask("localhost", peer.port, cacert=str(ca.root))).verified is True


def test_files_of_trust_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    assert _refused(cacert=str(empty)) == ("usage", "usage", f"--cacert: {empty} does not hold certificates in PEM form")
    assert _refused(cacert="/nonexistent") == ("local", "input", "--cacert: cannot read /nonexistent: no such file")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    assert _refused() == ("local", "input", "SSL_CERT_FILE: cannot read /nonexistent: no such file")


def _refused(**options: Any) -> tuple[str, str, str]:
    """What is raised before anything is sent."""
    with pytest.raises(ExchangeError) as caught:
        ask("localhost", 9, **options)
    return caught.value.layer, caught.value.kind, caught.value.message


# --- a certificate of our own


def wanting(version: str) -> tuple[str, ...]:
    return f"-tls{version.replace('.', '_')}", "-Verify", "1", "-verify_return_error"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_certificate(s_server: Start, ca: Authority, version: str) -> None:
    peer = s_server(*wanting(version), "-CAfile", str(ca.root))
    options = {"cacert": str(ca.root), "cert": str(ca.client.chain), "key": str(ca.client.key)}
    assert content_of(ask("localhost", peer.port, **options)) == b"olleh\n"


def test_a_client_certificate_and_its_key_in_one_file(s_server: Start, ca: Authority, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(ca.client.chain.read_bytes() + ca.client.key.read_bytes())
    peer = s_server(*wanting("1.3"), "-CAfile", str(ca.root))
    assert content_of(ask("localhost", peer.port, cacert=str(ca.root), cert=str(both))) == b"olleh\n"


def test_a_client_certificate_is_required_in_tls_1_3(s_server: Start, ca: Authority) -> None:
    peer = s_server(*wanting("1.3"), "-CAfile", str(ca.root))
    exchange = ask("localhost", peer.port, cacert=str(ca.root))
    # The handshake is over for the client before the server has looked: the refusal comes in place of the answer.
    assert failed_as(exchange) == ("tls", "client_certificate_required", "wait", "not_sent")
    assert failure_of(exchange).message == "the server refused us: tlsv13 alert certificate required"
    assert failure_of(exchange).hint == "the server wants a client certificate that it trusts: --cert FILE --key FILE"


def test_a_client_certificate_is_required_in_tls_1_2(s_server: Start, ca: Authority) -> None:
    peer = s_server(*wanting("1.2"), "-CAfile", str(ca.root))
    exchange = ask("localhost", peer.port, cacert=str(ca.root))
    assert failed_as(exchange) == ("tls", "handshake_failed", "tls", "not_sent")
    assert failure_of(exchange).message == "the TLS handshake failed: sslv3 alert handshake failure"
    assert "a client certificate is wanted (--cert)" in (failure_of(exchange).hint or "")
    assert tls_of(exchange).chain[0].sans == ("localhost", "127.0.0.1", "::1", "example.test")


def test_the_refusal_of_a_client_without_certificate_is_heard_in_the_midst_of_an_upload(s_server: Start, ca: Authority) -> None:
    peer = s_server(*wanting("1.3"), "-CAfile", str(ca.root))
    exchange = ask("localhost", peer.port, cacert=str(ca.root), steps=(("--send", BIG),))
    assert failure_of(exchange).kind == "client_certificate_required"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_certificate_of_a_stranger(s_server: Start, ca: Authority, version: str) -> None:
    peer = s_server(*wanting(version), "-CAfile", str(ca.root))
    stranger = ca.foreign_client
    exchange = ask("localhost", peer.port, cacert=str(ca.root), cert=str(stranger.chain), key=str(stranger.key))
    assert failed_as(exchange)[:2] == ("tls", "handshake_failed")
    assert failure_of(exchange).message == "the server refused our certificate: tlsv1 alert unknown ca"
    assert failure_of(exchange).hint == "the server does not trust who issued it: give another one with --cert FILE --key FILE"


@pytest.fixture
def locked(ca: Authority, tmp_path: Path) -> Path:
    """The client's key under the pass phrase `open sesame`."""
    key = load_pem_private_key(ca.client.key.read_bytes(), None)
    path = tmp_path / "locked.key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame")))
    return path


def test_a_locked_key_opens_with_its_phrase(s_server: Start, ca: Authority, locked: Path) -> None:
    peer = s_server(*wanting("1.3"), "-CAfile", str(ca.root))
    options = {"cacert": str(ca.root), "cert": str(ca.client.chain), "key": str(locked), "key_password": "open sesame"}
    assert content_of(ask("localhost", peer.port, **options)) == b"olleh\n"


@pytest.mark.parametrize(("phrase", "what"), [(None, "is needed"), ("wrong", "is wrong")])
def test_a_locked_key_never_asks(ca: Authority, locked: Path, phrase: str | None, what: str) -> None:
    found = _refused(cert=str(ca.client.chain), key=str(locked), key_password=phrase)
    assert found == ("usage", "usage", f"the pass phrase of {locked} {what}")


def test_files_of_our_own_that_do_not_fit(ca: Authority, tmp_path: Path) -> None:
    chain, key, other = str(ca.client.chain), str(ca.client.key), str(ca.good.key)
    assert _refused(cert=chain, key=other) == ("usage", "usage", f"--key {other} does not belong to --cert {chain}")
    assert _refused(cert=chain) == ("usage", "usage", f"--cert {chain}: no certificate with its key in PEM form")
    assert _refused(key=key) == ("usage", "usage", "--key needs the certificate it belongs to")
    assert _refused(cert="/nonexistent", key=key) == ("local", "input", f"--cert: cannot read /nonexistent or {key}: no such file")
    garbage = tmp_path / "garbage.pem"
    garbage.write_bytes(b"no PEM")
    assert _refused(cert=str(garbage), key=key) == ("usage", "usage", f"--cert {garbage}: no certificate with its key in PEM form")


# --- a port that does not speak TLS


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n", "HTTP/1.1 400 Bad Request (nginx)", "use rrcli http"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH banner: 'SSH-2.0-OpenSSH_9.2'", "rrcli tcp shows what it sends"),
        (b"-ERR unknown command\r\n", "a Redis error: '-ERR unknown command'", "rrcli tcp shows what it sends"),
        (b"\x00\x01\x02", "b'\\x00\\x01\\x02'", "rrcli tcp shows what it sends"),
    ],
    ids=["HTTP", "SSH", "Redis", "bytes"],
)
@pytest.mark.parametrize("first", [False, True], ids=["answering", "greeting"])
def test_another_protocol_is_named(words: bytes, what: str, hint: str, first: bool) -> None:
    with responder(script(say(words), hear_end) if first else _after_hello(words)) as peer:
        exchange = ask(peer.host, peer.port)
    assert failed_as(exchange) == ("tls", "wrong_protocol", "tls", "not_sent")
    assert failure_of(exchange).message == f"expected TLS, got {what}"
    assert failure_of(exchange).hint == f"the port does not speak TLS; {hint}"


def _after_hello(words: bytes) -> Handler:
    def handle(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(words)
        hear_end(connection)

    return handle


def test_bytes_that_begin_as_tls_and_are_none() -> None:
    with responder(_after_hello(b"\x16\x03\x03nothing of the kind")) as peer:
        assert failed_as(ask(peer.host, peer.port))[:2] == ("tls", "handshake_failed")


def _close(connection: socket.socket) -> None:
    connection.recv(65_536)


def test_a_peer_that_closes_instead() -> None:
    with responder(_close) as peer:
        exchange = ask(peer.host, peer.port)
    assert failed_as(exchange) == ("tls", "handshake_failed", "tls", "not_sent")
    assert failure_of(exchange).message == "the peer closed the connection during the TLS handshake"
    assert tls_of(exchange).chain == ()


def test_a_peer_that_resets_instead() -> None:
    with responder(script(pause(0.02), reset)) as peer:
        exchange = ask(peer.host, peer.port)
    assert failed_as(exchange) == ("transport", "reset", "tls", "not_sent")


def test_a_peer_that_says_nothing() -> None:
    with responder(hear_end) as peer:
        before = time.thread_time()
        exchange = ask(peer.host, peer.port, timeout=0.4)
        assert time.thread_time() - before < 0.2
    assert failed_as(exchange) == ("transport", "timeout", "tls", "not_sent")


# --- the session


def test_keys_are_logged_where_they_are_asked_for(ca: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with responder(answering(ca.good)) as peer:
        ask("localhost", peer.port, cacert=str(ca.root))
    labels = {line.split(" ")[0] for line in log.read_text().splitlines() if not line.startswith("#")}
    assert {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0", "CLIENT_TRAFFIC_SECRET_0"} <= labels
    assert log.stat().st_mode & 0o777 == 0o600


def test_keys_that_cannot_be_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "no" / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    assert _refused() == ("local", "output", f"SSLKEYLOGFILE: cannot write {path}: no such file or directory")


@pytest.mark.parametrize("version", VERSIONS)
def test_two_talkers_do_not_block_each_other(ca: Authority, version: str) -> None:
    heard = bytearray()

    def talk(secure: ssl.SSLSocket) -> None:
        secure.sendall(BIG)  # reads nothing before all is out
        while len(heard) < len(BIG):
            heard.extend(secure.recv(65_536))
        secure.sendall(b"thanks")

    with responder(serving(ca.good, talk, at_most(version))) as peer:
        exchange = ask("localhost", peer.port, cacert=str(ca.root), steps=(("--send", BIG),), read_lines=None, read_bytes=len(BIG) + 6)
    assert content_of(exchange) == BIG + b"thanks"
    assert heard == BIG


@pytest.mark.parametrize("version", VERSIONS)
def test_the_end_without_a_close_notify_is_an_end(ca: Authority, version: str) -> None:
    handle = serving(ca.good, script(hear(b"\n"), say(b"last words")), at_most(version))
    with responder(handle) as peer:
        exchange = ask("localhost", peer.port, cacert=str(ca.root), read_lines=None, read_eof=True)
    assert content_of(exchange) == b"last words"


def test_what_came_before_we_half_close_is_not_lost(ca: Authority) -> None:
    """OpenSSL's shutdown throws away records that wait to be read."""
    heard: list[bytes] = []

    def talk(secure: ssl.SSLSocket) -> None:
        secure.sendall(BIG[:100_000])  # several records
        while data := secure.recv(65_536):
            heard.append(data)
        secure.sendall(b"goodbye")

    with responder(serving(ca.good, talk, at_most("1.3"))) as peer:
        exchange = ask(
            "localhost", peer.port, cacert=str(ca.root), steps=(("--send", BIG),), half_close=True, read_lines=None, read_eof=True
        )
    assert content_of(exchange) == BIG[:100_000] + b"goodbye"
    assert b"".join(heard) == BIG


def test_an_answer_before_a_reset_is_kept(ca: Authority) -> None:
    def refuse(secure: ssl.SSLSocket) -> None:
        secure.recv(10)
        secure.sendall(b"too much\n")
        pause(0.05)(secure)
        reset(secure)

    with responder(serving(ca.good, refuse, at_most("1.3"))) as peer:
        exchange = ask("localhost", peer.port, cacert=str(ca.root), steps=(("--send", BIG * 2),))
    assert content_of(exchange) == b"too much\n"


def test_a_session_that_breaks(ca: Authority) -> None:
    def break_off(connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca.good.chain, ca.good.key)
        with context.wrap_socket(connection.dup(), server_side=True) as secure:
            hear(b"\n")(secure)
            connection.sendall(b"clear text, in the midst of it\n")
            hear_end(connection)

    with responder(break_off) as peer:
        exchange = ask("localhost", peer.port, cacert=str(ca.root))
    assert failed_as(exchange) == ("tls", "handshake_failed", "wait", "unknown")
    assert failure_of(exchange).message == "the TLS session broke: wrong version number"


def test_a_handshake_that_drips(ca: Authority) -> None:
    def handle(connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca.intermediate.chain, ca.intermediate.key)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)

        def until_done(act: Callable[[], Any]) -> Any:
            while True:
                try:
                    return act()
                except ssl.SSLWantReadError:
                    _drip(connection, outgoing.read())
                    incoming.write(connection.recv(100))

        until_done(tls.do_handshake)
        assert until_done(lambda: tls.read(100)) == b"hello\n"
        tls.write(b"olleh\n")
        _drip(connection, outgoing.read())

    with responder(handle) as peer:
        exchange = ask("localhost", peer.port, cacert=str(ca.root))
    assert content_of(exchange) == b"olleh\n"
    assert len(tls_of(exchange).chain) == 2


def _drip(connection: socket.socket, data: bytes) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0)
