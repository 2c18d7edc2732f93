"""Failures outside an exchange, on standard error: a wrong command line, a local file, a bug. Loads no rich."""

from __future__ import annotations

import os

from rrcli.base.errors import EXIT_CODES, exit_code
from rrcli.base.fields import MASK
from rrcli.base.output import to_stderr
from rrcli.base.visible import visible
from rrcli.engine.registry import BY_NAME
from rrcli.policy.mask import Mask
from rrcli.policy.secrets import field_secrets, mask_url, url_secrets
from rrcli.report.terminal.paint import wrap
from rrcli.report.terminal.screen import is_coloured, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rrcli.base.errors import ExchangeError

PREFIX = "rrcli: "
NARROWEST, WIDEST = 40, 100  # columns that a line is broken for
SECRET_VALUES = ("PASSWORD", "USER:PASSWORD", "TOKEN", "PHRASE")  # what help calls the value of an option that has a secret


def report_error(error: ExchangeError, words: Sequence[str] = ()) -> int:
    """Say what is wrong and, below it, what to do about it, as the command line `words` has --color. Returns the exit code.

    On a terminal lines are broken between words; a program that reads them gets each in one.
    """
    if error.problems:  # editors and CI read such lines, so that nothing stands before the file's name
        to_stderr("".join([f"{_aside(visible(line))}\n" for line in error.problems]))
        return exit_code(error)
    indent = " " * len(PREFIX)
    said = [_aside(visible(text)) for text in (error.message, error.hint) if text]
    if os.isatty(2):
        said = [line for text in said for line in wrap(text, max(NARROWEST, min(width(), WIDEST)) - len(PREFIX))]
    name = f"\x1b[1;31m{PREFIX.rstrip()}\x1b[0m " if is_coloured(_color_of(words), 2) else PREFIX
    to_stderr(name + f"\n{indent}".join(said) + "\n")
    return exit_code(error)


def _color_of(words: Sequence[str]) -> str:
    """What `--color` says among the words, which may be wrong elsewhere."""
    given = [word.partition("=")[2] for word in words if word.startswith("--color=")]
    given += [words[at + 1] for at, word in enumerate(words[:-1]) if word == "--color"]
    return given[-1] if given and given[-1] in ("always", "never") else "auto"


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
