"""The messages that an answer is made of, each drawn as its own part below it."""

from __future__ import annotations

from rrcli.base.units import counted
from rrcli.report.terminal.bodytext import draw_body
from rrcli.report.terminal.paint import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.model.values import Part
    from rrcli.report.terminal.paint import Page

MOST_DRAWN = 5


def draw_parts(parts: Sequence[Part], page: Page, *, color: bool, verbose: bool) -> None:
    """Add the first of the parts; with `verbose` their fields too. Secrets must be masked already."""
    for part in parts[:MOST_DRAWN]:
        page.blank()
        page.add_cut([*pieces(f"← {part.head}", "strong"), *pieces(f"  {part.remark}", "dim")])
        for name, value in part.fields if verbose else ():
            page.add_cut([*pieces(name, "name"), (": ", "dim"), *pieces(value)])
        if part.body:
            page.blank()
            draw_body(part.body, page, color=color)
    if len(parts) > MOST_DRAWN:
        page.blank()
        page.add([(f"… {counted(len(parts) - MOST_DRAWN, f'more {parts[0].noun}')}: --json has them all", "dim")])
