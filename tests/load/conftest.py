"""Locust as processes of their own: a master and its workers, or one process alone, on loopback and headless."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from peers.base import free_port
from peers.child import environment

STUCK_S = 60


class Run:
    """What came of a load: the master's exit code, its document, what it said, and Locust's own counts by the name of a step."""

    def __init__(self, code: int, out: str, err: str, folder: Path) -> None:
        self.code = code
        self.out = out
        self.err = err
        self.folder = folder

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def counts(self) -> dict[str, int]:
        """How often each step was sent, as our document has it."""
        return {step["name"]: step["series"]["count"] for step in self.document["steps"] if step["series"]}

    @property
    def failures(self) -> list[tuple[str, dict[str, int], str]]:
        """What failed, and the worst of it."""
        failed = [step for step in self.document["steps"] if step["exchange"] or (step["series"] and step["series"]["failed"])]
        return [(step["name"], step["series"]["errors"], str((step["series"]["worst"] or {}).get("error"))) for step in failed]

    @property
    def notes(self) -> str:
        return "\n".join(self.document["notes"])

    @property
    def csv(self) -> dict[str, int]:
        """The same as Locust's CSV has it."""
        rows = csv.DictReader((self.folder / "l_stats.csv").read_text().splitlines())
        return {row["Name"]: int(row["Request Count"]) for row in rows if row["Name"] != "Aggregated"}


class Locust:
    """Starts them. `master` and `workers` are the children of a distributed load, while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.master: subprocess.Popen[str] | None = None
        self.workers: list[subprocess.Popen[str]] = []

    def alone(self, plan: str, *words: str, env: Mapping[str, str | None] | None = None) -> Run:
        """The plan under Locust in one process, or with `--processes` in several."""
        child = self._start([self._plan(plan), *words], self.folder, env)
        return self._ended(child)

    def start(
        self, plan: str, *words: str, workers: int = 2, env: Mapping[str, str | None] | None = None, own: tuple[Mapping[str, str], ...] = ()
    ) -> None:
        """A master and its workers, each of which has an environment of its own over `env`, and no plan; without workers Locust alone."""
        port = free_port()
        place = f"127.0.0.1:{port}"
        head, _, tail = " ".join(words).partition(" -- ")
        part = ["--master", "--bind", place, "--workers", str(workers)] if workers else []
        self.master = self._start(
            [self._plan(plan), *part, *head.split(), "--", "--csv", "l", *tail.split()],
            self.folder, env,
        )  # fmt: skip
        for number in range(workers):
            folder = self.folder / f"worker{number}"
            folder.mkdir()
            changes = {**(env or {}), **(own[number] if own else {})}
            self.workers.append(self._start(["--worker", "--master-host", place], folder, changes))

    def finish(self) -> Run:
        """Wait for the end of all of them."""
        assert self.master
        ran = self._ended(self.master)
        for worker in self.workers:
            worker.communicate(timeout=STUCK_S)
        return ran

    def close(self) -> None:
        for child in (self.master, *self.workers):
            if child and child.poll() is None:
                child.kill()
                child.communicate()

    def _plan(self, text: str) -> str:
        (self.folder / "p.toml").write_text(text)
        return "p.toml"

    def _start(self, words: list[str], folder: Path, env: Mapping[str, str | None] | None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "rrcli", "locust", *words]
        changed = environment({"PYTHONWARNINGS": "ignore", **(env or {})})
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=folder, env=changed, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def _ended(self, child: subprocess.Popen[str]) -> Run:
        out, err = child.communicate(timeout=STUCK_S)
        return Run(child.returncode, out, err, self.folder)


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Locust]:
    if importlib.util.find_spec("locust") is None:
        if os.environ.get("CI"):
            pytest.fail("locust is not installed")
        pytest.skip("locust is not installed")
    found = Locust(tmp_path)
    yield found
    found.close()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds."""
    import time

    def wait(holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + STUCK_S
        while not holds():
            assert time.monotonic() < ends, "it never came to that"
            time.sleep(0.02)

    return wait
