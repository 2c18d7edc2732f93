"""What the process that is asked for a load is to Locust: its master, or Locust alone. It sends the plan, and has the result."""

from __future__ import annotations

import signal
import sys
from time import monotonic_ns as now
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from locust.runners import STATE_MISSING, STATE_RUNNING
from locust.stats import CSV_STATS_INTERVAL_SEC

from rrcli.base.errors import EXIT_INTERRUPTED, EXIT_TERMINATED, ExchangeError, exit_code
from rrcli.load.parcel import pack
from rrcli.load.site import Order, Site
from rrcli.load.team import Member, Team
from rrcli.load.worker import ASK, END, ENDED, PLAN, REFUSED, Node

if TYPE_CHECKING:
    from locust.env import Environment

    from rrcli.load.asked import Asked

LATE_S = 10.0  # that workers may take to tell the last, behind the time that Locust gives their users
IDLE_S = 3.0  # that a load goes on without any user; longer than workers take to tell of theirs
LATE = 1_000_000  # indexes of users that each worker has which comes late, so that it needs none of the others'
SHOW_S = 0.5  # between two times that it is shown how far it is
LOOK_S = 0.25  # between two looks at the workers


class Head(Node):
    """Who is asked for the load: Locust's master, or Locust alone."""

    def __init__(self, environment: Environment, asked: Asked, *, resolves: bool) -> None:
        super().__init__(environment)
        self.asked = asked
        self.team: Team | None = None
        self._interrupted = False
        self._is_quitting = False
        self._is_done = Event()
        try:
            self.plan, self.scope, self.choice, self.pace, self.thresholds = asked.open(resolves=resolves)
        except ExchangeError as error:
            asked.tell(error)
            sys.exit(exit_code(error))
        environment.events.test_start.add_listener(self.start)
        environment.events.test_stopping.add_listener(self.stop)
        environment.events.quitting.add_listener(self.quit)
        self.runner.greenlet.spawn(self.tell_look)
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: Any) -> None:
        self._interrupted = True
        signal.default_int_handler(number, frame)

    def start(self, **_: Any) -> None:
        """A test starts."""
        self.team = Team(self.plan, str(self.scope.values["run"]["id"]), self.pace.rate)
        self.team.facts.users = self.runner.target_user_count

    def tell_look(self) -> None:
        """Show how far it is, and end what nobody does any more."""
        idle = 0
        while True:
            gevent.sleep(SHOW_S)
            if not (self.team and self.team.is_running):
                idle = 0
                continue
            users = self.runner.user_count
            self.asked.look(self.team.counts, users)
            idle = idle + 1 if users == 0 and self.runner.state == STATE_RUNNING else 0
            if idle * SHOW_S > IDLE_S:
                self.team.note("no user is left: the setup of each has failed")
                self.end_soon()
                return

    def order(self, place: int = 0, sites: int = 1) -> Order:
        users, warmup = self.runner.target_user_count, self.pace.warmup or 0
        own = warmup // sites + (place < warmup % sites) if place < sites else 0
        return Order(users=users, rate=self.pace.rate, think=self.pace.think, place=place, sites=sites, warmup=own)

    def stop(self, **_: Any) -> None:
        """The test is about to stop."""
        if self.team and self.team.is_running:
            self.team.is_running = False
            self.team.facts.users = max(self.team.facts.users, self.runner.user_count)
            self.wait_for_users()

    def wait_for_users(self) -> None:
        """Wait until all that is counted is here."""

    def complete(self, team: Team) -> None:
        """Add what is known here."""

    def quit(self, **_: Any) -> None:
        """Locust is about to end: the result is printed, and gives the exit code."""
        if self._is_quitting:  # Locust does so again when its master is over, which ends while the result is made
            self._is_done.wait()
            return
        self._is_quitting = True
        try:
            if self.team:
                self._tell(self.team)
        finally:
            self._is_done.set()

    def _tell(self, team: Team) -> None:
        """Print the result of the latest test."""
        if team.is_running:
            team.facts.code = max(team.facts.code, EXIT_INTERRUPTED if self._interrupted else EXIT_TERMINATED)
            self.runner.quit()
        self.team = None
        self.complete(team)
        options: Any = self.environment.parsed_options
        if options and options.csv_prefix:
            gevent.sleep(CSV_STATS_INTERVAL_SEC + 0.1)  # Locust writes its files so often, and not once more at the end
        stats: dict[str, int] = {}
        for (name, _), entry in self.environment.stats.entries.items():
            stats[name] = stats.get(name, 0) + entry.num_requests
        result = team.result(self.thresholds, stats)
        self.environment.process_exit_code = self.asked.show(result)

    def end_soon(self) -> None:
        """End the test: there is no use in going on."""
        options: Any = self.environment.parsed_options
        gevent.spawn(self.runner.quit if options and options.headless else self.runner.stop)


