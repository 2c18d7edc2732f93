"""What to do about a failure: did the server get it, is a retry safe, what is the likely cause.

`delivery` follows from what left and what came; `retry` from delivery, the kind of failure and the request's
idempotence (RFC 9110 §9.2.2 for HTTP; every adapter says it of its own requests).
"""

from __future__ import annotations

from rrcli.model.values import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.base.errors import ExchangeError
    from rrcli.explain import Explanation
    from rrcli.model.values import Exchange
    from rrcli.wire.recorder import Recorder

# The same request would fail the same way.
USELESS = (
    "name_not_found", "proxy_refused", "certificate_expired", "certificate_not_yet_valid", "certificate_untrusted",
    "certificate_hostname", "client_certificate_required", "handshake_failed", "malformed", "too_large", "wrong_protocol",
    "too_many_redirects", "unsupported", "usage", "input", "output", "internal",
)  # fmt: skip
# The peer refused us before it read anything of the request: in TLS 1.3 the client has sent it by then (RFC 8446 §4.4.2.4),
# and of a datagram the kernel says so afterwards.
NEVER_READ = ("client_certificate_required", "refused")

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
    "wait": "the server has the request and did not answer: allow more with {limit}, look at its log",
    "receive": "the answer began but did not end: allow more with {limit}",
}
UNASKED = "nothing was sent, and the peer said nothing: does it wait for something to be said first? allow more with {limit}"
LIMITS = ("--idle-timeout", "--deadline")  # which of them passed is in the message
# Where the raiser knew no better.
KIND_HINTS = {
    "reset": "the server, or something on the way, broke the connection off: its log tells why",
    "closed": "the server closed in place of answering: its log tells why",
    "truncated": "the server, or a proxy, ended too early or announced a wrong length: its log tells; --wire shows the bytes",
    "malformed": "the server, or something on the way, breaks the protocol: --wire shows the bytes",
    "too_large": "this limit keeps a server from filling memory: is it the server you meant? --wire shows how its answer begins",
    "unsupported": "rrcli does not speak that: is it the server you meant? rrcli tcp shows what it sends",
    "too_many_redirects": "history shows every hop; --max-redirects allows another number of them",
}


def application_failure(exchange: Exchange, found: Explanation | None, *, sent: bool = True) -> Failure:
    """The failure that a bad status is, with what `found` says of it; not `sent` when a handshake before was answered so."""
    assert exchange.response
    status = exchange.response.status
    useful = found is not None and found.retry in ("safe", "later", "unsafe")
    safe = found is not None and (found.retry == "safe" or (found.retry == "later" and status.undone))
    delivery = status.delivery or ("answered" if sent else "not_sent")
    return Failure(
        layer="application",
        kind="bad_status",
        phase=status.phase,
        message=status.reason or exchange.response.summary,
        hint=status.hint or (found.action if found else None),
        delivery=delivery,
        retry="safe" if safe else _retry(exchange, useful, delivery),
    )


def network_failure(
    exchange: Exchange,
    error: ExchangeError,
    recorder: Recorder,
    *,
    label: Callable[[], str],
    scheme_of: Callable[[str], str | None] = lambda _: None,
    whole: bool = False,
) -> Failure:
    """The failure of an exchange that broke below its application, or, with a `whole` answer, by what we made of that.

    `label` gives the name of the protocol that was expected, `scheme_of` the scheme of URLs for what `recognise` calls a greeting;
    they are asked where something else answered.
    """
    answered = whole or (error.layer == "application" and recorder.wrote)
    delivery = error.delivery or ("answered" if answered else _delivery(error.kind, wrote=recorder.wrote))
    message, hint = error.message, error.hint
    if error.kind == "wrong_protocol" and error.layer == "protocol" and recorder.first and not whole:
        from rrcli.codec.recognise import recognise

        found = recognise(recorder.first)
        expected = label()
        if f" {expected} " not in (found.greeting or ""):  # else it is that protocol in another of its forms, which the error tells
            message = f"expected {expected}, got {found.what}"
            hint = found.hint_for(exchange.target, scheme_of(found.greeting or "")) or hint
    if error.kind == "timeout" and error.phase:
        message = f"{PHASE_WORDS[error.phase]}: {message}"
        unasked = error.phase == "wait" and not (recorder.wrote or recorder.answered)
        likely = UNASKED if unasked else TIMEOUT_HINTS[error.phase]
        hint = hint or likely.format(limit=next((limit for limit in LIMITS if limit in error.message), "--timeout"))
    return Failure(
        layer=error.layer,
        kind=error.kind,
        phase=error.phase,
        message=message,
        hint=hint or _hint_of(error, recorder),
        delivery=delivery,
        retry=_retry(exchange, error.kind not in USELESS, delivery),
    )


def _hint_of(error: ExchangeError, recorder: Recorder) -> str | None:
    """The hint for a kind of failure; a peer that hangs up may have wanted TLS, or not have wanted it."""
    hint = KIND_HINTS.get(error.kind)
    if error.kind not in ("reset", "closed"):
        return hint
    if error.phase == "tls":
        return "the port may not speak TLS, or something on the way refuses this name (--sni) or this version (--tls-max)"
    return hint if recorder.tls or recorder.first else f"{hint}; a port that wants TLS does so too"


def _delivery(kind: str, *, wrote: bool) -> str:
    """Did the server get it? What was written may have been read, unless the failure itself says that it was not."""
    return "unknown" if wrote and kind not in NEVER_READ else "not_sent"


def _retry(exchange: Exchange, useful: bool, delivery: str) -> str:
    if not useful:
        return "useless"
    return "safe" if delivery == "not_sent" or exchange.request.data.get("idempotent") else "unsafe"
