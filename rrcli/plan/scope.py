"""What the names of a plan's expressions stand for while it runs."""

from __future__ import annotations

import os
from copy import copy

from rrcli.base.errors import ExchangeError
from rrcli.engine.runner import new_id
from rrcli.plan.names import expressions, used_by
from rrcli.plan.novalue import NoValue, Scope
from rrcli.plan.step import fill
from rrcli.plan.template import as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rrcli.base.sourcefile import Problems
    from rrcli.plan.model import Plan
    from rrcli.plan.step import Step


class StepDocuments:
    """`steps.NAME`: the documents of the steps that have run, made when one is asked for."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[], dict[str, Any]]] = {}
        self._made: dict[str, dict[str, Any]] = {}

    def add(self, name: str, make: Callable[[], dict[str, Any]]) -> None:
        """A step has run; `make` gives its document with the shorthands."""
        self._makers[name] = make
        self._made.pop(name, None)

    def get(self, name: str) -> Any:
        """The document with its shorthands; `None` for a step that has sent nothing."""
        if name not in self._made and name in self._makers:
            self._made[name] = self._makers[name]()
        return self._made.get(name)

    def copy(self) -> StepDocuments:
        found = StepDocuments()
        found._makers = dict(self._makers)
        return found

    def all(self) -> dict[str, Any]:
        return {name: self.get(name) for name in self._makers}


class PlanScope(Scope):
    """Variables, captures, secrets and all else that an expression may name."""

    def __init__(self, plan: Plan, run_id: str) -> None:
        self.steps = StepDocuments()
        values: dict[str, Any] = {
            "env": dict(os.environ),
            "secrets": {},
            "row": None,
            "index": None,
            "case": None,
            "steps": self.steps,
            "run": {"id": run_id, "ok": True, "failed": False},
            "user": {"index": 0},
        }
        super().__init__(values)
        self.included: dict[str, PlanScope] = {}  # of plans that steps run, by the steps' names
        self.unset: dict[str, str] = {}  # captures without a value: why
        self.case: str | None = None  # what the case is called
        self.cases: list[PlanScope] = []  # the scopes of all cases, once this one is resolved
        self.made_of_secrets: dict[str, None] = {}  # texts, as base64(secrets.x), which are secrets too
        self._secret_names = {"secrets", *(name for name, place in plan.secrets.items() if place == "capture")}
        self._plan = plan

    def of_row(self, row: Any, index: int) -> PlanScope:
        """The same for one row of a `for-each`."""
        found: PlanScope = copy(self)
        found.values = {**self.values, "row": row, "index": index}
        return found

    def of_user(self, index: int) -> PlanScope:
        """The same for one user of many, who has variables of its own, which are not worked out yet; secrets are known."""
        found = PlanScope(self._plan, self.values["run"]["id"])
        found.values.update(env=self.values["env"], secrets=dict(self.values["secrets"]), user={"index": index})
        found.included = {name: inner.of_user(index) for name, inner in self.included.items()}
        return found

    def of_iteration(self) -> PlanScope:
        """The same for a run of the steps that others follow: what they capture is not known to those."""
        found: PlanScope = copy(self)
        found.steps = self.steps.copy()
        found.unset = dict(self.unset)
        run = {**self.values["run"], "ok": True, "failed": False}
        found.values = {**self.values, "secrets": dict(self.values["secrets"]), "steps": found.steps, "run": run}
        return found

    def everything(self) -> dict[str, Any]:
        """All of it as one object, for an expectation."""
        return {**self.values, "steps": self.steps.all()}

    def reason(self, names: tuple[str, ...]) -> str:
        """Why one of these has no value, as far as is known."""
        return next((self.unset[name] for name in names if name in self.unset), "")

    def captures_for(self, step: Step) -> dict[str, str]:
        """What others have captured and this step uses, as `--var` may give it again: texts and numbers that are no secrets.

        The setup runs again.
        """
        captured = {name for each in self._plan.of("step") for name in each.captures} - self._plan.secrets.keys()
        values = {name: self.values.get(name) for name in sorted(used_by(step) & captured)}
        return {
            name: as_text(value) for name, value in values.items() if isinstance(value, (str, int, float)) and not isinstance(value, bool)
        }

    def set_secret(self, name: str, value: str) -> None:
        self.values["secrets"][name] = value

    def is_of_secrets(self, value: Any) -> bool:
        """Whether any expression of a value names a secret, or a variable that was made of one."""
        return any(self._secret_names.intersection(expression.names) for expression in expressions(value))

    def mark_secret(self, name: str, is_made: bool) -> None:
        """A variable is made of a secret: what is made of that variable is a secret too."""
        if is_made:
            self._secret_names.add(name)

    def learn_secrets(self, value: Any) -> None:
        """Keep the texts that the expressions of a value make of secrets. The name of a variable alone makes none."""
        for expression in expressions(value):
            of_secret = self._secret_names.intersection(expression.names) and expression.text not in self._secret_names
            if of_secret and isinstance(made := expression.value(self), str):
                self.made_of_secrets[made] = None

    def resolve(self, problems: Problems) -> None:
        """Find the secrets and work out the variables, in the order of need. What is missing is told to `problems`."""
        self.resolve_secrets(problems)
        if self._plan.cases is None:
            self.resolve_variables(problems, self._plan.given)
            return
        for case in self._plan.cases:
            scope = PlanScope(self._plan, new_id())
            scope.values.update(env=self.values["env"], secrets=dict(self.values["secrets"]), case=case.row)
            scope.case, scope.included = case.name, self.included
            scope.resolve_variables(problems, self._plan.given)
            self.cases.append(scope)

    def resolve_secrets(self, problems: Problems) -> None:
        """Find the secrets, also those of the plans that its steps run."""
        for step in self._plan.steps:
            if step.included:
                inner = self.included[step.name] = PlanScope(step.included, self.values["run"]["id"])
                inner.resolve_secrets(problems)
        for name, place in self._plan.secrets.items():
            try:
                if (value := _secret(name, place)) is not None:
                    self.set_secret(name, value)
            except ExchangeError as error:
                problems.add(self._plan.source, ("secrets", name), error.message)

    def resolve_variables(self, problems: Problems, given: Mapping[str, Any]) -> None:
        """Work out the variables in the order of need; those given are values."""
        waiting = {name: value for name, value in self._plan.variables.items() if name not in given}
        self.values.update(given)
        while waiting:
            ready = [name for name, value in waiting.items() if not (_needs(value) & waiting.keys())]
            if not ready:
                circle = next(iter(waiting))
                problems.add(*self._plan.places[circle], f"variables need each other: {', '.join(waiting)}")
                return
            for name in ready:
                value = waiting.pop(name)
                try:
                    self.values[name] = fill(value, self)
                    self.learn_secrets(value)
                    self.mark_secret(name, self.is_of_secrets(value))
                except NoValue as error:
                    if not error.text.startswith("env."):  # which was told when the names were checked
                        problems.add(*self._plan.places[name], str(error))


def _needs(value: Any) -> set[str]:
    return {name for expression in expressions(value) for name in expression.names}


def _secret(name: str, place: str) -> str | None:
    """The value of a secret; `None` for one that is captured. Raises `ExchangeError` where there is none."""
    from rrcli.base.errors import usage

    source, _, where = place.partition(":")
    if source == "env":
        if where not in os.environ:
            raise usage(f"the secret {name} has no value: {where} is not set")
        return os.environ[where]
    if source == "file":
        from rrcli.base.files import read_local

        return read_local(os.path.expanduser(where)).decode("utf-8", "surrogateescape").rstrip("\r\n")
    if source == "prompt":
        try:
            return _typed(f"{name}: ")
        except (EOFError, OSError):
            raise usage(f"the secret {name} has no value: nobody is there to type it") from None
    return None


def _typed(prompt: str) -> str:
    """What somebody types at the terminal, unseen. Raises `OSError` and `EOFError` where nobody does."""
    from getpass import getpass

    os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))  # else standard input would be taken for one
    return getpass(prompt)
