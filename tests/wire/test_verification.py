"""Certificates that do not verify: which one is to blame, in what respect, and what to do. Against `openssl s_server`."""

from __future__ import annotations

import datetime
import ipaddress
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from peers.base import Peer, need
from peers.ca import Certificate

import rrcli
from rrcli.model.values import Certificate as Shown
from rrcli.model.values import Exchange, Note, TlsInfo
from rrcli.policy.notes import unverified_notes
from rrcli.wire.verification import Link, objection

DAY = datetime.timedelta(days=1)
LOOK = "-k looks without verifying"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def ec_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


class Maker:
    """Issues certificates that have one fault each, under a root of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root_key = ec_key()
        self.root = self.issue("root", self.root_key, ca=True)
        self.root_file = self.write("root", [self.root], self.root_key).chain

    def issue(
        self, name: str, key: Key, issuer: tuple[str, Key] | None = None, *, ca: bool = False,
        sans: tuple[str, ...] = ("localhost", "127.0.0.1"),
        days: tuple[int, int] = (-30, 30), usage: x509.ObjectIdentifier | None = None, below: int | None = None,
    ) -> x509.Certificate:  # fmt: skip
        now = datetime.datetime.now(datetime.UTC)
        by, signer = issuer or ("root", self.root_key)
        builder = x509.CertificateBuilder().subject_name(_named(name)).issuer_name(_named(by)).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now + days[0] * DAY).not_valid_after(now + days[1] * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=below), critical=True)
        if sans and not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general(text) for text in sans]), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(signer, hashes.SHA256())

    def issue_with_sha_1(self, name: str, key: Key, extensions: str) -> x509.Certificate:
        """By openssl: the library refuses to sign so."""
        config, file = self.folder / "sha1.cnf", self.folder / "sha1.pem"
        config.write_text(f"[req]\ndistinguished_name=d\n[d]\n[e]\n{extensions}\n")
        key_file = self.write("sha1", [], key).key
        issuer = ["-CA", self.root_file, "-CAkey", self.folder / "root.key"]
        command = [need("openssl"), "req", "-x509", "-new", "-sha1", "-key", key_file, *issuer, "-days", "30", "-subj", f"/CN={name}"]
        subprocess.run([*command, "-config", config, "-extensions", "e", "-out", file], check=True, capture_output=True)
        return x509.load_pem_x509_certificate(file.read_bytes())

    def write(self, name: str, chain: list[x509.Certificate], key: Key) -> Certificate:
        found = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        found.chain.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        found.key.write_bytes(key.private_bytes(*form))
        return found


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general(text: str) -> x509.GeneralName:
    if text.startswith("DNS:"):
        return x509.DNSName(text[4:])
    return x509.IPAddress(ipaddress.ip_address(text)) if text[0].isdigit() else x509.DNSName(text)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("faults"))


def chain_with(made: Maker, fault: str) -> Certificate:
    """A chain with this fault, and none else."""
    key, above = ec_key(), ec_key()
    one: dict[str, Callable[[], list[x509.Certificate]]] = {
        "dns_name": lambda: [made.issue("leaf", key, sans=("DNS:127.0.0.1",))],
        "no_names": lambda: [made.issue("localhost", key, sans=())],
        "purpose": lambda: [made.issue("leaf", key, usage=x509.ExtendedKeyUsageOID.CLIENT_AUTH)],
        "sha1": lambda: [made.issue_with_sha_1("leaf", key, "basicConstraints=critical,CA:FALSE\nsubjectAltName=IP:127.0.0.1")],
        "sha1_issuer": lambda: [
            made.issue("leaf", key, ("inter", above)), made.issue_with_sha_1("inter", above, "basicConstraints=CA:TRUE"),
        ],
        "expired_issuer": lambda: [made.issue("leaf", key, ("inter", above)), made.issue("inter", above, ca=True, days=(-90, -3))],
        "early_issuer": lambda: [made.issue("leaf", key, ("inter", above)), made.issue("inter", above, ca=True, days=(3, 30))],
        "no_ca": lambda: [made.issue("leaf", key, ("inter", above)), made.issue("inter", above)],
    }  # fmt: skip
    if fault == "weak":
        key = rsa.generate_private_key(65537, 1024)
        return made.write(fault, [made.issue("leaf", key)], key)
    if fault == "weak_issuer":
        weak = rsa.generate_private_key(65537, 1024)
        return made.write(fault, [made.issue("leaf", key, ("inter", weak)), made.issue("inter", weak, ca=True)], key)
    if fault == "too_deep":
        top = ec_key()
        issuers = [made.issue("inter", above, ("top", top), ca=True), made.issue("top", top, ca=True, below=0)]
        return made.write(fault, [made.issue("leaf", key, ("inter", above)), *issuers], key)
    return made.write(fault, one[fault](), key)


STRONGER = f"replace it by one with a key of RSA 2048 or EC P-256 at least; {LOOK}"
FAULTS: dict[str, tuple[str, str, str]] = {  # kind, message, hint
    "dns_name": (
        "certificate_hostname",
        "the certificate of CN=leaf does not verify: it names 127.0.0.1 as a DNS name, not as an address",
        f"have it issued with the address (IP:127.0.0.1) among its names; {LOOK}",
    ),
    "no_names": (
        "certificate_hostname",
        "the certificate of CN=localhost does not verify: it has no names (subjectAltName), and CN=localhost is not looked at",
        f"have it issued with 127.0.0.1 among its names (subjectAltName); {LOOK}",
    ),
    "expired_issuer": (
        "certificate_expired",
        "the intermediate certificate of CN=inter does not verify: certificate has expired",
        f"renew it on the server; check the clock here; {LOOK}",
    ),
    "early_issuer": (
        "certificate_not_yet_valid",
        "the intermediate certificate of CN=inter does not verify: certificate is not yet valid",
        f"check the clock here and on the server; {LOOK}",
    ),
    "weak": ("certificate_untrusted", "the certificate of CN=leaf does not verify: its key (RSA 1024) is too weak", STRONGER),
    "weak_issuer": (
        "certificate_untrusted", "the intermediate certificate of CN=inter does not verify: its key (RSA 1024) is too weak", STRONGER
    ),
    "sha1": (
        "certificate_untrusted",
        "the certificate of CN=leaf does not verify: it is signed with SHA-1, which is too weak",
        f"have it issued anew with SHA-256; {LOOK}",
    ),
    "sha1_issuer": (
        "certificate_untrusted",
        "the intermediate certificate of CN=inter does not verify: it is signed with SHA-1, which is too weak",
        f"have it issued anew with SHA-256; {LOOK}",
    ),
    "purpose": (
        "certificate_untrusted",
        "the certificate of CN=leaf does not verify: it is not for servers, but for client authentication",
        f"have it issued with the use serverAuth; {LOOK}",
    ),
    "no_ca": (
        "certificate_untrusted",
        "the intermediate certificate of CN=inter does not verify: it is no CA's, and may not issue that of CN=leaf",
        f"have that issued by a CA (basicConstraints CA:TRUE); {LOOK}",
    ),
    "too_deep": (
        "certificate_untrusted",
        "the intermediate certificate of CN=top does not verify: it allows no other issuers below it, and there are more",
        f"mend the chain; {LOOK}",
    ),
}  # fmt: skip


def ask(peer: Peer, **options: Any) -> Exchange:
    return rrcli.send(rrcli.TlsRequest(f"{peer.host}:{peer.port}", timeout=10.0, **options))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_certificate_at_fault_is_named(fault: str, made: Maker, s_server: Callable[..., Peer]) -> None:
    peer = s_server("-cipher", "DEFAULT@SECLEVEL=0", certificate=chain_with(made, fault))
    for version in ("1.2", "1.3"):
        exchange = ask(peer, cacert=str(made.root_file), tls_max=version)
        assert exchange.error
        assert (exchange.error.kind, exchange.error.message, exchange.error.hint) == FAULTS[fault]
        tls = exchange.connection.tls
        assert tls
        assert (tls.version, tls.verified, tls.chain[0].subject[:3]) == (f"TLSv{version}", False, "CN=")
        assert tls.cipher
        assert exchange.notes == ()


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        ("expired_issuer", "expired", "the certificate of CN=inter expired 3 days ago, which nobody looked at (-k)"),
        ("early_issuer", "not-yet-valid", "the certificate of CN=inter becomes valid in 2 days, which nobody looked at (-k)"),
        ("no_names", "no-names", "the certificate of CN=localhost has no names (subjectAltName): whoever verifies it refuses it"),
    ],
)  # fmt: skip
def test_what_was_taken_without_a_look_is_noted(fault: str, code: str, message: str, made: Maker, s_server: Callable[..., Peer]) -> None:
    assert ask(s_server(certificate=chain_with(made, fault)), insecure=True).notes == (Note(code=code, message=message),)


def test_days_that_must_be_left(made: Maker, s_server: Callable[..., Peer]) -> None:
    key = ec_key()
    peer = s_server(certificate=made.write("good", [made.issue("leaf", key)], key))
    assert ask(peer, cacert=str(made.root_file), fail_days=29).outcome == "ok"
    failed = ask(peer, cacert=str(made.root_file), fail_days=31)
    assert failed.outcome == "check_failed"
    assert [(check.expr, check.ok, check.actual) for check in failed.checks] == [("min(connection.tls.chain[].days_left) >= 31", False, 29)]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "weak"])
def test_over_quic_it_is_named_as_well(fault: str, made: Maker) -> None:
    pytest.importorskip("qh3")
    from peers.quicscript import head, quic_responder, saying

    with quic_responder(chain_with(made, fault), saying(head(b"200"))) as peer:
        url = f"https://127.0.0.1:{peer.port}/"
        exchange = rrcli.send(rrcli.HttpRequest(url, http3_only=True, cacert=str(made.root_file), timeout=10.0))
    assert exchange.error
    assert (exchange.error.kind, exchange.error.message, exchange.error.hint) == FAULTS[fault]


# --- what only a trust store has ---------------------------------------------------------------------------


def shown(subject: str, **changes: Any) -> Shown:
    values = {
        "issuer": "CN=root",
        "sans": ("a.test",),
        "not_before": 0,
        "not_after": 2**33,
        "key": "EC P-256",
        "sha256": subject,
        **changes,
    }
    return Shown(subject=subject, **values)


def test_a_trusted_root_that_has_expired() -> None:
    leaf = Link(shown=shown("CN=leaf"), names=())
    error = objection(10, "certificate has expired", "certificate_expired", "a.test", [leaf], 2**32)
    assert error.message == "the issuer of CN=leaf, which is trusted here, does not verify: certificate has expired"
    assert error.hint == f"renew it in the trust store (--cacert); check the clock here; {LOOK}"


def test_a_peer_that_showed_nothing() -> None:
    assert objection(1, "", "certificate_untrusted", "a.test", [], 0).message == "the certificate does not verify: it cannot be verified"


def test_a_certificate_that_nobody_needed_is_noted_too() -> None:
    info = TlsInfo(verified=True, chain=(shown("CN=leaf"), shown("CN=old", not_after=86400)))
    (note,) = unverified_notes(info)
    assert note.code == "expired"
    assert note.message.endswith("days ago, and is not needed")
