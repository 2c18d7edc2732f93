"""STARTTLS: what each protocol says in clear text before TLS begins on the same connection, as a table of turns.

A protocol opens with a greeting (and a hello where one is needed), then asks for the switch. In a dialogue that has got
past its opening the switch alone is said. Bytes that come between the agreement and TLS are an error (`Stream.replace_link`).
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed, too_large
from rrcli.base.record import Record
from rrcli.wire import starttls_binary as binary
from rrcli.wire.starttls_binary import MOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.wire.stream import Stream

REFUSALS: dict[str, tuple[bytes, ...]] = {"IMAP": (b"* BYE",), "POP3": (b"-ERR",), "ManageSieve": (b"BYE",), "PostgreSQL": (b"N", b"E")}
MOST_SHOWN = 200  # letters of what a server says
CLIENT_SSL = 0x0800  # MySQL's capability flag
REASONS = {"LDAP": binary.ldap_reason, "PostgreSQL": binary.postgres_reason, "MySQL": binary.mysql_reason}


class Turn(Record):
    """Say something, read the reply. `wants` are the beginnings of a good one, `offers` is what it has to contain."""

    read: Callable[[Stream], bytes]
    say: bytes = b""  # `{host}` stands for the peer's name
    wants: tuple[bytes, ...] = ()
    offers: bytes = b""
    agrees: Callable[[bytes], bool] | None = None  # where a text that it contains does not tell


class Protocol(Record):
    """`opening` until the server takes commands, `switch` the agreement; `label` is for messages."""

    label: str
    opening: tuple[Turn, ...] = ()
    switch: tuple[Turn, ...]


# --- replies ----------------------------------------------------------------------------------------------


def _until(last: Callable[[bytes], bool]) -> Callable[[Stream], bytes]:
    """Reads lines up to the first that is the `last`."""

    def read(stream: Stream) -> bytes:
        reply = b""
        while True:
            line = stream.read_line(MOST)
            reply += line
            if last(line):
                return reply
            if len(reply) > MOST:
                raise too_large(f"a reply before TLS is longer than {MOST} bytes")

    return read


def _past(*ends: bytes) -> Callable[[Stream], bytes]:
    """Reads elements of XML up to one that ends with one of `ends`."""

    def read(stream: Stream) -> bytes:
        reply = b""
        while not any(end in reply for end in ends):
            data = stream.receive()
            reply += data
            if not data or len(reply) > MOST:
                raise malformed("the peer's XML ended, or grew too long, before it offered TLS")
        cut = min(reply.find(end) + len(end) for end in ends if end in reply)
        cut = reply.find(b">", cut - 1) + 1 or cut
        stream.unread(reply[cut:])
        return reply[:cut]

    return read


def _code(stream: Stream) -> bytes:
    """A reply of SMTP, FTP or NNTP: after `220-` it goes on to the line with `220 ` (RFC 959 §4.2). What is none is one line."""
    reply = line = stream.read_line(MOST)
    while reply[:3].isdigit() and (reply[3:4] == b"-" and line[:4] != reply[:3] + b" "):
        line = stream.read_line(MOST)
        reply += line
        if len(reply) > MOST:
            raise too_large(f"a reply before TLS is longer than {MOST} bytes")
    return reply


_LINE = _until(lambda _: True)
_TAGGED = _until(lambda line: not line.startswith(b"* "))
_SIEVE = _until(lambda line: not line.startswith(b'"'))
_IRC = _until(lambda line: line.split(b" ")[1:2] != [b"NOTICE"] and not line.startswith((b"NOTICE ", b"PING ")))


# --- the table --------------------------------------------------------------------------------------------

_XMPP_OPENING = (
    b"<?xml version='1.0'?><stream:stream to='{host}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
_LDAP_REQUEST = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"  # ExtendedRequest (RFC 4511 §4.14)
# SSLRequest: CLIENT_SSL, PROTOCOL_41 and SECURE_CONNECTION, packets of 16 MiB, utf8mb4, 23 zeros.
_MYSQL_REQUEST = b"\x20\0\0\x01" + b"\x00\x8a\0\0" + b"\0\0\0\x01" + b"\x2d" + bytes(23)

PROTOCOLS = {
    "smtp": Protocol(  # RFC 3207
        label="SMTP",
        opening=(Turn(read=_code, wants=(b"220",)), Turn(say=b"EHLO localhost\r\n", read=_code, wants=(b"250",), offers=b"STARTTLS")),
        switch=(Turn(say=b"STARTTLS\r\n", read=_code, wants=(b"220",)),),
    ),
    "lmtp": Protocol(
        label="LMTP",
        opening=(Turn(read=_code, wants=(b"220",)), Turn(say=b"LHLO localhost\r\n", read=_code, wants=(b"250",), offers=b"STARTTLS")),
        switch=(Turn(say=b"STARTTLS\r\n", read=_code, wants=(b"220",)),),
    ),
    "imap": Protocol(  # RFC 9051 §6.2.1
        label="IMAP",
        opening=(Turn(read=_LINE, wants=(b"* OK", b"* PREAUTH")),),
        switch=(Turn(say=b"a1 STARTTLS\r\n", read=_TAGGED, offers=b"a1 OK"),),
    ),
    "pop3": Protocol(  # RFC 2595 §4
        label="POP3", opening=(Turn(read=_LINE, wants=(b"+OK",)),), switch=(Turn(say=b"STLS\r\n", read=_LINE, wants=(b"+OK",)),)
    ),
    "ftp": Protocol(  # RFC 4217 §4
        label="FTP", opening=(Turn(read=_code, wants=(b"220",)),), switch=(Turn(say=b"AUTH TLS\r\n", read=_code, wants=(b"234",)),)
    ),
    "nntp": Protocol(  # RFC 4642
        label="NNTP",
        opening=(Turn(read=_code, wants=(b"200", b"201")),),
        switch=(Turn(say=b"STARTTLS\r\n", read=_code, wants=(b"382",)),),
    ),
    "sieve": Protocol(  # RFC 5804 §2.2
        label="ManageSieve",
        opening=(Turn(read=_SIEVE, wants=(b'"', b"OK"), offers=b"STARTTLS"),),
        switch=(Turn(say=b"STARTTLS\r\n", read=_SIEVE, wants=(b"OK",)),),
    ),
    "irc": Protocol(label="IRC", switch=(Turn(say=b"STARTTLS\r\n", read=_IRC, offers=b" 670 "),)),  # IRCv3 tls-3.1
    "xmpp": Protocol(  # RFC 6120 §5.4
        label="XMPP",
        opening=(Turn(say=_XMPP_OPENING, read=_past(b"</stream:features>", b"</stream:stream>"), wants=(b"<",), offers=b"<starttls"),),
        switch=(
            Turn(
                say=b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
                read=_past(b"<proceed", b"<failure", b"</stream:stream>"),
                wants=(b"<proceed",),
            ),
        ),
    ),
    "ldap": Protocol(label="LDAP", switch=(Turn(say=_LDAP_REQUEST, read=binary.ldap, wants=(b"\x30",), agrees=binary.ldap_succeeds),)),
    "postgres": Protocol(label="PostgreSQL", switch=(Turn(say=b"\0\0\0\x08\x04\xd2\x16\x2f", read=binary.postgres, wants=(b"S",)),)),
    "mysql": Protocol(label="MySQL", opening=(Turn(read=binary.mysql),), switch=(Turn(say=_MYSQL_REQUEST, read=lambda _: b""),)),
}
NAMES = tuple(PROTOCOLS)
NONE_HAVE = {"redis": "Redis has no STARTTLS: its TLS has a port of its own; use rediss:// or --tls", "http": "use https:// or --tls"}


def protocol(name: str) -> str:
    """The name, once it is known to be one of `NAMES`. Raises `ValueError`."""
    from rrcli.options.parse import one_of

    name = {"postgresql": "postgres", "lmtps": "lmtp"}.get(name.lower(), name.lower())
    if name in NONE_HAVE:
        raise ValueError(NONE_HAVE[name])
    return one_of(*NAMES)(name)


def upgrade(stream: Stream, name: str, context: Any, host: str, *, opened: bool = False) -> None:
    """Agree on TLS as the protocol `name` does and continue over TLS, shaking hands with `host`; phases `handshake`, `tls`.

    `opened` leaves out the opening, which a dialogue has had. Raises `unsupported` of layer `tls` when the peer declines,
    `wrong_protocol` when it speaks something else.
    """
    from rrcli.wire.tls import start_tls

    spoken = PROTOCOLS[name]
    first = spoken.opening[0] if spoken.opening else spoken.switch[0]
    stream.recorder.timeline.enter("handshake")
    for turn in (*(() if opened else spoken.opening), *spoken.switch):
        _take(stream, spoken, turn, host, first=not opened and turn is first)
    stream.recorder.timeline.leave()
    start_tls(stream, context, host)
    stream.recorder.first = b""


def _take(stream: Stream, spoken: Protocol, turn: Turn, host: str, *, first: bool) -> None:
    if turn.say:
        stream.write(turn.say.replace(b"{host}", host.encode()), f"STARTTLS for {spoken.label}")
    try:
        reply = turn.read(stream)
    except ExchangeError as error:
        began = stream.recorder.first
        if first and error.kind in ("too_large", "truncated") and began and not (turn.wants and began.startswith(turn.wants)):
            raise _another(stream, spoken) from error
        if error.kind == "truncated":
            raise ExchangeError("transport", "closed", f"the peer closed before TLS was agreed on: {error.message}") from error
        raise
    if spoken.label == "MySQL" and reply:
        _check_mysql(stream, spoken, reply)
    good = not turn.wants or reply.startswith(turn.wants)
    if not good and first and not _is_refusal(spoken, reply):
        raise _another(stream, spoken)
    if not good or turn.offers.lower() not in reply.lower() or (turn.agrees and not turn.agrees(reply)):
        raise _declined(spoken, reply)


def _is_refusal(spoken: Protocol, reply: bytes) -> bool:
    """Whether the first reply is the protocol's own way of saying no."""
    if spoken.label in ("SMTP", "LMTP", "FTP", "NNTP"):
        return reply[:1] in b"45" and reply[:3].isdigit()
    return reply.startswith(REFUSALS.get(spoken.label, ()))


