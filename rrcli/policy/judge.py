"""The verdict on an exchange, and on several side by side: `--ok` in place of the protocol's own, then every `--expect`."""

from __future__ import annotations

from rrcli.model.document import set_document
from rrcli.model.values import Exchange, Failure, Note
from rrcli.policy.expect import Expectation, of_one
from rrcli.policy.literals import equal, read_literal, sentence
from rrcli.policy.paths import NAME, OF_SET, read_for, set_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.model.values import Check, ExchangeSet


class Judge:
    """The verdict on a whole exchange: `--ok` in place of the protocol's own, then every `--expect`."""

    def __init__(self, expect: tuple[str, ...], ok: str | None) -> None:
        self._expectations = [of_one(text) for text in expect]
        self._ok = _success(ok) if ok else None
        self._judges_by = [*self._expectations, *([of_one(ok)] if ok and _is_expectation(ok) else [])]

    def reads_only(self, names: tuple[str, ...]) -> bool:
        """Whether the verdict comes of nothing but these parts of the document; the status is always one of them."""
        return all(expectation.reads_only(names) for expectation in self._judges_by)

    def judge(self, exchange: Exchange, deadline: Deadline | None = None) -> Exchange:
        """The exchange with its checks and the outcome that follows from them."""
        value = read_for(exchange, [expectation.path for expectation in self._expectations], deadline)
        if exchange.outcome in ("ok", "application_error"):
            replaced = any(expectation.decides_status for expectation in self._expectations)
            if replaced or (self._ok and self._ok(value, deadline)):
                exchange = exchange.replace(outcome="ok", error=None)
            elif self._ok and exchange.outcome == "ok":
                exchange = exchange.replace(outcome="application_error", error=_not_ok(exchange))
        if not self._expectations:
            return exchange
        checks = tuple(expectation.check(value, deadline) for expectation in self._expectations)
        slow = [expectation.text for expectation in self._expectations if expectation.gave_up]
        notes = [Note(code="slow-check", message=f"{text!r} was given up: finding out takes too long") for text in slow]
        exchange = exchange.replace(checks=checks, notes=(*exchange.notes, *notes))
        broken = [check for check in checks if not check.ok]
        if not broken or exchange.outcome == "error":
            return exchange
        asks_json = {expectation.text for expectation in self._expectations if expectation.path.asks_json}
        message = "; ".join(_sentence(exchange, check, asks_json) for check in broken)
        failure = Failure(layer="check", kind="check_failed", message=message, delivery="answered", retry="useless")
        return exchange.replace(outcome="check_failed", error=failure)


def _sentence(exchange: Exchange, check: Check, asks_json: set[str]) -> str:
    """What a broken check says: what there is in place of what was expected, or why there is nothing."""
    if check.actual is None and check.expr in asks_json:
        from rrcli.policy.notes import why_no_value

        if why := why_no_value(exchange):
            return f"{check.expr} does not hold: {why}"
    return sentence(check)


def _not_ok(exchange: Exchange) -> Failure:
    summary = exchange.response.summary if exchange.response else ""
    return Failure(
        layer="application", kind="bad_status", message=f"{summary} is not what --ok names", delivery="answered", retry="useless"
    )


def _success(text: str) -> Callable[[dict[str, Any], Deadline | None], bool]:
    """What `--ok` means: `any`, a list of statuses and classes (`2xx,404`, `NXDOMAIN`), or an expectation."""
    if text == "any":
        return lambda _value, _deadline: True
    if not _is_expectation(text):
        wanted = [part.strip().lower() for part in text.split(",")]
        return lambda value, _deadline: any(_status_fits(value, part) for part in wanted)
    expectation = of_one(text)
    return lambda value, deadline: expectation.check(value, deadline).ok


def _is_expectation(text: str) -> bool:
    """Whether a value of `--ok` is none of a list of statuses and classes."""
    return not all(set(part.strip()) <= set(NAME) and part.strip() for part in text.split(","))


def _status_fits(value: dict[str, Any], wanted: str) -> bool:
    """Whether the status is this one, by its code or by its text, in whichever case, or of this class."""
    status = (value.get("response") or {}).get("status") or {}
    code, literal = status.get("code"), read_literal(wanted)
    if literal.is_word or code is None:
        return str(status.get("text", "")).lower() == wanted
    return equal(code, literal)


# --- several side by side


def reads_set(text: str) -> bool:
    """Whether an expectation is about exchanges side by side together, as `same == true`. Raises `usage` for what is none."""
    return Expectation(text).path.root in OF_SET


def judge_set(several: ExchangeSet, texts: Sequence[str], deadline: Deadline | None = None) -> ExchangeSet:
    """The set with its own checks."""
    value = set_names(set_document(several))
    return several.replace(checks=tuple(Expectation(text).check(value, deadline) for text in texts))
