"""The request of `rrcli tcp`: what to send, and where the answer ends."""

from __future__ import annotations

from rrcli.adapters.tcp.steps import place, place_text, step
from rrcli.codec.boundary import LENGTHS, VARINT
from rrcli.options.option import option
from rrcli.options.parse import count, duration, one_of
from rrcli.options.request import Request
from rrcli.options.steps import ending, ending_text, step_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern
    from typing import ClassVar

    from rrcli.options.steps import Step

PREFIXES = (*LENGTHS, VARINT)


class TcpRequest(Request):
    """Bytes to send to `HOST:PORT`, and what ends the answer."""

    without_effect: ClassVar[tuple[str, ...]] = ("max_events", "idempotency_key", "traceparent")
    input_option: ClassVar[str | None] = "--stdin"
    at_once: ClassVar[int] = 64  # most of a range's ports only wait

    steps: tuple[Step, ...] = option(
        "--send", "--send-hex", "--send-base64", "--send-file", "--await", "--starttls", kind="steps", parse=step, write=step_text,
        metavar="TEXT",
        help="Send TEXT with its escapes (\\r\\n, \\x00), hex digits, base64, or a file (- is standard input). --await reads up to TEXT or"
        " /REGEX/, whose (?P<x>...) fills {{x}} of a later --send; --starttls PROTO changes to TLS (smtp, imap, pop3, ftp, ldap,"
        " postgres, mysql, xmpp, ...). Repeatable, taken in order.",
    )  # fmt: skip
    stdin: bool = option("--stdin", kind="flag", help="Send standard input after what --send names.")
    tls: bool = option("--tls", kind="flag", help="Wrap the connection in TLS.")
    udp: bool = option("--udp", kind="flag", help="Send each --send as one UDP datagram.")
    connect_only: bool = option(
        "-z", "--connect-only", kind="flag", help="Open the connection, send nothing, and close it; HOST:22,80,8000-8010 tries several."
    )
    half_close: bool = option("--half-close", kind="flag", help="Close our half after the last byte sent.")
    proxy_protocol: str | None = option(
        "--proxy-protocol", metavar="VERSION", choices=("v1", "v2"), parse=one_of("v1", "v2"),
        help="Send a PROXY protocol header first: v1, v2.",
    )  # fmt: skip
    proxy_source: tuple[str, int] | None = option(
        "--proxy-source", parse=place, write=place_text, metavar="ADDRESS:PORT", help="Source in the PROXY header.  [our own address]"
    )
    read_until: bytes | Pattern[bytes] | None = option(
        "--read-until", parse=ending, write=ending_text, metavar="TEXT|/REGEX/", group="End of the answer",
        help="The answer ends after TEXT, or after the first match.",
    )  # fmt: skip
    read_bytes: int | None = option(
        "--read-bytes", parse=count, metavar="N", help="The answer ends after N bytes.", group="End of the answer"
    )
    read_lines: int | None = option(
        "--read-lines", parse=count, metavar="N", help="The answer ends after N lines.", group="End of the answer"
    )
    length_prefix: str | None = option(
        "--length-prefix", metavar="KIND", choices=PREFIXES, parse=one_of(*PREFIXES), group="End of the answer",
        help="Each --send goes out behind its length, and the answer is one such message: u8, u16be, u16le, u32be, u32le, varint.",
    )  # fmt: skip
    read_idle: float | None = option(
        "--read-idle", parse=duration, metavar="TIME", group="End of the answer",
        help="The answer ends when nothing came for TIME.  [1s]",
    )  # fmt: skip
    read_eof: bool = option("--read-eof", kind="flag", help="The answer ends when the peer closes.", group="End of the answer")