def _check_mysql(stream: Stream, spoken: Protocol, packet: bytes) -> None:
    """Raise unless the greeting (protocol 10) offers TLS: its flags come after the version, an id and half a scramble."""
    end = packet.find(b"\0", 5)
    if packet[3:5] != b"\0\x0a" or end < 0:
        if packet[4:5] == b"\xff":
            raise _declined(spoken, packet)
        raise _another(stream, spoken)
    if not int.from_bytes(packet[end + 14 : end + 16], "little") & CLIENT_SSL:
        raise _declined(spoken, b"")


def _another(stream: Stream, spoken: Protocol) -> ExchangeError:
    from rrcli.codec.recognise import recognise

    found = recognise(stream.recorder.first)
    stream.recorder.first = b""  # said here, and not once more by what comes to look at the failure
    tls = "the port speaks TLS from the start: leave --starttls out"
    hint = tls if found.what.startswith("a TLS") else "check the port, and the protocol named by --starttls"
    return ExchangeError("protocol", "wrong_protocol", f"expected {spoken.label}, got {found.what}", hint=hint)


def _declined(spoken: Protocol, reply: bytes) -> ExchangeError:
    reason = REASONS.get(spoken.label)
    words = reason(reply) if reason else reply.strip().split(b"\n")[-1].decode("utf-8", "replace").strip()
    said = "".join(letter for letter in words if letter.isprintable())[:MOST_SHOWN]
    hint = "the server has no TLS configured, or offers it on a port of its own (then without --starttls)"
    if spoken.label in ("PostgreSQL", "MySQL") and said:  # an error, and no answer to whether there is TLS
        hint = "the server refuses the connection before TLS, for the reason that it names"
    return ExchangeError("tls", "unsupported", f"the {spoken.label} server does not start TLS{f': {said}' if said else ''}", hint=hint)
