"""One user of a load: connections, cookies, variables and captures of its own, with which it runs the plan again and again.

Setup is run once. An iteration is the steps, and the teardown of what they have made; the rest of the teardown is run at the end.
"""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.base.sourcefile import Problems
from rrcli.load.counts import Late, failure_of
from rrcli.plan.names import sets, used_by
from rrcli.plan.run import Running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.load.counts import Counts
    from rrcli.plan.choice import Choice
    from rrcli.plan.model import Plan
    from rrcli.plan.result import StepResult
    from rrcli.plan.scope import PlanScope
    from rrcli.plan.step import Step


class User:
    """A user. It belongs to the thread, or the greenlet, that makes it; `leave` alone is called from another.

    Raises `usage` for a variable of its own that cannot be worked out.
    """

    def __init__(self, scope: PlanScope, choice: Choice, counts: Counts, index: int) -> None:
        """`scope` is the load's, in which secrets are known."""
        self.index = index
        self.failure: tuple[str, int] | None = None  # of the setup, or of the latest iteration: its kind, and the exit code
        self._plan = counts.plan
        self._choice = choice
        self._counts = counts
        self._scope = scope.of_user(index)
        problems = Problems()
        self._scope.resolve_variables(problems, self._plan.given)
        problems.raise_any()
        self._late = Late(None, is_counted=True)
        self._by_steps = made_by_steps(self._plan)
        self._running = self._run(self._scope)
        self._iteration: Running | None = None
        self._is_left = False
        self._is_closed = False

    def _run(self, scope: PlanScope, outer: Running | None = None) -> Running:
        return Running(self._plan, scope, self._choice, report=self._take, termination=None, outer=outer)

    def _take(self, result: StepResult) -> None:
        """A step is over, or skipped."""
        if result.kind != "teardown":
            self.failure = self.failure or failure_of(result)
        self._counts.add(result, self._late)

    def set_up(self) -> bool:
        """Run the setup; whether it went well. A user without it runs nothing but its teardown."""
        self._running.set_up(Deadline.after(self._plan.deadline, "deadline"))
        return self.failure is None

    def iterate(self, due_ns: int | None = None, *, is_counted: bool = True) -> None:
        """Run the steps once, and what undoes them. With a time at which that was due its first exchange counts from then."""
        began_ns, self.failure = now(), None
        self._late = Late(None if due_ns is None else max(0, began_ns - due_ns), is_counted=is_counted)
        secrets = len(self._running.secrets)
        self._iteration = running = self._run(self._scope.of_iteration(), self._running)
        try:
            running.run_steps(Deadline.after(self._plan.deadline, "deadline"))
            if is_counted and not self._is_left:
                self._counts.add_iteration(began_ns, due_ns, self.failure)
        finally:
            if not self._is_left:
                self._end_iteration()
                self._running.secrets.forget_after(secrets)
        if self.failure:
            self._scope.values["run"].update(ok=False, failed=True)

    def _end_iteration(self) -> None:
        """Run the teardown of what the iteration has made."""
        running, self._iteration = self._iteration, None
        if running:
            running.tear_down(self._by_steps)
            running.close_others()

    def leave(self, code: int) -> None:
        """Give up what its thread is at, because of a signal with this exit code; the teardown is run in the thread that calls this."""
        self._is_left = True
        for running in (self._iteration, self._running):
            if running:
                running.leave(code)
        self.close()

    def close(self) -> None:
        """Run the teardown that is left, and close its connections."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._end_iteration()
            self._running.tear_down([step for step in self._plan.of("teardown") if step not in self._by_steps])
        finally:
            self._counts.secrets.update(dict.fromkeys(self._running.secrets))
            self._running.close()


def made_by_steps(plan: Plan) -> list[Step]:
    """The teardown of what an iteration makes: it uses what steps capture, or their documents."""
    made = {name for step in plan.of("step") for name in (step.name, *sets(step))}
    return [step for step in plan.of("teardown") if used_by(step) & made]
