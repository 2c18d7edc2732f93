"""Which steps a step waits for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.plan.model import Plan
    from rrcli.plan.step import Step


def has_order(plan: Plan) -> bool:
    """Whether any step says what it waits for, so that steps may run side by side."""
    return any(step.depends_on is not None for step in plan.of("step"))


def needs(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The names of the steps that each waits for: those it says, else all above it."""
    found: dict[str, tuple[str, ...]] = {}
    for step in plan.of("step"):
        found[step.name] = tuple(found) if step.depends_on is None else step.depends_on
    return found


def all_before(plan: Plan) -> dict[str, set[str]]:
    """The names of all steps that are over before each begins; a step of a circle is before itself."""
    direct = needs(plan)
    found: dict[str, set[str]] = {}
    for name in direct:
        before: set[str] = set()
        waiting = list(direct[name])
        while waiting:
            each = waiting.pop()
            if each not in before:
                before.add(each)
                waiting += direct.get(each, ())
        found[name] = before
    return found


def begins_now(step: Step, direct: dict[str, tuple[str, ...]], over: set[str]) -> bool:
    """Whether all that a step waits for is over."""
    return all(name in over for name in direct[step.name])


def in_order(steps: list[Step], direct: dict[str, tuple[str, ...]]) -> list[Step]:
    """The steps one after the other, each behind those that it waits for, else as they stand."""
    found: list[Step] = []
    waiting = list(steps)
    over = set(direct) - {step.name for step in steps}
    while waiting:
        step = next(each for each in waiting if begins_now(each, direct, over))
        waiting.remove(step)
        over.add(step.name)
        found.append(step)
    return found
