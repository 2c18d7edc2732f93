"""Envelopes written as text, and the UsernameToken of WS-Security (OASIS WSS UsernameToken Profile 1.1)."""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.codec.soap.envelope import NAMESPACES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha1
else:
    from _sha1 import sha1  # hashlib loads OpenSSL, at three milliseconds

MEDIA_TYPES = {"1.1": "text/xml", "1.2": "application/soap+xml"}
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"


def escaped(text: str) -> str:
    """Text as it stands in XML, also within quotes."""
    for letter, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\r", "&#13;")):
        text = text.replace(letter, shown)
    return text


def envelope(version: str, body: str, headers: str = "") -> bytes:
    """An envelope around XML."""
    head = f"<soap:Header>{headers}</soap:Header>" if headers else ""
    begin = f'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope xmlns:soap="{NAMESPACES[version]}">'
    return f"{begin}{head}<soap:Body>{body}</soap:Body></soap:Envelope>\n".encode()


def content_fields(version: str, action: str | None) -> tuple[tuple[str, str], ...]:
    """What HTTP says of an envelope: the action in a field of its own in 1.1, always in quotes (SOAP 1.1 section 6.1.1), and in the
    media type in 1.2 (RFC 3902). `None` where nothing is known of one."""
    quoted = (action or "").replace("\\", "\\\\").replace('"', '\\"')
    if version == "1.1":
        return ("Content-Type", f"{MEDIA_TYPES[version]}; charset=utf-8"), ("SOAPAction", f'"{quoted}"')
    more = f'; action="{quoted}"' if action else ""
    return (("Content-Type", f"{MEDIA_TYPES[version]}; charset=utf-8{more}"),)


class Token(Record):
    """A UsernameToken; `secrets` are the forms of the password in it."""

    xml: str
    secrets: tuple[str, ...]


def username_token(user: str, password: str, *, created: str, nonce: bytes | None = None) -> Token:
    """The Security header with a password in clear, or with its digest where there is a `nonce` (profile, section 3.1)."""
    shown, kind, more = escaped(password), "PasswordText", ""
    secrets = tuple(dict.fromkeys((password, shown)))
    if nonce is not None:
        from binascii import b2a_base64

        digest = sha1(nonce + created.encode() + password.encode("utf-8", "surrogateescape")).digest()
        shown, kind = b2a_base64(digest, newline=False).decode(), "PasswordDigest"
        secrets = (password, shown)
        more = f'<wsse:Nonce EncodingType="{BASE64}">{b2a_base64(nonce, newline=False).decode()}</wsse:Nonce>'
        more += f"<wsu:Created>{created}</wsu:Created>"
    return Token(
        xml=f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsse:UsernameToken>'
        f"<wsse:Username>{escaped(user)}</wsse:Username>"
        f'<wsse:Password Type="{PROFILE}#{kind}">{shown}</wsse:Password>{more}</wsse:UsernameToken></wsse:Security>',
        secrets=secrets,
    )
