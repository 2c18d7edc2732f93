"""The reports of `--report KIND=FILE`: which there are, what each is made of, and how they are written.

A report is a text made of a result alone, with the secrets of all of it masked. A kind that is made of runs takes one exchange and
exchanges side by side too, which are then the steps of a run.
"""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, ExchangeError, usage
from rrcli.base.output import to_stderr, to_stdout
from rrcli.base.privatefile import check_writable, write_text
from rrcli.base.visible import visible
from rrcli.engine.manifest import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Exchange, ExchangeSet
    from rrcli.plan.result import RunResult
    from rrcli.series.tally import Series

    Result = RunResult | ExchangeSet | Exchange | Series
    Rules = Sequence[tuple[str, str]]

# Of what, as a sentence calls it.
RUN, SET, EXCHANGE, SERIES = "a run", "several exchanges", "one exchange", "a series"
ANY = (RUN, SET, EXCHANGE, SERIES)
STANDARD_OUTPUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
ARCHIVED = (RUN, SET, EXCHANGE)

# By kind: the function `report(result) -> str` that makes it, and what it is made of. Beside it its module may have `check(protocol)`,
# which raises `usage` for what it cannot hold, and `note(result) -> str | None`, which tells what it has left out,
# and `KEEPS_SAMPLES`, where it is made of every exchange of a series.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "json": ("rrcli.report.formats.jsonreport:json_report", ANY),
    "junit": ("rrcli.report.formats.junit:junit_report", ANY),
    "tap": ("rrcli.report.formats.tap:tap_report", ANY),
    "html": ("rrcli.report.formats.html.page:html_report", ANY),
    "csv": ("rrcli.report.formats.csvreport:csv_report", (SERIES,)),
    "hgrm": ("rrcli.report.formats.hgrm:hgrm_report", (SERIES,)),
    "openmetrics": ("rrcli.report.formats.openmetrics:openmetrics_report", (SERIES,)),
    "har": ("rrcli.report.formats.hararchive:har_report", ARCHIVED),
}


def check_reports(rules: Rules, what: str, entry: Protocol | None = None) -> None:
    """Raise `usage` for a kind that is not made of this, `local` for a file that cannot be written; before anything is sent.

    `entry` is the protocol of all exchanges, where they are of one.
    """
    for number, (kind, path) in enumerate(rules):
        if what not in KINDS[kind][1]:
            there = ", ".join(name for name, (_, of) in KINDS.items() if what in of)
            raise usage(f"--report {kind} is not made of {what}", f"{what} can be {there}")
        if any(path == other for _, other in rules[:number]):
            raise usage(f"--report: two reports would be written to {path}", "give each a file of its own")
        if entry and (check := _of_module(kind, "check")):
            check(entry)
        check_writable(path)


def keep_samples(rules: Rules) -> bool:
    """Whether one of these reports is made of every exchange of a series."""
    return any(_of_module(kind, "KEEPS_SAMPLES") for kind, _ in rules)


def write_reports(rules: Rules, result: Result, *, tells: bool = True) -> int:
    """Write each to a new file beside, which then takes its place.

    What cannot be written is told, and gives the exit code, which is 0 else; with `tells` also what a report has no place for.
    """
    code, notes = 0, []
    for kind, path in rules:
        text: str = load(KINDS[kind][0])(result)
        if remark := _of_module(kind, "note"):
            said = remark(result)
            notes += [f"{path}: {said}"] if said else []
        try:
            _write(path, text.encode("utf-8", "replace").decode())
        except ExchangeError as error:
            to_stderr(f"rrcli: {visible(error.message)}\n")
            code = EXIT_CODES["local"]
    for said in notes if tells else ():
        to_stderr(f"rrcli: note: {visible(said)}\n")
    return code


def _write(path: str, text: str) -> None:
    if path in STANDARD_OUTPUT:  # where it is a file, opening that would cut what stands in it
        to_stdout(text.encode())
    else:
        write_text(path, text, mode=0o666)


def _of_module(kind: str, name: str) -> Any:
    """What the module of a kind has under a name, where it has that."""
    return getattr(__import__(KINDS[kind][0].partition(":")[0], fromlist=[name]), name, None)
