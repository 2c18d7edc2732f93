"""A run as JUnit XML that Jenkins' junit-10.xsd takes: a testsuite a plan or case, a testcase a step; earlier attempts are flaky ones."""

from __future__ import annotations

from rrcli.base.visible import visible
from rrcli.model.document import iso_seconds
from rrcli.report.formats.runreport import WIDTH, as_run, attempts_of, differing, drawn, kind_of, place_of, runs_of, said
from rrcli.report.terminal.paint import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.plan.result import RunResult, StepResult
    from rrcli.policy.mask import Mask
    from rrcli.report.reports import Result

NOT_IN_XML = ("\ufffe", "\uffff")


def junit_report(result: Result) -> str:
    """The report. What failed is a `failure`, whatever else went wrong an `error`."""
    run = as_run(result)
    mask = run.mask()
    counts = run.counts()
    total = {"tests": sum(counts.values()), "failures": counts["failed"], "errors": counts["error"], "time": seconds(run.elapsed_ns)}
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', _tag("testsuites", name=mask.text(run.title or "rrcli"), **total)]
    for each in runs_of(run):
        lines += _suite(each, mask)
    return "\n".join([*lines, "</testsuites>", ""])


def _suite(run: RunResult, mask: Mask) -> Iterator[str]:
    counts = run.counts()
    stamp = iso_seconds(run.started_at_ns // 10**9)[:-1]
    yield _tag(
        "testsuite", name=mask.text(run.title), tests=sum(counts.values()), failures=counts["failed"], errors=counts["error"],
        skipped=counts["skipped"], time=seconds(run.elapsed_ns), timestamp=stamp, file=run.plan or "-",
    )  # fmt: skip
    for step in run.steps:
        inner = list(_inner(run, step, mask))
        head = _tag("testcase", name=mask.text(step.name), classname=mask.text(run.title), time=seconds(step.elapsed_ns))
        yield from [head, *inner, "</testcase>"] if inner else [f"{head[:-1]}/>"]
    yield "</testsuite>"


def _inner(run: RunResult, step: StepResult, mask: Mask) -> Iterator[str]:
    """What a testcase says beside its name."""
    if step.skipped:
        yield f"{_tag('skipped', message=mask.message(step.reason or ''))[:-1]}/>"
        return
    if step.outcome == "passed":
        for attempt in attempts_of(step.exchange) if step.exchange else ():
            assert attempt.error
            name = "flakyFailure" if attempt.error.layer in ("application", "check") else "flakyError"
            message = mask.message(attempt.error.message)
            yield f"{_tag(name, message=message, type=attempt.error.kind)}{text_of(message)}</{name}>"
        return
    name = "failure" if step.outcome == "failed" else "error"
    message = said(step, mask)
    yield f"{_tag(name, message=message, type=kind_of(step))}{text_of(': '.join(filter(None, (place_of(run, step), message))))}</{name}>"
    if step.exchange:
        yield f"<system-out>{text_of(_differences(step, mask) + drawn(step.exchange, mask))}</system-out>"
    elif step.differences:
        yield f"<system-out>{text_of(_differences(step, mask))}</system-out>"


def _differences(step: StepResult, mask: Mask) -> str:
    page = Page(WIDTH)
    if step.differences:
        differing(step, mask, page)
    return page.text(color=False)


def seconds(ns: int) -> str:
    """Seconds with three decimals, which are as many as the schema allows."""
    return f"{ns / 1e9:.3f}"


def _tag(tag: str, /, **values: object) -> str:
    attributes = "".join(f' {key}="{text_of(str(value), quoted=True)}"' for key, value in values.items())
    return f"<{tag}{attributes}>"


def text_of(text: str, *, quoted: bool = False) -> str:
    """The text as XML has it; letters that no XML may hold are made visible."""
    text = visible(text, multiline=True)
    for letter in NOT_IN_XML:
        text = text.replace(letter, "\ufffd")
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;") if quoted else text
