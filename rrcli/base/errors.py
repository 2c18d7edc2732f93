"""Failures as values: every way an exchange can fail, and the exception that carries one to the runner.

`wire/` and `codec/` raise `ExchangeError` once, where the foreign exception appears; the runner turns it
into the `error` of the exchange. Any other exception that reaches the entry point is a bug of ours (exit 70).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Fault(Protocol):
        """A failure as an exception or as a value of the document."""

        @property
        def layer(self) -> str: ...
        @property
        def kind(self) -> str: ...


# The exit code of each layer (contract, section 2). A time limit is layer `transport` with a code of its own.
EXIT_CODES = {
    "application": 1,
    "usage": 2,
    "network": 3,
    "transport": 4,
    "tls": 5,
    "protocol": 7,
    "check": 8,
    "local": 9,
    "internal": 70,
}
EXIT_TIMEOUT = 6
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

WINS_OVER_ALL = (EXIT_TERMINATED, EXIT_INTERRUPTED, EXIT_CODES["internal"])  # of the exit codes of several

KINDS = (
    "name_not_found",
    "resolver_failed",
    "unreachable",
    "refused",
    "reset",
    "closed",
    "proxy_refused",
    "timeout",
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_untrusted",
    "certificate_hostname",
    "client_certificate_required",
    "handshake_failed",
    "malformed",
    "truncated",
    "too_large",
    "wrong_protocol",
    "too_many_redirects",
    "unsupported",
    "bad_status",
    "check_failed",
    "usage",
    "input",
    "output",
    "interrupted",
    "internal",
)

# The connection was lost, or there was none, for a reason that may be gone with the next one.
CONNECTION_LOST = ("resolver_failed", "unreachable", "refused", "reset", "closed", "truncated")


class ExchangeError(Exception):
    """An exchange failed in `layer` with `kind` (one of `KINDS`).

    `message` says in one sentence what happened, `hint` what to do about it. `phase` is filled in by the
    runner from the clock unless the raiser knows better. `delivery` is set where the raiser knows better than the bytes tell:
    `not_sent`, `unknown` or `answered`.
    """

    delivery: str | None = None
    problems: tuple[str, ...] = ()  # of what is wrong in files: a line for each, with its place, to be printed as they are

    def __init__(self, layer: str, kind: str, message: str, *, hint: str | None = None, phase: str | None = None) -> None:
        super().__init__(message)
        self.layer = layer
        self.kind = kind
        self.message = message
        self.hint = hint
        self.phase = phase


def exit_code(fault: Fault | None, *, terminated: bool = False) -> int:
    """The exit code of a failure, 0 without one. `terminated` tells which signal an `interrupted` one was ended by: TERM, or Ctrl-C."""
    if fault is None:
        return 0
    if fault.kind == "interrupted":
        return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED
    return EXIT_TIMEOUT if fault.kind == "timeout" else EXIT_CODES[fault.layer]


def highest(codes: Sequence[int]) -> int:
    """The exit code of several: the highest-numbered, except that a bug and a signal win over all; 0 of none."""
    return next((code for code in WINS_OVER_ALL if code in codes), max(codes, default=0))


def usage(message: str, hint: str | None = None) -> ExchangeError:
    """The error for a command line, plan or input that is wrong; nothing was sent (exit 2)."""
    return ExchangeError("usage", "usage", message, hint=hint)


def malformed(message: str, hint: str | None = None) -> ExchangeError:
    """The error for an answer that breaks its protocol (exit 7)."""
    return ExchangeError("protocol", "malformed", message, hint=hint)


def too_large(message: str, hint: str | None = None) -> ExchangeError:
    """The error for an answer that is over one of our limits (exit 7)."""
    return ExchangeError("protocol", "too_large", message, hint=hint)


def truncated(message: str, hint: str | None = None) -> ExchangeError:
    """The error for an answer that stopped before its end (exit 7)."""
    return ExchangeError("protocol", "truncated", message, hint=hint)
