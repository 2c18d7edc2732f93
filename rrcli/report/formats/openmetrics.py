"""A series as OpenMetrics 1.0, which Prometheus and its like read: a histogram of the totals, and counters by status and failure."""

from __future__ import annotations

from rrcli.base.visible import visible
from rrcli.policy.redact import masked_for_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rrcli.series.distribution import Distribution
    from rrcli.series.tally import Series

LEAST_NS = 10_000  # of the bounds, which go up as 1, 2, 5, 10


def openmetrics_report(series: Series) -> str:
    """Seconds and counts; names as Prometheus wants them, units and kinds told."""
    lines: list[str] = []
    if series.first:
        first = masked_for_others(series.first)
        labels = {"protocol": first.protocol, "target": first.target.url, "request": first.request.summary}
        lines += [*_head("rrcli_series", "info", "What was repeated."), f"rrcli_series_info{_labels(labels)} 1"]
    if series.started_at_ns:
        lines += [
            *_head("rrcli_series_started_seconds", "gauge", "When it began, since the epoch.", "seconds"),
            f"rrcli_series_started_seconds {series.started_at_ns / 1e9!r}",
        ]
    lines += [
        *_head("rrcli_series_elapsed_seconds", "gauge", "How long it lasted.", "seconds"),
        f"rrcli_series_elapsed_seconds {series.elapsed_ns / 1e9!r}",
    ]
    name = "rrcli_exchange_duration_seconds"
    lines += [*_head(name, "histogram", "Totals of what was answered or ran out of time, from when it was due.", "seconds")]
    lines += _buckets(name, series.times["total"])
    counters: tuple[tuple[str, str, Mapping[str, int], str], ...] = (
        ("rrcli_exchanges", "Exchanges by the status of their answer.", series.statuses, "status"),
        ("rrcli_failures", "Failures by their kind.", series.errors, "kind"),
    )
    for name, help_text, counts, label in counters:
        lines += _head(name, "counter", help_text)
        lines += [f"{name}_total{_labels({label: key})} {count}" for key, count in sorted(counts.items())]
    plain = {
        "rrcli_unsent": ("Exchanges that were due and never begun.", series.unsent),
        "rrcli_connections": ("Connections that were opened.", series.connections),
        "rrcli_sent_bytes": ("Bytes sent.", series.bytes_sent),
        "rrcli_received_bytes": ("Bytes received.", series.bytes_received),
    }
    for name, (help_text, count) in plain.items():
        lines += [*_head(name, "counter", help_text, "bytes" if name.endswith("_bytes") else ""), f"{name}_total {count}"]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _head(name: str, kind: str, help_text: str, unit: str = "") -> list[str]:
    return [f"# TYPE {name} {kind}", *([f"# UNIT {name} {unit}"] if unit else []), f"# HELP {name} {help_text}"]


def _buckets(name: str, times: Distribution) -> Iterator[str]:
    for bound in _bounds(times.greatest):
        yield f'{name}_bucket{{le="{bound / 1e9!r}"}} {times.below(bound + 1)}'
    yield f'{name}_bucket{{le="+Inf"}} {times.count}'
    yield f"{name}_count {times.count}"
    yield f"{name}_sum {times.total / 1e9!r}"


def _bounds(greatest: int) -> Iterator[int]:
    """In nanoseconds, up to the first that all values are below."""
    bound = LEAST_NS
    while True:
        for factor in (1, 2, 5):
            yield bound * factor
            if bound * factor >= greatest:
                return
        bound *= 10


def _labels(labels: dict[str, str]) -> str:
    def value(text: str) -> str:
        return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    return "{" + ",".join(f'{name}="{value(text)}"' for name, text in labels.items()) + "}"
