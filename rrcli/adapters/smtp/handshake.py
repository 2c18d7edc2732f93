"""What a mail server is told before the message: EHLO, STARTTLS with EHLO again, AUTH. What it refuses here is the answer."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed
from rrcli.codec.smtp import STARTTLS, Command, capabilities, hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.smtp.conversation import SmtpConversation
    from rrcli.adapters.smtp.mailing import Mailing
    from rrcli.codec.smtp import Reply

REFUSED = 400  # and above
UNKNOWN = (500, 502)  # to EHLO: a server older than it (RFC 5321 section 3.2)
FIRST = "the peer waits for us to speak, and a mail server speaks first: the port may be another one's, or want TLS (smtps://)"
MOST_OFFERED = 20  # keywords in a message


def shake_hands(talk: SmtpConversation, mailing: Mailing, tls: Any) -> bool:
    """Go as far as the request wants, `tls` being the settings for STARTTLS; true when MAIL may follow.

    Raises `ExchangeError`: `unsupported` for what was asked for and is not offered, and what reading raises.
    """
    timeline = talk.context.recorder.timeline
    timeline.enter("handshake")
    greeting = _greeting(talk)
    talk.banner = shown(greeting)
    if _refuses(talk, greeting, 220) or not mailing.reaches("ehlo"):
        return False
    if not _hello(talk, mailing) or not mailing.reaches("starttls"):
        return False
    if mailing.starttls and not _start_tls(talk, mailing, tls):
        return False
    if not mailing.reaches("auth") or (mailing.login and not _log_in(talk, mailing, *mailing.login)) or not mailing.reaches("mail"):
        return False
    _check_offers(talk, mailing)
    talk.pipelines = "PIPELINING" in talk.offers.keywords and not mailing.request.no_pipelining and mailing.reaches("rcpt")
    timeline.leave()
    return True


def _greeting(talk: SmtpConversation) -> Reply:
    """The server's first words."""
    try:
        return talk.hear("connect")
    except ExchangeError as error:
        if error.kind == "timeout" and not talk.context.recorder.bytes_received:
            error.hint = FIRST
        raise


def _refuses(talk: SmtpConversation, reply: Reply, *wanted: int) -> bool:
    """Whether the reply refuses the handshake. Raises `malformed` for one that is neither a refusal nor `wanted`."""
    expect(reply, talk.turns[-1].command, *wanted)
    if reply.code < REFUSED:
        return False
    what = "is the greeting" if talk.stage == "connect" else f"answers {talk.turns[-1].command}"
    talk.context.note("handshake", f"the refusal {what}: nothing of a message was sent")
    return True


def expect(reply: Reply, command: str, *wanted: int) -> None:
    """Raise `malformed` for a reply that neither refuses nor is one of the `wanted`."""
    if reply.code < REFUSED and reply.code not in wanted:
        raise malformed(f"the mail server answers {command} with {reply.code}, which says neither yes nor no")


def shown(reply: Reply) -> str:
    """The text of a reply; bytes that are no UTF-8 are replaced."""
    return reply.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# --- EHLO


def _hello(talk: SmtpConversation, mailing: Mailing) -> bool:
    """EHLO, or LHLO of LMTP; HELO where the server knows only that. False for a refusal."""
    talk.stage = "ehlo"
    name = mailing.request.ehlo or _own_name(talk)
    reply = _ask(talk, hello("LHLO" if mailing.place.lmtp else "EHLO", name))
    if reply.code in UNKNOWN and not mailing.place.lmtp:
        talk.context.note("helo", "the server does not know EHLO: it offers nothing")
        reply = _ask(talk, hello("HELO", name))
        return not _refuses(talk, reply, 250)
    if _refuses(talk, reply, 250):
        return False
    talk.hello, talk.offers = reply, capabilities(reply)
    talk.offered = tuple(line.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for line in reply.lines[1:] if line.strip())
    return True


def _own_name(talk: SmtpConversation) -> str:
    """The host's name, where it is one of the DNS, else our address (RFC 5321 section 4.1.3)."""
    import _socket

    name = _socket.gethostname()
    if "." in name and name.isascii() and name.replace("-", "").replace(".", "").isalnum():
        return name
    address, _, port = (talk.context.recorder.local or "").rpartition(":")
    if not address or not port.isdecimal():  # a unix socket
        return "localhost"
    return f"[IPv6:{address[1:-1]}]" if address.startswith("[") else f"[{address}]"


def _ask(talk: SmtpConversation, command: Command) -> Reply:
    talk.say(command)
    return talk.hear(command.verb)


# --- STARTTLS


