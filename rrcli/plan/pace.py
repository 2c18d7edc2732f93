"""How a plan is run as a load: how many users, how often, how fast. `[load]` of the plan says so, and what is typed says it over that."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.record import Record
from rrcli.options.parse import concurrent, duration, lasting, rate, suggestion, times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from rrcli.base.sourcefile import Problems, SourceFile
    from rrcli.model.values import Check


class Pace(Record):
    """How a plan is run as a load. `duration` and `think` are seconds, `rate` is iterations a second, `repeat` iterations of all users."""

    users: int | None = None
    spawn_rate: float | None = None  # users a second, at the beginning
    rate: float | None = None
    duration: float | None = None
    repeat: int | None = None
    warmup: int | None = None
    think: tuple[float, float] = (0.0, 0.0)  # between two iterations of a user: at least and at most
    expect: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether it is said how long it is."""
        return self.duration is not None or self.repeat is not None


def think_time(value: object) -> tuple[float, float]:
    """`think`: a time, or the least and the most of a list of two."""
    limits = value if isinstance(value, list) else [value, value]
    if len(limits) != 2:
        raise ValueError("think is a time, or a list of two: the least and the most")
    least, most = (duration(str(each)) for each in limits)
    if least > most:
        raise ValueError(f"think begins at most at its end: {limits[0]} is more than {limits[1]}")
    return least, most


def expectations(value: object) -> tuple[str, ...]:
    """`expect`: one expectation over the whole load, or a list of them."""
    texts = tuple(value) if isinstance(value, list) else (value,)
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"an expectation is a text, not {text!r}")
        Threshold(text)
    return texts


class Threshold:
    """An expectation over what a load amounts to: `series.p99 < 200ms` of its iterations, `steps.NAME.series.p99 < 200ms` of a step's.

    `step` is the step's name. Raises `usage` for a text that is none.
    """

    def __init__(self, text: str) -> None:
        from rrcli.policy.expect import Expectation, split_expectation
        from rrcli.policy.paths import plain_steps

        self.text = text
        self.step: str | None = None
        path = split_expectation(text)[0]
        names = plain_steps(path) or []
        if names[:1] == ["steps"] and len(names) > 2 and names[2] == "series":
            self.step = str(names[1])
            before = path[: path.index(".series", len("steps.") + len(self.step)) + 1]
            text = text.replace(before, "", 1)
        self._expectation = Expectation(text)
        if not self._expectation.reads_series:
            raise usage(
                f"{self.text!r} is not about a load as a whole",
                "write series.p99 < 200ms of its iterations, or steps.NAME.series.p99 < 200ms",
            )

    def check(self, value: dict[str, Any]) -> Check:
        """How it comes out on the document of the series with shorthands."""
        return self._expectation.check(value).replace(expr=self.text)


def wrong_step(threshold: Threshold, steps: Mapping[str, bool]) -> str:
    """What is wrong with the step that a threshold names, if anything. `steps` are by their names, with whether they run another plan."""
    if threshold.step is None or steps.get(threshold.step) is False:
        return ""
    if threshold.step in steps:
        return f"{threshold.text!r}: {threshold.step} runs another plan, whose steps have a series each, and it has none"
    return f"{threshold.text!r}: no step {threshold.step}{suggestion(threshold.step, list(steps))}"


READS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "users": ("users", lambda value: concurrent(str(value))),
    "spawn-rate": ("spawn_rate", lambda value: rate(str(value))),
    "rate": ("rate", lambda value: rate(str(value))),
    "duration": ("duration", lambda value: lasting(str(value))),
    "repeat": ("repeat", lambda value: times(str(value))),
    "warmup": ("warmup", lambda value: times(str(value))),
    "think": ("think", think_time),
    "expect": ("expect", expectations),
}
KEYS = tuple(READS)


def read_pace(source: SourceFile, steps: Mapping[str, bool], problems: Problems) -> Pace:
    """`[load]` of a plan with these steps, as `wrong_step` takes them. What is wrong in it is told to `problems`."""
    table = source.values.get("load", {})
    if not isinstance(table, dict):
        problems.add(source, ("load",), "load is a table: write [load]", key=True)
        return Pace()
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in READS:
            problems.add(source, ("load", key), f"[load] has no {key}{suggestion(key, KEYS)}", key=True)
            continue
        name, read = READS[key]
        try:
            found[name] = read(value)
        except ExchangeError as error:
            problems.add(source, ("load", key), f"{error.message}{(error.hint and f' ({error.hint})') or ''}")
        except ValueError as error:
            problems.add(source, ("load", key), f"{key}: {error}")
    pace = Pace(**found)
    for threshold in map(Threshold, pace.expect):
        if why := wrong_step(threshold, steps):
            problems.add(source, ("load", "expect"), why)
    return pace
