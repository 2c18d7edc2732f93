"""Which steps of a plan are run, and how."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.options.parse import suggestion
from rrcli.plan.names import sets, used_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.plan.model import Plan
    from rrcli.plan.step import Step


class Choice:
    """What `--only`, `--skip`, `--keep-going`, `--jobs` and `--update-snapshots` ask for.

    Raises `usage` for a name that no step has, as its own or as a tag.

    `only` takes setup and teardown with it, and the steps whose captures it uses, unless a variable gives them. `trace` is what
    `--traceparent` says for all steps that have none of their own.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        only: tuple[str, ...] = (),
        skip: tuple[str, ...] = (),
        keep_going: bool = False,
        jobs: int | None = None,
        update_snapshots: bool = False,
        trace: str | None = None,
    ) -> None:
        self.jobs = jobs
        self.update_snapshots = update_snapshots
        self.trace = trace
        self.keep_going = keep_going
        self._skip = {step.name for step in _named(plan, skip, "--skip")}
        self._only: set[str] | None = None
        if only:
            self._only = {step.name for step in plan.steps if step.kind != "step"}
            waiting = list(_named(plan, only, "--only"))
            waiting += [step for step in plan.steps if step.kind == "setup"]
            while waiting:
                step = waiting.pop()
                self._only.add(step.name)
                needed = used_by(step) - plan.given.keys()
                waiting += [each for each in plan.steps if each.name not in self._only and needed & {each.name, *sets(each)}]

    def takes(self, step: Step) -> bool:
        """Whether a step is run at all."""
        return self._only is None or step.name in self._only

    def skips(self, step: Step) -> bool:
        """Whether a step is shown as skipped."""
        return step.name in self._skip


def _named(plan: Plan, names: tuple[str, ...], flag: str) -> list[Step]:
    found = []
    for name in names:
        steps = [step for step in plan.steps if name == step.name or name in step.tags]
        if not steps:
            known = [*(step.name for step in plan.steps), *(tag for step in plan.steps for tag in step.tags)]
            raise usage(f"{flag} {name}: {plan.source.name} has no step and no tag of that name{suggestion(name, known)}")
        found += steps
    return found
