"""An exchange as a command line of natscli (`nats`). No secret is written: an environment variable stands in its place."""

from __future__ import annotations

from rrcli.adapters.nats.endpoint import place_of
from rrcli.adapters.nats.reply import text_of
from rrcli.adapters.nats.words import ALL
from rrcli.adapters.tcp.shell import printf
from rrcli.base.fields import MASK
from rrcli.base.shellquote import quoted
from rrcli.base.url import host_port
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import mask_field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.nats.request import NatsRequest
    from rrcli.model.values import Exchange

PASSWORD, TOKEN, SECRET = '"$NATS_PASSWORD"', '"$NATS_TOKEN"', '"$NATS_SECRET"'


def as_command(exchange: Exchange, request: NatsRequest) -> str:
    """The command; a payload that is no text is piped into it."""
    mask = Mask(exchange.secrets)
    subject = exchange.request.data.get("subject")
    words = ["nats", *_connection(exchange, request)]
    if subject is None:
        return " ".join((*words, "rtt", "1"))
    if request.answers:
        return " ".join((*words, "reply", *_reply(request, mask), _shell(subject, mask), *_reply_body(request, mask)))
    payload = exchange.request.body.data if exchange.request.body else b""
    words.append("publish" if request.no_reply else "request")
    for name, value in exchange.request.fields:
        words += ["-H", _shell(f"{name}:{mask_field(name, value)}", mask)]
    if not request.no_reply and request.replies != 1:
        words += ["--replies", "0" if request.replies == ALL else str(request.replies), "--reply-timeout", f"{request.reply_timeout:g}s"]
    if b"{{" in payload or "{{" in subject:
        words.append("--no-templates")
    words.append(_shell(subject, mask))
    text = text_of(payload)
    if text is None:
        return " ".join((printf(payload), "|", *words, *(["--force-stdin"] if request.no_reply else [])))
    return " ".join((*words, _shell(text, mask)))


def _connection(exchange: Exchange, request: NatsRequest) -> Iterator[str]:
    """Where to connect, who logs in, and the files for TLS."""
    place = place_of(exchange.target.url)
    yield from ("--server", quoted(f"{'tls' if place.tls else 'nats'}://{host_port(place.host, place.port)}"))
    user, password = request.user or place.user, request.password if request.password is not None else place.password
    if request.creds:
        yield from ("--creds", quoted(request.creds))
    elif request.nkey:
        yield from ("--nkey", quoted(request.nkey))
    elif request.token is not None or (user and password is None):
        yield from ("--user", TOKEN)
    elif user:
        yield from ("--user", quoted(user), "--password", PASSWORD)
    for flag, path in (("--tlsca", request.cacert), ("--tlscert", request.cert), ("--tlskey", request.key)):
        if path:
            yield from (flag, quoted(path))
    if request.tls_first:
        yield "--tlsfirst"
    if request.inbox_prefix != "_INBOX":
        yield from ("--inbox-prefix", quoted(request.inbox_prefix))
    if request.timeout:
        yield from ("--timeout", f"{request.timeout:g}s")


def _reply(request: NatsRequest, mask: Mask) -> Iterator[str]:
    """The options of `nats reply`."""
    if request.queue:
        yield from ("--queue", _shell(request.queue, mask))
    if request.max_events:
        yield from ("--count", str(request.max_events))
    if request.reply_echo:
        yield "--echo"


def _reply_body(request: NatsRequest, mask: Mask) -> Iterator[str]:
    if request.reply_file is not None:
        yield f'"$(cat {quoted(request.reply_file)})"'
    elif request.reply is not None:
        yield _shell(request.reply, mask)


def _shell(text: str, mask: Mask) -> str:
    """One word for a shell, with a variable in place of every mask."""
    parts = mask.text(text).split(MASK)
    return SECRET.join(quoted(part) if part else "" for part in parts) if len(parts) > 1 else quoted(text)
