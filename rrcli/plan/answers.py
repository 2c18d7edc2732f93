"""What a step says of its answer beside `expect`: that it fits a schema, and that it is as its snapshot has it."""

from __future__ import annotations

from rrcli.base.errors import exit_code
from rrcli.model.values import Failure
from rrcli.policy.literals import sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rrcli.model.values import Exchange
    from rrcli.plan.answerschema import AnswerSchema
    from rrcli.plan.model import Plan
    from rrcli.plan.scope import PlanScope
    from rrcli.plan.sending import Sent
    from rrcli.plan.step import Step


def judged(sent: Sent, step: Step, plan: Plan, scope: PlanScope, *, updates: bool, secrets: Iterable[str]) -> tuple[Sent, dict[str, Any]]:
    """What went well with what the schema and the snapshot make of its answer, and what that adds to the step's result.

    `updates`: snapshots are written anew. Raises what `snapshot.compared` raises.
    """
    exchange = sent.exchange
    assert exchange
    more: dict[str, Any] = {}
    if step.schema:
        exchange = _with_schema(exchange, step.schema)
    if step.snapshot and exchange.outcome == "ok":
        from rrcli.plan.snapshot import case_name, compared, path_of

        case = scope.values["case"]
        path = path_of(plan, step, scope.values["index"], None if case is None else case_name(case))
        exchange, more = compared(exchange, step, path, updates=updates, secrets=secrets)
    reason = exchange.error.message if exchange.error else None
    return sent.replace(exchange=exchange, exit_code=exit_code(exchange.error), reason=reason), more


def _with_schema(exchange: Exchange, schema: AnswerSchema) -> Exchange:
    """The exchange with a check for each place in its JSON that does not fit, or with one that holds."""
    found = schema.checks(exchange)
    exchange = exchange.replace(checks=(*exchange.checks, *found))
    broken = [sentence(check) for check in found if not check.ok]
    if not broken:
        return exchange
    failure = Failure(layer="check", kind="check_failed", message="; ".join(broken), delivery="answered", retry="useless")
    return exchange.replace(outcome="check_failed", error=failure)
