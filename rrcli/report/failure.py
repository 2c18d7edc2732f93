"""Failures outside an exchange, on standard error: a wrong command line, a local file, a bug. Loads no rich."""

from __future__ import annotations

from rrcli.errors import EXIT_CODES, EXIT_INTERRUPTED, EXIT_TIMEOUT
from rrcli.policy.redact import MASK, mask_url
from rrcli.report.output import to_stderr
from rrcli.report.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.errors import ExchangeError

PREFIX = "rrcli: "


def complain(error: ExchangeError) -> int:
    """Say what is wrong and, on a second line, what to do about it. Returns the exit code."""
    to_stderr(f"{PREFIX}{_aside(visible(error.message))}\n")
    if error.hint:
        to_stderr(f"{' ' * len(PREFIX)}{_aside(visible(error.hint))}\n")
    if error.kind == "interrupted":
        return EXIT_INTERRUPTED
    return EXIT_TIMEOUT if error.kind == "timeout" else EXIT_CODES[error.layer]


def confess(error: Exception, *, verbose: bool) -> int:
    """Own up to a bug of ours in one line, the traceback before it with `verbose`. Returns 70."""
    if verbose:
        from traceback import format_exception

        to_stderr(_aside(visible("".join(format_exception(error)), multiline=True)))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    more = "" if verbose else ", -v shows where it is"
    line = _aside(visible(what))
    to_stderr(f"{PREFIX}this is a bug: {line}; please report it with this line and the command{more}\n")
    return EXIT_CODES["internal"]


def _aside(text: str) -> str:
    """The text without the secrets that can be told by their shape: those within URLs, and credentials of HTTP."""
    return "\n".join([_line_aside(line) for line in text.split("\n")])


def _line_aside(line: str) -> str:
    words = line.split(" ")
    for at, word in enumerate(words):
        if "://" in word:
            words[at] = mask_url(word)
        elif word.lower().lstrip("'\"(") in ("basic", "bearer") and at + 1 < len(words):
            words[at + 1] = MASK
    return " ".join(words)
