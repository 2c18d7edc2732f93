"""Help: the pages, the topics and the manual, which are made of the commands' declarations when the package is built."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from peers import child

from rrcli.__main__ import main
from rrcli.base import __version__
from rrcli.cli import app, commands, fast, page
from rrcli.cli.generate import MANUAL, ROOT
from rrcli.cli.help import EXAMPLES
from rrcli.cli.page import continued, draw
from rrcli.cli.topics import topics
from rrcli.cli.variants import read_variants
from rrcli.engine import registry
from rrcli.options.request import Output
from rrcli.plan.keys import STEP_KEYS
from rrcli.plan.load import TOP_KEYS
from rrcli.policy.expect import Expectation
from rrcli.report.terminal.paint import wrap

NAMES = [entry.name for entry in registry.PROTOCOLS]
ALL = [*NAMES, *(alias.name for alias in registry.ALIASES), *commands.TOOLS]
CLEAN = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "RRCLI_FORMAT", "RRCLI_NO_CONFIG")


def environment(**changes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in CLEAN} | changes


def rrcli(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A run of its own, not on a terminal."""
    return child.run(*words, text=True, env=changes)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command line in this process: exit code, standard output, standard error."""
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


def examples_of(name: str) -> tuple[str, ...]:
    """The examples on a command's page; without a name those of the overview."""
    command = commands.find(name) if name else None
    return command.examples if command else EXAMPLES


# --- pages -----------------------------------------------------------------------------------------------

OVERVIEW = """\
Usage: rrcli COMMAND [OPTIONS] WORDS...
       rrcli [OPTIONS] URL  (the scheme picks the command)
       rrcli [OPTIONS] [METHOD] URL [ITEM...]  (without a scheme it is HTTP)

Send one request and see what came of it: the parts, the bytes, the time of each
phase, the failure and what to do.

Protocols:
{protocols}

Tools:
{tools}

Examples:
  rrcli https://example.com/ -v
  rrcli POST :8080/users name=ann
  rrcli demo

Exit codes: 0 success, 1 failure status, 2 wrong usage, 3 network failure, 4
connection failure, 5 TLS failure, 6 time limit passed, 7 protocol violated, 8
check failed, 9 local file failure.

rrcli COMMAND --help lists the options of a command. Topics of rrcli help:
{topics}.
"""


def rows_of(names: list[str]) -> str:
    """The rows of the overview, as wide as 80 columns."""
    widest = max(map(len, ALL))
    found = []
    for name in names:
        command = commands.find(name)
        assert command is not None
        first, *others = wrap(command.help, 80 - widest - 4)
        found += [f"  {name:<{widest}}  {first}", *(" " * (widest + 4) + line for line in others)]
    return "\n".join(found)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"], ["--help", "--json"]])
def test_the_overview(run: Any, words: list[str]) -> None:
    protocols = [name for name in ALL if name not in commands.TOOLS]
    expected = OVERVIEW.format(protocols=rows_of(protocols), tools=rows_of(list(commands.TOOLS)), topics=", ".join(topics()))
    assert run(*words) == (0, expected, "")


def test_the_version(run: Any) -> None:
    assert run("--version", "--json") == (0, f"rrcli {__version__}\n", "")


SERVE = """\
Usage: rrcli serve [OPTIONS] [PROTOCOL...]

Run loopback responders until Ctrl-C.

Examples:
  rrcli serve
  rrcli serve http redis --port http=8080 --json

Options:
      --json                Print where they listen as one line of JSON.
      --fault NAME[=VALUE]  Answer with this fault; repeatable, they combine.
      --faults              List the faults, with --json as JSON.
      --host ADDRESS        Listen on this address.  [127.0.0.1]
      --port NAME=PORT      Let NAME listen on PORT, and not on a free one;
                            repeatable.
"""


def test_a_page(run: Any) -> None:
    assert run("serve", "--help") == (0, SERVE, "")


