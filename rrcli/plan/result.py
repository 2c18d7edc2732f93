"""What became of a plan: a result for each step, and the document of the run (`rrcli.run/1`)."""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, highest
from rrcli.base.record import Record
from rrcli.model.document import document, iso, ms, set_document
from rrcli.policy.mask import Mask
from rrcli.policy.redact import masked_by
from rrcli.policy.secrets import all_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from rrcli.model.values import Check, Exchange, ExchangeSet
    from rrcli.series.tally import Series

RUN_SCHEMA = "rrcli.run/1"
OUTCOMES = ("passed", "failed", "error", "skipped")
PLAN, CASE = "plan", "case"  # the kinds of steps that stand for one of several plans, and for a whole run of one
WHOLE = (PLAN, CASE)
HOPS = ("redirect", "auth", "describe")  # why one exchange followed another that is a part of it
JUDGED = (EXIT_CODES["application"], EXIT_CODES["check"])  # an answer came, and was not what was wanted


class StepResult(Record):
    """What became of one step, or of one row of it."""

    name: str
    kind: str
    step: str = ""  # the step's own name, where `name` has a row's behind it
    line: int = 0
    tags: tuple[str, ...] = ()
    exit_code: int = 0
    skipped: bool = False
    reason: str | None = None
    is_wanted: bool = False  # skipped by `when`, which is no failure
    started_at_ns: int = 0
    elapsed_ns: int = 0
    row: Any = None
    captures: dict[str, Any] = {}
    differences: tuple[dict[str, Any], ...] = ()  # from the snapshot
    snapshot: str | None = None  # the file that it is to be written to
    exchange: Exchange | None = None
    several: ExchangeSet | None = None
    series: Series | None = None
    served: dict[str, str] | None = None  # where responders are
    asked: str = ""  # what it asked for and
    found: str = ""  # what came of it, in short, where no exchange says so
    given: dict[str, str] = {}  # of one that failed: what others have captured and it used
    run: RunResult | None = None

    @property
    def outcome(self) -> str:
        if self.skipped:
            return "skipped"
        return "passed" if self.exit_code == 0 else "failed" if self.exit_code in JUDGED else "error"

    @property
    def ok(self) -> bool:
        return self.outcome == "passed" or self.is_wanted

    @property
    def attempts(self) -> int:
        """How often it was sent: earlier attempts and polls count, hops do not."""
        if self.exchange is None:
            return 0 if self.skipped or self.exit_code == EXIT_CODES["usage"] else 1
        return 1 + sum(earlier.why not in HOPS for earlier in self.exchange.history)

    def exchanges(self) -> Iterator[Exchange]:
        """All exchanges that it holds."""
        yield from (self.exchange,) if self.exchange else ()
        yield from self.several.exchanges if self.several else ()
        yield from (each for each in (self.series.first, self.series.worst) if each) if self.series else ()
        if self.run:
            for step in self.run.steps:
                yield from step.exchanges()


class RunResult(Record):
    """What became of a plan, or of several. `secrets` are the values that the whole run has shown to be some."""

    id: str
    plan: str | None
    name: str | None
    env: str | None = None
    case: str | None = None  # what the one that it was run for is called
    started_at_ns: int = 0
    elapsed_ns: int = 0
    steps: tuple[StepResult, ...] = ()
    secrets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    series: Series | None = None  # of a load: its iterations
    checks: tuple[Check, ...] = ()  # of a load
    code: int = 0  # of what ended it early

    @property
    def exit_code(self) -> int:
        """The highest of its steps, and what its checks and its early end come to; an interruption wins over all."""
        broken = any(not check.ok for check in self.checks)
        return highest([self.code, EXIT_CODES["check"] if broken else 0, *(step.exit_code for step in self.steps)])

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    @property
    def is_interrupted(self) -> bool:
        """Whether Ctrl-C or TERM ended it."""
        return self.exit_code in (EXIT_INTERRUPTED, EXIT_TERMINATED)

    def document(self) -> dict[str, Any]:
        """The run as `rrcli run --json` prints it, its secrets masked."""
        return run_document(self)

    def failed(self) -> list[StepResult]:
        """The steps that failed, of all plans."""
        return [step for run in self.single() for step in run.steps if step.outcome in ("failed", "error")]

    def single(self) -> list[RunResult]:
        """The runs of one plan and one case that it is made of; itself where it is such."""
        inner = [step.run for step in self.steps if step.run and step.kind in WHOLE]
        return [each for run in inner for each in run.single()] if inner else [self]

    @property
    def title(self) -> str:
        """What it is called, with its case."""
        return f"{self.name or ''} {self.case or ''}".strip()

    def counts(self) -> dict[str, int]:
        outcomes = [step.outcome for run in self.single() for step in run.steps]
        return {outcome: outcomes.count(outcome) for outcome in OUTCOMES}

    def mask(self) -> Mask:
        """What masks the secrets of the whole run."""
        found = dict.fromkeys(self.secrets)
        for step in self.steps:
            found.update(dict.fromkeys(step.run.secrets if step.run else ()))
            for exchange in step.exchanges():
                found.update(dict.fromkeys(all_secrets(exchange)))
        return Mask(tuple(found))


