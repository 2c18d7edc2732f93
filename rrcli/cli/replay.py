"""`rrcli replay FILE|@N`: what was saved is sent again, and its answers are compared with those that were saved."""

from __future__ import annotations

import os
from time import time_ns

from rrcli.base.deadline import now
from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, exit_code, usage
from rrcli.base.output import to_stderr
from rrcli.base.record import Record
from rrcli.base.visible import visible
from rrcli.cli.again import Again
from rrcli.cli.app import parse
from rrcli.cli.commands import find
from rrcli.cli.diff import rules_of
from rrcli.cli.diff import show as show_compared
from rrcli.cli.fast import VALUED, flags
from rrcli.cli.saved import Collection, Saved, read_saved
from rrcli.cli.show import color, print_document, print_text
from rrcli.cli.tooloptions import DiffOptions, ReplayOptions, replay_options
from rrcli.codec.http.cookies import Jar
from rrcli.engine import registry
from rrcli.engine.context import Shared
from rrcli.engine.interrupt import on_term
from rrcli.engine.runner import judge_of, new_id
from rrcli.engine.send import send
from rrcli.model.diff.compared import Compared
from rrcli.model.diff.documents import document_differences
from rrcli.model.document import document, set_document
from rrcli.model.values import Exchange, ExchangeSet
from rrcli.options.request import Output
from rrcli.plan.result import RunResult, StepResult, run_document
from rrcli.policy.maskedfile import masked_document
from rrcli.policy.redact import masked, masked_set
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.diff.rules import Rules
    from rrcli.options.option import Option
    from rrcli.options.request import Request
    from rrcli.series.tally import Series

    Document = dict[str, Any]

LABEL = "replay"
ANSWERED = (0, EXIT_CODES["application"], EXIT_CODES["check"])
ENDED = (EXIT_INTERRUPTED, EXIT_TERMINATED)


class Sent(Record):
    """What was sent again: the result, its document beside the saved one, where they differ, and the exit code."""

    result: Exchange | ExchangeSet | Series
    before: Document
    after: Document
    differences: tuple[Document, ...]
    exit_code: int


def replay(words: list[str]) -> int:
    """Send everything again, in its order, compare, and return the exit code.

    Its options are those of what was saved, too. Raises `usage` for all that stands in the way, before anything is sent; and `local`.
    """
    command = find("replay")
    assert command
    place = _saved_among(words)
    if place is None:
        parse(command, words)
        raise usage("replay takes FILE or @N", "rrcli … --json > FILE writes a document")
    collection = read_saved(place)
    own = (entry.request_type.options_ for name in collection.protocols() if (entry := registry.by_name(name)))
    values = parse(command.replace(options=replay_options(*own)), words)
    if values is None:
        return 0
    if len(values["arguments"]) > 1:
        raise usage(f"replay takes one FILE, got {len(values['arguments'])}", "a run or lines of documents have many in one file")
    return _replay(values, collection)


def _saved_among(words: list[str]) -> str | None:
    """FILE or @N among the words: the first that is no option, nor the value of one that all commands have."""
    table = flags(replay_options())
    before: Option | None = None
    for word in words:
        if (word == "-" or word[:1] != "-") and not (before and before.kind in VALUED):
            return word
        before = table.get(word)
    return None


def _replay(values: dict[str, Any], collection: Collection) -> int:
    output = Output(**{name: values.pop(name) for name in Output.options_ if name in values})
    values.pop("arguments")
    own = ReplayOptions(**{name: values.pop(name) for name in ReplayOptions.options_ if name in values})
    compares = DiffOptions(**{name: values.pop(name) for name in DiffOptions.options_ if name in values})
    again = Again(_secrets(own.secret), own.target, values, is_many=collection.is_many)
    asked = [[again.request(saved.name, exchange) for exchange in saved.exchanges] for saved in collection.saved]
    again.raise_any(collection.label)
    requests = [[request for request in row if request] for row in asked]
    for row, saved in zip(requests, collection.saved, strict=True):
        for request in row:
            judge_of(request)
            if request.repeats() != ("count" in saved.document):
                raise usage("a series is compared with a series alone", "--repeat and --duration are those that were saved")
    if output.report:
        from rrcli.report.reports import RUN, check_reports

        check_reports(output.report, RUN)
    if not output.silent:
        for remark in collection.remarks:
            to_stderr(f"rrcli: note: {visible(remark)}\n")
    replaying = _Replaying(collection, rules_of(compares), output, is_checked="expect" in values or "ok" in values)
    return replaying.run(requests, compares.tolerance)


