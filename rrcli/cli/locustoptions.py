"""The options of `rrcli locust`, apart from its code."""

from __future__ import annotations

from rrcli.cli.tooloptions import RunOptions
from rrcli.options.option import Optioned, option
from rrcli.options.parse import lasting, rate, times
from rrcli.options.request import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.option import Option


SHOWN = ("report", "json", "quiet", "color", "show_secrets")


def processes(text: str) -> int:
    """How many processes, from 1; -1 for one on each core."""
    return -1 if text == "-1" else times(text)


class LocustOptions(Optioned):
    """How a plan is run under Locust."""

    users: int | None = option("--users", parse=times, metavar="N", help="So many users in all.  [1]", group="Load")
    spawn_rate: float | None = option(
        "--spawn-rate", parse=rate, metavar="PER_SECOND", help="Begin so many users a second.  [all, at most 100]", group="Load"
    )
    duration: float | None = option(
        "--duration", parse=lasting, metavar="TIME", help="For so long, in whole seconds.  [until Ctrl-C]", group="Load"
    )
    rate: float | None = option(
        "--rate", parse=rate, metavar="PER_SECOND", group="Load",
        help="Begin so many runs of the steps a second, shared out over the users; a late one counts from when it was due.",
    )  # fmt: skip
    expect: tuple[str, ...] = RunOptions.options_["expect"]  # type: ignore[assignment]
    processes: int | None = option(
        "--processes", parse=processes, metavar="N", help="Run the users in N processes; -1 is one for each core.", group="Machines"
    )
    master: bool = option("--master", kind="flag", help="Wait for workers, and have them run the users.", group="Machines")
    workers: int | None = option("--workers", parse=times, metavar="N", help="Begin when N workers are there.  [1]", group="Machines")
    bind: str | None = option("--bind", metavar="ADDR[:PORT]", help="Where the master listens.  [*:5557]", group="Machines")
    worker: bool = option("--worker", kind="flag", help="Be a worker: the plan is sent by the master.", group="Machines")
    master_host: str | None = option(
        "--master-host", metavar="HOST[:PORT]", help="Where the worker's master is.  [127.0.0.1:5557]", group="Machines"
    )
    web: bool = option("--web", kind="flag", help="Open Locust's own page on http://127.0.0.1:8089, and begin there.", group="Machines")
    var: tuple[tuple[str, str], ...] = RunOptions.options_["var"]  # type: ignore[assignment]
    vars: tuple[str, ...] = RunOptions.options_["vars"]  # type: ignore[assignment]
    env: str | None = RunOptions.options_["env"]  # type: ignore[assignment]
    only: tuple[str, ...] = RunOptions.options_["only"]  # type: ignore[assignment]
    skip: tuple[str, ...] = RunOptions.options_["skip"]  # type: ignore[assignment]
    root: str | None = RunOptions.options_["root"]  # type: ignore[assignment]


def locust_options() -> dict[str, Option]:
    """The options of `rrcli locust`."""
    return {**LocustOptions.options_, **{name: Output.options_[name] for name in SHOWN}}
