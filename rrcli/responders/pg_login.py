"""SCRAM-SHA-256 as the PostgreSQL responder speaks it (RFC 5802, RFC 7677), without channel binding."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import struct

from rrcli.responders.pg_messages import message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.responders.base import ServerConnection

MECHANISM = b"SCRAM-SHA-256"
ROUNDS = 4096


class Scram:
    """One login with this password."""

    def __init__(self, password: str) -> None:
        self._salt = os.urandom(16)
        self._salted = hashlib.pbkdf2_hmac("sha256", password.encode(), self._salt, ROUNDS)

    @staticmethod
    def offer() -> bytes:
        """AuthenticationSASL."""
        return message(b"R", struct.pack("!I", 10) + MECHANISM + b"\0\0")

    def log_in(self, connection: ServerConnection, read: Callable[[], tuple[bytes, bytes]]) -> bool:
        """Talk it through; whether the client knows the password."""
        letter, content = read()
        mechanism, _, rest = content.partition(b"\0")
        if letter != b"p" or mechanism != MECHANISM:
            return False
        first = rest[4:]
        header, bare = first[:3], first[3:]
        if header not in (b"n,,", b"y,,") or b"r=" not in bare:
            return False
        nonce = bare.partition(b"r=")[2].partition(b",")[0] + base64.b64encode(os.urandom(18))
        server_first = b"r=" + nonce + b",s=" + base64.b64encode(self._salt) + b",i=%d" % ROUNDS
        connection.send(message(b"R", struct.pack("!I", 11) + server_first))
        letter, final = read()
        unproved, mark, proof = final.rpartition(b",p=")
        if letter != b"p" or not mark or unproved != b"c=" + base64.b64encode(header) + b",r=" + nonce:
            return False
        signed = b",".join((bare, server_first, unproved))
        if not self._proves(proof, signed):
            return False
        signature = self._hmac(self._hmac(self._salted, b"Server Key"), signed)
        connection.send(message(b"R", struct.pack("!I", 12) + b"v=" + base64.b64encode(signature)))
        return True

    def _proves(self, proof: bytes, signed: bytes) -> bool:
        client_key = self._hmac(self._salted, b"Client Key")
        signature = self._hmac(hashlib.sha256(client_key).digest(), signed)
        expected = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
        return hmac.compare_digest(base64.b64encode(expected), proof)

    def _hmac(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, "sha256")
