"""TLS for faulty responders: certificates made when they are needed, each wrong in the one way that was asked for.

They are made with the package `cryptography` (the extra `serve`), under an authority of this run alone, whose root is
written to a file so that a client can trust it: an expired certificate of an unknown authority would only be unknown.
"""

from __future__ import annotations

import datetime
import ssl
import tempfile
from ipaddress import ip_address
from pathlib import Path

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.responders.faults import Plan

DAY = datetime.timedelta(days=1)
VALID = {"expired": (-30, -1), "not-yet-valid": (1, 30)}  # days from now; all others are valid now
NAMES = ("localhost", "127.0.0.1", "::1", "rrcli.test")


class Tls:
    """The server side of a plan's TLS; `root` is the file of its authority until `remove`."""

    def __init__(self, plan: Plan) -> None:
        """Raises `usage` when the extra is missing."""
        self._folder = tempfile.TemporaryDirectory(prefix="rrcli-serve-")
        folder = Path(self._folder.name)
        self.root = folder / "root.pem"
        chain = folder / "server.pem"
        try:
            root, server = issue(plan.value("bad-cert") or "")
        except ModuleNotFoundError as error:
            self._folder.cleanup()
            raise usage(f"TLS faults need the module {error.name}", "pip install 'rrcli[serve]'") from error
        self.root.write_bytes(root)
        chain.touch(mode=0o600)
        chain.write_bytes(server)
        self._chain = chain
        self._plan = plan

    def context(self, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
        """What a responder wraps its connections with, which chooses one of `alpn`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._chain)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if self._plan.value("old-tls") is not None:
            _lower(context)
        if self._plan.value("client-cert") is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.root)
        return context

    def remove(self) -> None:
        """Remove the files."""
        self._folder.cleanup()


def _lower(context: ssl.SSLContext) -> None:
    """TLS 1.1 alone. OpenSSL has no cipher for it on its usual level, and Python calls it deprecated."""
    import warnings

    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1


def issue(wrong: str) -> tuple[bytes, bytes]:
    """PEM: the root to trust, and the server's key and certificate, `wrong` in one way (a value of `bad-cert`, or none)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.UTC)

    def certificate(name: str, key: Any, by: tuple[str, Any], days: tuple[int, int], extensions: list[tuple[Any, bool]]) -> Any:
        builder = x509.CertificateBuilder(
            issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, by[0])]),
            subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now + days[0] * DAY,
            not_valid_after=now + days[1] * DAY,
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(by[1], hashes.SHA256())

    def names(wanted: tuple[str, ...]) -> Any:
        return x509.SubjectAlternativeName(
            [x509.DNSName(name) if name[-1].isalpha() else x509.IPAddress(ip_address(name)) for name in wanted]
        )

    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = "rrcli serve: root of this run"
    usages = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    identity = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    root = certificate(
        root_name,
        authority,
        (root_name, authority),
        (-60, 60),
        [(x509.BasicConstraints(True, None), True), (usages, True), (identity, False)],
    )
    shown = ("other.test",) if wrong == "wrong-host" else NAMES
    issuer = (shown[0], key) if wrong == "self-signed" else (root_name, authority)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
    server = certificate(shown[0], key, issuer, VALID.get(wrong, (-1, 30)), [(names(shown), False), (signer, False)])
    if wrong == "untrusted":  # the root that is told is another one
        other = ec.generate_private_key(ec.SECP256R1())
        name = "rrcli serve: another root"
        root = certificate(name, other, (name, other), (-60, 60), [(x509.BasicConstraints(True, None), True)])
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    return root.public_bytes(pem), private + server.public_bytes(pem)
