"""Keys of NATS (nkeys): seeds read, nonces signed with Ed25519, files of credentials.

A key is base32 of a prefix byte (two for a seed), the 32 bytes, and a CRC-16 (https://github.com/nats-io/nkeys).
"""

from __future__ import annotations

from binascii import b2a_base64, crc_hqx

from rrcli.base.errors import usage
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SEED = 18 << 3  # the prefix that makes a seed begin with S
_KINDS = {20 << 3: "user", 0: "account", 14 << 3: "operator", 13 << 3: "server", 2 << 3: "cluster", 23 << 3: "curve"}
_SEED_SIZE = 36  # bytes: two of prefix, the key, two of checksum
_MOST = 64 << 10  # letters of a file that are looked at


class Credentials(Record):
    """Who the client is: a seed to sign with, and a JWT where a file of credentials has one. Both are secrets."""

    seed: str
    jwt: str | None = None


class Key(Record):
    """A key that signs; `public` is what a server knows it by, and no secret."""

    kind: str
    public: str
    private: bytes

    def sign(self, nonce: str) -> str:
        """The nonce of INFO signed, as CONNECT's `sig` has it: base64url without padding."""
        signature = _ed25519(self.private).sign(nonce.encode())
        return b2a_base64(signature, newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")


def read_seed(text: str) -> Key:
    """The key of a seed. Raises `usage` where it is none; what the seed is stands in no message."""
    seed = text.strip()
    raw = _from_base32(seed)
    if len(raw) != _SEED_SIZE or raw[0] & 0xF8 != _SEED:
        raise usage("the nkey seed is none", "a user's seed is 58 letters and begins with SU")
    if crc_hqx(raw[:-2], 0) != int.from_bytes(raw[-2:], "little"):
        raise usage("the nkey seed has a wrong checksum: a letter of it is wrong or missing")
    prefix = (raw[0] & 0x07) << 5 | raw[1] >> 3
    if prefix not in _KINDS:
        raise usage("the nkey seed is of an unknown kind", "a user's seed begins with SU")
    private = raw[2:-2]
    return Key(kind=_KINDS[prefix], public=_public(prefix, private), private=private)


def read_credentials(text: str) -> Credentials:
    """What a file holds: a seed, bare or between lines of dashes, and before it perhaps a JWT (a `.creds` file). Raises `usage`."""
    if len(text) > _MOST:
        raise usage("the file with the NATS credentials is too long to be one")
    jwt = seed = None
    for line in text.splitlines():
        word = line.strip()
        if not word or word.startswith(("-", "*", "#", "NOTE", "IMPORTANT")):
            continue
        if word.count(".") == 2 and jwt is None and " " not in word:
            jwt = word
        elif word[0] == "S" and len(word) == 58 and seed is None:
            seed = word
    if seed is None:
        raise usage("the file with the NATS credentials has no nkey seed", "a line of 58 letters that begins with S")
    return Credentials(seed=seed, jwt=jwt)


def _public(prefix: int, private: bytes) -> str:
    raw = bytes([prefix]) + _ed25519(private).public_key().public_bytes_raw()
    return _to_base32(raw + crc_hqx(raw, 0).to_bytes(2, "little"))


def _ed25519(private: bytes) -> Ed25519PrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ModuleNotFoundError as error:
        raise usage("nkeys need the module cryptography", "pip install 'rrcli[nats]'") from error
    return Ed25519PrivateKey.from_private_bytes(private)


def _from_base32(text: str) -> bytes:
    """The bytes of base32 without padding; none where it is not (the `base64` module costs start-up time)."""
    number = 0
    for letter in text[: _SEED_SIZE * 2]:
        value = _ALPHABET.find(letter)
        if value < 0:
            return b""
        number = number << 5 | value
    size, spare = divmod(len(text[: _SEED_SIZE * 2]) * 5, 8)
    return (number >> spare).to_bytes(size, "big")


def _to_base32(raw: bytes) -> str:
    letters = -(-len(raw) * 8 // 5)
    number = int.from_bytes(raw, "big") << (letters * 5 - len(raw) * 8)
    return "".join(_ALPHABET[number >> 5 * at & 31] for at in range(letters - 1, -1, -1))
