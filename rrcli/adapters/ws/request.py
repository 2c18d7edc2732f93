"""The request of `rrcli ws`: the upgrade, the messages that are sent, and what ends the conversation."""

from __future__ import annotations

from rrcli.adapters.http.request import AnyHttpRequest
from rrcli.options.option import option
from rrcli.options.parse import count, duration
from rrcli.options.steps import ending, payload, step_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from rrcli.options.steps import Step

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")  # RFC 9110 section 5.6.2
LONGEST_PING = 125  # bytes of a control frame (RFC 6455 section 5.5)


def step(flag: str, text: str) -> Step:
    """One step of the conversation. Raises `ValueError`."""
    return flag, ending(text) if flag == "--await" else payload(flag, text)


def subprotocol(text: str) -> str:
    """A name that fits into Sec-WebSocket-Protocol (RFC 6455 section 4.1)."""
    if not text or not TOKEN.issuperset(text):
        raise ValueError(f"{text!r} is no name of a subprotocol; several are given one by one")
    return text


def fragment_size(text: str) -> int:
    """Bytes of a frame, from 1."""
    if not (number := count(text)):
        raise ValueError(f"{text!r} is not at least 1")
    return number


def ping_text(text: str) -> str:
    """What fits into a control frame."""
    if len(text.encode("utf-8", "surrogateescape")) > LONGEST_PING:
        raise ValueError(f"a ping has at most {LONGEST_PING} bytes")
    return text


def goodbye(text: str) -> tuple[int, str]:
    """`CODE[:REASON]` of a close frame that an endpoint may send."""
    from rrcli.codec.wsconnection import REASON_SIZE, is_close_code

    code, _, reason = text.partition(":")
    if not (code.isascii() and code.isdecimal() and len(code) == 4 and is_close_code(int(code))):
        raise ValueError(f"{code!r} is no code to close with: 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    if len(reason.encode("utf-8", "surrogateescape")) > REASON_SIZE:
        raise ValueError(f"a reason has at most {REASON_SIZE} bytes")
    return int(code), reason


def goodbye_text(value: tuple[int, str]) -> str:
    code, reason = value
    return f"{code}:{reason}" if reason else str(code)


class WsRequest(AnyHttpRequest):
    """`URL [MESSAGE...]`: each MESSAGE is a text message, sent behind what `--send` and its like name."""

    without_effect: ClassVar[tuple[str, ...]] = (
        "method", "compress", "request_target", "http10", "http2", "http2_prior_knowledge", "http3", "http3_only", "qlog", "early_data",
        "idempotency_key",
    )  # fmt: skip
    shown_arguments: ClassVar[str] = "rrcli.adapters.ws.prepare:shown_arguments"
    needs_arguments: ClassVar[bool] = True
    multiplexes: ClassVar[bool] = False
    input_option: ClassVar[str | None] = "--stdin"
    event_keys: ClassVar[tuple[str, ...]] = (*AnyHttpRequest.event_keys, "size", "wire_size", "frames", "rtt_ms", "code")

    steps: tuple[Step, ...] = option(
        "--send", "--send-hex", "--send-base64", "--send-file", "--await", kind="steps", parse=step, write=step_text, metavar="TEXT",
        help="Send TEXT with its escapes (\\n, \\x41) as a text message; hex digits, base64 or a file (- is standard input) as a binary "
        "one. --await reads on until a message has TEXT or matches /REGEX/, whose (?P<name>...) a later --send may use as {{name}}. In "
        "the order given, before every MESSAGE.", group="Messages",
    )  # fmt: skip
    stdin: bool = option(
        "--stdin", kind="flag", group="Messages", help="Send each line of standard input as a message, as it comes, behind all others."
    )
    text: bool = option("--text", kind="flag", group="Messages", help="What --send-file brings is text.")
    binary: bool = option("--binary", kind="flag", group="Messages", help="MESSAGE, --send and the lines of --stdin are binary messages.")
    fragment: int | None = option(
        "--fragment", parse=fragment_size, metavar="SIZE", group="Messages", help="Cut each message into frames of SIZE bytes."
    )
    subprotocols: tuple[str, ...] = option(
        "--subprotocol", kind="many", parse=subprotocol, metavar="NAME", group="WebSocket",
        help="Offer this subprotocol; repeat it, the best first.",
    )  # fmt: skip
    no_compress: bool = option("--no-compress", kind="flag", group="WebSocket", help="Offer no permessage-deflate.")
    ping: str | None = option(
        "--ping", kind="optional", parse=ping_text, bare="ping", metavar="TEXT", group="WebSocket",
        help="Send a ping and wait for its pong, which tells the round trip.",
    )  # fmt: skip
    ping_interval: float | None = option(
        "--ping-interval", parse=duration, metavar="TIME", group="WebSocket", help="Ping so often; no silence ends it by itself then."
    )
    ping_timeout: float | None = option(
        "--ping-timeout", parse=duration, metavar="TIME", group="WebSocket", help="Fail when a pong takes longer.  [twice the interval]"
    )
    close: tuple[int, str] | None = option(
        "--close", parse=goodbye, write=goodbye_text, metavar="CODE[:REASON]", group="WebSocket", help="Say goodbye so.  [1000]"
    )
