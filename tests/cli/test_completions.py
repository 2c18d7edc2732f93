"""The generated completions: fresh, and loaded in real shells, where they offer what the tables hold."""

from __future__ import annotations

import os
import pty
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from peers.redis_server import Redis

from rrcli.__main__ import main
from rrcli.adapters.redis.commandnames import NAMES as REDIS
from rrcli.cli import generate
from rrcli.cli.commands import SCHEMAS, SHELLS, TOOLS, protocols, subjects
from rrcli.cli.completion.common import HEADER
from rrcli.cli.completion.scripts import scripts
from rrcli.cli.topics import topics
from rrcli.engine import registry
from rrcli.engine.registry import METHODS
from rrcli.responders import faults

FOLDER = generate.ROOT / generate.COMPLETIONS
COMMANDS = (*protocols(), *TOOLS.values())
NAMES = [command.name for command in COMMANDS]

AMONG_SERVERS = {"ASKING", "PFDEBUG", "PFSELFTEST", "PSYNC", "REPLCONF", "RESTORE-ASKING", "SYNC"}
LATER = {  # than 7.0
    "WAITAOF", "HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT", "HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST",
    "HGETEX", "HSETEX", "HGETDEL",
}  # fmt: skip

# Partial lines, whose last word is being completed, and what must be offered.
LINES: list[tuple[str, list[str]]] = [
    ("rrcli ", NAMES),
    ("rrcli t", sorted(name for name in NAMES if name.startswith("t"))),
    ("rrcli ex", ["explain"]),
    ("rrcli --jso", ["--json"]),
    ("rrcli --vers", ["--version"]),
    ("rrcli tcp --send-", ["--send-base64", "--send-file", "--send-hex"]),
    ("rrcli tcp h:1 --read-u", ["--read-until"]),
    ("rrcli tcp --format ", ["body", "curl", "har", "json", "mermaid", "ndjson", "plan", "pretty", "raw"]),
    ("rrcli tcp --format=n", ["ndjson"]),
    ("rrcli tcp --format=", ["body", "curl", "har", "json", "mermaid", "ndjson", "plan", "pretty", "raw"]),
    ("rrcli --color n", ["never"]),
    ("rrcli dns --tls-min 1.", ["1.0", "1.1", "1.2", "1.3"]),
    ("rrcli tls --cacert ca.", ["ca.pem"]),
    ("rrcli tcp --send-file ca.", ["ca.pem"]),
    ("rrcli -o ca.", ["ca.pem"]),
    ("rrcli tcp --timeout ", []),
    ("rrcli explain WRONGT", ["WRONGTYPE"]),
    ("rrcli schema ", sorted(SCHEMAS)),
    ("rrcli serve http d", ["dns"]),
    ("rrcli serve --js", ["--json"]),
    ("rrcli serve --fault ", sorted(faults.BY_NAME)),
    ("rrcli serve --fault stall", sorted(name for name in faults.BY_NAME if name.startswith("stall"))),
    ("rrcli http ", sorted(METHODS)),
    ("rrcli http -v P", ["PATCH", "POST", "PUT"]),
    ("rrcli http POST ", []),
    ("rrcli http :8080/x ", []),
    ("rrcli http example.com/ ", []),
    ("rrcli sse Q", ["QUERY"]),
    ("rrcli http -X P", ["PATCH", "POST", "PUT"]),
    ("rrcli http --session ", ["mine", "ops"]),
    ("rrcli http --session-read-only o", ["ops"]),
    ("rrcli session show ", ["mine", "ops"]),
    ("rrcli session remove m", ["mine"]),
    ("rrcli session list ", []),
    ("rrcli redis ZRANGEBY", ["ZRANGEBYLEX", "ZRANGEBYSCORE"]),
    ("rrcli redis ", sorted(REDIS)),
    ("rrcli redis -n 1 redis://h:6379 ZPOPM", ["ZPOPMAX", "ZPOPMIN"]),
    ("rrcli redis GET ", []),
    ("rrcli dns example.com MX TX", ["TXT"]),
    ("rrcli help exp", ["explain", "expressions"]),
    ("rrcli help http ", []),
    ("rrcli completion ", sorted(SHELLS)),
    ("rrcli run ca", ["ca.pem"]),
    ("rrcli diff ca.pem c", ["ca.pem"]),
    ("rrcli diff --tol", ["--tolerance"]),
    ("rrcli compare ht", ["http"]),
]


