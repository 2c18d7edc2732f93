"""What ends a run from outside: Ctrl-C and TERM."""

from __future__ import annotations

from rrcli.base.errors import EXIT_TERMINATED, ExchangeError

SIGTERM = 15


def on_term(handler: object) -> None:
    """TERM ends the exchange as Ctrl-C does, so that what arrived so far is still reported."""
    import _signal  # type: ignore[import-not-found]  # `signal` loads enum

    try:
        _signal.signal(SIGTERM, handler)
    except ValueError:
        pass  # called within another program, from a thread of its own: its signals are not ours


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
