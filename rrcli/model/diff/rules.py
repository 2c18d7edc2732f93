"""What is compared, and what is no difference: times, ids and dates, how an answer was framed, what else is said twice."""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rrcli.model.diff.places import Pattern
    from rrcli.model.values import Variation

TOLERANCE = 0.1
DAYS = ("Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, ")
DATE_LENGTH = len("Wed, 21 Oct 2015 07:28:00 GMT")

# Fields that differ between two equal answers. Those that say how the bytes were framed or sent are the connection's.
VOLATILE = frozenset((
    "date", "age", "expires", "last-modified", "etag", "content-length", "transfer-encoding", "connection", "keep-alive",
    "server-timing", "traceparent", "tracestate", "traceresponse", "x-runtime", "x-response-time", "x-process-time", "x-timer",
    "x-served-by", "x-cache-hits", "x-amz-id-2", "x-amz-cf-id", "x-amz-cf-pop", "x-cloud-trace-context", "cf-ray",
    "x-envoy-upstream-service-time", "retry-after", "report-to", "nel", "sec-websocket-accept",
    "ratelimit", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-used",
    "x-rate-limit-remaining", "x-rate-limit-reset",
))  # fmt: skip
VOLATILE_ENDINGS = ("request-id", "requestid", "correlation-id", "trace-id", "traceid", "span-id", "spanid", "transaction-id")


class Rules(Record):
    """How documents are compared."""

    ignored: tuple[Pattern, ...] = ()
    whole: bool = False  # what is volatile, too, the request and the connection
    has_tls: bool = True  # the version of TLS and what else was agreed on is compared
    tolerance: float = TOLERANCE  # by which figures of a series may be worse: 0.1 is a tenth
    variation_of: Callable[[str], Variation] | None = None  # of a protocol, by its name


def is_volatile_field(name: str) -> bool:
    """Whether a field, in lower case, differs between equal answers by nature."""
    return name in VOLATILE or name.endswith(VOLATILE_ENDINGS)


def is_date(value: object) -> bool:
    """Whether the value of a field is a date alone (RFC 9110 section 5.6.7)."""
    return isinstance(value, str) and len(value) == DATE_LENGTH and value.startswith(DAYS) and value.endswith(" GMT")


def without_date(cookie: str) -> str:
    """A cookie that is set, without the time at which it ends."""
    return ";".join(part for part in cookie.split(";") if not part.strip().lower().startswith("expires="))
