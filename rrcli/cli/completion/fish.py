"""The completion script of fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rrcli.cli.completion.common import HEADER, TOP, choices_of, folder_of, shared, takes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rrcli.cli.command import Command
    from rrcli.options.option import Option

SCRIPT = r"""%(header)s
# To load: rrcli completion fish | source, or copy it to ~/.config/fish/completions/rrcli.fish

function __rrcli_first
    # Whether the command is still to be written.
    test (count (commandline -opc)) -eq 1
end

function __rrcli_in
    # Whether the first word is this command; without one: whether it is none, and so an option before a URL.
    set -l words (commandline -opc)
    if test (count $argv) -eq 0
        not contains -- "$words[2]" %(names)s
    else
        test "$words[2]" = "$argv[1]"
    end
end

function __rrcli_before
    # Whether none of the words behind the second argument stands there yet, nor with `url` what may be a URL; the first is the command.
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"; or return 1
    for word in $words[3..]
        contains -- $word $argv[3..]; and return 1
        test $argv[2] = url; and string match -qr '^[^-].*[:/.]|^:' -- $word; and return 1
    end
    return 0
end

function __rrcli_behind
    # Whether the word before is the second argument; the first is the command.
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"; and test "$words[-1]" = "$argv[2]"
end

function __rrcli_named
    # The names that files of a folder below that of the configuration stand for; or files, where a path is begun.
    if string match -q '*/*' -- (commandline -ct)
        __fish_complete_path (commandline -ct)
        return
    end
    set -l base ~/.config
    set -q XDG_CONFIG_HOME; and test -n "$XDG_CONFIG_HOME"; and set base $XDG_CONFIG_HOME
    for file in $base/rrcli/$argv[1]/*/*.json
        string replace -r '^.*/(.*)\.json$' '$1' -- $file
    end
end

complete -c rrcli -f
%(lines)s
"""


def fish(commands: Sequence[Command]) -> str:
    """The script."""
    lines = [f"complete -c rrcli -n __rrcli_first -a {command.name} -d {_quoted(command.help)}" for command in commands]
    lines += [f"complete -c rrcli -n __rrcli_first -l {flag[2:]} -d {_quoted(help)}" for flag, help in TOP.items()]
    groups: list[tuple[str, list[Option]]] = [("__rrcli_in", shared())]
    groups += [(f"'__rrcli_in {command.name}'", command.shown()) for command in commands]
    for condition, options in groups:
        lines += [_option(condition, declared, flag) for declared in options for flag in declared.flags]
    lines += [line for command in commands for line in (*_words(command), *_behind(command))]
    return SCRIPT % {"header": HEADER, "names": " ".join(command.name for command in commands), "lines": "\n".join(lines)}


def _words(command: Command) -> Iterator[str]:
    """What is offered beside the options."""
    yield f"complete -c rrcli -n '__rrcli_in {command.name}' -l help -d 'Show help.'"
    if command.takes_files:
        yield f"complete -c rrcli -n '__rrcli_in {command.name}' -F"
    if words := " ".join(command.completes()):
        until = command.completes_until
        condition = f"__rrcli_before {command.name} {until} {words}" if until else f"__rrcli_in {command.name}"
        yield f"complete -c rrcli -n {_quoted(condition)} -a {_quoted(words)}"


def _behind(command: Command) -> Iterator[str]:
    """The names that follow a word."""
    for word, folder in command.names_behind:
        yield f"complete -c rrcli -n '__rrcli_behind {command.name} {word}' -a '(__rrcli_named {folder})'"


def _option(condition: str, declared: Option, flag: str) -> str:
    name = f"-l {flag[2:]}" if flag[:2] == "--" else f"-s {flag[1:]}"
    what = takes(declared, flag)
    value = {"nothing": "", "file": " -r -F", "text": " -x"}.get(what)
    if value is None:
        words = " ".join(choices_of(declared)) if what == "choice" else f"(__rrcli_named {folder_of(declared)})"
        value = f" -x -a {_quoted(words)}"
    return f"complete -c rrcli -n {condition} {name}{value} -d {_quoted(declared.help)}"


def _quoted(text: str) -> str:
    """The text in single quotes, in which fish reads backslash and quote escaped."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
