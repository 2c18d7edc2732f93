"""What a process that runs users is to Locust: it is sent the plan, and tells what it counts."""

from __future__ import annotations

from time import monotonic_ns as now
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from rrcli.base.errors import ExchangeError, exit_code
from rrcli.load.site import Order, Parcels, Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from locust.env import Environment

PLAN, ASK, REFUSED, END, ENDED = "rrcli_plan", "rrcli_ask", "rrcli_refused", "rrcli_end", "rrcli_ended"  # messages
ASK_S = 1.0  # until the plan is asked for again
PLAN_S = 10.0  # that a worker's users wait for the plan
SAMPLE_S = 0.1  # between two looks at how long a greenlet waits for its turn


class Node:
    """What this process is to Locust."""

    site: Site | None = None

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.runner: Any = environment.runner

    def wait_for_site(self) -> Site | None:
        """The users' site; `None` where there is none."""
        return self.site

    def refuse(self, error: ExchangeError) -> None:
        """The plan cannot be run here."""
        raise NotImplementedError

    def count(self, name: str, protocol: str, total_ns: int, size: int, error: str | None, phases: Mapping[str, int]) -> None:
        """Tell Locust of an exchange; those who listen there find the phases in its context, in milliseconds."""
        context = {f"{phase}_ms": ns / 1e6 for phase, ns in phases.items()}
        self.environment.events.request.fire(
            request_type=protocol, name=name, response_time=total_ns / 1e6, response_length=size, exception=error, context=context
        )

    def watch_loop(self) -> None:
        """Note how long a greenlet waits for its turn, which is in the times of all."""
        while True:
            began_ns = now()
            gevent.sleep(SAMPLE_S)
            if self.site:
                self.site.lag_ns = max(self.site.lag_ns, now() - began_ns - int(SAMPLE_S * 1e9))


class Worker(Node):
    """A worker: it is sent the plan, and tells what it counts."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._parcels = Parcels()
        self._is_fresh = False  # that the plan was sent for the test that is about to start
        self._test = 0  # which of the master's it is
        self._has_plan = Event()
        self.runner.register_message(PLAN, self.take)
        self.runner.register_message(END, self.end, concurrent=True)
        environment.events.test_start.add_listener(self.start)
        environment.events.report_to_master.add_listener(self.report)
        environment.events.quitting.add_listener(self.quit)
        gevent.spawn(self.watch_loop)

    def take(self, msg: Any, **_: Any) -> None:
        """The plan has come. It may come again, where it was asked for more than once."""
        if self.site and self._test == msg.data["test"]:
            return
        self.site, self._test = None, msg.data["test"]
        try:
            plan, scope, choice = self._parcels.open(msg.data["parcel"])
            self.site = Site(plan, scope, choice, Order.of(msg.data["order"]), self.count)
        except ExchangeError as error:
            self.refuse(error)
        self._is_fresh = True
        self._has_plan.set()

    def start(self, **_: Any) -> None:
        """A test starts. A worker that comes late has not been sent the plan."""
        if not self._is_fresh:
            self._has_plan.clear()
            self.site = None
            self.runner.send_message(ASK)
        self._is_fresh = False

    def wait_for_site(self) -> Site | None:
        ends_ns = now() + int(PLAN_S * 1e9)
        while not self._has_plan.wait(ASK_S) and now() < ends_ns:
            self.runner.send_message(ASK)  # the test may have started here before anybody listened
        return self.site

    def refuse(self, error: ExchangeError) -> None:
        self.runner.send_message(REFUSED, {"said": error.message, "code": exit_code(error)})

    def report(self, data: dict[str, Any], **_: Any) -> None:
        if self.site:
            data["rrcli"] = {**self.site.report(), "cpu": self.runner.current_cpu_usage}

    def end(self, **_: Any) -> None:
        """Let the users come to their end, and tell the last of them."""
        if self.site:
            self.site.ended_ns = self.site.ended_ns or now()
        self.runner.stop()
        self.runner._send_stats()
        self.runner.send_message(ENDED)

    def quit(self, **_: Any) -> None:
        if self.site and not self.site.ended_ns:
            self.end()
        self._parcels.close()
