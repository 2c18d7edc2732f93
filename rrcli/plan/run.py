"""Runs a plan: setup and steps in order, then the teardown, always, within a budget of its own.

Connections and cookies are kept for the whole run. A failure ends the steps, and so do the plan's deadline, Ctrl-C and TERM; what is
not run any more is skipped, with the reason. Nothing here raises for what a peer did.
"""

from __future__ import annotations

from _thread import allocate_lock, get_ident
from time import sleep, time_ns

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, ExchangeError, exit_code
from rrcli.base.sourcefile import Problems
from rrcli.codec.http.cookies import Jar
from rrcli.engine.context import Shared
from rrcli.engine.interrupt import Interrupted
from rrcli.engine.runner import new_id
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Failure
from rrcli.plan.choice import Choice
from rrcli.plan.names import expressions, sets
from rrcli.plan.novalue import NoValue
from rrcli.plan.order import has_order, in_order, needs
from rrcli.plan.result import RunResult, StepResult
from rrcli.plan.rows import label
from rrcli.plan.scope import PlanScope
from rrcli.plan.step import fill
from rrcli.plan.template import value_of
from rrcli.policy.paths import names as with_shorthands
from rrcli.wire.pool import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rrcli.engine.interrupt import Termination
    from rrcli.model.values import Exchange
    from rrcli.options.request import Request
    from rrcli.plan.model import Plan
    from rrcli.plan.step import Step

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
        self._limits: dict[str, Deadline] = {}  # of the steps that are under way
        self._ended = ""  # why no further step is run
        self._signal = 0  # the exit code of the signal that ended it
        pool, jar = Pool(), Jar()
        first = Shared(pool=pool, cookies=jar)
        self.secrets = first.secrets
        self._shared: dict[tuple[bool, bool, int], Shared] = {(False, True, get_ident()): first}
        self._first = first
        if outer:
            self._first, self.secrets, self._shared, self._lock = outer._first, outer.secrets, outer._shared, allocate_lock()
        for name, value in scope.values["secrets"].items():
            if name in plan.secrets:
                self.secrets.add(str(value))

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
        )  # fmt: skip

    def close(self) -> None:
        """Close its connections."""
        for shared in self._shared.values():
            shared.close()

    def close_others(self) -> None:
        """Close the connections of other threads than this one, whose steps are over."""
        for key in [key for key in self._shared if key[2] != get_ident()]:
            self._shared.pop(key).close()

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
        inner.resolve_variables(problems, fill(step.variables, scope))
        problems.raise_any()
        running = Running(step.included, inner, Choice(step.included), report=lambda _: None, termination=self._termination, outer=self)
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
        """All rows of a `for-each`, also after one that failed; a capture is the list of all rows'."""
        rows = fill(step.rows if isinstance(step.rows, list) else value_of(step.rows, scope), scope)
        if not isinstance(rows, list):
            raise NoValue(step.rows.text, "for-each takes a list")
        found: dict[str, list[Any]] = {name: [] for name in step.captures}
        failed = False
        for index, row in enumerate(rows):
            result = self._sent(step, scope.of_row(row, index), whole, row=row, name=f"{step.name}{label(row, index)}")
            failed = failed or not result.ok
            for name, value in result.captures.items():
                found[name].append(value)
            if self._signal:
                break
        scope.values.update(found)
        if failed and not (step.goes_on or self._choice.keep_going or self._ended):
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
            if step.included:
                result = self._included(step, scope, result, whole)
            else:
                result = self._exchanged(step, result, step.request(scope, self._plan.root), whole)
        except NoValue as error:
            if step.kind == "teardown":
                raise
            result = result.replace(exit_code=USAGE, reason=str(error))
        except ExchangeError as error:
            result = result.replace(exit_code=exit_code(error), reason=error.message)
        result = result.replace(elapsed_ns=now() - began)
        self._add(step, result)
        return result

    def _exchanged(self, step: Step, result: StepResult, request: Request, whole: Deadline) -> StepResult:
        """Send the request: once, as a series, or as several side by side."""
        assert step.entry
        hooks = step.entry.load_hooks()
        if request.repeats():
            from rrcli.options.request import Output
            from rrcli.series.contradictions import refuse_contradictions
            from rrcli.series.run import send_series

            refuse_contradictions(request, Output(), hooks)
            series = send_series(request)
            if any(note.startswith("interrupted") for note in series.notes):
                self._signal = EXIT_TERMINATED if self._termination and self._termination.arrived else EXIT_INTERRUPTED
            return result.replace(series=series, exit_code=self._signal or series.exit_code)
        parts = hooks.several(request)
        if parts is not None or request.all_addresses:
            from rrcli.engine.fanout import every_address, send_all

            if request.all_addresses:
                parts = tuple(one for part in parts or (request,) for one in every_address(part))
            several = send_all(parts or (), request.deadline)
            return result.replace(several=several, exit_code=max(self._code(exchange) for exchange in several.exchanges))
        limit = whole.sooner(Deadline.after(request.deadline, "--deadline"))
        self._limits[step.name] = limit
        exchange = send(request, until=limit, shared=self._shared_for(step))
        captures: dict[str, Any] = {}
        if exchange.outcome == "ok" and step.captures:
            exchange, captures = _captured(step, exchange)
        self._scope.steps.add(step.name, exchange)
        reason = exchange.error.message if exchange.error else None
        return result.replace(exchange=exchange, captures=captures, exit_code=self._code(exchange), reason=reason)

    def _code(self, exchange: Exchange) -> int:
        """The exit code of an exchange; of an interrupted one that of the signal, which ends the run."""
        code = exit_code(exchange.error, terminated=self._termination is not None and self._termination.arrived)
        if code in ENDED:
            self._signal = code
        return code

    def _shared_for(self, step: Step) -> Shared:
        """The connections and cookies that a step uses; secrets are known to all."""
        key = (step.fresh or self._plan.fresh, step.cookies and self._plan.cookies, get_ident())
        if key not in self._shared:
            with self._lock:  # a pool is for one thread; cookies and secrets are for all
                same = next((shared.pool for known, shared in self._shared.items() if known[0] is key[0] and known[2] == key[2]), None)
                shared = Shared(pool=None if key[0] else same or Pool(), cookies=self._first.cookies if key[1] else None)
                shared.secrets, shared.learned = self._first.secrets, self._first.learned
                self._shared[key] = shared
        return self._shared[key]

    def _learn_secrets(self, step: Step, scope: PlanScope) -> None:
        """A value made of a secret, as `base64(secrets.x)`, is one too."""
        for template in step.templates():
            for expression in expressions(template):
                if "secrets" in expression.names and isinstance(value := expression.value(scope), str):
                    self.secrets.add(value)

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
        for limit in list(self._limits.values()):
            limit.at_ns = now()

    def _interrupted(self, step: Step, signal: KeyboardInterrupt) -> None:
        """A signal came while a step was under way, or about to be."""
        self._signal = EXIT_TERMINATED if isinstance(signal, Interrupted) else EXIT_INTERRUPTED
        self._add(step, _result(step, exit_code=self._signal, reason="interrupted", started_at_ns=time_ns()))
        self._left.add(step.name)
        if limit := self._limits.get(step.name):
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
    return Running(plan, scope, choice, report=report, termination=termination).run()


def scope_of(plan: Plan) -> PlanScope:
    """What the names of a plan stand for in a run of its own."""
    return PlanScope(plan, new_id())


def _result(step: Step, **values: Any) -> StepResult:
    """A result of a step."""
    return StepResult(name=step.name, step=step.name, kind=step.kind, line=step.line, tags=step.tags, **values)


def _captured(step: Step, exchange: Exchange) -> tuple[Exchange, dict[str, Any]]:
    """The values that a step captures; where one finds nothing the exchange has failed as a check does."""
    value = with_shorthands(document(exchange))
    found = {name: path.find(value) for name, path in step.captures.items()}
    missing = [f"{name} = {step.captures[name].text!r}" for name, one in found.items() if one is None]
    if not missing:
        return exchange, found
    message = f"the answer has nothing to capture for {', '.join(missing)}"
    failure = Failure(layer="check", kind="check_failed", message=message, delivery="answered", retry="useless")
    return exchange.replace(outcome="check_failed", error=failure), {}
