"""What the document says of a command line that meets a fault, in one line, for the catalogue of `tests/faults`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

from rrcli.base.jsontext import loads
from rrcli.cli import fast
from rrcli.cli.commands import schema_text
from rrcli.cli.execute import execute
from rrcli.engine.catalogue import responders
from rrcli.responders import faults
from rrcli.responders.serve import faults_of, start, stop

SCHEMA = jsonschema.Draft202012Validator(loads(schema_text("exchange")))


class Verdict:
    """What the document says of one command line."""

    def __init__(self, code: int, value: dict[str, Any]) -> None:
        self.code = code
        self.value = value
        self.error: dict[str, Any] = value["error"] or {}
        self.notes = [note["code"] for note in value["notes"]]

    @property
    def line(self) -> str:
        """`exit layer kind phase delivery retry`."""
        parts = (self.error.get(key) for key in ("layer", "kind", "phase", "delivery", "retry"))
        return " ".join([str(self.code), *(part or "-" for part in parts)])

    @property
    def words(self) -> str:
        return f"{self.error.get('message')}\n{self.error.get('hint')}"


Ask = Callable[..., Verdict]


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Ask:
    """Runs a command line with `--json` in this process; its verdict."""

    def ask(command: str, *words: object) -> Verdict:
        invocation = fast.parse([command, "--json", "--timeout", "3", *map(str, words)])
        assert invocation is not None, words
        code = execute(invocation)
        value = loads(capfd.readouterr().out)
        SCHEMA.validate(value)  # whatever broke, the document is whole
        return Verdict(code, value)

    return ask


def check(verdict: Verdict, line: str, *names: str) -> None:
    """The failure is exactly that, and message or hint name the cause with each of the words."""
    assert verdict.line == line, verdict.words
    for name in names:
        assert name in verdict.words, verdict.words
    assert verdict.error["hint"], verdict.words


@contextlib.contextmanager
def serving(protocol: str, *texts: str) -> Iterator[tuple[Any, str]]:
    """`rrcli serve PROTOCOL --fault …`, and the file of its root."""
    with faults_of(responders(), [protocol], [faults.parse(text) for text in texts]) as (plan, names):
        assert plan
        running = start(responders(), names, faulty=plan)
        try:
            yield running[0], str(plan.tls.root) if plan.tls else ""
        finally:
            stop(running)
