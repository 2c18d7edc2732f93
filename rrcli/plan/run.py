"""Runs a plan: setup and steps in order, then the teardown, always, within a budget of its own.

Connections and cookies are kept for the whole run. A failure ends the steps, and so do the plan's deadline, Ctrl-C and TERM; what is
not run any more is skipped, with the reason. Nothing here raises for what a peer did.
"""

from __future__ import annotations

from _thread import allocate_lock
from time import sleep, time_ns

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, ExchangeError, exit_code
from rrcli.base.sourcefile import Problems
from rrcli.engine.interrupt import Interrupted
from rrcli.engine.manifest import load
from rrcli.engine.runner import new_id
from rrcli.plan.choice import Choice
from rrcli.plan.defaults import requests
from rrcli.plan.names import sets, used_by
from rrcli.plan.novalue import NoValue
from rrcli.plan.order import has_order, in_order, needs
from rrcli.plan.result import RunResult, StepResult
from rrcli.plan.rows import label
from rrcli.plan.scope import PlanScope
from rrcli.plan.sending import Keeping, Sender, captured
from rrcli.plan.step import fill
from rrcli.plan.template import value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rrcli.engine.interrupt import Termination
    from rrcli.plan.model import Plan
    from rrcli.plan.sending import Sent
    from rrcli.plan.step import Step
    from rrcli.plan.tools import Tool

AFTER_SIGNAL_S = 10.0  # of teardown, once somebody waits for the end
ENDED = (EXIT_INTERRUPTED, EXIT_TERMINATED)
USAGE = EXIT_CODES["usage"]


