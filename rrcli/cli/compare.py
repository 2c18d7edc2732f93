"""`rrcli compare [--with WORDS]... COMMAND...`: the same request in several ways, side by side; with `--repeat` in turn."""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, exit_code, highest, usage
from rrcli.base.output import to_stderr
from rrcli.base.visible import visible
from rrcli.cli.diff import rules_of, show
from rrcli.cli.tooloptions import DiffOptions
from rrcli.cli.variants import read_variants
from rrcli.engine.fanout import every_address, send_all, set_exit_code
from rrcli.engine.interrupt import on_term
from rrcli.engine.runner import new_id
from rrcli.engine.send import send
from rrcli.model.diff.compared import Compared, compared
from rrcli.model.document import document, set_document
from rrcli.model.values import Exchange, ExchangeSet
from rrcli.options.request import Output
from rrcli.plan.result import RunResult, StepResult
from rrcli.policy.mask import Mask
from rrcli.policy.redact import masked, masked_set
from rrcli.policy.secrets import all_secrets, mask_url
from rrcli.series.tally import Series, series_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.cli.invocation import Invocation
    from rrcli.cli.variants import Variants
    from rrcli.engine.interrupt import Termination

    Result = Exchange | ExchangeSet | Series

SHOWN = ("json", "quiet", "silent", "color", "show_secrets", "report")  # options of output that have a meaning here
ENDED = (EXIT_INTERRUPTED, EXIT_TERMINATED)


def compare(words: list[str]) -> int:
    """Send all, print where their answers differ, and return 1 where they do, or why one has failed. Raises `usage`."""
    variants = read_variants(words)
    _refuse(variants)
    given = {**variants.invocations[0].output.__dict__, **variants.output}  # settings, too
    output = Output(**{name: value for name, value in given.items() if name in SHOWN})
    options = DiffOptions(**variants.values)
    termination = on_term()
    results = _sent(variants, termination)
    codes = [_code(result, termination) for result in results]
    if len(results) < len(variants.invocations):
        return highest(codes)
    secrets = [secret for result in results for exchange in _exchanges(result) for secret in all_secrets(exchange)]
    mask = Mask(()) if output.show_secrets else Mask(tuple(dict.fromkeys(secrets)))
    labels = [label if output.show_secrets else mask.text(mask_url(label)) for label in variants.labels]
    found = compared([_document(result, output) for result in results], labels, rules_of(options))
    code = highest([show(found, output, options.tolerance), *codes])
    if code and not found.differences:
        failures = dict.fromkeys(exchange.error.message for result in results for exchange in _exchanges(result) if exchange.error)
        to_stderr(f"rrcli: there is no difference, and all have failed: {visible(mask.message('; '.join(failures)))}\n")
    if not (output.silent or output.json or output.quiet):
        _tell_notes(results)
    if output.report:
        from rrcli.report.reports import write_reports

        code = highest([code, write_reports(output.report, _as_run(found, results, codes), tells=not output.silent)])
    return code


def _refuse(variants: Variants) -> None:
    """Raise `usage` for what has no meaning where answers are compared, before anything is sent."""
    for name, value in variants.output.items():
        if name not in SHOWN and not (name == "format" and value in ("pretty", "json")):
            raise usage(f"compare prints where answers differ, and takes no {Output.options_[name].flag}", "--json has all of them")
    for invocation in variants.invocations:
        hooks, request = invocation.hooks, invocation.request
        if hooks.is_offline(request):
            raise usage("--offline sends nothing, so there is nothing to compare")
        given = (*hooks.epilogue_options(request), *hooks.extra_output(request))
        if given:
            raise usage(f"{given[0]} is for one exchange, and compare sends several", "leave it out")
    if report := variants.output.get("report"):
        from rrcli.report.reports import RUN, check_reports

        check_reports(report, RUN, variants.entry)


# --- sending


