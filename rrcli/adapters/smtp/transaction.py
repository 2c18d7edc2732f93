"""The transaction: MAIL, RCPT for each recipient, DATA and the message (RFC 5321 section 3.3), in groups where the server takes them."""

from __future__ import annotations

from rrcli.adapters.smtp.conversation import Recipient
from rrcli.adapters.smtp.handshake import REFUSED, expect
from rrcli.codec.smtp import DATA, RSET, Command, grouped, mail, message, needs_utf8, rcpt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.smtp.conversation import SmtpConversation
    from rrcli.adapters.smtp.mailing import Mailing
    from rrcli.codec.smtp import Reply

WANTED = {"MAIL": (250,), "RCPT": (250, 251, 252), "DATA": (354,)}


def transact(talk: SmtpConversation, mailing: Mailing) -> None:
    """Hand the message over, or go as far as is wanted; `talk` then knows the stage, the recipients and the reply that decides."""
    talk.stage = "mail"
    data = _commands_and_data(talk, mailing)
    talk.context.recorder.wrote = True  # whatever it says now, it is the server's answer to this message
    if data is None:
        return
    accepted = [recipient for recipient in talk.recipients if recipient.turn.reply.code < REFUSED]
    talk.stage = "data"
    if data.code >= REFUSED:
        talk.decided = data
        return
    assert mailing.letter
    talk.say_message(message(mailing.letter.data), len(mailing.letter.data))
    if mailing.place.lmtp:
        _hear_each(talk, accepted)
    else:
        reply = talk.hear("message")
        expect(reply, "the message", 250)
        talk.delivered = reply.code < REFUSED
        talk.decided = reply if reply.code >= REFUSED else _worst(talk) or reply
    _note_partial(talk)


def _commands_and_data(talk: SmtpConversation, mailing: Mailing) -> Reply | None:
    """MAIL, RCPT and DATA; the reply to DATA where the message, or the refusal of DATA, decides. Else `talk.decided` is set."""
    request, recipients = mailing.request, iter(mailing.recipients)
    commands = [_mail(talk, mailing)]
    if mailing.reaches("rcpt"):
        notify = tuple(request.dsn.split(",")) if request.dsn else ()
        commands += [rcpt(address, notify=notify) for address in mailing.recipients]
    together = mailing.reaches("data") and not request.require_all
    for group in grouped([*commands, DATA] if together else commands, pipelining=talk.pipelines):
        if group[0] is DATA and not _accepted(talk):
            break
        talk.say(*group)
        for command in group:
            if command.verb == "RCPT":
                talk.stage = "rcpt"
            reply = _hear(talk, command)
            if command.verb == "RCPT":
                talk.recipients.append(Recipient(address=next(recipients), turn=talk.turns[-1]))
            if talk.closing:
                talk.decided = reply
                return None
        if talk.turns[-1].command == "MAIL" and reply.code >= REFUSED:
            break
    return _decide(talk, mailing, reply)


def _decide(talk: SmtpConversation, mailing: Mailing, reply: Reply) -> Reply | None:
    """Whether the message may follow: the reply to DATA, else `None`, and `talk.decided` is set. `reply` is the latest."""
    sender = next(turn.reply for turn in talk.turns if turn.command == "MAIL")
    if sender.code >= REFUSED:
        talk.stage = "mail"
        _take_back(talk, reply)
        talk.decided = sender
        return None
    if not mailing.reaches("rcpt"):
        talk.decided = reply
        return None
    worst = _worst(talk)
    if not _accepted(talk):
        _take_back(talk, reply)
        talk.decided = worst
        return None
    if not mailing.reaches("data"):
        talk.decided = worst or reply
        return None
    if not mailing.request.require_all:
        return reply
    if worst:
        talk.say(RSET)
        talk.hear("RSET")
        talk.decided = worst
        talk.context.note("require-all", "a recipient was refused, so the message was sent to none")
        return None
    talk.say(DATA)
    return _hear(talk, DATA)


def _mail(talk: SmtpConversation, mailing: Mailing) -> Command:
    """MAIL, with the parameters that the server offers."""
    offers, letter, request = talk.offers.keywords, mailing.letter, mailing.request
    size = request.size if request.size is not None else len(letter.data) if letter else None
    utf8 = needs_utf8(mailing.sender, *mailing.recipients) or bool(letter and letter.utf8)
    return mail(
        mailing.sender,
        size=size if "SIZE" in offers else None,
        eight_bit=bool(letter and letter.eight_bit),
        utf8=utf8,
    )


def _hear(talk: SmtpConversation, command: Command) -> Reply:
    reply = talk.hear(command.verb)
    expect(reply, command.verb, *WANTED[command.verb])
    return reply


def _take_back(talk: SmtpConversation, reply: Reply) -> None:
    """End a DATA that went out with the commands before it and was agreed to, though nobody gets the message (RFC 2920 section 3.1)."""
    if reply.code == 354:
        talk.say(Command(verb="message", data=b".\r\n"))
        talk.hear("message")


def _hear_each(talk: SmtpConversation, accepted: list[Recipient]) -> None:
    """The replies of LMTP: one for each recipient that was accepted, in their order (RFC 2033 section 4.2)."""
    for recipient in accepted:
        reply = talk.hear("message")
        expect(reply, "the message", 250)
        talk.recipients[talk.recipients.index(recipient)] = Recipient(address=recipient.address, turn=talk.turns[-1])
        talk.delivered = talk.delivered or reply.code < REFUSED
    talk.decided = _worst(talk) or talk.last


def _accepted(talk: SmtpConversation) -> bool:
    return any(recipient.turn.reply.code < REFUSED for recipient in talk.recipients)


def _worst(talk: SmtpConversation) -> Reply | None:
    """The worst refusal of a recipient, the first of its code."""
    refusals = [recipient.turn.reply for recipient in talk.recipients if recipient.turn.reply.code >= REFUSED]
    return max(refusals, key=lambda reply: reply.code, default=None)


def _note_partial(talk: SmtpConversation) -> None:
    refused = sum(recipient.turn.reply.code >= REFUSED for recipient in talk.recipients)
    if refused and talk.delivered:
        talk.context.note("partial", f"{refused} of {len(talk.recipients)} recipients were refused; the message went to the others")
