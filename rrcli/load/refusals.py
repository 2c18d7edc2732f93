"""What a plan is refused for as a load, before anything is sent."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.plan.pace import Threshold, wrong_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.plan.model import Plan
    from rrcli.plan.pace import Pace


def thresholds_of(plan: Plan, pace: Pace) -> list[Threshold]:
    """What decides about the load. Raises `usage` for a step that is none."""
    found = [Threshold(text) for text in pace.expect]
    for threshold in found:
        if why := wrong_step(threshold, {step.name: bool(step.included) for step in plan.steps}):
            raise usage(why)
    return found


def refuse_steps(plan: Plan) -> None:
    """Raise `usage` for a step that is a series by itself, and for cases, each of which would be a load."""
    if plan.cases is not None:
        raise usage(f"{plan.source.name} has cases, and a load runs the plan for itself", "take them out; for-each sends a step once a row")
    for step in plan.steps:
        if step.included:
            refuse_steps(step.included)
        for key in ("repeat", "duration"):
            if key in step.options:
                raise usage(f"{step.place}: the step {step.name} has {key}, and a load repeats the plan itself", "take it out")