def _sent(variants: Variants, termination: Termination) -> list[Result]:
    """What became of all, in their order; fewer where a signal has ended it."""
    requests = [invocation.request for invocation in variants.invocations]
    if any(request.repeats() for request in requests):
        if not all(request.repeats() for request in requests):
            raise usage("either all are repeated or none", "write --repeat behind the command, and not in --with")
        from rrcli.series.contradictions import refuse_contradictions
        from rrcli.series.interleaved import send_interleaved

        for invocation in variants.invocations:
            refuse_contradictions(invocation.request, Output(), invocation.hooks)
        return list(send_interleaved(requests))
    parts = [invocation.hooks.several(invocation.request) for invocation in variants.invocations]
    as_sets = any(part is not None for part in parts) or any(request.all_addresses for request in requests)
    results: list[Result] = []
    for invocation in variants.invocations:
        results.append(_set(invocation) if as_sets else send(invocation.request))
        if _code(results[-1], termination) in ENDED:
            break
    return results


def _set(invocation: Invocation) -> ExchangeSet:
    request = invocation.request
    parts = tuple(invocation.hooks.several(request) or (request,))
    if request.all_addresses:
        parts = tuple(one for part in parts for one in every_address(part))
    return send_all(parts, request.deadline)


def _code(result: Result, termination: Termination) -> int:
    """The exit code of a result alone."""
    if isinstance(result, Exchange):
        return exit_code(result.error, terminated=termination.arrived)
    if isinstance(result, ExchangeSet):
        return set_exit_code(result, terminated=termination.arrived)
    if any(note.startswith("interrupted") for note in result.notes):
        return EXIT_TERMINATED if termination.arrived else EXIT_INTERRUPTED
    return result.exit_code


# --- what is shown


def _exchanges(result: Result) -> list[Exchange]:
    if isinstance(result, Exchange):
        return [result]
    if isinstance(result, ExchangeSet):
        return list(result.exchanges)
    return [each for each in (result.first, result.worst) if each]


def _document(result: Result, output: Output) -> dict[str, Any]:
    """The document of a result, its secrets masked unless they are asked for."""
    if isinstance(result, Exchange):
        return document(result if output.show_secrets else masked(result))
    if isinstance(result, ExchangeSet):
        return set_document(result if output.show_secrets else masked_set(result))
    if not output.show_secrets:
        kept = {"first": result.first, "worst": result.worst}
        result = result.replace(**{name: masked(one) if one else None for name, one in kept.items()})
    return series_document(result)


def _tell_notes(results: list[Result]) -> None:
    """What there is to say of series, once."""
    for note in dict.fromkeys(note for result in results if isinstance(result, Series) for note in result.notes):
        to_stderr(f"rrcli: note: {visible(note)}\n")


def _as_run(found: Compared, results: list[Result], codes: list[int]) -> RunResult:
    """What was compared as a run for reports: a step for each, and one for the comparison."""
    steps = []
    for label, result, code in zip(found.labels, results, codes, strict=True):
        held = {Exchange: "exchange", ExchangeSet: "several", Series: "series"}[type(result)]
        first = next(iter(_exchanges(result)), None)
        began = first.timing.started_at_ns if first else 0
        elapsed = result.elapsed_ns if isinstance(result, Series) else sum(each.timing.elapsed_ns for each in _exchanges(result))
        steps.append(
            StepResult(name=label, kind="step", exit_code=code, started_at_ns=began, elapsed_ns=elapsed, **{held: result})  # type: ignore[arg-type]
        )
    paths = ", ".join(each["path"] for each in found.differences)
    code, reason = (EXIT_CODES["application"], f"the answers differ in {paths}") if paths else (0, None)
    steps.append(StepResult(name="no difference", kind="step", exit_code=code, reason=reason, differences=found.differences))
    began = min((step.started_at_ns for step in steps if step.started_at_ns), default=0)
    return RunResult(
        id=new_id(), plan=None, name="compare", started_at_ns=began, elapsed_ns=sum(step.elapsed_ns for step in steps), steps=tuple(steps)
    )
