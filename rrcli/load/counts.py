"""What a load amounts to while it runs: a tally for each step, and one for the iterations. All users count into the same."""

from __future__ import annotations

from rrcli.base.deadline import now
from rrcli.base.errors import EXIT_CODES, EXIT_TIMEOUT
from rrcli.engine.repeat import outcome_of
from rrcli.model.values import Failure
from rrcli.policy.redact import mask_of
from rrcli.series.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rrcli.model.values import Exchange
    from rrcli.plan.model import Plan
    from rrcli.plan.result import StepResult

    Path = tuple[str, ...]  # names of steps: of one that runs another plan, and of that plan's
    Listener = Callable[[str, str, int, int, str | None, Mapping[str, int]], None]

KINDS = {EXIT_CODES["usage"]: "input", EXIT_TIMEOUT: "timeout"}  # of what failed before anything was sent


class StepCount:
    """One step: its tally, and why it was skipped where it was."""

    def __init__(self, kind: str, line: int = 0, tags: tuple[str, ...] = (), protocol: str = "") -> None:
        self.kind = kind
        self.protocol = protocol
        self.line = line
        self.tags = tags
        self.tally = Tally()
        self.connections = 0
        self.skipped = 0
        self.is_wanted = True  # that it was skipped
        self.reason: str | None = None  # of the latest skip, or of the first failure without an exchange


class Late:
    """How late an iteration began, which its first exchange is the later for."""

    def __init__(self, ns: int | None, *, is_counted: bool) -> None:
        self.ns = ns
        self.is_counted = is_counted

    def take(self) -> int | None:
        """Nanoseconds, once; later exchanges were due when those before them were over. `None` without a schedule."""
        late_ns, self.ns = self.ns, None if self.ns is None else 0
        return late_ns


class Counts:
    """Of a load.

    `listener` is told of all that is counted: the name of its step, the protocol, its total, the bytes that came, what failed, and
    its phases.
    """

    def __init__(self, plan: Plan, listener: Listener | None = None) -> None:
        self.plan = plan
        self.listener = listener
        self.began_ns = 0  # of the first iteration
        self.iterations = Tally()
        self.steps: dict[Path, StepCount] = dict(_of_plan(plan, ()))
        self.secrets: dict[str, None] = {}

    def begin_users(self, at_ns: int) -> None:
        """The first user begins its setup."""
        for count in self.steps.values():
            if count.kind == "setup":
                count.tally.began_ns = at_ns

    def begin(self, at_ns: int) -> None:
        """The first iteration that is counted begins: what follows is timed from then. Nothing the second time."""
        if not self.began_ns:
            self.began_ns = at_ns
            for tally in (self.iterations, *(count.tally for count in self.steps.values())):
                tally.began_ns = tally.began_ns or at_ns

    def add(self, result: StepResult, late: Late, path: Path = ()) -> None:
        """Count what became of a step."""
        path = (*path, result.step or result.name)
        if result.run:
            for inner in result.run.steps:
                self.add(inner, late, path)
            return
        count = self._count(path, result)
        if result.skipped:
            count.skipped += 1
            count.is_wanted = count.is_wanted and result.is_wanted
            count.reason = result.reason
            return
        if not late.is_counted:
            return
        exchanges = list(result.exchanges())
        for exchange in exchanges:
            self._add_exchange(count, path, _whole(exchange, result), late.take())
        if not exchanges:
            self._add_other(count, path, result, late.take())

    def _add_other(self, count: StepCount, path: Path, result: StepResult, late_ns: int | None) -> None:
        """Count a step that has sent nothing: it could not, or it is none that does."""
        began_ns = now() - result.elapsed_ns
        due_ns = None if late_ns is None else began_ns - late_ns
        failure = failure_of(result)
        count.reason = count.reason or result.reason
        count.tally.add_other(began_ns, due_ns, failure, is_timed=failure is None)
        if self.listener:
            told = (result.reason or failure[0]) if failure else None
            self.listener("/".join(path), count.protocol, result.elapsed_ns + (late_ns or 0), 0, told, {})

    def add_iteration(self, began_ns: int, due_ns: int | None, failure: tuple[str, int] | None) -> None:
        """Count an iteration that is over, with the kind and the exit code of the failure that ended it."""
        self.iterations.add_other(began_ns, due_ns, failure, is_timed=True)

    def _count(self, path: Path, result: StepResult) -> StepCount:
        found = self.steps.get(path)
        if found is None:  # of the teardown of a plan that a step has run
            protocol = next((exchange.protocol for exchange in result.exchanges()), "")
            found = self.steps[path] = StepCount(result.kind, result.line, result.tags, protocol)
            found.tally.began_ns = self.began_ns
        return found

    def _add_exchange(self, count: StepCount, path: Path, exchange: Exchange, late_ns: int | None) -> None:
        began_ns = now() - exchange.timing.total_ns
        due_ns = None if late_ns is None else began_ns - late_ns
        count.tally.add(count.tally.count, outcome_of(exchange), began_ns, due_ns)
        count.connections += sum(not one.connection.reused for one in (*exchange.history, exchange) if one.connection.peer)
        if self.listener:
            total_ns = exchange.timing.total_ns + (late_ns or 0)
            error = exchange.error
            told = mask_of(exchange).message(error.message) if error else None
            self.listener("/".join(path), count.protocol, total_ns, exchange.connection.bytes_received, told, exchange.timing.phases)


def _of_plan(plan: Plan, path: Path) -> Iterator[tuple[Path, StepCount]]:
    """The steps of a plan and of those that it runs, in the order in which they run."""
    for kind in ("setup", "step", "teardown"):
        for step in plan.of(kind):
            inner = (*path, step.name)
            if step.included:
                yield from _of_plan(step.included, inner)
            else:
                yield inner, StepCount(step.kind, step.line, step.tags, step.entry.name if step.entry else "")


def _whole(exchange: Exchange, result: StepResult) -> Exchange:
    """The exchange as it is counted.

    One that was sent until something held, or again, has the time of all of it; one whose answer is not what the plan keeps has failed.
    """
    if result.exit_code and exchange is result.exchange and exchange.error is None:
        failure = Failure(layer="check", kind="check_failed", message=result.reason or "the answer is another one", delivery="answered")
        exchange = exchange.replace(outcome="check_failed", error=failure)
    if result.attempts < 2 or result.several:
        return exchange
    return exchange.replace(timing=exchange.timing.replace(total_ns=max(exchange.timing.total_ns, result.elapsed_ns)))


def failure_of(result: StepResult) -> tuple[str, int] | None:
    """The kind of a step's failure, and its exit code."""
    if not result.exit_code:
        return None
    kinds = [exchange.error.kind for exchange in result.exchanges() if exchange.error]
    return kinds[0] if kinds else KINDS.get(result.exit_code, "internal"), result.exit_code
