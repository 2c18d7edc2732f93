"""Sends a series, and says what it amounts to."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.model.values import Check
from rrcli.series.lanes import Stepper
from rrcli.series.schedule import Schedule
from rrcli.series.tally import Series, Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.context import Shared
    from rrcli.options.request import Request

MOST_GROWN = 64  # lanes that a rate may need where nobody says how many there may be


def send_series(request: Request, tally: Tally | None = None, shared: Shared | None = None) -> Series:
    """Send the request as often as it says and return what that amounts to; Ctrl-C and TERM end it early.

    `shared` has cookies and secrets for all of it, and connections that its first lane uses and leaves open.
    Checks under `series.` are made on the whole. Raises what `send` raises: a request that is wrong in itself.
    """
    checks = whole_checks(request)
    each = request.replace(expect=tuple(text for text in request.expect if text not in checks))
    running = _Running(each, tally or Tally(), shared)
    running.run()
    series = running.series()
    if not checks:
        return series
    return checked(series, checks)


def one_more(request: Request, tally: Tally, shared: Shared) -> Series:
    """Send the request once, counted by a tally that counts others, too. Raises Ctrl-C."""
    running = _Running(request.replace(repeat=1, repeat_for=None, warmup=None), tally, shared)
    running.run()
    if running.interrupted:
        raise KeyboardInterrupt
    return running.series()


def whole_checks(request: Request) -> list[str]:
    """The expectations of a request that are about the series."""
    if not request.expect:
        return []
    from rrcli.policy.expect import Expectation

    return [text for text in request.expect if Expectation(text).reads_series]


def checked(series: Series, texts: list[str]) -> Series:
    """The series with its own checks, which alone decide the exit code (contract, section 4)."""
    from rrcli.base.errors import EXIT_CODES
    from rrcli.policy.expect import Expectation
    from rrcli.policy.paths import series_names
    from rrcli.series.tally import series_document

    value = series_names(series_document(series))
    found: tuple[Check, ...] = tuple(Expectation(text).check(value) for text in texts)
    return series.replace(checks=found, exit_code=0 if all(check.ok for check in found) else EXIT_CODES["check"])


class _Running:
    """A series under way."""

    def __init__(self, request: Request, tally: Tally, shared: Shared | None) -> None:
        self.request = request
        self.tally = tally
        self.schedule = Schedule(request, Deadline.after(request.deadline, "--deadline"))
        self.interrupted = False
        grows = request.rate is not None and request.concurrency is None
        most = MOST_GROWN if grows else request.concurrency or 1
        self.stepper = Stepper(request, self.schedule, self.tally.add, most, grows=grows, shared=shared)
        before = shared.pool if shared else None
        self._opened_before, self._reopened_before = (before.opened, before.reopened_count) if before else (0, 0)

    def run(self) -> None:
        """Send all of it. Raises the usage error of the first request that has one."""
        try:
            self.stepper.run()
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self.schedule.stop()
            self.stepper.close()

    def series(self) -> Series:
        """What it amounts to so far."""
        tally, schedule, stepper = self.tally, self.schedule, self.stepper
        code = tally.exit_code
        if schedule.unfinished:
            from rrcli.base.errors import EXIT_TIMEOUT

            code = max(code, EXIT_TIMEOUT)
        return Series(
            count=tally.count,
            failed=tally.failed,
            statuses=dict(tally.statuses),
            errors=dict(tally.errors),
            times=dict(tally.times),
            elapsed_ns=max(0, tally.ended_ns - schedule.began_ns) if schedule.began_ns else 0,
            started_at_ns=schedule.started_at_ns,
            target_rate_per_s=self.request.rate,
            unsent=schedule.unsent,
            bytes_sent=tally.bytes_sent,
            bytes_received=tally.bytes_received,
            timeline=tuple(tally.timeline.points()),
            samples=tally.samples,
            origin_ns=tally.began_ns,
            connections=sum(pool.opened for pool in stepper.pools()) - self._opened_before,
            first=tally.first,
            worst=tally.worst,
            at_once=len(stepper.lanes) if stepper.grows else stepper.most,
            multiplexed=stepper.multiplexed,
            exit_code=code,
            notes=tuple(self._notes()),
        )

    def _notes(self) -> list[str]:
        notes = []
        tally, stepper = self.tally, self.stepper
        if self.interrupted:
            notes.append(f"interrupted: these are the {tally.count} exchanges that had ended")
        elif self.schedule.unfinished:
            notes.append(f"the time limit passed ({self.schedule.whole.limit}) after {tally.count} exchanges")
        if stepper.grows and len(stepper.lanes) > 1:
            notes.append(f"--rate needed {len(stepper.lanes)} at once; --concurrency sets another limit than {MOST_GROWN}")
        if unsent := self.schedule.unsent:
            notes.append(f"{unsent} were due and had not begun when time was up: the server, or this machine, did not keep up with --rate")
        if tally.late:
            late = f"{tally.late} began later than --rate asks for, by up to {max(1, tally.latest_ns // 10**6)} ms"
            advice = "" if stepper.grows else "; more --concurrency keeps the rate"
            notes.append(f"{late}: their total counts from when they were due{advice}")
        if reopened := sum(pool.reopened_count for pool in stepper.pools()) - self._reopened_before:
            times = "once" if reopened == 1 else f"{reopened} times"
            notes.append(f"{times} a connection that was kept open was over: sent again on another one")
        return notes