class Alone(Head):
    """Locust in one process."""

    def __init__(self, environment: Environment, asked: Asked) -> None:
        super().__init__(environment, asked, resolves=True)
        self.runner.greenlet.spawn(self.watch_loop)
        self.runner.greenlet.spawn(self.watch_process)

    def start(self, **_: Any) -> None:
        super().start()
        assert self.team
        self.team.members["local"] = Member("this process")
        self.site = Site(self.plan, self.scope, self.choice, self.order(), self.count)
        self.team.counts = self.site.counts

    def wait_for_users(self) -> None:
        assert self.site
        self.site.ended_ns = now()

    def complete(self, team: Team) -> None:
        if self.site:
            team.members["local"].lag_ns = self.site.lag_ns
            team.facts.unsent = self.site.unsent

    def refuse(self, error: ExchangeError) -> None:
        if self.team:
            self.team.refused("local", error.message, exit_code(error))
            self.end_soon()

    def watch_process(self) -> None:
        while True:
            gevent.sleep(LOOK_S)
            if self.team and "local" in self.team.members:
                member = self.team.members["local"]
                member.cpu_percent = max(member.cpu_percent, self.runner.current_cpu_usage)


class Master(Head):
    """Locust's master: it sends the plan, merges what comes, and looks after the workers."""

    def __init__(self, environment: Environment, asked: Asked) -> None:
        super().__init__(environment, asked, resolves=False)
        self._parcel: dict[str, Any] = {}
        self._test = 0  # how many there were
        for kind, take in ((ASK, self.answer), (REFUSED, self.refused), (ENDED, self.ended)):
            self.runner.register_message(kind, take)
        environment.events.worker_report.add_listener(self.merge)
        self.runner.greenlet.spawn(self.watch_workers)

    def start(self, **_: Any) -> None:
        super().start()
        self._test += 1
        try:
            self._parcel = pack(*self.asked.unresolved(), only=self.asked.only, skip=self.asked.skip)
        except ExchangeError as error:
            self.refuse(error)
            return
        clients = sorted(client.id for client in self.runner.clients.ready + self.runner.clients.running + self.runner.clients.spawning)
        for place, client in enumerate(clients):
            self.send(client, self.order(place, len(clients)))

    def send(self, client: str, order: Order) -> None:
        assert self.team
        host = client.rpartition("_")[0]
        self.team.members.setdefault(client, Member(f"worker {self.runner.get_worker_index(client)} ({host})"))
        self.runner.send_message(PLAN, {"parcel": self._parcel, "order": order.document(), "test": self._test}, client_id=client)

    def answer(self, msg: Any, **_: Any) -> None:
        """A worker that came late asks for the plan. Its users have indexes behind those of all others."""
        if self.team and self.team.is_running:
            known = list(self.team.members)
            place = known.index(msg.node_id) if msg.node_id in known else len(known)
            self.send(msg.node_id, self.order(LATE * place, 1))

    def refused(self, msg: Any, **_: Any) -> None:
        if self.team:
            self.team.refused(msg.node_id, str(msg.data["said"]), int(msg.data["code"]))
            self.end_soon()

    def refuse(self, error: ExchangeError) -> None:
        if self.team:
            self.team.refused("the master", error.message, exit_code(error))
            self.end_soon()

    def ended(self, msg: Any, **_: Any) -> None:
        if self.team and (member := self.team.members.get(msg.node_id)):
            member.has_ended = True

    def merge(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        found = data.get("rrcli")
        if self.team and found:
            self.team.report(client_id, found)
            if member := self.team.members.get(client_id):
                member.cpu_percent = max(member.cpu_percent, float(found.get("cpu", 0)))

    def wait_for_users(self) -> None:
        """Have all workers end, and wait for their last word."""
        assert self.team
        options: Any = self.environment.parsed_options
        until_ns = now() + int((self.environment.stop_timeout + LATE_S) * 1e9)
        for client in self.team.members:
            if client in self.runner.clients:
                self.runner.send_message(END, client_id=client)
        while now() < until_ns and self._awaited():
            self._look()
            gevent.sleep(0.02)
        for client in self._awaited():
            self.team.lost(client, f"did not end within {options.stop_timeout if options else 0:g} s and {LATE_S:g} s more")

    def _awaited(self) -> list[str]:
        assert self.team
        return [client for client, member in self.team.members.items() if not (member.has_ended or member.is_lost)]

    def watch_workers(self) -> None:
        """See who is gone, and end where nobody is left."""
        while True:
            gevent.sleep(LOOK_S)
            if self.team and self.team.is_running:
                self._look()
                members = self.team.members.values()
                if members and all(member.is_lost or member.has_ended for member in members):
                    self.end_soon()

    def _look(self) -> None:
        assert self.team
        for identity, member in self.team.members.items():
            if member.is_lost or member.has_ended:
                continue
            client = self.runner.clients.get(identity)
            if client is None:
                self.team.lost(identity, "left before the end")
            elif client.state == STATE_MISSING:
                self.team.lost(identity, "is gone: nothing was heard of it any more")
            else:
                member.users = client.user_count
