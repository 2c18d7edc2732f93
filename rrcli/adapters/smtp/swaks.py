"""An exchange as a command line of swaks. No secret is written: an environment variable stands in its place."""

from __future__ import annotations

from rrcli.adapters.smtp.arguments import place_of
from rrcli.base.fields import MASK
from rrcli.base.shellquote import quoted
from rrcli.codec.smtp import STARTTLS
from rrcli.policy.mask import Mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.smtp.request import SmtpRequest
    from rrcli.model.values import Exchange

PASSWORD, SECRET = '"$SMTP_PASSWORD"', '"$SMTP_SECRET"'
# Where swaks is told to stop; it has no word for `data`, which is all of it.
STOPS = {"connect": "CONNECT", "ehlo": "FIRST-EHLO", "starttls": "TLS", "auth": "AUTH", "mail": "MAIL", "rcpt": "RCPT"}


def as_command(exchange: Exchange, request: SmtpRequest) -> str:
    """The command, its message piped into it; `SMTP_PASSWORD` is to be set before."""
    words = ["swaks", *_server(exchange, request), *_login(request)]
    data = exchange.request.data
    if data.get("from") is not None:
        words += ["--from", quoted(data["from"] or "<>")]
    if data.get("to"):
        words += ["--to", quoted(",".join(data["to"]))]
    if request.ehlo:
        words += ["--ehlo", quoted(request.ehlo)]
    body = exchange.request.body
    if body is None:
        stage = str(exchange.request.summary).rpartition(" ")[2] if data.get("from") is None else "rcpt" if data.get("to") else "mail"
        return " ".join([*words, "--quit-after", STOPS[stage]])
    if request.data and request.data.startswith("@") and request.data != "@-":
        return " ".join([*words, "--data", quoted(request.data)])
    text = Mask(exchange.secrets).text(body.data.replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape"))
    parts = [quoted(part) if part else "" for part in text.split(MASK)]
    return f"printf %s {SECRET.join(parts)} | {' '.join([*words, '--data', '-'])}"


def _server(exchange: Exchange, request: SmtpRequest) -> list[str]:
    """Which server, and how TLS begins there. swaks verifies a certificate only when it is told to."""
    place, target = place_of(request), exchange.target
    words = ["--socket", quoted(request.unix_socket)] if request.unix_socket else []
    if not words:
        words = ["--server", quoted(target.host or place.host), "--port", str(target.port or place.port)]
    if place.lmtp:
        words += ["--protocol", "LMTP"]
    asked = {"required": ["--tls"], "auto": ["--tls-optional"]}.get(request.starttls or "", [])
    words += ["--tls-on-connect"] if place.tls else asked
    if exchange.connection.tls and not request.insecure:
        words.append("--tls-verify")
        if request.cacert:
            words += ["--tls-ca-path", quoted(request.cacert)]
    for flag, file in (("--tls-cert", request.cert), ("--tls-key", request.key)):
        if file:
            words += [flag, quoted(file)]
    if STARTTLS.verb in (request.stop_after or "").upper() and not asked:
        words.append("--tls")
    return words + (["--pipeline"] if exchange.request.data.get("pipelined") else [])


def _login(request: SmtpRequest) -> list[str]:
    """Who logs in."""
    place = place_of(request)
    user = request.user.partition(":")[0] if request.user is not None else place.user
    if user is None:
        return []
    return ["--auth", (request.mechanism or "plain,login,cram-md5").upper(), "--auth-user", quoted(user), "--auth-password", PASSWORD]
