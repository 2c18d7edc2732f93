"""`rrcli config` and `rrcli session`: what is in force and where it comes from, and which sessions there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from peers.nginx import PASSWORD, USER, Nginx

from rrcli.__main__ import main

Run = Callable[..., tuple[int, str, str]]

SETTINGS = """\
[defaults]
timeout = "5s"
format = "raw"
header = ["X-A: 1", "X-B: 2"]

[defaults.http]
location = true
timeout = "9s"

[env.staging]
base-url = "https://staging.test"
header = ["Authorization: Bearer sesame", "x-a: 3"]

[env.staging.http]
user = "ann:sesame"
proxy = "http://u:sesame@proxy:3128"

[env.other]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "rrcli").mkdir()
    return tmp_path / "rrcli"


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


# --- config


def test_what_is_in_force_is_drawn_with_its_file_and_line(run: Run, home: Path) -> None:
    file = home / "rrcli.toml"
    file.write_text(SETTINGS)
    code, out, err = run("config")
    assert (code, err) == (0, "")
    assert (
        out
        == f"""\
{file}
  environment  none
  it has       staging, other

all commands
  timeout   5s                    {file}:2  [defaults]
  format    raw                   {file}:3  [defaults]
  header    ["X-A: 1", "X-B: 2"]  {file}:4  [defaults]

http
  location  true                  {file}:7  [defaults.http]
  timeout   9s                    {file}:8  [defaults.http]
"""
    )


def rows(out: str) -> list[tuple[str | None, str, object, str, int | None]]:
    return [(row["command"], row["key"], row["value"], row["from"], row["line"]) for row in json.loads(out)["settings"]]


def test_json_is_one_object_of_what_holds_with_an_environment(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "rrcli.toml").write_text(SETTINGS)
    monkeypatch.setenv("RRCLI_FORMAT", "json")
    _, out, _ = run("config", "--env", "staging", "--json")
    document = json.loads(out)
    assert (document["file"], document["env"], document["environments"]) == (str(home / "rrcli.toml"), "staging", ["staging", "other"])
    assert rows(out) == [
        (None, "base-url", "https://staging.test", "[env.staging]", 11),
        (None, "header", ["Authorization: Bearer ‹secret›", "x-a: 3"], "[env.staging]", 12),
        (None, "format", "json", "RRCLI_FORMAT", None),
        (None, "timeout", "5s", "[defaults]", 2),
        (None, "header", ["X-B: 2"], "[defaults]", 4),
        ("http", "user", "ann:‹secret›", "[env.staging.http]", 15),
        ("http", "proxy", "http://u:‹secret›@proxy:3128", "[env.staging.http]", 16),
        ("http", "location", True, "[defaults.http]", 7),
        ("http", "timeout", "9s", "[defaults.http]", 8),
    ]
    assert "ann:sesame" in run("config", "--env", "staging", "--json", "--show-secrets")[1]


def test_without_a_file_it_says_where_it_would_be(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("config") == (0, f"no settings file is read: there is no {home / 'rrcli.toml'}\n", "")
    assert json.loads(run("config", "--json")[1]) == {"file": None, "env": None, "environments": [], "settings": []}
    monkeypatch.setenv("RRCLI_NO_CONFIG", "1")
    assert run("config") == (0, "no settings file is read: RRCLI_NO_CONFIG is set\n", "")


def test_a_wrong_file_is_told_here_too(run: Run, home: Path) -> None:
    (home / "rrcli.toml").write_text("[defaults]\ntimout = 1\n")
    assert run("config") == (2, "", f"{home / 'rrcli.toml'}:2:1: no option timout; did you mean timeout?\n")


# --- session


@pytest.fixture
def sessions(run: Run, home: Path, nginx: Nginx) -> str:
    """Two origins have a session `me`, one has `you`; the folder's name of the first."""
    assert not (home / "sessions").exists()
    run("http", nginx.url("/private"), "--session", "me", "-u", f"{USER}:{PASSWORD}", "X-Tenant:7", "-b", "sid=sesame")
    run("http", f"http://localhost:{nginx.port}/echo", "--session", "me")
    run("http", nginx.url("/echo"), "--session", "you", "Authorization:Bearer sesame")
    return f"127.0.0.1_{nginx.port}"


def test_the_list_has_a_line_for_each(run: Run, home: Path, nginx: Nginx, sessions: str) -> None:
    code, out, _ = run("session")
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == f"me  ·  http://127.0.0.1:{nginx.port}  ·  1 cookie  ·  1 field  ·  basic"
    assert lines[1] == f"  {home}/sessions/{sessions}/me.json"
    assert [line.split("  ·  ")[0] for line in lines[::2]] == ["me", "you", "me"]
    assert run("session", "list")[1] == out
    assert [row["name"] for row in json.loads(run("session", "--json")[1])["sessions"]] == ["me", "you", "me"]


def test_what_a_session_holds_is_shown_without_its_secrets(run: Run, sessions: str) -> None:
    code, out, _ = run("session", "show", f"{sessions}/me")
    assert (code, out.splitlines()[1:4]) == (0, [f"  basic  {USER}:‹secret›", "  X-Tenant  7", "  sid  ‹secret›  127.0.0.1/"])
    (row,) = json.loads(run("session", "show", "you", "--json")[1])["sessions"]
    assert row["headers"] == [["Authorization", "Bearer ‹secret›"]]
    assert len(json.loads(run("session", "show", "me", "--json")[1])["sessions"]) == 2
    assert "sid  sesame" in run("session", "show", "me", "--show-secrets")[1]


def test_one_is_removed_and_never_more_than_was_meant(run: Run, home: Path, sessions: str) -> None:
    code, _, err = run("session", "remove", "me")
    assert (code, err.splitlines()[0]) == (
        2,
        f"rrcli: several origins have a session me: {sessions}/me, localhost_{sessions.rpartition('_')[2]}/me",
    )
    assert run("session", "remove", f"{sessions}/me", "you")[0] == 0
    assert [path.parent.name for path in home.rglob("*.json")] == [f"localhost_{sessions.rpartition('_')[2]}"]
    (removed,) = json.loads(run("session", "remove", "me", "--json")[1])["removed"]
    assert not Path(removed["file"]).exists()
    assert run("session")[1] == f"no sessions in {home}/sessions\n"


def test_wrong_words_are_told_with_the_near_match(run: Run, sessions: str) -> None:
    assert run("session", "show", "yu")[2].splitlines()[0] == "rrcli: there is no session 'yu'; did you mean you?"
    assert run("session", "remov", "you")[2].splitlines()[0] == "rrcli: session takes list, show, remove, not 'remov'; did you mean remove?"
    assert run("session", "show")[0] == 2
    assert sessions


def test_a_broken_session_is_listed_with_what_is_wrong_with_it(run: Run, home: Path) -> None:
    (home / "sessions" / "h_80").mkdir(parents=True)
    (home / "sessions" / "h_80" / "bad.json").write_text("{}")
    code, out, _ = run("session")
    assert (code, out.splitlines()[0]) == (0, "bad  ·  broken: its schema is not rrcli.session/1")
    assert json.loads(run("session", "--json")[1])["sessions"][0]["error"] == "its schema is not rrcli.session/1"
