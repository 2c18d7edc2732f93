"""GitHub Actions: annotations read back as the runner reads them, and the table of the summary as a reader of Markdown takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers.orders import Orders
from peers.plans import Run
from peers.script import hear, responder, say, script
from report import exchanges as case

from rrcli.plan.result import RunResult, StepResult
from rrcli.policy.mask import Mask
from rrcli.report.formats.github import LARGEST, OWN_SHARE, commands, harmless, summary

NASTY = "a | b\r\n::error file=x::100% *bold* <img src=x> [a](http://x.test) `c` @all\u202e\x1b[31m"
COMMAND = re.compile(r"^::(\w+) ?(.*?)::(.*)$")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it (ActionCommand.TryParseV2 and its unescaping)."""
    found = COMMAND.match(line.lstrip())
    assert found, line
    name, properties, data = found.groups()
    pairs = dict(part.split("=", 1) for part in properties.split(",") if part)
    return name, {key: unescaped(value, {"%3A": ":", "%2C": ","}) for key, value in pairs.items()}, unescaped(data, {})


def unescaped(text: str, more: dict[str, str]) -> str:
    for code, letter in {"%0D": "\r", "%0A": "\n", **more, "%25": "%"}.items():
        text = text.replace(code, letter)
    return text


def failing(name: str, reason: str, **values: object) -> StepResult:
    return StepResult(name=name, kind="step", line=4, exit_code=4, reason=reason, elapsed_ns=case.MS, **values)


def run(*steps: StepResult, plan: str | None = "p.toml") -> RunResult:
    return RunResult(id="1", plan=plan, name="shop", elapsed_ns=case.MS, steps=steps)


@pytest.fixture
def in_github(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The summary's file, in a job of GitHub's."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


def test_a_failed_step_is_an_annotation_and_a_row(run_plan: Run, orders: Orders, in_github: Path) -> None:
    in_github.write_text("# before\n")
    peer_says = b"HTTP/1.1 500 ::error::oh, | no: 100%\r\nContent-Length: 0\r\n\r\n"
    with responder(script(hear(b"\r\n\r\n"), say(peer_says))) as peer:
        text = f'''name = "a | shop"
[[step]]
name = "fine"
http = "{orders.url}/a"
[[step]]
name = "bad, worse: 1%"
http = "http://{peer.host}:{peer.port}/"
'''
        ran = run_plan(text, drawn=True)
    assert ran.code == 1
    (annotation,) = [line for line in ran.err.splitlines() if line.startswith("::")]
    name, properties, said = read(annotation)
    assert (name, properties) == ("error", {"file": "p.toml", "line": "5", "title": "bad, worse: 1%"})
    assert said.endswith("HTTP/1.1 500 ::error::oh, | no: 100%")
    assert not [line for line in ran.out.splitlines() if line.lstrip().startswith("::")]
    lines = in_github.read_text().splitlines()
    assert lines[:4] == ["# before", "### ✘ a \\| shop", "", lines[3]]
    rows = [re.split(r"(?<!\\)\|", line) for line in lines if line.startswith("|")]
    assert {len(row) for row in rows} == {7}
    assert [row[1].strip() for row in rows[2:]] == ["✔", "✘"]


def test_a_summary_that_cannot_be_written_changes_nothing(run_plan: Run, orders: Orders, in_github: Path) -> None:
    in_github.mkdir()
    ran = run_plan(f'[[step]]\nhttp = "{orders.url}"')
    assert (ran.code, "note: cannot write the step summary" in ran.err) == (0, True)


def test_elsewhere_nothing_of_it_is_written(run_plan: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    ran = run_plan('[[step]]\nhttp = "http://127.0.0.1:1"')
    assert (ran.code, ran.err, (tmp_path / "summary.md").exists()) == (4, "", False)


@pytest.mark.parametrize("plan", [None, "-"])
def test_what_stands_in_no_file_has_a_title_alone(plan: str | None) -> None:
    (line,) = commands(run(failing("s", "no"), plan=plan), Mask(()))
    assert line == "::error title=s::no"


def test_an_annotation_is_one_line_whatever_it_says() -> None:
    (line,) = commands(run(failing(NASTY, NASTY)), Mask(("bold",)))
    _, properties, said = read(line)
    assert line.isprintable()
    assert properties["title"].startswith(r"a | b\x0d".replace(r"\x0d", "\\r"))
    assert "::error file=x::100% *‹secret›*" in said


def test_there_is_a_bounded_number_of_annotations() -> None:
    assert len(list(commands(run(*[failing(f"s{at}", "no") for at in range(100)]), Mask(())))) == 50


def test_nothing_in_a_cell_is_markup() -> None:
    row = summary(run(failing(NASTY, NASTY)), Mask(()), OWN_SHARE).splitlines()[-2]
    for mark in ("|", "*", "<", "`", "[", "@", ":", "_"):
        cells = row[2:-2].split(" | ")
        assert len(cells) == 5
        assert all(re.search(rf"(?<!\\){re.escape(mark)}", cell) is None for cell in cells)


def test_a_summary_keeps_to_its_room_and_names_failures_first() -> None:
    steps = [StepResult(name=f"step {at} " + "x" * 200, kind="step", elapsed_ns=1) for at in range(2000)]
    text = summary(run(*steps, failing("the last", "no")), Mask(()), OWN_SHARE)
    assert len(text.encode()) <= OWN_SHARE < LARGEST
    assert text.splitlines()[6].startswith("| ✘ | the last")
    assert "1,501 more steps" in text
    assert len(summary(run(*steps), Mask(()), 1000).encode()) <= 1000
    assert summary(run(*steps), Mask(()), 20) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("✔ a ::b\n  ::error::x", "✔ a ::b\n  \\x3a:error::x"),
        ("::set-output name=a::b\n", "\\x3a:set-output name=a::b\n"),
        ("a ##[error]b", r"a #\x23[error]b"),
        ("nothing: of it", "nothing: of it"),
    ],
)
def test_drawn_lines_are_no_commands(text: str, shown: str) -> None:
    assert harmless(text) == shown
