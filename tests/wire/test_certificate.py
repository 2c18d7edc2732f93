"""What is shown of a certificate is what `cryptography` reads in it."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from peers.ca import Authority

from rrcli.model.values import Certificate
from rrcli.wire.certificate import _inside, describe

START = datetime.datetime(2024, 2, 29, 23, 59, 58, tzinfo=datetime.UTC)
END = datetime.datetime(2049, 12, 31, 0, 0, 1, tzinfo=datetime.UTC)
ISSUER = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name.from_rfc4514_string("CN=example.test")


def certificate(
    key: Any = ISSUER, subject: x509.Name = NAME, start: datetime.datetime = START, end: datetime.datetime = END, **sans: Any
) -> bytes:
    """A certificate of these in PEM."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name.from_rfc4514_string("O=Test,CN=Issuer"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if names := sans.get("sans"):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ISSUER, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def shown(ca: Authority, tmp_path: Path) -> Any:
    """What is shown of certificates that a server sends behind its own."""

    def show(*pems: bytes) -> tuple[Certificate, ...]:
        chain = tmp_path / "chain.pem"
        chain.write_bytes(ca.self_signed.chain.read_bytes() + b"".join(pems))
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.set_ciphers("DEFAULT:@SECLEVEL=0")
        server.load_cert_chain(chain, ca.self_signed.key)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        return tuple(map(describe, _handshake(client, server)[1:]))

    return show


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> list[Any]:
    """The chain that the client gets, in memory."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours, theirs = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
    chain: list[Any] = ours._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
    return chain


def test_every_field(shown: Any) -> None:
    pem = certificate()
    read = x509.load_pem_x509_certificate(pem)
    assert shown(pem) == (
        Certificate(
            subject="CN=example.test",
            issuer="CN=Issuer, O=Test",
            sans=(),
            not_before=int(read.not_valid_before_utc.timestamp()),
            not_after=int(read.not_valid_after_utc.timestamp()),
            key="EC P-256",
            sha256=read.fingerprint(hashes.SHA256()).hex(),
        ),
    )


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (rsa.generate_private_key(65537, 2048), "RSA 2048"),
        (rsa.generate_private_key(3, 1024), "RSA 1024"),
        (rsa.generate_private_key(65537, 2056), "RSA 2056"),
        (ec.generate_private_key(ec.SECP256R1()), "EC P-256"),
        (ec.generate_private_key(ec.SECP384R1()), "EC P-384"),
        (ec.generate_private_key(ec.SECP521R1()), "EC P-521"),
        (ec.generate_private_key(ec.SECP256K1()), "EC secp256k1"),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "EC"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        (ed448.Ed448PrivateKey.generate(), "Ed448"),
        (dsa.generate_private_key(1024), "DSA"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_keys(shown: Any, key: Any, name: str) -> None:
    assert [found.key for found in shown(certificate(key))] == [name]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("1950-01-01T00:00:00", "2049-12-31T23:59:59"),
        ("1999-12-31T23:59:59", "2000-01-01T00:00:00"),
        ("2000-02-29T12:00:00", "2050-01-01T00:00:00"),
        ("2024-02-29T00:00:00", "9999-12-31T23:59:59"),
        ("2051-06-01T01:02:03", "2100-03-01T00:00:00"),
    ],
)
def test_dates_in_both_notations(shown: Any, start: str, end: str) -> None:
    first, last = (datetime.datetime.fromisoformat(f"{text}+00:00") for text in (start, end))
    (found,) = shown(certificate(start=first, end=last))
    assert (found.not_before, found.not_after) == (int(first.timestamp()), int(last.timestamp()))


def test_a_date_that_is_none_is_the_epoch(shown: Any) -> None:
    pem = certificate()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    broken = ssl.DER_cert_to_PEM_cert(
        der.replace(b"240229235958Z", b"2402292359+1Z").replace(b"491231000001Z", b"49123100000\xb2Z")
    ).encode()
    (found,) = shown(broken)
    assert (found.not_before, found.not_after, found.subject) == (0, 0, "CN=example.test")


def test_names_of_the_subject(shown: Any) -> None:
    attributes = [
        (x509.NameOID.COUNTRY_NAME, "NL"),
        (x509.NameOID.STATE_OR_PROVINCE_NAME, "Utrecht"),
        (x509.NameOID.LOCALITY_NAME, "Amersfoort"),
        (x509.NameOID.ORGANIZATION_NAME, "Bücher & Söhne, Inc."),
        (x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "One"),
        (x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "Two"),
        (x509.NameOID.DOMAIN_COMPONENT, "test"),
        (x509.NameOID.EMAIL_ADDRESS, "who@example.test"),
        (x509.NameOID.COMMON_NAME, "example.test"),
    ]
    (found,) = shown(certificate(subject=x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])))
    assert found.subject == (
        "C=NL, ST=Utrecht, L=Amersfoort, O=Bücher & Söhne, Inc., OU=One, OU=Two, DC=test, emailAddress=who@example.test, CN=example.test"
    )


def test_no_subject(shown: Any) -> None:
    (found,) = shown(certificate(subject=x509.Name([]), sans=[x509.DNSName("example.test")]))
    assert (found.subject, found.sans) == ("", ("example.test",))


def test_alternative_names_of_every_kind(shown: Any) -> None:
    names = [
        x509.DNSName("example.test"),
        x509.DNSName("*.example.test"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
        x509.RFC822Name("who@example.test"),
        x509.UniformResourceIdentifier("https://example.test/x"),
        x509.DirectoryName(x509.Name.from_rfc4514_string("CN=inside,O=Test")),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    ]
    (found,) = shown(certificate(sans=names))
    assert found.sans == (
        "example.test",
        "*.example.test",
        "192.0.2.7",
        "2001:db8::1",
        "::1",
        "who@example.test",
        "https://example.test/x",
        "O=Test, CN=inside",
        "1.2.3.4",
    )


def test_a_chain_in_its_order(shown: Any) -> None:
    pems = [certificate(subject=x509.Name.from_rfc4514_string(f"CN={name}")) for name in ("one", "two", "three")]
    assert [found.subject for found in shown(*pems)] == ["CN=one", "CN=two", "CN=three"]


def test_a_certificate_of_another_form_has_no_dates_and_no_key() -> None:
    assert {_inside(der) for der in (b"", b"\x30\x03\x30\x01\x00", b"\x82\x01\x42\x30")} == {(0, 0, "unknown")}
