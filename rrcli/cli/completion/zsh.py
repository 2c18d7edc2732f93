"""The completion script of zsh."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rrcli.cli.completion.common import HEADER, TOP, choices_of, folder_of, shared, takes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rrcli.cli.command import Command
    from rrcli.options.option import Option

SCRIPT = r"""#compdef rrcli
%(header)s
# To load: copy it to a folder of $fpath as _rrcli, and start zsh anew; or source it behind compinit

_rrcli() {
    local curcontext=$curcontext state line
    typeset -A opt_args
    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _rrcli_commands
        return
    fi
    local command=$words[2]
    if (( $+functions[_rrcli_$command] )); then
        shift words
        (( CURRENT-- ))
        _rrcli_$command
        return
    fi
    _arguments -S \
%(top)s \
        '*:URL: '
}

_rrcli_commands() {
    local -a protocols tools
    protocols=(
%(protocols)s
    )
    tools=(
%(tools)s
    )
    _describe -t protocols protocol protocols
    _describe -t tools tool tools
}

# The names that files of a folder below that of the configuration stand for; or files, where a path is begun.
__rrcli_named() {
    if [[ $PREFIX == */* ]]; then
        _files
    else
        compadd -- ${XDG_CONFIG_HOME:-$HOME/.config}/rrcli/$1/*/*.json(N:t:r)
    fi
}

# The words behind the first argument, unless one of them stands there already, or with `url` what may be a URL.
__rrcli_words() {
    local ending=$1 word
    shift
    for word in "${(@)words[2,CURRENT-1]}"; do
        (( ${@[(Ie)$word]} )) && return 1
        [[ $ending == url && $word != -* && $word == *[:/.]* ]] && return 1
    done
    compadd -- "$@"
}

# Behind the word $1 the names that __rrcli_named gives for $2; else what the rest says.
__rrcli_behind() {
    if [[ $words[CURRENT-1] == $1 ]]; then
        __rrcli_named $2
    else
        shift 2
        "$@"
    fi
}

%(functions)s

if [[ $funcstack[1] == _rrcli ]]; then
    _rrcli "$@"
else
    compdef _rrcli rrcli
fi
"""


def zsh(commands: Sequence[Command]) -> str:
    """The script."""
    return SCRIPT % {
        "header": HEADER,
        "top": " \\\n".join([*_arguments(shared()), *(f"        {_quoted(f'{flag}[{help}]')}" for flag, help in TOP.items())]),
        "protocols": _described(command for command in commands if command.exchanges),
        "tools": _described(command for command in commands if not command.exchanges),
        "functions": "\n\n".join(map(_function, commands)),
    }


def _described(which: Iterable[Command]) -> str:
    return "\n".join(f"        {_quoted(f'{command.name}:{command.help}')}" for command in which)


def _arguments(options: Iterable[Option]) -> list[str]:
    return [_option(declared, flag) for declared in options for flag in declared.flags]


def _function(command: Command) -> str:
    """The function that completes what stands behind the command's name."""
    title = (command.synopsis or "nothing more").replace(":", r"\:")
    words = " ".join(command.completes())
    action = f" __rrcli_words {command.completes_until} {words}" if command.completes_until else f"({words})" if words else " "
    for word, folder in command.names_behind:
        action = f" __rrcli_behind {word} {folder}{action}"
    action = "_files" if command.takes_files else action
    parts = [*_arguments(command.shown()), "        '--help[Show help.]'", f"        '*:{title}:{action}'"]
    return f"_rrcli_{command.name}() {{\n    _arguments -s -S \\\n" + " \\\n".join(parts) + "\n}"


def _option(declared: Option, flag: str) -> str:
    """One flag as `_arguments` has it; the other spellings of an option that is given once go with it."""
    many = declared.kind in ("many", "steps")
    others = "*" if many else f"({' '.join(declared.flags)})" if len(declared.flags) > 1 else ""
    help = re.sub(r"([\[\]\\])", r"\\\1", declared.help)
    what = takes(declared, flag)
    if declared.kind == "optional":
        return f"        {_quoted(f'{others}{flag}=-[{help}]::{declared.metavar}: ')}"
    if what == "nothing":
        return f"        {_quoted(f'{others}{flag}[{help}]')}"
    joined = "=" if flag[:2] == "--" else "+"
    action = {"file": "_files", "text": " "}.get(what)
    if action is None:
        action = f" __rrcli_named {folder_of(declared)}" if what == "name" else f"({' '.join(choices_of(declared))})"
    metavar = declared.metavar.replace(":", r"\:")
    return f"        {_quoted(f'{others}{flag}{joined}[{help}]:{metavar}:{action}')}"


def _quoted(text: str) -> str:
    """The text in single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"
