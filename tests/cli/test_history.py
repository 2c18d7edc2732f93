"""The history: kept where the settings say so, masked, bounded, for its owner alone, by several processes at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
from peers.recorder import ANSWER, Recorder, recorder

from rrcli.__main__ import main
from rrcli.cli import historyfile
from rrcli.cli.historyfile import ENTRIES, entries, entry, history_file, line_of
from rrcli.engine.send import send
from rrcli.model.document import document

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "config/rrcli").mkdir(parents=True)
    (tmp_path / "config/rrcli/rrcli.toml").write_text("history = true\n")
    return tmp_path


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def url(peer: Recorder) -> str:
    return f"http://127.0.0.1:{peer.port}"


def test_what_is_sent_is_kept_masked_and_for_its_owner_alone(run: Run) -> None:
    answer = b'{"token": "ans-2718", "echo": "tok-31415926"}'  # the echo is a secret of the first exchange alone
    with recorder() as peer:
        peer.answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
        run(f"{url(peer)}/a", "-H", "Authorization: Bearer tok-31415926", "--show-secrets")
        peer.answer = peer.answer.replace(b"tok-31415926", b"nothing else")
        run("http", f"{url(peer)}/b", "password=hunter-2222", "--json")
        run("http", f"{url(peer)}/c", "--repeat", "2")
        run("http", f"{url(peer)}/offline", "--offline")
        run("dns", "x.test", "A", "AAAA", f"@tcp://127.0.0.1:{peer.port}", "--timeout", "5s")
    text = Path(history_file()).read_text("utf-8")
    assert S_IMODE(os.stat(history_file()).st_mode) == 0o600
    assert S_IMODE(os.stat(os.path.dirname(history_file())).st_mode) == 0o700
    assert not any(secret in text for secret in ("tok-31415926", "hunter-2222", "ans-2718"))
    found = [json.loads(line) for line in text.splitlines()]
    assert [each["schema"] for each in found] == ["rrcli.exchange/1", "rrcli.exchange/1", "rrcli.series/1", "rrcli.set/1"]
    assert found[0]["command"] == ["http", "--header", "Authorization: Bearer ‹secret›", f"{url(peer)}/a"]


def test_the_newest_is_first(run: Run) -> None:
    with recorder() as peer:
        for path in ("a", "b", "c"):
            run(f"{url(peer)}/{path}")
        code, out, err = run("history", "2")
        assert (code, err) == (0, "")
        assert [line.split()[0] for line in out.splitlines()] == ["@1", "@2"]
        assert [line.split("/")[-1] for line in out.splitlines()] == ["c", "b"]
        assert out.splitlines()[0].split()[2:5] == ["✔", "200", "OK"]
        _, out, _ = run("history", "--json")
        assert [json.loads(line)["target"]["url"] for line in out.splitlines()] == [f"{url(peer)}/{path}" for path in "cba"]
        assert entry("@2")["target"]["url"] == f"{url(peer)}/b"


@pytest.mark.parametrize("settings", ["history = false\n", "", None])
def test_nothing_is_kept_unless_it_is_asked_for(settings: str | None, run: Run, home: Path) -> None:
    file = home / "config/rrcli/rrcli.toml"
    file.unlink() if settings is None else file.write_text(settings)
    with recorder() as peer:
        run(url(peer))
    assert not os.path.exists(history_file())
    code, out, err = run("history")
    assert (code, out) == (0, "")
    assert f"history = true in {file} turns it on" in err


def test_of_many_the_newest_stay() -> None:
    for number in range(ENTRIES + 7):
        historyfile._append(b'{"schema": "rrcli.set/1", "exchanges": [], "number": %d}\n' % number)
    assert [each["number"] for each in entries()] == list(range(ENTRIES + 6, 6, -1))
    assert S_IMODE(os.stat(history_file()).st_mode) == 0o600


def test_several_processes_at_once_lose_nothing() -> None:
    append = '_append(b\'{"schema": "rrcli.set/1", "exchanges": [], "x": "\' + b\'y\' * 9000 + b\'"}\\n\')'
    code = f"from rrcli.cli.historyfile import _append\nfor n in range(60): {append}"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [each.wait(30) for each in running] == [0, 0, 0]
    assert len(entries()) == 180


def test_a_line_that_was_torn_is_passed_over(run: Run) -> None:
    with recorder() as peer:
        run(url(peer))
        with open(history_file(), "ab") as file:
            file.write(b'{"schema": "rrcli.exchange/1"}\n[1]\n{"schema": "rrcli.exch')
        run(url(peer))
        assert [line.split()[0] for line in run("history")[1].splitlines()] == ["@1", "@2"]


def test_what_cannot_be_written_is_a_note(run: Run, home: Path) -> None:
    (home / "state").write_text("a file")
    with recorder() as peer:
        code, out, err = run(url(peer))
    assert (code, out) == (0, "ok")
    assert err.startswith("rrcli: note: the history is not kept: cannot make the folder")


def test_large_contents_are_not_kept() -> None:
    with recorder() as peer:
        body = b"x" * (70 << 10)
        peer.answer = ANSWER.replace(b"Content-Length: 2", b"Content-Length: %d" % len(body)).removesuffix(b"ok") + body
        from rrcli.adapters.http.request import HttpRequest

        exchange = send(HttpRequest(url(peer), data=(("-d", "y" * (70 << 10)),)))
        historyfile.keep(exchange)
    (kept,) = entries()
    body_of: dict[str, Any] = kept["response"]["body"]
    assert (body_of["text"], body_of["size"], body_of["truncated"], kept["command"]) == (None, 70 << 10, True, None)
    assert body_of["sha256"] == document(exchange)["response"]["body"]["sha256"]
    large = {**document(exchange), "command": [], "response": {**document(exchange)["response"], "data": {"rows": ["z" * 999] * 999}}}
    assert json.loads(line_of(large))["response"]["data"] is None


@pytest.mark.parametrize("word", ["0", "x", "-1x"])
def test_a_number_is_wanted(word: str, run: Run) -> None:
    assert run("history", "--", word)[0] == 2


def test_a_wrong_value_is_told_with_its_place(run: Run, home: Path) -> None:
    (home / "config/rrcli/rrcli.toml").write_text('history = "yes"\n')
    code, _, err = run("http", "http://127.0.0.1:1/")
    assert (code, "rrcli.toml:1:11: history is true or false" in err) == (2, True)
