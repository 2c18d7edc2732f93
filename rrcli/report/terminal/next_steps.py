"""What an exchange that failed means and what to do now: the lines under the picture, each a label and a sentence."""

from __future__ import annotations

from rrcli.base.units import duration, size
from rrcli.model.values import PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Exchange, Failure

WHILE = {
    "resolve": "while resolving",
    "connect": "while connecting",
    "tls": "during the TLS handshake",
    "handshake": "during the handshake",
    "send": "while sending",
    "wait": "while waiting",
    "receive": "while receiving",
}
# Kinds that say everything by themselves: neither time nor delivery has to do with them.
PLAIN = ("wrong_protocol",)
DELIVERY = {
    "not_sent": "No: nothing of it was sent.",
    "unknown": "Unknown: it may have been processed.",
    "answered": "Yes: it answered.",
}


def headline(failure: Failure) -> str:
    """A failure in a few words: `timeout while waiting`, `refused`, `wrong protocol`."""
    words = failure.kind.replace("_", " ")
    when = WHILE.get(failure.phase or "") if failure.kind in ("timeout", "interrupted", "closed", "reset") else None
    return f"{words} {when}" if when else words


def how_far(exchange: Exchange) -> str | None:
    """How far an exchange got that broke off after its request was out; `None` when it did not get there."""
    failure, phases = exchange.error, exchange.timing.phases
    if failure is None or failure.kind in PLAIN or failure.phase not in ("wait", "receive") or "send" not in phases:
        return None
    before = sum(phases.get(phase, 0) for phase in PHASES[: PHASES.index(failure.phase)])
    if failure.phase == "wait":
        return f"the request went out whole at {duration(before)}, nothing came back"
    return f"the answer began at {duration(before)}, {size(exchange.connection.bytes_received)} came"


def advice(exchange: Exchange, entry: Protocol) -> list[tuple[str, str]]:
    """Labels and sentences, in the order of the questions; empty for a success."""
    failure = exchange.error
    if failure is None or failure.layer == "check":
        return []
    if failure.layer == "application":
        return _of_status(exchange, failure, entry)
    from rrcli.explain import explain

    known = explain("error", failure.kind)
    step = failure.hint or (known.action if known else "")
    if failure.delivery == "unknown" and failure.retry == "unsafe":
        step = f"see whether it took effect before you repeat it; {step}"
    body = exchange.response.body if exchange.response else None
    names_file = bool(body and body.file and step.startswith(body.file))  # whose name is no word of a sentence
    following = [("Next", step if names_file else _sentence(step))] if step else []
    if failure.kind in PLAIN:
        return following
    return [("Did the server get it?", DELIVERY[failure.delivery]), ("Is a retry safe?", _retry(exchange, failure)), *following]


def _of_status(exchange: Exchange, failure: Failure, entry: Protocol) -> list[tuple[str, str]]:
    """Of an answer that says failure: what its status means, by the family that its protocol's manifest names."""
    from rrcli.engine.catalogue import meaning_of

    status = exchange.response.status if exchange.response else None
    found = meaning_of(status, entry) if status and not status.ok else None
    lines = [("Means", found.meaning)] if found else []
    if found and failure.retry != "useless":
        lines.append(("Is a retry safe?", _retry(exchange, failure)))
    step = failure.hint or (found.action if found else "")
    return [*lines, ("Next", _sentence(step))] if step else lines


def _sentence(step: str) -> str:
    """The step with a capital, unless it begins with what is to be typed."""
    return step if step.startswith(("rrcli ", "pip ", "-")) else step[:1].upper() + step[1:]


def _retry(exchange: Exchange, failure: Failure) -> str:
    if failure.retry == "useless":
        return "No use: it would end the same way."
    what = exchange.request.name
    if failure.retry == "unsafe":
        return f"No: {what} is not idempotent, twice may do it twice."
    if failure.delivery == "not_sent":
        return "Yes: nothing was sent."
    if failure.kind == "bad_status" and not exchange.request.data.get("idempotent"):
        return "Yes: it was not carried out."
    return f"Yes: {what} is idempotent, twice does no more than once."
