"""The commands of steps that are no protocol's: responders for as long as the plan runs, and waiting for peers.

A step has their words and options as it has a protocol's. What they do is `MODULE:FUNCTION`, called with the sender, the values of the
step and the time that is left; it gives a `Sent`.
"""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.engine.catalogue import responders
from rrcli.options.keys import by_key
from rrcli.options.parse import suggestion
from rrcli.options.request import Request
from rrcli.options.waiting import WAIT_TAKES, WaitOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from rrcli.options.option import Option


class Tool(Record):
    """One command. `reads` gives the keys of its document, where those are none of an exchange's or a set's."""

    name: str
    synopsis: str
    help: str
    options: Callable[[], dict[str, Option]]
    runs: str
    check: Callable[[Sequence[str]], None]  # of the words that are no templates; raises `ValueError` and `usage`
    needs_words: bool = True
    reads: Callable[[], tuple[str, ...]] | None = None

    def keys(self) -> dict[str, Option]:
        """Its options by their keys."""
        return by_key(self.options())


def _wait_options() -> dict[str, Option]:
    return {**WaitOptions.options_, **{name: Request.options_[name] for name in WAIT_TAKES}}


def _serve_options() -> dict[str, Option]:
    from rrcli.responders.serveoptions import ServeOptions

    return {name: ServeOptions.options_[name] for name in ("fault", "host", "port")}


def _check_served(words: Sequence[str]) -> None:
    known = responders().names
    for word in words:
        if word not in known:
            raise ValueError(f"there is no responder for {word!r}{suggestion(word, known)}; there are {', '.join(known)}")


def _check_urls(words: Sequence[str]) -> None:
    from rrcli.engine.address import protocol_of_url

    for word in words:
        protocol_of_url(word)


def _served_names() -> tuple[str, ...]:
    return (*responders().names, "cacert")


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            name="serve", synopsis="[PROTOCOL...]", help="Run loopback responders while the plan runs; capture reads where they are.",
            options=_serve_options, runs="rrcli.plan.serving:serve", check=_check_served, reads=_served_names,
            needs_words=False,
        ),
        Tool(
            name="wait", synopsis="URL...", help="Wait until every URL answers well, whatever its scheme.",
            options=_wait_options, runs="rrcli.plan.waiting:wait", check=_check_urls,
        ),
    )
}  # fmt: skip


def ports_of(value: Any, words: Sequence[str]) -> Any:
    """`port` as its option takes it: a number alone is that of the one responder, a table has one for each name. Raises `ValueError`."""
    if isinstance(value, dict):
        return [f"{name}={port}" for name, port in value.items()]
    if isinstance(value, int) and not isinstance(value, bool):
        if len(words) != 1:
            raise ValueError("port: a number is for one responder; of several write { NAME = PORT }")
        return [f"{words[0]}={value}"]
    return value
