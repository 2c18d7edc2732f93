"""The steps of a run in the HTML report: a line each, with its place in the run's time, that opens to what came of it."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.units import counted, duration
from rrcli.policy.redact import masked_by
from rrcli.report.formats.html.exchange import Scale, drawn, exchange_of, svg_bar
from rrcli.report.formats.html.markup import tag, text_of
from rrcli.report.formats.html.series import series_of
from rrcli.report.formats.runreport import differing, place_of, said
from rrcli.report.terminal.run import MARKS, _asked_and_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.model.values import ExchangeSet
    from rrcli.plan.result import RunResult, StepResult
    from rrcli.policy.mask import Mask

OPEN = 10  # steps that failed and are open from the start
LONGEST_VALUE = 400  # letters of a capture
COLOURS = {"good": "ok", "bad": "no", "dim": "d"}


class Steps:
    """The steps of one plan. `began_ns` and `whole_ns` are what their bars are drawn on."""

    def __init__(self, run: RunResult, mask: Mask, scale: Scale, open_left: int = OPEN) -> None:
        self._run = run
        self._mask = mask
        self._scale = scale
        self._open_left = open_left
        self._whole_ns = max(run.elapsed_ns, 1)

    def lines(self) -> Iterator[str]:
        """Each step as it ran."""
        for step in self._run.steps:
            yield from self._step(step)

    def _step(self, step: StepResult) -> Iterator[str]:
        mask, (mark, role) = self._mask, MARKS[step.outcome]
        if step.exchange:
            step = step.replace(exchange=masked_by(step.exchange, mask))
        asked, found = ("", step.reason or "") if step.skipped else _asked_and_found(step, None if step.exchange else mask)
        opened = ""
        if step.outcome in ("failed", "error") and self._open_left > 0:
            opened, self._open_left = " open", self._open_left - 1
        bar, took = "<i></i>", ""
        if not step.skipped and step.started_at_ns:
            bar = svg_bar(max(step.started_at_ns - self._run.started_at_ns, 0) / self._whole_ns, step.elapsed_ns / self._whole_ns)
            took = duration(step.elapsed_ns)
        found = found if step.skipped or step.started_at_ns else ""  # a check on all of it has sent nothing
        asked = "" if step.name.startswith(asked) else asked  # what is no step of a plan is called as what it asked
        name, asked, found = text_of(mask.text(step.name)), text_of(mask.text(asked)), text_of(mask.message(found))
        yield f'<details class="s {step.outcome}"{opened}><summary><i class="{COLOURS[role]}">{mark}</i><b>{name}</b>'
        yield f'<span class="q">{asked}</span><span class="v">{found}</span>{bar}<span class="t">{took}</span></summary><div class="in">'
        yield from self._inside(step)
        yield "</div></details>\n"

    def _inside(self, step: StepResult) -> Iterator[str]:
        mask = self._mask
        place = [place_of(self._run, step), "" if step.kind == "step" else step.kind, *(f"#{tag}" for tag in step.tags)]
        place += [counted(step.attempts, "attempt")] if step.attempts > 1 else []
        if words := " · ".join(text_of(mask.text(word)) for word in place if word):
            yield f'<p class="d">{words}'
        if step.skipped:
            yield f'<p class="d">skipped: {text_of(mask.message(step.reason or ""))}'
        elif step.outcome in ("failed", "error") and not (step.exchange and step.exchange.error):
            yield tag("div", tag("p", text_of(said(step, mask))), "why")
        if step.captures:
            values = {name: dumps(mask.json(value))[:LONGEST_VALUE] for name, value in step.captures.items()}
            yield tag("ul", "".join(f'<li><i class="d">{text_of(name)} =</i> {text_of(value)}' for name, value in values.items()), "c")
        if step.differences:
            yield drawn(self._scale, lambda page: differing(step, mask, page))
        if step.exchange:
            yield from exchange_of(step.exchange, self._scale)
        if step.several:
            yield from self._several(step.several)
        if step.series:
            first, worst = (masked_by(one, mask) if one else None for one in (step.series.first, step.series.worst))
            yield from series_of(step.series, first, worst, self._scale)
        if step.run:
            yield from Steps(step.run, mask, self._scale, self._open_left).lines()

    def _several(self, several: ExchangeSet) -> Iterator[str]:
        from rrcli.report.formats.runreport import as_run

        run = as_run(several)
        yield from Steps(run, self._mask, self._scale, self._open_left).lines()
