"""The settings file: what may stand in it, what is nearest, and everything that is wrong told at once with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.engine.settings import read_settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings of a test are."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "rrcli").mkdir()
    return tmp_path / "rrcli" / "rrcli.toml"


def told(file: Path, text: str) -> list[str]:
    """What is wrong with a file, without its name."""
    file.write_text(text)
    with pytest.raises(ExchangeError) as raised:
        read_settings()
    assert raised.value.layer == "usage"
    return [line.removeprefix(f"{file}:") for line in raised.value.problems]


def test_without_a_file_there_are_no_settings(file: Path) -> None:
    assert not file.exists()
    assert read_settings() is None


def test_the_nearest_comes_first(file: Path) -> None:
    file.write_text(
        """
[defaults]
timeout = "1s"
[defaults.http]
timeout = "2s"
[env.staging]
timeout = "3s"
[env.staging.http]
timeout = "4s"
[env.other]
timeout = "5s"
"""
    )
    plain, staging = read_settings(), read_settings("staging")
    assert plain
    assert staging
    assert [setting.value for setting in plain.of("http")] == ["2s", "1s"]
    assert [(setting.value, setting.heading, setting.line) for setting in staging.of("http")] == [
        ("4s", "[env.staging.http]", 9), ("3s", "[env.staging]", 7), ("2s", "[defaults.http]", 5), ("1s", "[defaults]", 3),
    ]  # fmt: skip
    assert [setting.place for setting in staging.of("redis")] == [f"{file}:7", f"{file}:3"]
    assert (plain.environments, staging.commands()) == (("staging", "other"), ("http",))


def test_everything_that_is_wrong_is_told_at_once_with_the_near_match(file: Path) -> None:
    text = """
timeout = 1
defalts = {}
[defaults]
timout = "5s"
http2 = true
retry = "many"
verbose = "yes"
[defaults.htpp]
a = 1
[defaults.http]
http22 = true
header = [["a"]]
[env]
x = 1
[env.y]
base-url = "https://h/?q"
[env.z.redis]
base-url = 7
"""
    assert told(file, text) == [
        "2:1: no setting timeout; write it under [defaults]",
        "3:1: no setting defalts; did you mean defaults? Options stand under [defaults]",
        "5:1: no option timout; did you mean timeout?",
        "6:1: not every command has http2: write it under [defaults.http]",
        "7:9: retry: 'many' is no whole number",
        "8:11: verbose is true or false, not a text",
        "9:11: no command htpp; did you mean http?",
        "12:1: http has no option http22; did you mean http2?",
        "13:10: header takes FIELD, not a list",
        "15:5: x is a table: write [env.x]",
        "17:12: base-url: a path is put behind it, so that it ends before ? and #",
        "19:12: base-url is a text, as 'https://api.example'",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("defaults = 1", ["1:12: defaults is a table: write [defaults]"]),
        ("env = []", ["1:7: env is a table: write [env.NAME]"]),
        ("[defaults]\ntimeout = 5s\n", ["2:12: expected newline or end of document after a statement"]),
        ("[defaults]\ntimeout = '1s'\ntimeout = '2s'\n", ["3:1: timeout is given twice"]),
    ],
)
def test_what_is_no_settings_file_is_told_with_its_place(file: Path, text: str, lines: list[str]) -> None:
    assert told(file, text) == lines


def test_an_environment_that_is_not_there_is_told_with_the_near_match(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExchangeError, match="--env staging: there is no settings file"):
        read_settings("staging")
    file.write_text("[env.staging]\n")
    with pytest.raises(ExchangeError, match=r"--env stagin: no environment stagin in .*; did you mean staging\?"):
        read_settings("stagin")
    monkeypatch.setenv("RRCLI_ENV", "prod")
    with pytest.raises(ExchangeError, match=r"RRCLI_ENV=prod: no environment prod in "):
        read_settings()
    found = read_settings("staging")
    assert found
    assert found.env == "staging"


def test_no_config_reads_nothing_not_even_the_environments_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("nonsense")
    monkeypatch.setenv("RRCLI_NO_CONFIG", "1")
    monkeypatch.setenv("RRCLI_ENV", "prod")
    assert read_settings() is None
    with pytest.raises(ExchangeError, match="--env staging: RRCLI_NO_CONFIG is set, so that no settings are read"):
        read_settings("staging")


def test_a_file_that_cannot_be_read_is_a_local_failure(file: Path) -> None:
    file.mkdir()
    with pytest.raises(ExchangeError, match="is a directory") as raised:
        read_settings()
    assert raised.value.layer == "local"
