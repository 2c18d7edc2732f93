"""Plans are written into a folder of their own, and run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rrcli.__main__ import main


class Ran:
    """What came of `rrcli run`: the exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def outcomes(self) -> dict[str, str]:
        return {step["name"]: step["outcome"] for step in self.document["steps"]}

    def step(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(step for step in self.document["steps"] if step["name"] == name)
        return found


Run = Callable[..., Ran]


@pytest.fixture
def run_plan(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a plan given as its text, with `--json` unless other words are given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")

    def run(text: str, *words: str, name: str = "p.toml", drawn: bool = False) -> Ran:
        Path(name).write_text(text, "utf-8")
        code = main(["run", name, *([] if drawn else ["--json"]), *words])
        out, err = capfdbinary.readouterr()
        return Ran(code, out.decode(), err.decode())

    return run
