"""An exchange over a WebSocket as a command line of websocat (version 1); no secret is in it, but an environment variable in its place."""

from __future__ import annotations

from rrcli.base.fields import MASK
from rrcli.base.shellquote import quoted
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import mask_field, mask_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.ws.request import WsRequest
    from rrcli.model.values import Exchange

OWN = ("host", "upgrade", "connection", "user-agent", "proxy-authorization")  # fields that websocat sends by itself


def as_command(exchange: Exchange, request: WsRequest | None = None) -> str | None:
    """The line; `None` for what websocat cannot do: steps that wait, several binary messages, text with both kinds of its ends."""
    from rrcli.adapters.ws.prepare import Await, loaded

    steps = [] if request is None or request.stdin else loaded(request)
    if any(isinstance(step, Await) for step in steps):
        return None
    messages = [step for step in steps if not isinstance(step, Await)]
    binary = [message for message in messages if not message.is_text]
    if binary and len(messages) > 1:
        return None
    mask = Mask(exchange.secrets)
    words = ["websocat", *_options(exchange, request, mask)]
    pipe = ""
    if binary:
        from rrcli.adapters.tcp.shell import printf

        words.append("--binary")
        pipe = f"{printf(mask.blank(binary[0].data))} | "
    elif messages:
        texts = [message.data.decode() for message in messages]
        end = "\\n"
        if any("\n" in text for text in texts):
            if any("\0" in text for text in texts):
                return None
            words.append("--null-terminated")
            end = "\\0"
        pipe = f"printf '%s{end}' {' '.join(_shell(mask.text(text), 'WS_SECRET') for text in texts)} | "
    if messages:  # its input is over at once: it stays for as many answers
        words += ["--no-close", "--max-messages-rev", str(len(messages))]
    return f"{pipe}{' '.join(words)} {_shell(mask.text(mask_url(exchange.target.url)), 'WS_URL_SECRET')}"


def _options(exchange: Exchange, request: WsRequest | None, mask: Mask) -> list[str]:
    """The fields, and how the connection is made."""
    words: list[str] = []
    for name, value in exchange.request.fields:
        lower = name.lower()
        if lower == "sec-websocket-protocol":
            words += ["--protocol", quoted(value)]
        elif lower not in OWN and not lower.startswith("sec-websocket-"):
            variable = "WS_" + "".join([letter if letter.isalnum() else "_" for letter in name.upper()])
            words += ["-H", _shell(mask.text(f"{name}: {mask_field(name, value)}"), variable)]
    if exchange.connection.tls and not exchange.connection.tls.verified and exchange.error is None:
        words.append("-k")
    if request and request.ping_interval:
        words += ["--ping-interval", f"{max(1, round(request.ping_interval))}"]
    if request and request.close:
        code, reason = request.close
        words += ["--close-status-code", str(code), *(["--close-reason", quoted(reason)] if reason else [])]
    return words


def _shell(text: str, variable: str) -> str:
    """Text for the shell, each mask in it read from a variable."""
    parts = text.split(MASK)
    return f'"${variable}"'.join(quoted(part) if part else "" for part in parts) if len(parts) > 1 else quoted(text)
