"""A plan as it was read."""

from __future__ import annotations

import os

from rrcli.base.record import Record
from rrcli.plan.settings import PlanSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.places import Path as Place
    from rrcli.base.sourcefile import SourceFile
    from rrcli.plan.ownfiles import Root
    from rrcli.plan.pace import Pace
    from rrcli.plan.step import Step

TEARDOWN_S = 30.0
AT_ONCE = 4


class Case(Record):
    """One row, with what it is called, and the line of the plan on which it stands, or where its file is named."""

    name: str
    row: dict[str, Any]
    line: int = 0


class Plan:
    """A plan that can be run. `setup`, `steps` and `teardown` are in the order of the file."""

    def __init__(self, source: SourceFile, root: Root) -> None:
        values = source.values
        self.source = source
        self.root = root
        self.name: str = str(values.get("name") or _stem(source.name))
        self.deadline: float | None = None
        self.teardown_deadline = TEARDOWN_S
        self.jobs = AT_ONCE  # steps side by side, where any says what it waits for
        self.cookies = values.get("cookies", True) is not False
        self.fresh = values.get("fresh") is True
        self.chain: tuple[str, ...] = ()  # the files that this one is run by, and itself
        self.env: str | None = None
        self.settings = PlanSettings()
        self.notes: list[str] = []  # what is likely meant otherwise
        self.variables: dict[str, Any] = {}  # not worked out yet, and
        self.places: dict[str, tuple[SourceFile, Place]] = {}  # where each is set
        self.given: dict[str, Any] = {}  # variables from outside, which are values
        self.secrets: dict[str, str] = {}
        self.steps: list[Step] = []  # of all kinds
        self.cases: list[Case] | None = None  # rows that all of it is run for
        self.pace: Pace  # of `[load]`

    def of(self, kind: str) -> list[Step]:
        """The steps of one kind, in the order in which they run."""
        found = [step for step in self.steps if step.kind == kind]
        return found[::-1] if kind == "teardown" else found


def _stem(path: str) -> str:
    return os.path.basename(path).removesuffix(".toml").removesuffix(".json").removesuffix(".plan")