@pytest.mark.parametrize("line", [["tcp", "--help"], ["tcp", "-h", "h:1"], ["tcp", "h:1", "-vh"], ["-v", "tcp://h:1", "--help"]])
def test_help_may_be_asked_for_anywhere(run: Any, line: list[str]) -> None:
    code, out, error = run(*line)
    assert (code, out.splitlines()[0], error) == (0, "Usage: rrcli tcp [OPTIONS] HOST:PORT", "")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_page_is_whole_and_no_wider_than_the_terminal_or_100(run: Any, monkeypatch: pytest.MonkeyPatch, name: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, error = run(name, "--help")
    assert (code, error) == (0, "")
    assert max(map(len, out.splitlines())) <= min(columns, 100)
    assert all(len(example) <= 78 for example in examples_of(name))
    command = commands.find(name)
    assert command is not None
    for declared in command.shown():
        assert all(flag in out for flag in declared.flags)
        assert " ".join(declared.help.split()) in " ".join(out.split())
    assert "\x1b" not in out


def test_options_stand_in_groups_the_commands_own_first(run: Any) -> None:
    _, out, _ = run("tcp", "--help")
    titles = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [
        "Words:", "Examples:", "Options:", "End of the answer:", "Output:", "Settings:", "Time:", "Retry:", "Wait:", "Checks:", "Repeat:",
        "Connection:", "TLS:", "Correlation:", "Values:",
    ]  # fmt: skip


def test_nothing_is_taken_for_markup(run: Any) -> None:
    _, out, _ = run("http", "--help")
    assert out.splitlines()[0] == "Usage: rrcli http [OPTIONS] [METHOD] URL [ITEM...]"


def test_colour_is_as_asked() -> None:
    plain = rrcli("serve", "--help")
    coloured = rrcli("serve", "--help", FORCE_COLOR="1")
    assert plain.stdout == SERVE
    assert coloured.stdout.startswith("\x1b[1mUsage: \x1b[0mrrcli serve")
    assert coloured.stdout.replace("\x1b[1m", "").replace("\x1b[36m", "").replace("\x1b[0m", "") == SERVE
    assert rrcli("serve", "--help", FORCE_COLOR="1", NO_COLOR="1").stdout == SERVE


@pytest.mark.parametrize("name", ["", *ALL])
def test_the_examples_are_few_and_read_by_the_parser(name: str) -> None:
    assert 2 <= len(examples_of(name)) <= 4
    for example in examples_of(name):
        assert f"rrcli {name}".rstrip() in example
        are_read(example)


def are_read(example: str) -> None:
    """Hold that the parsers read a command line; what a shell does around it is left out."""
    words = shlex.split(re.sub(r" [<>|] [^'\"]*$", "", example))[1:]
    if words == ["curl", "-"]:
        return  # it would be read now
    words = registry.translated(words)
    command = commands.find(words[0])
    if command and command.name == "compare":
        assert read_variants(words[1:]).invocations
    elif command is None or words[0] in NAMES:
        assert fast.parse(words) is not None
    else:
        assert app.parse(command, words[1:]) is not None


def test_a_page_lies_ready_and_loads_no_declarations() -> None:
    code = "import sys; from rrcli.__main__ import main; main(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr)"
    for words in (["--help"], ["http", "--help"], ["http", "-h"], ["help", "items"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, env=environment())
        ours = {name for name in done.stderr.split() if name.startswith("rrcli.") and name.count(".") > 1}
        allowed = {
            "rrcli.base.errors", "rrcli.base.output", "rrcli.base.record", "rrcli.cli.page", "rrcli.options.option",
            "rrcli.report.terminal", "rrcli.report.terminal.paint", "rrcli.report.terminal.screen", "rrcli.base.visible",
        }  # fmt: skip
        overview = {"rrcli.engine.registry"} if words == ["--help"] else set()
        assert ours == allowed | overview, words


def test_the_page_of_an_option_behind_others_is_the_same(run: Any) -> None:
    assert run("tcp", "h:1", "-v", "--help") == run("help", "tcp") == run("tcp", "-h")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("http http://h/ --help", "http"),
        ("http POST :8080/x a=1 -v -d x --timeout 3 -h", "http"),
        ("http://h/ --help", "http"),
        ("grpc h:1 --plaintext a.B/C --help", "grpc"),
        ("redis -v --help", "redis"),
        ("redis SET k --help", None),
        ("pg postgresql://h/ -h", "pg"),
        ("http http://h/ -d --help", None),
        ("http http://h/ -- --help", None),
        ("http http://h/ --nope --help", None),
        ("http http://h/ --timeout x --help", None),
        ("soap http://h/?wsdl Add --help", "soap"),
        ("dns example.test MX --help", "dns"),
        ("nonsense x --help", None),
    ],
)
def test_help_behind_a_well_formed_line_lies_ready(line: str, name: str | None) -> None:
    """Where it is a value, data, or behind what is wrong, the application decides."""
    assert fast.helped(line.split()) == name


