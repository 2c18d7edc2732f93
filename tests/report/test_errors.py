"""What is said on standard error, to the character, and the exit code that goes with it."""

from __future__ import annotations

import os
import pty
from collections.abc import Callable

import pytest

from rrcli.base.errors import ExchangeError, usage
from rrcli.report.terminal.errors import report_bug, report_error


def said(capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    assert out == ""
    return err


def test_a_complaint_with_its_hint(capfd: pytest.CaptureFixture[str]) -> None:
    assert report_error(usage("'8o' is no port", "a port is a number up to 65535")) == 2
    assert said(capfd) == "rrcli: '8o' is no port\n       a port is a number up to 65535\n"


def test_what_is_wrong_in_files_is_a_line_each_that_begins_with_the_place(capfd: pytest.CaptureFixture[str]) -> None:
    error = usage("a.toml:1:2: no option timout (and 1 more)")
    error.problems = ("a.toml:1:2: no option timout", "a.toml:3:9: \x1b is no URL")
    assert report_error(error) == 2
    assert said(capfd) == "a.toml:1:2: no option timout\na.toml:3:9: \\x1b is no URL\n"


@pytest.mark.parametrize(
    ("layer", "kind", "code"),
    [
        ("usage", "usage", 2),
        ("network", "name_not_found", 3),
        ("transport", "refused", 4),
        ("tls", "handshake_failed", 5),
        ("transport", "timeout", 6),
        ("protocol", "malformed", 7),
        ("local", "output", 9),
        ("internal", "interrupted", 130),
        ("internal", "internal", 70),
    ],
)
def test_the_exit_code_follows_the_layer(layer: str, kind: str, code: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert report_error(ExchangeError(layer, kind, "it went wrong")) == code
    assert said(capfd) == "rrcli: it went wrong\n"


def test_control_characters_and_secrets_do_not_get_out(capfd: pytest.CaptureFixture[str]) -> None:
    report_error(usage("no \x1b[31m in http://ann:hunter22@a.test/\nat all", "not \x9b either"))
    assert said(capfd) == "rrcli: no \\x1b[31m in http://ann:‹secret›@a.test/\\nat all\n       not \\x9b either\n"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What is said of an error on a terminal of 40 columns, given the words of the command line."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")

    def printed(words: str) -> str:
        ours, theirs = pty.openpty()
        kept = os.dup(2)
        os.dup2(theirs, 2)
        try:
            report_error(
                usage("no option --jsno; did you mean --json, which prints all?", "rrcli http --help lists all options"),
                words.split(),
            )
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(theirs)
        try:
            return os.read(ours, 4096).decode().replace("\r\n", "\n")
        finally:
            os.close(ours)

    return printed


def test_on_a_terminal_lines_are_broken_between_words_and_indented(terminal: Callable[[str], str]) -> None:
    assert terminal("--color never") == (
        "rrcli: no option --jsno; did you mean\n       --json, which prints all?\n       rrcli http --help lists all\n       options\n"
    )


def test_on_a_terminal_the_name_has_the_colour_of_a_failure(terminal: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    red = "\x1b[1;31mrrcli:\x1b[0m no option"
    assert terminal("").startswith(red)
    assert terminal("http --color=never").startswith("rrcli: no option")
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal("").startswith("rrcli: no option")
    assert terminal("--color=always").startswith(red)


def test_a_bug_is_confessed_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert report_bug(KeyError("first\nsecond"), []) == 70
    assert said(capfd) == (
        "rrcli: this is a bug: KeyError: 'first\\nsecond'; please report it with this line and the command, -v shows where it is\n"
    )


def test_verbose_shows_where_the_bug_is_without_secrets(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("Authorization: Bearer abc123 at https://u:pw123@a.test/?token=t0k3n")
    except ValueError as error:
        code = report_bug(error, ["http", "-v"])
    first, *_, last_of_traceback, line = said(capfd).splitlines()
    masked = "ValueError: Authorization: Bearer ‹secret› at https://u:‹secret›@a.test/?token=‹secret›"
    assert code == 70
    assert first == "Traceback (most recent call last):"
    assert last_of_traceback == masked
    assert line == f"rrcli: this is a bug: {masked}; please report it with this line and the command"


def test_an_exception_without_words_has_its_type(capfd: pytest.CaptureFixture[str]) -> None:
    report_bug(AssertionError(), ["--what"])
    assert said(capfd).startswith("rrcli: this is a bug: AssertionError; please report")


@pytest.mark.parametrize(
    ("command", "secret"),
    [
        ("http -v -u ann:hunter22 http://h/", "hunter22"),
        ("http -v --bearer hunter22 http://h/", "hunter22"),
        ("http -v http://h/ X-Auth-Token:hunter22", "hunter22"),
        ("http -v http://h/ password==hunter22", "hunter22"),
        ("http -v http://ann:hunter22@h/", "hunter22"),
        ("redis -v AUTH ann hunter22", "hunter22"),
        ("redis -v -a hunter22 PING", "hunter22"),
    ],
)
def test_a_bug_shows_no_secret_of_the_command_line(capfd: pytest.CaptureFixture[str], command: str, secret: str) -> None:
    report_bug(LookupError(f"no {secret} here"), command.split())
    text = said(capfd)
    assert secret not in text
    assert text.count("LookupError: no ‹secret› here") == 2
