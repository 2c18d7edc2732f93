"""`rrcli explain CODE` drawn: one entry for each family that knows the code."""

from __future__ import annotations

from rrcli.explain import RETRIES
from rrcli.report.terminal.paint import SEPARATOR, Page, pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.explain import Explanation

LABELS = {"error": "error kind", "exit": "exit code"}  # of the families that are no protocol


def render_explanations(found: list[Explanation], *, width: int, color: bool) -> str:
    """What each code means, whether the same request can help, and what to do."""
    page = Page(width)
    for explanation in found:
        page.blank()
        title = [*pieces(explanation.code, "strong"), (" ", ""), *pieces(explanation.title, "strong")]
        family = LABELS.get(explanation.family, explanation.family)
        page.add_flow([title, [(family, "dim")], [(explanation.spec, "dim")]], indent=0, separator=SEPARATOR)
        page.labelled([("Means", explanation.meaning), ("Retry", RETRIES[explanation.retry]), ("Next", explanation.action)], role="name")
    return page.text(color=color)
