"""A tally that keeps what becomes of every exchange, so that two series can be compared."""

from __future__ import annotations

import json

from rrcli.engine.repeat import Outcome
from rrcli.model.document import document
from rrcli.series.tally import Tally

VARYING = ("id", "timing", "command")


class Recording(Tally):
    """Keeps every exchange whole."""

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[int, str] = {}

    def add(self, number: int, outcome: Outcome, began_ns: int, due_ns: int | None = None) -> None:
        exchange = outcome.exchange()
        value = document(exchange)
        for one in (value, *value["history"]):
            one["checks"] = [check["ok"] if "time" in check["expr"] else check for check in one["checks"]]
            ((one["response"] or {}).get("body") or {}).pop("parse_ms", None)
            del one["connection"]["local"], one["connection"]["attempts"]
            for name in VARYING:
                one.pop(name, None)
        assert (outcome.bytes_sent, outcome.bytes_received) == tuple(
            sum(getattr(one.connection, name) for one in (*exchange.history, exchange)) for name in ("bytes_sent", "bytes_received")
        )
        assert (outcome.total_ns, outcome.phases) == (exchange.timing.total_ns, exchange.timing.phases)
        self.outcomes[number] = json.dumps([value, list(outcome.phases), outcome.verdict.exit_code], indent=1)
        super().add(number, outcome, began_ns, due_ns)
