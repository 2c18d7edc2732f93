"""Failures outside an exchange, on standard error: a wrong command line, a local file, a bug. Loads no rich."""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, exit_code
from rrcli.base.fields import MASK
from rrcli.base.output import to_stderr
from rrcli.base.visible import visible
from rrcli.engine.registry import BY_NAME
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import field_secrets, mask_url, url_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.base.errors import ExchangeError

PREFIX = "rrcli: "
SECRET_VALUES = ("PASSWORD", "USER:PASSWORD", "TOKEN", "PHRASE")  # what help calls the value of an option that has a secret


def report_error(error: ExchangeError) -> int:
    """Say what is wrong and, on a second line, what to do about it. Returns the exit code."""
    if error.problems:  # editors and CI read such lines, so that nothing stands before the file's name
        to_stderr("".join([f"{_aside(visible(line))}\n" for line in error.problems]))
        return exit_code(error)
    to_stderr(f"{PREFIX}{_aside(visible(error.message))}\n")
    if error.hint:
        to_stderr(f"{' ' * len(PREFIX)}{_aside(visible(error.hint))}\n")
    return exit_code(error)


def report_bug(error: Exception, words: list[str]) -> int:
    """Own up to a bug of ours in one line, after the traceback where the command line `words` has -v. Returns 70."""
    verbose = "-v" in words or "--verbose" in words
    mask = Mask(tuple(_spoken_secrets(words)))
    if verbose:
        from traceback import format_exception

        to_stderr(mask.text(_aside(visible("".join(format_exception(error)), multiline=True))))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    more = "" if verbose else ", -v shows where it is"
    line = mask.text(_aside(visible(what)))
    to_stderr(f"{PREFIX}this is a bug: {line}; please report it with this line and the command{more}\n")
    return EXIT_CODES["internal"]


def _spoken_secrets(words: list[str]) -> Iterator[str]:
    """The secrets among the words of a command line, whatever state the program is in that read them."""
    entry = BY_NAME.get(words[0]) if words else None
    options = entry.request_type.options_.values() if entry else ()
    markers = {marker for each in BY_NAME.values() for marker in each.load_manifest().secrets_after}
    flags = [flag for option in options if option.metavar in SECRET_VALUES for flag in option.flags]
    for at, word in enumerate(words):
        yield from url_secrets(word)
        for mark in (":", "="):
            name, found, value = word.partition(mark)
            if found:
                yield from field_secrets(((name, value.strip(" =")),))
        before = words[at - 1].upper() if at else ""
        if at and words[at - 1] in flags:
            yield from (word, word.partition(":")[2])
        elif before in markers or (at > 1 and words[at - 2].upper() in markers):
            yield word


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
