"""The settings that hold for a plan: its own `[defaults]` and `[env.NAME]`, the project's file, the user's (contract, section 6)."""

from __future__ import annotations

import os

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.sourcefile import Problems
from rrcli.base.userfolder import has_settings, reads_settings, settings_file
from rrcli.engine.settings import BASE_URL, Settings, check, project_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.sourcefile import SourceFile
    from rrcli.engine.settings import Setting
    from rrcli.options.option import Option


class PlanSettings:
    """The files beside the plan, the project's before the user's, for the environment that was chosen, if any."""

    def __init__(self, files: tuple[Settings, ...] = (), env: str | None = None) -> None:
        self.files = files
        self.env = env

    def of(self, plan: SourceFile, command: str) -> list[Setting]:
        """The values that may hold for a command of a plan, the nearest first: those of environments before all others."""
        found = [setting for each in (Settings(plan, self.env), *self.files) for setting in each.of(command)]
        return [each for each in found if each.is_of_environment] + [each for each in found if not each.is_of_environment]

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of those that the files have."""
        return tuple(dict.fromkeys(name for each in self.files for name in each.environments))


class Default(Record):
    """A setting that holds for a step. `home` is the base-url of its environment, the only place that it may go to."""

    declared: Option
    setting: Setting
    value: Any  # of the plan's own with templates to be filled in
    is_own: bool  # of the plan, whose files lie below its root
    home: str | None = None
    is_bound: bool = False

    @property
    def key(self) -> str:
        return self.setting.key


def home_of(setting: Setting, settings: list[Setting]) -> str | None:
    """The `base-url` beside a value of an environment, in the same file."""
    bases = (each.value for each in settings if each.key == BASE_URL and each.is_of_environment and each.source is setting.source)
    return next(bases, None)


def read_plan_settings(plan: str, env: str | None, problems: Problems) -> PlanSettings:
    """The settings beside the plan of a file. What is wrong in them is told to `problems`; such a file then sets nothing."""
    chosen = env or (os.environ.get("RRCLI_ENV") or None if reads_settings() else None)
    if not reads_settings():
        return PlanSettings(env=chosen)
    paths = [project_file(os.path.dirname(plan) if plan != "-" else "", plan), settings_file() if has_settings() else None]
    files = []
    for number, path in enumerate(paths):
        if path is None or not os.path.exists(path):
            continue
        from rrcli.base.errors import ExchangeError
        from rrcli.base.sourcefile import read

        own = Problems()
        try:
            source = read(path)
        except ExchangeError as error:
            raise (usage(error.message, error.hint) if error.layer == "local" else error) from None
        check(source, own, of_project=number == 0)
        if not own:
            files.append(Settings(source, chosen))
        problems.take(own)
    return PlanSettings(tuple(files), chosen)