def _start_tls(talk: SmtpConversation, mailing: Mailing, tls: Any) -> bool:
    """Change to TLS and say EHLO again; false for a refusal of the latter.

    Where TLS is required nothing but that happens: an offer that somebody between took away is an error.
    """
    from rrcli.wire.resolve import to_ascii
    from rrcli.wire.tls import start_tls

    required = mailing.starttls == "required"
    if "STARTTLS" not in talk.offers.keywords:
        if required:
            raise _no_tls(f"the server does not offer STARTTLS, only {_named(talk)}")
        talk.context.note("starttls", "the server does not offer STARTTLS: what follows was sent in clear text")
        return True
    talk.stage = "starttls"
    reply = _ask(talk, STARTTLS)
    if reply.code != 220:
        expect(reply, "STARTTLS", 220)
        if required:
            raise _no_tls(f"the server refuses STARTTLS: {reply.code} {shown(reply)}")
        talk.context.note("starttls", f"the server refuses STARTTLS ({reply.code}): what follows was sent in clear text")
        return True
    if talk.has_more:
        raise malformed(
            "bytes in clear text came behind the agreement to begin TLS",
            "a buggy server, or somebody between who injects replies (CVE-2011-0411, CVE-2021-38371)",
        )
    start_tls(talk.stream, tls, to_ascii(mailing.request.sni or mailing.place.host))
    talk.stream.recorder.first = b""
    talk.begin_anew()
    talk.stream.recorder.timeline.enter("handshake")
    if not _hello(talk, mailing):
        return False
    talk.stage = "starttls"
    return True


def _no_tls(message: str) -> ExchangeError:
    hint = "TLS may have a port of its own (smtps://, 465); otherwise it was taken away on the way, or the server has none"
    return ExchangeError("tls", "unsupported", message, hint=hint)


def _named(talk: SmtpConversation) -> str:
    return ", ".join(list(talk.offers.keywords)[:MOST_OFFERED]) or "nothing"


# --- AUTH


def _log_in(talk: SmtpConversation, mailing: Mailing, user: str, password: str) -> bool:
    """Log in; false for a refusal."""
    from rrcli.codec.smtpauth import Auth, explained

    talk.stage = "auth"
    recorder, context = talk.context.recorder, talk.context
    if recorder.tls is None and not mailing.request.auth_plaintext:
        hint = "add --starttls, or write smtps://; --auth-plaintext sends them all the same"
        raise ExchangeError("tls", "unsupported", "user and password are sent over TLS only", hint=hint)
    auth = Auth(_mechanism(talk, mailing), user, password)
    talk.auth = auth.mechanism
    command = auth.begin()
    while True:
        context.secret(*auth.secrets, command.data[:-2].decode() if not command.data.startswith(b"AUTH") else None)
        reply = _ask(talk, _whole_response(command))
        if reply.code != 334:
            break
        context.secret(reply.lines[-1] or None)
        if auth.mechanism == "XOAUTH2":
            context.note("auth", f"the server says of the token: {explained(reply)}")
        command = auth.answer(reply)
    return not _refuses(talk, reply, 235)


def _whole_response(command: Command) -> Command:
    """The command with all behind the mechanism marked as secret: the user's name in base64 is none of a reader's business either."""
    words = command.data[:-2].split(b" ")
    begin = len(words[0]) + len(words[1]) + 2 if words[0] == b"AUTH" and len(words) > 1 else 0
    end = len(command.data) - 2
    return command.replace(secrets=((begin, end),)) if begin < end and (begin or words[0] != b"AUTH") else command


def _mechanism(talk: SmtpConversation, mailing: Mailing) -> str:
    """The mechanism to log in by. Raises `unsupported` where the server has none, or not the one asked for."""
    from rrcli.codec.smtpauth import choose

    offered = talk.offers.mechanisms
    wanted = (mailing.request.mechanism or "").upper()
    if not offered:
        hint = None if talk.context.recorder.tls else "many offer it over TLS only: --starttls"
        raise ExchangeError("protocol", "unsupported", "the server offers no login (AUTH)", hint=hint)
    found = (wanted if wanted in offered else None) if wanted else choose(offered)
    if found is None:
        what = f"not {wanted}" if wanted else "none that rrcli has without being told to"
        raise ExchangeError("protocol", "unsupported", f"of logins the server offers {', '.join(offered)}, {what}", hint="see --auth-mech")
    return found


# --- what the message needs


def _check_offers(talk: SmtpConversation, mailing: Mailing) -> None:
    """Raise `unsupported` where the message needs what the server does not offer: it would arrive broken, or not at all."""
    from rrcli.codec.smtp import needs_utf8

    letter, request = mailing.letter, mailing.request
    addresses = (mailing.sender, *(mailing.recipients if mailing.reaches("rcpt") else ()))
    needs = {
        "SMTPUTF8": "addresses or headers beyond ASCII need" if needs_utf8(*addresses) or (letter and letter.utf8) else None,
        "8BITMIME": "bytes beyond ASCII need" if letter and letter.eight_bit else None,
        "DSN": "--dsn needs" if request.dsn and mailing.reaches("rcpt") else None,
        "SIZE": "--size needs" if request.size is not None else None,
    }
    for keyword, reason in needs.items():
        if reason and keyword not in talk.offers.keywords:
            raise ExchangeError("protocol", "unsupported", f"the server does not offer {keyword}, which {reason}")
