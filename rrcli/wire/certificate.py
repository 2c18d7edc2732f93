"""What a certificate says of itself: names, validity, key. Reads the DER that OpenSSL hands out (RFC 5280 §4.1).

OpenSSL's own summary has no key, and a full X.509 library costs more than the whole handshake, so the few
fields that are shown are walked to by hand. Verification is OpenSSL's alone; nothing here is trusted.
"""

from __future__ import annotations

from _socket import AF_INET6, inet_ntop, inet_pton

from rrcli.base.civildate import days_since_epoch
from rrcli.base.digest import sha256
from rrcli.model.values import Certificate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

RSA = bytes.fromhex("2a864886f70d010101")
RSA_PSS = bytes.fromhex("2a864886f70d01010a")
EC = bytes.fromhex("2a8648ce3d0201")
NAMES = {
    bytes.fromhex("2a8648ce3d030107"): "EC P-256",
    bytes.fromhex("2b81040022"): "EC P-384",
    bytes.fromhex("2b81040023"): "EC P-521",
    bytes.fromhex("2b8104000a"): "EC secp256k1",
    bytes.fromhex("2b6570"): "Ed25519",
    bytes.fromhex("2b6571"): "Ed448",
    bytes.fromhex("2a8648ce380401"): "DSA",
}
SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
    "domainComponent": "DC",
}


def describe(certificate: Any) -> Certificate:
    """The fields shown of an `_ssl.Certificate`."""
    der: bytes = certificate.public_bytes(2)  # ENCODING_DER
    info: dict[str, Any] = certificate.get_info()
    not_before, not_after, key = _inside(der)
    return Certificate(
        subject=_name(info.get("subject", ())),
        issuer=_name(info.get("issuer", ())),
        sans=tuple(_san(kind, value) for kind, value in info.get("subjectAltName", ())),
        not_before=not_before,
        not_after=not_after,
        key=key,
        sha256=sha256(der).hexdigest(),
    )


def _name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """`CN=example.test, O=Example`, in the certificate's order."""
    return ", ".join(f"{SHORT.get(kind, kind)}={value}" for part in parts for kind, value in part)


def _san(kind: str, value: Any) -> str:
    """One alternative name; OpenSSL writes an IPv6 address in full, and the name of a directory in parts."""
    if kind == "DirName":
        return _name(value)
    if kind == "IP Address" and ":" in value:
        try:
            return inet_ntop(AF_INET6, inet_pton(AF_INET6, value))
        except OSError:
            pass  # an address of a wrong length
    return str(value)


def items(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element that `der` is made of."""
    at = 0
    while at + 2 <= len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            width = length & 0x7F
            length = int.from_bytes(der[at : at + width], "big")
            at += width
        yield tag, der[at : at + length]
        at += length


def _inside(der: bytes) -> tuple[int, int, str]:
    """Not before, not after (seconds since the epoch) and the key of a certificate OpenSSL has already parsed.

    Zeros and `unknown` for one of another form, which OpenSSL might take and this does not.
    """
    try:
        (_, whole), *_ = items(der)
        (_, tbs), *_ = items(whole)
        # version [0] (optional), serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
        parts = [content for tag, content in items(tbs) if tag != 0xA0]
        before, after = (_time(tag, content) for tag, content in items(parts[3]))
        return before, after, _key(parts[5])
    except (ValueError, IndexError):  # something is missing
        return 0, 0, "unknown"


def _key(info: bytes) -> str:
    (_, algorithm), (_, bits), *_ = items(info)
    (_, kind), *parameters = items(algorithm)
    if kind in (RSA, RSA_PSS):
        (_, numbers), *_ = items(bits[1:])
        (_, modulus), *_ = items(numbers)
        return f"RSA {int.from_bytes(modulus, 'big').bit_length()}"
    if kind == EC and parameters:
        return NAMES.get(parameters[0][1], "EC")
    return NAMES.get(kind, "unknown")


def _time(tag: int, content: bytes) -> int:
    """Seconds since the epoch of a UTCTime (two-digit year) or GeneralizedTime; 0 for one that breaks RFC 5280 §4.1.2.5."""
    text = content.decode("latin-1")
    if tag == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    if len(text) != 15 or not (text.isascii() and text[:14].isdecimal() and text[14] == "Z"):
        return 0
    year, month, day, hour, minute, second = (
        int(text[at : at + width]) for at, width in ((0, 4), (4, 2), (6, 2), (8, 2), (10, 2), (12, 2))
    )
    return days_since_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
