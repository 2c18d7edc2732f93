"""Logins from a netrc file, read as curl reads it: words between blanks, quotes with escapes in them, the first entry that fits.

An escape counts within quotes alone. Words that are no keyword, and a macro without its empty line, spoil nothing: they are told.
"""

from __future__ import annotations

import re

from rrcli.base.errors import ExchangeError
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.http.request import AnyHttpRequest

LARGEST = 16 << 20  # bytes
WORD = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)', re.DOTALL)
VALUES = ("login", "password", "account")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Entry(Record):
    """A machine's login; `machine` is `None` for the default. `login` and `password` are `None` where they are not given."""

    machine: str | None
    login: str | None = None
    password: str | None = None


def from_netrc(request: AnyHttpRequest, host: str, login: str | None = None, *, default: bool = True) -> tuple[str, str] | None:
    """User and password for exactly this host, of this `login` where there is one; `None` where the file has none.

    The file's `default` serves a host without an entry, but none that a redirect chose. Raises `local` for the file.
    """
    path = path_of(request)
    try:
        entries, _ = read_entries(_text_of(path))
    except FileNotFoundError as error:
        if request.netrc_file:
            raise ExchangeError("local", "input", f"cannot read {path}: no such file") from error
        return None
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    own = [entry for entry in entries if entry.machine is not None and entry.machine.lower() == host.lower()]
    fitting = own or [entry for entry in entries if default and entry.machine is None]
    fitting = [entry for entry in fitting if login is None or entry.login in (None, login)]
    found = next((entry for entry in fitting if entry.password is not None), next(iter(fitting), None))
    return (found.login or login or "", found.password or "") if found else None


def path_of(request: AnyHttpRequest) -> str:
    from os.path import expanduser

    return request.netrc_file or expanduser("~/.netrc")


def _text_of(path: str) -> str:
    """What is in the file. Raises `OSError`, or `local` for a device, or a file that nobody has written by hand."""
    import os
    from stat import S_ISBLK, S_ISCHR

    state = os.stat(path)
    if S_ISCHR(state.st_mode) or S_ISBLK(state.st_mode) or state.st_size > LARGEST:
        raise ExchangeError("local", "input", f"cannot read {path}: it is a device, or larger than {LARGEST >> 20} MiB")
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


# --- what the file says


def read_entries(text: str) -> tuple[list[Entry], list[int]]:
    """The entries in their order, and the lines with a word that is no keyword."""
    entries: list[Entry] = []
    unknown: list[int] = []
    words = _words(text)
    for line, word in words:
        keyword = word.lower()
        if keyword == "machine":
            entries.append(Entry(machine=next(words, (line, ""))[1]))
        elif keyword == "default":
            entries.append(Entry(machine=None))
        elif keyword not in VALUES or not entries:
            unknown.append(line)
        elif (value := next(words, None)) and keyword != "account":
            entries[-1] = entries[-1].replace(**{keyword: value[1]})
    return entries, unknown


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Each word with its line, counted from 1; without comments and macros."""
    wants_value = in_macro = False
    for number, line in enumerate(text.split("\n"), 1):
        in_macro = in_macro and bool(line.strip())  # an empty line ends it
        at = 0
        while not in_macro and (found := WORD.search(line, at)):
            at = found.end()
            word = found[2] if found[1] is None else re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), found[1])
            if not wants_value and found[2] is not None:
                if word.startswith("#"):
                    break
                if word.lower() == "macdef":
                    in_macro = True
                    continue
                wants_value = word.lower() in ("machine", *VALUES)
            else:
                wants_value = False
            yield number, word


def doubts(request: AnyHttpRequest) -> list[tuple[str, str]]:
    """Codes and texts of notes: who may read the file, and words that are passed over. No word is shown: it may be of a password."""
    import os

    path = path_of(request)
    try:
        mode = os.stat(path).st_mode
        _, lines = read_entries(_text_of(path))
    except (OSError, ExchangeError):
        return []
    found = []
    if mode & 0o077:
        found.append(("netrc-readable", f"{path} can be read by others (mode {mode & 0o777:03o}): chmod 600 it"))
    if lines:
        found.append(
            ("netrc-word", f"{path}, line {lines[0]}: a word that is no keyword is passed over; a password with a blank needs quotes")
        )
    return found
