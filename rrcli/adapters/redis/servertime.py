"""`--slowlog`: how long the server itself ran the command, from its own books: `INFO commandstats` before and after.

SLOWLOG would have to be configured down to 0, for everybody; these counters are always kept, and reading changes nothing.
They count microseconds per command of all clients: what others ran of the same command in between is counted in, which
shows in the number of calls, and then the mean is told. Time in the server's queue or blocked (BLPOP) is not in them.

The reading before belongs to the handshake phase, like all that happens before the command; the one after is in none: it
goes over the same connection, but into a trace of its own that is thrown away, with its bytes.
"""

from __future__ import annotations

from rrcli.adapters.redis.commands import name_of
from rrcli.base.errors import ExchangeError
from rrcli.codec.redis.resp import encode
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.redis.endpoint import Endpoint
    from rrcli.adapters.redis.replies import Replies
    from rrcli.engine.context import Context

QUESTION = encode((b"INFO", b"commandstats"))


class Stopwatch:
    """Reads the command's counters at once, and again when its reply is there."""

    def __init__(self, endpoint: Endpoint, context: Context, replies: Replies) -> None:
        self._names = [name.lower().replace(" ", "|") for name in name_of(endpoint.words)[::-1]]
        self._title = name_of(endpoint.words)[0]
        self._context = context
        self._replies = replies
        context.recorder.timeline.enter("handshake")
        self._before = self._counters()
        context.recorder.timeline.leave()

    def read(self) -> tuple[dict[str, Any], str]:
        """What goes into the answer's data, and the line for people: the time in microseconds, or why there is none."""
        self._go_unrecorded()
        try:
            after = self._counters()
        except ExchangeError as error:
            self._context.note("server-time", f"the server's time is not known: {error.message}")
            return {"server_us": None}, "(the server's own time is not known)"
        calls, micros = after[0] - self._before[0], after[1] - self._before[1]
        if calls < 1 or micros < 0:
            self._context.note("server-time", f"the server did not count this {self._title}: it was refused, or may not be looked at")
            return {"server_us": None}, "(the server's own time is not known)"
        if calls > 1:
            self._context.note("server-time", f"{calls} calls of {self._title} ran meanwhile: the time in the server is their mean")
        mean = round(micros / calls, 1)
        return {"server_us": mean}, f"({mean:g} µs in the server)"

    def _counters(self) -> tuple[int, int]:
        """Calls and microseconds so far; zeros where the command was never run, or INFO is not allowed."""
        self._replies.stream.write(QUESTION, "INFO commandstats")
        reply = self._replies.read()
        lines = reply.value.decode("utf-8", "replace").splitlines() if isinstance(reply.value, bytes) else []
        stats = dict(line.partition(":")[::2] for line in lines if line.startswith("cmdstat_"))
        for name in self._names:
            if found := stats.get(f"cmdstat_{name}"):
                numbers = dict(pair.partition("=")[::2] for pair in found.split(","))
                calls, micros = numbers.get("calls", ""), numbers.get("usec", "")
                if calls.isdecimal() and micros.isdecimal():
                    return int(calls), int(micros)
        return 0, 0

    def _go_unrecorded(self) -> None:
        """What follows on this connection belongs to no exchange."""
        self._replies.stream.re_record(Recorder())
