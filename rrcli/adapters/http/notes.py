"""What the fields of an answer say of times: how wrong a clock is, and how long to wait."""

from __future__ import annotations

from time import time

from rrcli.base.civildate import days_since_epoch
from rrcli.base.fields import all_of
from rrcli.model.values import Note
from rrcli.policy.notes import rough

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Fields, Response

SKEW_S = 300  # what tokens and signatures commonly allow two clocks to differ by
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    message = f"the date of the answer is {rough(max(ahead, behind))} {where} the clock here: one of the two is wrong"
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


def retry_after(answer: Response | None) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110 §10.2.3); `None` when it does not, or asks for nothing that can be read."""
    values = [value.strip() for value in all_of(answer.fields, "retry-after")] if answer else []
    if not values:
        return None
    text = values[-1]
    if text.isascii() and text.isdecimal():
        return float(text[:12]) or None
    return _until_date(text)


def _until_date(text: str) -> float | None:
    """Seconds until an HTTP-date (RFC 9110 §5.6.7); `None` when it is none, or has passed."""
    from email.utils import mktime_tz, parsedate_tz

    try:
        parsed = parsedate_tz(text)
        seconds = mktime_tz(parsed) - time() if parsed else 0.0
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return seconds if seconds > 0 else None
