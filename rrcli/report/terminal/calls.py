"""The requests that came to a callback's URL, each drawn as its own part below the answer."""

from __future__ import annotations

from rrcli.base.units import counted, duration
from rrcli.model.values import Body
from rrcli.report.terminal.bodytext import draw_body
from rrcli.report.terminal.paint import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.report.terminal.paint import Page

MOST_DRAWN = 5


def draw_calls(events: Sequence[dict[str, Any]], page: Page, *, color: bool, verbose: bool) -> None:
    """Add the first callbacks among the events; with `verbose` their fields too. Secrets must be masked already."""
    calls = [event for event in events if event["type"] == "callback"]
    for call in calls[:MOST_DRAWN]:
        page.blank()
        head = pieces(f"← {call['method']} {call['target']}", "strong")
        page.add_cut([*head, *pieces(f"  from {call['peer']} after {duration(int(call['at_ms'] * 1e6))}", "dim")])
        fields = call["fields"]
        for name, value in fields if verbose else ():
            page.add_cut([*pieces(name, "name"), (": ", "dim"), *pieces(value)])
        if isinstance(call["data"], str) and call["data"]:
            data = call["data"].encode("utf-8", "surrogatepass")
            kind = next((value for name, value in fields if name.lower() == "content-type"), "").partition(";")[0].strip().lower()
            page.blank()
            draw_body(Body(data=data, size=len(data), media_type=kind or None, charset="utf-8"), page, color=color)
    if len(calls) > MOST_DRAWN:
        page.blank()
        page.add([(f"… {counted(len(calls) - MOST_DRAWN, 'more callback')}: --json has them all", "dim")])
