"""The options of the tools beside the protocols' commands, apart from their code, which is loaded when one runs."""

from __future__ import annotations

from rrcli.options.option import Optioned, option
from rrcli.options.parse import concurrent, lasting, rate, times
from rrcli.options.request import Output, Request, SettingsOptions
from rrcli.options.waiting import WAIT_TAKES, WaitOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rrcli.model.diff.places import Pattern
    from rrcli.options.option import Option

# Shared options that it takes over for the request that it makes of a URL alone.
DOCTOR_TAKES = (
    "timeout", "connect_timeout", "deadline", "ipv4", "ipv6", "resolve", "interface", "cacert", "cert", "key", "key_password",
    "insecure", "sni", "tls_min", "tls_max",
)  # fmt: skip


def variable(text: str) -> tuple[str, str]:
    """`NAME=VALUE` of `--var`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(f"{text!r} is not NAME=VALUE")
    return name, value


class RunOptions(Optioned):
    """What a plan is run with."""

    var: tuple[tuple[str, str], ...] = option(
        "--var", kind="many", parse=variable, metavar="NAME=VALUE", help="Give a variable this value; repeatable.", group="Plan"
    )
    vars: tuple[str, ...] = option(
        "--vars", kind="many", metavar="FILE", help="Variables from FILE: .toml, .json, or lines of NAME=VALUE.", group="Plan"
    )
    env: str | None = option(
        "--env",
        metavar="NAME",
        help="Take variables, options and the base-url of [env.NAME], of the plan and of rrcli.toml.  [RRCLI_ENV]",
        group="Plan",
    )
    cases: str | None = option(
        "--cases", metavar="FILE", help="Run all of it once for each row of FILE: .csv, .json, .ndjson or .toml.", group="Plan"
    )
    only: tuple[str, ...] = option(
        "--only", kind="many", metavar="NAME|TAG", group="Plan",
        help="Run these steps, with setup, teardown and the steps whose captures they use; repeatable.",
    )  # fmt: skip
    skip: tuple[str, ...] = option("--skip", kind="many", metavar="NAME|TAG", help="Leave these steps out; repeatable.", group="Plan")
    keep_going: bool = option("--keep-going", kind="flag", help="Run the later steps after one that failed.", group="Plan")
    jobs: int | None = option(
        "--jobs", parse=concurrent, metavar="N", help="Steps side by side, where any has depends-on.  [4]", group="Plan"
    )
    update_snapshots: bool = option("--update-snapshots", kind="flag", help="Write the snapshots of the steps anew.", group="Plan")
    dry_run: bool = option("--dry-run", kind="flag", help="Print the commands with their values; nothing is sent.", group="Plan")
    list: bool = option("--list", kind="flag", help="Print the steps as they are written; nothing is sent.", group="Plan")
    expect: tuple[str, ...] = option(
        "--expect", kind="many", metavar="EXPR", group="Load",
        help="Of a load: 'steps.NAME.series.p99 < 200ms', or 'series.failed_ratio < 0.01' of its iterations; repeatable.",
    )  # fmt: skip
    repeat: int | None = option("--repeat", parse=times, metavar="N", help="Run the steps N times, all users together.", group="Load")
    repeat_for: float | None = option(
        "--duration", parse=lasting, metavar="TIME", help="Run the steps again and again for so long.", group="Load"
    )
    concurrency: int | None = option(
        "--concurrency", parse=concurrent, metavar="N", group="Load",
        help="So many users side by side, each with connections, cookies and variables of its own.  [1]",
    )  # fmt: skip
    rate: float | None = option(
        "--rate", parse=rate, metavar="PER_SECOND", group="Load",
        help="Begin so many runs of the steps a second, late or not; a late one counts from when it was due.",
    )  # fmt: skip
    warmup: int | None = option("--warmup", parse=times, metavar="N", help="Run them N times before, not counted.", group="Load")
    root: str | None = option(
        "--root", metavar="DIR", help="Let the plan read and write files below DIR.  [the plan's folder]", group="Plan"
    )


def ignored(text: str) -> Pattern:
    """The PATH of `--ignore`."""
    from rrcli.policy.ignored import pattern

    return pattern(text)


def tolerated(text: str) -> float:
    """The part that `--tolerance` names: 0.1 of `10%`."""
    number = text.removesuffix("%")
    try:
        part = float(number)
    except ValueError:
        part = -1.0
    if text == number or not 0 <= part <= 100_000:
        raise ValueError(f"{text!r} is no percentage, as 10%")
    return part / 100


class DiffOptions(Optioned):
    """What is compared."""

    ignore: tuple[Pattern, ...] = option(
        "--ignore", kind="many", parse=ignored, metavar="PATH", group="Comparison",
        help="No difference here and below, as json.items[*].at or header.etag; repeatable.",
    )  # fmt: skip
    all: bool = option("--all", kind="flag", group="Comparison", help="Compare times, ids, dates, the request and the connection, too.")
    tolerance: float = option(
        "--tolerance", default=0.1, parse=tolerated, metavar="PERCENT", group="Comparison",
        help="By how much rate and percentiles of a series may be worse.  [10%]",
    )  # fmt: skip


def secret_rule(text: str) -> tuple[str, str]:
    """`NAME=VARIABLE` of `--secret`."""
    name, equals, variable = text.partition("=")
    if not (equals and name and variable):
        raise ValueError(f"{text!r} is not NAME=VARIABLE, where VARIABLE is the environment's")
    return name, variable


class ReplayOptions(Optioned):
    """Where what was saved is sent, and what it lacks."""

    target: str | None = option("--target", metavar="URL", help="Send it to this server; paths stay.", group="Replay")
    secret: tuple[tuple[str, str], ...] = option(
        "--secret", kind="many", parse=secret_rule, metavar="NAME=VARIABLE", group="Replay",
        help="The variable of the environment that has the secret NAME, which is masked in what was saved; repeatable.",
    )  # fmt: skip


def _shown(*names: str) -> dict[str, Option]:
    return {name: Output.options_[name] for name in names}


def doctor_options() -> dict[str, Option]:
    """The options of `rrcli doctor`."""
    return {**_shown("json", "color"), **{name: Request.options_[name] for name in DOCTOR_TAKES}}


def wait_options() -> dict[str, Option]:
    """The options of `rrcli wait`."""
    return {**WaitOptions.options_, **_shown("json", "quiet", "color", "report"), **{name: Request.options_[name] for name in WAIT_TAKES}}


def run_options() -> dict[str, Option]:
    """The options of `rrcli run`."""
    trace = {"traceparent": Request.options_["traceparent"]}
    return {**RunOptions.options_, **_shown("otlp", "report", "json", "quiet", "color", "show_secrets"), **trace}


class CompareOptions(Optioned):
    """What is different about the requests that are compared."""

    with_words: tuple[str, ...] = option(
        "--with", kind="many", metavar="WORDS", group="Comparison",
        help="Send it also so: another URL in the place of its own, options and items beside its own; repeatable.",
    )  # fmt: skip


def compare_options() -> dict[str, Option]:
    """The options of `rrcli compare`, beside those of the command that it runs."""
    return {**CompareOptions.options_, **diff_options()}


def diff_options() -> dict[str, Option]:
    """The options of `rrcli diff`."""
    return {**DiffOptions.options_, **_shown("json", "quiet", "color", "show_secrets")}


def config_options() -> dict[str, Option]:
    """The options of `rrcli config`."""
    return {**SettingsOptions.options_, **_shown("json", "color", "show_secrets")}


def replay_options(*protocols: Mapping[str, Option]) -> dict[str, Option]:
    """The options of `rrcli replay`: its own, and of the requests of these protocols those that all have, or do not spell alike."""
    found = {**ReplayOptions.options_, **DiffOptions.options_, **_shown("report", "json", "quiet", "silent", "color", "show_secrets")}
    taken = {flag for declared in found.values() for flag in declared.flags}
    for options in protocols or (Request.options_,):
        for name, declared in options.items():
            if not (declared.expands or name in found or taken.intersection(declared.flags)):
                found[name] = declared
                taken.update(declared.flags)
    return found


def history_options() -> dict[str, Option]:
    """The options of `rrcli history`."""
    return _shown("json", "color")


def session_options() -> dict[str, Option]:
    """The options of `rrcli session`."""
    return _shown("json", "color", "show_secrets")
