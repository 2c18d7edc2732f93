"""The settings file: option defaults and environments, read and checked as a whole.

    history = true                  # keep what is sent: `rrcli history`, `rrcli replay @1`
    [defaults]                      # of every command that has the option
    timeout = "10s"
    [defaults.http]                 # of one command
    location = true
    [env.staging]                   # with --env staging, or RRCLI_ENV=staging
    base-url = "https://staging.shop.test"
    header = "X-Tenant: 7"
    [env.staging.redis]
    base-url = "redis://cache.staging.test"

Keys are options' long names without dashes. Whatever is wrong anywhere in it is told at once, with its place; which of the values
hold beside a command line is for whoever applies them.
"""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.record import Record
from rrcli.base.sourcefile import Problems, read
from rrcli.base.url import split_url
from rrcli.base.userfolder import NAME, reads_settings, settings_file
from rrcli.engine import registry
from rrcli.options.keys import by_key, value_of
from rrcli.options.option import option
from rrcli.options.parse import suggestion
from rrcli.options.request import Output, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from rrcli.base.places import Path
    from rrcli.base.sourcefile import SourceFile
    from rrcli.options.option import Option

BASE_URL = "base-url"
VARIABLES = "vars"  # of plans
DEFAULTS, ENVIRONMENTS = "defaults", "env"
TABLES = (DEFAULTS, ENVIRONMENTS)
HISTORY = "history"  # whether what is sent is kept
OF_PROJECTS = ("Time", "Retry", "Checks")  # groups of options that a project's file may set: limits, and no place to go to
OTHERS_OF_PROJECTS = ("header", "max-redirects", "max-redirs")
# What may stand in a table of all commands: the options that all share, and the fields that most have.
COMMON = {
    **by_key(Output.options_),
    **by_key(Request.options_),
    "header": option("--header", kind="many", metavar="FIELD", help="Field 'Name: value'."),
}


class Setting(Record):
    """One value of a settings file and where it stands."""

    key: str
    value: Any  # as in the file
    table: tuple[str, ...]  # `("env", "staging", "http")` for [env.staging.http]
    source: SourceFile

    @property
    def heading(self) -> str:
        """The heading of its table."""
        return f"[{'.'.join(self.table)}]"

    @property
    def line(self) -> int:
        return self.source.line((*self.table, self.key))

    @property
    def place(self) -> str:
        """`FILE:LINE`."""
        return f"{self.source.name}:{self.line}"

    @property
    def is_of_environment(self) -> bool:
        return self.table[0] == ENVIRONMENTS

    @property
    def command(self) -> str | None:
        """The command that it is for; `None` for all."""
        own = self.table[2 if self.is_of_environment else 1 :]
        return own[0] if own else None


