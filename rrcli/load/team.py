"""What those who run users amount to together: their reports merged, who of them was lost, refused or fell behind, and the result.

It knows nothing of Locust itself: who runs, and how, it is told.
"""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES
from rrcli.base.units import counted
from rrcli.load.counts import Counts, StepCount
from rrcli.load.result import Facts, result_of
from rrcli.load.site import SLOW_LOOP_NS
from rrcli.series.packed import unpacked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.plan.model import Plan
    from rrcli.plan.pace import Threshold
    from rrcli.plan.result import RunResult

BUSY_PERCENT = 90  # of its core, from which on a worker's times may be its own
LOST = EXIT_CODES["transport"]


class Member:
    """One worker, as it is called, and what is known of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0  # of exchanges that it has reported
        self.users = 0  # that it runs
        self.cpu_percent = 0.0
        self.lag_ns = 0
        self.is_lost = False
        self.has_ended = False
        self.is_refused = False


class Team:
    """All that run users. `counts` has what they have reported."""

    def __init__(self, plan: Plan, run_id: str, rate: float | None) -> None:
        self.counts = Counts(plan)
        self.members: dict[str, Member] = {}
        self.facts = Facts()
        self.facts.run_id = run_id
        self.facts.rate = rate
        self.is_running = True
        self._including = {step.name for step in plan.steps if step.included}

    # --- what they tell

    def report(self, identity: str, found: dict[str, Any]) -> None:
        """Count what a worker has counted since the last time. Of what cannot be read nothing is counted, and that is noted."""
        member = self.members.get(identity)
        if member is None:
            return
        began_ns = self.facts.began_ns
        try:
            steps = [self._step(path, tally, told, began_ns) for path, tally, told in found["steps"]]
            iterations = unpacked(found["iterations"], began_ns)
            lag_ns, unsent = int(found["lag_ns"]), int(found["unsent"])
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            self.note(f"{member.name} sent a report that cannot be read: {error}")
            return
        member.lag_ns = max(member.lag_ns, lag_ns)
        self.facts.unsent += unsent
        self.counts.iterations.merge(iterations)
        self.counts.began_ns = self.counts.began_ns or self.facts.began_ns
        for path, one in steps:
            count = self.counts.steps.setdefault(path, StepCount(one.kind, one.line, one.tags))
            count.tally.merge(one.tally)
            count.skipped += one.skipped
            count.is_wanted = count.is_wanted and one.is_wanted
            count.reason = count.reason or one.reason
            count.connections += one.connections
            member.count += one.tally.count

    def _step(self, path: Any, tally: Any, told: Any, began_ns: int) -> tuple[tuple[str, ...], StepCount]:
        """What a worker has counted of one step. Raises what comes of anything else, and `ValueError` for a path that no step has."""
        kind, line, tags, skipped, is_wanted, reason, connections = told
        names = tuple(map(str, path))
        if not names or (len(names) > 1 and names[0] not in self._including):
            raise ValueError(f"no step {'/'.join(names)}")
        one = StepCount(str(kind), int(line), tuple(map(str, tags)))
        one.tally = unpacked(tally, began_ns)
        one.skipped, one.connections = int(skipped), int(connections)
        one.is_wanted, one.reason = bool(is_wanted), None if reason is None else str(reason)
        return names, one

    def refused(self, identity: str, said: str, code: int) -> None:
        """A worker cannot run the plan: it says why. The run is no good without it."""
        member = self.members.get(identity)
        name = member.name if member else identity
        if member:
            member.is_refused = True
        self.note(f"{name} cannot run the plan: {said}")
        self.facts.code = max(self.facts.code, code)

    def lost(self, identity: str, how: str) -> None:
        """A worker is gone before the end."""
        member = self.members[identity]
        member.is_lost = True
        said = f"{member.name} {how}: it had reported {member.count:,} exchanges, what came after its last report is lost"
        self.note(f"{said}, and its {counted(member.users, 'user')}" if member.users else said)
        self.facts.code = max(self.facts.code, LOST)

    def note(self, text: str) -> None:
        if text not in self.facts.notes:
            self.facts.notes.append(text)

    # --- the end

    def result(self, thresholds: Sequence[Threshold], seen: dict[str, int] | None = None) -> RunResult:
        """The result. `seen` are counts by the name of a step that somebody else has kept, which are to be ours."""
        for member in self.members.values():
            if member.cpu_percent > BUSY_PERCENT:
                self.note(f"{member.name} used {member.cpu_percent:.0f} % of its core: times may be its own; more workers spread the load")
            if member.lag_ns > SLOW_LOOP_NS:
                self.note(
                    f"{member.name} was slow by itself: up to {member.lag_ns // 10**6} ms of what is measured as waiting may be its own"
                )
        if self.facts.unsent:
            self.note(f"{self.facts.unsent:,} iterations were due and never begun")
        tally = self.counts.iterations
        if tally.late:
            late = f"{tally.late:,} iterations began later than they were due, by up to {max(1, tally.latest_ns // 10**6)} ms"
            self.note(f"{late}: they count from when they were due")
        for name, number in (seen or {}).items():
            ours = sum(count.tally.count for path, count in self.counts.steps.items() if "/".join(path) == name)
            if ours != number:
                self.note(f"Locust has counted {number:,} of {name}, and we {ours:,}")
        return result_of(self.counts, self.facts, thresholds)
