"""The completion script of PowerShell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rrcli.cli.completion.common import HEADER, TOP, choices_of, folder_of, shared, takes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rrcli.cli.command import Command
    from rrcli.options.option import Option

SCRIPT = r"""%(header)s
# To load: rrcli completion powershell | Out-String | Invoke-Expression, in $PROFILE to keep it

Register-ArgumentCompleter -Native -CommandName rrcli -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commands = @(
%(commands)s
    )
    # By command, '' for what may stand before a URL. Lists of pairs, because the keys of a table do not tell -e from -E.
    $options = @{
%(options)s
    }
    $choices = @{
%(choices)s
    }
    # The folder whose files' names are offered.
    $named = @{
%(named)s
    }
    $words = @{
%(words)s
    }
    # What ends the words: one of them, or with 'url' what may be a URL too.
    $until = @{
%(until)s
    }

    $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { "$_" })
    $command = if ($typed.Count -gt 1 -and $options.ContainsKey($typed[1])) { $typed[1] } else { '' }
    $before = "$command $($typed[-1])"
    $found = if ($choices.ContainsKey($before)) {
        $choices[$before] | ForEach-Object { , @($_, $_) }
    } elseif ($named.ContainsKey($before)) {
        $base = if ($env:XDG_CONFIG_HOME) { $env:XDG_CONFIG_HOME } else { Join-Path $HOME '.config' }
        Get-ChildItem -ErrorAction Ignore "$base/rrcli/$($named[$before])/*/*.json" | ForEach-Object { , @($_.BaseName, $_.BaseName) }
    } elseif ($wordToComplete -like '-*') {
        $options[$command]
    } elseif ($typed.Count -le 1) {
        $commands
    } else {
        $end = $until[$command]
        $given = if ($end) {
            $typed | Select-Object -Skip 2 | Where-Object {
                $words[$command] -ccontains $_ -or ($end -eq 'url' -and $_ -match '^[^-].*[:/.]|^:')
            }
        }
        if (-not $given) { $words[$command] | Where-Object { $_ } | ForEach-Object { , @($_, $_) } }
    }
    $found | Where-Object { $_[0] -clike "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
"""


def powershell(commands: Sequence[Command]) -> str:
    """The script."""
    groups: dict[str, list[Option]] = {"": shared(), **{command.name: command.shown() for command in commands}}
    options, choices, named = [], [], []
    for name, group in groups.items():
        helps = {flag: declared.help for declared in group for flag in declared.flags}
        helps |= {"--help": TOP["--help"]} if name else TOP
        options += [
            f"        {_quoted(name)} = @(",
            *(f"            , @({_quoted(flag)}, {_quoted(help)})" for flag, help in helps.items()),
            "        )",
        ]
        for declared in group:
            what = takes(declared, declared.flag)
            if what == "choice":
                choices += [f"        {_quoted(f'{name} {flag}')} = {_list(choices_of(declared))}" for flag in declared.flags]
            elif what == "name":
                named += [f"        {_quoted(f'{name} {flag}')} = {_quoted(folder_of(declared))}" for flag in declared.flags]
    named += [f"        {_quoted(f'{each.name} {word}')} = {_quoted(folder)}" for each in commands for word, folder in each.names_behind]
    return SCRIPT % {
        "header": HEADER,
        "commands": "\n".join(f"        , @({_quoted(command.name)}, {_quoted(command.help)})" for command in commands),
        "options": "\n".join(options),
        "choices": "\n".join(choices),
        "named": "\n".join(named),
        "words": _table((command.name, _list(command.completes())) for command in commands if command.completes()),
        "until": _table((command.name, _quoted(command.completes_until)) for command in commands if command.completes_until),
    }


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"        {_quoted(name)} = {value}" for name, value in rows)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _list(items: Iterable[str]) -> str:
    return f"@({', '.join(map(_quoted, items))})"
