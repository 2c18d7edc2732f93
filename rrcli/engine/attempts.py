"""The attempts of one exchange: what each may show, whether another follows, and the wait before it.

Loaded only when retries were asked for. `policy/retry.py` decides; the runner sends.
"""

from __future__ import annotations

from rrcli.engine.events import Observer
from rrcli.engine.interrupt import interruption
from rrcli.engine.registry import hooks_of
from rrcli.model.values import Note
from rrcli.policy.retry import Clock, Retries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.engine.events import Hop
    from rrcli.model.values import Exchange, Response
    from rrcli.options.request import Request

    Item = tuple[dict[str, Any], bytes, tuple[str, ...]]


class DeferredObserver(Observer):
    """Stands between an attempt and the observer: what may be followed by another attempt is held back until that is known.

    A status of success passes. The content of another is kept, `limit` bytes of it at most: past that it is shown, and the
    attempt is the last.
    """

    def __init__(self, observer: Observer, limit: int) -> None:
        self.shown = False  # something went through that cannot be taken back
        self.keeps_content, self.shows_events = observer.keeps_content, observer.shows_events
        self._observer = observer
        self._room = limit
        self._answer: Response | None = None
        self._pieces: list[bytes | Item] = []  # content and events, in their order
        self._passes = False

    def request_started(self) -> None:
        self._observer.request_started()

    def received(self, answer: Response) -> None:
        self._answer = answer
        self._passes = answer.status.ok

    def attach(self, hop: Hop) -> None:
        self._observer.attach(hop)

    def uploaded(self, done: int, total: int | None) -> None:
        self._observer.uploaded(done, total)

    def content(self, data: bytes) -> None:
        self._pieces.append(data)
        self._room -= len(data)
        if self._passes or self._room < 0:
            self.flush()

    def item(self, value: dict[str, Any], text: bytes, secrets: tuple[str, ...]) -> None:
        self._pieces.append((value, text, secrets))
        self._room -= len(text)
        if self._passes or self._room < 0:
            self.flush()

    def flush(self) -> None:
        """Show what was held back, and from now on everything at once."""
        self._passes = True
        if self._answer:
            self._observer.received(self._answer)
            self._answer = None
        for piece in self._pieces:
            if isinstance(piece, bytes):
                self._observer.content(piece)
            else:
                self._observer.item(*piece)
            self.shown = self._observer.is_visible
        self._pieces.clear()


class Attempts:
    """The attempts of one exchange, one after the other, all of them over before `limit`."""

    def __init__(self, request: Request, limit: Deadline, observer: Observer, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._retries = Retries(request, limit, self._clock, hooks_of(request).asked_wait)
        self._observer = observer
        self._room = request.max_size
        self._made = 0
        self._held = DeferredObserver(observer, self._room)

    def begin(self) -> Observer:
        """The observer of the next hop; what comes of the last attempt has nothing to wait for."""
        self._held = DeferredObserver(self._observer, self._room)
        return self._held if self._retries.left else self._observer

    def retry_or_finish(self, exchange: Exchange) -> tuple[bool, Exchange]:
        """Whether another attempt follows, which is to begin at once, and this one with a note of the wait that has passed.

        Of the last attempt what was held back is shown now; a note says why there is no other where one was to be expected.
        """
        decision = self._retries.after(exchange, shown=self._held.shown)
        if decision.wait is None:
            self._held.flush()
            return False, _noted(exchange, "not-retried", decision.reason) if decision.reason else exchange
        self._made += 1
        self._observer.retry_in(decision.wait, self._made)
        began = self._clock.now()
        try:
            self._clock.sleep(decision.wait)
        except KeyboardInterrupt as signal:
            self._held.flush()
            return False, _interrupted(exchange, signal, self._clock.now() - began)
        waited_ms = (self._clock.now() - began) / 1e6
        return True, _noted(exchange, "retry", f"waited {waited_ms:.0f} ms: {decision.reason}")


def _noted(exchange: Exchange, code: str, message: str) -> Exchange:
    return exchange.replace(notes=(*exchange.notes, Note(code=code, message=message)))


def _interrupted(exchange: Exchange, signal: KeyboardInterrupt, waited_ns: int) -> Exchange:
    """An attempt after which the user ended the waiting for another."""
    assert exchange.error
    ended = interruption(signal)
    message = f"{ended.message} while waiting for the next attempt; before: {exchange.error.message}"
    error = exchange.error.replace(layer=ended.layer, kind=ended.kind, phase=None, message=message)
    timing = exchange.timing.replace(elapsed_ns=exchange.timing.elapsed_ns + waited_ns)
    return exchange.replace(outcome="error", error=error, timing=timing)
