"""What is asked for on Locust's command line beside Locust's own options, and how the result is told at the end."""

from __future__ import annotations

import sys

from rrcli.base.errors import usage
from rrcli.base.jsontext import dumps
from rrcli.base.output import to_stderr, to_stdout
from rrcli.base.visible import visible
from rrcli.load.refusals import refuse_steps, thresholds_of
from rrcli.options.parse import rate
from rrcli.plan.choice import Choice
from rrcli.plan.execute import open_plans
from rrcli.plan.result import run_document
from rrcli.plan.variables import given_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.base.errors import ExchangeError
    from rrcli.load.counts import Counts
    from rrcli.plan.model import Plan
    from rrcli.plan.pace import Pace, Threshold
    from rrcli.plan.result import RunResult
    from rrcli.plan.scope import PlanScope


class Asked:
    """The options of `--plan` and its like. `show` prints the result, and gives the exit code; it and `look` may be set to what draws."""

    show: Callable[[RunResult], int]
    look: Callable[[Counts, int], None]  # is told now and then of what was counted so far, and how many users there are

    def __init__(self, options: Any) -> None:
        self.plan: str | None = options.plan
        self.only: tuple[str, ...] = tuple(options.only or ())
        self.skip: tuple[str, ...] = tuple(options.skip or ())
        self._env: str | None = options.env
        self._root: str | None = options.root
        self._rate: str | None = options.rate
        self._var: list[str] = options.var or []
        self._vars: list[str] = options.vars or []
        self._expect: list[str] = options.expect or []

    @staticmethod
    def add_options(parser: Any) -> None:
        """Give Locust's parser these options. They are no fields of its page."""
        many = {"action": "append", "include_in_web_ui": False}
        one = {"include_in_web_ui": False}
        parser.add_argument("--plan", metavar="FILE", help="The plan; workers are sent it", **one)
        parser.add_argument("--rate", metavar="PER_SECOND", help="Iterations a second of all users, counted from when they are due", **one)
        parser.add_argument("--expect", metavar="EXPR", help="As 'steps.NAME.series.p99 < 200ms'; repeatable", **many)
        parser.add_argument("--var", metavar="NAME=VALUE", help="Give a variable this value; repeatable", **many)
        parser.add_argument("--vars", metavar="FILE", help="Variables from FILE; repeatable", **many)
        parser.add_argument("--env", metavar="NAME", help="The plan's [env.NAME]", **one)
        parser.add_argument("--only", metavar="NAME|TAG", help="Run these steps alone; repeatable", **many)
        parser.add_argument("--skip", metavar="NAME|TAG", help="Leave these steps out; repeatable", **many)
        parser.add_argument("--root", metavar="DIR", help="Where the plan's files may lie", **one)

    def unresolved(self) -> tuple[Plan, PlanScope]:
        """The plan anew, with nothing in it worked out. Raises `usage` for all that is wrong in it."""
        assert self.plan
        given = given_variables(self._vars, map(_variable, self._var))
        ((plan, scope),) = open_plans([self.plan], given, env=self._env, root=self._root, resolves=False)
        return plan, scope

    def open(self, *, resolves: bool) -> tuple[Plan, PlanScope, Choice, Pace, list[Threshold]]:
        """The plan and what is asked of it, with its secrets where it `resolves` them. Raises `usage` for all that is wrong."""
        assert self.plan
        given = given_variables(self._vars, map(_variable, self._var))
        ((plan, scope),) = open_plans([self.plan], given, env=self._env, root=self._root, resolves=resolves)
        pace = plan.pace.replace(expect=(*plan.pace.expect, *self._expect))
        if self._rate is not None:
            try:
                pace = pace.replace(rate=rate(self._rate))
            except ValueError as error:
                raise usage(f"--rate: {error}") from None
        refuse_steps(plan)
        return plan, scope, Choice(plan, only=self.only, skip=self.skip), pace, thresholds_of(plan, pace)

    def tell(self, error: ExchangeError) -> None:
        """Say what is wrong, as the command line does."""
        for line in error.problems or (f"rrcli: {error.message}",):
            to_stderr(f"{visible(line)}\n")
        if error.hint:
            to_stderr(f"  {visible(error.hint)}\n")


def _print_document(result: RunResult) -> int:
    """Print the document of the result."""
    sys.stdout.flush()
    to_stdout((dumps(run_document(result, exact=True), 2) + "\n").encode("utf-8", "surrogateescape"))
    return result.exit_code


Asked.show = staticmethod(_print_document)
Asked.look = staticmethod(lambda _counts, _users: None)


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise usage(f"--var: {text!r} is not NAME=VALUE")
    return name, value
