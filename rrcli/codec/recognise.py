"""Which protocol the first bytes of a peer belong to, for the message "expected Redis, got HTTP/1.1 400"."""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.base.shellquote import quoted
from rrcli.base.url import host_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Target


class Found(Record):
    """`what` came, in words, and a `hint` on what to use; `greeting` is the name that a protocol's manifest knows it by."""

    what: str
    hint: str | None = None
    greeting: str | None = None

    def hint_for(self, target: Target, scheme: str | None) -> str | None:
        """A command to paste that speaks the protocol found, whose URLs have `scheme`, or the general hint."""
        if not (scheme and target.host):
            return self.hint
        command = f"rrcli {quoted(f'{scheme}://{host_port(target.host, target.port)}/')}"
        return f"{HTTP2}, or {command}" if self.hint == HTTP2 else command


HTTP2 = "this port speaks HTTP/2 without agreeing on it: rrcli http --http2-prior-knowledge"
ALERTS = {
    0: "close notify", 10: "unexpected message", 22: "record overflow", 40: "handshake failure", 42: "bad certificate",
    46: "certificate unknown", 47: "illegal parameter", 48: "unknown CA", 50: "decode error", 70: "protocol version",
    80: "internal error", 109: "missing extension", 112: "unrecognized name", 116: "certificate required", 120: "no application protocol",
}  # fmt: skip


def recognise(data: bytes) -> Found:
    """What the first bytes of an answer look like; never empty words."""
    line = _line(data)
    if data.startswith(b"HTTP/"):
        return Found(what=f"HTTP: {line!r}" if len(line) > 60 else f"{line}{_server(data)}", hint="use rrcli http", greeting="HTTP")
    if data[:1] == b"\x15" and data[1:2] == b"\x03":
        alert = ALERTS.get(data[6], f"number {data[6]}") if len(data) > 6 else "cut short"
        return Found(what=f"a TLS alert ({alert})", hint="the port speaks TLS: use the TLS form of the URL, or --tls")
    if data[:2] == b"\x16\x03":
        return Found(what="a TLS handshake", hint="the port speaks TLS: use the TLS form of the URL, or --tls")
    for name, fits in _TEXTS:
        if fits(data):
            return Found(what=f"{name}: {line!r}" if line else name, hint="rrcli tcp shows what it sends", greeting=name)
    for name, fits, says in _BINARIES:
        if fits(data):
            words = _line(says(data)) if says else ""
            hint = HTTP2 if name == "HTTP/2 frames" else "rrcli tcp shows what it sends"
            return Found(what=f"{name}: {words!r}" if words else name, hint=hint, greeting=name)
    if not data:
        return Found(what="nothing", hint="the peer closed without a word")
    return Found(what=f"{bytes(data[:32])!r}{'…' if len(data) > 32 else ''}", hint="rrcli tcp shows what it sends")


def _line(data: bytes) -> str:
    """The first line, harmless and short."""
    text = data[:200].split(b"\n")[0].strip().decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:80]


def _server(data: bytes) -> str:
    at = data.lower().find(b"\nserver:")
    return f" ({_line(data[at + 8 :])})" if at >= 0 else ""


def _smtp_or_ftp(data: bytes) -> bool:
    return data[:4] in (b"220 ", b"220-", b"421 ", b"554 ", b"500 ", b"502 ", b"530 ")


def _news(data: bytes) -> bool:
    return data[:4] in (b"200 ", b"201 ") and any(word in data.upper() for word in (b"NNTP", b"NEWS", b"POSTING", b"INN "))


