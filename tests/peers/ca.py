"""A certificate authority of the tests' own, and one certificate for each way in which a chain can be wrong."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# The names under which a certificate that is right is right.
HOSTS = ("localhost", "127.0.0.1", "::1", "example.test")


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: the chain, leaf first, and the leaf's key."""

    chain: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """The root's file, for `--cacert`, and the certificates. All but the named fault is right in each."""

    root: Path
    good: Certificate
    expires_soon: Certificate
    expired: Certificate
    not_yet_valid: Certificate
    wrong_host: Certificate
    self_signed: Certificate
    intermediate: Certificate
    missing_intermediate: Certificate
    client: Certificate
    foreign_client: Certificate


class _Folder:
    """Writes what is issued as files under a name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, name: str, leaf: trustme.LeafCert, *, links: int | None = None) -> Certificate:
        """The first `links` certificates of the leaf's chain, or all of them."""
        chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems[:links])
        return self.write(name, chain, leaf.private_key_pem.bytes())

    def write(self, name: str, chain: bytes, key: bytes) -> Certificate:
        certificate = Certificate(self.path / f"{name}.pem", self.path / f"{name}.key")
        certificate.chain.write_bytes(chain)
        certificate.key.write_bytes(key)
        return certificate


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority and its certificates as files."""
    folder = _Folder(tmp_path_factory.mktemp("ca"))
    authority = trustme.CA()
    child = authority.create_child_ca()
    root = folder.path / "root.pem"
    authority.cert_pem.write_to_path(root)
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    # Half a day more, so that "3 days left" is true for as long as the tests run.
    soon = now + 3.5 * day
    return Authority(
        root=root,
        good=folder.save("good", authority.issue_cert(*HOSTS)),
        expires_soon=folder.save("expires_soon", authority.issue_cert(*HOSTS, not_after=soon)),
        expired=folder.save("expired", authority.issue_cert(*HOSTS, not_before=now - 30 * day, not_after=now - day)),
        not_yet_valid=folder.save("not_yet_valid", authority.issue_cert(*HOSTS, not_before=now + day, not_after=now + 30 * day)),
        wrong_host=folder.save("wrong_host", authority.issue_cert("other.test")),
        self_signed=folder.write("self_signed", *_self_signed(now, now + 30 * day)),
        intermediate=folder.save("intermediate", child.issue_cert(*HOSTS)),
        missing_intermediate=folder.save("missing_intermediate", child.issue_cert(*HOSTS), links=1),
        client=folder.save("client", authority.issue_cert("client@example.test")),
        foreign_client=folder.save("foreign_client", trustme.CA().issue_cert("client@example.test")),
    )


def _self_signed(start: datetime.datetime, end: datetime.datetime) -> tuple[bytes, bytes]:
    """A certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM), private
