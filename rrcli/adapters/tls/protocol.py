"""What help and reports know of TLS handshakes."""

from __future__ import annotations

from rrcli.engine.manifest import Manifest

MANIFEST = Manifest(
    synopsis="HOST[:PORT]...",
    help="Shake hands and report certificates; revocation (OCSP, CRL) is not checked.",
    words=(("HOST[:PORT]", "Port 443 without one; several are asked side by side."),),
    examples=("rrcli tls example.com", "rrcli tls --cacert ca.pem db.internal:5432 db2.internal:5432"),
    label="TLS",
    tools=("openssl", "gnutls-cli"),
    own_line="rrcli.adapters.tls.foreign:line_for",
    secure=("tls",),
    as_command="rrcli.adapters.tls.openssl:as_command",
)
