"""Several requests repeated in turn, A, B, A, B, so that what changes meanwhile changes for all of them."""

from __future__ import annotations

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import EXIT_TIMEOUT, usage
from rrcli.codec.http.cookies import Jar
from rrcli.engine.context import Shared
from rrcli.series.run import checked, one_more, whole_checks
from rrcli.series.tally import Series, Tally
from rrcli.wire.pool import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.options.request import Request

AT_ONCE = ("concurrency", "rate", "processes")  # what there is no room for where one waits for the other


def send_interleaved(requests: Sequence[Request]) -> list[Series]:
    """Send each as often as the first says, one of each in turn, over connections of its own; Ctrl-C and TERM end it early.

    Raises `usage` for what cannot be interleaved, and what `send` raises.
    """
    first = requests[0]
    if name := next((name for name in AT_ONCE if getattr(first, name, None) not in (None, 1)), None):
        raise usage(f"compare sends one after the other, and --{name} asks for another pace", "leave it out")
    sides = [_Side(request) for request in requests]
    whole, notes = Deadline.after(first.deadline, "--deadline"), []
    ends_ns = now() + int(first.repeat_for * 1e9) if first.repeat_for else None
    try:
        for _ in range(first.warmup or 0):
            for side in sides:
                side.send(whole, counts=False)
        done = 0
        while done != first.repeat and not (ends_ns and now() >= ends_ns):
            if whole.passed():
                notes.append(f"the time limit passed ({whole.limit})")
                break
            for side in sides:
                side.send(whole)
            done += 1
    except KeyboardInterrupt:
        notes.append("interrupted: these are the exchanges that had ended")
    finally:
        for side in sides:
            side.shared.close()
    return [side.series(tuple(notes), is_late=whole.passed()) for side in sides]


class _Side:
    """One of the requests, and what its exchanges amount to."""

    def __init__(self, request: Request) -> None:
        self._request = request.replace(expect=tuple(text for text in request.expect if text not in whole_checks(request)))
        self._checks = whole_checks(request)
        self._tally = Tally()
        self._latest: Series | None = None
        self._elapsed_ns = 0
        self._started_at_ns = 0
        self.shared = Shared(pool=Pool(), cookies=Jar())

    def send(self, whole: Deadline, *, counts: bool = True) -> None:
        """Send it once more. Raises Ctrl-C."""
        left_ms = whole.remaining_ms()
        deadline = None if left_ms is None else max(left_ms / 1000, 0.001)
        latest = one_more(self._request.replace(deadline=deadline), self._tally if counts else Tally(), self.shared)
        if counts:
            self._latest = latest
            self._elapsed_ns += latest.elapsed_ns
            self._started_at_ns = self._started_at_ns or latest.started_at_ns

    def series(self, notes: tuple[str, ...], *, is_late: bool) -> Series:
        """What it amounts to; its rate is that of the time in which it was under way."""
        tally = self._tally
        found = Series(
            count=tally.count, failed=tally.failed, statuses=dict(tally.statuses), errors=dict(tally.errors), times=dict(tally.times),
            elapsed_ns=self._elapsed_ns, connections=self.shared.pool.opened if self.shared.pool else 0, first=tally.first,
            worst=tally.worst, exit_code=max(tally.exit_code, EXIT_TIMEOUT if is_late else 0), notes=notes,
            started_at_ns=self._started_at_ns, bytes_sent=tally.bytes_sent, bytes_received=tally.bytes_received,
            timeline=tuple(tally.timeline.points()),
        )  # fmt: skip
        return checked(found, self._checks) if self._checks else found
