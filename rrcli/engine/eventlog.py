"""The events of a stream: counted, kept and waited for, over all the connections that the stream takes.

`--until` reads one event here, and not the document: its keys, the whole of it as `event`, and `json`, the value of data
that is JSON.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.engine.events import StreamEvent
    from rrcli.options.request import Request

MOST_EVENTS = 10_000  # that are kept; the others are counted
LARGEST_JSON = 1 << 20  # bytes of data that are parsed to be looked at
CONTROLS = bytes((*range(0x20), 0x22, 0x5C, 0x7F, 0xC2))  # bytes that JSON escapes, or that a letter it escapes begins with
ESCAPED = 5  # bytes that escaping one adds at most
PARSED = 16  # about how many times its text a parsed value takes, at worst somewhat more


class EventLog:
    """What came so far, and whether it is enough. Raises `usage` for an `--until` that cannot be read."""

    def __init__(self, request: Request) -> None:
        self.kept: list[dict[str, Any]] = []
        self.origin_ns = 0  # when the first connection began, once there is a second
        self.count = 0
        self.held = False  # an event satisfied --until
        self._room = request.max_size
        self._most = request.max_events
        self._mark = (0, 0, self._room)  # where the present connection begins
        self._until = None
        self._actual: Any = None
        if request.until:
            from rrcli.policy.expect import Expectation

            self._until = Expectation(request.until, ("event", *request.event_keys))

    def begin(self) -> None:
        """Another connection of the stream begins."""
        self._mark = (len(self.kept), self.count, self._room)

    def go_back(self) -> None:
        """Forget what the present connection brought: it is attempted again."""
        kept, self.count, self._room = self._mark
        del self.kept[kept:]

    @property
    def own(self) -> list[dict[str, Any]]:
        """The events that the present connection brought."""
        return self.kept[self._mark[0] :]

    def add(self, value: dict[str, Any], item: StreamEvent, deadline: Deadline | None = None) -> str | None:
        """Take one event; a remark when it is the first that is not kept."""
        self.count += item.counts
        if self._until:
            check = self._until.check(_document(value), deadline)
            self.held, self._actual = self.held or check.ok, check.actual
            if self._until.gave_up:
                message = f"--until {self._until.text!r} was given up at event {self.count}: finding out takes too long"
                raise ExchangeError("transport", "timeout", message, hint="write the expression so that it has less to try")
        if self._room < 0:
            return None
        self._room -= _cost(item)
        if self._room < 0 or len(self.kept) == MOST_EVENTS:
            self._room = -1
            return f"only the first {len(self.kept)} events are kept in the document"
        self.kept.append(value)
        return None

    @property
    def is_full(self) -> bool:
        """Whether no further event is kept for the document."""
        return self._room < 0

    @property
    def awaits(self) -> bool:
        """Whether an event, or their number, can end the stream."""
        return self._until is not None or self._most is not None

    def enough(self) -> bool:
        """Whether no further event is wanted."""
        return self.held or self._counted()

    def _counted(self) -> bool:
        return self._most is not None and self.count >= self._most

    def judge(self, failure: ExchangeError | None) -> ExchangeError | None:
        """The failure of a stream that is over: what it failed with, or that no event satisfied --until."""
        if self._until is None or self.held or self._until.gave_up or (failure and failure.kind != "timeout"):
            return failure
        unmet = self._unmet()
        if failure:
            failure.message = f"{failure.message}; {unmet}"
            return failure
        if self._counted():
            return ExchangeError("transport", "timeout", f"--max-events {self._most} came; {unmet}", hint="allow more with --max-events")
        hint = "the server ended it: its log tells why; look at what came, and at the expression"
        return ExchangeError("transport", "closed", f"the stream ended; {unmet}", hint=hint)

    def _unmet(self) -> str:
        """That --until never held, and what it found in the last event."""
        from rrcli.base.jsontext import dumps

        assert self._until
        if not self.count:
            return f"no event came that could satisfy --until {self._until.text!r}"
        which = "the only event" if self.count == 1 else f"the last of {self.count} events"
        return f"no event satisfied --until {self._until.text!r}: {self._until.path.text} is {dumps(self._actual)[:200]} in {which}"


def _document(value: dict[str, Any]) -> dict[str, Any]:
    """An event as an expression sees it."""
    found = {"json": parsed(value["data"]), **value}
    return {"event": found, **found}


def parsed(data: Any) -> Any:
    """The value of data that is JSON, `None` for text that is not; what is no text is a value already."""
    if not isinstance(data, str):
        return data
    if len(data) > LARGEST_JSON or data[:1] not in '{["-0123456789tfn \t\r\n':
        return None
    from rrcli.base.jsontext import loads

    try:
        return loads(data)
    except ValueError:
        return None


def _cost(item: StreamEvent) -> int:
    """About how many bytes an event takes, as JSON too, where controls are escaped; the least for one without any."""
    size = len(item.text)
    if isinstance(item.data, str):
        size = max(size, item.data.__sizeof__()) + ESCAPED * (size - len(item.text.translate(None, CONTROLS)))
    return size * (PARSED if "json" in item.more else 1)
