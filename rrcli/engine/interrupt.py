"""What ends a run from outside: Ctrl-C and TERM."""

from __future__ import annotations

from rrcli.base.errors import EXIT_TERMINATED, ExchangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SIGTERM = 15


class Termination:
    """The handler of TERM: raises `Interrupted` where the program is, and remembers that TERM `arrived`."""

    arrived = False

    def __call__(self, signal: int, _frame: object) -> NoReturn:
        self.arrived = True
        raise Interrupted(signal)


def on_term() -> Termination:
    """From now on TERM ends what is running as Ctrl-C does, so that what arrived so far is still reported."""
    import _signal  # type: ignore[import-not-found]  # `signal` loads enum

    termination = Termination()
    try:
        _signal.signal(SIGTERM, termination)
    except ValueError:
        pass  # called within another program, from a thread of its own: its signals are not ours
    return termination


class OutputClosed(BaseException):
    """Nobody reads standard output any more. It is no `OSError`, which a connection would be blamed for."""


def watch_output() -> None:
    """From now on the end of whoever reads standard output ends what is running, though it only waits: raises `OutputClosed` there.

    Only pipes and sockets tell it. A thread waits for that and wakes the main one, whose waiting a signal interrupts.
    """
    import os
    from stat import S_ISFIFO, S_ISSOCK

    mode = os.fstat(1).st_mode
    if not (S_ISFIFO(mode) or S_ISSOCK(mode)):
        return
    import _signal
    from _thread import get_ident, start_new_thread

    def ended(_signal: int, _frame: object) -> NoReturn:
        raise OutputClosed

    try:
        _signal.signal(_signal.SIGURG, ended)  # which nobody sends: SIGPIPE also tells of a peer that is gone
    except ValueError:
        return  # called within another program, from a thread of its own
    main = get_ident()

    def watch() -> None:
        from select import poll

        poller = poll()
        poller.register(1, 0)  # errors and hang-ups alone
        poller.poll()
        _signal.pthread_kill(main, _signal.SIGURG)

    start_new_thread(watch, ())


class Interrupted(KeyboardInterrupt):
    """TERM arrived: the same as Ctrl-C with an exit code of its own. `signal` is its number."""

    exit_code = EXIT_TERMINATED

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


def interruption(signal: KeyboardInterrupt) -> ExchangeError:
    """The failure of what Ctrl-C or TERM ended."""
    message = f"ended by signal {signal.signal}" if isinstance(signal, Interrupted) else "interrupted (Ctrl-C)"
    return ExchangeError("internal", "interrupted", message)
