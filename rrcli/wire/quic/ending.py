"""How a QUIC connection begins and ends, in words: what the handshake agreed on, and why it, or the connection, failed (RFC 9000, 9001)."""

from __future__ import annotations

from time import time

from rrcli.base.errors import ExchangeError
from rrcli.model.values import TlsInfo
from rrcli.wire.tls import VERIFY_KINDS, asked_name
from rrcli.wire.verification import EXPIRED as HAS_EXPIRED
from rrcli.wire.verification import HOSTNAME, NOT_YET_VALID, link_of, objection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Certificate
    from rrcli.wire.verification import Link

# RFC 9000 section 20.1
ERRORS = (
    "NO_ERROR", "INTERNAL_ERROR", "CONNECTION_REFUSED", "FLOW_CONTROL_ERROR", "STREAM_LIMIT_ERROR", "STREAM_STATE_ERROR",
    "FINAL_SIZE_ERROR", "FRAME_ENCODING_ERROR", "TRANSPORT_PARAMETER_ERROR", "CONNECTION_ID_LIMIT_ERROR", "PROTOCOL_VIOLATION",
    "INVALID_TOKEN", "APPLICATION_ERROR", "CRYPTO_BUFFER_EXCEEDED", "KEY_UPDATE_ERROR", "AEAD_LIMIT_REACHED", "NO_VIABLE_PATH",
)  # fmt: skip
CRYPTO_ERROR = 0x100  # and a TLS alert above it (RFC 9001 section 4.8)
BAD_CERTIFICATE, EXPIRED, NO_ALPN = 42, 45, 120
CLIENT_CERTIFICATE, UNTRUSTED = (BAD_CERTIFICATE, 49, 116), (46, 48)  # the peer's alerts about our certificate
CONNECTION_REFUSED = 2
# OpenSSL's words for its codes, which are all that aioquic passes on.
VERIFY_WORDS = {
    9: "certificate is not yet valid", 10: "certificate has expired", 18: "self-signed certificate",
    19: "self-signed certificate in certificate chain", 20: "unable to get local issuer certificate",
    21: "unable to verify the first certificate", 25: "path length constraint exceeded", 26: "unsuitable certificate purpose",
    66: "EE certificate key too weak", 67: "CA certificate key too weak", 68: "CA signature digest algorithm too weak",
    79: "invalid CA certificate",
}  # fmt: skip
OF_ANOTHER = ("match", "subjectAltName", "VerificationError")  # in what aioquic says of a certificate for another name


class NoSuchProtocol(ExchangeError):
    """The server speaks QUIC, and over it none of the protocols that we offered."""


def failure_of(code: int, reason: str, name: str, chain: list[Link] | None, *, ready: bool) -> ExchangeError:
    """The failure that an error of QUIC itself means.

    With a `chain` it is ours: about the peer's certificates, the first of which is to be that of `name`.
    """
    if CRYPTO_ERROR <= code < CRYPTO_ERROR + 256:
        alert = code - CRYPTO_ERROR
        return (chain and _objection(alert, reason, name, chain)) or _refusal(alert, reason)
    if reason == "Could not find a common protocol version":
        hint = "it speaks another version of QUIC than 1 and 2"
        return ExchangeError("protocol", "unsupported", "the server shares no version of QUIC with us", hint=hint, phase="tls")
    if reason == "Idle timeout":
        return ExchangeError("transport", "timeout", "the connection was silent for too long (QUIC's idle timeout)")
    title = f"{ERRORS[code] if code < len(ERRORS) else 'error'} (0x{code:x})"
    if code == CONNECTION_REFUSED:
        return ExchangeError("transport", "refused", f"the server refused the connection ({title})")
    return closed(title, reason, ready=ready)


def closed(name: str, reason: str, *, ready: bool) -> ExchangeError:
    """The failure of a connection that the peer closed with the error `name`."""
    why = f"{name}{f': {_short(reason)}' if reason else ''}"
    return ExchangeError("transport", "closed", f"the peer {'closed' if ready else 'refused'} the connection ({why})")


def no_alpn() -> ExchangeError:
    return NoSuchProtocol("tls", "handshake_failed", "the server speaks QUIC, but not this protocol over it (ALPN)", phase="tls")


