"""SMTP and LMTP: a dialogue of commands and replies, each of them timed.

Greeting, EHLO, STARTTLS with EHLO again, and AUTH are the handshake (`handshake.py`); MAIL, RCPT and DATA hand over the message
(`transaction.py`). A refusal is an answer. QUIT is always said, and decides nothing. With `--mx` the first hop looks the exchangers
up (`exchangers.py`). The bytes of commands and replies are `codec/smtp.py`'s, those of the message `codec/mail.py`'s.
"""

from __future__ import annotations

from rrcli.adapters.smtp.answer import answer_of
from rrcli.adapters.smtp.conversation import SmtpConversation
from rrcli.adapters.smtp.handshake import shake_hands
from rrcli.adapters.smtp.mailing import Mailing, mailing_of
from rrcli.adapters.smtp.transaction import transact
from rrcli.base.errors import ExchangeError
from rrcli.engine.events import Content, Finished, Received, Sent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.smtp.request import SmtpRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event


def run_hop(request: SmtpRequest, context: Context) -> Iterator[Event]:
    """Hand a message over, or get as far as `--stop-after` says. A refusal is an answer whose status is not ok."""
    mailing = mailing_of(request, context.id, context.state)
    if mailing.login:
        context.secret(mailing.login[1])
    if request.mx and context.state is None:
        from rrcli.adapters.smtp.exchangers import look_up

        yield from look_up(mailing, context)
    elif request.mx:
        from rrcli.adapters.smtp.exchangers import or_next

        yield from or_next(context, converse(mailing, context))
    else:
        yield from converse(mailing, context)


def converse(mailing: Mailing, context: Context) -> Iterator[Event]:
    """The dialogue with one server."""
    yield Sent(message=mailing.message(), target=mailing.place.target)
    tls = context.tls_context() if mailing.starttls else None
    stream = context.connect(mailing.place.host, mailing.place.port, tls=mailing.place.tls)
    talk = SmtpConversation(stream, context)
    try:
        if shake_hands(talk, mailing, tls):
            yield Sent(message=mailing.message(pipelined=talk.pipelines), target=mailing.place.target)
            transact(talk, mailing)
        talk.quit()
    except ExchangeError as error:
        if error.kind == "unsupported":
            talk.quit()
        if talk.last:
            yield Received(answer=answer_of(talk, talk.last))
        raise
    finally:
        stream.close()
    decided = talk.decided or talk.last
    assert decided
    assert talk.last
    answer = answer_of(talk, decided)
    yield Received(answer=answer)
    yield Content(data="".join(f"{line}\n" for line in talk.last.written()).encode("utf-8", "surrogateescape"))
    yield Finished(answer=answer)
