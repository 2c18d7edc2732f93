"""`--until`: the whole exchange again and again until its document satisfies an expression, or the deadline passes.

What fails, as a server that is not up yet, does not satisfy it and is asked again. Every exchange but the last stands in the
history, and nothing of it is told the observer.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import dumps
from rrcli.engine.attempts import DeferredObserver
from rrcli.engine.history import History
from rrcli.engine.interrupt import interruption
from rrcli.model.values import Failure
from rrcli.options.commandline import reads_stdin
from rrcli.policy.expect import of_one
from rrcli.policy.paths import read_for
from rrcli.policy.redact import mask_of
from rrcli.policy.retry import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rrcli.base.deadline import Deadline
    from rrcli.engine.events import Event, Observer
    from rrcli.model.values import Exchange, Response
    from rrcli.options.request import Request
    from rrcli.policy.expect import Expectation

    Course = Generator[Event, None, Exchange]

LONGEST_VALUE = 200  # letters of the value that was found
MOST_WITHHELD = 16 << 20  # bytes of one answer, which are there twice


class Withheld(DeferredObserver):
    """Holds all of an answer back, a good one too, until it is known to be the last.

    With `judges_events` a stream of events is: it ends with one for which the expression holds, and is not asked for again.
    Content that is more than may be kept is let go, and then there is no other exchange after it.
    """

    def __init__(self, observer: Observer, limit: int, *, judges_events: bool = False) -> None:
        super().__init__(observer, limit)
        self.keeps_content = True  # the expression may read it
        self._judges_events = judges_events

    def received(self, answer: Response) -> None:
        self._answer = answer
        if self._judges_events and is_stream(answer):
            self.flush()


def until_it_holds(
    request: Request, once: Callable[[Request, Observer], Course], observer: Observer, whole: Deadline, clock: Clock | None = None
) -> Course:
    """Send until it holds and return the last exchange; one for which it never did has failed with `timeout`.

    Raises `usage` for an expression that cannot be read, and for a request that cannot be sent twice.
    """
    assert request.until
    expectation = of_one(request.until, request.event_keys if request.line_events else ())
    judges_events = request.line_events and expectation.reads_only(request.event_keys)
    each = request if judges_events else request.replace(until=None)
    if reads_stdin(request):
        raise usage("--until sends the request again, and standard input can be read only once", "put the content into a file")
    polls = Polls(expectation, whole, clock or Clock())
    while True:
        withheld = Withheld(observer, min(request.max_size, MOST_WITHHELD), judges_events=judges_events)
        exchange = yield from once(each, withheld)
        if judges_events and exchange.response and is_stream(exchange.response):
            withheld.flush()
            return polls.history.of(exchange)
        exchange = polls.look_at(exchange)
        if not (polls.over or withheld.shown) and polls.wait(request.every, observer):
            polls.history.add(exchange, "poll")
            del exchange, withheld  # its content is not kept beside the next one's
            continue
        shown = withheld.shown
        withheld.flush()
        return polls.history.of(polls.verdict(exchange, shown=shown))


def is_stream(answer: Response) -> bool:
    """Whether the content of an answer is events, which were judged one by one."""
    return "events" in answer.data


class Polls:
    """What the exchanges so far came to."""

    def __init__(self, expectation: Expectation, whole: Deadline, clock: Clock) -> None:
        self.history = History()
        self.over = False  # it holds, or the user ended it
        self._expectation = expectation
        self._whole = whole
        self._clock = clock
        self._made = 0
        self._held = False
        self._found = "there was no answer"
        self._shown = self._found  # without secrets
        self._signal: KeyboardInterrupt | None = None

    def look_at(self, exchange: Exchange) -> Exchange:
        """See whether it holds for one more exchange, which is returned as it counts."""
        self._made += 1
        check = self._expectation.check(read_for(exchange, [self._expectation.path], self._whole), self._whole)
        self._held = check.ok
        if exchange.response is not None or check.actual is not None:
            shown = check.actual if isinstance(check.actual, str) else dumps(check.actual)
            self._found = f"{self._expectation.path.text} is {shown[:LONGEST_VALUE]}{'…' * (len(shown) > LONGEST_VALUE)}"
        elif exchange.error and self._made == 1:
            self._found = exchange.error.message
        self._shown = mask_of(exchange).message(self._found)
        self.over = self._held or (exchange.error is not None and exchange.error.kind == "interrupted")
        if self._held and self._expectation.decides_status and exchange.outcome == "application_error":
            return exchange.replace(outcome="ok", error=None)
        return exchange

    def wait(self, seconds: float, observer: Observer) -> bool:
        """Wait for the next exchange; false where there is none, for want of time or because the user ended it."""
        if self._whole.at_ns is not None and self._clock.now() + int(seconds * 1e9) >= self._whole.at_ns:
            return False
        observer.poll_in(seconds, self._made, self._shown)
        try:
            self._clock.sleep(seconds)
        except KeyboardInterrupt as signal:
            self._signal = signal
            return False
        return True

    def verdict(self, exchange: Exchange, *, shown: bool) -> Exchange:
        """The last exchange, failed if it never held."""
        if self.over:
            return exchange
        what, times = f"--until {self._expectation.text!r}", "once" if self._made == 1 else f"{self._made} times"
        if self._signal:
            error = interruption(self._signal)
            error.message = f"{error.message} while waiting for {what}, asked {times}: {self._found}"
        elif shown and not self._whole.passed():
            error = ExchangeError("protocol", "too_large", f"{what} does not hold, and the answer is too large to keep: {self._found}")
        else:
            message = f"{what} did not hold within the time limit ({self._whole.limit}), asked {times}: {self._found}"
            error = ExchangeError("transport", "timeout", message, hint="allow more with --deadline, or look at the last answer")
        before = exchange.error
        delivery = before.delivery if before else "answered"
        retry = before.retry if before else "safe" if exchange.request.data.get("idempotent") else "unsafe"
        failure = Failure(layer=error.layer, kind=error.kind, message=error.message, hint=error.hint, delivery=delivery, retry=retry)
        return exchange.replace(outcome="error", error=failure)
