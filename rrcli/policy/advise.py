"""What to do about a failure: did the server get it, is a retry safe, what is the likely cause.

`delivery` follows from what left and what came; `retry` from delivery, the kind of failure and the request's
idempotence (RFC 9110 §9.2.2 for HTTP; every adapter says it of its own requests).
"""

from __future__ import annotations

from rrcli.explain import explain
from rrcli.model import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.errors import ExchangeError
    from rrcli.model import Exchange
    from rrcli.registry import Entry
    from rrcli.wire.trace import Trace

# The same request would fail the same way.
USELESS = (
    "name_not_found", "proxy_refused", "certificate_expired", "certificate_not_yet_valid", "certificate_untrusted",
    "certificate_hostname", "client_certificate_required", "handshake_failed", "malformed", "too_large", "wrong_protocol",
    "too_many_redirects", "unsupported", "usage", "input", "output", "internal",
)  # fmt: skip
# The peer refused us before it read anything of the request; of a datagram the kernel says so afterwards.
NEVER_READ = ("client_certificate_required", "handshake_failed", "refused")

PHASE_WORDS = {
    "resolve": "resolving the name",
    "connect": "connecting",
    "tls": "shaking hands for TLS",
    "handshake": "setting up the session",
    "send": "sending the request",
    "wait": "waiting for the answer",
    "receive": "receiving the answer",
}
TIMEOUT_HINTS = {
    "resolve": "the name server is slow or silent: try rrcli dns NAME @SERVER, or --resolve HOST:PORT:ADDRESS",
    "connect": "nothing answers at that address: a firewall drops the packets, or the host is down",
    "tls": "something accepts connections there but does not speak TLS, or is overloaded",
    "handshake": "something accepts connections there but does not speak this protocol, or is overloaded",
    "send": "the server stopped reading: it may be overloaded",
    "wait": "the server has the request and did not answer: allow more with --timeout, look at its log",
    "receive": "the answer began but did not end: allow more with --timeout",
}


def application_failure(entry: Entry, exchange: Exchange) -> Failure:
    """The failure that a bad status is: answered, with what the tables say of it."""
    assert exchange.response
    status = exchange.response.status
    code = str(status.text if status.code is None else status.code)
    found = explain(entry.explains, code) if entry.explains else None
    useful = found is not None and found.retry in ("safe", "later", "unsafe")
    return Failure(
        layer="application",
        kind="bad_status",
        message=exchange.response.summary,
        hint=found.action if found else None,
        delivery="answered",
        retry="safe" if found and found.retry == "safe" else _retry(exchange, useful, "answered"),
    )


def network_failure(entry: Entry, exchange: Exchange, error: ExchangeError, trace: Trace) -> Failure:
    """The failure of an exchange that broke somewhere below its application."""
    delivery = "unknown" if trace.wrote and error.kind not in NEVER_READ else "not_sent"
    message, hint = error.message, error.hint
    if error.kind == "wrong_protocol" and error.layer == "protocol" and trace.first:
        from rrcli.codec.recognise import recognise

        found = recognise(trace.first)
        message, hint = f"expected {entry.label}, got {found.what}", found.hint_for(exchange.target) or hint
    if error.kind == "timeout" and error.phase:
        message = f"{PHASE_WORDS[error.phase]}: {message}"
        hint = hint or TIMEOUT_HINTS[error.phase]
    return Failure(
        layer=error.layer,
        kind=error.kind,
        phase=error.phase,
        message=message,
        hint=hint,
        delivery=delivery,
        retry=_retry(exchange, error.kind not in USELESS, delivery),
    )


def _retry(exchange: Exchange, useful: bool, delivery: str) -> str:
    if not useful:
        return "useless"
    return "safe" if delivery == "not_sent" or exchange.request.data.get("idempotent") else "unsafe"
