"""`--format plan` on the command line: what is printed is run by `rrcli run`, and asks the same of the same peer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.recorder import recorder

import rrcli
from rrcli.__main__ import main
from rrcli.base.jsontext import loads
from rrcli.engine import registry
from rrcli.engine.catalogue import responders
from rrcli.model.document import document
from rrcli.responders.serve import addresses, start, stop

CATALOGUE = responders()
STEPS = {entry.name: demo[0] for entry in registry.PROTOCOLS if (demo := entry.load_manifest().demo)}


@pytest.fixture(scope="module")
def where() -> Iterator[dict[str, str]]:
    running = start(CATALOGUE)
    yield addresses(CATALOGUE, running)
    stop(running)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def same(one: Any, other: Any, third: Any, path: str = "") -> None:
    """Whatever is alike in the first two, which one command line has sent, is so in the third."""
    if isinstance(one, dict) and isinstance(other, dict) and isinstance(third, dict):
        assert third.keys() == one.keys(), path
        for key, value in one.items():
            same(value, other.get(key), third[key], f"{path}.{key}")
    elif one == other:
        assert third == one, path


@pytest.mark.parametrize("name", STEPS)
def test_the_step_of_a_command_asks_what_the_command_asks(name: str, where: dict[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    base = where[CATALOGUE.responder_of(name)]
    command, *words = (word.format(where=where[name], base=base) for word in shlex.split(STEPS[name].line))

    def printed(*options: str) -> str:
        assert main([command, *options, *words]) in (0, 1)
        return capfd.readouterr().out

    Path("p.toml").write_text(printed("--format", "plan"), "utf-8")
    first, second = (loads(printed("--json")) for _ in range(2))
    first, second = (each["exchanges"][0] if "exchanges" in each else each for each in (first, second))
    (step,) = rrcli.run("p.toml").steps
    exchange = step.exchange or (step.several and step.several.exchanges[0])
    assert exchange
    same(first["request"], second["request"], document(exchange)["request"])


SECRET = """[secrets]
password = "env:PASSWORD"
api_key = "env:API_KEY"
authorization = "env:AUTHORIZATION"
sid = "env:SID"

[[step]]
http = "POST http://ann:{{{{secrets.password}}}}@127.0.0.1:{port}/x?api_key={{{{secrets.api_key}}}}"
headers = {{ Authorization = "Bearer {{{{secrets.authorization}}}}", Cookie = "sid={{{{secrets.sid}}}}" }}
json = {{ user = "{{{{'{{{{'}}}}ann}}}}", password = "{{{{secrets.password}}}}" }}
"""


def test_secrets_are_read_from_variables_and_all_bytes_are_the_same(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["Authorization:Bearer tok-31415926", "Cookie:sid=c00kie!7", "user={{ann}}", "password=p@ss:w/rd"]
    with recorder() as peer:
        url = f"http://ann:p%40ss%3Aw%2Frd@127.0.0.1:{peer.port}/x?api_key=a%2Bb%26c"
        assert main(["http", "POST", url, *words, "--format", "plan"]) == 0
        text = capfd.readouterr().out
        assert text == SECRET.format(port=peer.port)
        Path("p.toml").write_text(text, "utf-8")
        for name, value in {"PASSWORD": "p@ss:w/rd", "API_KEY": "a%2Bb%26c", "SID": "c00kie!7", "AUTHORIZATION": "tok-31415926"}.items():
            monkeypatch.setenv(name, value)
        assert rrcli.run("p.toml").exit_code == 0
        assert len(set(peer.requests)) == 1
        assert len(peer.requests) == 2
        assert main(["http", "POST", url, *words, "--format", "plan", "--show-secrets"]) == 0
        assert "p%40ss%3Aw%2Frd" in capfd.readouterr().out


def test_offline_builds_the_step_and_sends_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with recorder() as peer:
        assert main(["http", f"127.0.0.1:{peer.port}/", "--offline", "--format=plan", "--timeout", "2s", "-L"]) == 0
        assert capfd.readouterr().out == f'[[step]]\nhttp = "127.0.0.1:{peer.port}/"\ntimeout = 2\nlocation = true\n'
        assert peer.requests == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "x"], "-o saves the answer's content, and --format plan prints the exchange"),
        (["-d", "@-"], "--format plan: a plan takes nothing from standard input"),
        (["--repeat", "2"], "--format plan is for one exchange, not for a series"),
        (["-w", "%{http_code}"], "-w and the format plan exclude each other"),
    ],
)
def test_what_no_step_can_be_made_of_is_said_before_anything_is_sent(
    words: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with recorder() as peer:
        assert main(["http", f"http://127.0.0.1:{peer.port}/", "--format", "plan", *words]) == 2
        assert message in capfd.readouterr().err
        assert peer.requests == []


def test_a_file_elsewhere_is_noted(capfd: pytest.CaptureFixture[str]) -> None:
    Path("../elsewhere.txt").write_text("x")
    with recorder() as peer:
        assert main(["http", f"http://127.0.0.1:{peer.port}/", "--format", "plan", "-d", "@../elsewhere.txt"]) == 0
    out, err = capfd.readouterr()
    assert 'data = "@../elsewhere.txt"' in out
    assert "note: ../elsewhere.txt lies outside of" in err
