"""A run of a plan as it is drawn: a line a step as each is over, then what failed and where, then what it came to."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.shellquote import quoted
from rrcli.base.units import counted, duration
from rrcli.policy.mask import Mask
from rrcli.policy.redact import masked_by
from rrcli.policy.secrets import all_secrets
from rrcli.report.terminal.next_steps import headline
from rrcli.report.terminal.paint import SEPARATOR, Page, cells, pad, pieces, shorten, span
from rrcli.report.terminal.verdict import verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.model.values import Exchange
    from rrcli.plan.result import RunResult, StepResult
    from rrcli.report.terminal.paint import Line

MARKS = {"passed": ("✔", "good"), "failed": ("✘", "bad"), "error": ("✘", "bad"), "skipped": ("-", "dim")}
WIDEST_NAME = 28
WIDEST_VERDICT = 26
AROUND = 21  # columns of a line beside name, request and outcome: indent, mark, gaps, time
MORE, ROOMY = 18, 110  # columns for what else there is to say, on a line as wide as that
WIDEST_VALUE = 60  # letters of a value within a line


class Columns:
    """How wide the columns of a run's lines are; known before its first step has run."""

    def __init__(self, names: Sequence[str], width: int) -> None:
        self.width = width
        left = width - AROUND
        self.name = min(max(map(cells, names), default=0), WIDEST_NAME, max(left * 2 // 5, 12))
        self.found = min(WIDEST_VERDICT, max((left - self.name) // 2, 10))
        self.asked = max(left - self.name - self.found - (MORE if width >= ROOMY else 0), 10)


def heading(name: str, case: str | None, width: int, *, color: bool) -> str:
    """The line above those of a run: the name of the plan, and that of the case."""
    page = Page(width)
    page.add([*pieces(name, "strong"), *([(SEPARATOR, "dim"), *pieces(case)] if case else [])], 0)
    return page.text(color=color)


def step_line(step: StepResult, columns: Columns, *, color: bool, masks: bool = True) -> str:
    """`✔ reserve   POST /orders   201 Created   12.3 ms`, with what else there is to say of the step behind."""
    mask = Mask(tuple(dict.fromkeys(secret for each in step.exchanges() for secret in all_secrets(each)))) if masks else None
    mark, role = MARKS[step.outcome]
    name = [(mark, role), (" ", ""), *pieces(shorten(mask.text(step.name) if mask else step.name, columns.name), "strong")]
    line: Line = pad(name, columns.name + 2)
    if step.skipped:
        reason = mask.message(step.reason or "") if mask else step.reason or ""
        line += [("   ", ""), *pieces(f"skipped: {reason}", "dim")]
    else:
        asked, found = _asked_and_found(step, mask)
        line += [("   ", ""), *pad(pieces(shorten(asked, columns.asked)), columns.asked)]
        line += [("   ", ""), *pad(pieces(shorten(found, columns.found), "" if step.ok else role), columns.found)]
        line += [("  ", ""), *pad([(duration(step.elapsed_ns), "")], 9, right=True)]
        more = [f"asked {step.attempts:,} times"] if step.attempts > 1 else []
        more += [step.kind] if step.kind != "step" else []
        said: Line = [("   ", ""), (SEPARATOR.join(more), "dim")] if more else []
        line += said if span(line) + span(said) + 2 <= columns.width else []  # the time has its place before that
    page = Page(columns.width)
    page.add_cut(line, 2)
    return page.text(color=color)


def _asked_and_found(step: StepResult, mask: Mask | None) -> tuple[str, str]:
    """What a step asked, and what came of it, in a few words each."""
    if step.asked:
        return step.asked, step.found
    if step.series:
        first = step.series.first
        summary = _summary(masked_by(first, mask) if first and mask else first)
        return summary, f"{counted(step.series.count, 'exchange')}, {step.series.failed:,} failed"
    if step.several:
        exchanges = step.several.exchanges
        return _summary(masked_by(exchanges[0], mask) if mask else exchanges[0]), counted(len(exchanges), "exchange")
    if step.run:
        return step.run.plan or "", f"{counted(len(step.run.steps), 'step')} {'passed' if step.ok else 'run'}"
    if step.exchange is None:
        return "", "not sent"
    exchange = masked_by(step.exchange, mask) if mask else step.exchange
    return _summary(exchange), _found(exchange)


def _summary(exchange: Exchange | None) -> str:
    """The request in short, without the version that it is written in."""
    return exchange.request.summary.partition(" HTTP/")[0] if exchange else ""


def _found(exchange: Exchange) -> str:
    """The value that a check saw in vain, else the verdict."""
    broken = [check for check in exchange.checks if not check.ok]
    if exchange.outcome == "check_failed" and broken:
        return _value(broken[0].actual)
    return verdict(exchange)


def _value(value: object) -> str:
    text = dumps(value)
    return text if len(text) <= WIDEST_VALUE else f"{text[:WIDEST_VALUE]}…"


def failures(run: RunResult, *, width: int, color: bool, masks: bool = True) -> str:
    """What failed, where it stands in the plan, and how to run it alone; then the line that the run comes to."""
    page = Page(width)
    mask = run.mask() if masks else None
    for each in run.single():
        for step in each.steps:
            if step.outcome in ("failed", "error"):
                page.blank()
                name = mask.text(step.name) if mask else step.name
                place = f"{each.plan}:{step.line}" + (f"  {mask.text(each.case) if mask else each.case}" if each.case else "")
                page.add([("✘", "bad"), (" ", ""), *pieces(name, "strong"), ("  ", ""), *pieces(place, "dim")], 0)
                _explain(page, step, mask)
                if each.plan not in (None, "-") and step.row is None:
                    page.labelled([("Next", f"rrcli run {quoted(each.plan)} --only {quoted(name)}{_given(step, mask)}")])
    page.blank()
    for note in run.notes:
        page.add_hanging([], note)
    page.add(_verdict_line(run), 0)
    return page.text(color=color)


def _given(step: StepResult, mask: Mask | None) -> str:
    """The options that give what other steps have captured, so that the step can be run without them."""
    shown = [f"{name}={value}" for name, value in step.given.items() if not mask or mask.text(value) == value]
    return "".join(f" --var {quoted(each)}" for each in shown)


def _explain(page: Page, step: StepResult, mask: Mask | None) -> None:
    exchange = step.exchange and (masked_by(step.exchange, mask) if mask else step.exchange)
    failure = exchange.error if exchange else None
    if failure and exchange and failure.layer == "check" and any(not check.ok for check in exchange.checks):
        for check in exchange.checks:
            if not check.ok:
                page.add_hanging([], f"{check.expr} does not hold: it is {_value(check.actual)}")
    elif failure and step.differences:
        _differences(page, step, mask)
    elif failure:
        said = headline(failure)
        page.add_hanging([], failure.message if said in failure.message else f"{said}: {failure.message}")
    elif step.series:
        for check in step.series.checks:
            if not check.ok:
                page.add_hanging([], f"{check.expr} does not hold: it is {_value(check.actual)}")
    else:
        errors = [each.error.message for each in step.exchanges() if each.error] if step.several else []
        for said in errors or [step.reason or f"exit {step.exit_code}"]:
            page.add_hanging([], mask.message(said) if mask else said)


def _differences(page: Page, step: StepResult, mask: Mask | None) -> None:
    """Where the answer differs from the snapshot, and how to keep it."""
    from rrcli.report.terminal.differences import draw_differences

    page.add([*pieces("the snapshot has "), ("- ", "removed"), *pieces("and the answer "), ("+", "added")])
    values = [mask.json(each["values"]) if mask else each["values"] for each in step.differences]
    shown = [{**each, "values": value} for each, value in zip(step.differences, values, strict=True)]
    draw_differences(shown, page, ("the snapshot", "the answer"), indent=4)
    page.labelled([("Keep it", "--update-snapshots writes the snapshot anew")])


def _verdict_line(run: RunResult) -> Line:
    counts = run.counts()
    bad = counts["failed"] + counts["error"]
    total = sum(counts.values())
    said = f"{bad} of {total} failed" if bad else f"{counts['passed']} of {total} passed"
    parts = [said, *([f"{counts['skipped']} skipped"] if counts["skipped"] else []), duration(run.elapsed_ns)]
    parts += [f"exit {run.exit_code}"] if run.exit_code else []
    mark, role = ("✔", "good") if run.ok else ("✘", "bad")
    return [(mark, role), (" ", ""), *pieces(SEPARATOR.join(parts))]