def test_help_behind_other_words_does_not_start_the_application(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "run", lambda words: pytest.fail(f"{words} went to the application"))
    whole = run("http", "--help")
    assert run("http", "POST", "http://h/", "a=1", "-v", "--help") == whole
    assert run("http://h/", "-h") == whole


def test_options_without_effect_are_left_out() -> None:
    for entry in registry.PROTOCOLS:
        options = {**Output.options_, **entry.request_type.options_}
        assert set(entry.request_type.without_effect) <= set(options)
        flags = {line.strip().partition("\t")[0].split(" ")[0].rstrip(",") for line in page.read(entry.name).splitlines() if "\t" in line}
        assert not {options[name].flags[0] for name in entry.request_type.without_effect} & flags
    assert "--traceparent" not in page.read("redis")
    assert "--traceparent" in page.read("http")


def test_a_protocols_own_options_come_first() -> None:
    """Before those that it has of HTTP."""
    text = page.read("graphql")
    assert text.index("  -d, --data") < text.index("--session")
    assert text.index("--variables") < text.index("--request-target")


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_for_a_thing_is_said(name: str) -> None:
    """Of ITEM, @SERVER and DSN nobody knows what they are; of EXPR and TIME not either."""
    text = page.read(name)
    usage, said = text.split("\n")[0], text.partition("\nWords:\n")[2].partition("\n\n")[0]
    for word in ("ITEM", "@SERVER", "DSN", "PARAM", "TARGET", "IDL"):
        assert (word in re.findall(r"@?[A-Z]+", usage)) is (f"  {word}\t" in said)
    assert "\n  EXPR\t" in text
    assert "\n  TIME\t" in text
    assert text.rstrip().endswith("rrcli help exit-codes says more.")


# --- topics ----------------------------------------------------------------------------------------------


def test_the_topics() -> None:
    assert list(topics()) == ["exit-codes", "expressions", "items", "plans", "servers", "time"]


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("name", list(topics()))
def test_a_topic_fits_the_terminal(run: Any, monkeypatch: pytest.MonkeyPatch, name: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, error = run("help", name)
    assert (code, error) == (0, "")
    assert max(map(len, out.splitlines())) <= min(columns, 100)


@pytest.mark.parametrize("name", list(topics()))
def test_the_examples_of_a_topic_are_read_by_the_parser(name: str) -> None:
    for line in page.read(name).splitlines():
        if line.startswith("  rrcli "):
            are_read(line.strip())


def test_the_expressions_of_the_topic_are_expressions() -> None:
    found = re.findall(r"--(?:expect|until) '([^']+)'", page.read("expressions"))
    assert len(found) >= 5
    for text in found:
        Expectation(text)


def test_every_key_of_plans_is_in_the_topic() -> None:
    said = set(re.findall(r"[a-z][a-z-]*", page.read("plans")))
    assert {*STEP_KEYS, *TOP_KEYS} - {"doc", "tags"} <= said


def test_every_exit_code_is_in_the_topic(run: Any) -> None:
    _, out, _ = run("help", "exit-codes")
    found = re.findall(r"^  (\d+) ", out, re.MULTILINE)
    assert found == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "70", "130", "143"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["itmes"], "there is no help for 'itmes'; did you mean items?"),
        (["http", "dns"], "help takes one topic, got 2"),
        (["../pages/http"], "there is no help for '../pages/http'"),
        ([""], "there is no help for ''"),
    ],
)
def test_help_takes_one_known_topic(run: Any, words: list[str], message: str) -> None:
    code, out, error = run("help", *words)
    assert (code, out, error.splitlines()[0]) == (2, "", f"rrcli: {message}")


def test_help_of_help_is_its_page(run: Any) -> None:
    assert run("help", "help") == run("help", "--help")
    assert run("help", "help")[1].startswith("Usage: rrcli help [TOPIC]\n")


# --- layout ----------------------------------------------------------------------------------------------


