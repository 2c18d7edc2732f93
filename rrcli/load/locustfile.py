"""The locustfile: Locust's users run the plan, its workers get it from the master, and what they count is merged there.

Locust patches the standard library when it is imported, so that all that waits here gives way to the other users.
"""

from __future__ import annotations

import sys
from random import uniform
from time import monotonic_ns as now
from typing import TYPE_CHECKING, Any

import gevent
from locust import User as LocustUser
from locust import events, task
from locust.exception import StopUser
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from rrcli.base.errors import EXIT_CODES, ExchangeError
from rrcli.load.asked import Asked
from rrcli.load.head import Alone, Master
from rrcli.load.worker import Worker

if TYPE_CHECKING:
    from argparse import Namespace

    from locust.env import Environment

    from rrcli.load.site import Site
    from rrcli.load.worker import Node


LOOK_S = 0.02


class PlanUser(LocustUser):  # type: ignore[misc]  # its types are not looked at, as it may not be installed
    """Locust's side of a user: it runs the setup, then iteration after iteration when they are due, and the teardown at the end."""

    def on_start(self) -> None:
        site = _SITES.site(self.environment)
        self._user = None
        self._is_over = True
        if site is None:
            return
        try:
            self._user, self._turns = site.user()
        except ExchangeError as error:
            _SITES.refuse(self.environment, error)
            return
        self._site = site
        self._is_over = not self._user.set_up()

    @task  # type: ignore[untyped-decorator]
    def iterate(self) -> None:
        """Run the steps once, if that is due."""
        if self._is_over or self._user is None:
            raise StopUser
        due_ns = self._turns.due_ns
        if due_ns is not None and due_ns > now():
            return
        is_counted = self._site.counts_next()
        if is_counted:
            self._site.counts.begin(now())
        self._turns.took()
        self._user.iterate(due_ns, is_counted=is_counted)

    def wait_time(self) -> float:
        """Seconds until the next iteration is due, or that the user thinks."""
        if self._is_over or self._user is None:
            return 0.0
        due_ns = self._turns.due_ns
        if due_ns is None:
            return uniform(*self._site.order.think)
        return max(0.0, (due_ns - now()) / 1e9)

    def on_stop(self) -> None:
        user, self._user = self._user, None
        if user:
            self._turns.over()
            try:
                user.close()
            finally:
                self._site.leave(user)


class _Sites:
    """The nodes by their environments: a process may have several, as tests do."""

    def __init__(self) -> None:
        self._nodes: dict[int, Node] = {}

    def add(self, node: Node) -> None:
        self._nodes[id(node.environment)] = node

    def site(self, environment: Environment) -> Site | None:
        while id(environment) not in self._nodes:  # a worker may be told to begin before it has taken its part
            gevent.sleep(LOOK_S)
        return self._nodes[id(environment)].wait_for_site()

    def refuse(self, environment: Environment, error: ExchangeError) -> None:
        self._nodes[id(environment)].refuse(error)


_SITES = _Sites()


def add_options(parser: Any) -> None:
    """The options that Locust has beside its own with this locustfile."""
    Asked.add_options(parser)


def begin(environment: Environment, runner: Any, **_: Any) -> None:
    """Take the part that Locust has in this process."""
    options: Namespace | None = environment.parsed_options
    if isinstance(runner, WorkerRunner):
        _SITES.add(Worker(environment))
        return
    asked = Asked(options)
    if not asked.plan:
        sys.stderr.write("rrcli: no plan is given; add --plan FILE\n")
        sys.exit(EXIT_CODES["usage"])
    if isinstance(runner, MasterRunner):
        _SITES.add(Master(environment, asked))
    elif isinstance(runner, LocalRunner):
        _SITES.add(Alone(environment, asked))
    gevent.get_hub().loop.update_now()  # else the time that loading took is taken off the run time, whose timer begins next


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(begin)
