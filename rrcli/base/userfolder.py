"""Where the user's own files are: `$XDG_CONFIG_HOME/rrcli`, which is `~/.config/rrcli` unless the variable says otherwise."""

from __future__ import annotations

import os

NAME = "rrcli.toml"  # of a settings file


def config_folder() -> str:
    """The folder of settings and named sessions; a relative `XDG_CONFIG_HOME` is passed over, as the XDG specification wants."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.config"), "rrcli")


def state_folder() -> str:
    """The folder of what is kept from run to run, and lost without harm: `$XDG_STATE_HOME/rrcli`, `~/.local/state/rrcli` without."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.local/state"), "rrcli")


def settings_file() -> str:
    """The path of the settings file, whether there is one or not."""
    return os.path.join(config_folder(), NAME)


def reads_settings() -> bool:
    """Whether the user lets settings be read, files and variables alike."""
    return not os.environ.get("RRCLI_NO_CONFIG")


def has_settings() -> bool:
    """Whether there is anything to be read: a settings file, or a variable that names an environment of one."""
    return reads_settings() and bool(os.environ.get("RRCLI_ENV") or os.path.exists(settings_file()))