_TEXTS = (
    ("an SSH banner", lambda data: data.startswith(b"SSH-")),
    ("an SMTP reply", lambda data: _smtp_or_ftp(data) and (b"SMTP" in data.upper() or b"MAIL" in data.upper())),
    ("an FTP reply", lambda data: _smtp_or_ftp(data) and b"FTP" in data.upper()),
    ("an LMTP reply", lambda data: _smtp_or_ftp(data) and b"LMTP" in data.upper()),
    ("a DICT greeting", lambda data: data.startswith(b"220 ") and b"dictd" in data),
    ("an SMTP or FTP reply", _smtp_or_ftp),
    ("an NNTP greeting", _news),
    ("an IMAP greeting", lambda data: data.startswith((b"* OK", b"* PREAUTH", b"* BYE"))),
    ("a NATS greeting", lambda data: data.startswith(b"INFO {")),
    ("a POP3 greeting", lambda data: data.startswith(b"+OK ")),
    ("a ManageSieve greeting", lambda data: data.startswith(b'"IMPLEMENTATION"')),
    ("a Redis error", lambda data: data.startswith((b"-ERR", b"-DENIED", b"-NOAUTH", b"-LOADING", b"-WRONGPASS", b"-NOPERM", b"-MISCONF"))),
    ("a Redis reply", lambda data: data.startswith((b"+PONG\r\n", b"+OK\r\n"))),
    ("a VNC greeting", lambda data: data.startswith(b"RFB 0")),
    ("an AMQP greeting", lambda data: data.startswith(b"AMQP")),
    ("a memcached error", lambda data: data.startswith((b"ERROR\r\n", b"CLIENT_ERROR"))),
    ("an rsync greeting", lambda data: data.startswith(b"@RSYNCD:")),
    ("an XMPP stream", lambda data: b"<stream:stream" in data[:300] or data.startswith(b"<stream:error")),
    ("an IRC notice", lambda data: data.startswith((b"NOTICE ", b"ERROR :", b":")) and (b" NOTICE " in data[:200] or data[:1] != b":")),
    ("an RTSP reply", lambda data: data.startswith(b"RTSP/")),
    ("a SIP reply", lambda data: data.startswith(b"SIP/2.0 ")),
    ("a Subversion greeting", lambda data: data.startswith(b"( success ( ")),
)

_BINARIES = (
    ("a Thrift message", lambda data: _is_thrift(data) or (data[:1] == b"\0" and _is_thrift(data[4:])), None),
    ("a MySQL greeting", lambda data: len(data) > 5 and data[3] == 0 and data[4] == 10, lambda data: data[5:].split(b"\0")[0]),
    (
        "a MySQL refusal",
        lambda data: len(data) > 7 and data[3] in (0, 1, 2) and data[4] == 255,
        lambda data: data[13:] if data[7:8] == b"#" else data[7:],
    ),
    ("a PostgreSQL error", lambda data: data[:1] == b"E" and (b"SFATAL\0" in data or b"SERROR\0" in data), lambda data: _message(data)),
    ("HTTP/2 frames", lambda data: len(data) >= 9 and data[:2] == b"\0\0" and data[3] in (4, 7) and data[5:9] == bytes(4), None),
    ("a PostgreSQL answer to SSLRequest", lambda data: data in (b"N", b"S"), None),
    ("a MongoDB message", lambda data: len(data) >= 16 and data[12:16] in (b"\1\0\0\0", b"\xdd\7\0\0") and not data[3], None),
    ("a Telnet negotiation", lambda data: data[:1] == b"\xff" and data[1:2] in (b"\xfb", b"\xfc", b"\xfd", b"\xfe"), None),
    ("an SMB message", lambda data: data[:1] == b"\0" and data[4:8] in (b"\xffSMB", b"\xfeSMB"), None),
    ("a Remote Desktop reply", lambda data: data[:3] == b"\3\0\0" and len(data) > 5 and data[5] == 0xD0, None),
    ("an LDAP message", lambda data: data[:1] == b"\x30" and _is_ldap(data[2 + (data[1] & 0x7F if data[1:2] > b"\x80" else 0) :]), None),
    ("a SOCKS5 reply", lambda data: data in (b"\5\0", b"\5\2", b"\5\xff"), None),
    ("an MQTT connection reply", lambda data: data[:2] == b"\x20\2" and len(data) == 4, None),
)


def _is_ldap(message: bytes) -> bool:
    """Whether a message begins so, behind its length: a number of one byte, and a response to Bind or an extended one."""
    return message[:2] == b"\2\1" and message[3:4] in (b"\x61", b"\x78")


def _is_thrift(data: bytes) -> bool:
    """Whether a strict message of the binary protocol begins so, or one of the compact."""
    return (data[:3] == b"\x80\x01\0" and data[3:4] in (b"\1", b"\2", b"\3", b"\4")) or (
        data[:1] == b"\x82" and data[1:2] in (b"\x21", b"\x41", b"\x61", b"\x81")
    )


def _message(data: bytes) -> bytes:
    """The message within an ErrorResponse of PostgreSQL: the field M of a list of fields."""
    fields = data[5:].split(b"\0")
    return next((field[1:] for field in fields if field[:1] == b"M"), b"")
