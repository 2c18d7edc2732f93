"""What a stream came to, in a few words: its events were printed as they came."""

from __future__ import annotations

from itertools import pairwise

from rrcli.base.units import counted, duration
from rrcli.report.terminal.paint import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.report.terminal.paint import Line, Page

MOST_TYPES = 5
WORTH_A_WORD_MS = 1.0  # a shorter silence is none


def summary(events: Sequence[dict[str, Any]], page: Page, words: Sequence[str] = ()) -> None:
    """`5 events: 4 message, 1 done · over 1.2 s · longest silence 0.8 s, before event 3 · last id 42`; then the `words`."""
    items = _items(events) if events else [pieces("no event")]
    page.blank()
    page.add_flow([*items, *map(pieces, words)])


def _items(events: Sequence[dict[str, Any]]) -> list[Line]:
    types: dict[str, int] = {}
    for event in events:
        types[event["type"]] = types.get(event["type"], 0) + 1
    most = sorted(types.items(), key=lambda pair: -pair[1])
    words = ", ".join([f"{number} {kind}" for kind, number in most[:MOST_TYPES]]) + (", …" if len(most) > MOST_TYPES else "")
    items: list[Line] = [
        pieces(f"{counted(len(events), 'event')}: {words}" if len(types) > 1 else counted(len(events), f"{most[0][0]} event"))
    ]
    times = [event["at_ms"] for event in events]
    gaps = [after - before for before, after in pairwise(times)]
    if gaps and max(gaps) >= WORTH_A_WORD_MS:
        items.append([(f"over {duration(int((times[-1] - times[0]) * 1e6))}", "")])
        if len(gaps) > 1:
            items.append([(f"longest silence {duration(int(max(gaps) * 1e6))}, before event {gaps.index(max(gaps)) + 2}", "")])
    last_id = next((event["id"] for event in reversed(events) if event.get("id")), None)
    if isinstance(last_id, str):
        items.append([("last id ", ""), *pieces(last_id)])
    return items