def test_text_is_broken_between_words_alone() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("a https://long.example/path b", 6) == ["a", "https://long.example/path", "b"]
    assert wrap("Limit.  [30s]", 80) == ["Limit.  [30s]"]
    assert wrap("Limit.  [30s]", 9) == ["Limit.", "[30s]"]
    assert wrap("Limit.  [30s]", 6) == ["Limit.", "[30s]"]
    assert wrap("", 10) == [""]


def test_a_long_name_has_its_text_below_it() -> None:
    text = "Options:\n  -x\tShort.\n      --a-very-long-name-of-an-option VALUE\tLong.\n"
    assert draw(text, 80, color=False) == (
        "Options:\n  -x                          Short.\n      --a-very-long-name-of-an-option VALUE\n" + " " * 30 + "Long.\n"
    )


def test_a_long_example_goes_on_in_lines_to_be_pasted() -> None:
    line = "rrcli http POST :8080/users name=ann --expect 'status == 201' -H \"a: b\""
    assert continued(line, 80) == [line]
    assert continued(line, 38) == ["rrcli http POST :8080/users name=ann \\", "  --expect 'status == 201' -H \"a: b\""]
    assert continued("rrcli demo", 5) == ["rrcli \\", "  demo"]
    script = "rrcli() { printf '%s|' \"$@\"; }\n" + "\n".join(continued(line, 38))
    pasted = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert pasted.stdout == "http|POST|:8080/users|name=ann|--expect|status == 201|-H|a: b|"


def test_in_a_narrow_terminal_the_text_has_more_of_it() -> None:
    text = "Options:\n  -x\tShort.\n      --a-very-long-name-of-an-option VALUE\tLong.\n"
    assert draw(text, 48, color=False) == (
        "Options:\n  -x              Short.\n      --a-very-long-name-of-an-option VALUE\n                  Long.\n"
    )


# --- the manual ------------------------------------------------------------------------------------------


def needed(tool: str) -> str:
    """The path of a tool; its absence skips the test here, and fails it in CI."""
    path = shutil.which(tool)
    if path is None and os.environ.get("CI"):
        pytest.fail(f"{tool} is not installed")
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


def manual(path: Path) -> tuple[str, str]:
    """A page as man draws it, plain, and the warnings of groff."""
    settings = environment(MANWIDTH="80", LC_ALL="C.UTF-8", MAN_KEEP_FORMATTING="", GROFF_NO_SGR="1")
    done = subprocess.run([needed("man"), "--warnings", "-l", str(path)], capture_output=True, text=True, env=settings, check=True)
    return re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout), done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / MANUAL).glob("*.1")), ids=lambda path: path.stem)
def test_man_draws_every_page_without_a_warning(path: Path) -> None:
    text, warnings = manual(path)
    assert warnings == ""
    assert path.read_text().isascii()
    title = path.stem.upper()
    assert text.splitlines()[0].split()[0] == text.splitlines()[0].split()[-1] == f"{title}(1)"
    command = commands.find(path.stem.removeprefix("rrcli-")) if path.stem != "rrcli" else None
    for declared in command.shown() if command else ():
        assert all(flag in text for flag in declared.flags)
        assert " ".join(declared.help.split()) in " ".join(text.split())


def test_there_is_a_page_for_each_command_and_one_of_all() -> None:
    assert {path.name for path in (ROOT / MANUAL).iterdir()} == {"rrcli.1", *(f"rrcli-{name}.1" for name in ALL)}


def test_the_page_of_all_has_the_topics_and_the_surroundings() -> None:
    text, _ = manual(ROOT / MANUAL / "rrcli.1")
    sections = [line for line in text.splitlines()[1:] if line[:1].isupper() and "(1)" not in line]
    assert sections == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "PROTOCOLS", "TOOLS", "EXPRESSIONS", "ITEMS", "PLANS", "SERVERS", "TIME", "EXIT STATUS",
        "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO",
    ]  # fmt: skip
    assert "rrcli-http(1)" in text
    assert "RRCLI_FORMAT" in text


def test_what_groff_would_change_stays_as_it_is_written() -> None:
    text = " ".join(manual(ROOT / MANUAL / "rrcli-http.1")[0].split())
    assert "rrcli http POST :8080/users name=ann age:=3 --expect 'status == 201'" in text
    assert "'%{http_code} %{time_total}\\n'" in text
    assert "~/.netrc" in text
