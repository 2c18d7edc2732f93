"""The exit code that a failure leads to (contract, section 2)."""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_TIMEOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.errors import ExchangeError
    from rrcli.model.values import ExchangeSet, Failure


WINS_OVER_ALL = (EXIT_TERMINATED, EXIT_INTERRUPTED, EXIT_CODES["internal"])  # of several


def exit_code(failure: Failure | ExchangeError | None, *, terminated: bool = False) -> int:
    """The exit code of a failure, 0 without one. `terminated` tells which signal an `interrupted` one was ended by: TERM, or Ctrl-C."""
    if failure is None:
        return 0
    if failure.kind == "interrupted":
        return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED
    return EXIT_TIMEOUT if failure.kind == "timeout" else EXIT_CODES[failure.layer]


def set_exit_code(several: ExchangeSet, *, terminated: bool = False) -> int:
    """The exit code of exchanges sent side by side: that of the worst, 8 for a check on all of them, 1 where their answers differ."""
    codes = [exit_code(exchange.error, terminated=terminated) for exchange in several.exchanges]
    if any(not check.ok for check in several.checks):
        codes.append(EXIT_CODES["check"])
    code = next((code for code in WINS_OVER_ALL if code in codes), max(codes, default=0))
    if code or several.is_judged:
        return code
    from rrcli.model.document import set_differences

    return EXIT_CODES["application"] if set_differences(several) else 0
