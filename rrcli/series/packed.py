"""Tallies and exchanges as plain values, which travel between processes and machines: maps, lists, texts, bytes and numbers.

Whoever sends them is not trusted: nothing but the records of an exchange is ever made of them.
"""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.model import values
from rrcli.policy.redact import masked_for_others
from rrcli.series.distribution import Distribution
from rrcli.series.tally import Tally
from rrcli.series.timeline import Stretch, Timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange

LARGEST = 64 << 10  # bytes of a body that are sent along
LONGEST_INT = 1 << 62  # what is more is sent as its digits
COUNTS = ("count", "failed", "bytes_sent", "bytes_received", "exit_code", "late", "latest_ns")


def packed(tally: Tally, before: Tally | None = None) -> dict[str, Any]:
    """The tally. Of its exchanges those that `before`, of which it is the successor, has had are left out."""
    first = tally.first if before is None or tally.first is not before.first else None
    worst = tally.worst if before is None or tally.worst is not before.worst else None
    return {
        **{name: getattr(tally, name) for name in COUNTS},
        "lasted_ns": tally.ended_ns - tally.began_ns if tally.count else 0,  # the clock itself is of this machine alone
        "statuses": tally.statuses,
        "errors": tally.errors,
        "times": {name: _distribution(times) for name, times in tally.times.items() if times.count},
        "timeline": _timeline(tally.timeline),
        "first": [tally.first_number, packed_value(_small(first))] if first else None,
        "worst": [list(tally.worst_rank), packed_value(_small(worst))] if worst else None,
    }


def unpacked(found: dict[str, Any], began_ns: int) -> Tally:
    """The tally again, as one that began then. Raises `ValueError`, `KeyError` and `TypeError` for what is none."""
    tally = Tally()
    for name in COUNTS:
        setattr(tally, name, int(found[name]))
    tally.began_ns, tally.ended_ns = began_ns, began_ns + int(found["lasted_ns"])
    tally.statuses = {str(name): int(count) for name, count in found["statuses"].items()}
    tally.errors = {str(name): int(count) for name, count in found["errors"].items()}
    for name, times in found["times"].items():
        tally.times[str(name)] = _distribution_of(times)
    tally.timeline = _timeline_of(found["timeline"])
    if found["first"]:
        tally.first_number, tally.first = int(found["first"][0]), _exchange(found["first"][1])
    if found["worst"]:
        code, total_ns = found["worst"][0]
        tally.worst_rank, tally.worst = (int(code), int(total_ns)), _exchange(found["worst"][1])
    return tally


def _distribution(times: Distribution) -> list[Any]:
    return [times.count, times.total, times.least, times.greatest, [list(bucket) for bucket in times.buckets()]]


def _distribution_of(found: list[Any]) -> Distribution:
    count, total, least, greatest, buckets = found
    made = Distribution()
    made.merge_buckets((int(start), int(number)) for start, number in buckets)
    made.measure(int(count), int(total), int(least), int(greatest))
    return made


def _timeline(timeline: Timeline) -> dict[str, Any]:
    """The stretches in which anything was, each behind its number."""
    stretches = [
        [at, each.count, each.failed, each.busy_ns, each.entered, _distribution(each.totals) if each.totals.count else None]
        for at, each in enumerate(timeline.stretches)
        if each.count or each.busy_ns or each.entered
    ]
    return {"width_ns": timeline.width_ns, "ended_ns": timeline.ended_ns, "length": len(timeline.stretches), "stretches": stretches}


def _timeline_of(found: dict[str, Any]) -> Timeline:
    timeline = Timeline(int(found["width_ns"]))
    timeline.ended_ns = int(found["ended_ns"])
    if not 0 <= found["length"] <= MOST_STRETCHES:
        raise ValueError("a timeline has too many stretches")
    timeline.stretches = [Stretch() for _ in range(found["length"])]
    for at, count, failed, busy_ns, entered, totals in found["stretches"]:
        stretch = timeline.stretches[at]
        stretch.count, stretch.failed, stretch.busy_ns, stretch.entered = int(count), int(failed), int(busy_ns), int(entered)
        if totals:
            stretch.totals = _distribution_of(totals)
    return timeline


MOST_STRETCHES = 10_000


# --- exchanges


def _small(exchange: Exchange) -> Exchange:
    """The exchange by itself, with the beginning of its bodies. Its secrets stay here, and so they are masked."""
    exchange = masked_for_others(exchange)

    def cut(body: values.Body | None) -> values.Body | None:
        return body.replace(data=body.data[:LARGEST], truncated=True) if body and len(body.data) > LARGEST else body

    request, response = exchange.request, exchange.response
    return exchange.replace(
        request=request.replace(body=cut(request.body)),
        response=response and response.replace(body=cut(response.body)),
        history=(),
        transcript=None,
        secrets=(),
        content_spans=None,
        command=exchange.shown_command,
    )


def packed_value(value: Any) -> Any:
    """A value of an exchange: a record, or what JSON and bytes can be."""
    if isinstance(value, Record):
        kind = next(kind for kind in type(value).__mro__ if kind.__module__ == values.__name__ or kind is Record)
        if not issubclass(kind, Record) or kind is Record:
            return None
        return {"r": kind.__name__, "v": {name: packed_value(getattr(value, name)) for name in kind.fields_ if name in value.__dict__}}
    if isinstance(value, tuple):
        return {"t": [packed_value(each) for each in value]}
    if isinstance(value, list):
        return [packed_value(each) for each in value]
    if isinstance(value, dict):
        return {"d": [[packed_value(key), packed_value(each)] for key, each in value.items()]}
    if isinstance(value, str) and not value.isascii():
        return {"s": value.encode("utf-8", "surrogatepass")}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LONGEST_INT:
        return {"i": str(value)}
    return value if isinstance(value, (str, bytes, int, float, type(None))) else str(value)


def unpacked_value(found: Any) -> Any:
    """The value again. Raises `ValueError` for a record that is none of an exchange's."""
    if isinstance(found, list):
        return [unpacked_value(each) for each in found]
    if not isinstance(found, dict):
        return found
    ((kind, inner),) = [(key, each) for key, each in found.items() if key != "v"]
    if kind == "t":
        return tuple(unpacked_value(each) for each in inner)
    if kind == "d":
        return {unpacked_value(key): unpacked_value(each) for key, each in inner}
    if kind == "s":
        return inner.decode("utf-8", "surrogatepass")
    if kind == "i":
        return int(inner)
    made = getattr(values, str(inner), None)
    if not (isinstance(made, type) and issubclass(made, Record) and made.__module__ == values.__name__):
        raise ValueError(f"{inner!r} is no record of an exchange")
    return made(**{name: unpacked_value(each) for name, each in found["v"].items()})


def _exchange(found: Any) -> Exchange:
    exchange = unpacked_value(found)
    if not isinstance(exchange, values.Exchange):
        raise ValueError("no exchange")
    return exchange
