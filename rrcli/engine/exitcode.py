"""The exit code that a failure leads to (contract, section 2)."""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_TIMEOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.errors import ExchangeError
    from rrcli.model.values import Failure


def exit_code(failure: Failure | ExchangeError | None, *, terminated: bool = False) -> int:
    """The exit code of a failure, 0 without one. `terminated` tells which signal an `interrupted` one was ended by: TERM, or Ctrl-C."""
    if failure is None:
        return 0
    if failure.kind == "interrupted":
        return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED
    return EXIT_TIMEOUT if failure.kind == "timeout" else EXIT_CODES[failure.layer]
