"""Snapshots: the answer of a step kept in a file beside the plan, that later runs are compared with.

`shop.toml` has its snapshots in `shop.snapshots/NAME.json`, of what is compared alone, so that the file changes only where the answer
does. They are written at the end of a run, when all its secrets are known.
"""

from __future__ import annotations

import os

from rrcli.base.errors import EXIT_CODES, ExchangeError, usage
from rrcli.base.files import read_local
from rrcli.base.jsontext import fault, laid_out, loads
from rrcli.base.units import counted
from rrcli.engine.registry import variation_of
from rrcli.model.diff import exchange_differences
from rrcli.model.diff.kept import kept
from rrcli.model.diff.rules import Rules
from rrcli.model.document import document
from rrcli.model.values import Failure
from rrcli.plan.step import Snapshot
from rrcli.policy.ignored import pattern
from rrcli.policy.mask import Mask
from rrcli.policy.redact import masked_by
from rrcli.policy.secrets import all_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from rrcli.base.sourcefile import Problems
    from rrcli.model.values import Exchange
    from rrcli.plan.model import Plan
    from rrcli.plan.result import RunResult, StepResult
    from rrcli.plan.step import Step

LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
LARGEST = 256 << 20  # bytes of a file
MOST_NAMED = 3  # paths in a message


# --- what the plan says


def read_snapshot(value: Any) -> Snapshot | None:
    """`snapshot = true | { name = "cart", ignore = ["json.items[*].at"] }`. Raises `ValueError`."""
    if isinstance(value, bool):
        return Snapshot() if value else None
    if not isinstance(value, dict) or set(value) - {"name", "ignore"}:
        raise ValueError('snapshot is true, or a table: { name = "cart", ignore = ["json.items[*].at"] }')
    name, ignored = value.get("name"), value.get("ignore", [])
    if not (name is None or (isinstance(name, str) and name)):
        raise ValueError("the name of a snapshot is a text")
    if not isinstance(ignored, list) or not all(isinstance(path, str) for path in ignored):
        raise ValueError('ignore is a list of paths: ["json.items[*].at"]')
    return Snapshot(name=name, ignored=tuple(map(pattern, ignored)))


def check(plan: Plan, problems: Problems) -> None:
    """Tell of two snapshots that would be one file, and of those, and of schemas, that have no answer."""
    found: dict[str, Step] = {}
    for step in plan.steps:
        for key in [key for key, given in (("snapshot", step.snapshot), ("json-schema", step.schema)) if given]:
            if step.entry is None or {"repeat", "duration"} & step.options.keys():
                problems.add(plan.source, (*step.path, key), f"{key} is of one answer, and this step has none of its own", key=True)
        if step.snapshot and plan.source.name == "-":
            problems.add(plan.source, (*step.path, "snapshot"), "a plan on standard input has no folder for snapshots", key=True)
        elif step.snapshot:
            _check_names(plan, problems, step, found)
    _check_rows(plan, problems, found)


def _check_names(plan: Plan, problems: Problems, step: Step, found: dict[str, Step]) -> None:
    """Tell of a file of a step that is one of another step's in `found`, too, or another one of its own."""
    names = [name.casefold() for name in _names(plan, step)]
    for name in names:
        other = found.setdefault(name, step)
        if other is not step or names.count(name) > 1:
            what = f"the step {other.name}" if other is not step else "another row or case"
            said = f"the snapshot {name} is that of {what}, too: give one another name"
            problems.add(plan.source, (*step.path, "snapshot"), said, key=True)
            return


def _names(plan: Plan, step: Step) -> Iterator[str]:
    """The names of the files of a step, as far as its rows are known."""
    rows: Iterable[int | None] = range(len(step.rows)) if isinstance(step.rows, list) else [None]
    cases: list[str | None] = [case_name(case.row) for case in plan.cases or ()]
    for case in cases or [None]:
        for index in rows:
            yield file_name(step, index, case)


def _check_rows(plan: Plan, problems: Problems, found: dict[str, Step]) -> None:
    """Tell of a file that a row could have, whose number is not known yet."""
    for step in plan.steps:
        if step.snapshot and step.rows is not None and not isinstance(step.rows, list):
            begin = f"{file_name(step, None, None).casefold()}-"
            for name, other in found.items():
                if other is not step and name.startswith(begin) and name.removeprefix(begin).partition("-")[0].isdecimal():
                    what = f"the snapshot {name} could be that of a row of the step {step.name}, too: give one another name"
                    problems.add(plan.source, (*other.path, "snapshot"), what, key=True)


def file_name(step: Step, index: int | None, case: str | None) -> str:
    """`NAME`, `NAME-INDEX`, `NAME-CASE`, without the ending."""
    assert step.snapshot
    parts = [step.snapshot.name or step.name, *([] if index is None else [str(index)]), *([] if case is None else [case])]
    return "-".join("".join(letter if letter in LETTERS else "-" for letter in part) for part in parts)