class Settings:
    """What one file holds, for the chosen environment, if any."""

    def __init__(self, source: SourceFile, env: str | None) -> None:
        self.source = source
        self.env = env

    @property
    def keeps_history(self) -> bool:
        return self.source.values.get(HISTORY) is True

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of all that the file has."""
        return tuple(self.source.values.get(ENVIRONMENTS, {}))

    def of(self, command: str) -> Iterator[Setting]:
        """The values that may hold for a command, the nearest first; where several have the same key, the first one counts."""
        if self.env is not None:
            yield from self._table((ENVIRONMENTS, self.env, command))
            yield from self._table((ENVIRONMENTS, self.env))
        yield from self._table((DEFAULTS, command))
        yield from self._table((DEFAULTS,))

    def commands(self) -> tuple[str, ...]:
        """The commands that have a table of their own among those that count."""
        tables = [self._at((DEFAULTS,)), self._at((ENVIRONMENTS, self.env)) if self.env is not None else {}]
        return tuple(dict.fromkeys(key for table in tables for key, value in table.items() if isinstance(value, dict) and key != VARIABLES))

    @property
    def variables(self) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        """The tables of variables for plans, each with where it stands, the farthest first."""
        yield (VARIABLES,), self._at((VARIABLES,))
        if self.env is not None:
            yield (ENVIRONMENTS, self.env, VARIABLES), self._at((ENVIRONMENTS, self.env, VARIABLES))

    def _at(self, path: tuple[str, ...]) -> dict[str, Any]:
        found: Any = self.source.values
        for part in path:
            found = found.get(part, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, dict) else {}

    def _table(self, path: tuple[str, ...]) -> Iterator[Setting]:
        is_common = path == (DEFAULTS,) or (len(path) == 2 and path[0] == ENVIRONMENTS)
        for key, value in self._at(path).items():
            if not (is_common and isinstance(value, dict)) and key != VARIABLES:  # which is the table of a command
                yield Setting(key=key, value=value, table=path, source=self.source)


def read_settings(env: str | None = None) -> Settings | None:
    """The settings of the user's file, for the environment of this name or that of `RRCLI_ENV`; `None` where there is no file.

    Raises `local` for a file that cannot be read, `usage` for all that is wrong in it, and for an environment that it has not.
    """
    if not reads_settings():
        if env is not None:
            raise usage(f"--env {env}: RRCLI_NO_CONFIG is set, so that no settings are read", "unset it, or leave --env out")
        return None
    path = settings_file()
    name = os.environ.get("RRCLI_ENV") or None if env is None else env
    asked = f"--env {env}" if env is not None else f"RRCLI_ENV={name}"
    if not os.path.exists(path):
        if name is not None:
            raise usage(f"{asked}: there is no settings file {path}", f"write the environment into it, under [env.{name}]")
        return None
    source = read(path)
    problems = Problems()
    check(source, problems)
    problems.raise_any()
    settings = Settings(source, name)
    if name is not None and name not in settings.environments:
        known = settings.environments
        there = f"it has {', '.join(known)}" if known else "it has none"
        raise usage(f"{asked}: no environment {name} in {path}{suggestion(name, known)}", there)
    return settings


def project_file(folder: str, plan: str) -> str | None:
    """The nearest settings file in a folder or above it, which is the project's; `None` where there is none but the user's."""
    folder, own = os.path.realpath(folder or "."), os.path.realpath(settings_file())
    while True:
        path = os.path.join(folder, NAME)
        if path not in (own, os.path.realpath(plan)) and os.path.isfile(path):
            return path
        if folder == os.path.dirname(folder):
            return None
        folder = os.path.dirname(folder)


# --- what may stand in it


def check(source: SourceFile, problems: Problems, *, of_project: bool = False) -> None:
    """Tell everything that is wrong in a settings file; one of a project may not say where requests go, or whom to trust."""
    for key, value in source.values.items():
        if key == DEFAULTS:
            _check_table(source, (key,), value, problems, of_project=of_project)
        elif key == ENVIRONMENTS:
            for name, table in _tables(source, (key,), value, problems):
                _check_table(source, (key, name), table, problems, of_project=of_project)
        elif key == VARIABLES:
            _check_variables(source, (key,), value, problems)
        elif key == HISTORY and not of_project:
            if not isinstance(value, bool):
                problems.add(source, (key,), f"{HISTORY} is true or false")
        elif of_project and key not in COMMON and key != BASE_URL:
            problems.add(source, (key,), f"{_not_of_projects(key)}{suggestion(key, [*TABLES, VARIABLES])}", key=True)
        else:
            near = suggestion(key, [*TABLES, HISTORY, *COMMON, BASE_URL])
            hint = (
                f"; write it under [{DEFAULTS}]"
                if key in COMMON or key == BASE_URL
                else near and f"{near} Options stand under [{DEFAULTS}]"
            )
            problems.add(source, (key,), f"no setting {key}{hint}", key=True)


def _tables(source: SourceFile, path: Path, value: Any, problems: Problems) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    else:
        problems.add(source, path, f"{path[-1]} is a table: write [{'.'.join(map(str, path))}.NAME]")


def _check_variables(source: SourceFile, path: Path, table: Any, problems: Problems) -> None:
    """The variables of plans; their names are the plan's to judge."""
    if not isinstance(table, dict):
        problems.add(source, path, f"{VARIABLES} is a table: write [{'.'.join(map(str, path))}]")


