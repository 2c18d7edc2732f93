"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, as a client (RFC 5802, RFC 7677), with the channel binding of RFC 5929.

    scram = Scram(password, binding=endpoint_hash(certificate), server_binds=True)
    scram.first()                  -> the data of SASLInitialResponse
    scram.final(server_first)      -> the data of SASLResponse
    scram.verify(server_final)     raises where the server does not know the password either

OpenSSL's `_hashlib` alone is loaded: in plain Python the thousands of rounds would take ten times as long as its import.
"""

from __future__ import annotations

from _hashlib import hmac_digest, pbkdf2_hmac
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from os import urandom

from rrcli.base.digest import sha256
from rrcli.base.errors import ExchangeError, malformed, too_large

MECHANISM, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
MOST_ITERATIONS = 1_000_000  # about half a second; PostgreSQL's default is 4096, and no deadline can interrupt the rounds
LONGEST = 1 << 14  # bytes of a message of the server's


class Scram:
    """One login. `binding` is the hash of the server's certificate, for -PLUS; `offers_binding` says that we could have bound
    the channel and the server did not offer it, which it checks: somebody on the way may have taken the offer out."""

    def __init__(self, password: str, *, binding: bytes | None = None, offers_binding: bool = False, nonce: str | None = None) -> None:
        self.mechanism = MECHANISM if binding is None else PLUS
        self._password = prepared(password)
        self._header = b"p=tls-server-end-point,," if binding is not None else b"y,," if offers_binding else b"n,,"
        self._binding = binding or b""
        self._nonce = (nonce or _base64(urandom(18))).encode()
        self._bare = b"n=,r=" + self._nonce  # PostgreSQL takes the user of the StartupMessage
        self._server_key = b""
        self._signed = b""

    def first(self) -> bytes:
        """client-first-message."""
        return self._header + self._bare

    def final(self, data: bytes) -> bytes:
        """client-final-message, on the server's first one. Raises `malformed`, or `too_large` for too many rounds."""
        nonce, salt, iterations = self._challenge(data)
        salted = pbkdf2_hmac("sha256", self._password, salt, iterations)
        client_key = hmac_digest(salted, b"Client Key", "sha256")
        self._server_key = hmac_digest(salted, b"Server Key", "sha256")
        unproved = b"c=" + _base64(self._header + self._binding).encode() + b",r=" + nonce
        self._signed = b",".join((self._bare, data, unproved))
        signature = hmac_digest(sha256(client_key).digest(), self._signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        return unproved + b",p=" + _base64(proof).encode()

    def verify(self, data: bytes) -> None:
        """Check server-final-message. Raises `malformed` for one that proves nothing."""
        values = _attributes(data)
        if "e" in values:
            raise malformed(f"the server ended the SCRAM login: {values['e'][:80]}")
        if not self._server_key or _bytes(values.get("v", ""), "signature") != hmac_digest(self._server_key, self._signed, "sha256"):
            raise malformed("the server's SCRAM signature is wrong: it does not know the password", "is it the server that you mean?")

    def _challenge(self, data: bytes) -> tuple[bytes, bytes, int]:
        """Nonce, salt and count of rounds of server-first-message."""
        values = _attributes(data)
        if "m" in values:
            raise ExchangeError("protocol", "unsupported", "the server's SCRAM message needs an extension that is not known")
        nonce, salt, rounds = values.get("r", ""), _bytes(values.get("s", ""), "salt"), values.get("i", "")
        if not nonce.encode().startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise malformed("the server's SCRAM nonce does not continue ours")
        if not salt:
            raise malformed("the server's SCRAM message has no salt")
        if not (rounds.isascii() and rounds.isdecimal() and int(rounds[:12]) > 0):
            raise malformed(f"the server's count of SCRAM rounds is no number: {rounds[:40]!r}")
        if len(rounds) > 12 or int(rounds) > MOST_ITERATIONS:
            raise too_large(f"the server wants {rounds[:12]} rounds of SCRAM, where {MOST_ITERATIONS} are allowed")
        return nonce.encode(), salt, int(rounds)


def _attributes(data: bytes) -> dict[str, str]:
    """`r=…,s=…` taken apart."""
    if len(data) > LONGEST:
        raise too_large(f"a SCRAM message of the server has {len(data)} bytes, where {LONGEST} are allowed")
    if not data.isascii():
        raise malformed("a SCRAM message of the server is no ASCII")
    found: dict[str, str] = {}
    for part in data.decode("ascii").split(","):
        name, equals, value = part.partition("=")
        if not equals or len(name) != 1 or name in found:
            raise malformed(f"a SCRAM message of the server cannot be read: {data[:40]!r}")
        found[name] = value
    return found


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode("ascii")


def _bytes(text: str, what: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True) if text else b""
    except Base64Error:
        raise malformed(f"the server's SCRAM {what} is no base64") from None


# --- passwords


def prepared(password: str) -> bytes:
    """The password as SASLprep has it (RFC 4013); where that forbids something, as it is, as PostgreSQL does too."""
    if password.isascii():
        return password.encode("ascii")
    import stringprep
    from unicodedata import ucd_3_2_0

    mapped = "".join(" " if stringprep.in_table_c12(letter) else letter for letter in password if not stringprep.in_table_b1(letter))
    text = ucd_3_2_0.normalize("NFKC", mapped)
    forbidden = (
        stringprep.in_table_a1, stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4,
        stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8, stringprep.in_table_c9,
    )  # fmt: skip
    right_to_left = [stringprep.in_table_d1(letter) for letter in text]
    is_mixed = any(right_to_left) and (not (right_to_left[0] and right_to_left[-1]) or any(map(stringprep.in_table_d2, text)))
    if not text or is_mixed or any(table(letter) for letter in text for table in forbidden):
        return password.encode("utf-8", "surrogateescape")
    return text.encode()


# --- channel binding

# The hash of a certificate's signature, by the content of the OID; MD5 and SHA-1 are replaced by SHA-256 (RFC 5929 section 4.1).
_RSA, _PSS = "2a864886f70d0101", "2a864886f70d01010a"
_SIGNATURES = {
    f"{_RSA}04": "sha256", f"{_RSA}05": "sha256", f"{_RSA}0b": "sha256", f"{_RSA}0c": "sha384", f"{_RSA}0d": "sha512",
    f"{_RSA}0e": "sha224", "2a8648ce3d0401": "sha256", "2a8648ce3d040301": "sha224", "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384", "2a8648ce3d040304": "sha512", "2a8648ce380403": "sha256", "608648016503040301": "sha224",
    "608648016503040302": "sha256", "608648016503040303": "sha384", "608648016503040304": "sha512",
}  # fmt: skip
_HASHES = {
    "2b0e03021a": "sha256", "608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512",
    "608648016503040204": "sha224",
}  # fmt: skip


def endpoint_hash(der: bytes) -> bytes | None:
    """tls-server-end-point of a certificate (RFC 5929 section 4); `None` where its signature has no hash of its own, as Ed25519."""
    name = _signature_hash(der)
    if name is None:
        return None
    from _hashlib import new

    return bytes(new(name, der).digest())


def _signature_hash(der: bytes) -> str | None:
    try:
        _, algorithm, *_ = _items(_items(der)[0][1])
        (_, oid), *parameters = _items(algorithm[1])
        if oid.hex() != _PSS:
            return _SIGNATURES.get(oid.hex())
        # RSASSA-PSS-params (RFC 4055 section 3.1): [0] is the hash, SHA-1 if it is left out
        for tag, content in _items(parameters[0][1]):
            if tag == 0xA0:
                return _HASHES.get(_items(_items(content)[0][1])[0][1].hex())
        return "sha256"
    except (ValueError, IndexError):  # something is missing
        return None


def _items(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element that `der` is made of."""
    found, at = [], 0
    while at + 2 <= len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            width = length & 0x7F
            length = int.from_bytes(der[at : at + width], "big")
            at += width
        found.append((tag, der[at : at + length]))
        at += length
    return found
