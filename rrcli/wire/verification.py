"""Why a peer's certificates do not verify: which of them OpenSSL means, in what respect, and what to do about it.

OpenSSL tells one code (`X509_V_ERR_*`) and not whose it is, so the certificate is found by what the code says of it. Verification is
OpenSSL's alone; nothing that is read here is trusted.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.base.record import Record
from rrcli.wire.certificate import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.model.values import Certificate

LOOK = "-k looks without verifying"
UNTRUSTED_HINTS = {
    18: f"self-signed: give it with --cacert FILE if you trust it; {LOOK}",
    19: f"its root is not among the trusted ones: give the root with --cacert FILE; {LOOK}",
    20: "the server sent no complete chain, or its root is not trusted: add the intermediate there, or --cacert FILE here",
    21: "the server sent its own certificate alone: add the intermediate there, or --cacert FILE here",
}
NOT_YET_VALID, EXPIRED, NOT_CA, PATH_LENGTH, PURPOSE = (9,), (10,), (24, 79), (25,), (26,)
WEAK_LEAF, WEAK_ISSUER, WEAK_DIGEST, HOSTNAME = (66,), (67,), (68,), (62, 64)

SIGNATURES = {  # the digests that are too weak, by the algorithm of the signature
    bytes.fromhex("2a864886f70d010104"): "MD5",
    bytes.fromhex("2a864886f70d010105"): "SHA-1",
    bytes.fromhex("2a8648ce3d0401"): "SHA-1",
    bytes.fromhex("2a8648ce380403"): "SHA-1",
}
BASIC_CONSTRAINTS, KEY_USAGES = bytes.fromhex("551d13"), bytes.fromhex("551d25")
SERVER_AUTH, ANY_USAGE = bytes.fromhex("2b06010505070301"), bytes.fromhex("551d2500")
USAGES = {
    bytes.fromhex("2b06010505070302"): "client authentication",
    bytes.fromhex("2b06010505070303"): "code signing",
    bytes.fromhex("2b06010505070304"): "mail",
    bytes.fromhex("2b06010505070308"): "time stamping",
    bytes.fromhex("2b06010505070309"): "OCSP",
}
STRONG_BITS = {"RSA": 2048, "DSA": 2048}


class Link(Record):
    """One certificate of the chain, with what only verification looks at."""

    shown: Certificate
    names: tuple[tuple[str, str], ...]  # kind and value, as `("DNS", "example.test")`
    digest: str = ""  # of its signature, where that is a weak one
    is_ca: bool = False
    most_below: int | None = None  # issuers that it allows below itself
    usages: tuple[bytes, ...] = ()  # extended key usages; none allow all

    @property
    def subject(self) -> str:
        return self.shown.subject or ", ".join(self.shown.sans[:1]) or "no name"

    @property
    def is_weak(self) -> bool:
        """Whether its key is one that OpenSSL's usual level refuses."""
        kind, _, bits = self.shown.key.partition(" ")
        return bits.isdecimal() and int(bits) < STRONG_BITS.get(kind, 0)


def link_of(certificate: Any, shown: Certificate) -> Link:
    """What verification looks at in an `_ssl.Certificate`, whose described form is `shown`."""
    names = tuple((kind, str(value)) for kind, value in certificate.get_info().get("subjectAltName", ()) if isinstance(value, str))
    try:
        (_, whole), *_ = items(certificate.public_bytes(2))  # DER
        (_, inside), (_, algorithm), *_ = items(whole)
        (_, signature), *_ = items(algorithm)
        (_, extensions), *_ = items(next((content for tag, content in items(inside) if tag == 0xA3), b"\x30\x00"))
        found = {parts[0][1]: parts[-1][1] for parts in (list(items(content)) for _, content in items(extensions))}
        is_ca, most_below = _constraints(found.get(BASIC_CONSTRAINTS, b""))
        usages = [content for _, listed in items(found.get(KEY_USAGES, b"")) for _, content in items(listed)]
    except (ValueError, IndexError):  # of a form that OpenSSL might take and this does not
        return Link(shown=shown, names=names)
    return Link(shown=shown, names=names, digest=SIGNATURES.get(signature, ""), is_ca=is_ca, most_below=most_below, usages=tuple(usages))


def _constraints(extension: bytes) -> tuple[bool, int | None]:
    """Whether it is a CA, and how many issuers it allows below itself (RFC 5280 section 4.2.1.9)."""
    parts = {tag: content for _, listed in items(extension) for tag, content in items(listed)}
    return parts.get(1, b"\0") != b"\0", int.from_bytes(parts[2], "big") if 2 in parts else None