def _not_of_projects(key: str) -> str:
    return f"a project's settings have no {key}: they may hold vars, base-url, limits, retry, checks and header"


def _may_be_of_project(key: str, known: Mapping[str, Option]) -> bool:
    return key in (BASE_URL, *OTHERS_OF_PROJECTS) or known[key].group in OF_PROJECTS


def _check_table(source: SourceFile, path: tuple[str, ...], table: Any, problems: Problems, *, of_project: bool) -> None:
    """A table of all commands, with those of single commands in it."""
    if not isinstance(table, dict):
        problems.add(source, path, f"{path[-1]} is a table: write [{'.'.join(path)}]")
        return
    for key, value in table.items():
        entry = registry.by_name(key) if isinstance(value, dict) and key not in COMMON else None
        if entry:
            _check_command(source, (*path, key), entry, value, problems, of_project=of_project)
        elif key == VARIABLES and path[0] == ENVIRONMENTS:
            _check_variables(source, (*path, key), value, problems)
        elif of_project and key in COMMON and not _may_be_of_project(key, COMMON):
            problems.add(source, (*path, key), _not_of_projects(key), key=True)
        elif key in COMMON or key == BASE_URL:
            _check_value(source, (*path, key), COMMON, value, problems)
        elif isinstance(value, dict):
            problems.add(source, (*path, key), f"no command {key}{suggestion(key, list(registry.BY_NAME))}", key=True)
        else:
            problems.add(source, (*path, key), _not_common(key, path), key=True)


def _not_common(key: str, path: tuple[str, ...]) -> str:
    """What to say of a key that not all commands have: which have it, or what it may be meant for."""
    owners = [entry.name for entry in registry.PROTOCOLS if key in keys_of(entry)]
    if owners:
        return f"not every command has {key}: write it under [{'.'.join((*path, owners[0]))}]"
    return f"no option {key}{suggestion(key, [*COMMON, BASE_URL, *registry.BY_NAME])}"


def _check_command(
    source: SourceFile, path: tuple[str, ...], entry: registry.Protocol, table: Any, problems: Problems, *, of_project: bool
) -> None:
    known = keys_of(entry)
    for key, value in table.items():
        if of_project and key in known and not _may_be_of_project(key, known):
            problems.add(source, (*path, key), _not_of_projects(key), key=True)
        elif key in known or key == BASE_URL:
            _check_value(source, (*path, key), known, value, problems)
        elif known:
            problems.add(source, (*path, key), f"{entry.name} has no option {key}{suggestion(key, [*known, BASE_URL])}", key=True)


def keys_of(entry: registry.Protocol) -> Mapping[str, Option]:
    """The keys of a command; none where the extra that it needs is not installed, so that nothing can be said of them."""
    try:
        return {**by_key(Output.options_), **by_key(entry.request_type.options_)}
    except ExchangeError:
        return {}


def _check_value(source: SourceFile, path: tuple[str, ...], known: Mapping[str, Option], value: Any, problems: Problems) -> None:
    try:
        if path[-1] == BASE_URL:
            check_base(value)
        else:
            value_of(known[path[-1]], path[-1], value)
    except ValueError as error:
        problems.add(source, path, str(error))


def check_base(value: Any) -> None:
    """Raise `ValueError` for what is no beginning of URLs."""
    if not isinstance(value, str):
        raise ValueError(f"{BASE_URL} is a text, as 'https://api.example'")
    try:
        url = split_url(value)
    except ExchangeError as error:
        raise ValueError(f"{BASE_URL}: {error.message}") from None
    if url.query is not None or "#" in value:
        raise ValueError(f"{BASE_URL}: a path is put behind it, so that it ends before ? and #")
