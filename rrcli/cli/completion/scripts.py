"""The completion scripts by the names of their shells, and by those of the files that they are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rrcli.cli.completion.bash import bash
from rrcli.cli.completion.fish import fish
from rrcli.cli.completion.powershell import powershell
from rrcli.cli.completion.zsh import zsh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rrcli.cli.command import Command

SCRIPTS: dict[str, Callable[[Sequence[Command]], str]] = {"bash": bash, "zsh": zsh, "fish": fish, "powershell": powershell}
FILES = {"bash": "rrcli.bash", "zsh": "_rrcli", "fish": "rrcli.fish", "powershell": "rrcli.ps1"}


def scripts(commands: Sequence[Command]) -> dict[str, str]:
    """The text of each script by the name of its file."""
    return {FILES[shell]: script(commands) for shell, script in SCRIPTS.items()}