def objection(code: int, said: str, kind: str, name: str, chain: list[Link], at_s: float) -> ExchangeError:
    """The failure that OpenSSL's `code` means, whose own words are `said`, for the peer called `name`.

    `at_s` is now, in seconds since the epoch.
    """
    culprit, why, hint = _told(code, said, name, chain, at_s)
    return ExchangeError("tls", kind, f"{_whose(culprit, chain)} does not verify: {why}", hint=hint)


def _whose(culprit: Link | None, chain: list[Link]) -> str:
    if culprit is None:
        return f"the issuer of {chain[-1].subject}, which is trusted here," if chain else "the certificate"
    above = "" if culprit.shown == chain[0].shown else "intermediate " if culprit.shown.subject != culprit.shown.issuer else "root "
    return f"the {above}certificate of {culprit.subject}"


def _first(chain: list[Link], is_meant: Callable[[Link], bool]) -> Link | None:
    """The topmost certificate that is meant: OpenSSL looks at them from the root down."""
    return next((link for link in reversed(chain) if is_meant(link)), None)


def _told(code: int, said: str, name: str, chain: list[Link], at_s: float) -> tuple[Link | None, str, str]:
    """Which certificate, `None` for one of the trusted ones that the peer did not send; what is wrong; what to do."""
    said = said.rstrip(".") or "it cannot be verified"
    if not chain:
        return None, said, f"give its root with --cacert FILE if you trust it; {LOOK}"
    leaf, issuers = chain[0], chain[1:]
    if code in EXPIRED:
        found = _first(chain, lambda link: link.shown.not_after < at_s)
        where = "on the server" if found else "in the trust store (--cacert)"
        return found, said, f"renew it {where}; check the clock here; {LOOK}"
    if code in NOT_YET_VALID:
        return _first(chain, lambda link: link.shown.not_before > at_s), said, f"check the clock here and on the server; {LOOK}"
    if code in HOSTNAME:
        return leaf, *_other_name(leaf, name)
    if code in WEAK_LEAF or code in WEAK_ISSUER:
        found = leaf if code in WEAK_LEAF else _first(issuers, lambda link: link.is_weak)
        key = f" ({found.shown.key})" if found else ""
        return found, f"its key{key} is too weak", f"replace it by one with a key of RSA 2048 or EC P-256 at least; {LOOK}"
    if code in WEAK_DIGEST:
        found = _first(chain, lambda link: bool(link.digest) and link.shown.subject != link.shown.issuer)
        return (
            found,
            f"it is signed with {found.digest if found else 'a digest'}, which is too weak",
            f"have it issued anew with SHA-256; {LOOK}",
        )
    if code in PURPOSE:
        found = _first(chain, lambda link: bool(link.usages) and SERVER_AUTH not in link.usages and ANY_USAGE not in link.usages)
        uses = ", ".join(USAGES.get(usage, "another use") for usage in found.usages) if found else ""
        return (
            found or leaf,
            f"it is not for servers{f', but for {uses}' if uses else ''}",
            f"have it issued with the use serverAuth; {LOOK}",
        )
    if code in NOT_CA:
        found = _first(issuers, lambda link: not link.is_ca)
        return (
            found,
            f"it is no CA's, and may not issue that of {leaf.subject}",
            f"have that issued by a CA (basicConstraints CA:TRUE); {LOOK}",
        )
    if code in PATH_LENGTH:
        found = _first(issuers, lambda link: link.most_below is not None and link.most_below < issuers.index(link))
        most = found.most_below if found else 0
        return found, f"it allows {most or 'no'} other issuer{'s' * (most != 1)} below it, and there are more", f"mend the chain; {LOOK}"
    return leaf, said, UNTRUSTED_HINTS.get(code, f"give its root with --cacert FILE if you trust it; {LOOK}")


def _other_name(leaf: Link, name: str) -> tuple[str, str]:
    """Why the peer is not who its certificate names, and what to do."""
    if ("DNS", name) in leaf.names:
        return f"it names {name} as a DNS name, not as an address", f"have it issued with the address (IP:{name}) among its names; {LOOK}"
    if not leaf.shown.sans:
        why = f"it has no names (subjectAltName), and {leaf.subject} is not looked at"
        return why, f"have it issued with {name} among its names (subjectAltName); {LOOK}"
    why = f"it is for {', '.join(leaf.shown.sans[:5])}, not for {name}"
    return why, f"use a name the certificate has, or --sni NAME to verify that one; {LOOK}"
