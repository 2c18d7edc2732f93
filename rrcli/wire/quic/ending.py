"""How a QUIC connection begins and ends, in words: what the handshake agreed on, and why it, or the connection, failed (RFC 9000, 9001)."""

from __future__ import annotations

from time import time

from rrcli.base.errors import ExchangeError
from rrcli.base.url import literal_family
from rrcli.model.values import TlsInfo
from rrcli.wire.certificate import describe as described
from rrcli.wire.tls import VERIFY_KINDS, asked_name
from rrcli.wire.verification import (
    ANY_USAGE,
    HOSTNAME,
    NOT_CA,
    NOT_YET_VALID,
    PATH_LENGTH,
    PURPOSE,
    SERVER_AUTH,
    WEAK_DIGEST,
    WEAK_ISSUER,
    link_of,
    objection,
)
from rrcli.wire.verification import EXPIRED as HAS_EXPIRED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.wire.quic.library import Connection
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
NO_COMMON_VERSION = "Could not find a common protocol version"  # says the library
NO_ISSUER, SELF_SIGNED, SELF_SIGNED_ROOT = 20, 18, 19
NO_ISSUER_SAID = "unable to get local issuer certificate"  # by the library
# OpenSSL's words for its codes.
VERIFY_WORDS = {
    9: "certificate is not yet valid", 10: "certificate has expired", 18: "self-signed certificate",
    19: "self-signed certificate in certificate chain", 20: "unable to get local issuer certificate",
    25: "path length constraint exceeded", 26: "unsuitable certificate purpose", 67: "CA certificate key too weak",
    68: "CA signature digest algorithm too weak", 79: "invalid CA certificate",
}  # fmt: skip


class NoSuchProtocol(ExchangeError):
    """The server speaks QUIC, and over it none of the protocols that we offered."""


def failure_of(code: int, reason: str, name: str, chain: list[Link] | None, *, ready: bool) -> ExchangeError:
    """The failure that an error of QUIC itself means.

    With a `chain` it is ours: about the peer's certificates, the first of which is to be that of `name`.
    """
    if CRYPTO_ERROR <= code < CRYPTO_ERROR + 256:
        alert = code - CRYPTO_ERROR
        return _objection(reason, name, chain) if chain and alert in (EXPIRED, BAD_CERTIFICATE) else _refusal(alert, reason)
    if reason == NO_COMMON_VERSION:
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


def forgotten() -> ExchangeError:
    """The failure of a connection that the peer knows nothing of any more (RFC 9000 section 10.3)."""
    hint = "the server forgot the connection: it was restarted, or something between lost its way to it"
    return ExchangeError("transport", "reset", "the peer reset the connection (stateless reset)", hint=hint)


def no_alpn() -> ExchangeError:
    return NoSuchProtocol("tls", "handshake_failed", "the server speaks QUIC, but not this protocol over it (ALPN)", phase="tls")


def _objection(reason: str, name: str, chain: list[Link]) -> ExchangeError:
    """What we have against the peer's certificates. The library says hardly more than that it has something: they are looked at again."""
    at_s = time()
    code = NO_ISSUER if NO_ISSUER_SAID in reason else next((code for code, is_wrong in FAULTS if is_wrong(chain, name, at_s)), 0)
    if code == NO_ISSUER and chain and chain[-1].shown.subject == chain[-1].shown.issuer:
        code = SELF_SIGNED if len(chain) == 1 else SELF_SIGNED_ROOT
    said = VERIFY_WORDS.get(code, reason)
    return objection(code, said, VERIFY_KINDS.get(code, "certificate_untrusted"), name, chain, at_s)


def _is_for(link: Link, name: str) -> bool:
    """Whether a certificate names the peer: an address as it is, another name also by a star in place of its first label (RFC 6125)."""
    kind = "IP Address" if literal_family(name) else "DNS"
    wanted = {name.lower(), f"*.{name.lower().partition('.')[2]}"}
    return any(found == kind and text.lower() in wanted for found, text in link.names)


# What may be wrong with a chain, in the order in which OpenSSL finds it, by its codes (X509_V_ERR_*).
FAULTS: tuple[tuple[int, Callable[[list[Link], str, float], bool]], ...] = (
    (NOT_CA[-1], lambda chain, _name, _at: any(not link.is_ca for link in chain[1:])),
    (
        PATH_LENGTH[0],
        lambda chain, _name, _at: any(link.most_below is not None and link.most_below < at for at, link in enumerate(chain[1:])),
    ),
    (PURPOSE[0], lambda chain, _name, _at: any(link.usages and not {SERVER_AUTH, ANY_USAGE} & {*link.usages} for link in chain)),
    (NOT_YET_VALID[0], lambda chain, _name, at: any(link.shown.not_before > at for link in chain)),
    (HAS_EXPIRED[0], lambda chain, _name, at: any(link.shown.not_after < at for link in chain)),
    (HOSTNAME[0], lambda chain, name, _at: not _is_for(chain[0], name)),
    (WEAK_ISSUER[0], lambda chain, _name, _at: any(link.is_weak for link in chain[1:])),
    (WEAK_DIGEST[0], lambda chain, _name, _at: any(link.digest for link in chain)),
)


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


def describe(connection: Connection, name: str, *, verified: bool) -> TlsInfo:
    """What the handshake agreed on with the server that is to be `name`, as far as it got."""
    return TlsInfo(
        version="TLSv1.3",
        cipher=connection.cipher,
        alpn=connection.alpn,
        sni=asked_name(name),
        verified=verified,
        chain=tuple(map(described, connection.certificates)),
    )


def chain_of(connection: Connection) -> list[Link]:
    """The certificates that the peer showed, its own first."""
    return [link_of(one, described(one)) for one in connection.certificates]
