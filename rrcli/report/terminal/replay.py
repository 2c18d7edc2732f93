"""A replay of many as it is drawn: a line for each as its answer comes, then where those differ that do, then what it came to."""

from __future__ import annotations

from rrcli.base.units import duration
from rrcli.report.terminal.differences import draw_differences
from rrcli.report.terminal.paint import SEPARATOR, Page, pieces
from rrcli.report.terminal.run import Columns, step_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.plan.result import RunResult, StepResult


class Lines:
    """Draws a line for each exchange: what was asked and what came back, as the steps of a run are drawn."""

    def __init__(self, names: Sequence[str], width: int, *, in_color: bool, masks: bool) -> None:
        self._columns = Columns(list(names), width)
        self._in_color = in_color
        self._masks = masks

    def of(self, step: StepResult) -> str:
        return step_line(step, self._columns, color=self._in_color, masks=self._masks)


def render_end(result: RunResult, labels: tuple[str, str], *, width: int, color: bool, masks: bool = True) -> str:
    """The differences under the names of those that have some, and the verdict."""
    page = Page(width)
    mask = result.mask() if masks else None
    different = [step for step in result.steps if not step.ok]
    for step in different:
        page.blank()
        page.add_cut([("✘ ", "bad"), *pieces(mask.text(step.name) if mask else step.name, "strong")], 0)
        if step.differences:
            draw_differences(step.differences, page, labels)
        elif step.reason:
            page.add_hanging([], mask.message(step.reason) if mask else step.reason)
    page.blank()
    took, count = duration(result.elapsed_ns), len(result.steps)
    if different:
        said = f"✘ {len(different)} of {count} {'differs' if len(different) == 1 else 'differ'}"
        page.add([*pieces(said, "bad"), (SEPARATOR, "dim"), (took, ""), (SEPARATOR, "dim"), (f"exit {result.exit_code}", "")], 0)
    else:
        page.add([("✔ no difference", "good"), (SEPARATOR, "dim"), (f"{count} sent again", ""), (SEPARATOR, "dim"), (took, "")], 0)
    return page.text(color=color)