class Running:
    """One run of one plan. `report` is told of each result as it comes."""

    def __init__(
        self,
        plan: Plan,
        scope: PlanScope,
        choice: Choice,
        *,
        report: Callable[[StepResult], None],
        termination: Termination | None,
        outer: Running | None = None,
    ) -> None:
        """`outer` is the run of which this one is a step: it has the connections, the cookies and the secrets."""
        self._late: list[tuple[Running, Step]] = []  # teardown of plans that steps have run
        self._plan = plan
        self._choice = choice
        self._termination = termination
        self._scope = scope
        self._report = report
        self._results: list[StepResult] = []
        self._lock = allocate_lock()
        self._left: set[str] = set()  # steps that were under way when a signal came, of which nothing more is taken
        self._limits: dict[str, list[Deadline]] = {}  # of the steps that are under way
        self._notes: dict[str, None] = outer._notes if outer else {}
        self._notes.update(dict.fromkeys(plan.notes))
        self._ended = ""  # why no further step is run
        self._signal = 0  # the exit code of the signal that ended it
        self._sender: Sender = outer._sender if outer else Sender(termination, choice.trace)
        self.secrets = self._sender.secrets
        self._keeping: Keeping = Keeping(
            connections=not plan.fresh and (outer is None or outer._keeping.connections),
            cookies=plan.cookies and (outer is None or outer._keeping.cookies),
        )
        self._read_later = {name for step in plan.steps for name in used_by(step)} if any(step.output for step in plan.steps) else set()
        for name, value in scope.values["secrets"].items():
            if name in plan.secrets:
                self.secrets.add(str(value))
        for made in scope.made_of_secrets:
            self.secrets.add(made)

    def run(self) -> RunResult:
        """Run it to its end."""
        plan, started, began = self._plan, time_ns(), now()
        whole = Deadline.after(plan.deadline, "deadline")
        try:
            self.set_up(whole)
            self.run_steps(whole)
            self.tear_down(plan.of("teardown"))
        finally:
            self.close()
        scope = self._scope
        return RunResult(
            id=scope.values["run"]["id"], plan=plan.source.name, name=plan.name, env=plan.env, case=scope.case, started_at_ns=started,
            elapsed_ns=now() - began, steps=tuple(self._results), secrets=tuple(self.secrets),
            notes=tuple(self._notes),
        )  # fmt: skip

    def close(self) -> None:
        """Close its connections, and end the responders that its steps have started."""
        self._sender.close()

    def close_others(self) -> None:
        """Close the connections of other threads than this one, whose steps are over."""
        self._sender.close_others()

    def set_up(self, whole: Deadline) -> None:
        """Run the setup."""
        for step in self._plan.of("setup"):
            self._one(step, self._scope, whole)

    def run_steps(self, whole: Deadline) -> None:
        """Run the steps: one after the other, or side by side where any says what it waits for. Their results are in the plan's order."""
        steps = [step for step in self._plan.of("step") if self._choice.takes(step)]
        jobs = self._choice.jobs or self._plan.jobs
        ordered = has_order(self._plan)
        if jobs == 1 or not ordered:
            for step in in_order(steps, needs(self._plan)) if ordered else steps:
                self._one(step, self._scope, whole)
            return
        from rrcli.plan.lanes import run_side_by_side

        begin = len(self._results)
        run_side_by_side(steps, needs(self._plan), jobs, lambda step: self._one(step, self._scope, whole), self._interrupted)
        places = {step.line: number for number, step in enumerate(steps)}
        with self._lock:
            self._results[begin:] = sorted(self._results[begin:], key=lambda result: places[result.line])

    def tear_down(self, steps: Sequence[Step]) -> None:
        """Run these steps of the teardown, and that of the plans that its steps have run, whatever happened before."""
        seconds = self._plan.teardown_deadline
        whole = Deadline.after(min(seconds, AFTER_SIGNAL_S) if self._signal else seconds, "teardown-deadline")
        self._ended, before, self._signal = "", self._signal, 0
        for step in steps:
            self._one(step, self._scope, whole)
            if self._signal:  # another one ends it at once
                self._ended = "the run was interrupted again"
        for inner, step in reversed(self._late):
            inner._ended, inner._signal = self._ended, 0
            inner._one(step, inner._scope, whole)
            self._signal = self._signal or inner._signal
        self._signal = before or self._signal

    def _as_step(self, whole: Deadline) -> RunResult:
        """The setup and the steps, as a step of another run, which has the teardown run at its end."""
        started, began = time_ns(), now()
        whole = whole.sooner(Deadline.after(self._plan.deadline, "deadline"))
        self.set_up(whole)
        self.run_steps(whole)
        return RunResult(
            id=self._scope.values["run"]["id"], plan=self._plan.source.name, name=self._plan.name, env=self._plan.env,
            started_at_ns=started, elapsed_ns=now() - began, steps=tuple(self._results), secrets=tuple(self.secrets),
        )  # fmt: skip

    def _included(self, step: Step, scope: PlanScope, result: StepResult, whole: Deadline) -> StepResult:
        """Run the plan of a step. Its captures have values below the step's name."""
        assert step.included
        inner, problems = PlanScope(step.included, scope.values["run"]["id"]), Problems()
        inner.values["user"] = scope.values["user"]
        known = scope.included.get(step.name)
        if known:
            inner.values["secrets"], inner.included = known.values["secrets"], known.included
        for name, value in step.variables.items():
            inner.mark_secret(name, scope.is_of_secrets(value))
        inner.resolve_variables(problems, fill(step.variables, scope))
        problems.raise_any()
        choice = Choice(step.included, update_snapshots=self._choice.update_snapshots)
        running = Running(step.included, inner, choice, report=lambda _: None, termination=self._termination, outer=self)
        running._keeping = running._keeping.replace(
            connections=running._keeping.connections and not step.fresh, cookies=running._keeping.cookies and step.cookies
        )
        run = running._as_step(whole)
        captures = {name: inner.values[name] for each in step.included.steps for name in each.captures if name in inner.values}
        with self._lock:
            self._late += [*running._late, *((running, each) for each in reversed(step.included.of("teardown")))]
            running._report, running._results = self._report, self._results
        self._signal = self._signal or running._signal
        failed = next((each for each in run.steps if each.exit_code == run.exit_code and run.exit_code), None)
        reason = failed and f"{failed.name}: {failed.reason or f'exit {failed.exit_code}'}"
        return result.replace(run=run, exit_code=run.exit_code, reason=reason, captures={step.name: captures} if run.ok else {})

    # --- one step

    def _one(self, step: Step, scope: PlanScope, whole: Deadline) -> None:
        """Run a step, or all of its rows, or say why not."""
        if not self._choice.takes(step):
            return
        if self._choice.skips(step):
            self._skip(step, "--skip names it", is_wanted=True)
            return
        if not self._ended and whole.passed():
            self._ended = f"the time limit passed ({whole.limit})"
            self._add(step, _result(step, exit_code=6, reason=self._ended, started_at_ns=time_ns()))
            return
        if self._ended:
            self._skip(step, self._ended)
            return
        try:
            if step.when and not step.when.holds(scope):
                self._skip(step, f"when {step.when.text!r} does not hold", is_wanted=True)
                return
            if step.rows is None:
                self._sent(step, scope, whole)
            else:
                self._rows(step, scope, whole)
        except NoValue as error:
            self._without_value(step, error)
        except KeyboardInterrupt as signal:
            self._interrupted(step, signal)

    def _rows(self, step: Step, scope: PlanScope, whole: Deadline) -> None:
        """All rows of a `for-each`, also after one that failed; a capture is the list of all rows', results are in their order."""
        rows = fill(step.rows if isinstance(step.rows, list) else value_of(step.rows, scope), scope)
        if not isinstance(rows, list):
            raise NoValue(step.rows.text, "for-each takes a list")
        if not rows:
            self._skip(step, "for-each has no rows", is_wanted=True)
            for name in step.captures:
                scope.unset.pop(name, None)
        found: dict[int, StepResult] = {}

        def one(index: int) -> None:
            row = rows[index]
            if not self._signal:
                found[index] = self._sent(step, scope.of_row(row, index), whole, row=row, name=f"{step.name}{label(row, index)}")

        if step.jobs == 1:
            for index in range(len(rows)):
                one(index)
        else:
            from rrcli.plan.lanes import rows_side_by_side

            rows_side_by_side(len(rows), step.jobs, one)
            with self._lock:
                places = {id(result): index for index, result in found.items()}
                own = sorted((each for each in self._results if id(each) in places), key=lambda each: places[id(each)])
                self._results[:] = [own.pop(0) if id(each) in places else each for each in self._results]
        results = [found[index] for index in sorted(found)]
        for name in sets(step):
            scope.values[name] = [result.captures[name] for result in results if name in result.captures]
        if not all(result.ok for result in results) and not (step.goes_on or self._choice.keep_going or self._ended):
            self._ended = f"the step {step.name} failed"

    def _sent(self, step: Step, scope: PlanScope, whole: Deadline, *, row: Any = None, name: str = "") -> StepResult:
        """Send one step, with what comes of it kept and told."""
        began, started = now(), time_ns()
        if step.delay:
            sleep(step.delay if whole.at_ns is None else max(0.0, min(step.delay, (whole.at_ns - began) / 1e9)))
        result = _result(step, row=row, started_at_ns=started)
        if name:
            result = result.replace(name=name)
        try:
            self._learn_secrets(step, scope)
            result = self._included(step, scope, result, whole) if step.included else self._asked(step, scope, result, whole)
        except NoValue as error:
            if step.kind == "teardown":
                raise
            result = result.replace(exit_code=USAGE, reason=str(error))
        except ExchangeError as error:
            reason = f"{error.message} ({error.hint})" if error.hint else error.message
            result = result.replace(exit_code=exit_code(error), reason=reason)
        result = result.replace(elapsed_ns=now() - began)
        if not result.ok:
            result = result.replace(given=scope.captures_for(step))
        self._add(step, result)
        return result

    def _asked(self, step: Step, scope: PlanScope, result: StepResult, whole: Deadline) -> StepResult:
        """Do what a step asks for, and take what it captures."""
        limit = Deadline(whole.at_ns, whole.limit)
        self._limits.setdefault(step.name, []).append(limit)
        if step.name in self._left:  # while it waited for its delay
            limit.at_ns = now()
        try:
            sent = self._from_tool(step, step.tool, scope, limit) if step.tool else self._from_peer(step, scope, limit)
        finally:
            self._limits[step.name].remove(limit)
        if sent.exit_code in ENDED:
            self._signal = sent.exit_code
        captures: dict[str, Any] = {}
        if not sent.exit_code and (step.schema or step.snapshot):
            from rrcli.plan.answers import judged

            sent, more = judged(sent, step, self._plan, scope, updates=self._choice.update_snapshots, secrets=self.secrets)
            result = result.replace(**more)
        if not sent.exit_code and step.captures:
            sent, captures = captured(step, sent)
        scope.steps.add(step.name, sent.value)
        told = {name: getattr(sent, name) for name in sent.fields_ if name in result.fields_}
        return result.replace(**told, captures=captures)

    def _from_peer(self, step: Step, scope: PlanScope, limit: Deadline) -> Sent:
        file = step.file(scope, self._plan.root)
        keeping = self._keeping.replace(
            connections=self._keeping.connections and not step.fresh,
            cookies=self._keeping.cookies and step.cookies,
            file=file,
            content=file is None or bool(step.captures or step.snapshot or step.schema) or step.name in self._read_later,
            is_judged=bool(step.snapshot or step.schema),
        )
        wrong = None
        for request in requests(step, scope, self._plan.root, self._note):
            try:
                return self._sender.send(request, keeping, limit)
            except ExchangeError as error:  # nothing was sent
                if error.layer != "usage":
                    raise
                wrong = error
        assert wrong
        raise wrong

    def _note(self, text: str) -> None:
        """Keep a note of the whole run."""
        self._notes[text] = None

    def _from_tool(self, step: Step, tool: Tool, scope: PlanScope, limit: Deadline) -> Sent:
        words, values = step.tool_values(scope, self._plan.root)
        found: Sent = load(tool.runs)(self._sender, words, values, limit)
        return found

    def _learn_secrets(self, step: Step, scope: PlanScope) -> None:
        """A value made of a secret, as `base64(secrets.x)`, is one too."""
        scope.learn_secrets(step.templates())
        for made in list(scope.made_of_secrets):
            self.secrets.add(made)

    # --- results

    def _add(self, step: Step, result: StepResult) -> None:
        """Keep a result, and what follows from it for the steps to come."""
        with self._lock:
            if step.name not in self._left:
                self._kept(step, result)

    def _kept(self, step: Step, result: StepResult) -> None:
        scope = self._scope
        for name, value in result.captures.items():
            scope.values[name] = value
            if self._plan.secrets.get(name) == "capture":
                scope.set_secret(name, value)
                self.secrets.add(str(value))
        self._results.append(result)
        if not result.ok:
            for name in sets(step):
                scope.unset[name] = f"step {step.name} {'was skipped' if result.skipped else 'failed'}"
            if not result.skipped:
                scope.values["run"].update(ok=False, failed=True)
            if self._signal:
                self._ended = "the run was interrupted"
            elif step.kind != "teardown" and not (step.rows is not None or step.goes_on or self._choice.keep_going):
                self._ended = f"the step {step.name} failed"
        self._report(result)

    def _skip(self, step: Step, reason: str, *, is_wanted: bool = False) -> None:
        result = _result(step, skipped=True, reason=reason, is_wanted=is_wanted)
        with self._lock:
            for name in sets(step):
                self._scope.unset[name] = f"step {step.name} was skipped"
            self._results.append(result)
            self._report(result)

    def _without_value(self, step: Step, error: NoValue) -> None:
        """A teardown for what was never made is not needed; any other step has failed."""
        if step.kind == "teardown":
            self._skip(step, str(error), is_wanted=True)
        else:
            self._add(step, _result(step, exit_code=USAGE, reason=str(error), started_at_ns=time_ns()))

    def leave(self, signal: int) -> None:
        """Give up what is under way in another thread: nothing more is taken of it, and the teardown may follow.

        `signal` is the exit code of what ended it.
        """
        self._signal, self._ended = signal, "the run was interrupted"
        self._left.update(step.name for step in self._plan.steps if step.kind != "teardown")
        for limit in [limit for limits in list(self._limits.values()) for limit in list(limits)]:
            limit.at_ns = now()

    def _interrupted(self, step: Step, signal: KeyboardInterrupt) -> None:
        """A signal came while a step was under way, or about to be."""
        self._signal = EXIT_TERMINATED if isinstance(signal, Interrupted) else EXIT_INTERRUPTED
        self._add(step, _result(step, exit_code=self._signal, reason="interrupted", started_at_ns=time_ns()))
        self._left.add(step.name)
        for limit in list(self._limits.get(step.name, ())):
            limit.at_ns = now()  # for a thread that is left behind, so that it sends nothing more


def run_plan(
    plan: Plan,
    scope: PlanScope,
    choice: Choice,
    *,
    report: Callable[[StepResult], None] = lambda _: None,
    termination: Termination | None = None,
) -> RunResult:
    """Run a plan whose variables and secrets are resolved, and return what became of it; `report` is told of each result."""
    result = Running(plan, scope, choice, report=report, termination=termination).run()
    if any(step.snapshot or step.included for step in plan.steps):
        from rrcli.plan.snapshot import write_snapshots

        return write_snapshots(result, plan)
    return result


def scope_of(plan: Plan) -> PlanScope:
    """What the names of a plan stand for in a run of its own."""
    return PlanScope(plan, new_id())


def _result(step: Step, **values: Any) -> StepResult:
    """A result of a step."""
    return StepResult(name=step.name, step=step.name, kind=step.kind, line=step.line, tags=step.tags, **values)
