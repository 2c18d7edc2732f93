"""AUTH of SMTP (RFC 4954): PLAIN, LOGIN, CRAM-MD5 and XOAUTH2, turn by turn."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from rrcli.base.errors import malformed, usage
from rrcli.codec.smtp import Command, Reply

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")
_PREFERRED = ("PLAIN", "LOGIN", "CRAM-MD5")  # XOAUTH2 wants a token, not a password: only when asked for
_MD5_BLOCK = 64  # bytes (RFC 2104)


def choose(offered: tuple[str, ...]) -> str | None:
    """The mechanism to use of those offered."""
    return next((name for name in _PREFERRED if name in offered), None)


class Auth:
    """One login. `begin` gives the command, `answer` what follows each 334; any other reply decides.

    `secrets` grows with every line: the password, and each form of it that went over the wire.
    """

    def __init__(self, mechanism: str, user: str, password: str) -> None:
        if mechanism not in MECHANISMS:
            raise usage(f"the mechanism {mechanism[:40]!r} is unknown", f"one of {', '.join(MECHANISMS).lower()}")
        if "\0" in user or "\0" in password:
            raise usage("user and password can have no NUL")
        try:
            self._user, self._password = user.encode(), password.encode()
        except UnicodeEncodeError:
            raise usage("user or password has letters without UTF-8") from None
        if mechanism == "XOAUTH2" and "\1" in user + password:
            raise usage("user and token can have no byte 1 for XOAUTH2")
        self.mechanism = mechanism
        self.secrets: list[str] = [password] if password else []
        self._turn = 0

    def begin(self) -> Command:
        """AUTH, with the response at once where the mechanism begins with the client."""
        if self.mechanism == "PLAIN":
            return self._line(b"\0%b\0%b" % (self._user, self._password), "AUTH PLAIN ")
        if self.mechanism == "XOAUTH2":
            return self._line(b"user=%b\1auth=Bearer %b\1\1" % (self._user, self._password), "AUTH XOAUTH2 ")
        return Command(verb="AUTH", data=f"AUTH {self.mechanism}\r\n".encode())

    def answer(self, reply: Reply) -> Command:
        """What follows a 334. Raises `malformed` for a challenge that the mechanism does not have."""
        self._turn += 1
        if self.mechanism == "LOGIN" and self._turn == 1:
            return self._line(self._user, secret=False)
        if self.mechanism == "LOGIN" and self._turn == 2:
            return self._line(self._password)
        if self.mechanism == "CRAM-MD5" and self._turn == 1:
            return self._line(self._user + b" " + _hmac_md5(self._password, _challenge(reply)))
        if self.mechanism == "XOAUTH2" and self._turn == 1:
            return Command(verb="AUTH", data=b"\r\n")  # the challenge says what is wrong, and the refusal follows
        raise malformed(f"the mail server asks for more than AUTH {self.mechanism} has")

    def _line(self, response: bytes, before: str = "", *, secret: bool = True) -> Command:
        written = b2a_base64(response, newline=False)
        begin = len(before)
        if secret:
            self.secrets.append(written.decode())
        spans = ((begin, begin + len(written)),) if secret else ()
        return Command(verb="AUTH", data=before.encode() + (written or b"=") + b"\r\n", secrets=spans)


def explained(reply: Reply) -> str:
    """The text of a 334 as it is meant: out of its base64, where it is some."""
    try:
        return a2b_base64(reply.lines[-1].encode("utf-8", "surrogateescape"), strict_mode=True).decode()
    except (Error, UnicodeDecodeError):
        return reply.text


def _challenge(reply: Reply) -> bytes:
    try:
        return a2b_base64(reply.lines[-1].encode("utf-8", "surrogateescape"), strict_mode=True)
    except Error as error:
        raise malformed("the challenge of CRAM-MD5 is no base64") from error


def _hmac_md5(key: bytes, data: bytes) -> bytes:
    """HMAC-MD5 in hexadecimal (RFC 2104, 2195)."""
    from _md5 import md5  # type: ignore[import-not-found]  # hashlib loads OpenSSL, at three milliseconds

    if len(key) > _MD5_BLOCK:
        key = md5(key, usedforsecurity=False).digest()
    key = key.ljust(_MD5_BLOCK, b"\0")
    inner = md5(bytes(byte ^ 0x36 for byte in key) + data, usedforsecurity=False).digest()
    digest: str = md5(bytes(byte ^ 0x5C for byte in key) + inner, usedforsecurity=False).hexdigest()
    return digest.encode()
