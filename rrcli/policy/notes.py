"""Notes that any exchange may deserve, whatever its protocol: accepted, but suspicious."""

from __future__ import annotations

from time import time

from rrcli.model.document import body_text, days_left, is_readable, is_unparsed, looks_like_json, says_json
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Body, Certificate, Exchange, TlsInfo

NEAR_EXPIRY_DAYS = 14


def tls_notes(info: TlsInfo, warn_days: int = NEAR_EXPIRY_DAYS) -> list[Note]:
    """`near-expiry` for each certificate of the chain that is valid for less than `warn_days` more."""
    notes = []
    for certificate in info.chain:
        days = days_left(certificate)
        if 0 <= days < warn_days:
            left = f"{days} day{'s' * (days != 1)}" if days else rough(certificate.not_after - time())
            notes.append(Note(code="near-expiry", message=f"the certificate of {_subject(certificate)} expires in {left}"))
    return notes


def _subject(certificate: Certificate) -> str:
    return certificate.subject or ", ".join(certificate.sans[:1]) or "no name"  # those of short life have names alone


def unverified_notes(info: TlsInfo) -> list[Note]:
    """What would have kept the certificates from being taken, had they been looked at, as far as they tell it themselves."""
    notes, now = [], time()
    for certificate in {one.sha256: one for one in info.chain}.values():
        whose, but = f"the certificate of {_subject(certificate)}", "and is not needed" if info.verified else "which nobody looked at (-k)"
        if certificate.not_after < now:
            notes.append(Note(code="expired", message=f"{whose} expired {rough(now - certificate.not_after)} ago, {but}"))
        if certificate.not_before > now:
            notes.append(Note(code="not-yet-valid", message=f"{whose} becomes valid in {rough(certificate.not_before - now)}, {but}"))
    if info.chain and not info.chain[0].sans and not info.verified:
        message = f"the certificate of {_subject(info.chain[0])} has no names (subjectAltName): whoever verifies it refuses it"
        notes.append(Note(code="no-names", message=message))
    return notes


def body_notes(body: Body) -> list[Note]:
    """What a large body keeps from being: a value, or a text that an expression can read."""
    notes = []
    if is_unparsed(body):
        why = "was not parsed: its value would take too much memory"
        message = f"the JSON of {body.size} bytes {why}; body.json is null, unless --query or --expect asks for it"
        notes.append(Note(code="json-not-parsed", message=message))
    if not is_readable(body):
        why = "would take too much memory in a document"
        message = f"the text of {body.size} bytes {why}; body.text is null, unless --query or --expect asks for it"
        notes.append(Note(code="text-not-read", message=message))
    return [*notes, *charset_notes(body), *([] if notes else bad_json_notes(body))]


def charset_notes(body: Body) -> list[Note]:
    """`charset` where the content is read in another encoding than its media type says, or cannot be read in that."""
    from rrcli.model.charset import charset_note

    message = charset_note(body)
    return [Note(code="charset", message=message)] if message else []


def bad_json_notes(body: Body) -> list[Note]:
    """`bad-json` where the media type says JSON and the content is none."""
    why = why_no_json(body)
    return [Note(code="bad-json", message=f"the media type says JSON, and {why}")] if why else []


def why_no_json(body: Body) -> str | None:
    """What is wrong with content whose media type says JSON, with line and column; `None` where it is JSON, or says nothing of the kind."""
    from rrcli.base.jsontext import fault

    if not says_json(body.media_type) or body.truncated or not body.data:
        return None
    text = body_text(body)
    return "the content is no text" if text is None else fault(text)


def json_notes(body: Body) -> list[Note]:
    """`duplicate-key` where an object of the JSON has a name twice."""
    from rrcli.base.jsontext import repeated_name

    text = body_text(body)
    if text is None or not looks_like_json(body.media_type, text) or (name := repeated_name(text)) is None:
        return []
    message = f"an object of the JSON has {name[:60]!r} twice, and readers differ on which counts (RFC 8259 section 4)"
    return [Note(code="duplicate-key", message=f"{message}; here it is the last, shown are both")]


def why_no_value(exchange: Exchange) -> str | None:
    """Why an expression that asks for the answer's JSON finds nothing, where that is no JSON."""
    body = exchange.response.body if exchange.response else None
    if body and not body.data and not body.truncated and says_json(body.media_type):
        return "the content is empty"
    return next((note.message for note in exchange.notes if note.code == "bad-json"), None)


def rough(seconds: float) -> str:
    """`7 min`, `3 h`, `2 days`: whole and rounded down."""
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 2 * 86400:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86400)} days"
