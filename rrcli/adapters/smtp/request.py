"""The request of `rrcli smtp`: a message, whom it is from and for, and how far the dialogue is to go."""

from __future__ import annotations

from rrcli.options.option import option
from rrcli.options.parse import count, one_of
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

STAGES = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data")  # in the order in which a dialogue reaches them
MECHANISMS = ("plain", "login", "cram-md5", "xoauth2")
NOTIFICATIONS = ("success", "failure", "delay", "never")
MESSAGE, LOGIN, WAY = "Message", "Login and TLS", "Dialogue"


def notifications(text: str) -> str:
    """When the sender wants to hear of it (RFC 3461 section 4.1): some of success, failure and delay, or never alone."""
    words = text.lower().split(",")
    if not set(words) <= set(NOTIFICATIONS) or ("never" in words and len(words) > 1):
        raise ValueError(f"{text!r} is no notification; write success, failure and delay with commas between, or never")
    return ",".join(words)


class SmtpRequest(Request):
    """A message for the mail server at HOST:PORT."""

    without_effect: ClassVar[tuple[str, ...]] = ("max_events", "idempotency_key", "traceparent")
    shown_arguments: ClassVar[str] = "rrcli.adapters.smtp.arguments:shown_arguments"
    lines: ClassVar[bool] = True
    input_option: ClassVar[str | None] = "--data @-"

    sender: str | None = option("--from", metavar="ADDRESS", help="Sender; an empty one is that of failure notices.")
    recipients: tuple[str, ...] = option("--to", kind="many", metavar="ADDRESS", help="Recipient; may be repeated.")

    subject: str | None = option("--subject", metavar="TEXT", help="Subject of the message.", group=MESSAGE)
    text: str | None = option("--text", metavar="TEXT|@FILE", help="Text of the message; @- is standard input.", group=MESSAGE)
    html: str | None = option("--html", metavar="TEXT|@FILE", help="The same as HTML.", group=MESSAGE)
    attachments: tuple[str, ...] = option(
        "--attach", kind="many", metavar="FILE", help="File to go with the message; may be repeated.", group=MESSAGE
    )
    headers: tuple[str, ...] = option(
        "--header", kind="many", metavar="'NAME: VALUE'", group=MESSAGE, secret="rrcli.adapters.smtp.arguments:header",
        help="Header of the message, in place of ours of that name; may be repeated.",
    )  # fmt: skip
    data: str | None = option(
        "--data", metavar="@FILE|TEXT", help="The whole message, header and all, from a file or (@-) standard input.", group=MESSAGE
    )

    starttls: str | None = option(
        "--starttls", kind="optional", bare="required", parse=one_of("required", "auto"), metavar="WHEN", group=LOGIN,
        help="Change to TLS, or go no further; --starttls=auto: where the server offers it.",
    )  # fmt: skip
    tls: bool = option("--tls", kind="flag", help="TLS from the start, as smtps:// and port 465 have it.", group=LOGIN)
    user: str | None = option(
        "-u", "--user", metavar="USER:PASSWORD", help="Log in, over TLS only.", group=LOGIN, secret="rrcli.adapters.smtp.arguments:user"
    )
    mechanism: str | None = option(
        "--auth-mech", metavar="NAME", choices=MECHANISMS, parse=one_of(*MECHANISMS), group=LOGIN,
        help="How to log in: plain, login, cram-md5, xoauth2 (with a token as password).  [the first that is offered]",
    )  # fmt: skip
    auth_plaintext: bool = option("--auth-plaintext", kind="flag", help="Log in without TLS too.", group=LOGIN)

    lmtp: bool = option("--lmtp", kind="flag", help="Speak LMTP, which answers for each recipient; port 24.", group=WAY)
    mx: bool = option("--mx", kind="flag", help="HOST is a domain: try its mail exchangers; @SERVER is the name server to ask.", group=WAY)
    stop_after: str | None = option(
        "--stop-after", metavar="STAGE", choices=STAGES, parse=one_of(*STAGES), group=WAY,
        help="Go no further: connect, ehlo, starttls, auth, mail, rcpt, data.  [ehlo without --from and --to]",
    )  # fmt: skip
    ehlo: str | None = option("--ehlo", metavar="NAME", help="Our name in EHLO.  [the host's, or [ADDRESS]]", group=WAY)
    no_pipelining: bool = option(
        "--no-pipelining", kind="flag", help="Wait for each reply, also where the server takes several commands at once.", group=WAY
    )
    require_all: bool = option(
        "--require-all", kind="flag", help="Send the message only when every recipient is accepted: else RSET.", group=WAY
    )
    dsn: str | None = option(
        "--dsn", choices=NOTIFICATIONS, parse=notifications, metavar="WHEN", group=WAY,
        help="Ask for notices: success,failure,delay or never.",
    )  # fmt: skip
    size: int | None = option("--size", parse=count, metavar="N", help="Size to announce in MAIL.  [the message's]", group=WAY)
