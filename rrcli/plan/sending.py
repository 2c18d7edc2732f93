"""Sends what the steps of a run ask for. All steps have in common what is kept here: connections, cookies, secrets, responders."""

from __future__ import annotations

from _thread import allocate_lock, get_ident

from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, exit_code, usage
from rrcli.base.record import Record
from rrcli.codec.http.cookies import Jar
from rrcli.engine.context import Shared
from rrcli.engine.registry import hooks_of
from rrcli.engine.send import send
from rrcli.model.values import Failure
from rrcli.options.request import Output, without_attempt_timeout
from rrcli.wire.pool import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rrcli.engine.events import Observer
    from rrcli.engine.interrupt import Termination
    from rrcli.model.values import Exchange, ExchangeSet
    from rrcli.options.request import Request
    from rrcli.plan.step import Step
    from rrcli.series.tally import Series


class Sent(Record):
    """What came of sending: one of an exchange, several, a series, or where responders are. `asked` and `found` say it in short."""

    exchange: Exchange | None = None
    several: ExchangeSet | None = None
    series: Series | None = None
    served: dict[str, str] | None = None
    exit_code: int = 0
    reason: str | None = None
    asked: str = ""
    found: str = ""

    def value(self) -> dict[str, Any]:
        """The document that captures read, with its shorthands."""
        from rrcli.policy import paths

        if self.served is not None:
            return dict(self.served)
        if self.exchange:
            from rrcli.model.document import document

            return paths.names(document(self.exchange))
        if self.several:
            from rrcli.model.document import set_document

            return paths.set_names(set_document(self.several))
        from rrcli.series.tally import series_document

        return paths.series_names(series_document(self.series)) if self.series else {}


class Keeping(Record):
    """What a step keeps: connections and cookies that others use too, and in which file the content of its answer."""

    connections: bool = True
    cookies: bool = True
    file: str | None = None
    is_judged: bool = False  # by its content, beside what it expects: there is to be one answer
    content: bool = True  # somebody reads it, though it goes to a file


