"""A run in GitHub Actions: an annotation for each step that failed, and a table in the summary of the job.

An annotation is a workflow command, a line that begins with `::`, whose text is escaped as the runner reads it back
(`@actions/core` of actions/toolkit, `command.ts`): whatever a peer said, it stays within its line. Nor may what is drawn for people
become a command, see `harmless`.
"""

from __future__ import annotations

import os

from rrcli.base.output import to_stderr
from rrcli.base.units import duration
from rrcli.base.visible import visible
from rrcli.report.formats.runreport import as_run, runs_of, said
from rrcli.report.terminal.run import MARKS, _asked_and_found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.plan.result import RunResult, StepResult
    from rrcli.policy.mask import Mask

MOST_SHOWN = 50  # annotations: GitHub shows ten of a step
MOST_ROWS = 500
LONGEST = 300  # letters of a cell
LARGEST = 1 << 20  # bytes of the summary of one step, which GitHub takes all of or nothing
OWN_SHARE = 1 << 18
PUNCTUATION = r"\`*_{}[]<>()#+-.!|~&:@$^=" + "\"'"
ESCAPES = {ord(letter): f"\\{letter}" for letter in PUNCTUATION}


def is_github() -> bool:
    """Whether this runs as a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def publish(run: RunResult) -> None:
    """Write the annotations to standard error, which the runner reads as well, and append the table to the summary, where there is one."""
    run = as_run(run)
    mask = run.mask()
    to_stderr("".join(f"{line}\n" for line in commands(run, mask)))
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with open(path, "ab") as file:
                room = min(OWN_SHARE, LARGEST - file.tell())
                file.write(summary(run, mask, room).encode("utf-8", "replace"))
        except OSError as error:
            to_stderr(f"rrcli: note: cannot write the step summary: {(error.strerror or str(error)).lower()}\n")


def commands(run: RunResult, mask: Mask) -> Iterator[str]:
    """A workflow command for each step that failed: `::error file=shop.toml,line=25,title=stored::refused`."""
    left = MOST_SHOWN
    for each in runs_of(run):
        for step in each.steps:
            if step.outcome in ("failed", "error") and left:
                left -= 1
                where = {"file": _from_workspace(each.plan), "line": str(step.line)} if each.plan not in (None, "-") else {}
                properties = ",".join(f"{name}={_property(value)}" for name, value in {**where, "title": mask.text(step.name)}.items())
                yield f"::error {properties}::{_data(said(step, mask))}"


def _from_workspace(plan: str | None) -> str:
    """The path of a plan from the root of the repository, which annotations are shown by."""
    path, workspace = os.path.abspath(plan or ""), os.environ.get("GITHUB_WORKSPACE")
    if workspace and path.startswith(os.path.join(os.path.abspath(workspace), "")):
        return os.path.relpath(path, workspace)
    return plan or ""


def _data(text: str) -> str:
    return visible(text, multiline=True).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def harmless(text: str) -> str:
    """Drawn text in which no line is a workflow command, neither as `::error::` nor in the older form, `##[error]`."""
    if "::" not in text and "##[" not in text:
        return text
    return "\n".join([_no_command(line) for line in text.replace("##[", r"#\x23[").split("\n")])


def _no_command(line: str) -> str:
    begin = line.lstrip()
    return f"{line[: len(line) - len(begin)]}\\x3a{begin[1:]}" if begin.startswith("::") else line


# --- the summary


def summary(run: RunResult, mask: Mask, room: int) -> str:
    """The run as Markdown of at most `room` bytes: what it came to, and a row a step, those that failed first where there are too many."""
    text = ""
    for each in runs_of(run):
        text += f"### {'✔' if each.ok else '✘'} {_cell(mask.text(each.title or each.plan or 'rrcli'))}\n\n{_came_to(each)}\n\n"
        rows = [(step, _row(step, mask)) for step in each.steps]
        if len(rows) > MOST_ROWS:
            rows = sorted(rows, key=lambda one: one[0].outcome not in ("failed", "error"))[:MOST_ROWS]
        text += "|  | Step | Asked | Result | Time |\n| --- | --- | --- | --- | ---: |\n" + "".join(row for _, row in rows)
        if len(each.steps) > len(rows):
            text += f"\n… {len(each.steps) - len(rows):,} more steps\n"
        text += "\n"
    return _cut(text, room)


def _came_to(run: RunResult) -> str:
    counts = run.counts()
    parts = [f"{count:,} {outcome}" for outcome, count in counts.items() if count]
    return " · ".join([*parts, duration(run.elapsed_ns), *([f"exit {run.exit_code}"] if run.exit_code else [])])


def _row(step: StepResult, mask: Mask) -> str:
    asked, found = ("", f"skipped: {step.reason or ''}") if step.skipped else _asked_and_found(step, mask)
    if step.outcome in ("failed", "error"):
        found = said(step, mask)
    elif not (step.skipped or step.started_at_ns):
        found = ""  # a check on all of it has sent nothing
    took = "" if step.skipped else duration(step.elapsed_ns)
    cells = (MARKS[step.outcome][0], *(_cell(mask.message(text)) for text in (step.name, asked, found)), took)
    return f"| {' | '.join(cells)} |\n"


def _cell(text: str) -> str:
    """The text in one line, with nothing in it that means anything in Markdown or HTML."""
    shown = visible(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
    return shown.translate(ESCAPES).replace(r"\<", "&lt;").replace(r"\>", "&gt;").replace(r"\&", "&amp;")


def _cut(text: str, room: int) -> str:
    """The text, or its whole lines as far as there is room."""
    if len(text.encode("utf-8", "replace")) <= room:
        return text
    end = "\n… cut: --report html=FILE has all of it\n"
    kept = text.encode("utf-8", "replace")[: max(room - len(end.encode()), 0)]
    lines = kept[: kept.rfind(b"\n") + 1].decode()
    return lines + end if lines else ""
