"""SMTP and LMTP: a dialogue of commands and replies, each of them timed.

Greeting, EHLO, STARTTLS with EHLO again, and AUTH are the handshake (`handshake.py`); MAIL, RCPT and DATA hand over the message
(`transaction.py`). A refusal is an answer. QUIT is always said, and decides nothing. With `--mx` the first hop looks the exchangers
up (`exchangers.py`). The bytes of commands and replies are `codec/smtp.py`'s, those of the message `codec/mail.py`'s.
"""

from __future__ import annotations

from rrcli.adapters.smtp.hop import run_hop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.smtp.request import SmtpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def exchange(request: SmtpRequest, context: Context) -> Iterator[Event]:
    """The events of the exchange that the request asks for."""
    return run_hop(request, context)