def run_document(run: RunResult, *, exact: bool = False, masks: bool = True) -> dict[str, Any]:
    """The contract's document of a run; with `masks` the secrets of the whole run are masked in all of it."""
    return _document(run, run.mask() if masks else None, exact)


def _document(run: RunResult, mask: Mask | None, exact: bool) -> dict[str, Any]:
    return {
        "schema": RUN_SCHEMA,
        "id": run.id,
        "plan": run.plan,
        "name": run.name,
        "env": run.env,
        "case": mask.text(run.case) if mask and run.case else run.case,
        "started_at": iso(run.started_at_ns),
        "elapsed_ms": ms(run.elapsed_ns),
        "ok": run.ok,
        "exit_code": run.exit_code,
        "counts": run.counts(),
        "steps": [_step(step, mask, exact) for step in run.steps],
        "series": _series(run.series) if run.series else None,
        "checks": _checks(run.checks),
        "notes": [mask.message(note) if mask else note for note in run.notes],
    }


def _series(series: Series) -> dict[str, Any]:
    """The document of iterations, which no exchange stands for."""
    from rrcli.series.tally import series_document

    return series_document(series)


def _difference(found: dict[str, Any], mask: Mask | None) -> dict[str, Any]:
    return {**found, "path": mask.text(found["path"]), "values": mask.json(found["values"])} if mask else found


def _checks(checks: Sequence[Check]) -> list[dict[str, Any]]:
    return [{"expr": check.expr, "ok": check.ok, "actual": check.actual} for check in checks]


def _step(step: StepResult, mask: Mask | None, exact: bool) -> dict[str, Any]:
    def shown(exchange: Exchange) -> Exchange:
        return masked_by(exchange, mask) if mask else exchange

    exchange = shown(step.exchange) if step.exchange else None
    several, series = step.several, step.series
    if several:
        several = several.replace(exchanges=tuple(map(shown, several.exchanges)))
    found: dict[str, Any] | None = None
    if series:
        from rrcli.series.tally import series_document

        kept = {"first": series.first, "worst": series.worst}
        found = series_document(series.replace(**{name: shown(one) if one else None for name, one in kept.items()}), exact=exact)
    checks = exchange.checks if exchange else series.checks if series else ()
    return {
        "name": mask.text(step.name) if mask else step.name,
        "kind": step.kind,
        "line": step.line,
        "tags": list(step.tags),
        "ok": step.ok,
        "outcome": step.outcome,
        "skipped": step.skipped,
        "reason": mask.message(step.reason) if mask and step.reason else step.reason,
        "started_at": iso(step.started_at_ns) if step.started_at_ns else None,
        "elapsed_ms": ms(step.elapsed_ns),
        "attempts": step.attempts,
        "row": mask.json(step.row) if mask else step.row,
        "captures": {name: mask.json(value) if mask else value for name, value in step.captures.items()},
        "checks": _checks(checks),
        "differences": [_difference(each, mask) for each in step.differences],
        "exchange": document(exchange, exact=exact) if exchange else None,
        "set": set_document(several, exact=exact) if several else None,
        "series": found,
        "served": step.served,
        "run": _document(step.run, mask, exact) if step.run else None,
    }
