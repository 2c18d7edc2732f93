"""A result as the document that `--json` prints, with what is a secret masked in all of it."""

from __future__ import annotations

from rrcli.base.jsontext import pieces
from rrcli.model.document import document, set_document
from rrcli.model.values import Exchange, ExchangeSet
from rrcli.plan.result import RunResult, run_document
from rrcli.policy.redact import masked_for_others, masked_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.report.reports import Result


def json_report(result: Result) -> str:
    """The document, indented."""
    return "".join(pieces(_document(result), 2)) + "\n"


def _document(result: Result) -> dict[str, Any]:
    if isinstance(result, RunResult):
        return run_document(result, exact=True)
    if isinstance(result, Exchange):
        return document(masked_for_others(result), exact=True)
    if isinstance(result, ExchangeSet):
        return set_document(masked_set(result, for_others=True), exact=True)
    from rrcli.series.tally import series_document

    kept = {"first": result.first, "worst": result.worst}
    return series_document(result.replace(**{name: masked_for_others(one) if one else None for name, one in kept.items()}), exact=True)