class Sender:
    """Sends for all steps of a run, in any of its threads; `close` ends it."""

    def __init__(self, termination: Termination | None, trace: str | None = None) -> None:
        """`trace` is the `--traceparent` of what has none of its own."""
        self._termination = termination
        self._trace = trace
        self._first = Shared(pool=Pool(), cookies=Jar())
        self._shared: dict[tuple[bool, bool, Any], Shared] = {(True, True, get_ident()): self._first}
        self._lock = allocate_lock()
        self._ends: list[Callable[[], None]] = []  # what is called at the end, the last first

    @property
    def secrets(self) -> Any:
        """The values that are masked in all of the run."""
        return self._first.secrets

    def at_end(self, end: Callable[[], None]) -> None:
        """Have this called when the run is over."""
        with self._lock:
            self._ends.append(end)

    def close(self) -> None:
        """Close connections and end what was started."""
        for shared in self._shared.values():
            shared.close()
        while self._ends:
            self._ends.pop()()

    def close_others(self) -> None:
        """Close the connections of other threads than this one, whose steps are over."""
        with self._lock:
            others = [self._shared.pop(key) for key in list(self._shared) if key[2] != get_ident()]
        for shared in others:
            shared.close()

    def shared(self, keeping: Keeping, lane: int | None = None) -> Shared:
        """Connections of this thread, or of one of several lanes, and cookies, as far as they are kept; secrets are known to all."""
        place = get_ident() if lane is None else ("lane", get_ident(), lane)
        key = (keeping.connections, keeping.cookies, place)
        with self._lock:  # a pool is for one thread; cookies and secrets are for all
            if key not in self._shared:
                same = next((one.pool for (kept, _, at), one in self._shared.items() if kept and at == place), None)
                shared = Shared(pool=(same or Pool()) if key[0] else None, cookies=self._first.cookies if key[1] else None)
                shared.secrets, shared.learned = self._first.secrets, self._first.learned
                self._shared[key] = shared
            return self._shared[key]

    def send(self, request: Request, keeping: Keeping, limit: Deadline) -> Sent:
        """Send a request as it asks for: once, as a series, or as several side by side. Raises `ExchangeError` for a wrong one."""
        hooks = hooks_of(request)
        if given := hooks.epilogue_options(request):
            raise usage(f"{given[0]} is for one exchange at the command line", "capture reads its values, and --report writes them")
        if self._trace and request.traceparent in (None, "auto"):
            request = request.replace(traceparent=self._trace)
        if request.repeats():
            return self._series(request.replace(deadline=_left(request, limit)), keeping)
        parts = hooks.several(request)
        if parts is not None or request.all_addresses:
            if keeping.is_judged:
                raise usage("snapshot and json-schema are of one answer, and this asks several", "ask one at a time")
            if keeping.file:
                raise usage("a file takes the content of one answer, and this asks several", "ask one at a time")
            return self._several(request.replace(deadline=_left(request, limit)), parts or (request,), keeping)
        return self._one(request, keeping, limit)

    def _one(self, request: Request, keeping: Keeping, limit: Deadline) -> Sent:
        hooks = hooks_of(request)
        download = hooks.download(request, Output(output=keeping.file))
        observer: Observer | None = None
        if keeping.file is None:
            if download:
                raise usage("a plan names the file that content is saved to", 'write output = "FILE"')
        else:
            from rrcli.base.output import to_file
            from rrcli.engine.tofile import ToFile

            path = keeping.file
            request = download.request if download else without_attempt_timeout(request)
            opens = download.open if download else lambda _: to_file(path)
            keeps = keeping.content or bool(request.expect or request.ok or request.until)
            observer = ToFile(opens, keep=keeps, raw_event=hooks.raw_event)
        own = Deadline.after(request.deadline, "--deadline")
        if limit.sooner(own) is own:
            limit.at_ns, limit.limit = own.at_ns, own.limit
        exchange = send(request, observer, until=limit, shared=self.shared(keeping), state=download.state if download else None)
        if keeping.file:
            exchange = _saved(download.explained(exchange) if download else exchange, keeping.file)
        return Sent(exchange=exchange, exit_code=self.code(exchange), reason=exchange.error.message if exchange.error else None)

    def _series(self, request: Request, keeping: Keeping) -> Sent:
        from rrcli.series.contradictions import refuse_contradictions
        from rrcli.series.run import send_series

        refuse_contradictions(request, Output(output=keeping.file), hooks_of(request))
        series = send_series(request, shared=self.shared(keeping))
        interrupted = any(note.startswith("interrupted") for note in series.notes)
        return Sent(series=series, exit_code=self.signal_code() if interrupted else series.exit_code)

    def _several(self, request: Request, parts: Sequence[Request], keeping: Keeping) -> Sent:
        from rrcli.engine.fanout import every_address, send_all, set_exit_code

        if request.all_addresses:
            parts = tuple(one for part in parts for one in every_address(part))
        several = send_all(parts, request.deadline, shared=[self.shared(keeping, lane) for lane in range(len(parts))])
        return Sent(several=several, exit_code=set_exit_code(several, terminated=self.is_terminated))

    @property
    def is_terminated(self) -> bool:
        """Whether TERM has come."""
        return self._termination is not None and self._termination.arrived

    def signal_code(self) -> int:
        """The exit code of the signal that has come."""
        return EXIT_TERMINATED if self.is_terminated else EXIT_INTERRUPTED

    def code(self, exchange: Exchange) -> int:
        """The exit code of an exchange."""
        return exit_code(exchange.error, terminated=self.is_terminated)


def _left(request: Request, limit: Deadline) -> float | None:
    """The seconds of its own limit, or those that are left of the run's where they are fewer."""
    if limit.at_ns is None:
        return request.deadline
    left = max((limit.at_ns - now()) / 1e9, 0.001)  # 0 would be no limit
    return min(left, request.deadline or left)


def _saved(exchange: Exchange, file: str) -> Exchange:
    """The exchange with the file that has its content."""
    if not (exchange.response and exchange.response.body):
        return exchange
    return exchange.replace(response=exchange.response.replace(body=exchange.response.body.replace(file=file)))


def captured(step: Step, sent: Sent) -> tuple[Sent, dict[str, Any]]:
    """The values that a step captures; where one finds nothing it has failed as a check does."""
    value = sent.value()
    found = {name: path.find(value) for name, path in step.captures.items()}
    missing = [f"{name} = {step.captures[name].text!r}" for name, one in found.items() if one is None]
    if not missing:
        return sent, found
    message = f"the answer has nothing to capture for {', '.join(missing)}"
    sent = sent.replace(exit_code=EXIT_CODES["check"], reason=message)
    if exchange := sent.exchange:
        failure = Failure(layer="check", kind="check_failed", message=message, delivery="answered", retry="useless")
        sent = sent.replace(exchange=exchange.replace(outcome="check_failed", error=failure))
    return sent, {}
