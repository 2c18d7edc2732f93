"""One request that asks several: each part an exchange of its own, sent side by side under one deadline."""

from __future__ import annotations

from rrcli.model import Exchange, ExchangeSet, Failure, Message, Target
from rrcli.registry import entry_of
from rrcli.runner import new_id, send
from rrcli.wire.clock import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options import Request

AT_ONCE = 8  # past about so many, threads distort their own measurements


def send_all(parts: tuple[Request, ...], deadline: float | None = None) -> ExchangeSet:
    """Send what `Request.several` gave, all within `deadline` seconds.

    Raises what `send` raises. Ctrl-C and TERM end it at once: parts without an answer are reported as interrupted.
    """
    results: list[Exchange | BaseException | None] = [None] * len(parts)
    try:
        _work(parts, results, Deadline.after(deadline, "--deadline"))
    except KeyboardInterrupt:
        pass
    exchanges = []
    for part, result in zip(parts, results, strict=True):
        if isinstance(result, BaseException):
            raise result
        exchanges.append(result or _interrupted(part))
    return ExchangeSet(exchanges=tuple(exchanges))


def _work(parts: tuple[Request, ...], results: list[Exchange | BaseException | None], whole: Deadline) -> None:
    """Send the parts in threads that nobody has to wait for when the program is told to end."""
    from threading import Lock, Thread

    todo = list(enumerate(parts))[::-1]
    lock = Lock()

    def work() -> None:
        while True:
            with lock:
                if not todo:
                    return
                at, part = todo.pop()
            try:
                results[at] = send(part, until=whole)
            except BaseException as error:  # noqa: BLE001  # raised again where somebody can catch it
                results[at] = error

    threads = [Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(parts)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _interrupted(part: Request) -> Exchange:
    """What is to be said of an exchange that was under way, or not begun, when the program was told to end."""
    words = " ".join(part.words)
    error = Failure(layer="internal", kind="interrupted", message="interrupted before its end", delivery="unknown", retry="useless")
    return Exchange(
        id=new_id(), protocol=entry_of(part).name, target=Target(url=words), request=Message(summary=words), outcome="error", error=error
    )
