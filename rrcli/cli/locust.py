"""`rrcli locust PLAN`: the plan as a load under Locust, which takes the place of this process."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from rrcli.base.deadline import now
from rrcli.base.errors import highest, usage
from rrcli.base.jsontext import dumps, loads
from rrcli.base.output import to_stderr
from rrcli.base.units import counted
from rrcli.cli.load import print_load
from rrcli.cli.locustoptions import LocustOptions
from rrcli.load.refusals import refuse_steps, thresholds_of
from rrcli.options.request import Output
from rrcli.plan.execute import open_plans
from rrcli.plan.variables import given_variables
from rrcli.report.live.progress import ERASE
from rrcli.report.reports import RUN, check_reports, write_reports
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.load.asked import Asked
    from rrcli.load.counts import Counts
    from rrcli.plan.pace import Pace
    from rrcli.plan.result import RunResult

OUTPUT = "RRCLI_LOCUST_OUTPUT"  # the environment variable by which the process that Locust runs in knows how to print
STOP_TIMEOUT = 10  # seconds that users have to come to their end
MASTER_PORT = 5557
MASTERS = (
    "users", "spawn_rate", "duration", "rate", "expect", "report", "var", "vars", "env", "only", "skip", "root", "web", "workers", "bind",
)  # fmt: skip


def locust(values: dict[str, Any]) -> int:
    """Become Locust. Raises `usage` for what is wrong before it, and where Locust is not installed."""
    words = list(values.pop("arguments"))
    output = Output(**{name: values.pop(name) for name in Output.options_ if name in values})
    options = LocustOptions(**values)
    if find_spec("locust") is None:
        raise usage("rrcli locust needs the module locust", "pip install 'rrcli[locust]'")
    _refuse_contradictions(options, {**values, **({"report": True} if output.report else {})})
    plan = None if options.worker or not words or words[0][:1] == "-" else words.pop(0)
    if plan is None and not options.worker:
        raise usage("locust takes PLAN, got nothing", "rrcli locust --help shows examples; a --worker needs none")
    stray = next((word for word in words if word[:1] != "-"), None) if words and words[0][:1] != "-" else None
    if stray is not None:
        raise usage(f"locust takes one PLAN, and {stray!r} is another word", "Locust's own options stand behind --")
    pace = _checked(plan, options, output) if plan else None
    command = [sys.executable, "-P", os.path.join(os.path.dirname(os.path.abspath(__file__)), "underlocust.py")]
    command += _own_words(options, plan, pace, quiet=output.quiet)
    shown = {
        "json": output.json or not (output.quiet or os.isatty(1)),
        "quiet": output.quiet,
        "color": output.color,
        "show_secrets": output.show_secrets,
    }
    shown["report"] = [list(rule) for rule in output.report]
    sys.stdout.flush()
    os.execve(sys.executable, [*command, *words], {**os.environ, OUTPUT: dumps(shown)})


def _refuse_contradictions(options: LocustOptions, given: dict[str, Any]) -> None:
    """Raise `usage` for options that have no meaning together."""
    if options.worker:
        if options.processes == 0:
            raise usage("--processes 0 is nobody", "leave it out, or write --processes -1 for every core")
        if wrong := next((name for name in MASTERS if name in given), None):
            flag = LocustOptions.options_[wrong].flags[-1] if wrong in LocustOptions.options_ else f"--{wrong}"
            raise usage(f"{flag} is the master's, and this is a --worker", "a worker needs --master-host alone: the plan is sent to it")
        if options.master:
            raise usage("--master and --worker exclude each other", "start each in a process of its own")
        return
    if options.master_host is not None:
        raise usage("--master-host is a worker's", "add --worker, or take --bind ADDR:PORT for the master")
    if options.master and options.processes is not None:
        raise usage("--processes begins workers of this machine, and --master waits for those of others", "leave one of them out")
    if not options.master:
        for flag, value in (("--workers", options.workers), ("--bind", options.bind)):
            if value is not None:
                raise usage(f"{flag} is the master's", "add --master")


def _checked(path: str, options: LocustOptions, output: Output) -> Pace:
    """How the plan is run. Raises `usage` for all that is wrong in it, before Locust is begun."""
    given = given_variables(options.vars, options.var)
    resolves = not (options.master or options.processes)  # else secrets are the workers'
    ((plan, _),) = open_plans([path], given, env=options.env, root=options.root, resolves=resolves)
    check_reports(output.report, RUN)
    pace = plan.pace.replace(expect=(*plan.pace.expect, *options.expect))
    thresholds_of(plan, pace)
    refuse_steps(plan)
    from rrcli.plan.choice import Choice

    Choice(plan, only=options.only, skip=options.skip)
    seconds = pace.duration if options.duration is None else options.duration
    if seconds is None and pace.repeat is not None:
        raise usage("[load] says how often, with repeat, and Locust ends by time", "add --duration TIME; rrcli run --repeat N counts")
    if seconds is not None and seconds != int(seconds):
        raise usage(f"Locust counts whole seconds, and {seconds:g} s are none", "write --duration 2s")
    return pace.replace(duration=seconds)


def _own_words(options: LocustOptions, plan: str | None, pace: Pace | None, *, quiet: bool) -> list[str]:
    """What is asked for in Locust's words."""
    words: list[str] = []
    if options.worker:
        words += ["--worker"]
        if options.master_host:
            host, port = _host_and_port(options.master_host)
            words += ["--master-host", host, "--master-port", str(port)]
        return [*words, *(["--processes", str(options.processes)] if options.processes is not None else [])]
    assert plan
    assert pace
    words += ["--loglevel", "WARNING"] if quiet else []
    words += ["--plan", plan, "--stop-timeout", str(STOP_TIMEOUT), "--only-summary"]
    words += ["--web-host", "127.0.0.1"] if options.web else ["--headless"]
    users, spawn_rate = options.users or pace.users or 1, options.spawn_rate or pace.spawn_rate
    words += ["--users", str(users), "--spawn-rate", f"{min(100.0, users) if spawn_rate is None else spawn_rate:g}"]
    words += ["--run-time", f"{pace.duration:.0f}"] if pace.duration else []
    if options.master:
        words += ["--master", "--expect-workers", str(options.workers or 1)]
        if options.bind:
            host, port = _host_and_port(options.bind)
            words += ["--master-bind-host", host, "--master-bind-port", str(port)]
    elif options.processes is not None:
        words += ["--processes", str(options.processes)]
    pairs = [("--rate", f"{options.rate:.9g}" if options.rate else None), ("--env", options.env), ("--root", options.root)]
    words += [word for flag, value in pairs if value is not None for word in (flag, value)]
    many = {"--expect": options.expect, "--vars": options.vars, "--only": options.only, "--skip": options.skip}
    many["--var"] = tuple(f"{name}={value}" for name, value in options.var)
    return [*words, *(f"{flag}={value}" for flag, values in many.items() for value in values)]


