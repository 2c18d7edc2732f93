"""Answers checked against a JSON Schema (`json-schema`): a check for each place that does not fit. `schemafile.py` reads schemas."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.timelimit import LIMIT, TimeLimitExceeded, run_with_limit
from rrcli.model.diff.places import path_text
from rrcli.model.document import document
from rrcli.model.values import Check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange

MOST = 20  # violations that are told
LONGEST = 80  # letters of a rule
WITH_SCHEMAS = ("additionalProperties", "unevaluatedProperties", "anyOf", "oneOf", "allOf", "not", "if", "dependentSchemas", "contains")


class AnswerSchema:
    """A schema that answers are checked against. `name` is what it is called."""

    def __init__(self, name: str, validator: Any) -> None:
        self.name = name
        self._validator = validator

    def checks(self, exchange: Exchange) -> tuple[Check, ...]:
        """One check that holds, or one for each place in the answer that does not fit."""
        answer = document(exchange, parsed=True)["response"] or {}
        body = answer.get("body") or {}
        if body.get("json") is None and (body.get("text") or "").strip() != "null":
            return (Check(expr=f"json fits {self.name} (the answer is no JSON)", ok=False, actual=body.get("text")),)
        try:
            found = run_with_limit(LIMIT, lambda: self._violations(body["json"]))
        except TimeLimitExceeded:
            return (Check(expr=f"json fits {self.name} within {LIMIT:g} s", ok=False),)
        except RecursionError:
            return (Check(expr=f"json fits {self.name} (nested too deeply to be checked)", ok=False),)
        return found or (Check(expr=f"json fits {self.name}", ok=True, actual=True),)

    def _violations(self, value: Any) -> tuple[Check, ...]:
        from itertools import islice

        errors = islice(self._validator.iter_errors(value), MOST)
        return tuple(
            Check(expr=f"{path_text(('json', *each.absolute_path))} fits {self.name} ({_rule(each)})", ok=False, actual=each.instance)
            for each in errors
        )


def _rule(error: Any) -> str:
    """`type: number`, `required: price`: the rule that is broken, without the schemas that it may hold."""
    name, value = error.validator, error.validator_value
    if name is None:
        return "false"
    if name == "required":
        value = ", ".join(str(each) for each in value if each not in error.instance) if isinstance(value, list) else value
    elif name in WITH_SCHEMAS:
        value = str(error.message).replace("\n", " ")
        if len(value) > LONGEST:
            return str(name)
    text = f"{name}: {value if isinstance(value, str) else dumps(value)}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
