"""The reports of a run: each a text made of the result alone, with the secrets of the whole run masked, written whole or not at all."""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import pieces
from rrcli.engine.manifest import load
from rrcli.plan.result import HOPS, PLAN, run_document
from rrcli.policy.redact import masked_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.model.values import Exchange
    from rrcli.plan.result import RunResult, StepResult
    from rrcli.policy.mask import Mask

KINDS = {
    "json": "rrcli.report.formats.runreport:json_report",
    "junit": "rrcli.report.formats.junit:junit_report",
    "tap": "rrcli.report.formats.tap:tap_report",
}
WIDTH = 100  # columns of an exchange that is drawn within a report


def rule(text: str) -> tuple[str, str]:
    """`KIND=FILE` of `--report`. Raises `ValueError`."""
    kind, _, path = text.partition("=")
    if kind not in KINDS or not path:
        raise ValueError(f"{text!r} is not KIND=FILE; there are {', '.join(KINDS)}")
    return kind, path


def write_report(kind: str, path: str, run: RunResult) -> None:
    """Write one report to a new file beside, which then takes the place. Raises `local` where that cannot be done."""
    text: str = load(KINDS[kind])(run)
    beside = f"{path}.{os.getpid()}.new"
    try:
        with open(beside, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
        os.replace(beside, path)
    except OSError as error:
        raise ExchangeError("local", "output", f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error


def json_report(run: RunResult) -> str:
    """The document of the run."""
    return "".join(pieces(run_document(run, exact=True), 2)) + "\n"


def runs_of(run: RunResult) -> list[RunResult]:
    """The runs of single plans that a result holds."""
    return [step.run for step in run.steps if step.run and step.kind == PLAN] or [run]


def place_of(run: RunResult, step: StepResult) -> str:
    """`FILE:LINE`, which CI systems make a link of."""
    return f"{run.plan or '-'}:{step.line}"


def said(step: StepResult, mask: Mask) -> str:
    """Why a step did not pass, in one sentence."""
    if step.reason:
        return mask.message(step.reason)
    broken = [check.expr for check in step.series.checks if not check.ok] if step.series else []
    failed = [each.error.message for each in step.exchanges() if each.error]
    return mask.message("; ".join(broken or failed) or f"exit {step.exit_code}")


def kind_of(step: StepResult) -> str:
    """The kind of its failure."""
    return next((each.error.kind for each in step.exchanges() if each.error), "check_failed" if step.outcome == "failed" else "input")


def drawn(exchange: Exchange, mask: Mask) -> str:
    """The exchange as `pretty` draws it, without colour."""
    from rrcli.engine.registry import BY_NAME
    from rrcli.report.terminal.render import render

    shown = masked_by(exchange, mask)
    return render(shown, BY_NAME[exchange.protocol], width=WIDTH, color=False, verbose=True, wire=False)


def attempts_of(exchange: Exchange) -> Iterator[Exchange]:
    """The earlier attempts and polls that failed."""
    return (each for each in exchange.history if each.why not in HOPS and each.error)