def _host_and_port(text: str) -> tuple[str, int]:
    """`HOST[:PORT]`; an IPv6 address stands in brackets where a port follows. Raises `usage`."""
    host, colon, port = text.rpartition(":") if text.count(":") == 1 or text.startswith("[") else (text, "", "")
    if text.startswith("[") and text.endswith("]"):
        host, colon, port = text, "", ""
    if not colon:
        return text.strip("[]"), MASTER_PORT
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536):
        raise usage(f"{text!r} is not HOST or HOST:PORT")
    return host.strip("[]"), int(port)


# --- at the end


def prepare(asked: type[Asked]) -> None:
    """Have Locust's process show the load as this command line was asked to."""
    found: Any = loads(os.environ.get(OUTPUT, "{}"))
    output = Output(**{**found, "report": tuple((kind, path) for kind, path in found.get("report", ()))})
    line = _Line() if os.isatty(2) and not output.quiet and os.environ.get("TERM") != "dumb" else None

    def show(result: RunResult) -> int:
        if line:
            line.erase()
        if "--print-stats" not in sys.argv:
            import logging

            logging.getLogger("locust.stats_logger").setLevel(logging.WARNING)  # its tables of whole milliseconds, printed last
        print_load(result, output)
        return highest([result.exit_code, write_reports(output.report, result)])

    asked.show = staticmethod(show)
    if line:
        asked.look = staticmethod(line.draw)


class _Line:
    """How far the load is, for somebody who waits at a terminal: a line on standard error that leaves nothing behind."""

    def __init__(self) -> None:
        self._is_drawn = False

    def draw(self, counts: Counts, users: int) -> None:
        tally = counts.iterations
        seconds = (now() - counts.began_ns) / 1e9 if counts.began_ns else 0.0
        parts = [f"{seconds:.0f} s", counted(tally.count, "iteration"), counted(users, "user")]
        parts += [f"{tally.count / seconds:,.0f}/s"] if seconds >= 1 else []
        parts += [f"{tally.failed:,} failed"] if tally.failed else []
        to_stderr(f"{ERASE}{' · '.join(parts)[: width() - 1]}")
        self._is_drawn = True

    def erase(self) -> None:
        if self._is_drawn:
            to_stderr(ERASE)
