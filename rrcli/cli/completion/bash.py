"""The completion script of bash, which works from bash 3.2 on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rrcli.cli.completion.common import HEADER, TOP, choices_of, flags_of, flags_that_take, folder_of, shared, takes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.cli.command import Command
    from rrcli.options.option import Option

SCRIPT = r"""%(header)s
# To load: copy it to ~/.local/share/bash-completion/completions/rrcli, or source it

_rrcli() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} candidates=
    COMPREPLY=()
    # bash takes --option=value for three words
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    [[ $COMP_CWORD -eq 1 ]] && command=
    case $command in
%(cases)s
        *)
            case $prev in
%(shared)s
            esac
            if [[ $cur == -* ]]; then
                candidates='%(top)s'
            elif [[ $COMP_CWORD -eq 1 ]]; then
                candidates='%(names)s'
            fi
            ;;
    esac
    COMPREPLY=($(compgen -W "$candidates" -- "$cur"))
}

# The names of files.
_rrcli_files() {
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$1"))
}

# The names that files of a folder below that of the configuration stand for; or files, where a path is begun.
_rrcli_named() {
    local file names=
    if [[ $2 == */* ]]; then
        _rrcli_files "$2"
        return
    fi
    for file in "${XDG_CONFIG_HOME:-$HOME/.config}/rrcli/$1"/*/*.json; do
        [[ -e $file ]] && file=${file##*/} && names+=" ${file%%.json}"
    done
    COMPREPLY=($(compgen -W "$names" -- "$2"))
}

# The words of $2, unless one of them stands there already, or with `url` what may be a URL.
_rrcli_words() {
    local word
    for word in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
        if [[ " $2 " == *" $word "* ]] || [[ $1 == url && $word != -* && $word == *[:/.]* ]]; then
            return
        fi
    done
    candidates=$2
}

complete -F _rrcli rrcli
"""


def bash(commands: Sequence[Command]) -> str:
    """The script."""
    return SCRIPT % {
        "header": HEADER,
        "cases": "\n".join([line for command in commands for line in _case(command)]),
        "shared": "\n".join(_arms(shared())),
        "top": " ".join(dict.fromkeys((*flags_of(shared()), *TOP))),
        "names": " ".join(command.name for command in commands),
    }


def _case(command: Command) -> list[str]:
    """What is offered behind the command's name."""
    words = " ".join(command.completes())
    offered = f"_rrcli_words {command.completes_until} '{words}'" if command.completes_until else f"candidates='{words}'"
    if command.takes_files:
        offered = '_rrcli_files "$cur"; return'
    arms = _arms(command.shown())
    arms += [f'                {word}) _rrcli_named {folder} "$cur"; return ;;' for word, folder in command.names_behind]
    return [
        f"        {command.name})",
        *(["            case $prev in", *arms, "            esac"] if arms else []),
        "            if [[ $cur == -* ]]; then",
        f"                candidates='{' '.join(flags_of(command.shown()))}'",
        "            else",
        f"                {offered}",
        "            fi",
        "            ;;",
    ]


def _arms(options: list[Option]) -> list[str]:
    """What to do after an option that takes a value."""
    arms = []
    for declared in options:
        what = takes(declared, declared.flag)
        if what == "choice":
            complete = f"COMPREPLY=($(compgen -W '{' '.join(choices_of(declared))}' -- \"$cur\")) && return"
            arms.append(f"                {'|'.join(declared.flags)}) {complete} || return ;;")
        elif what == "name":
            arms.append(f'                {"|".join(declared.flags)}) _rrcli_named {folder_of(declared)} "$cur"; return ;;')
    for what, action in (("file", '_rrcli_files "$cur"; return'), ("text", "return")):
        if flags := flags_that_take(what, options):
            arms.append(f"                {'|'.join(flags)}) {action} ;;")
    return arms