def needed(shell: str) -> str:
    """The shell's path; its absence skips the test here, and fails it in CI."""
    path = shutil.which(shell)
    if path is None and os.environ.get("CI"):
        pytest.fail(f"{shell} is not installed")
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the shells run, at home: one file to complete, and two sessions."""
    (tmp_path / "ca.pem").touch()
    for place, name in (("localhost_8080", "mine"), ("example.com", "ops")):
        (tmp_path / ".config" / "rrcli" / "sessions" / place).mkdir(parents=True)
        (tmp_path / ".config" / "rrcli" / "sessions" / place / f"{name}.json").touch()
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "ZDOTDIR": str(folder), "TERM": "xterm", "LC_ALL": "C.UTF-8"}


BASH = """
source "$1"
while IFS= read -r line; do
    read -ra COMP_WORDS <<< "${line//=/ = }"
    [[ $line == *" " ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _rrcli
    echo "line $line"
    for candidate in "${COMPREPLY[@]}"; do echo "$candidate"; done
done
"""

FISH = """
source $argv[1]
while read -l line
    echo "line $line"
    complete -C "$line" | string split -f 1 \\t
end
true
"""

# The line editor completes each line in turn; `compadd` tells the candidates that match.
ZSH = """
PROMPT= ; zmodload zsh/zle; autoload -Uz compinit; compinit -u -D; source $SCRIPT
compadd() {
    if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
        local -a found; builtin compadd -O found "$@"; print -rl -- $found >> $OUT
    fi
    builtin compadd "$@"
}
zle -C capture list-choices _main_complete
zstyle ':completion:*' matcher-list ''
zle-line-init() {
    local line
    for line in "${(@f)$(<$LINES_FILE)}"; do
        BUFFER=$line; CURSOR=$#BUFFER; print -r -- "line $line" >> $OUT; zle capture
    done
    BUFFER=exit; zle accept-line
}
zle -N zle-line-init
"""


def in_bash(lines: list[str], folder: Path) -> str:
    script = [needed("bash"), "--norc", "-c", BASH, "bash", str(FOLDER / "rrcli.bash")]
    return subprocess.run(
        script, input="\n".join(lines) + "\n", cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    ).stdout


def in_fish(lines: list[str], folder: Path) -> str:
    script = [needed("fish"), "--no-config", "-c", FISH, str(FOLDER / "rrcli.fish")]
    return subprocess.run(
        script, input="\n".join(lines) + "\n", cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    ).stdout


def in_zsh(lines: list[str], folder: Path) -> str:
    shell = needed("zsh")
    (folder / ".zshrc").write_text(ZSH)
    (folder / ".lines").write_text("\n".join(lines) + "\n")
    files = {"SCRIPT": str(FOLDER / "_rrcli"), "OUT": str(folder / ".out"), "LINES_FILE": str(folder / ".lines")}
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [shell, "-i"], cwd=folder, env=environment(folder) | files, stdin=theirs, stdout=theirs, stderr=theirs
        ) as child:
            os.close(theirs)
            try:
                while os.read(ours, 4096):
                    pass
            except OSError:  # Linux ends a terminal so
                pass
            assert child.wait(timeout=20) == 0
    finally:
        os.close(ours)
    return (folder / ".out").read_text()


Shell = Callable[[list[str], Path], str]
SHELLS = pytest.mark.parametrize("shell", [in_bash, in_zsh, in_fish], ids=["bash", "zsh", "fish"])


def candidates(output: str) -> dict[str, list[str]]:
    """By line, what was offered for it."""
    found: dict[str, list[str]] = {}
    for row in output.splitlines():
        if row.startswith("line "):
            offered = found.setdefault(row[5:], [])
        elif row:
            offered.append(row)
    return {line: sorted(set(offered)) for line, offered in found.items()}


@SHELLS
def test_every_shell_offers_the_same(shell: Shell, folder: Path) -> None:
    found = candidates(shell([line for line, _ in LINES], folder))
    # fish and zsh offer a value joined with `=` as the whole word.
    bare = {line: [word.removeprefix("--format=") for word in offered] for line, offered in found.items()}
    assert bare == {line: sorted(expected) for line, expected in LINES}


@SHELLS
def test_every_option_of_every_command_is_offered(shell: Shell, folder: Path) -> None:
    lines = {f"rrcli {command.name} --": command for command in COMMANDS}
    found = candidates(shell(list(lines), folder))
    for line, command in lines.items():
        flags = {flag for declared in command.shown() for flag in declared.flags if flag.startswith("--")} | {"--help"}
        assert {word.removesuffix("=") for word in found[line] if word.startswith("--")} >= flags
        assert {word.removesuffix("=") for word in found[line] if word.startswith("--")} <= flags | {"--"}


@SHELLS
def test_words_are_offered_as_the_commands_declare_them(shell: Shell, folder: Path) -> None:
    lines = {f"rrcli {command.name} ": command for command in COMMANDS if command.completes()}
    found = candidates(shell(list(lines), folder))
    for line, command in lines.items():
        assert found[line] == sorted(set(command.completes()))


def test_powershell_names_every_command_and_option() -> None:
    """There is no PowerShell here to run it; it is at least whole, quotes and brackets closed."""
    text = (FOLDER / "rrcli.ps1").read_text()
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    outside = "".join(code.replace("''", "").split("'")[::2])
    assert code.count("'") % 2 == 0
    assert [outside.count(bracket) for bracket in "({["] == [outside.count(bracket) for bracket in ")}]"]
    assert text.count("Register-ArgumentCompleter -Native -CommandName rrcli") == 1
    for command in COMMANDS:
        assert f"        '{command.name}' = @(" in text
        for declared in command.shown():
            assert all(f", @('{flag}', '" in text for flag in declared.flags)
    assert "'tcp --format' = @('pretty', 'body', 'raw', 'json', 'ndjson', 'har', 'curl', 'mermaid', 'plan')" in text


def test_nothing_starts_python() -> None:
    for name, text in scripts(COMMANDS).items():
        assert "python" not in text.replace(HEADER, ""), name


def test_the_files_are_fresh() -> None:
    assert generate.stale() == []


def test_check_names_what_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    generate.write(tmp_path)
    assert sorted(path.name for path in (tmp_path / "completions").glob("*.*")) == ["rrcli.bash", "rrcli.fish", "rrcli.ps1"]
    (tmp_path / "completions" / "rrcli.fish").write_text("old")
    (tmp_path / "completions" / "_rrcli").unlink()
    (tmp_path / "completions" / "man" / "rrcli-gopher.1").touch()
    monkeypatch.setattr(generate, "stale", lambda stale=generate.stale: stale(tmp_path))
    assert generate.main(["--check"]) == 1
    said = "stale: completions/_rrcli, completions/rrcli.fish, completions/man/rrcli-gopher.1; run python -m rrcli.cli.generate\n"
    assert capsys.readouterr().err == said
    generate.write(tmp_path)
    assert generate.main(["--check"]) == 0


def test_the_command_prints_the_script_that_is_installed(capfd: pytest.CaptureFixture[str]) -> None:
    for shell, file in (("bash", "rrcli.bash"), ("zsh", "_rrcli"), ("fish", "rrcli.fish"), ("powershell", "rrcli.ps1")):
        assert main(["completion", shell]) == 0
        assert capfd.readouterr().out == (FOLDER / file).read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bsh"], "there is no completion for 'bsh'; did you mean bash?"),
        (["bash", "zsh"], "completion takes one shell, got 2"),
        ([], "completion takes SHELL, got nothing"),
    ],
)
def test_completion_takes_one_known_shell(words: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", *words]) == 2
    assert capfd.readouterr().err.startswith(f"rrcli: {message}\n")


def test_the_wheel_puts_the_scripts_and_the_manual_where_shells_and_man_look() -> None:
    project = tomllib.loads((generate.ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {
        "completions/rrcli.bash": "share/bash-completion/completions/rrcli",
        "completions/_rrcli": "share/zsh/site-functions/_rrcli",
        "completions/rrcli.fish": "share/fish/vendor_completions.d/rrcli.fish",
        "completions/man": "share/man/man1",
    }
    assert all((generate.ROOT / path).exists() for path in shared)


def test_what_there_is_help_for_is_every_command_and_topic() -> None:
    assert set(subjects()) == {*NAMES, *topics()}
    assert not set(NAMES) & set(topics())


def test_redis_knows_the_commands_that_are_offered(redis: Redis) -> None:
    """But for those that came after the server's version, none is offered that it has not, and none is left out."""
    with socket.create_connection((redis.host, redis.port)) as connection:
        connection.sendall(b"COMMAND LIST\r\n")
        reader = connection.makefile("rb")
        count = int(reader.readline()[1:])
        known = set()
        for _ in range(count):
            size = int(reader.readline()[1:])
            known.add(reader.read(size + 2)[:-2].decode().upper())
    known = {name for name in known if "|" not in name} - AMONG_SERVERS
    assert known <= set(REDIS)
    assert set(REDIS) - known <= LATER


def test_check_is_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "rrcli.cli.generate", "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_commands_are_the_registry_and_the_tools() -> None:
    assert [each.name for each in (*registry.PROTOCOLS, *registry.ALIASES)] + list(TOOLS) == NAMES