def _secrets(given: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The values of `--secret NAME=VARIABLE`. Raises `usage` for all variables that are not set."""
    unset = [f"{variable} (of {name})" for name, variable in given if variable not in os.environ]
    if unset:
        raise usage(f"not set in the environment: {', '.join(unset)}", "--secret NAME=VARIABLE names a variable that has the value")
    return {name: os.environ[variable] for name, variable in given}


class _Replaying:
    """One replay under way."""

    def __init__(self, collection: Collection, rules: Rules, output: Output, *, is_checked: bool) -> None:
        self._collection = collection
        self._rules = rules
        self._output = output
        self._is_checked = is_checked  # by expectations of the replay's own
        self._termination = on_term()
        self._shared = Shared(cookies=Jar()) if collection.is_run else Shared()

    def run(self, requests: list[list[Request]], tolerance: float) -> int:
        """Send, compare and print; the exit code."""
        started, began, output = time_ns(), now(), self._output
        sent: list[Sent] = []
        steps: list[StepResult] = []
        drawn = self._collection.is_many and not (output.json or output.quiet)
        if drawn:
            from rrcli.report.terminal.replay import Lines

            names = [saved.name if self._collection.is_run else str(number) for number, saved in enumerate(self._collection.saved, 1)]
            lines = Lines(names, width(), in_color=color(output, 1), masks=not output.show_secrets)
        for number, (saved, row) in enumerate(zip(self._collection.saved, requests, strict=True)):
            began_step = now()
            each = self._send(saved, row)
            steps.append(_step(saved.name, each, now() - began_step))
            sent.append(each)
            if drawn:
                print_text(lines.of(steps[-1].replace(name=names[number])))
            if each.exit_code in ENDED:
                break
        result = RunResult(
            id=new_id(), plan=self._collection.label, name=self._collection.label, started_at_ns=started, elapsed_ns=now() - began,
            steps=tuple(steps),
        )  # fmt: skip
        code = self._print(result, sent, tolerance)
        if output.report:
            from rrcli.report.reports import write_reports

            code = max(code, write_reports(output.report, result, tells=not output.silent))
        return code

    # --- one

    def _send(self, saved: Saved, requests: list[Request]) -> Sent:
        """Send one saved document's requests, and compare what comes of them."""
        before = saved.document if self._output.show_secrets else masked_document(saved.document)
        if "count" in before:
            from rrcli.series.run import send_series
            from rrcli.series.tally import series_document

            series = send_series(requests[0])
            kept = (
                {}
                if self._output.show_secrets
                else {name: one and masked(one) for name in ("first", "worst") if (one := getattr(series, name))}
            )
            after = series_document(series.replace(**kept))
            return self._compared(series, before, after, series.exit_code)
        exchanges = tuple(send(request, shared=self._shared) for request in requests)
        codes = [exit_code(exchange.error, terminated=self._termination.arrived) for exchange in exchanges]
        if "exchanges" in before:
            several = ExchangeSet(exchanges=exchanges)
            after = set_document(several if self._output.show_secrets else masked_set(several))
            return self._compared(several, before, after, max(codes, default=0))
        (exchange,) = exchanges
        return self._compared(exchange, before, document(exchange if self._output.show_secrets else masked(exchange)), codes[0])

    def _compared(self, result: Exchange | ExchangeSet | Series, before: Document, after: Document, code: int) -> Sent:
        """The two compared. The exit code is that of a difference, or of why no answer came where one had come before."""
        found = tuple(document_differences(before, _as_kept(before, after), self._rules))
        if code in ENDED or (self._is_checked and code == EXIT_CODES["check"]) or (before.get("response", found) is None and code):
            pass  # it was given up, its own checks failed, or there was no answer to compare with
        elif not found:
            code = 0
        elif code in ANSWERED:
            code = EXIT_CODES["application"]
        return Sent(result=result, before=before, after=after, differences=found, exit_code=code)

    # --- all

    def _print(self, result: RunResult, sent: list[Sent], tolerance: float) -> int:
        output, label = self._output, self._collection.label
        if not self._collection.is_many:
            (only,) = sent
            found = Compared(labels=(label, LABEL), documents=(only.before, only.after), differences=only.differences)
            show_compared(found, output, tolerance)
            if only.exit_code not in (*ANSWERED, *ENDED) and result.steps[0].reason:
                to_stderr(f"rrcli: {visible(result.steps[0].reason)}\n")
            return only.exit_code
        if output.json:
            print_document(run_document(result, exact=True, masks=not output.show_secrets), 2)
        elif output.quiet:
            for step in result.steps:
                if not step.ok:
                    to_stderr(f"rrcli: {visible(step.name)}: {visible(step.reason or '')}\n")
        else:
            from rrcli.report.terminal.replay import render_end

            print_text("")
            print_text(render_end(result, (label, LABEL), width=width(), color=color(output, 1), masks=not output.show_secrets))
        return result.exit_code


def _step(name: str, sent: Sent, elapsed_ns: int) -> StepResult:
    """The result as the step of a run."""
    result, reason = sent.result, None
    if sent.exit_code:
        paths = [difference["path"] for difference in sent.differences]
        reason = f"differs: {', '.join(paths[:3])}{f' and {len(paths) - 3} more' if len(paths) > 3 else ''}" if paths else None
        failure = result.error if isinstance(result, Exchange) else None
        if failure and sent.exit_code not in ANSWERED:
            reason = failure.message
    held: dict[str, Any] = {
        "exchange" if isinstance(result, Exchange) else "several" if isinstance(result, ExchangeSet) else "series": result
    }
    return StepResult(
        name=name, kind="step", exit_code=sent.exit_code, reason=reason, started_at_ns=time_ns() - elapsed_ns, elapsed_ns=elapsed_ns,
        differences=sent.differences, **held,
    )  # fmt: skip


def _as_kept(before: Document, after: Document) -> Document:
    """The new document without those parts whose like was not kept, so that they are no difference."""
    if "exchanges" in before:
        pairs = zip(before["exchanges"], after["exchanges"], strict=False)
        return {**after, "exchanges": [_as_kept(*pair) for pair in pairs]}
    answer, now_answer = before.get("response"), after.get("response")
    if "peer" not in (before.get("connection") or {}):
        after = {**after, "connection": before.get("connection")}
    if answer and now_answer:
        parts = {name: answer.get(name) for name in ("body", "data") if answer.get(name) is None}
        after = {**after, "response": {**now_answer, **parts}}
    return after
