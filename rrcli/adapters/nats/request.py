"""The request of `rrcli nats`: a message and how many replies are waited for, or what is answered to the messages of others."""

from __future__ import annotations

from rrcli.adapters.nats.words import base64_bytes, base64_text, header, hex_bytes, hex_text, reply_count, reply_count_text
from rrcli.options.option import option
from rrcli.options.parse import duration
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class NatsRequest(Request):
    """One message to the subject that follows the URL, or to 127.0.0.1:4222; a URL alone asks for PONG."""

    shown_arguments: ClassVar[str] = "rrcli.adapters.nats.words:shown_arguments"
    options_end_at_data: ClassVar[bool] = True
    lines: ClassVar[bool] = True
    input_option: ClassVar[str | None] = "--payload-file -"
    event_keys: ClassVar[tuple[str, ...]] = (*Request.event_keys, "subject", "reply_to", "headers", "size")

    headers: tuple[str, ...] = option(
        "-H", "--header", kind="many", parse=header, metavar="HEADER", secret="rrcli.adapters.http.shownwords:header",
        help="Send the header 'Name: value', with the letters as they are; repeatable.",
    )  # fmt: skip
    payload_hex: bytes | None = option("--payload-hex", parse=hex_bytes, write=hex_text, metavar="HEX", help="Payload as hex digits.")
    payload_base64: bytes | None = option(
        "--payload-base64", parse=base64_bytes, write=base64_text, metavar="BASE64", help="Payload as base64."
    )
    payload_file: str | None = option("--payload-file", metavar="FILE", help="Payload from FILE (- is standard input).")
    replies: int = option(
        "--replies", default=1, parse=reply_count, write=reply_count_text, metavar="N|all", help="Replies to wait for at most.  [1]"
    )
    reply_timeout: float = option(
        "--reply-timeout", default=0.3, parse=duration, metavar="TIME",
        help="Silence that ends the replies once one came; the first has --timeout.  [300ms]",
    )  # fmt: skip
    no_reply: bool = option("--no-reply", kind="flag", help="Publish only: done when the server has taken the message.")
    reply: str | None = option("--reply", metavar="TEXT", group="Answering", help="Subscribe, and answer each request with TEXT.")
    reply_file: str | None = option("--reply-file", metavar="FILE", group="Answering", help="Answer with the bytes of FILE.")
    reply_echo: bool = option("--reply-echo", kind="flag", group="Answering", help="Answer with the request's own payload and headers.")
    queue: str | None = option("--queue", metavar="NAME", group="Answering", help="Share the requests with others of this queue group.")
    user: str | None = option("--user", metavar="NAME", group="Login", help="User to log in as.")
    password: str | None = option(
        "--password", metavar="PASSWORD", group="Login", help="Password to log in with.", secret="rrcli.options.commandline:hidden"
    )
    token: str | None = option(
        "--token", metavar="TOKEN", group="Login", help="Token to log in with.", secret="rrcli.options.commandline:hidden"
    )
    nkey: str | None = option("--nkey", metavar="FILE", group="Login", help="Sign with the nkey seed in FILE.")
    creds: str | None = option("--creds", metavar="FILE", group="Login", help="Log in with the JWT and the seed in FILE (.creds).")
    tls_first: bool = option("--tls-first", kind="flag", group="TLS", help="Shake hands for TLS before the server's INFO.")
    inbox_prefix: str = option("--inbox-prefix", default="_INBOX", metavar="SUBJECT", help="Beginning of the inbox.  [_INBOX]")

    @property
    def answers(self) -> bool:
        """Whether the requests of others are to be answered."""
        return self.reply is not None or self.reply_file is not None or self.reply_echo