def _objection(alert: int, reason: str, name: str, chain: list[Link]) -> ExchangeError | None:
    """What we have against the peer's certificates, by the TLS alert that says so (RFC 8446 section 6.2), and aioquic's words."""
    if alert not in (EXPIRED, BAD_CERTIFICATE):
        return None
    if alert == EXPIRED:
        reason = VERIFY_WORDS[NOT_YET_VALID[0] if "not valid yet" in reason else HAS_EXPIRED[0]]
    code = next((code for code, words in VERIFY_WORDS.items() if reason.startswith(words)), None)
    if code is None and any(words in reason for words in OF_ANOTHER):
        return name_refused(name, chain)
    return objection(
        code or 0, VERIFY_WORDS.get(code or 0, reason), VERIFY_KINDS.get(code or 0, "certificate_untrusted"), name, chain, time()
    )


def name_refused(name: str, chain: list[Link]) -> ExchangeError:
    """The failure that the certificate is for another peer than `name`."""
    return objection(HOSTNAME[0], "", VERIFY_KINDS[HOSTNAME[0]], name, chain, time())


def _refusal(alert: int, reason: str) -> ExchangeError:
    """What the peer has against our handshake."""
    reason = _short(reason) or f"TLS alert {alert}"
    if alert in CLIENT_CERTIFICATE:
        hint = "the server wants a client certificate that it trusts: --cert FILE --key FILE"
        return ExchangeError("tls", "client_certificate_required", f"the server refused us: {reason}", hint=hint, phase="tls")
    if alert in UNTRUSTED:
        hint = "the server does not trust who issued it: give another one with --cert FILE --key FILE"
        return ExchangeError("tls", "handshake_failed", f"the server refused our certificate: {reason}", hint=hint, phase="tls")
    if alert == NO_ALPN:
        return no_alpn()
    return ExchangeError("tls", "handshake_failed", f"the QUIC handshake failed: {reason}", phase="tls")


def _short(reason: str) -> str:
    """The beginning of a peer's reason."""
    return reason.strip()[:200]


def describe(session: Any, name: str, *, verified: bool) -> TlsInfo:
    """What a TLS session of aioquic agreed on with the server that is to be `name`."""
    suite = session.key_schedule.cipher_suite.name if getattr(session, "key_schedule", None) else None
    return TlsInfo(
        version="TLSv1.3",
        cipher=f"TLS_{suite}" if suite and not suite.startswith("TLS_") else suite,
        alpn=getattr(session, "alpn_negotiated", None),
        sni=asked_name(name),
        verified=verified,
        chain=tuple(map(_described, _shown(session))),
    )


def chain_of(session: Any) -> list[Link]:
    """The certificates that the peer showed, its own first."""
    return [link_of(_Certificate(one), _described(one)) for one in _shown(session)]


def _shown(session: Any) -> list[Any]:
    peer = getattr(session, "_peer_certificate", None)
    return [peer, *getattr(session, "_peer_certificate_chain", ())] if peer is not None else []


def _described(certificate: Any) -> Certificate:
    """A certificate of `cryptography` as the model has it."""
    from rrcli.wire.certificate import describe

    return describe(_Certificate(certificate))


class _Certificate:
    """Shows a certificate of `cryptography` as `_ssl` would."""

    def __init__(self, certificate: Any) -> None:
        self._certificate = certificate

    def public_bytes(self, _encoding: int) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding

        data: bytes = self._certificate.public_bytes(Encoding.DER)
        return data

    def get_info(self) -> dict[str, Any]:
        from cryptography import x509

        info: dict[str, Any] = {key: _parts(getattr(self._certificate, key)) for key in ("subject", "issuer")}
        try:
            names = self._certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError):
            return info
        info["subjectAltName"] = tuple(
            ("IP Address" if isinstance(name, x509.IPAddress) else "DNS", str(name.value))
            for name in names
            if isinstance(name, (x509.IPAddress, x509.DNSName))
        )
        return info


def _parts(name: Any) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(tuple((attribute.oid._name, str(attribute.value)) for attribute in part) for part in name.rdns)
