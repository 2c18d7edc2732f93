"""The files of passwords and of services, as libpq reads them: `~/.pgpass` and `~/.pg_service.conf`.

Specification: https://www.postgresql.org/docs/current/libpq-pgpass.html and libpq-pgservice.html
"""

from __future__ import annotations

import os
from stat import S_IMODE, S_ISREG

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.privatefile import read_text
from rrcli.codec.pg.keywords import check_keyword
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACES = " \t\n\v\f\r"
_GROUP_AND_OTHERS = 0o077  # who may not even read a file of passwords


def read_passfile(path: str) -> tuple[str, Note | None]:
    """The text of a file of passwords, or a note on why it is passed over. Raises `ExchangeError` of layer `local`."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # it went away just now
        return "", None
    if not S_ISREG(mode):
        return "", Note(code="passfile-ignored", message=f"{path} is no plain file and was passed over")
    if S_IMODE(mode) & _GROUP_AND_OTHERS and os.name == "posix":
        message = f"{path} has mode {S_IMODE(mode):04o} and was passed over: nobody but its owner may have access (chmod 600)"
        return "", Note(code="passfile-ignored", message=message)
    return read_text(path) or "", None


def password_for(text: str, host: str, port: int, database: str, user: str) -> str | None:
    r"""The password of the first line that fits, of lines as `host:port:database:user:password`.

    `*` fits everything; a colon or backslash within a part is written behind a backslash.
    """
    for line in text.split("\n"):
        rest: str | None = line.rstrip("\r")
        if not line.startswith("#"):
            for wanted in (host, str(port), database, user):
                rest = _behind(rest, wanted)
            if rest is not None:
                return "".join(_unescaped(rest))
    return None


def _behind(text: str | None, wanted: str) -> str | None:
    """What stands behind a part that fits; `None` for one that does not."""
    if text is None or text.startswith("*:"):
        return text and text[2:]
    at = place = 0
    while at < len(text):
        if text[at] == ":" and place == len(wanted):
            return text[at + 1 :]
        if text[at] == "\\":
            at += 1
        if place == len(wanted) or text[at : at + 1] != wanted[place]:
            return None
        at += 1
        place += 1
    return None


def _unescaped(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        at += text[at] == "\\" and at + 1 < len(text)
        yield text[at]
        at += 1


# --- services


def read_service(name: str, files: list[tuple[str, bool]]) -> dict[str, str]:
    """The keywords of a service from the first of the files that has it; `True` beside a file says that it has to exist.

    Raises `usage` for a service that none of them has, or for a file that cannot be read as one.
    """
    for path, needed in files:
        text = read_text(path)
        if text is None:
            if needed:
                raise ExchangeError("local", "input", f"cannot read {path}: no such file or directory")
            continue
        found = _section(text, name, path)
        if found is not None:
            return found
    places = " or ".join(path for path, _ in files) or "any file"
    raise usage(f"there is no service {name!r} in {places}", "a service is a section [NAME] with lines key=value")


def _section(text: str, name: str, path: str) -> dict[str, str] | None:
    """The keywords in `[name]`, up to the next section."""
    found: dict[str, str] | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(_SPACES)
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            if found is not None:
                return found
            found = {} if line.startswith(f"[{name}]") else None
            continue
        if found is None:
            continue
        where = f"{path} line {number}"
        if line.startswith("ldap"):
            raise usage(f"{where}: services in an LDAP directory are not looked up", "write the keywords themselves")
        key, equals, value = line.partition("=")
        if not equals:
            raise usage(f"{where}: there is no =", "a service has lines key=value")
        if key in ("service", "servicefile"):
            raise usage(f"{where}: a service cannot name another one")
        check_keyword(key, where)
        found.setdefault(key, value)
    return found
