"""Notes that any exchange may deserve, whatever its protocol: accepted, but suspicious."""

from __future__ import annotations

from time import time

from rrcli.base.civildate import days_since_epoch
from rrcli.model.document import days_left, is_readable, is_unparsed
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Body, Fields, TlsInfo

SKEW_S = 300  # what tokens and signatures commonly allow two clocks to differ by
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEAR_EXPIRY_DAYS = 14


def tls_notes(info: TlsInfo, warn_days: int = NEAR_EXPIRY_DAYS) -> list[Note]:
    """`near-expiry` for each certificate of the chain that is valid for less than `warn_days` more."""
    notes = []
    for certificate in info.chain:
        days = days_left(certificate)
        if 0 <= days < warn_days:
            name = certificate.subject or ", ".join(certificate.sans[:1]) or "no name"  # those of short life have names alone
            left = f"{days} day{'s' * (days != 1)}" if days else _rough(certificate.not_after - time())
            message = f"the certificate of {name} expires in {left}"
            notes.append(Note(code="near-expiry", message=message))
    return notes


def body_notes(body: Body) -> list[Note]:
    """What a large body keeps from being: a value, or a text that an expression can read."""
    notes = []
    if is_unparsed(body):
        message = f"the JSON of {body.size} bytes was not parsed: its value would take too much memory; body.json is null"
        notes.append(Note(code="json-not-parsed", message=message))
    if not is_readable(body):
        message = f"the text of {body.size} bytes would take too much memory: --expect and --query find it in body.base64 alone"
        notes.append(Note(code="text-not-read", message=message))
    return notes


def json_notes(body: Body) -> list[Note]:
    """`duplicate-key` where an object of the JSON has a name twice."""
    from rrcli.base.jsontext import repeated_name
    from rrcli.model.document import body_text, looks_like_json

    text = body_text(body)
    if text is None or not looks_like_json(body.media_type, text) or (name := repeated_name(text)) is None:
        return []
    message = f"an object of the JSON has {name[:60]!r} twice, and readers differ on which counts (RFC 8259 section 4)"
    return [Note(code="duplicate-key", message=f"{message}; here it is the last, shown are both")]


def clock_notes(fields: Fields, started_s: float) -> list[Note]:
    """`clock-skew` where a field `date` is over five minutes away from the time of the exchange, which began at `started_s`.

    What a cache has kept for `age` seconds may be that much older (RFC 9111 §5.1).
    """
    values = {name.lower(): value for name, value in fields}
    said = seconds_of(values.get("date", ""))
    if said is None:
        return []
    age = values.get("age", "").strip()
    kept = int(age) if age.isascii() and age.isdecimal() and len(age) < 10 else 0
    ahead, behind = said - time(), started_s - kept - said
    if max(ahead, behind) <= SKEW_S:
        return []
    where = "ahead of" if ahead > 0 else "behind"
    message = f"the date of the answer is {_rough(max(ahead, behind))} {where} the clock here: one of the two is wrong"
    return [Note(code="clock-skew", message=message)]


def seconds_of(date: str) -> int | None:
    """Seconds since the epoch of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7); `None` for any other form."""
    parts = date.split()
    if len(parts) != 6 or parts[2] not in MONTHS or parts[5] != "GMT" or len(date) > 32:
        return None
    numbers = (parts[1], parts[3], *parts[4].split(":"))
    if len(numbers) != 5 or not all(number.isascii() and number.isdecimal() for number in numbers):
        return None
    day, year, hour, minute, second = map(int, numbers)
    days = days_since_epoch(year, MONTHS.index(parts[2]) + 1, day)
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def _rough(seconds: float) -> str:
    """`7 min`, `3 h`, `2 days`: whole and rounded down."""
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 2 * 86400:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86400)} days"