def case_name(row: Any) -> str:
    """What a case is called: its `name`, else its first value."""
    return str(row.get("name", next(iter(row.values()), ""))) if isinstance(row, dict) else str(row)


def path_of(plan: Plan, step: Step, index: int | None, case: str | None) -> str:
    """The file of a snapshot. Raises `usage` where it would lie outside of what the plan may write."""
    stem = os.path.basename(plan.source.name).removesuffix(".toml").removesuffix(".json")
    try:
        return plan.root.resolve(os.path.join(f"{stem}.snapshots", f"{file_name(step, index, case)}.json"))
    except ValueError as error:
        raise usage(str(error)) from None


# --- a run


def compared(exchange: Exchange, step: Step, path: str, *, updates: bool, secrets: Iterable[str]) -> tuple[Exchange, dict[str, Any]]:
    """The exchange, failed where its answer differs from the snapshot, and what that adds to the result: `differences`, or `snapshot`.

    Raises `ExchangeError` of layer `usage` for a file that is no snapshot, and `local` for one that cannot be read.
    """
    before = None if updates else _read(path)
    if before is None:
        if not updates and in_ci():
            why = f"there is no snapshot {path}, and with CI set none is written: run it once without, or with --update-snapshots"
            return failed(exchange, why), {}
        return exchange, {"snapshot": path}
    shown = masked_by(exchange, Mask((*secrets, *all_secrets(exchange))))
    found = exchange_differences([before, document(shown, parsed=True)], rules_of(step))
    if not found:
        return exchange, {}
    why = f"{counted(len(found), 'difference')} from the snapshot {path}: {_paths(found)}"
    return failed(exchange, why), {"differences": tuple(found)}


def rules_of(step: Step) -> Rules:
    """What of an answer is compared: status, fields and content."""
    assert step.snapshot
    return Rules(ignored=step.snapshot.ignored, has_tls=False, variation_of=variation_of)


def in_ci() -> bool:
    """Whether `CI` is set, as those who run tests for others set it."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def failed(exchange: Exchange, why: str) -> Exchange:
    """The exchange as one whose check has failed."""
    failure = Failure(layer="check", kind="check_failed", message=why, delivery="answered", retry="useless")
    return exchange.replace(outcome="check_failed", error=failure)


def _paths(found: list[dict[str, Any]]) -> str:
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return ", ".join(each["path"] for each in found[:MOST_NAMED]) + more


def _read(path: str) -> dict[str, Any] | None:
    """A snapshot; `None` where there is none."""
    if not os.path.exists(path):
        return None
    text = read_local(path, LARGEST).decode("utf-8", "surrogateescape")
    again = "--update-snapshots writes it anew"
    try:
        value = loads(text)
    except ValueError as error:
        raise ExchangeError("usage", "input", f"the snapshot {path} is no JSON: {fault(text) or error}", hint=again) from None
    answer = value.get("response") if isinstance(value, dict) else None
    parts = [answer.get(name) or {} for name in ("status", "headers", "body", "data")] if isinstance(answer, dict) else []
    if not parts or not all(isinstance(part, dict) for part in parts):
        raise ExchangeError("usage", "input", f"{path} is no snapshot", hint=again)
    found: dict[str, Any] = value
    return found


# --- the files


def write_snapshots(run: RunResult, plan: Plan) -> RunResult:
    """Write the snapshots that a run has shown to be missing, or is to renew, its secrets masked; what was written is noted."""
    mask: Mask | None = None
    notes, code = [], 0
    for step, result in _pending(run, plan):
        mask = mask or run.mask()
        assert result.exchange
        assert result.snapshot
        value = kept(document(masked_by(result.exchange, mask), parsed=True), rules_of(step))
        try:
            if _write(result.snapshot, laid_out(value)):
                notes.append(f"snapshot {result.snapshot} written")
        except OSError as error:
            notes.append(f"cannot write the snapshot {result.snapshot}: {(error.strerror or str(error)).lower()}")
            code = EXIT_CODES["local"]
    return run.replace(notes=(*run.notes, *notes), code=max(run.code, code)) if notes else run


def _pending(run: RunResult, plan: Plan) -> Iterator[tuple[Step, StepResult]]:
    steps = {step.name: step for step in plan.steps}
    for result in run.steps:
        step = steps.get(result.step)
        if step and result.snapshot and result.ok:
            yield step, result
        elif step and step.included and result.run:
            yield from _pending(result.run, step.included)


def _write(path: str, text: str) -> bool:
    """Put the text in the place of the file's; false where it is there already."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return False
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
    return True
